package storetest

import (
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Open makes a new store for a test.
type Open func(testing.TB) refunds.Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	for _, s := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"keys", keys}, {"together", together}, {"outcomes", outcomes}, {"doubts", doubts}, {"order of a payment", orderOfPayment}, {"persons", persons}, {"guards", guards}, {"guards at once", guardsAtOnce},
		{"decisions", decisions}, {"passed over", passedOver}, {"calls", calls}, {"strange cancels", strangeCancels}, {"strangers", strangers}, {"merchants", merchants}, {"transactions", transactions},
		{"handlers", handlers}, {"history", history}, {"reading", reading}, {"audit", audit}, {"purge", purge}, {"purged payments", purgedPayments}, {"purged meanwhile", purgedMeanwhile}, {"purge beside a retry", purgeBesideRetry}, {"a handler that hangs", hangingHandler}, {"purge keeps a doubt", purgeKeepsDoubt}, {"two processes", twoProcesses},
		{"rules of the database", rules}, {"wallets", wallets},
		{"day balance", balance}, {"capped", capped}, {"reconcile", reconcile}, {"restored", restored}, {"offers", offers}, {"merchants in turn", turns}, {"a crowded merchant", crowded}, {"a silent merchant is reconciled", silentReconciling}, {"servers", servers}, {"clocks", clocks}, {"secrets", secrets},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, open)
		})
	}
}

func outcomes(t *testing.T, open Open) {
	for _, tt := range []struct {
		name   string
		faults []assisttest.Fault
		state  refunds.State
		moved  string
		within time.Duration
	}{
		{"done at once", nil, refunds.Done, "10.00", time.Second},
		{"in process, then done", []assisttest.Fault{assisttest.InProcess(5*time.Hour, "AS000")}, refunds.Done, "10.00", 8 * time.Hour},
		{"in process, then declined", []assisttest.Fault{assisttest.InProcess(5*time.Hour, "AS100")}, refunds.Refused, "0.00", 8 * time.Hour},
		{"declined", []assisttest.Fault{assisttest.Decline("AS100")}, refunds.Refused, "0.00", time.Second},
		{"refused by codes", []assisttest.Fault{assisttest.Refuse(15, 308)}, refunds.Refused, "0.00", time.Second},
		{"the answer is lost", []assisttest.Fault{assisttest.DieAfter()}, refunds.Done, "10.00", time.Hour},
		{"the answer is lost and it is listed late", []assisttest.Fault{assisttest.ListLate(3 * time.Hour).And(assisttest.DieAfter())}, refunds.Done, "10.00", 8 * time.Hour},
		{"an answer that is no document", []assisttest.Fault{assisttest.Garbage()}, refunds.Done, "10.00", time.Hour},
		{"too many requests, then done", []assisttest.Fault{assisttest.Refuse(17, 3)}, refunds.Done, "10.00", time.Hour},
		{"a decline whose answer is lost", []assisttest.Fault{assisttest.Decline("AS100").And(assisttest.DieAfter())}, refunds.Refused, "0.00", time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := NewWorld(t, open(t))
			o := w.Pay()
			w.Server.Next(tt.faults...)
			id := w.Enqueue(w.Of(o, "10.00"))
			rec := w.Until(w.Carrier(), id, tt.within, Final)
			assert.Equal(t, tt.state.String(), rec.State.String(), rec.Detail)
			assert.Equal(t, tt.moved, w.Moved(o))
			assert.False(t, rec.Ended.IsZero())
			assert.Zero(t, rec.NextAt)
			if tt.state == refunds.Done {
				require.Len(t, rec.Operations, 1)
				assert.Equal(t, "10.00", rec.Operations[0].Amount.Amount())
				assert.Equal(t, assist.Accepted, rec.Attempts[len(rec.Attempts)-1].Outcome)
			}
		})
	}
}

