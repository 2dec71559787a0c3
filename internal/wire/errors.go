package wire

import "errors"

var (
	// ErrDuplicate: a text that may stand once stands twice.
	ErrDuplicate = errors.New("given twice")
	// ErrMissing: a required text is absent or empty.
	ErrMissing = errors.New("missing or empty")
	// ErrDamaged: a text that decides holds what can't be read.
	ErrDamaged = errors.New("holds characters that can't be read")
	// ErrForeign: the document is none of the answers of the service asked.
	ErrForeign = errors.New("not an answer of this service")
	// ErrMisplaced: an element stands where it can't belong to anything.
	ErrMisplaced = errors.New("misplaced")
	// ErrCount: an answer's own count contradicts its orders.
	ErrCount = errors.New("contradicts the number of orders")
	// ErrCrowded: more rows than a document of this size can hold.
	ErrCrowded = errors.New("more rows than there is room for")
)

// FieldError says which field broke which rule. It never carries the text.
type FieldError struct {
	Field Field
	Err   error
}

func (e *FieldError) Error() string { return e.Field.String() + ": " + e.Err.Error() }

func (e *FieldError) Unwrap() error { return e.Err }

// NameError is a [FieldError] for what is no field of a record: a wire name of
// the protocol, never a text of the document.
type NameError struct {
	Name string
	Err  error
}

func (e *NameError) Error() string { return e.Name + ": " + e.Err.Error() }

func (e *NameError) Unwrap() error { return e.Err }
