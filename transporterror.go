package assist

import (
	"context"
	"errors"
	"net/url"
)

// errCallTimeout is the cause of a call that the SDK's own limit has ended.
var errCallTimeout = errors.New("assist: no whole answer within the time limit of the client")

// causeOf drops the URL that net/http puts around its errors, and names the
// cause of a context that is over.
func (c *Client) causeOf(ctx context.Context, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if c.tells(err) {
		err = &hushedError{
			text:     c.scrub(err.Error()),
			canceled: errors.Is(err, context.Canceled), expired: errors.Is(err, context.DeadlineExceeded),
		}
	}
	if ctx.Err() != nil {
		return errors.Join(contextError(ctx), err)
	}
	return err
}

// tells whether any error in the tree shows a credential: net/http puts a
// server's broken header into its own error, and a transport of the caller's may
// put the request there.
func (c *Client) tells(err error) bool {
	if err == nil {
		return false
	}
	if text := err.Error(); c.withoutCredentials(text) != text {
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

// contextError gives the cause of a finished context, in a way that errors.Is
// finds both the cause and context.Canceled or DeadlineExceeded.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return errors.Join(cause, err)
}
