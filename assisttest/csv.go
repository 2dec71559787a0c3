package assisttest

import "strings"

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

// csvByDate writes a line of names, then a line for each operation.
func csvByDate(rows []record) []byte {
	var out strings.Builder
	out.WriteString(strings.Join(dateFields, ";") + ";\n")
	for _, row := range rows {
		for _, name := range dateFields {
			out.WriteString(csvText(row[name]) + ";")
		}
		out.WriteString("\n")
	}
	return []byte(out.String())
}

func csvRefusal(r *refusal) []byte {
	return []byte("error;" + number(r.first) + ";" + number(r.second) + ";\n")
}

// csvText takes out what would end a value: the format has no quotes.
func csvText(text string) string {
	return strings.NewReplacer(";", ",", "\r", " ", "\n", " ").Replace(text)
}
