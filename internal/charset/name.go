package charset

import "strings"

// names are the usual names of both encodings, in small letters and without
// signs. ASCII is a part of UTF-8.
var names = map[string]Charset{
	"utf8": UTF8, "unicode11utf8": UTF8, "unicode20utf8": UTF8, "xunicode20utf8": UTF8, "csutf8": UTF8, "cp65001": UTF8,
	"ascii": UTF8, "usascii": UTF8,
	"windows1251": Windows1251, "win1251": Windows1251, "cp1251": Windows1251, "xcp1251": Windows1251, "ms1251": Windows1251,
	"cswindows1251": Windows1251, "ansi1251": Windows1251, "1251": Windows1251, "xwindows1251": Windows1251, "xwin1251": Windows1251,
}

// named finds an encoding by its name, in whatever spelling.
func named(name string) (c Charset, known bool) {
	plain := make([]byte, 0, 32)
	for i := range len(name) {
		switch b := name[i]; {
		case 'A' <= b && b <= 'Z':
			plain = append(plain, b+'a'-'A')
		case 'a' <= b && b <= 'z', '0' <= b && b <= '9':
			plain = append(plain, b)
		}
	}
	c, known = names[string(plain)]
	return c, known
}

// Parameter gives the charset of a Content-Type, or "". It takes what package
// mime refuses: a colon for the equals sign, single quotes, a semicolon too many,
// the parameter twice (the first that says something counts).
func Parameter(contentType string) string {
	for parameter := range strings.FieldsFuncSeq(contentType, func(r rune) bool { return r == ';' || r == ',' }) {
		n := strings.IndexAny(parameter, "=:")
		if n < 0 || !strings.EqualFold(strings.TrimSpace(parameter[:n]), "charset") {
			continue
		}
		if value := strings.Trim(parameter[n+1:], " \t\r\n\"'"); value != "" {
			return value
		}
	}
	return ""
}

// declaration gives the encoding that an XML declaration names, or "".
func declaration(head string) string {
	head = strings.TrimLeft(head, " \t\r\n")
	if !strings.HasPrefix(head, "<?xml") {
		return ""
	}
	head, _, _ = strings.Cut(head, "?>")
	_, value, found := strings.Cut(head, "encoding")
	value = strings.TrimLeft(value, " \t\r\n=")
	if !found || value == "" || value[0] != '"' && value[0] != '\'' {
		return ""
	}
	value, _, _ = strings.Cut(value[1:], value[:1])
	return value
}
