package assist

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/assist-go/assist/internal/moscow"
)

const (
	// resultsPause is between two questions: Assist takes one in ten minutes
	// (protocol §5).
	resultsPause = 10 * time.Minute
	// resultsWindow is the longest period of one question; a longer one would be
	// answered with the last three hours, silently.
	resultsWindow = 24 * time.Hour
	// resultsStale allows for a question every ten minutes, its answer's time, and
	// the minute to which it is asked.
	resultsStale = 15 * time.Minute
)

// ResultsBalance is a [DayBalance] that Assist feeds: a ledger built from
// [Client.ResultsByDate]. It sees the payments of all customers, and refunds
// made elsewhere, in the personal account for one. It is safe for concurrent
// use; however many ask, there is one question at a time and one in ten minutes.
//
// The figures are as fresh as AsOf says. Between two questions, what customers
// pay is missing from them unless Paid tells it, so that less is available than
// could be; and refunds made elsewhere are missing, where Assist itself is still
// the judge. A refusal from stale figures says so
// ([WalletRuleError.Stale]).
type ResultsBalance struct {
	ledger *Ledger
	asker  *Client

	mu     sync.Mutex
	flight *resultsFlight
	next   time.Time // of the process's own clock: no question before
	err    error     // of the last question
	day    moscow.Day
	asked  []time.Time // by window of the day: up to when its rows are known
}

// resultsFlight is one question that any number of callers wait for.
type resultsFlight struct {
	cancel    context.CancelFunc
	landed    chan struct{}
	waiting   int
	abandoned bool
	err       error
}

// asking is what a question will have told.
type asking struct {
	day    moscow.Day
	window int
	upTo   time.Time
}

// DayBalanceFromResults makes a day balance that asks Assist for the operations
// of the Moscow day, with the bank's rates for the commission, which no answer
// tells. It asks nothing by itself: Reserve and Refresh do, when ten minutes have
// passed since the last question. Errors are [*ValidationError].
//
// The asker is a client of its own, because the one that cancels is made with
// the balance:
//
//	asker, err := assist.NewClient(baseURL, credentials)
//	balance, err := assist.DayBalanceFromResults(asker, assist.Rates{assist.QIWI: 35_000})
//	client, err := assist.NewClient(baseURL, credentials, assist.WithWalletRules(balance))
//
// An answer holds every operation of the day, those of cards too, at some two
// kilobytes each: give the asker a [WithMaxResponseSize] that suits the
// merchant. Other programs that ask for results by date share the ten minutes.
func DayBalanceFromResults(asker *Client, rates Rates) (*ResultsBalance, error) {
	if asker == nil {
		return nil, &ValidationError{Field: "asker", Reason: "must not be nil"}
	}
	ledger, err := NewLedger(rates, asker.now)
	if err != nil {
		return nil, err
	}
	return &ResultsBalance{ledger: ledger, asker: asker}, nil
}

// Reserve is the method of [DayBalance]. It refreshes the figures first, where a
// question is allowed, and waits for the answer. When the question fails it goes
// by the figures it has.
func (r *ResultsBalance) Reserve(ctx context.Context, id string, w Wallet, amount Money, at time.Time) error {
	// The failure shows in the staleness of a refusal.
	_ = r.Refresh(ctx)
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	err := r.ledger.Reserve(ctx, id, w, amount, at)
	if rule, refused := err.(*WalletRuleError); refused {
		rule.AsOf, rule.Stale = r.freshness(r.asker.now())
	}
	return err
}

// Settle is the method of [DayBalance]. It asks nothing.
func (r *ResultsBalance) Settle(ctx context.Context, id string, moved bool) error {
	return r.ledger.Settle(ctx, id, moved)
}

// Hold is [Ledger.Hold].
func (r *ResultsBalance) Hold(id string, w Wallet, amount Money, at time.Time) error {
	return r.ledger.Hold(id, w, amount, at)
}

// Paid is [Ledger.Paid], for a payment that the merchant hears of before the next
// question. It is known again in the results by its billnumber.
func (r *ResultsBalance) Paid(b Billnumber, w Wallet, amount Money, at time.Time) error {
	return r.ledger.Paid(b, w, amount, at)
}

// Balance is [Ledger.Balance], with the freshness of the figures. It asks
// nothing.
func (r *ResultsBalance) Balance(w Wallet, currency string, at time.Time) WalletBalance {
	balance := r.ledger.Balance(w, currency, at)
	balance.AsOf, balance.Stale = r.freshness(at)
	return balance
}

