package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func purge(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o := w.Pay()
	r := w.Of(o, "10.00")
	r.Request.ChequeItems = []assist.ChequeItem{{ID: 1, Product: "Tea", Price: r.Request.Amount, Quantity: "1", Amount: r.Request.Amount}}
	id := w.Enqueue(r)
	w.Until(w.Carrier(), id, time.Hour, Final)
	assert.Empty(t, w.Get(id).Request.ChequeItems, "what is personal goes at the end")
	again, err := w.Book.Enqueue(ctxOf(w), r)
	require.NoError(t, err)
	assert.Equal(t, id, again, "the content is known by its hash")
	w.Pass(time.Hour)
	n, err := w.Book.Purge(ctxOf(w), w.Now())
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	_, err = w.Book.Get(ctxOf(w), id)
	assert.ErrorIs(t, err, refunds.ErrNotFound)
	again, err = w.Book.Enqueue(ctxOf(w), r)
	require.NoError(t, err)
	assert.Equal(t, id, again, "a late retry pays nothing")
	r.Request.Amount = must(assist.NewMoney(999, "RUB"))
	r.Request.ChequeItems = nil
	_, err = w.Book.Enqueue(ctxOf(w), r)
	assert.ErrorIs(t, err, refunds.ErrKeyTaken)
	rec, err := w.Book.ByKey(ctxOf(w), w.Merchant(), r.Key)
	require.NoError(t, err)
	assert.True(t, rec.Purged)
	assert.Equal(t, refunds.Done, rec.State)
	w.Step(w.Carrier())
	assert.Equal(t, "10.00", w.Moved(o))
}

// known tells whether the store has a row of the payment.
func known(t *testing.T, w *World, payment assist.Billnumber) (yes bool) {
	t.Helper()
	require.NoError(t, w.Store.View(ctxOf(w), func(tx storage.Tx) (err error) {
		yes, err = tx.Get(ctxOf(w), &storage.Payment{Merchant: w.Merchant(), Payment: string(payment.Payment())}, storage.NoLock)
		return err
	}))
	return yes
}

// purgedPayments: a payment goes with its last refund, and what keys promise stays.
func purgedPayments(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	c := w.Carrier()
	o := w.Pay()
	first, second := w.Of(o, "10.00"), w.Of(o, "20.00")
	a := w.Enqueue(first)
	w.Until(c, a, time.Hour, Final)
	w.Pass(time.Hour)
	between := w.Now()
	b := w.Enqueue(second)
	w.Until(c, b, time.Hour, Final)
	w.Pass(time.Hour)
	purge := func(before time.Time) {
		t.Helper()
		n, err := w.Book.Purge(ctxOf(w), before)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	purge(between)
	require.True(t, known(t, w, o.Billnumber), "one refund of it is left")
	p, err := w.Book.Payment(ctxOf(w), w.Merchant(), o.Billnumber)
	require.NoError(t, err)
	assert.Equal(t, "30.00 RUB", p.Moved.String(), "also what a purged refund moved")
	assert.Equal(t, "70.00 RUB", p.Left.String())
	purge(w.Now())
	assert.False(t, known(t, w, o.Billnumber))
	_, err = w.Book.Payment(ctxOf(w), w.Merchant(), o.Billnumber)
	assert.ErrorIs(t, err, refunds.ErrNotFound)
	for id, r := range map[refunds.ID]refunds.Refund{a: first, b: second} {
		assert.Equal(t, id, w.Enqueue(r), "same key, same content, same refund")
		r.Request.Amount = rub(999)
		_, err := w.Book.Enqueue(ctxOf(w), r)
		assert.ErrorIs(t, err, refunds.ErrKeyTaken)
	}
	assert.False(t, known(t, w, o.Billnumber), "a late retry brings nothing back")
	w.Step(c)
	assert.Equal(t, "30.00", w.Moved(o))
	again := w.Of(o, "10.00") // a new refund of the payment, of an amount that went back before
	rec := w.Until(c, w.Enqueue(again), time.Hour, Final)
	assert.Equal(t, refunds.Done, rec.State, rec.Detail)
	assert.Equal(t, "40.00", w.Moved(o))
	p, err = w.Book.Payment(ctxOf(w), w.Merchant(), o.Billnumber)
	require.NoError(t, err)
	assert.Equal(t, "40.00 RUB", p.Moved.String())
	assert.Equal(t, "60.00 RUB", p.Left.String())
}

// purgedMeanwhile: a payment's last refund is purged while another is enqueued.
func purgedMeanwhile(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o := w.Pay()
	for i := range 20 {
		id := w.Enqueue(w.Of(o, "0.01"))
		require.NoError(t, w.Book.Withdraw(ctxOf(w), id, Person("anna")))
		w.Pass(time.Minute)
		next := w.Of(o, "0.01")
		next.Key = fmt.Sprint("next-", i)
		var both sync.WaitGroup
		var purged, enqueued error
		both.Go(func() { _, purged = w.Book.Purge(ctxOf(w), w.Now()) })
		both.Go(func() { id, enqueued = w.Book.Enqueue(ctxOf(w), next) })
		both.Wait()
		require.NoError(t, purged)
		require.NoError(t, enqueued)
		require.True(t, known(t, w, o.Billnumber))
		require.NoError(t, w.Book.Withdraw(ctxOf(w), id, Person("anna")))
		w.Pass(time.Minute)
		_, err := w.Book.Purge(ctxOf(w), w.Now())
		require.NoError(t, err)
		require.False(t, known(t, w, o.Billnumber))
	}
}
