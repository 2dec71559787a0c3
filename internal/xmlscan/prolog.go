package xmlscan

import (
	"strings"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

// open takes a document: its size, its declaration and its characters. What is left of it begins behind the declaration.
func (s *Scanner) open(doc string) {
	s.doc = doc
	if len(doc) > MaxSize {
		s.fail(MaxSize, ErrLimit)
		return
	}
	if strings.HasPrefix(doc, byteOrderMark) {
		s.pos = len(byteOrderMark)
	}
	s.skipSpace()
	if s.declaration() != nil {
		return
	}
	s.check()
}

// declaration reads over an XML declaration, if there is one. The encoding that
// it names is that of the bytes, which are text already.
func (s *Scanner) declaration() error {
	const open = "<?xml"
	if rest := s.rest(); !strings.HasPrefix(rest, open) || len(rest) == len(open) || !isSpace(rest[len(open)]) {
		return nil
	}
	s.pos += len(open)
	for n := 0; ; n++ {
		s.skipSpace()
		if n > 0 && strings.HasPrefix(s.rest(), "?>") {
			s.pos += len("?>")
			return nil
		}
		at := s.pos
		name, value, err := s.attribute()
		if err != nil {
			return err
		}
		switch {
		case n == 0 && name.full == "version" && value == "1.0":
		case n == 1 && name.full == "encoding":
		case (n == 1 || n == 2) && name.full == "standalone" && (value == "yes" || value == "no"):
			n = 2 // it is the last
		default:
			return s.fail(at, ErrSyntax)
		}
	}
}

// check looks once at every character, so that nothing behind it must.
func (s *Scanner) check() {
	doc := s.doc
	for i := s.pos; i < len(doc); {
		if c := doc[i]; c >= ' ' && c < utf8.RuneSelf || isSpace(c) {
			i++
			for i+8 <= len(doc) && isPrintable(doc[i:i+8]) {
				i += 8
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(doc[i:])
		if r == utf8.RuneError && n == 1 {
			s.fail(i, ErrEncoding)
			return
		}
		if !isCharacter(r) {
			s.fail(i, ErrCharacter)
			return
		}
		i += n
	}
}

// isPrintable tells eight bytes of printable ASCII, all at once: a byte's high
// bit is set in bytes if it isn't ASCII, and by the subtraction if it is below
// a space. A borrow can only add doubt, never take it away.
func isPrintable(eight string) bool {
	const each = 0x0101010101010101
	_ = eight[7]
	bytes := uint64(eight[0]) | uint64(eight[1])<<8 | uint64(eight[2])<<16 | uint64(eight[3])<<24 |
		uint64(eight[4])<<32 | uint64(eight[5])<<40 | uint64(eight[6])<<48 | uint64(eight[7])<<56
	return (bytes|(bytes-' '*each))&(0x80*each) == 0
}

func (s *Scanner) comment() error {
	start := s.pos + len("<!--")
	n := strings.Index(s.doc[start:], "--")
	if n < 0 || start+n+len("--") == len(s.doc) {
		return s.fail(len(s.doc), ErrTruncated)
	}
	s.pos = start + n + len("--")
	if s.doc[s.pos] != '>' {
		return s.fail(s.pos, ErrSyntax)
	}
	s.pos++
	return nil
}

// instruction reads a processing instruction. One named xml is a declaration
// out of place.
func (s *Scanner) instruction() error {
	at := s.pos
	s.pos += len("<?")
	name, err := s.readName()
	if err != nil {
		return err
	}
	if strings.EqualFold(name.full, "xml") {
		return s.fail(at, ErrSyntax)
	}
	n := strings.Index(s.rest(), "?>")
	if n < 0 {
		return s.fail(len(s.doc), ErrTruncated)
	}
	if n > 0 && !isSpace(s.doc[s.pos]) {
		return s.fail(s.pos, ErrSyntax)
	}
	s.pos += n + len("?>")
	return nil
}

// doctype reads over a document type declaration. Nothing in it counts: the
// DTDs that servers send aren't right, and entities are never expanded.
func (s *Scanner) doctype() error {
	s.pos += len("<!DOCTYPE")
	if rest := s.rest(); rest != "" && !isSpace(rest[0]) {
		return s.fail(s.pos, ErrSyntax)
	}
	s.skipSpace()
	if _, err := s.readName(); err != nil {
		return err
	}
	subset := false
	for s.pos < len(s.doc) {
		var err error
		switch s.doc[s.pos] {
		case '>':
			s.pos++
			return nil
		case '"', '\'':
			_, err = s.quoted()
		case '[':
			if subset {
				return s.fail(s.pos, ErrSyntax)
			}
			subset = true
			err = s.subset()
		case '<', ']':
			err = s.fail(s.pos, ErrSyntax)
		default:
			s.pos++
		}
		if err != nil {
			return err
		}
	}
	return s.fail(s.pos, ErrTruncated)
}

// subset reads over the declarations in a DOCTYPE's brackets.
func (s *Scanner) subset() error {
	s.pos++
	for {
		s.skipSpace()
		rest := s.rest()
		var err error
		switch {
		case rest == "":
			return s.fail(s.pos, ErrTruncated)
		case rest[0] == ']':
			s.pos++
			return nil
		case strings.HasPrefix(rest, "<!--"):
			err = s.comment()
		case strings.HasPrefix(rest, "<?"):
			err = s.instruction()
		case strings.HasPrefix(rest, "<!"):
			err = s.markup()
		default:
			err = s.fail(s.pos, ErrSyntax)
		}
		if err != nil {
			return err
		}
	}
}

// markup reads over one declaration of a DTD.
func (s *Scanner) markup() error {
	s.pos += len("<!")
	for s.pos < len(s.doc) {
		switch s.doc[s.pos] {
		case '>':
			s.pos++
			return nil
		case '"', '\'':
			if _, err := s.quoted(); err != nil {
				return err
			}
		case '<', '[', ']':
			return s.fail(s.pos, ErrSyntax)
		default:
			s.pos++
		}
	}
	return s.fail(s.pos, ErrTruncated)
}
