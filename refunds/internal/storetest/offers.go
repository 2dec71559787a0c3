package storetest

import (
	"context"
	"database/sql"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// offers: a listed cancel that nobody owns is held at once against what is open of
// its payment.
func offers(t *testing.T, open Open) {
	compare := func(t *testing.T, w *World, c *refunds.Carrier) *refunds.Report {
		t.Helper()
		w.Pass(11 * time.Minute)
		r, err := c.Reconcile(ctxOf(w), w.Merchant(), w.Now().Add(-20*time.Hour), w.Now())
		require.NoError(t, err)
		return r
	}
	byHand := func(t *testing.T, w *World, o assist.Order, minor int64) assist.Billnumber {
		t.Helper()
		w.Pass(time.Minute)
		made, err := w.Server.RefundByHand(o.Billnumber, rub(minor))
		require.NoError(t, err)
		return made[0]
	}
	t.Run("a pending refund that it may be", func(t *testing.T) {
		for name, whole := range map[string]bool{"a part": false, "all": true} {
			w := NewWorld(t, open(t))
			c := w.Carrier()
			o := w.Pay()
			r := w.Of(o, "10.00")
			if r.NotBefore = w.Now().Add(9 * time.Hour); whole {
				r.Request.Amount, r.Whole = rub(10_000), true
			}
			id, other := w.Enqueue(r), w.Enqueue(w.Of(w.Pay(), "10.00"))
			w.Step(c)
			op := byHand(t, w, o, 1000)
			asked := len(w.Server.Requests())
			report := compare(t, w, c)
			require.Len(t, report.Strange, 1, name)
			rec := w.Get(id)
			require.True(t, NeedsPerson(rec), "%s: at once, and not at its turn", name)
			assert.Contains(t, rec.PersonWhy, string(op), name)
			assert.Len(t, w.Server.Requests(), asked+1, "%s: the listing says it all", name)
			assert.Equal(t, refunds.Done, w.Get(other).State, name)
			compare(t, w, c)
			assert.Equal(t, 1, count(w, id, refunds.PersonNeeded), "%s: called once", name)
		}
	})
	t.Run("a pending refund that it can't be", func(t *testing.T) {
		w := NewWorld(t, open(t))
		c := w.Carrier()
		o := w.Pay()
		byHand(t, w, o, 1000)
		w.Pass(time.Hour)
		r := w.Of(o, "10.00") // asked for long after
		r.NotBefore = w.Now().Add(3 * time.Hour)
		after := w.Enqueue(r)
		r = w.Of(o, "12.00") // of another amount
		r.NotBefore = w.Now().Add(3 * time.Hour)
		another := w.Enqueue(r)
		compare(t, w, c)
		for _, id := range []refunds.ID{after, another} {
			assert.False(t, NeedsPerson(w.Get(id)))
		}
	})
	t.Run("an open attempt comes first", func(t *testing.T) {
		w := NewWorld(t, open(t))
		c := w.Carrier()
		o := w.Pay()
		w.Server.Next(assisttest.DieAfter())
		lost, next := w.Enqueue(w.Of(o, "10.00")), w.Enqueue(w.Of(o, "10.00"))
		w.Step(c)
		require.Equal(t, refunds.Sent, w.Get(lost).State)
		report := compare(t, w, c)
		assert.Empty(t, report.Strange)
		assert.Equal(t, refunds.Done, w.Get(lost).State)
		assert.False(t, NeedsPerson(w.Get(next)))
		assert.Equal(t, refunds.Done, w.Until(c, next, time.Hour, Final).State)
		assert.Equal(t, "20.00", w.Moved(o))
	})
	t.Run("an attempt that a person has closed", func(t *testing.T) {
		w := NewWorld(t, open(t))
		c := w.Carrier()
		w.Server.Next(assisttest.DieAndDoLater(lateDone))
		id := w.Enqueue(w.Of(w.Pay(), "10.00"))
		w.Until(c, id, 14*time.Hour, NeedsPerson)
		_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.GiveUp}, Person("anna"))
		require.NoError(t, err)
		require.Equal(t, refunds.GivenUp, w.Until(c, id, time.Hour, Final).State)
		w.Pass(lateDone)
		report := compare(t, w, c) // before the watch has come to it
		assert.Equal(t, []refunds.ID{id}, report.Late)
		assert.Empty(t, report.Strange)
		assert.Equal(t, 1, count(w, id, refunds.MovedLate))
		report = compare(t, w, c)
		assert.Equal(t, []refunds.ID{id}, report.Late, "and each time that it is listed")
		assert.Equal(t, refunds.GivenUp, w.Get(id).State)
		assert.Equal(t, 1, count(w, id, refunds.MovedLate))
	})
}

