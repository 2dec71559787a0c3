// Package charset turns the bytes of an answer into text in UTF-8.
//
// An answer is in UTF-8 or in windows-1251 (protocol §4). The texts of an answer
// that decide about money are ASCII, or known words; all others may be in any
// encoding and hold rubbish, and the answer still counts. So nothing is refused
// here: a byte that can't be read, and a control character, become U+FFFD, by
// which whoever needs the text sees that it is damaged.
package charset

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Charset is the encoding of an answer.
type Charset uint8

// The encodings. The zero value is UTF-8.
const (
	UTF8 Charset = iota
	Windows1251
	// undecided: HTTP says UTF-8 and the document windows-1251. What has been made
	// over on its way is UTF-8; what hasn't can't be read as it.
	undecided
)

const byteOrderMark = "\ufeff"

// Of tells the encoding of an answer from what stands at its beginning and from
// its Content-Type: a byte order mark counts first, then the charset of the
// Content-Type, then an XML declaration. A name that isn't known counts for
// nothing; what nobody names is UTF-8.
func Of(head, contentType string) Charset {
	if strings.HasPrefix(head, byteOrderMark) {
		return UTF8
	}
	declared, isDeclared := named(declaration(head))
	sent, isSent := named(Parameter(contentType))
	switch {
	case !isSent:
		return declared
	case sent == UTF8 && isDeclared && declared == Windows1251:
		return undecided
	}
	return sent
}

// Text gives a body as text. The encoding that it gives is never undecided.
func Text(body, contentType string) (string, Charset) {
	return Of(body[:min(len(body), HeadSize)], contentType).Text(body)
}

// HeadSize is how much of a body [Of] wants to see.
const HeadSize = 1024

// Text gives a body, or a part of one that ends at ASCII, as text in UTF-8, and
// the encoding that it was in.
func (c Charset) Text(body string) (string, Charset) {
	if c == undecided {
		if c = UTF8; !utf8.ValidString(body) {
			c = Windows1251
		}
	}
	n := cleanPrefix(body, c)
	if n == len(body) {
		return body, c
	}
	out := make([]byte, n, len(body)+len(body)/2)
	copy(out, body[:n])
	for i := n; i < len(body); {
		r, size := rune(body[i]), 1
		switch {
		case body[i] < utf8.RuneSelf:
		case c == Windows1251:
			r = charmap.Windows1251.DecodeByte(body[i])
		default:
			r, size = utf8.DecodeRuneInString(body[i:])
		}
		if !isText(r) {
			r = utf8.RuneError
		}
		out = utf8.AppendRune(out, r)
		i += size
	}
	return string(out), c
}

// Bytes gives a text back as it was sent, but for what was damaged.
func (c Charset) Bytes(text string) string {
	if c != Windows1251 || isASCII(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if b, ok := charmap.Windows1251.EncodeRune(r); ok {
			out = append(out, b)
		} else {
			out = append(out, '?')
		}
	}
	return string(out)
}

// cleanPrefix gives the length of what needs no change.
func cleanPrefix(body string, c Charset) int {
	for i := 0; i < len(body); {
		b := body[i]
		if b < utf8.RuneSelf {
			if !isText(rune(b)) {
				return i
			}
			i++
			continue
		}
		if c != UTF8 {
			return i
		}
		r, size := utf8.DecodeRuneInString(body[i:])
		if r == utf8.RuneError && size == 1 || !isText(r) {
			return i
		}
		i += size
	}
	return len(body)
}

// isText tells the characters that XML can hold. What decoders give for bytes
// that can't be read is among them.
func isText(r rune) bool {
	return r >= ' ' && r != 0xFFFE && r != 0xFFFF || r == '\t' || r == '\n' || r == '\r'
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
