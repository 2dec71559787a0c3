package refunds_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bubble is a merchant with a running carrier in virtual time.
type bubble struct {
	server *assisttest.Server
	store  refunds.Store
	book   *refunds.Book
}

func newBubble(t *testing.T) *bubble {
	b := &bubble{server: assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithClock(time.Now)), store: refunds.Memory()}
	var err error
	b.book, err = refunds.NewBook(t.Context(), b.store)
	require.NoError(t, err)
	return b
}

func (b *bubble) enqueue(t *testing.T, key string) (assist.Order, refunds.ID) {
	o := b.server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
	amount, err := assist.ParseMoney("10.00", "RUB")
	require.NoError(t, err)
	id, err := b.book.Enqueue(t.Context(), refunds.Refund{Key: key, MerchantID: b.server.Credentials().MerchantID, Request: o.CancelRequest(amount)})
	require.NoError(t, err)
	return o, id
}

func (b *bubble) carrier(t *testing.T, client *assist.Client, opts ...refunds.CarrierOption) *refunds.Carrier {
	c, err := refunds.NewCarrier(b.book, map[string]*assist.Client{b.server.Credentials().MerchantID: client}, opts...)
	require.NoError(t, err)
	return c
}

func TestRunCarriesThroughDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.server.Next(assisttest.InProcess(5*time.Hour, "AS000"), assisttest.DieAfter(), assisttest.ListLate(3*time.Hour).And(assisttest.DieAfter()),
			assisttest.AnswerLate(30*time.Second))
		var ids []refunds.ID
		var orders []assist.Order
		for i := range 6 {
			o, id := b.enqueue(t, fmt.Sprint(i))
			ids, orders = append(ids, id), append(orders, o)
		}
		ctx, stop := context.WithCancel(t.Context())
		var told atomic.Int64
		c := b.carrier(t, b.server.Client(), refunds.Poll(time.Minute), refunds.Handle("count", func(context.Context, *sql.Tx, refunds.Event) error {
			told.Add(1)
			return nil
		}))
		var running sync.WaitGroup
		running.Go(func() { assert.ErrorIs(t, c.Run(ctx), context.Canceled) })
		for _, id := range ids {
			rec, err := b.book.Await(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, refunds.Done, rec.State)
		}
		time.Sleep(10 * time.Minute)
		stop()
		running.Wait()
		for _, o := range orders {
			assert.Equal(t, "10.00", b.server.Moved(o.Billnumber).Amount())
		}
		assert.GreaterOrEqual(t, told.Load(), int64(12))
	})
}

// A stop begins nothing more, and stores the outcome of what has begun.
func TestRunStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.server.Next(assisttest.AnswerLate(40 * time.Second))
		o, id := b.enqueue(t, "one")
		ctx, stop := context.WithCancel(t.Context())
		c := b.carrier(t, b.server.Client())
		var running sync.WaitGroup
		running.Go(func() { _ = c.Run(ctx) })
		time.Sleep(5 * time.Second)
		_, later := b.enqueue(t, "two")
		stop()
		_, after := b.enqueue(t, "three")
		running.Wait()
		rec, err := b.book.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, refunds.Done, rec.State, "its answer came after the stop")
		assert.Equal(t, "10.00", b.server.Moved(o.Billnumber).Amount())
		rec, err = b.book.Get(t.Context(), after)
		require.NoError(t, err)
		assert.Equal(t, refunds.Pending, rec.State)
		_ = later
	})
}

// stalls is a machine that stands still after the intent is stored and before
// the first byte.
type stalls struct {
	http.RoundTripper
	d time.Duration
}

func (s stalls) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/cancel/wscancel.cfm" {
		time.Sleep(s.d)
		r = r.WithContext(context.WithoutCancel(r.Context()))
	}
	return s.RoundTripper.RoundTrip(r)
}

// A process that stands still for hours before its send can't be fenced by
// anybody but Assist: the external refund id does it.
func TestZombieDoesNotPayTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		o, id := b.enqueue(t, "one")
		hc := b.server.HTTPClient()
		slow, err := assist.NewClient(b.server.URL, b.server.Credentials(), assist.WithHTTPClient(&http.Client{Transport: stalls{hc.Transport, 20 * time.Hour}}))
		require.NoError(t, err)
		zombie := b.carrier(t, slow)
		var woke sync.WaitGroup
		woke.Go(func() { _, _ = zombie.Step(t.Context()) })
		synctest.Wait()
		c := b.carrier(t, b.server.Client(), refunds.PersonAfter(3*time.Hour))
		step := func(until func(*refunds.Record) bool) *refunds.Record {
			for {
				next, err := c.Step(t.Context())
				require.NoError(t, err)
				rec, err := b.book.Get(t.Context(), id)
				require.NoError(t, err)
				if until(rec) {
					return rec
				}
				time.Sleep(max(time.Until(next), time.Second))
			}
		}
		step(func(r *refunds.Record) bool { return !r.NeedsPerson.IsZero() })
		n, err := b.book.ProposeDecision(t.Context(), id, refunds.Decision{Kind: refunds.NeverCame}, refunds.Person{ID: "a", Name: "A", Reason: "nothing is listed"})
		require.NoError(t, err)
		require.NoError(t, b.book.ConfirmDecision(t.Context(), n, refunds.Person{ID: "b", Name: "B", Reason: "nothing is listed"}))
		rec := step(func(r *refunds.Record) bool { return r.State.Final() })
		assert.Equal(t, refunds.Done, rec.State)
		woke.Wait()
		time.Sleep(48 * time.Hour)
		_, err = c.Step(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "10.00", b.server.Moved(o.Billnumber).Amount())
		rec, err = b.book.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, refunds.Done, rec.State)
	})
}

