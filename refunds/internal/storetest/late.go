package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// comesLate is a refund of which two persons say that its cancel never came, half
// a minute before it comes.
func comesLate(t *testing.T, open Open, amount string) (*World, *refunds.Carrier, assist.Order, refunds.ID) {
	const after = 20 * time.Hour
	w := NewWorld(t, open(t))
	o, sent := w.Pay(), w.Now()
	w.Server.Next(assisttest.DieAndDoLater(after))
	id := w.Enqueue(w.Of(o, amount))
	c := w.Carrier()
	require.Equal(t, refunds.Sent, w.Until(c, id, after-time.Hour, NeedsPerson).State)
	w.Pass(sent.Add(after - 30*time.Second).Sub(w.Now()))
	confirmed(w, id, refunds.Decision{Kind: refunds.NeverCame})
	w.Step(c)
	require.Equal(t, refunds.Pending, w.Get(id).State)
	require.Equal(t, "0.00", w.Moved(o))
	return w, c, o, id
}

// passedOver: a cancel that persons have passed over moves money after all. Then the
// refund is done by it, whatever was to become of it.
func passedOver(t *testing.T, open Open) {
	for name, next := range map[string]assisttest.Fault{
		"nothing is sent anew": {},
		"refused for now":      assisttest.Refuse(17, 3),
		"refused for good":     assisttest.Refuse(5, 105),
	} {
		t.Run("it comes while the payment rests, "+name, func(t *testing.T) {
			w, c, o, id := comesLate(t, open, "10.00")
			if name != "nothing is sent anew" {
				w.Server.Next(next) // whatever were sent next
			}
			rec := w.Until(c, id, 72*time.Hour, Final)
			assert.Equal(t, refunds.Done, rec.State, rec.Detail)
			assert.Len(t, cancels(w), 1, "its money is known to have moved")
			assert.Equal(t, "10.00", w.Moved(o))
			assert.Equal(t, 1, count(w, id, refunds.MovedLate))
			assert.ErrorIs(t, w.Book.Withdraw(ctxOf(w), id, Person("anna")), refunds.ErrState)
			p, err := w.Book.Payment(ctxOf(w), w.Merchant(), o.Billnumber)
			require.NoError(t, err)
			assert.Equal(t, "10.00 RUB 90.00 RUB", fmt.Sprint(p.Moved, " ", p.Left))
		})
	}
	t.Run("a person says that it is somebody else's", func(t *testing.T) {
		w, c, o, id := comesLate(t, open, "10.00")
		rec := w.Until(c, id, 30*time.Minute, NeedsPerson)
		require.Equal(t, refunds.Pending, rec.State)
		confirmed(w, id, refunds.Decision{Kind: refunds.NotIts, Operation: o.Billnumber + ".2"})
		rec = w.Until(c, id, time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State, "Assist is asked about the cancel that was passed over first")
		assert.Equal(t, refunds.DecisionDeclined, rec.Decisions[len(rec.Decisions)-1].State)
		assert.Equal(t, "10.00", w.Moved(o))
	})
}

// calls: who is needed is called once, and stays called.
func calls(t *testing.T, open Open) {
	t.Run("refused for now, over and over", func(t *testing.T) {
		w := NewWorld(t, open(t))
		id := w.Enqueue(w.Of(w.Pay(), "10.00"))
		for range 100 {
			w.Server.Next(assisttest.Refuse(17, 3))
		}
		c := w.Carrier()
		since := w.Until(c, id, 10*24*time.Hour, NeedsPerson).NeedsPerson
		require.False(t, since.IsZero())
		require.NoError(t, w.Book.Take(ctxOf(w), id, Person("anna")))
		w.Until(c, id, time.Hour, Final)
		rec := w.Get(id)
		assert.Equal(t, 1, count(w, id, refunds.PersonNeeded))
		assert.Equal(t, since, rec.NeedsPerson)
		assert.Equal(t, "anna", rec.TakenBy)
		rec = w.Until(c, id, 10*24*time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State)
	})
	t.Run("no day brings enough", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Server.Pay(assisttest.Payment{PaidAt: w.Now().Add(-48 * time.Hour), MeanTypeID: 30, Amount: rub(10_000)})
		balance := w.Book.DayBalance(w.Merchant(), map[assist.Wallet]int{assist.WebMoney: 30_000})
		id := w.Enqueue(w.Of(o, "10.00"))
		rec := w.Until(w.CarrierWith(w.Client(assist.WithWalletRules(balance))), id, 5*24*time.Hour, NeedsPerson)
		assert.Equal(t, refunds.Pending, rec.State)
		assert.Contains(t, rec.PersonWhy, "day balance")
		assert.Equal(t, 1, count(w, id, refunds.PersonNeeded))
	})
	t.Run("its order can't be read", func(t *testing.T) {
		w := NewWorld(t, open(t))
		id := w.Enqueue(w.Of(w.Pay(), "10.00"))
		for range 200 {
			w.Server.Next(assisttest.Garbage().For(assisttest.OrderResults))
		}
		c := w.Carrier()
		early := w.Until(c, id, 11*time.Hour, NeedsPerson)
		assert.True(t, early.NeedsPerson.IsZero(), "it may pass")
		rec := w.Until(c, id, 24*time.Hour, NeedsPerson)
		assert.Contains(t, rec.PersonWhy, "can't be asked for")
		assert.Empty(t, cancels(w))
	})
}

// strangeCancels: money that went back beside a refund, by a cancel that nobody owns, is
// raised once, by results by date in the background.
func strangeCancels(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o, sent := w.Pay(), w.Now()
	const after = 30 * time.Hour
	w.Server.Next(assisttest.DieAndDoLater(after))
	id := w.Enqueue(w.Of(o, "10.00"))
	alerts := 0
	c := w.Carrier(refunds.ReconcileEvery(10*time.Minute), refunds.Alert(func(_ ctx, r *refunds.Record) {
		if r.ID == id && r.State == refunds.Done {
			alerts++
		}
	}))
	w.Step(c)
	made, err := w.Server.RefundByHand(o.Billnumber, rub(1000))
	require.NoError(t, err)
	rec := w.Until(c, id, 20*time.Hour, func(r *refunds.Record) bool { return Final(r) || NeedsPerson(r) })
	if !rec.State.Final() {
		_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.ItWas, Operation: made[0]}, Person("anna"))
		require.NoError(t, err)
		rec = w.Until(c, id, time.Hour, Final)
	}
	require.Equal(t, refunds.Done, rec.State, "by the one that was made by hand")
	require.Zero(t, count(w, id, refunds.Strange))
	w.Pass(sent.Add(after).Sub(w.Now()))
	w.Until(c, id, 6*time.Hour, func(*refunds.Record) bool { return false })
	require.Equal(t, "20.00", w.Moved(o), "its own cancel came after all")
	assert.Equal(t, 1, count(w, id, refunds.Strange))
	assert.Equal(t, 1, alerts)
	for _, e := range must(w.Book.History(ctxOf(w), id)) {
		if e.Kind == refunds.Strange {
			assert.Equal(t, string(o.Billnumber+".3"), e.Data)
			assert.Equal(t, refunds.Done, e.To)
		}
	}
}
