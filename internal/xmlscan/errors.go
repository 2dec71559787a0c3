package xmlscan

import (
	"errors"
	"strconv"
)

// What can break. Each comes inside an [*Error].
var (
	// ErrSyntax: no well-formed XML.
	ErrSyntax = errors.New("malformed XML")
	// ErrTruncated: the document ends before its root element does.
	ErrTruncated = errors.New("the document is cut short")
	// ErrTrailing: something stands after the root element.
	ErrTrailing = errors.New("something stands after the end of the document")
	// ErrMismatch: an end tag of another element.
	ErrMismatch = errors.New("end tag of another element")
	// ErrMixed: text and elements side by side, or text where elements belong.
	ErrMixed = errors.New("text beside elements")
	// ErrNotText: an element inside one that should hold text only.
	ErrNotText = errors.New("an element inside a text")
	// ErrAttribute: an attribute stands twice.
	ErrAttribute = errors.New("attribute given twice")
	// ErrNamespace: an undeclared prefix, or a declaration that isn't allowed.
	ErrNamespace = errors.New("undeclared or misused namespace prefix")
	// ErrCharacter: a character that XML can't hold.
	ErrCharacter = errors.New("a character that XML can't hold")
	// ErrEncoding: not UTF-8.
	ErrEncoding = errors.New("not UTF-8")
	// ErrLimit: beyond MaxSize, MaxDepth, MaxAttributes or MaxNamespaces.
	ErrLimit = errors.New("beyond a limit")
)

// Error says what broke and where. It never carries text of the document.
type Error struct {
	Offset int // in bytes from the start of the document
	Err    error
}

func (e *Error) Error() string {
	return "XML at byte " + strconv.Itoa(e.Offset) + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }
