package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
)

const (
	// resultsPause is between two questions: Assist takes one in ten minutes
	// (protocol §5).
	resultsPause = 10 * time.Minute
	// resultsWindowLimit is the longest period of one question; a longer one would be
	// answered with the last three hours, silently.
	resultsWindowLimit = 24 * time.Hour
	// resultsShortest is the shortest window that a large day is cut into.
	resultsShortest = 15 * time.Minute
	// resultsStale allows for a question every ten minutes, its answer's time, and
	// the minute to which it is asked.
	resultsStale = 15 * time.Minute
	// resultsSettled is how long after its end a window is asked for again: what
	// Assist lists late.
	resultsSettled = time.Hour
)

// ResultsBalance is a [assist.DayBalance] that Assist feeds: a ledger built from
// [assist.Client.ResultsByDate]. It sees the payments of all customers, and refunds
// made elsewhere, for example in the personal account. It is safe for concurrent
// use; however many ask, there is one question at a time and one in ten minutes.
//
// The figures are as fresh as AsOf says. Between two questions, what customers
// pay is missing from them unless Paid tells it, so that less is available than
// could be; and refunds made elsewhere are missing, where Assist itself is still
// the judge. A refusal from stale figures says so
// ([assist.WalletRuleError.Stale]).
type ResultsBalance struct {
	ledger *Ledger
	asker  *assist.Client

	mu      sync.Mutex
	pending *resultsQuestion
	next    time.Time // of the process's own clock: no question before
	err     error     // of the last question
	day     moscow.Day
	windows []resultsWindow // of the day
	longest time.Duration   // of a window
}

// resultsWindow is a part of the day that one question may ask for.
type resultsWindow struct {
	from, to time.Time // to may lie behind the day's end: no question asks further than now
	asked    time.Time // up to when its rows are known
	tried    time.Time // when it was asked for last
}

// settled tells a window that will hardly change any more.
func (w *resultsWindow) settled() bool { return !w.asked.Before(w.to.Add(resultsSettled)) }

// resultsQuestion is one question that any number of callers wait for.
type resultsQuestion struct {
	cancel    context.CancelFunc
	answered  chan struct{}
	waiting   int
	abandoned bool
	err       error
}

// asking is one question, and up to when it will have told the window's rows.
type asking struct {
	window resultsWindow // as much of it as is over
	upTo   time.Time
}

// FromResults makes a day balance that asks Assist for the operations
// of the Moscow day, with the bank's rates for the commission, which no answer
// tells. It asks nothing by itself: Reserve and Refresh do, when ten minutes have
// passed since the last question. Errors are [*assist.ValidationError].
//
// The asker is a client of its own, because the one that cancels is made with
// the balance:
//
//	asker, err := assist.NewClient(baseURL, credentials)
//	balance, err := assist.FromResults(asker, assist.Rates{assist.QIWI: 35_000})
//	client, err := assist.NewClient(baseURL, credentials, assist.WithWalletRules(balance))
//
// An answer holds every operation of the day, those of cards too. Where it is too
// large, or takes longer than the asker's time limit, the day is cut into shorter
// windows, which are asked for in turn. Other programs that ask for results by date
// share the ten minutes.
func FromResults(asker *assist.Client, rates Rates) (*ResultsBalance, error) {
	if asker == nil {
		return nil, &assist.ValidationError{Field: "asker", Reason: "must not be nil"}
	}
	ledger, err := New(rates, asker.Now)
	if err != nil {
		return nil, err
	}
	return &ResultsBalance{ledger: ledger, asker: asker, longest: resultsWindowLimit}, nil
}

// Reserve is the method of [assist.DayBalance]. It refreshes the figures first, where a
// question is allowed, and waits for the answer. When the question fails it goes
// by the figures it has.
func (r *ResultsBalance) Reserve(ctx context.Context, id string, w assist.Wallet, amount assist.Money, at time.Time) error {
	// The failure shows in the staleness of a refusal.
	_ = r.Refresh(ctx)
	if ctx.Err() != nil {
		return ended(ctx)
	}
	err := r.ledger.Reserve(ctx, id, w, amount, at)
	if rule, refused := err.(*assist.WalletRuleError); refused {
		rule.AsOf, rule.Stale = r.freshness(r.asker.Now())
	}
	return err
}

