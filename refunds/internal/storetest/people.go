package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type ctx = context.Context

func keys(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o := w.Pay()
	r := w.Of(o, "10.00")
	id := w.Enqueue(r)
	again, err := w.NewBook().Enqueue(ctxOf(w), r)
	require.NoError(t, err)
	assert.Equal(t, id, again, "the same key and content is the same refund")

	later := r
	later.NotBefore, later.Note = w.Now().Add(time.Hour), "another note"
	again, err = w.Book.Enqueue(ctxOf(w), later)
	require.NoError(t, err)
	assert.Equal(t, id, again, "when, and a note, are no content")

	for name, change := range map[string]func(*refunds.Refund){
		"amount":       func(r *refunds.Refund) { r.Request.Amount = must(assist.NewMoney(1001, "RUB")) },
		"currency":     func(r *refunds.Refund) { r.Request.Amount = must(assist.NewMoney(1000, "USD")) },
		"payment":      func(r *refunds.Refund) { r.Request.Billnumber = "5700027202722028" },
		"order number": func(r *refunds.Refund) { r.Request.OrderNumber += "1" },
		"reason":       func(r *refunds.Refund) { r.Request.Reason = assist.ReasonFraud },
		"whole":        func(r *refunds.Refund) { r.Whole = true },
	} {
		other := r
		other.Request.Order = nil
		change(&other)
		_, err := w.Book.Enqueue(ctxOf(w), other)
		assert.ErrorIs(t, err, refunds.ErrKeyTaken, name)
	}
	for name, change := range map[string]func(*refunds.Refund){
		"no key":              func(r *refunds.Refund) { r.Key = "" },
		"no merchant":         func(r *refunds.Refund) { r.MerchantID = "" },
		"merchant of letters": func(r *refunds.Refund) { r.MerchantID = "shop" },
		"no billnumber":       func(r *refunds.Refund) { r.Request.Billnumber = "12" },
		"no amount":           func(r *refunds.Refund) { r.Request.Amount = assist.Money{} },
		"nothing":             func(r *refunds.Refund) { r.Request.Amount = must(assist.NewMoney(0, "RUB")) },
		"no order number":     func(r *refunds.Refund) { r.Request.OrderNumber = "" },
		"a refund id":         func(r *refunds.Refund) { r.Request.ExternalRefundID = "0123456789" },
		"a half cheque item":  func(r *refunds.Refund) { r.Request.ChequeItems = []assist.ChequeItem{{}} },
	} {
		other := w.Of(o, "1.00")
		change(&other)
		_, err := w.Book.Enqueue(ctxOf(w), other)
		var invalid *refunds.InvalidError
		assert.ErrorAs(t, err, &invalid, name)
	}
	assert.Empty(t, w.Server.Requests(), "a book never talks to Assist")
}

func persons(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	book := w.NewBook(refunds.AloneUpTo(must(assist.NewMoney(1500, "RUB"))))
	o := w.Pay()
	propose := func(amount string, who string) refunds.ID {
		id, err := book.Propose(ctxOf(w), w.Of(o, amount), Person(who))
		require.NoError(t, err)
		return id
	}
	small := propose("10.00", "anna")
	assert.Equal(t, refunds.Pending, w.Get(small).State)
	split := propose("10.00", "anna")
	assert.Equal(t, refunds.Proposed, w.Get(split).State, "a person's proposals of one payment count together")
	assert.ErrorIs(t, book.Approve(ctxOf(w), split, Person("anna")), refunds.ErrSamePerson)
	require.NoError(t, book.Approve(ctxOf(w), split, Person("boris")))
	assert.Equal(t, "boris", w.Get(split).ApprovedBy.ID)
	assert.ErrorIs(t, book.Approve(ctxOf(w), split, Person("boris")), refunds.ErrState)

	denied, old := propose("10.00", "anna"), propose("11.00", "anna")
	require.NoError(t, book.Deny(ctxOf(w), denied, Person("anna")))
	assert.Equal(t, refunds.Denied, w.Get(denied).State)
	w.Pass(73 * time.Hour)
	assert.ErrorIs(t, book.Approve(ctxOf(w), old, Person("boris")), refunds.ErrExpired)
	c := w.Carrier()
	rec := w.Until(c, split, 2*time.Hour, Final)
	assert.Equal(t, refunds.Done, rec.State)
	assert.Equal(t, refunds.Denied, w.Get(old).State)
	assert.Equal(t, "20.00", w.Moved(o))

	taken := w.Enqueue(w.Of(w.Pay(), "10.00"))
	require.NoError(t, book.Withdraw(ctxOf(w), taken, Person("anna")))
	assert.ErrorIs(t, book.Withdraw(ctxOf(w), taken, Person("anna")), refunds.ErrState)
	w.Server.Next(assisttest.DieBefore())
	sent := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Step(c)
	assert.ErrorIs(t, book.Withdraw(ctxOf(w), sent, Person("anna")), refunds.ErrUnderWay)
	var invalid *refunds.InvalidError
	assert.ErrorAs(t, book.Withdraw(ctxOf(w), sent, refunds.Person{Name: "x"}), &invalid)
}

