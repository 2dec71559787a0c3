package assist

import (
	"context"
	"errors"
	"time"
)

// Wait asks by order result until the cancel is final or max is over; it never
// sends anything. A cancellation that was just made is asked about after the
// first pause, a resumed one at once. All waits for one payment share their
// questions.
//
// The end is one of these:
//
//   - A Cancellation that Succeeded, and no error.
//   - [*DeclinedError]: no money moved by it (Rejected).
//   - [*WaitTimeoutError] with the Cancellation as it is known, still in process
//     (Accepted): max was over, or the context, whose cause is then inside. The
//     error alone doesn't tell that money moved, so read the Status.
//   - [*FollowError]: Assist doesn't let us ask (wrong credentials, no access).
//     That says nothing about the money (Unknown), and the Cancellation that was
//     given still holds what is known.
//   - [*UnknownOutcomeError]: the payments of the order fared differently.
//
// A question that fails in any other way only slows the wait down, and so does
// "too frequent". A Retry-After of the server is honoured, up to ten minutes and
// but for the last question.
//
// Wait returns when max is over or within milliseconds of the context's end,
// and leaves no goroutine behind. However small max is, it asks once, and gives
// that question up to ten seconds.
func (c *Client) Wait(ctx context.Context, x *Cancellation, max time.Duration, opts ...WaitOption) (*Cancellation, error) {
	if err := c.owns(x); err != nil {
		return nil, err
	}
	if x.Status == Succeeded {
		return x, nil
	}
	w := c.waitFor(x, max, opts)
	stop, err := w.run(ctx, w.see)
	switch {
	case stop == stoppedByBound:
		return w.x, w.endedEarly(w.lastErr)
	case stop == stoppedByContext:
		return w.x, w.endedEarly(err)
	case err != nil:
		return nil, err
	case w.final != nil:
		return nil, w.final
	}
	return w.x, nil
}

// waiting is one [Client.Wait].
type waiting struct {
	*polling
	x     *Cancellation // as it is known
	final error         // how the cancel ended, when not with success
}

func (c *Client) waitFor(x *Cancellation, max time.Duration, opts []WaitOption) *waiting {
	w := &waiting{polling: c.polling(&x.Intent, x.window(c), max, opts), x: x.withoutPersonal()}
	// What was seen just now needn't be asked about at once.
	if !x.seenAt.IsZero() {
		w.pause = jittered(w.options.pace.first) - c.now().Sub(x.seenAt)
	}
	return w
}

// see takes an answer in. A failed question leaves the state as it was.
func (w *waiting) see(ctx context.Context, s *sighting) (enough bool, x *Cancellation, err error) {
	if s.err != nil {
		return false, w.x, s.err
	}
	followed, err := w.client.follow(ctx, w.x, s)
	switch {
	case err == nil:
		w.x = followed
		if followed.Status == Succeeded {
			return true, followed, nil
		}
		// What rests until the next question is small: the answer itself may go.
		w.x = followed.withoutPersonal()
		return false, followed, nil
	case errors.As(err, new(*FollowError)):
		return false, w.x, err
	}
	w.final = err
	return true, nil, err
}

func (w *waiting) endedEarly(err error) error {
	return &WaitTimeoutError{Last: w.x.withoutPersonal(), Attempts: w.attempts, Elapsed: w.elapsed(), Err: err}
}
