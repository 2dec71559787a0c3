package redact

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// reading is a text with its escapes resolved, and where each of its bytes came
// from.
type reading struct {
	text string
	at   []int // the start of each byte's source, and behind the last the end of all; nil: the text is the source
}

// sourceOf is the part of the source that a part of the reading came from. All
// of an escape is meant, also where only a part of its bytes is.
func (r reading) sourceOf(from, to int) span {
	if r.at == nil {
		return span{from, to}
	}
	for to < len(r.text) && r.at[to] == r.at[to-1] {
		to++
	}
	return span{r.at[from], r.at[to]}
}

// escapedTimes is how many times over a text may be escaped: a form inside JSON
// inside XML, and one more.
const escapedTimes = 4

// plainly gives a text as it stands, then with its escapes resolved once, twice,
// until nothing is left to resolve.
func plainly(text string) []reading {
	readings := []reading{{text: text}}
	for range escapedTimes {
		next, changed := readings[len(readings)-1].resolved()
		if !changed {
			break
		}
		readings = append(readings, next)
	}
	return readings
}

// resolved resolves the escapes of all spellings at once: which one a server
// used isn't known, and a text may mix them. A plus is the space of a form. What
// is read wrongly by this is only compared, and never shown.
func (r reading) resolved() (next reading, changed bool) {
	if !strings.ContainsAny(r.text, `\%&+`) {
		return r, false
	}
	var plainText strings.Builder
	plainText.Grow(len(r.text))
	at := make([]int, 0, len(r.text)+1)
	for i := 0; i < len(r.text); {
		plain, size := escape(r.text[i:])
		if size == 0 {
			plain, size = r.text[i:i+1], 1
		} else {
			changed = true
		}
		source := r.sourceOf(i, i+size).from
		for range len(plain) {
			at = append(at, source)
		}
		plainText.WriteString(plain)
		i += size
	}
	at = append(at, r.sourceOf(len(r.text), len(r.text)).to)
	return reading{text: plainText.String(), at: at}, changed
}

// escape reads the escape that a text begins with. Size 0 is none.
func escape(text string) (plain string, size int) {
	switch text[0] {
	case '+':
		return " ", 1
	case '%':
		return percentEscape(text)
	case '&':
		return entity(text)
	case '\\':
		return backslash(text)
	}
	return "", 0
}

// percentEscape reads %26 as a byte, and %u0026 as some scripts write it.
func percentEscape(text string) (plain string, size int) {
	if len(text) > 1 && (text[1] == 'u' || text[1] == 'U') {
		return codeUnits(text, "%"+text[1:2])
	}
	if b, ok := hexadecimal(text, 1, 2); ok {
		return string([]byte{byte(b)}), 3
	}
	return "", 0
}

// longestEntity is the length of "&#x0010FFFF;" and of all names that stand for
// a character of a password.
const longestEntity = 12

// entity reads &amp; and &#38; and &#x26;.
func entity(text string) (plain string, size int) {
	end := strings.IndexByte(text[:min(len(text), longestEntity)], ';')
	if end < 2 {
		return "", 0
	}
	name := text[:end+1]
	if name == "&apos;" {
		return "'", len(name)
	}
	if plain = html.UnescapeString(name); plain == name {
		return "", 0
	}
	return plain, len(name)
}

// backslash reads the escapes of JSON, and those that Go, Python and scripts
// write beside them: \x26, \U0001f600.
func backslash(text string) (plain string, size int) {
	if len(text) < 2 {
		return "", 0
	}
	switch text[1] {
	case 'n':
		return "\n", 2
	case 't':
		return "\t", 2
	case 'r':
		return "\r", 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case '"', '\'', '\\', '/', '<', '>', '&':
		return text[1:2], 2
	case 'u':
		return codeUnits(text, `\u`)
	case 'x':
		if b, ok := hexadecimal(text, 2, 2); ok {
			return string([]byte{byte(b)}), 4
		}
	case 'U':
		if r, ok := hexadecimal(text, 2, 8); ok {
			return string(rune(r)), 10
		}
	}
	return "", 0
}

// codeUnits reads one unit of four digits behind a mark, or the two that stand
// for one character.
func codeUnits(text, mark string) (plain string, size int) {
	first, ok := hexadecimal(text, len(mark), 4)
	if !ok {
		return "", 0
	}
	one := len(mark) + 4
	if utf16.IsSurrogate(rune(first)) && strings.HasPrefix(text[one:], mark) {
		second, ok := hexadecimal(text[one:], len(mark), 4)
		if r := utf16.DecodeRune(rune(first), rune(second)); ok && r != utf8.RuneError {
			return string(r), 2 * one
		}
	}
	return string(rune(first)), one
}

// hexadecimal reads digits at a place.
func hexadecimal(text string, at, digits int) (n uint64, ok bool) {
	if len(text) < at+digits {
		return 0, false
	}
	n, err := strconv.ParseUint(text[at:at+digits], 16, 32)
	return n, err == nil
}
