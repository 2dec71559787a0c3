package xmlscan

import (
	"strings"
	"unicode/utf8"
)

// The namespaces that XML itself reserves.
const (
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

type attribute struct {
	name  Name
	value string
}

// binding is a prefix and the namespace that it stands for.
type binding struct {
	prefix, space string
}

// attributes reads up to the end of a start tag. No space is asked for between
// two attributes: the documented QIWI answer has none.
func (s *Scanner) attributes(outer int) error {
	for {
		s.skipSpace()
		switch rest := s.rest(); {
		case rest == "" || rest == "/":
			return s.fail(len(s.doc), ErrTruncated)
		case rest[0] == '>':
			s.pos++
			return s.resolveAttributes()
		case strings.HasPrefix(rest, "/>"):
			s.pos += len("/>")
			s.pending = true
			return s.resolveAttributes()
		}
		at := s.pos
		name, value, err := s.attribute()
		if err != nil {
			return err
		}
		switch {
		case name.full == "xmlns":
			err = s.bind(at, outer, "", value)
		case name.prefix == "xmlns":
			err = s.bind(at, outer, name.local, value)
		case s.attrCount == MaxAttributes:
			err = s.fail(at, ErrLimit)
		default:
			// Space holds the prefix until all declarations are read.
			s.attrs[s.attrCount] = attribute{name: Name{Space: name.prefix, Local: name.local}, value: value}
			s.attrCount++
		}
		if err != nil {
			return err
		}
	}
}

// attribute reads one name="value".
func (s *Scanner) attribute() (written, string, error) {
	name, err := s.readName()
	if err != nil {
		return written{}, "", err
	}
	s.skipSpace()
	if s.pos == len(s.doc) {
		return written{}, "", s.fail(s.pos, ErrTruncated)
	}
	if s.doc[s.pos] != '=' {
		return written{}, "", s.fail(s.pos, ErrSyntax)
	}
	s.pos++
	s.skipSpace()
	raw, err := s.quoted()
	if err != nil {
		return written{}, "", err
	}
	value, err := s.attributeValue(raw)
	return name, value, err
}

// quoted reads a text in single or double quotes as it stands.
func (s *Scanner) quoted() (string, error) {
	if s.pos == len(s.doc) {
		return "", s.fail(s.pos, ErrTruncated)
	}
	quote := s.doc[s.pos]
	if quote != '"' && quote != '\'' {
		return "", s.fail(s.pos, ErrSyntax)
	}
	start := s.pos + 1
	n := strings.IndexByte(s.doc[start:], quote)
	if n < 0 {
		return "", s.fail(len(s.doc), ErrTruncated)
	}
	s.pos = start + n + 1
	return s.doc[start : start+n], nil
}

// attributeValue replaces references, and white space by spaces, as XML asks.
func (s *Scanner) attributeValue(raw string) (string, error) {
	if strings.IndexByte(raw, '<') >= 0 {
		return "", s.fail(s.pos, ErrSyntax)
	}
	if !strings.ContainsAny(raw, "&\r\n\t") {
		return raw, nil
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case '&':
			r, n := reference(raw[i:])
			out = utf8.AppendRune(out, r)
			i += n
		case '\r':
			if i+1 == len(raw) || raw[i+1] != '\n' {
				out = append(out, ' ')
			}
			i++
		case '\n', '\t':
			out = append(out, ' ')
			i++
		default:
			out = append(out, c)
			i++
		}
	}
	return string(out), nil
}

// bind puts a namespace declaration into scope.
func (s *Scanner) bind(at, outer int, prefix, space string) error {
	for _, b := range s.spaces[outer:s.spaceCount] {
		if b.prefix == prefix {
			return s.fail(at, ErrAttribute)
		}
	}
	if prefix == "xmlns" || prefix != "" && space == "" || space == xmlnsSpace || (prefix == "xml") != (space == xmlSpace) {
		return s.fail(at, ErrNamespace)
	}
	if s.spaceCount == MaxNamespaces {
		return s.fail(at, ErrLimit)
	}
	s.spaces[s.spaceCount] = binding{prefix: prefix, space: space}
	s.spaceCount++
	return nil
}

// resolve gives the namespace of a prefix; "" is the default namespace.
func (s *Scanner) resolve(prefix string) (space string, ok bool) {
	for i := s.spaceCount - 1; i >= 0; i-- {
		if s.spaces[i].prefix == prefix {
			return s.spaces[i].space, true
		}
	}
	if prefix == "xml" {
		return xmlSpace, true
	}
	return "", prefix == ""
}

// resolveAttributes turns prefixes into namespaces and refuses an attribute
// that stands twice. An attribute without a prefix has no namespace. Their
// number is limited, so comparing each with each stays cheap.
func (s *Scanner) resolveAttributes() error {
	for i := range s.attrCount {
		a := &s.attrs[i]
		if a.name.Space != "" {
			space, ok := s.resolve(a.name.Space)
			if !ok {
				return s.fail(s.pos, ErrNamespace)
			}
			a.name.Space = space
		}
		for _, b := range s.attrs[:i] {
			if a.name == b.name {
				return s.fail(s.pos, ErrAttribute)
			}
		}
	}
	return nil
}