// Settle is the method of [assist.DayBalance]. It asks nothing.
func (r *ResultsBalance) Settle(ctx context.Context, id string, moved bool) error {
	return r.ledger.Settle(ctx, id, moved)
}

// Hold is [Ledger.Hold].
func (r *ResultsBalance) Hold(id string, w assist.Wallet, amount assist.Money, at time.Time) error {
	return r.ledger.Hold(id, w, amount, at)
}

// Paid is [Ledger.Paid], for a payment that the merchant hears of before the next
// question. It is known again in the results by its billnumber.
func (r *ResultsBalance) Paid(b assist.Billnumber, w assist.Wallet, amount assist.Money, at time.Time) error {
	return r.ledger.Paid(b, w, amount, at)
}

// Balance is [Ledger.Balance], with the freshness of the figures. It asks
// nothing.
func (r *ResultsBalance) Balance(w assist.Wallet, currency string, at time.Time) WalletBalance {
	balance := r.ledger.Balance(w, currency, at)
	balance.AsOf, balance.Stale = r.freshness(at)
	return balance
}

// BookOperations is [Ledger.BookOperations].
func (r *ResultsBalance) BookOperations(ctx context.Context, id string, operations []assist.Operation) error {
	return r.ledger.BookOperations(ctx, id, operations)
}

// Refresh asks Assist for the operations of the Moscow day so far, where ten
// minutes have passed since the last question, and waits for the answer. Where
// they haven't, or nothing is left to ask for, it gives back what became of the
// last question. A day of 25 hours (26 October 2014) takes two questions, so it
// is known whole after two refreshes. Errors are those of
// [assist.Client.ResultsByDate], or of the context.
func (r *ResultsBalance) Refresh(ctx context.Context) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	pending, err := r.join(ctx)
	if pending == nil {
		return err
	}
	select {
	case <-pending.answered:
		return pending.err
	case <-ctx.Done():
	}
	if r.leave(pending) {
		// Nobody wants the answer any more. The question ends before its last
		// caller goes, so that nothing is left running.
		pending.cancel()
		<-pending.answered
	}
	return ended(ctx)
}

// join joins the question under way, or starts one if that is allowed. No lock
// is held while it is asked.
func (r *ResultsBalance) join(ctx context.Context) (*resultsQuestion, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if pending := r.pending; pending != nil {
		if pending.abandoned {
			return nil, r.err
		}
		pending.waiting++
		return pending, nil
	}
	window, about := r.question(r.asker.Now())
	if window == nil || time.Now().Before(r.next) {
		return nil, r.err
	}
	window.tried = about.upTo
	// The question outlives a caller who goes while others wait for it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	pending := &resultsQuestion{cancel: cancel, answered: make(chan struct{}), waiting: 1}
	r.pending = pending
	go r.ask(ctx, pending, about)
	return pending, nil
}

// ended is the error of a context that is over.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return errors.Join(cause, err)
}

func (r *ResultsBalance) leave(pending *resultsQuestion) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pending.waiting--
	pending.abandoned = pending.waiting == 0
	return pending.abandoned
}

func (r *ResultsBalance) ask(ctx context.Context, pending *resultsQuestion, about asking) {
	err := errAskerGone
	// Deferred, so that a transport that panics or ends its goroutine leaves nobody
	// waiting: the error says so instead.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("ledger: the question for results by date panicked: %v", p)
		}
		r.finish(pending, about, err)
	}()
	err = r.fetch(ctx, assist.PeriodQuery{From: about.window.from, To: about.window.to})
}

var errAskerGone = errors.New("ledger: the question for results by date ended without an answer")

// fetch asks, and books the rows when there was a whole answer.
func (r *ResultsBalance) fetch(ctx context.Context, query assist.PeriodQuery) error {
	var rows []bookedRow
	came := false
	err := r.asker.EachResult(ctx, query, func(p assist.Payment) error {
		came = true
		if row, ok := bookedRowOf(&p); ok {
			rows = append(rows, row)
		}
		return nil
	})
	if errors.Is(err, assist.ErrOrderNotFound) {
		return nil // a day without operations
	}
	switch {
	case err == nil:
		r.ledger.bookRows(rows)
	case came && errors.Is(err, context.DeadlineExceeded):
		// It was on its way, so a shorter one is in time.
		return fmt.Errorf("%w: %w", assist.ErrTooLarge, err)
	}
	return err
}

