package xmlscan

import (
	"encoding/xml"
	"io"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var references = regexp.MustCompile(`(?s)<!\[CDATA\[.*?\]\]>|&((lt|gt|amp|apos|quot)|#([0-9]+)|#x([0-9A-Fa-f]+));|&`)

// repaired makes strict XML of a document whose references aren't: a sign that
// begins none becomes one, and a number of no character U+FFFD.
func repaired(doc string) string {
	return references.ReplaceAllStringFunc(doc, func(found string) string {
		parts := references.FindStringSubmatch(found)
		switch {
		case found[0] == '<' || parts[2] != "":
			return found
		case parts[1] == "" || len(found) > longestReference:
			return "&amp;" + found[1:]
		}
		n, ok := new(big.Int).SetString(parts[3], 10)
		if !ok {
			n, _ = new(big.Int).SetString(parts[4], 16)
		}
		if !n.IsInt64() || n.Int64() > utf8.MaxRune || !isCharacter(rune(n.Int64())) {
			return string(utf8.RuneError)
		}
		return found
	})
}

// oracle reads a document with encoding/xml into the notation of events. It
// gives ok false when encoding/xml refuses the document.
func oracle(doc string) (out []string, ok bool) {
	d := xml.NewDecoder(strings.NewReader(repaired(doc)))
	d.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	type open struct {
		text     string
		children bool
	}
	var stack []open
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out, true
		}
		if err != nil {
			return nil, false
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(stack) > 0 {
				stack[len(stack)-1].children = true
			}
			stack = append(stack, open{})
			out = append(out, "<"+notation(token.Name.Space, token.Name.Local))
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(token)
			}
		case xml.EndElement:
			e := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if e.children {
				// xmlscan refuses mixed content, so this is white space.
				e.text = strings.Trim(e.text, " \n\t\r")
			}
			out = append(out, ">"+e.text)
		}
	}
}

// FuzzScan holds the scanner against encoding/xml: what both take, both read
// alike.
func FuzzScan(f *testing.F) {
	for _, doc := range samples(f) {
		f.Add(doc)
	}
	f.Add(`<?xml version="1.0" encoding="windows-1251"?><a>Завершено</a>`)
	f.Add(`<a b="x & y &#0;">tea & cake&nbsp;&#xD83D;&#56832;&#x41;&<![CDATA[&]]>&#99999999999;</a>`)
	f.Add("\ufeff" + `<!DOCTYPE result [<!ELEMENT result (order*)><!-- ' -->]><result firstcode='0' secondcode="0"><order/></result>`)
	f.Add("<p:a xmlns:p='u' xmlns='v'><b xmlns=''>1<![CDATA[<\r\n>]]>&#x41;&lt;<!-- x --><?y z?></b></p:a>")
	f.Add("<a xmlns='u\nv'/>")
	f.Fuzz(func(t *testing.T, doc string) {
		got, err := events(doc)
		if err != nil {
			var at *Error
			require.ErrorAs(t, err, &at)
			require.GreaterOrEqual(t, at.Offset, 0)
			return
		}
		want, ok := oracle(doc)
		if ok {
			require.Equal(t, spaced(want), spaced(got))
		}
	})
}

// spaced makes all white space in names of namespaces alike: encoding/xml leaves
// a line end in an attribute as it is, where XML makes it a space.
func spaced(events []string) (all []string) {
	for _, event := range events {
		if strings.HasPrefix(event, "<") {
			event = strings.NewReplacer("\n", " ", "\t", " ", "\r", " ").Replace(event)
		}
		all = append(all, event)
	}
	return all
}
