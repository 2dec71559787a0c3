package form

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/assist-go/assist/internal/charset"
)

var errRowsTruncated = errors.New("the document is cut short")

// rowSplitter cuts the rows out of an XML document as it comes in. It knows where
// mark-up begins and ends and how deep it stands, no more: whether the pieces are
// well-formed is for the scanner that reads them. A document is well-formed when
// its rows are, and what is left of it without them.
type rowSplitter struct {
	in   *bufio.Reader
	left int64 // of the bound

	piece []byte // the row that is being read, or the text and mark-up just read
	rest  []byte // what stands beside the rows
	depth int
	path  [2]string // the names of the two outermost elements
}

// splitRows gives every row as it stands, and at the end the document without its
// rows. Head is called first, with the beginning of the document.
func splitRows(r io.Reader, limit int64, head func(string), row func([]byte) error) (rest string, err error) {
	s := rowSplitter{in: bufio.NewReaderSize(r, 32<<10), left: limit}
	begin, err := s.in.Peek(charset.HeadSize)
	if err != nil && err != io.EOF {
		return "", err
	}
	head(string(begin))
	for {
		isRow, err := s.next()
		if err == io.EOF {
			return string(s.rest), nil
		}
		if err == nil && isRow {
			err = row(s.piece)
		}
		if err != nil {
			return "", err
		}
	}
}

// next reads a text and the mark-up behind it, and to the end of a row if that
// begins one.
func (s *rowSplitter) next() (isRow bool, err error) {
	s.piece = s.piece[:0]
	if err := s.until("<"); err != nil {
		s.rest = append(s.rest, s.piece...) // what is cut can be read no more than what isn't there
		return false, err
	}
	kind, name, err := s.markup(len(s.piece) - 1)
	if err != nil {
		return false, whole(err)
	}
	switch kind {
	case startTag, emptyTag:
		if s.isRow(name) {
			return true, s.rowFrom(kind)
		}
		if s.depth < len(s.path) {
			s.path[s.depth] = name
		}
		if kind == startTag {
			s.depth++
		}
	case endTag:
		s.depth = max(s.depth-1, 0)
	}
	// White space between rows would add up.
	s.rest = append(s.rest, bytes.TrimLeft(s.piece, " \t\r\n")...)
	if len(s.rest) > MaxRow {
		return false, ErrTooLarge
	}
	return false, nil
}

// isRow tells a row of a result, which may stand in orders.
func (s *rowSplitter) isRow(name string) bool {
	return name == "payment" && s.path[0] == "result" && (s.depth == 1 || s.depth == 2 && s.path[1] == "orders")
}

// rowFrom reads to the end of the row just started.
func (s *rowSplitter) rowFrom(kind tagKind) error {
	begin := bytes.IndexByte(s.piece, '<')
	if len(bytes.TrimSpace(s.piece[:begin])) > 0 {
		s.rest = append(s.rest, s.piece[:begin]...) // text beside elements, which the rest is refused for
	}
	s.piece = append(s.piece[:0], s.piece[begin:]...)
	for open := 1; kind == startTag && open > 0; {
		if err := s.until("<"); err != nil {
			return whole(err)
		}
		inner, _, err := s.markup(len(s.piece) - 1)
		if err != nil {
			return whole(err)
		}
		switch inner {
		case startTag:
			open++
		case endTag:
			open--
		}
	}
	return nil
}

func whole(err error) error {
	if err == io.EOF {
		return errRowsTruncated
	}
	return err
}

type tagKind int

const (
	noTag tagKind = iota
	startTag
	emptyTag
	endTag
)

// markup reads the mark-up whose "<" stands at the offset, which is the last byte
// read.
func (s *rowSplitter) markup(at int) (kind tagKind, name string, err error) {
	const comment, cdata = "!--", "![CDATA["
	ahead, err := s.in.Peek(len(cdata))
	if len(ahead) == 0 {
		return noTag, "", err
	}
	switch {
	case bytes.HasPrefix(ahead, []byte(comment)):
		return noTag, "", s.between(len(comment), "-->")
	case bytes.HasPrefix(ahead, []byte(cdata)):
		return noTag, "", s.between(len(cdata), "]]>")
	case ahead[0] == '?':
		return noTag, "", s.between(1, "?>")
	case ahead[0] == '!':
		return noTag, "", s.doctype()
	}
	if err := s.tag(); err != nil {
		return noTag, "", err
	}
	tag := s.piece[at+1 : len(s.piece)-1]
	switch {
	case len(tag) > 0 && tag[0] == '/':
		return endTag, "", nil
	case len(tag) > 0 && tag[len(tag)-1] == '/':
		kind, tag = emptyTag, tag[:len(tag)-1]
	default:
		kind = startTag
	}
	if n := bytes.IndexAny(tag, " \t\r\n"); n >= 0 {
		if bytes.Contains(tag[n:], []byte("xmlns=")) {
			return kind, "", nil // a name in a namespace is none of ours
		}
		tag = tag[:n]
	}
	return kind, string(tag), nil
}

// tag reads to the ">" of a tag: one in quotes is none.
func (s *rowSplitter) tag() error {
	quote := byte(0)
	for {
		from := len(s.piece)
		if err := s.until(">"); err != nil {
			return err
		}
		for _, c := range s.piece[from:] {
			switch {
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == quote:
				quote = 0
			}
		}
		if quote == 0 {
			return nil
		}
	}
}

// doctype reads to the ">" of a declaration: one in quotes, in a comment or in the
// brackets of a DTD is none.
func (s *rowSplitter) doctype() error {
	quote, brackets := byte(0), false
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		if err := s.take([]byte{c}); err != nil {
			return err
		}
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case bytes.HasSuffix(s.piece, []byte("<!--")):
			err = s.until("-->")
		case bytes.HasSuffix(s.piece, []byte("<?")):
			err = s.until("?>")
		case c == '"' || c == '\'':
			quote = c
		case c == '[' || c == ']':
			brackets = c == '['
		case c == '>' && !brackets:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// between reads over an opening of so many bytes and to the end.
func (s *rowSplitter) between(opening int, end string) error {
	for range opening {
		c, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		if err := s.take([]byte{c}); err != nil {
			return err
		}
	}
	return s.until(end)
}

// until reads to the end of the first end that comes.
func (s *rowSplitter) until(end string) error {
	from := len(s.piece)
	for {
		read, err := s.in.ReadSlice(end[len(end)-1])
		if err := s.take(read); err != nil {
			return err
		}
		if err != nil && err != bufio.ErrBufferFull {
			return err
		}
		if err == nil && bytes.HasSuffix(s.piece[from:], []byte(end)) {
			return nil
		}
	}
}

// take adds what was read to the piece, within both bounds.
func (s *rowSplitter) take(read []byte) error {
	s.left -= int64(len(read))
	s.piece = append(s.piece, read...)
	if s.left < 0 || len(s.piece) > MaxRow {
		return ErrTooLarge
	}
	return nil
}
