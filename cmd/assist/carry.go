package main

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
)

// A command carries by itself, whether or not a worker runs. The carrier takes all
// that is due of the merchant, not this refund alone: refunds of one payment go in
// their order, so this one may have to wait for others, and whatever it takes up
// was asked for and stored before.

// carrier makes one for the profile's merchant.
func (a *app) carrier(ctx context.Context, b *books, opts ...refunds.CarrierOption) (*refunds.Carrier, *assist.Client, error) {
	client, err := a.client(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	c, err := refunds.NewCarrier(b.Book, map[string]*assist.Client{client.MerchantID(): client}, opts...)
	return c, client, err
}

// Times of following a refund.
const (
	lookEvery = 100 * time.Millisecond
	// atLeast is how long a refund has for being sent, however short the wait.
	atLeast = 20 * time.Second
)

// carryOn carries until the refund is final, waits for something that this process
// can't bring about, or the wait is over; then it lets what was begun come to an
// outcome, and gives the refund as it is stored. When ctx ends, interrupted is
// called, where there is one, and the following stops.
func (a *app) carryOn(ctx context.Context, b *books, c *refunds.Carrier, id refunds.ID, wait time.Duration, interrupted func() error) (*refunds.Record, error) {
	if err := b.LookNow(ctx, id); err != nil && !errors.Is(err, refunds.ErrState) && ctx.Err() == nil {
		return nil, err
	}
	line, since := a.status(id), a.now()
	err := a.carrying(ctx, c, func() error {
		err := a.follow(ctx, b, id, wait, since, line)
		if ctx.Err() != nil && err == nil && interrupted != nil {
			err = interrupted()
		}
		return err
	})
	line.end()
	if err != nil {
		return nil, err
	}
	r, err := b.Get(context.WithoutCancel(ctx), id)
	if err == nil && r.State == refunds.Pending {
		if other := a.elsewhere(context.WithoutCancel(ctx), b, since); other != nil {
			a.report(a.explain(other))
		}
	}
	return r, err
}

// carrying runs a carrier while the function runs. When that has ended, nothing new
// is begun, and what was begun comes to an outcome that is stored.
func (a *app) carrying(ctx context.Context, c *refunds.Carrier, f func() error) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Run(running) // it ends by the context alone
	}()
	err := f()
	stop()
	a.finishing(ended)
	return err
}

// follow looks until nothing more is to be expected.
func (a *app) follow(ctx context.Context, b *books, id refunds.ID, wait time.Duration, since time.Time, line *statusLine) error {
	began := time.Now()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		r, err := b.Get(context.WithoutCancel(ctx), id)
		if err != nil {
			return err
		}
		line.show(r)
		if a.settled(r, began, wait) || ctx.Err() != nil {
			return nil
		}
		if n%10 == 0 && r.State == refunds.Pending && a.elsewhere(context.WithoutCancel(ctx), b, since) != nil {
			return nil // waiting changes nothing
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// settled tells whether waiting longer makes sense.
func (a *app) settled(r *refunds.Record, began time.Time, wait time.Duration) bool {
	passed := time.Since(began)
	switch {
	case r.State.Final(), r.State == refunds.Proposed, !r.NeedsPerson.IsZero() && !decided(r):
		return true
	case r.State != refunds.Pending:
		return passed >= wait
	}
	if r.Waits == refunds.ForPayment || r.Waits == refunds.ForEarlier {
		return passed >= max(wait, 3*time.Second) // whoever ends the other wakes it
	}
	if r.Waits != refunds.ForTurn && r.NextAt.Sub(a.now()) > wait-passed {
		return true // what it waits for lies behind the wait
	}
	return passed >= max(wait, atLeast)
}

// decided tells whether a person's decision waits for the carrier.
func decided(r *refunds.Record) bool {
	for _, d := range r.Decisions {
		if d.State == refunds.AwaitsCarrier {
			return true
		}
	}
	return false
}

// finishing waits for the carrier, and says so where that takes long: a cancel
// that is under way has to come to an outcome.
func (a *app) finishing(ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-time.After(2 * time.Second):
	}
	a.note("жду, пока исход будет записан (до 4 минут); прервать нельзя", "waiting for the outcome to be stored (up to 4 minutes); this can't be interrupted")
	<-ended
}

// quiet is how long nothing is said about progress where there is no terminal.
const quiet = 3 * time.Second

// statusLine shows on stderr how far a refund is: one line that is written over on
// a terminal, and one for each change elsewhere, where that takes long.
type statusLine struct {
	a     *app
	id    refunds.ID
	began time.Time
	last  string
	open  bool
}

func (a *app) status(id refunds.ID) *statusLine {
	return &statusLine{a: a, id: id, began: time.Now()}
}

func (l *statusLine) show(r *refunds.Record) {
	if r.State.Final() {
		return
	}
	text := verdict.ID(l.id) + "  " + l.a.doing(r)
	if !l.a.ErrIs {
		if text != l.last && time.Since(l.began) > quiet {
			l.a.note("%s", "%s", text)
			l.last = text
		}
		return
	}
	shown := text + "  " + time.Since(l.began).Truncate(time.Second).String()
	if shown != l.last {
		_, _ = l.a.Err.Write([]byte("\r\x1b[K" + shown))
		l.last, l.open = shown, true
	}
}

func (l *statusLine) end() {
	if l.open {
		_, _ = l.a.Err.Write([]byte("\r\x1b[K"))
		l.open = false
	}
}

// doing is what happens to a refund now, in a word or two.
func (a *app) doing(r *refunds.Record) string {
	switch {
	case r.State == refunds.InProcess:
		return a.text("в обработке у Assist", "in process at Assist")
	case r.State == refunds.Sent:
		return a.text("отправляется, исход ещё неизвестен", "being sent, outcome not known yet")
	case r.State == refunds.Proposed:
		return a.text("ждёт одобрения", "waits for approval")
	case r.Waits == refunds.ForTurn:
		return a.text("готовится", "being prepared")
	}
	return a.text("в очереди (ждёт %s)", "queued (waits for %s)", a.waitsFor(r.Waits))
}
