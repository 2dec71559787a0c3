package desk

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds"
)

// limits counts what each person sends.
type limits struct {
	mu      sync.Mutex
	perHour int
	sent    map[string][]time.Time
}

// take counts one more, and tells whether it is within the limit.
func (l *limits) take(person string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent == nil {
		l.sent = map[string][]time.Time{}
	}
	old := func(t time.Time) bool { return now.Sub(t) >= time.Hour }
	mine := slices.DeleteFunc(l.sent[person], old)
	if len(mine) >= l.perHour {
		l.sent[person] = mine
		return false
	}
	l.sent[person] = append(mine, now)
	return true
}

// withinDay tells whether a person may ask for so much more on this Moscow day.
func (d *desk) withinDay(ctx context.Context, user User, amount assist.Money) error {
	if d.daySum.IsZero() || d.daySum.Currency() != amount.Currency() {
		return nil
	}
	sum := amount
	f := refunds.Filter{MerchantID: d.merchant(), AskedBy: user.ID, From: moscow.DayOf(d.now()).Start()}
	for r, err := range d.book.List(ctx, f) {
		if err != nil {
			return err
		}
		switch r.State {
		case refunds.Denied, refunds.Withdrawn, refunds.Refused:
			continue
		}
		if r.Request.Amount.Currency() != sum.Currency() {
			continue
		}
		if sum, err = sum.Add(r.Request.Amount); err != nil {
			return err
		}
	}
	if more, err := sum.Cmp(d.daySum); err != nil || more > 0 {
		return errDaySum
	}
	return nil
}

// oneAtATime lets one request at a time check and store refunds of a payment, so
// that two tabs see each other.
type oneAtATime struct {
	mu      sync.Mutex
	waiting map[string]*turn
}

type turn struct {
	mu sync.Mutex
	n  int
}

func (o *oneAtATime) lock(key string) (unlock func()) {
	o.mu.Lock()
	if o.waiting == nil {
		o.waiting = map[string]*turn{}
	}
	t := o.waiting[key]
	if t == nil {
		t = &turn{}
		o.waiting[key] = t
	}
	t.n++
	o.mu.Unlock()
	t.mu.Lock()
	return func() {
		t.mu.Unlock()
		o.mu.Lock()
		defer o.mu.Unlock()
		if t.n--; t.n == 0 {
			delete(o.waiting, key)
		}
	}
}
