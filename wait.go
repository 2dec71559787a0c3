package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The pace of a wait by default: the wallets of protocol §6 take minutes.
const (
	defaultFirstPoll = 30 * time.Second
	defaultMaxPoll   = 5 * time.Minute
	// shortestPoll keeps a wait from becoming a load on the server.
	shortestPoll = time.Second
	// lastQuestion is the time kept for the question at the end of a wait.
	lastQuestion = 2 * time.Second
	// firstQuestion is the time that the first question of a wait has, however
	// small its bound: a wait of no time asks once.
	firstQuestion = 10 * time.Second
)

// WaitOption changes how [Client.Wait] and [Client.ResolveWait] ask.
type WaitOption func(*waitOptions)

// pace is how often a wait asks.
type pace struct{ first, max time.Duration }

type waitOptions struct {
	pace     pace
	observer func(Observation)
}

// PollEvery sets the pace: the first pause and the longest, between which the
// pauses grow. A fifth of each is random. Less than a second is made a second;
// the default is 30 seconds and 5 minutes.
func PollEvery(first, max time.Duration) WaitOption {
	return func(o *waitOptions) { o.pace = pace{first: first, max: max} }
}

// Observe calls the function after every question, on the waiting goroutine: for
// a progress display, or to see a state that this library doesn't know. It must
// not block. A panic of it is logged, and the wait goes on.
func Observe(f func(Observation)) WaitOption {
	return func(o *waitOptions) { o.observer = f }
}

// Observation is what one question showed.
type Observation struct {
	Attempt int           // from 1
	Elapsed time.Duration // since the wait began
	// Cancellation is the state as it is known, also where the question failed.
	// It is nil in a ResolveWait, and where the cancel turned out declined.
	Cancellation *Cancellation
	// Err is why the question failed, or how the cancel ended.
	Err error
	// Next is the pause before the next question; zero when there is none.
	Next time.Duration
}

func newWaitOptions(opts []WaitOption) waitOptions {
	o := waitOptions{pace: pace{first: defaultFirstPoll, max: defaultMaxPoll}}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	o.pace.first = max(o.pace.first, shortestPoll)
	o.pace.max = max(o.pace.max, o.pace.first)
	return o
}

// WaitTimeoutError says that a wait ended, by its bound or by its context, while
// the cancel was still in process. Time makes no failure and undoes nothing:
// Assist has taken the cancel, so the outcome is that of Last, [Accepted], and
// there is nothing to resolve. Go on with Last or its token, now or later.
type WaitTimeoutError struct {
	Last     *Cancellation // without personal data and the server's own texts
	Attempts int           // questions that were answered
	Elapsed  time.Duration
	// Err is why the last question failed, if it did, and the cause of the context
	// where that ended the wait.
	Err error
}

func (e *WaitTimeoutError) Error() string {
	text := fmt.Sprintf("assist: still in process after %v and %d questions; wait again, now or later", e.Elapsed.Round(time.Second), e.Attempts)
	if e.Last != nil && e.Last.Operation.Billnumber != "" {
		text = fmt.Sprintf("assist: cancel %s: still in process after %v and %d questions; go on later with %s",
			e.Last.Operation.Billnumber, e.Elapsed.Round(time.Second), e.Attempts, e.Last.Token())
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *WaitTimeoutError) Unwrap() error { return e.Err }

// Outcome is that of Last: [Accepted], which is not "refunded". Without Last
// nothing is known, and it is [Unknown].
func (e *WaitTimeoutError) Outcome() Outcome {
	if e == nil || e.Last == nil {
		return Unknown
	}
	return Accepted
}

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
	w := &waiting{polling: c.polling(&x.Intent, x.window(c), max, opts), x: x.bare()}
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
		w.x = followed.bare()
		return false, followed, nil
	case errors.As(err, new(*FollowError)):
		return false, w.x, err
	}
	w.final = err
	return true, nil, err
}

func (w *waiting) endedEarly(err error) error {
	return &WaitTimeoutError{Last: w.x.bare(), Attempts: w.attempts, Elapsed: w.elapsed(), Err: err}
}

// clone shares nothing with the cancellation that an observer would write to.
func (x *Cancellation) clone() *Cancellation {
	if x == nil {
		return nil
	}
	copied := *x
	copied.Operations, copied.Order = slices.Clone(x.Operations), x.Order.clone()
	return &copied
}

// bare is the cancellation as an error may carry it.
func (x *Cancellation) bare() *Cancellation {
	return &Cancellation{
		Status: x.Status, Operation: x.Operation.bare(), Operations: bareOperations(x.Operations),
		Order: x.Order.bare(), Intent: x.Intent, seenAt: x.seenAt,
	}
}