// silent is a transport whose Assist takes requests and never answers, until it is
// let go.
type silent struct {
	asked chan struct{} // closed at the first
	once  *sync.Once
	end   <-chan struct{}
}

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.once.Do(func() { close(s.asked) })
	select {
	case <-s.end:
	case <-r.Context().Done():
	}
	return nil, http.ErrServerClosed
}

// Silent makes a client of another merchant whose Assist never answers, and tells
// when it was asked. What is under way ends when it is released.
func (w *World) Silent(merchant string) (client *assist.Client, asked <-chan struct{}, release func()) {
	end := make(chan struct{})
	release = sync.OnceFunc(func() { close(end) })
	w.TB.Cleanup(release)
	s := silent{make(chan struct{}), &sync.Once{}, end}
	cred := w.Server.Credentials()
	cred.MerchantID = merchant
	client, err := assist.NewClient("http://127.0.0.1", cred, assist.WithHTTPClient(&http.Client{Transport: s}), assist.WithClock(w.Now))
	require.NoError(w.TB, err)
	return client, s.asked, release
}

// running runs a carrier until the test ends. Its clock doesn't move.
func (w *World) running(c *refunds.Carrier) (stop func()) {
	ctx, cancel := context.WithCancel(w.TB.Context())
	var runs sync.WaitGroup
	runs.Go(func() { _ = c.Run(ctx) })
	return func() { cancel(); runs.Wait() }
}

func within(t *testing.T, happens <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-happens:
	case <-time.After(30 * time.Second):
		require.Fail(t, what)
	}
}

// silentReconciling: a merchant whose Assist takes the question for results and
// doesn't answer holds up neither the others' nor the handlers.
func silentReconciling(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	for _, m := range []string{"600001", "900001"} { // one before, one behind
		require.NoError(t, w.Book.Paid(ctxOf(w), m, "5100000000009001.1", 30, rub(1), w.Now()))
	}
	first, asked, _ := w.Silent("600001")
	last, alsoAsked, _ := w.Silent("900001")
	told, compared := make(chan struct{}), make(chan struct{})
	byHand := w.Pay()
	_, err := w.Server.RefundByHand(byHand.Billnumber, rub(700))
	require.NoError(t, err)
	r := w.Of(byHand, "7.00")
	r.NotBefore = w.Now().Add(time.Hour)
	id := w.Enqueue(r)
	var tell, compare sync.Once
	c, err := refunds.NewCarrier(w.Book, map[string]*assist.Client{w.Merchant(): w.Client(), "600001": first, "900001": last},
		refunds.ReconcileEvery(10*time.Minute), refunds.Poll(10*time.Millisecond), refunds.Handle("shop", func(_ ctx, _ *sql.Tx, e refunds.Event) error {
			if e.Refund == id && e.Kind == refunds.PersonNeeded {
				compare.Do(func() { close(compared) })
			}
			if e.Refund != id && e.Kind == refunds.Known {
				tell.Do(func() { close(told) })
			}
			return nil
		}))
	require.NoError(t, err)
	w.Pass(time.Minute)
	stop := w.running(c)
	within(t, asked, "the silent one wasn't asked")
	within(t, alsoAsked, "the other silent one wasn't asked")
	within(t, compared, "results weren't compared beside a silent merchant")
	w.Enqueue(w.Of(w.Pay(), "10.00"))
	within(t, told, "a handler waited for a silent merchant")
	stop()
}
