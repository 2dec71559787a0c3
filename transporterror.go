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

// contextError gives the cause of a finished context, in a way that errors.Is
// finds both the cause and context.Canceled or DeadlineExceeded.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return errors.Join(cause, err)
}