// doubts: what isn't known is never sent again, and a person is called.
func doubts(t *testing.T, open Open) {
	t.Run("a cancel that never came", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Server.Next(assisttest.DieBefore())
		id := w.Enqueue(w.Of(o, "10.00"))
		called := 0
		c := w.Carrier(refunds.Alert(func(ctx2 ctx, r *refunds.Record) { called++ }))
		rec := w.Until(c, id, 20*time.Hour, NeedsPerson)
		assert.Equal(t, refunds.Sent, rec.State)
		assert.False(t, rec.NeedsPerson.IsZero(), "after twelve hours a person is called")
		assert.Equal(t, 1, called)
		w.Until(c, id, 100*time.Hour, Final)
		assert.Len(t, w.Get(id).Attempts, 1, "asking goes on, sending doesn't")
		assert.Equal(t, "0.00", w.Moved(o))
		assert.Equal(t, 1, called)
	})
	t.Run("a process that died after the send", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Server.Next(assisttest.DieAfter())
		id := w.Enqueue(w.Of(o, "10.00"))
		w.Step(w.Carrier())
		require.Equal(t, refunds.Sent, w.Get(id).State)
		rec := w.Until(w.Carrier(), id, time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State)
		assert.Equal(t, "10.00", w.Moved(o))
	})
	t.Run("asked now, in the place of later", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Server.Next(assisttest.DieAndDoLater(3 * time.Hour))
		id := w.Enqueue(w.Of(o, "10.00"))
		c := w.Carrier()
		require.ErrorIs(t, w.Book.LookNow(ctxOf(w), id), refunds.ErrState, "nothing of it was sent")
		w.Step(c)
		asks := func() int { return w.Get(id).Attempts[0].Asks }
		require.NoError(t, w.Book.LookNow(ctxOf(w), id))
		w.Step(c)
		assert.Zero(t, asks(), "it may be under way still")
		w.Until(c, id, 150*time.Minute, Final)
		before := asks()
		w.Step(c)
		assert.Equal(t, before, asks())
		require.NoError(t, w.Book.LookNow(ctxOf(w), id))
		w.Step(c)
		assert.Equal(t, before+1, asks(), "nothing of it is listed yet")
		w.Pass(2 * time.Hour) // the hourly question before may have been the one after 84 minutes
		require.NoError(t, w.Book.LookNow(ctxOf(w), id))
		w.Step(c)
		assert.Equal(t, refunds.Done, w.Get(id).State)
		assert.ErrorIs(t, w.Book.LookNow(ctxOf(w), id), refunds.ErrState)
		assert.ErrorIs(t, w.Book.LookNow(ctxOf(w), 99), refunds.ErrNotFound)
		assert.Equal(t, "10.00", w.Moved(o))
	})
	t.Run("tried now, when Assist can be reached again", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Server.Next(assisttest.HTMLError(502).WithoutDoing().For(assisttest.OrderResults))
		id := w.Enqueue(w.Of(o, "10.00"))
		c := w.Carrier()
		w.Step(c)
		require.Equal(t, refunds.ForConnection, w.Get(id).Waits)
		w.Step(c)
		require.Equal(t, refunds.Pending, w.Get(id).State)
		require.NoError(t, w.Book.LookNow(ctxOf(w), id))
		w.Step(c)
		assert.Equal(t, refunds.Done, w.Get(id).State)
		assert.Equal(t, "10.00", w.Moved(o))
	})
	t.Run("the external refund id stays after an unknown outcome and is renewed after a refusal", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Server.Next(assisttest.Refuse(17, 3), assisttest.DieBefore())
		id := w.Enqueue(w.Of(o, "10.00"))
		c := w.Carrier()
		w.Until(c, id, 20*time.Hour, NeedsPerson)
		confirmed(w, id, refunds.Decision{Kind: refunds.NeverCame})
		rec := w.Until(c, id, time.Hour, Final)
		require.Equal(t, refunds.Done, rec.State, rec.Detail)
		var ids []string
		for _, r := range w.Server.Requests() {
			if r.Service == assisttest.Cancels {
				ids = append(ids, r.Parameters["externalrefundid"])
			}
		}
		require.Len(t, ids, 3)
		assert.NotEqual(t, ids[0], ids[1], "Assist has refused the first, so it knows its id")
		assert.Equal(t, ids[1], ids[2], "the second may still arrive")
		assert.Equal(t, "10.00", w.Moved(o))
	})
}

