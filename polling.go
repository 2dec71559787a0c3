package assist

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// polling is one wait. All that it remembers lives on the heap, and the frames
// above its pauses are small, so that a goroutine that waits gets by with a
// stack of 4 KiB.
type polling struct {
	client  *Client
	intent  *Intent
	window  window
	options waitOptions
	bound   time.Duration
	pause   time.Duration // before the first question

	began    time.Time
	attempts int
	lastErr  error

	shared   *watch
	seen     int             // the number of the newest answer that was looked at
	turned   <-chan struct{} // tells of the next turn of the shared questions
	due      bool            // our time to ask has come
	step     time.Duration   // between questions, before jitter
	timer    *time.Timer     // of the next question
	overtime *time.Timer     // of the bound
}

// polling takes a copy of the intent: the cancellation that it came in may go.
func (c *Client) polling(in *Intent, w window, bound time.Duration, opts []WaitOption) *polling {
	kept := *in
	return &polling{client: c, intent: &kept, window: w, bound: bound, options: newWaitOptions(opts)}
}

type stopReason int

const (
	goingOn stopReason = iota
	stoppedByAnswer
	stoppedByBound
	stoppedByContext
	stoppedByRefusal
)

func (p *polling) elapsed() time.Duration { return time.Since(p.began) }

// seeing gets every answer, one's own and those that others asked for. Enough
// ends the wait.
type seeing func(context.Context, *sighting) (enough bool, x *Cancellation, err error)

// run asks until see says that it is enough.
func (p *polling) run(ctx context.Context, see seeing) (stopReason, error) {
	p.begin()
	defer p.end()
	for {
		stop, rest, err := p.turn(ctx, see)
		if stop != goingOn {
			return stop, err
		}
		if rest {
			p.rest(ctx)
		}
	}
}

func (p *polling) begin() {
	p.shared = p.client.watches.join(p.intent.Request.Billnumber.Payment())
	p.began = time.Now()
	p.step = p.options.pace.first
	first, _ := p.fit(p.pause)
	p.timer = time.NewTimer(first)
	p.overtime = time.NewTimer(p.bound)
	_, p.seen, _ = p.client.watches.state(p.shared)
}

func (p *polling) end() {
	p.timer.Stop()
	p.overtime.Stop()
	p.client.watches.leave(p.intent.Request.Billnumber.Payment(), p.shared)
}

// turn does what there is to do now: looks at a new answer, or asks. It tells
// whether to rest.
func (p *polling) turn(ctx context.Context, see seeing) (stop stopReason, rest bool, err error) {
	switch {
	case ctx.Err() != nil:
		return stoppedByContext, false, errors.Join(contextError(ctx), p.lastErr)
	case p.elapsed() >= p.bound:
		return stoppedByBound, false, nil
	}
	// The channel is taken before the answer is looked at, so that no turn is
	// missed in between.
	last, number, turned := p.client.watches.state(p.shared)
	p.turned = turned
	if number == p.seen {
		asked := p.due && p.ask(ctx)
		return goingOn, !asked, nil
	}
	p.seen, p.due = number, false
	p.attempts++
	enough, x, err := see(ctx, last)
	wished := last.retryAfter
	p.client.watches.looked(p.shared, number)
	p.lastErr = err
	switch {
	case enough:
		p.observe(x, err, 0)
		return stoppedByAnswer, false, nil
	case refused(err):
		p.observe(x, err, 0)
		return stoppedByRefusal, false, err
	}
	p.step = min(p.step+p.step/2, p.options.pace.max)
	next, again := p.fit(max(jittered(p.step), wished))
	if again && next >= wished {
		p.timer.Reset(next)
	} else {
		// No question fits in any more; somebody else's answer may still come.
		p.timer.Stop()
		next = 0
	}
	p.observe(x, err, next)
	return goingOn, true, nil
}

// rest pauses until something has happened.
func (p *polling) rest(ctx context.Context) {
	select {
	case <-p.timer.C:
		p.due = true
	case <-p.turned:
	case <-ctx.Done():
	case <-p.overtime.C:
	}
}

// ask asks for everybody. It reports false while somebody else does, or when the
// time is over.
func (p *polling) ask(ctx context.Context) bool {
	c := p.client
	ctx, cancel := context.WithDeadline(ctx, p.began.Add(p.bound))
	defer cancel()
	if !c.questions.enter(ctx) {
		return false
	}
	defer c.questions.leave()
	return c.watches.ask(ctx, p.shared, func(ctx context.Context) *sighting { return c.look(ctx, p.intent, p.window) })
}

// fit shortens a pause so that the last question still has time for its answer.
// It reports false when that would come too soon after the one before.
func (p *polling) fit(pause time.Duration) (time.Duration, bool) {
	left := p.bound - p.elapsed() - min(lastQuestion, p.bound/10)
	pause = max(min(pause, left), 0)
	return pause, p.attempts == 0 || pause >= shortestPoll
}

func (p *polling) observe(x *Cancellation, err error, next time.Duration) {
	if p.options.observer == nil {
		return
	}
	seen := Observation{Attempt: p.attempts, Elapsed: p.elapsed(), Cancellation: x, Err: err, Next: next}
	p.client.guarded(context.Background(), "observer of a wait", func() { p.options.observer(seen) })
}

// jittered takes up to a fifth off or on, so that many waits don't ask together.
func jittered(d time.Duration) time.Duration {
	return max(shortestPoll, d-d/5+rand.N(2*(d/5)+1))
}

// retryAfter reads the Retry-After header, in seconds or as a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 && seconds < 1<<20 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(now)
	}
	return 0
}
