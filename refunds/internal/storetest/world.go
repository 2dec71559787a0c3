// Package storetest holds every store to one behaviour. Time is the test's own:
// nothing sleeps.
package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/require"
)

// World is a merchant, a simulated Assist and a store, on one clock.
type World struct {
	TB     testing.TB
	Server *assisttest.Server
	Store  refunds.Store
	Book   *refunds.Book

	mu  sync.Mutex
	now time.Time
	n   int
}

// NewWorld makes a world at noon in Moscow.
func NewWorld(tb testing.TB, s refunds.Store, opts ...assisttest.Option) *World {
	tb.Helper()
	w := &World{TB: tb, Store: s, now: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)}
	w.Server = assisttest.NewServer(tb, append([]assisttest.Option{assisttest.InMemory(), assisttest.WithClock(w.Now)}, opts...)...)
	require.NoError(tb, refunds.Migrate(tb.Context(), s))
	w.Book = w.NewBook()
	return w
}

// NewBook opens the store once more, as another process does.
func (w *World) NewBook(opts ...refunds.Option) *refunds.Book {
	b, err := refunds.NewBook(w.TB.Context(), w.Store, append([]refunds.Option{refunds.Clock(w.Now)}, opts...)...)
	require.NoError(w.TB, err)
	return b
}

// Now is the world's clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Pass lets time pass.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Merchant is the account's number.
func (w *World) Merchant() string { return w.Server.Credentials().MerchantID }

// Client makes a client, as a process has one.
func (w *World) Client(opts ...assist.Option) *assist.Client {
	return w.Server.Client(append([]assist.Option{assist.WithClock(w.Now)}, opts...)...)
}

// Carrier makes a carrier with a client of its own, as another process does.
func (w *World) Carrier(opts ...refunds.CarrierOption) *refunds.Carrier {
	return w.CarrierWith(w.Client(), opts...)
}

// CarrierWith makes a carrier with a client.
func (w *World) CarrierWith(client *assist.Client, opts ...refunds.CarrierOption) *refunds.Carrier {
	c, err := refunds.NewCarrier(w.Book, map[string]*assist.Client{w.Merchant(): client}, opts...)
	require.NoError(w.TB, err)
	return c
}

// Pay books a card payment of two days ago, of 100.00 RUB.
func (w *World) Pay() assist.Order {
	return w.Server.Pay(assisttest.Payment{PaidAt: w.Now().Add(-48 * time.Hour)})
}

// Of asks for a part of an order, under a key of its own.
func (w *World) Of(o assist.Order, amount string) refunds.Refund {
	w.TB.Helper()
	w.n++
	m, err := assist.ParseMoney(amount, "RUB")
	require.NoError(w.TB, err)
	return refunds.Refund{Key: fmt.Sprint("refund-", w.n), MerchantID: w.Merchant(), Request: o.CancelRequest(m)}
}

// Enqueue stores a refund.
func (w *World) Enqueue(r refunds.Refund) refunds.ID {
	w.TB.Helper()
	id, err := w.Book.Enqueue(w.TB.Context(), r)
	require.NoError(w.TB, err)
	return id
}

// Get shows a refund.
func (w *World) Get(id refunds.ID) *refunds.Record {
	w.TB.Helper()
	rec, err := w.Book.Get(w.TB.Context(), id)
	require.NoError(w.TB, err)
	return rec
}

// Step steps once.
func (w *World) Step(c *refunds.Carrier) time.Time {
	w.TB.Helper()
	next, err := c.Step(w.TB.Context())
	require.NoError(w.TB, err)
	return next
}

// Until steps, and lets the time pass between, until the refund is so or the
// time is over. It gives the refund.
func (w *World) Until(c *refunds.Carrier, id refunds.ID, longest time.Duration, so func(*refunds.Record) bool) *refunds.Record {
	w.TB.Helper()
	end := w.Now().Add(longest)
	for {
		next := w.Step(c)
		rec := w.Get(id)
		if so(rec) || !next.Before(end) {
			return rec
		}
		w.Pass(max(next.Sub(w.Now()), time.Second))
	}
}

// Moved is what went back of an order.
func (w *World) Moved(o assist.Order) string { return w.Server.Moved(o.Billnumber).Amount() }

// Final and NeedsPerson are for Until.
func Final(r *refunds.Record) bool { return r.State.Final() }

// NeedsPerson is true of a refund that a person has to look at.
func NeedsPerson(r *refunds.Record) bool { return !r.NeedsPerson.IsZero() }

// Person invents one.
func Person(id string) refunds.Person {
	return refunds.Person{ID: id, Name: "Name of " + id, Reason: "because of a test"}
}

func ctxOf(w *World) context.Context { return w.TB.Context() }
