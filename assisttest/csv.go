package assisttest

import (
	"iter"
	"strings"
)

// csvCancel writes pairs in the order of the XML (inferred, protocol §4).
func csvCancel(a cancelAnswer) []byte {
	var out strings.Builder
	for _, op := range a.operations {
		flat := merged(a.order, op)
		for _, name := range flatFields {
			out.WriteString(name + ": " + csvText(flat[name]) + ";")
		}
		out.WriteString("\n")
	}
	return []byte(out.String())
}

// csvByDate writes a line of names, then a line for each operation. Each line ends
// with a semicolon, and no row with an empty cell before it: the date on a card,
// which wallets lack, is in no row, and the check value only where there is one.
func csvByDate(rows iter.Seq[record], checked bool) []byte {
	var out strings.Builder
	names := dateFields[:len(dateFields)-2]
	if checked {
		names = dateFields[:len(dateFields)-1]
	}
	out.WriteString(strings.Join(names, ";") + ";\n")
	for row := range rows {
		for _, name := range names {
			out.WriteString(csvText(row[name]) + ";")
		}
		out.WriteString("\n")
	}
	return []byte(out.String())
}

func csvRefusal(r *refusal) []byte {
	return []byte("error;" + number(r.first) + ";" + number(r.second) + ";\n")
}

var csvReplacer = strings.NewReplacer(";", ",", "\r", " ", "\n", " ")

// csvText takes out what would end a value: the format has no quotes.
func csvText(text string) string {
	return csvReplacer.Replace(text)
}