// lateDone is when a lost cancel is done: well after a person is called, at the
// first question behind the twelfth hour.
const lateDone = 17 * time.Hour

func decisions(t *testing.T, open Open) {
	lost := func(t *testing.T, f assisttest.Fault) (*World, *refunds.Carrier, assist.Order, refunds.ID) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		w.Server.Next(f)
		r := w.Of(o, "10.00")
		id, err := w.Book.Propose(ctxOf(w), r, Person("olga"))
		require.NoError(t, err)
		require.NoError(t, w.Book.Approve(ctxOf(w), id, Person("pavel")))
		c := w.Carrier()
		rec := w.Until(c, id, 20*time.Hour, NeedsPerson)
		require.Equal(t, refunds.Sent, rec.State)
		return w, c, o, id
	}
	t.Run("never came, by two persons", func(t *testing.T) {
		w, c, o, id := lost(t, assisttest.DieBefore())
		n, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.NeverCame}, Person("anna"))
		require.NoError(t, err)
		_, err = w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.GiveUp}, Person("anna"))
		assert.ErrorIs(t, err, refunds.ErrState, "one decision at a time")
		assert.ErrorIs(t, w.Book.ConfirmDecision(ctxOf(w), n, Person("anna")), refunds.ErrSamePerson)
		assert.ErrorIs(t, w.Book.ConfirmDecision(ctxOf(w), n, Person("olga")), refunds.ErrSamePerson, "who asked for the refund can't either")
		w.Step(c)
		assert.Equal(t, refunds.Sent, w.Get(id).State)
		require.NoError(t, w.Book.ConfirmDecision(ctxOf(w), n, Person("boris")))
		rec := w.Until(c, id, time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State, rec.Detail)
		assert.Equal(t, "10.00", w.Moved(o))
		assert.Equal(t, refunds.DecisionDone, rec.Decisions[0].State)
		assert.Len(t, rec.Attempts, 2)
		assert.False(t, rec.Attempts[0].WatchedUntil.IsZero())
	})
	t.Run("never came, but it comes after all", func(t *testing.T) {
		w, c, o, id := lost(t, assisttest.DieAndDoLater(lateDone))
		confirmed(w, id, refunds.Decision{Kind: refunds.NeverCame})
		w.Pass(lateDone)
		rec := w.Until(c, id, 2*time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State)
		assert.Equal(t, "10.00", w.Moved(o), "the answer stands above the decision")
		assert.Equal(t, refunds.DecisionDeclined, rec.Decisions[0].State)
	})
	t.Run("given up, and it moves late", func(t *testing.T) {
		w, c, o, id := lost(t, assisttest.DieAndDoLater(30*time.Hour))
		_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.GiveUp}, Person("anna"))
		require.NoError(t, err)
		rec := w.Until(c, id, time.Hour, Final)
		require.Equal(t, refunds.GivenUp, rec.State)
		assert.ErrorIs(t, w.Book.Withdraw(ctxOf(w), id, Person("anna")), refunds.ErrUnderWay)
		w.Until(c, id, 60*time.Hour, func(*refunds.Record) bool { return false })
		assert.Equal(t, refunds.GivenUp, w.Get(id).State, "a final state never changes")
		assert.Equal(t, "10.00", w.Moved(o))
		assert.Equal(t, 1, count(w, id, refunds.MovedLate))
		p, err := w.Book.Payment(ctxOf(w), w.Merchant(), o.Billnumber)
		require.NoError(t, err)
		assert.Equal(t, "90.00 RUB", p.Left.String())
	})
	t.Run("given up, but it has come", func(t *testing.T) {
		w, c, o, id := lost(t, assisttest.DieAndDoLater(lateDone))
		w.Pass(lateDone)
		_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.GiveUp}, Person("anna"))
		require.NoError(t, err)
		rec := w.Until(c, id, time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State, "Assist is asked first")
		assert.Equal(t, "10.00", w.Moved(o))
	})
	t.Run("too early", func(t *testing.T) {
		w := NewWorld(t, open(t))
		w.Server.Next(assisttest.DieBefore())
		id := w.Enqueue(w.Of(w.Pay(), "10.00"))
		w.Step(w.Carrier())
		_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.NeverCame}, Person("anna"))
		assert.ErrorIs(t, err, refunds.ErrState, "no person is needed yet")
	})
	t.Run("it was another's", func(t *testing.T) {
		w, c, o, id := lost(t, assisttest.DieBefore())
		other := w.Enqueue(w.Of(w.Pay(), "10.00"))
		w.Until(c, other, time.Hour, Final)
		op := w.Get(other).Operations[0].Billnumber
		_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.ItWas, Operation: op}, Person("anna"))
		require.NoError(t, err)
		w.Step(c)
		rec := w.Get(id)
		assert.Equal(t, refunds.Sent, rec.State)
		assert.Equal(t, refunds.DecisionDeclined, rec.Decisions[0].State)
		assert.Equal(t, "0.00", w.Moved(o))
	})
}