// BookOperations is [Ledger.BookOperations].
func (r *ResultsBalance) BookOperations(ctx context.Context, id string, operations []Operation) error {
	return r.ledger.BookOperations(ctx, id, operations)
}

// Refresh asks Assist for the operations of the Moscow day so far, where ten
// minutes have passed since the last question, and waits for the answer. Where
// they haven't, or nothing is left to ask for, it gives back what became of the
// last question. A day of 25 hours (26 October 2014) takes two questions, so it
// is known whole after two refreshes. Errors are those of
// [Client.ResultsByDate], or of the context.
func (r *ResultsBalance) Refresh(ctx context.Context) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	flight, err := r.board(ctx)
	if flight == nil {
		return err
	}
	select {
	case <-flight.landed:
		return flight.err
	case <-ctx.Done():
	}
	if r.leave(flight) {
		// Nobody wants the answer any more. The question ends before its last
		// caller goes, so that nothing is left running.
		flight.cancel()
		<-flight.landed
	}
	return contextError(ctx)
}

// board joins the question under way, or starts one if that is allowed. No lock
// is held while it is asked.
func (r *ResultsBalance) board(ctx context.Context) (*resultsFlight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if flight := r.flight; flight != nil {
		if flight.abandoned {
			return nil, r.err
		}
		flight.waiting++
		return flight, nil
	}
	now := r.asker.now()
	query, window, due := r.question(now)
	if !due || time.Now().Before(r.next) {
		return nil, r.err
	}
	// The question outlives a caller who goes while others wait for it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	flight := &resultsFlight{cancel: cancel, landed: make(chan struct{}), waiting: 1}
	r.flight = flight
	go r.ask(ctx, flight, query, asking{day: r.day, window: window, upTo: now.Truncate(time.Minute)})
	return flight, nil
}

func (r *ResultsBalance) leave(flight *resultsFlight) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	flight.waiting--
	flight.abandoned = flight.waiting == 0
	return flight.abandoned
}

func (r *ResultsBalance) ask(ctx context.Context, flight *resultsFlight, query PeriodQuery, about asking) {
	defer close(flight.landed)
	defer flight.cancel()
	rows, err := r.asker.ResultsByDate(ctx, query)
	if errors.Is(err, ErrOrderNotFound) {
		// A day without operations.
		rows, err = nil, nil
	}
	r.ledger.Book(rows)
	r.mu.Lock()
	defer r.mu.Unlock()
	flight.err, r.err, r.flight = err, err, nil
	if err == nil && about.day == r.day {
		r.asked[about.window] = about.upTo
	}
	// Counted from the answer: the question can't have reached Assist later. A
	// question that failed counts too, since it may have.
	r.next = time.Now().Add(resultsPause)
}

// question chooses the window of the Moscow day that was asked for longest ago.
func (r *ResultsBalance) question(now time.Time) (query PeriodQuery, window int, due bool) {
	if day := moscow.DayOf(now); day != r.day || r.asked == nil {
		r.day, r.asked = day, make([]time.Time, len(windowsOf(day)))
	}
	// A period that ends in the future could be taken for a wrong one.
	end := now.Truncate(time.Minute)
	for i, w := range windowsOf(r.day) {
		if !w.From.Before(end) || due && !r.asked[i].Before(r.asked[window]) {
			continue
		}
		if w.To.After(end) {
			w.To = end
		}
		query, window, due = w, i, true
	}
	return query, window, due
}

// windowsOf cuts a Moscow day into periods that one question may ask for. The
// last may reach beyond the day: no question asks further than now.
func windowsOf(day moscow.Day) []PeriodQuery {
	var windows []PeriodQuery
	for from, end := day.Start(), (day + 1).Start(); from.Before(end); from = from.Add(resultsWindow) {
		windows = append(windows, PeriodQuery{From: from, To: from.Add(resultsWindow)})
	}
	return windows
}

// freshness tells up to when the rows of the day are known, in all its windows.
// Before the day's first minute is over there are none to know.
func (r *ResultsBalance) freshness(now time.Time) (asOf time.Time, stale bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	day := moscow.DayOf(now)
	asOf, age := day.Start(), resultsStale
	begun := 0
	for i, w := range windowsOf(day) {
		if !w.From.Before(now.Truncate(time.Minute)) {
			continue
		}
		var asked time.Time
		if day == r.day && r.asked != nil {
			asked = r.asked[i]
		}
		if begun == 0 || asked.Before(asOf) {
			asOf = asked
		}
		begun++
	}
	age *= time.Duration(max(begun, 1))
	// What was never asked for is of the year 1.
	return asOf, r.err != nil || now.Sub(asOf) > age
}
