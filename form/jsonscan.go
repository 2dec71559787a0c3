package form

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a JSON document.
const (
	maxJSONDepth   = 32
	maxJSONMembers = 128 // of one object, so that comparing their names stays cheap
)

var (
	errJSONSyntax    = errors.New("malformed JSON")
	errJSONTruncated = errors.New("the document is cut short")
	errJSONTrailing  = errors.New("something stands after the end of the document")
	errJSONDuplicate = errors.New("a name given twice in one object")
	errJSONLimit     = errors.New("beyond a limit")
	errJSONKind      = errors.New("a value of another kind was wanted")
)

// jsonScanner reads one JSON document strictly. encoding/json would take names
// given twice, and its tokens a document cut short. The
// document is known to be UTF-8.
type jsonScanner struct {
	doc        string
	pos, depth int
	// names are those of the open objects so far, outermost first. They begin in
	// an array of the scanner's own, which holds those of a usual answer.
	names []string
	first [64]string
}

func (s *jsonScanner) fail(err error) error {
	if s.pos >= len(s.doc) && err == errJSONSyntax {
		err = errJSONTruncated
	}
	return fmt.Errorf("JSON at byte %d: %w", s.pos, err)
}

// peek gives the first byte of what comes next, or 0 at the end.
func (s *jsonScanner) peek() byte {
	for s.pos < len(s.doc) {
		switch c := s.doc[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take moves over the byte c if it comes next.
func (s *jsonScanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// end asks that nothing is left.
func (s *jsonScanner) end() error {
	s.peek()
	if s.pos < len(s.doc) {
		return s.fail(errJSONTrailing)
	}
	return nil
}

// object reads an object. member must read the value of each name.
func (s *jsonScanner) object(member func(name string) error) error {
	if s.names == nil {
		s.names = s.first[:0]
	}
	outer := len(s.names)
	err := s.list('{', '}', func() error {
		if s.peek() != '"' {
			return s.fail(errJSONSyntax)
		}
		name, err := s.text()
		if err != nil {
			return err
		}
		if slices.Contains(s.names[outer:], name) {
			return s.fail(errJSONDuplicate)
		}
		if len(s.names)-outer == maxJSONMembers {
			return s.fail(errJSONLimit)
		}
		s.names = append(s.names, name)
		if !s.take(':') {
			return s.fail(errJSONSyntax)
		}
		return member(name)
	})
	s.names = s.names[:outer]
	return err
}

// array reads an array. item must read each of its values.
func (s *jsonScanner) array(item func() error) error { return s.list('[', ']', item) }

func (s *jsonScanner) list(open, end byte, item func() error) error {
	if !s.take(open) {
		return s.fail(errJSONKind)
	}
	if s.depth++; s.depth > maxJSONDepth {
		return s.fail(errJSONLimit)
	}
	defer func() { s.depth-- }()
	if s.take(end) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if s.take(end) {
			return nil
		}
		if !s.take(',') {
			return s.fail(errJSONSyntax)
		}
	}
}

// each reads the values of an array, or one value in place of an array.
func (s *jsonScanner) each(item func() error) error {
	if s.peek() == '[' {
		return s.array(item)
	}
	return item()
}

// skip reads over any value.
func (s *jsonScanner) skip() error {
	switch s.peek() {
	case '{':
		return s.object(func(string) error { return s.skip() })
	case '[':
		return s.array(s.skip)
	}
	_, err := s.scalar()
	return err
}

// null moves over a null if it comes next. A null counts as absent.
func (s *jsonScanner) null() bool {
	s.peek()
	return s.word("null")
}

// scalar reads a string, a number or a truth value as text, numbers as they
// stand in the document.
func (s *jsonScanner) scalar() (string, error) {
	switch c := s.peek(); {
	case c == '"':
		return s.text()
	case c == '{' || c == '[':
		return "", s.fail(errJSONKind)
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if s.word(word) {
			return word, nil
		}
	}
	return "", s.fail(errJSONSyntax)
}

func (s *jsonScanner) word(word string) bool {
	if !strings.HasPrefix(s.doc[s.pos:], word) {
		return false
	}
	s.pos += len(word)
	return true
}

func (s *jsonScanner) number() (string, error) {
	start := s.pos
	s.word("-")
	if !s.word("0") && !s.digits() {
		return "", s.fail(errJSONSyntax)
	}
	if s.word(".") && !s.digits() {
		return "", s.fail(errJSONSyntax)
	}
	if s.word("e") || s.word("E") {
		if !s.word("+") {
			s.word("-")
		}
		if !s.digits() {
			return "", s.fail(errJSONSyntax)
		}
	}
	return s.doc[start:s.pos], nil
}

func (s *jsonScanner) digits() bool {
	start := s.pos
	for s.pos < len(s.doc) && '0' <= s.doc[s.pos] && s.doc[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// text reads a string. One without escapes stays a part of the document. Line ends
// and tabs are taken as they stand: servers write texts of customers so.
func (s *jsonScanner) text() (string, error) {
	s.pos++
	start := s.pos
	var joined []byte
	for s.pos < len(s.doc) {
		switch c := s.doc[s.pos]; {
		case c == '"':
			raw := s.doc[start:s.pos]
			s.pos++
			if joined == nil {
				return raw, nil
			}
			return string(append(joined, raw...)), nil
		case c < ' ' && c != '\n' && c != '\r' && c != '\t':
			return "", s.fail(errJSONSyntax)
		case c == '\\':
			joined = append(joined, s.doc[start:s.pos]...)
			r, ok := s.escape()
			if !ok {
				return "", s.fail(errJSONSyntax)
			}
			joined = utf8.AppendRune(joined, r)
			start = s.pos
		default:
			s.pos++
		}
	}
	return "", s.fail(errJSONTruncated)
}

// escape reads an escape sequence. Half of a surrogate pair reads as U+FFFD.
func (s *jsonScanner) escape() (rune, bool) {
	s.pos++
	if s.pos == len(s.doc) {
		return 0, false
	}
	c := s.doc[s.pos]
	if c == 'u' {
		s.pos++
		r, ok := s.hex()
		if !utf16.IsSurrogate(r) {
			return r, ok
		}
		behind := s.pos
		if !ok || !s.word(`\u`) {
			return utf8.RuneError, ok
		}
		low, ok := s.hex()
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, ok
		}
		s.pos = behind
		return utf8.RuneError, true
	}
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	i := strings.IndexByte(from, c)
	if i < 0 {
		return 0, false
	}
	s.pos++
	return rune(to[i]), true
}

// hex reads the four digits of a \u escape.
func (s *jsonScanner) hex() (r rune, ok bool) {
	for range 4 {
		if s.pos == len(s.doc) {
			return 0, false
		}
		switch c := s.doc[s.pos]; {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
		s.pos++
	}
	return r, true
}