// confirmed is a decision by two persons.
func confirmed(w *World, id refunds.ID, d refunds.Decision) {
	w.TB.Helper()
	n, err := w.Book.ProposeDecision(ctxOf(w), id, d, Person("anna"))
	require.NoError(w.TB, err)
	require.NoError(w.TB, w.Book.ConfirmDecision(ctxOf(w), n, Person("boris")))
}

func count(w *World, id refunds.ID, kind refunds.EventKind) (n int) {
	all, err := w.Book.History(ctxOf(w), id)
	require.NoError(w.TB, err)
	for _, e := range all {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// strangers: money that went back without the store stops a like refund.
func strangers(t *testing.T, open Open) {
	byHand := func(t *testing.T) (*World, *refunds.Carrier, assist.Order, refunds.ID, assist.Billnumber) {
		w := NewWorld(t, open(t))
		o := w.Pay()
		id := w.Enqueue(w.Of(o, "10.00"))
		x, err := w.Client().Cancel(ctxOf(w), o.CancelRequest(must(assist.NewMoney(1000, "RUB"))))
		require.NoError(t, err)
		w.Pass(5 * time.Minute)
		c := w.Carrier()
		w.Step(c)
		rec := w.Get(id)
		require.Equal(t, refunds.Pending, rec.State)
		require.False(t, rec.NeedsPerson.IsZero())
		return w, c, o, id, x.Operation.Billnumber
	}
	t.Run("it was the refund", func(t *testing.T) {
		w, c, o, id, op := byHand(t)
		_, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.ItWas, Operation: op}, Person("anna"))
		require.NoError(t, err)
		w.Step(c)
		assert.Equal(t, refunds.Done, w.Get(id).State)
		assert.Equal(t, "10.00", w.Moved(o))
	})
	t.Run("it was another's", func(t *testing.T) {
		w, c, o, id, op := byHand(t)
		n, err := w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.NotIts, Operation: op}, Person("anna"))
		require.NoError(t, err)
		w.Step(c)
		assert.Equal(t, "10.00", w.Moved(o), "a second person is needed")
		require.NoError(t, w.Book.ConfirmDecision(ctxOf(w), n, Person("boris")))
		rec := w.Until(c, id, time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State, rec.Detail)
		assert.Equal(t, "20.00", w.Moved(o))
	})
}