func (r *ResultsBalance) finish(pending *resultsQuestion, about asking, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.windows {
		if w := &r.windows[i]; err == nil && w.from.Equal(about.window.from) {
			w.asked = about.upTo
		}
	}
	if isTooMuch(err) && !pending.abandoned {
		r.shorten(about.window)
	}
	pending.err, r.err, r.pending = err, err, nil
	// Counted from the answer: the question can't have reached Assist later. A
	// question that failed counts too, since it may have.
	r.next = time.Now().Add(resultsPause)
	pending.cancel()
	close(pending.answered)
}

// isTooMuch tells a question that a shorter window may answer.
func isTooMuch(err error) bool {
	var api *assist.APIError
	if errors.As(err, &api) {
		return api.Second == secondCodeIntervalTooLarge || api.Second == secondCodeDocumentTooLarge
	}
	return errors.Is(err, assist.ErrTooLarge)
}

// Second codes of protocol §9.
const (
	secondCodeDocumentTooLarge = 2
	secondCodeIntervalTooLarge = 4
)

// shorten halves the windows after one that was too large. What is known of the
// old ones is known of the new.
func (r *ResultsBalance) shorten(w resultsWindow) {
	half := (w.to.Sub(w.from) / 2).Truncate(time.Minute)
	if half < resultsShortest || half >= r.longest {
		return
	}
	r.longest = half
	before := r.windows
	r.windows = r.windowsOf(r.day)
	for i := range r.windows {
		cut := &r.windows[i]
		first := true
		for _, old := range before {
			if overlaps := old.from.Before(cut.to) && cut.from.Before(old.to); overlaps && (first || old.asked.Before(cut.asked)) {
				cut.asked, first = old.asked, false
			}
		}
	}
}

// question chooses the window of the Moscow day whose turn it is, or nil: the one
// that was asked for longest ago, whatever came of it.
func (r *ResultsBalance) question(now time.Time) (*resultsWindow, asking) {
	if day := moscow.DayOf(now); day != r.day || r.windows == nil {
		if r.windows != nil {
			r.longest = min(2*r.longest, resultsWindowLimit) // the next day may be smaller
		}
		r.day, r.windows = day, r.windowsOf(day)
	}
	// A period that ends in the future could be taken for a wrong one.
	end := now.Truncate(time.Minute)
	var next *resultsWindow
	for i := range r.windows {
		w := &r.windows[i]
		if w.from.Before(end) && !w.settled() && (next == nil || w.turn().Before(next.turn())) {
			next = w
		}
	}
	if next == nil {
		return nil, asking{}
	}
	about := asking{window: *next, upTo: end}
	if about.window.to.After(end) {
		about.window.to = end
	}
	return next, about
}

func (w *resultsWindow) turn() time.Time {
	if w.tried.After(w.asked) {
		return w.tried
	}
	return w.asked
}

// windowsOf cuts a Moscow day into periods that one question may ask for.
func (r *ResultsBalance) windowsOf(day moscow.Day) (windows []resultsWindow) {
	for from, end := day.Start(), day.End(); from.Before(end); from = from.Add(r.longest) {
		windows = append(windows, resultsWindow{from: from, to: from.Add(r.longest)})
	}
	return windows
}

// freshness tells up to when the rows of the day are known, in all its windows.
// Before the day's first minute is over there are none to know.
func (r *ResultsBalance) freshness(now time.Time) (asOf time.Time, stale bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	day := moscow.DayOf(now)
	windows := r.windows
	if day != r.day || windows == nil {
		windows = r.windowsOf(day)
	}
	never := !slices.ContainsFunc(windows, func(w resultsWindow) bool { return !w.asked.IsZero() })
	asOf = day.Start()
	turns := 0
	for i := range windows {
		w := &windows[i]
		if !w.from.Before(now.Truncate(time.Minute)) || w.settled() {
			continue
		}
		known := w.asked
		if known.Before(w.from) && !never {
			known = w.from // what came before it is told by the windows before
		}
		if turns == 0 || known.Before(asOf) {
			asOf = known
		}
		turns++
	}
	// Windows take turns. What was never asked for comes first: its time is zero.
	return asOf, r.err != nil || now.Sub(asOf) > resultsStale*time.Duration(max(turns, 1))
}
