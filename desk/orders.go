package desk

import (
	"context"
	"sync"
	"time"

	"github.com/assist-go/assist"
)

// Orders looks payments up at Assist. An *assist.Client is one; a client whose
// login at Assist may only read is enough, and better.
type Orders interface {
	// MerchantID is the account whose refunds the desk shows.
	MerchantID() string
	// OrderResult gives the orders of an order number with their operations.
	OrderResult(ctx context.Context, q assist.OrderQuery) ([]assist.Order, error)
}

const (
	lookupTime = 8 * time.Second  // a person waits for it
	seenFor    = 15 * time.Minute // how long an answer stands in when Assist doesn't answer
	seenMost   = 500
)

// lookup is an answer of Assist's, and from when it is.
type lookup struct {
	Orders []assist.Order
	AsOf   time.Time
	Err    error // why there is none newer
}

// Stale says that Assist didn't answer now.
func (l lookup) Stale() bool { return l.Err != nil }

// seenOrders keeps the latest answers for a while: a page that is shown again
// needs no new question, and a refund can be taken while Assist is away.
type seenOrders struct {
	mu  sync.Mutex
	all map[string]lookup
}

func (s *seenOrders) get(number string, now time.Time, young time.Duration) (lookup, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.all[number]
	if !ok || now.Sub(l.AsOf) > young || now.Before(l.AsOf) {
		return lookup{}, false
	}
	return l, true
}

func (s *seenOrders) put(number string, l lookup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]lookup{}
	}
	for k, old := range s.all {
		if len(s.all) >= seenMost || l.AsOf.Sub(old.AsOf) > seenFor {
			delete(s.all, k)
		}
	}
	s.all[number] = l
}

// lookUp asks Assist for an order, unless an answer is young enough. When Assist
// doesn't answer it gives what was seen last, marked as such; the error is of an
// order of which nothing is known.
func (d *desk) lookUp(ctx context.Context, number string, date time.Time, young time.Duration) (lookup, error) {
	if l, ok := d.seen.get(number, d.now(), young); ok {
		return l, nil
	}
	ctx, end := context.WithTimeout(ctx, lookupTime)
	defer end()
	q := assist.OrderQuery{OrderNumber: number}
	if !date.IsZero() {
		q.From = date.Add(-24 * time.Hour) // it may be kept in another zone
	}
	orders, err := d.orders.OrderResult(ctx, q)
	if err != nil {
		if l, ok := d.seen.get(number, d.now(), seenFor); ok {
			l.Err = err
			return l, nil
		}
		return lookup{}, err
	}
	l := lookup{Orders: orders, AsOf: d.now()}
	d.seen.put(number, l)
	return l, nil
}

// of gives the order of a payment.
func (l lookup) of(b assist.Billnumber) (assist.Order, bool) {
	for _, o := range l.Orders {
		if o.Billnumber.Payment() == b.Payment() {
			return o, true
		}
	}
	return assist.Order{}, false
}
