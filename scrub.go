package assist

import (
	"context"
	"strings"
	"unicode"
)

// maxMessage bounds a server's text inside an error, in characters.
const maxMessage = 200

// maxScrubbed is how much of a server's text is looked at for an error, in
// bytes.
const maxScrubbed = 16 << 10

// scrub makes a server's text fit for an error: one line, short, and without
// the credentials that a careless server may repeat.
func (c *Client) scrub(text string) string {
	var b strings.Builder
	written, gap := 0, false
	// What is shown stands at the beginning, so that a long text costs no more
	// than a short one.
	text = strings.TrimSpace(text)
	for _, r := range c.keys.seen.Clean(text[:min(len(text), maxScrubbed)]) {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			gap = written > 0
			continue
		case written >= maxMessage:
			b.WriteString("…")
			return b.String()
		case gap:
			b.WriteByte(' ')
			written, gap = written+1, false
		}
		b.WriteRune(r)
		written++
	}
	return b.String()
}

// declined is the error of an operation that was declined, without personal
// data and with the server's texts made fit for an error.
func (c *Client) declined(op Operation) *DeclinedError {
	bare := op.bare()
	bare.Message, bare.CustomerMessage, bare.Recommendation = c.scrub(op.Message), c.scrub(op.CustomerMessage), c.scrub(op.Recommendation)
	return &DeclinedError{ResponseCode: ResponseCode(c.scrub(string(op.ResponseCode))), Operation: bare}
}

// tells whether any error in the tree shows a credential: net/http puts a
// server's broken header into its own error, and a transport of the caller's may
// put the request there.
func (c *Client) tells(err error) bool {
	if err == nil {
		return false
	}
	if c.keys.seen.Finds(err.Error()) {
		return true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return c.tells(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if c.tells(inner) {
				return true
			}
		}
	}
	return false
}

// hushedError stands in for an error that showed a credential. It keeps nothing
// of that error but its scrubbed text and what it says about the context.
type hushedError struct {
	text              string
	canceled, expired bool
}

func (e *hushedError) Error() string { return e.text }

func (e *hushedError) Is(target error) bool {
	return e.canceled && target == context.Canceled || e.expired && target == context.DeadlineExceeded
}
