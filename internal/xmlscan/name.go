package xmlscan

import (
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
	// Nearly all names are plain ASCII without a prefix.
	i, want := start, uint8(nameStart)
	for i < len(s.doc) && classes[s.doc[i]]&want != 0 {
		i++
		want = nameStart | nameOther
	}
	if i > start && i < len(s.doc) && s.doc[i] != ':' && s.doc[i] < utf8.RuneSelf {
		s.pos = i
		return written{full: s.doc[start:i], local: s.doc[start:i]}, nil
	}
	for i < len(s.doc) {
		c := s.doc[i]
		if classes[c]&want != 0 {
			i++
			want = nameStart | nameOther
			continue
		}
		if c == ':' {
			if want == nameStart || colon >= 0 {
				return written{}, s.fail(i, ErrSyntax)
			}
			colon, want = i, nameStart
			i++
			continue
		}
		n := nameRune(s.doc[i:], want == nameStart)
		if n == 0 {
			break
		}
		i += n
		want = nameStart | nameOther
	}
	if i == len(s.doc) {
		return written{}, s.fail(i, ErrTruncated)
	}
	if want == nameStart {
		return written{}, s.fail(i, ErrSyntax)
	}
	s.pos = i
	if colon < 0 {
		return written{full: s.doc[start:i], local: s.doc[start:i]}, nil
	}
	return written{full: s.doc[start:i], prefix: s.doc[start:colon], local: s.doc[colon+1 : i]}, nil
}

// nameRune gives the length of the name character beyond ASCII that text begins
// with, or 0.
func nameRune(text string, first bool) int {
	if text[0] < utf8.RuneSelf {
		return 0
	}
	r, n := utf8.DecodeRuneInString(text)
	if unicode.IsLetter(r) || !first && (unicode.IsDigit(r) || unicode.IsMark(r)) {
		return n
	}
	return 0
}

// What a byte can be. The scanner asks this for every byte of a document.
const (
	nameStart = 1 << iota
	nameOther
	special // in a text: the sign of a reference, or a line end to be changed
)

var classes = func() (c [256]uint8) {
	for b := 'a'; b <= 'z'; b++ {
		c[b], c[b-'a'+'A'] = nameStart, nameStart
	}
	for b := '0'; b <= '9'; b++ {
		c[b] = nameOther
	}
	c['_'], c['-'], c['.'] = nameStart, nameOther, nameOther
	c['&'], c['\r'] = special, special
	return c
}()

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func isBlank(text string) bool {
	for i := range len(text) {
		if !isSpace(text[i]) {
			return false
		}
	}
	return true
}

func (s *Scanner) skipSpace() {
	for s.pos < len(s.doc) && isSpace(s.doc[s.pos]) {
		s.pos++
	}
}
