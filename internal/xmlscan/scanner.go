package xmlscan

import "strings"

// Limits of a document.
const (
	MaxSize       = 64 << 20 // bytes
	MaxDepth      = 32       // elements inside each other
	MaxAttributes = 32       // of one element, namespace declarations apart
	MaxNamespaces = 32       // declarations in scope at once
)

// Kind tells what [Scanner.Next] found.
type Kind uint8

// The kinds. Zero is none of them and comes with an error.
const (
	Start Kind = iota + 1
	End
	EOF
)

// Name is an element's name: the URI of its namespace, "" for none, and its
// local name.
type Name struct {
	Space, Local string
}

// Scanner reads one document. Its fixed arrays hold all that grows, so that a
// scanner that doesn't escape costs no allocation.
type Scanner struct {
	doc     string
	pos     int
	err     error
	started bool // the root element was seen
	pending bool // the element just started is empty: its end comes next
	name    Name

	// The text since the last Start or End: a part of the document where it
	// can be, else collected in joined.
	text     string
	joined   []byte
	isJoined bool

	depth      int
	elements   [MaxDepth]element
	attrCount  int
	attrs      [MaxAttributes]attribute
	spaceCount int
	spaces     [MaxNamespaces]binding
}

// element is an open element.
type element struct {
	written  string // its name with its prefix, for the end tag
	name     Name
	spaces   int  // declarations in scope around it
	children bool // an element was seen inside
}

// New starts reading. What is wrong with the document as a whole (its size, its
// encoding) is told by the first call of Next.
func New(doc string) *Scanner {
	s := new(Scanner)
	s.open(doc)
	return s
}

// Next moves to the next start or end of an element, or to the end of the
// document. An error is final: it comes again on every later call.
func (s *Scanner) Next() (Kind, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.text, s.isJoined = "", false
	switch {
	case s.pending:
		s.pending = false
		return s.end()
	case s.depth > 0:
		return s.content()
	case s.started:
		return s.epilog()
	}
	return s.prolog()
}

// Name is the name of the element that Next came to.
func (s *Scanner) Name() Name { return s.name }

// Text is, at an End, the text of an element without children: references
// and CDATA replaced, line ends as LF, else as sent. It is "" elsewhere.
func (s *Scanner) Text() string {
	if s.isJoined {
		s.text, s.isJoined = string(s.joined), false
	}
	return s.text
}

// Attr finds an attribute without a namespace of the element just started.
func (s *Scanner) Attr(local string) (value string, ok bool) {
	for _, a := range s.attrs[:s.attrCount] {
		if a.name == (Name{Local: local}) {
			return a.value, true
		}
	}
	return "", false
}

// Child moves to the next element inside the current one and tells whether
// there is one; if not, the current one has ended. Text in it is refused.
func (s *Scanner) Child() (bool, error) {
	kind, err := s.Next()
	if err != nil {
		return false, err
	}
	if !isBlank(s.Text()) {
		return false, s.fail(s.pos, ErrMixed)
	}
	return kind == Start, nil
}

// Leaf reads the element just started, which must hold text only, to its end.
func (s *Scanner) Leaf() (string, error) {
	kind, err := s.Next()
	if err != nil {
		return "", err
	}
	if kind == Start {
		return "", s.fail(s.pos, ErrNotText)
	}
	return s.Text(), nil
}

