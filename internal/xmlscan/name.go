package xmlscan

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// written is a name as it stands in the document.
type written struct {
	full, prefix, local string
}

// readName reads a name with at most one colon. Letters beyond ASCII are
// taken as Unicode classes them, which is as good as XML's own list here:
// such a name is never one of ours.
func (s *Scanner) readName() (written, error) {
	start, colon := s.pos, -1
	i, first := start, true
	for i < len(s.doc) {
		c := s.doc[i]
		if c == ':' {
			if first || colon >= 0 {
				return written{}, s.fail(i, ErrSyntax)
			}
			colon, first = i, true
			i++
			continue
		}
		n := nameCharacter(s.doc[i:], first)
		if n == 0 {
			break
		}
		first = false
		i += n
	}
	if i == len(s.doc) {
		return written{}, s.fail(i, ErrTruncated)
	}
	if first {
		return written{}, s.fail(i, ErrSyntax)
	}
	s.pos = i
	if colon < 0 {
		return written{full: s.doc[start:i], local: s.doc[start:i]}, nil
	}
	return written{full: s.doc[start:i], prefix: s.doc[start:colon], local: s.doc[colon+1 : i]}, nil
}

// nameCharacter gives the length of the name character that text begins with,
// or 0.
func nameCharacter(text string, first bool) int {
	c := text[0]
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		return 1
	case '0' <= c && c <= '9', c == '-', c == '.':
		if first {
			return 0
		}
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	r, n := utf8.DecodeRuneInString(text)
	if unicode.IsLetter(r) || !first && (unicode.IsDigit(r) || unicode.IsMark(r)) {
		return n
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func isBlank(text string) bool { return strings.Trim(text, " \n\t\r") == "" }

func (s *Scanner) skipSpace() {
	for s.pos < len(s.doc) && isSpace(s.doc[s.pos]) {
		s.pos++
	}
}