// A panic of the client's own parts loses no refund.
func TestPanicInTransport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		o, id := b.enqueue(t, "one")
		client, err := assist.NewClient(b.server.URL, b.server.Credentials(), assist.WithHTTPClient(&http.Client{Transport: panics{}}))
		require.NoError(t, err)
		_, err = b.carrier(t, client).Step(t.Context())
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		_, err = b.carrier(t, b.server.Client()).Step(t.Context())
		require.NoError(t, err)
		rec, err := b.book.Get(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, refunds.Done, rec.State)
		assert.Equal(t, "10.00", b.server.Moved(o.Billnumber).Amount())
	})
}

type panics struct{}

func (panics) RoundTrip(*http.Request) (*http.Response, error) { panic("a transport's bug") }

// A form that asks for CSV or XML can't carry the external refund id, without
// which a cancel that arrives late and the one in its place could both pay.
func TestCarrierRefusesProtocols(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t, assisttest.InMemory())
	book, err := refunds.NewBook(t.Context(), refunds.Memory())
	require.NoError(t, err)
	for _, tt := range []struct {
		protocol assist.Protocol
		refused  bool
	}{
		{assist.SOAP, false}, {assist.JSON, false}, {assist.Form(assist.FormatSOAP), false}, {assist.Form(assist.FormatJSON), false},
		{assist.Form(assist.FormatCSV), true}, {assist.Form(assist.FormatXML), true},
	} {
		t.Run(tt.protocol.String(), func(t *testing.T) {
			client := server.Client(assist.WithProtocol(tt.protocol))
			_, err := refunds.NewCarrier(book, map[string]*assist.Client{client.MerchantID(): client})
			if !tt.refused {
				require.NoError(t, err)
				return
			}
			var invalid *refunds.InvalidError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, "clients", invalid.Field)
			assert.Contains(t, invalid.Reason, "assist.WithProtocol")
			var field *assist.ValidationError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, "ExternalRefundID", field.Field)
		})
	}
	assert.Empty(t, server.Requests(), "nothing is sent")
}

func TestConstructorsRefuse(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t)
	book, err := refunds.NewBook(t.Context(), refunds.Memory())
	require.NoError(t, err)
	mine := map[string]*assist.Client{server.Credentials().MerchantID: server.Client()}
	for name, make := range map[string]func() error{
		"no store":   func() error { _, err := refunds.NewBook(t.Context(), nil); return err },
		"no clock":   func() error { _, err := refunds.NewBook(t.Context(), refunds.Memory(), refunds.Clock(nil)); return err },
		"nil option": func() error { _, err := refunds.NewBook(t.Context(), refunds.Memory(), nil); return err },
		"no book":    func() error { _, err := refunds.NewCarrier(nil, mine); return err },
		"no client":  func() error { _, err := refunds.NewCarrier(book, nil); return err },
		"another's client": func() error {
			_, err := refunds.NewCarrier(book, map[string]*assist.Client{"1": server.Client()})
			return err
		},
		"a nil client":             func() error { _, err := refunds.NewCarrier(book, map[string]*assist.Client{"1": nil}); return err },
		"no workers":               func() error { _, err := refunds.NewCarrier(book, mine, refunds.Workers(0)); return err },
		"no worker for a merchant": func() error { _, err := refunds.NewCarrier(book, mine, refunds.PerMerchant(0)); return err },
		"a rest too short":         func() error { _, err := refunds.NewCarrier(book, mine, refunds.Rest(time.Minute)); return err },
		"a nameless handler":       func() error { _, err := refunds.NewCarrier(book, mine, refunds.Handle("", nil)); return err },
		"too many questions": func() error {
			_, err := refunds.NewCarrier(book, mine, refunds.ReconcileEvery(time.Minute))
			return err
		},
	} {
		var invalid *refunds.InvalidError
		assert.True(t, errors.As(make(), &invalid), name)
	}
}

// A copy lacks nothing that is older than the last thing it knows of. So a merchant
// that had no refund for long is compared from there, and released.
func TestReleaseAfterALongRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		store := b.store.(interface{ SetPlace(string) })
		_, first := b.enqueue(t, "first")
		_, err := b.carrier(t, b.server.Client()).Step(t.Context())
		require.NoError(t, err)
		rec, err := b.book.Get(t.Context(), first)
		require.NoError(t, err)
		require.Equal(t, refunds.Done, rec.State)
		time.Sleep(40 * 24 * time.Hour)
		store.SetPlace("a standby")
		b.book, err = refunds.NewBook(t.Context(), b.store)
		require.NoError(t, err)
		person := refunds.Person{ID: "anna", Name: "Anna", Reason: "the failover is over"}
		merchant, now := b.server.Credentials().MerchantID, time.Now()
		c := b.carrier(t, b.server.Client())
		_, second := b.enqueue(t, "second")
		for _, days := range []time.Duration{39, 41} {
			require.ErrorIs(t, b.book.Release(t.Context(), merchant, person), refunds.ErrNotReconciled)
			_, err = c.Reconcile(t.Context(), merchant, now.Add(-days*24*time.Hour), now.Add(time.Minute))
			require.NoError(t, err)
		}
		require.NoError(t, b.book.Release(t.Context(), merchant, person))
		_, err = c.Step(t.Context())
		require.NoError(t, err)
		rec, err = b.book.Get(t.Context(), second)
		require.NoError(t, err)
		assert.Equal(t, refunds.Done, rec.State)
	})
}