// Skip reads the element just started, with all that is in it, to its end.
func (s *Scanner) Skip() error {
	for depth := s.depth; s.depth >= depth && depth > 0; {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scanner) fail(at int, err error) error {
	s.err = &Error{Offset: at, Err: err}
	return s.err
}

// rest is what is still unread.
func (s *Scanner) rest() string { return s.doc[s.pos:] }

// prolog reads up to the start of the root element.
func (s *Scanner) prolog() (Kind, error) {
	doctype := false
	for {
		s.skipSpace()
		rest := s.rest()
		var err error
		switch {
		case rest == "":
			return 0, s.fail(s.pos, ErrTruncated)
		case strings.HasPrefix(rest, "<!--"):
			err = s.comment()
		case strings.HasPrefix(rest, "<?"):
			err = s.instruction()
		case strings.HasPrefix(rest, "<!DOCTYPE") && !doctype:
			doctype = true
			err = s.doctype()
		case rest[0] == '<':
			return s.startTag()
		default:
			err = s.fail(s.pos, ErrSyntax)
		}
		if err != nil {
			return 0, err
		}
	}
}

// epilog reads what may stand after the root element.
func (s *Scanner) epilog() (Kind, error) {
	for {
		s.skipSpace()
		rest := s.rest()
		var err error
		switch {
		case rest == "":
			s.name = Name{}
			return EOF, nil
		case strings.HasPrefix(rest, "<!--"):
			err = s.comment()
		case strings.HasPrefix(rest, "<?"):
			err = s.instruction()
		default:
			err = s.fail(s.pos, ErrTrailing)
		}
		if err != nil {
			return 0, err
		}
	}
}

// content reads inside an element up to the next start or end tag.
func (s *Scanner) content() (Kind, error) {
	for {
		if err := s.characters(); err != nil {
			return 0, err
		}
		rest := s.rest()
		var err error
		switch {
		case len(rest) == 1:
			err = s.fail(len(s.doc), ErrTruncated)
		case rest[1] == '/':
			return s.endTag()
		case rest[1] == '?':
			err = s.instruction()
		case rest[1] != '!':
			return s.startTag()
		case strings.HasPrefix(rest, "<!--"):
			err = s.comment()
		case strings.HasPrefix(rest, cdataOpen):
			err = s.cdata()
		default:
			err = s.fail(s.pos, ErrSyntax)
		}
		if err != nil {
			return 0, err
		}
	}
}

// startTag reads a start tag or an empty element.
func (s *Scanner) startTag() (Kind, error) {
	at := s.pos
	if !s.textIsBlank() {
		return 0, s.fail(at, ErrMixed)
	}
	if s.depth == MaxDepth {
		return 0, s.fail(at, ErrLimit)
	}
	s.pos++
	written, err := s.readName()
	if err != nil {
		return 0, err
	}
	outer := s.spaceCount
	s.attrCount = 0
	if s.doc[s.pos] == '>' {
		s.pos++
	} else if err := s.attributes(outer); err != nil {
		return 0, err
	}
	space, ok := s.resolve(written.prefix)
	if !ok {
		return 0, s.fail(at, ErrNamespace)
	}
	if s.depth > 0 {
		s.elements[s.depth-1].children = true
	}
	s.started = true
	s.text, s.isJoined = "", false
	s.name = Name{Space: space, Local: written.local}
	e := &s.elements[s.depth]
	e.written, e.name, e.spaces, e.children = written.full, s.name, outer, false
	s.depth++
	return Start, nil
}

func (s *Scanner) endTag() (Kind, error) {
	at := s.pos
	written := s.elements[s.depth-1].written
	s.pos += len("</")
	if !strings.HasPrefix(s.rest(), written) {
		if strings.HasPrefix(written, s.rest()) {
			return 0, s.fail(len(s.doc), ErrTruncated)
		}
		return 0, s.fail(at, ErrMismatch)
	}
	s.pos += len(written)
	s.skipSpace()
	if s.pos == len(s.doc) {
		return 0, s.fail(s.pos, ErrTruncated)
	}
	if s.doc[s.pos] != '>' {
		return 0, s.fail(at, ErrMismatch)
	}
	s.pos++
	return s.end()
}

// end closes the innermost element.
func (s *Scanner) end() (Kind, error) {
	s.depth--
	e := &s.elements[s.depth]
	if e.children {
		if !s.textIsBlank() {
			return 0, s.fail(s.pos, ErrMixed)
		}
		s.text, s.isJoined = "", false
	}
	s.attrCount = 0
	s.spaceCount = e.spaces
	s.name = e.name
	return End, nil
}
