package wire

import "errors"

var (
	// ErrDuplicate: a text that may stand once stands twice.
	ErrDuplicate = errors.New("given twice")
	// ErrMissing: a required text is absent or empty.
	ErrMissing = errors.New("missing or empty")
	// ErrForeign: the document is none of the answers of the service asked.
	ErrForeign = errors.New("not an answer of this service")
)

// FieldError says which field broke which rule. It never carries the text.
type FieldError struct {
	Field Field
	Err   error
}

func (e *FieldError) Error() string { return e.Field.String() + ": " + e.Err.Error() }

func (e *FieldError) Unwrap() error { return e.Err }
