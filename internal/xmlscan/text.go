package xmlscan

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	cdataOpen  = "<![CDATA["
	cdataClose = "]]>"
)

// characters adds the text up to the next mark-up.
func (s *Scanner) characters() error {
	i, marks := s.pos, uint8(0)
	for i < len(s.doc) && s.doc[i] != '<' {
		marks |= classes[s.doc[i]]
		i++
	}
	if i == len(s.doc) {
		return s.fail(i, ErrTruncated)
	}
	raw := s.doc[s.pos:i]
	if marks&special == 0 {
		s.join(raw)
	} else {
		s.add(raw, true)
	}
	s.pos = i
	return nil
}

// cdata adds a CDATA section, in which nothing is a reference.
func (s *Scanner) cdata() error {
	start := s.pos + len(cdataOpen)
	n := strings.Index(s.doc[start:], cdataClose)
	if n < 0 {
		return s.fail(len(s.doc), ErrTruncated)
	}
	s.add(s.doc[start:start+n], false)
	s.pos = start + n + len(cdataClose)
	return nil
}

// join puts a text that needs no change behind the one that is there. The first
// stays a part of the document; only what must be joined is copied.
func (s *Scanner) join(raw string) {
	switch {
	case raw == "":
	case s.text == "" && !s.isJoined:
		s.text = raw
	default:
		s.copied()
		s.joined = append(s.joined, raw...)
	}
}

// copied makes joined hold the text.
func (s *Scanner) copied() {
	if !s.isJoined {
		s.joined, s.isJoined = append(s.joined[:0], s.text...), true
	}
}

// add puts a text behind the one that is there, line ends and, where they can
// stand, references replaced.
func (s *Scanner) add(raw string, references bool) {
	if !strings.ContainsAny(raw, "&\r") {
		s.join(raw)
		return
	}
	s.copied()
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '&' && references:
			r, n := reference(raw[i:])
			s.joined = utf8.AppendRune(s.joined, r)
			i += n
		case c == '\r':
			// CR LF and a lone CR are both one line end.
			if i+1 == len(raw) || raw[i+1] != '\n' {
				s.joined = append(s.joined, '\n')
			}
			i++
		default:
			s.joined = append(s.joined, c)
			i++
		}
	}
}

func (s *Scanner) textIsBlank() bool {
	if s.isJoined {
		return isBlank(string(s.joined))
	}
	return isBlank(s.text)
}

// longestReference bounds the search for the ";" of a reference: without it a
// text of many "&" would take quadratic time.
const longestReference = len("&#x0000010FFFF;")

// reference reads what stands for a character at the "&" that text begins with,
// and gives its length. A sign that begins none of the five predefined references
// and no number stands for itself: servers write texts of customers as they are.
// A number of no character that XML holds gives U+FFFD. Neither can make a text
// that decides something: in those a reader takes no "&" and no U+FFFD.
func reference(text string) (rune, int) {
	end := strings.IndexByte(text[:min(len(text), longestReference)], ';')
	if end < 0 {
		return '&', 1
	}
	switch name := text[1:end]; name {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "apos":
		return '\'', end + 1
	case "quot":
		return '"', end + 1
	default:
		if r, ok := numbered(name); ok {
			return r, end + 1
		}
		return '&', 1
	}
}

// numbered reads the number of a character: "#65" or "#x41".
func numbered(name string) (rune, bool) {
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	// ParseUint takes neither signs nor, with a base given, underscores. The
	// longest reference fits into 64 bits.
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err != nil:
		return 0, false
	case n > utf8.MaxRune || !isCharacter(rune(n)):
		return utf8.RuneError, true
	}
	return rune(n), true
}

// isCharacter tells the characters of XML 1.0.
func isCharacter(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}
