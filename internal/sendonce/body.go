package sendonce

import (
	"errors"
	"io"
	"sync"
)

// Body gives its bytes once, and none after it is sealed.
type Body struct {
	mu     sync.Mutex
	left   []byte
	read   bool
	sealed bool
}

// ErrSealed is what a sealed body gives.
var ErrSealed = errors.New("assist: the call is over, its body is not given any more")

// NewBody makes a body that gives these bytes.
func NewBody(bytes []byte) *Body { return &Body{left: bytes} }

func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sealed {
		return 0, ErrSealed
	}
	b.read = true
	if len(b.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

// Close does nothing: a transport closes the body when it is done with it.
func (b *Body) Close() error { return nil }

// Seal ends all reading and tells whether there was none.
func (b *Body) Seal() (untouched bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sealed = true
	return !b.read
}
