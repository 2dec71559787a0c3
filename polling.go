package assist

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/assist-go/assist/internal/poll"
	"github.com/assist-go/assist/internal/wire"
)

// polling is one wait. All that it remembers is on the heap, and what is
// called during a pause needs little of the stack: 4 KiB do for a waiting goroutine.
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

	shared   *poll.Watch[*sighting]
	seen     int             // the number of the newest answer that was looked at
	turned   <-chan struct{} // tells of the next turn of the shared questions
	due      bool            // our time to ask has come
	step     time.Duration   // between questions, before jitter
	slowed   time.Duration   // the pause after Assist's last "too frequent"
	timer    *time.Timer     // of the next question
	overtime *time.Timer     // of the bound
	search   *search         // one that was stopped by a failure
	longest  time.Duration   // what the server takes at once; 0 is not known
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

// limit is when the wait is over. The first question is asked, and given the
// time for an answer, however small the bound.
func (p *polling) limit() time.Duration {
	if p.attempts == 0 {
		return max(p.bound, firstQuestion)
	}
	return p.bound
}

// seeing gets every answer, one's own and those that others asked for. Enough
// ends the wait.
type seeing func(context.Context, *sighting) (enough bool, x *Cancellation, err error)

// run asks until see says that it is enough.
func (p *polling) run(ctx context.Context, see seeing) (stopReason, error) {
	subject := subjectOf(p.intent.Request.Billnumber, p.intent.Request.OrderNumber, p.window.orderDate)
	p.begin(subject)
	defer p.end(subject)
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

func (p *polling) begin(s subject) {
	p.shared, p.seen = p.client.watches.Join(s)
	p.began = time.Now()
	p.step = p.options.pace.first
	first, _ := p.fit(p.pause)
	p.timer = time.NewTimer(first)
	p.overtime = time.NewTimer(p.limit())
}

func (p *polling) end(s subject) {
	p.timer.Stop()
	p.overtime.Stop()
	p.client.watches.Leave(s, p.shared, p.seen)
}

// turn does what there is to do now: looks at a new answer, or asks. It tells
// whether to rest.
func (p *polling) turn(ctx context.Context, see seeing) (stop stopReason, rest bool, err error) {
	switch {
	case ctx.Err() != nil:
		return stoppedByContext, false, errors.Join(contextError(ctx), p.lastErr)
	case p.elapsed() >= p.limit():
		return stoppedByBound, false, nil
	}
	// The channel is taken before the answer is looked at, so that no turn is
	// missed in between.
	answered, turned := p.client.watches.State(p.shared)
	p.turned = turned
	if answered <= p.seen {
		asked := p.due && p.ask(ctx)
		return goingOn, !asked, nil
	}
	var last *sighting
	last, p.seen = p.client.watches.Take(p.shared)
	p.due = false
	p.attempts++
	if p.attempts == 1 {
		p.overtime.Reset(p.bound - p.elapsed())
	}
	if last.order != nil && !last.order.Date.IsZero() {
		// Assist's date needs no search.
		p.window = windowOf(last.order.Date)
	}
	enough, x, err := see(ctx, last)
	p.lastErr = err
	switch {
	case enough:
		p.observe(ctx, x, err, 0)
		return stoppedByAnswer, false, nil
	case refused(err):
		p.observe(ctx, x, err, 0)
		return stoppedByRefusal, false, err
	}
	p.observe(ctx, x, err, p.schedule(max(last.retryAfter, p.slow(err))))
	return goingOn, true, nil
}

// schedule sets when the next question is due: at the pace, not before the
// server wishes, and at the end of the wait in any case. Who gives up without it
// would be back with the next wait, which asks at once.
func (p *polling) schedule(wished time.Duration) time.Duration {
	p.step = min(p.step+p.step/2, p.options.pace.max)
	next, again := p.fit(max(jittered(p.step), wished))
	if !again {
		// No question fits in any more; somebody else's answer may still come.
		p.timer.Stop()
		return 0
	}
	p.timer.Reset(next)
	return next
}

// slow answers "too frequent" with growing pauses, whatever the pace.
func (p *polling) slow(err error) time.Duration {
	api, ok := codesOf(err)
	if !ok || api.Second != secondCodeTooFrequent {
		p.slowed = 0
		return 0
	}
	p.slowed = min(max(2*p.slowed, 2*p.step, defaultFirstPoll), longestWish)
	return p.slowed
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

// ask asks for everybody. It reports false while somebody else does.
func (p *polling) ask(ctx context.Context) bool {
	c := p.client
	ctx, cancel := context.WithDeadline(ctx, p.began.Add(p.limit()))
	defer cancel()
	own, asked := c.watches.Ask(ctx, p.shared, poll.Gates{c.questions}, p.question)
	if own != nil {
		p.lastErr = own.err
	}
	return asked
}

func (p *polling) question(ctx context.Context) *sighting {
	s := p.search
	if s == nil {
		s = newSearch(wire.OrderResult, p.intent.Request.OrderNumber, p.window.regions(p.client.now()))
		s.longest = p.longest
	}
	seen := p.client.lookBy(aboutIntent(ctx, p.intent), s, p.intent.Request.Billnumber)
	p.search, p.longest = nil, s.longest
	if seen.err != nil && len(s.left) > 0 && len(s.asked) > 0 && !errors.Is(seen.err, ErrOrderNotFound) {
		p.search = s
	}
	return seen
}

// fit shortens a pause so that the last question still has time for its answer.
// It reports false when that would come too soon after the one before.
func (p *polling) fit(pause time.Duration) (time.Duration, bool) {
	left := p.bound - p.elapsed() - min(lastQuestion, p.bound/10)
	pause = max(min(pause, left), 0)
	return pause, p.attempts == 0 || pause >= shortestPoll
}

// observe shows the observer a copy, which it may edit and keep. Its panic must not
// cost the caller what the answer has shown.
func (p *polling) observe(ctx context.Context, x *Cancellation, err error, next time.Duration) {
	if p.options.observer == nil {
		return
	}
	seen := Observation{Attempt: p.attempts, Elapsed: p.elapsed(), Cancellation: x.clone(), Err: err, Next: next}
	p.client.guarded(ctx, "Observe", func() { p.options.observer(seen) })
}

// jittered takes up to a fifth off or on, so that many waits don't ask together.
func jittered(d time.Duration) time.Duration {
	return max(shortestPoll, d-d/5+rand.N(2*(d/5)+1))
}

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