func orderOfPayment(t *testing.T, open Open) {
	t.Run("one after the other", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Server.Next(assisttest.DieAfter())
		first, second := w.Enqueue(w.Of(o, "10.00")), w.Enqueue(w.Of(o, "10.00"))
		c := w.Carrier()
		w.Step(c)
		assert.Equal(t, refunds.Sent, w.Get(first).State)
		assert.Equal(t, refunds.Pending, w.Get(second).State, "one cancel of a payment at a time")
		rec := w.Until(c, second, time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State)
		assert.Equal(t, refunds.Done, w.Get(first).State)
		assert.Equal(t, "20.00", w.Moved(o))
		assert.NotEqual(t, w.Get(first).Operations[0].Billnumber, rec.Operations[0].Billnumber)
	})
	t.Run("a rest between two clients", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Enqueue(w.Of(o, "10.00"))
		w.Step(w.Carrier())
		second := w.Enqueue(w.Of(o, "10.00"))
		w.Step(w.Carrier())
		rec := w.Get(second)
		assert.Equal(t, refunds.Pending, rec.State)
		assert.Equal(t, refunds.ForRest, rec.Waits)
	})
	t.Run("all that is left, if it is what was seen", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		whole := w.Of(o, "100.00")
		whole.Whole = true
		id := w.Enqueue(whole)
		rec := w.Until(w.Carrier(), id, time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State, rec.Detail)
		assert.Equal(t, "100.00", w.Moved(o))
	})
	t.Run("all that is left, but something is gone", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Server.Pay(assisttest.Payment{PaidAt: w.Now().Add(-48 * time.Hour), Cancelled: []assist.Money{must(assist.NewMoney(1000, "RUB"))}})
		whole := w.Of(o, "100.00")
		whole.Whole = true
		id := w.Enqueue(whole)
		w.Step(w.Carrier())
		rec := w.Get(id)
		assert.Equal(t, refunds.Pending, rec.State)
		assert.Contains(t, rec.PersonWhy, "90.00 RUB")
		assert.Equal(t, "10.00", w.Moved(o))
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func twoProcesses(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	n, each := 6, 3
	if testing.Short() {
		n = 2
	}
	var orders []assist.Order
	var ids []refunds.ID
	for range n {
		o := w.Pay()
		orders = append(orders, o)
		for range each {
			ids = append(ids, w.Enqueue(w.Of(o, "10.00")))
		}
	}
	w.Server.Next(assisttest.DieAfter(), assisttest.InProcess(time.Hour, "AS000"), assisttest.Decline("AS100"), assisttest.DieAfter())
	a, b := w.Carrier(refunds.Workers(3)), w.Carrier(refunds.Workers(3))
	for range 200 {
		done := make(chan time.Time)
		go func() { next, _ := a.Step(ctxOf(w)); done <- next }()
		next, err := b.Step(ctxOf(w))
		require.NoError(t, err)
		if other := <-done; !other.IsZero() && other.Before(next) {
			next = other
		}
		open := 0
		for _, id := range ids {
			if !w.Get(id).State.Final() {
				open++
			}
		}
		if open == 0 {
			break
		}
		w.Pass(min(max(next.Sub(w.Now()), time.Second), 5*time.Minute))
	}
	var done int64
	owners := map[assist.Billnumber]bool{}
	for _, id := range ids {
		rec := w.Get(id)
		assert.True(t, rec.State.Final(), rec.State)
		if rec.State == refunds.Done {
			done += 1000
			require.Len(t, rec.Operations, 1)
			assert.False(t, owners[rec.Operations[0].Billnumber], "an operation has one owner")
			owners[rec.Operations[0].Billnumber] = true
		}
	}
	var moved int64
	for _, o := range orders {
		moved += w.Server.Moved(o.Billnumber).Minor()
	}
	assert.Equal(t, done, moved)
	assert.Equal(t, int64(n*each-1)*1000, moved, "all but the declined one")
}
