package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rub(minor int64) assist.Money { return must(assist.NewMoney(minor, "RUB")) }

// balance: two processes never reserve together what only fits once.
func balance(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	rates := map[assist.Wallet]int{assist.WebMoney: 35_000}
	paid := func(n int, minor int64) {
		op := assist.Billnumber(fmt.Sprintf("510000000000900%d.1", n))
		require.NoError(t, w.Book.Paid(ctxOf(w), w.Merchant(), op, 30, rub(minor), w.Now()))
		require.NoError(t, w.Book.Paid(ctxOf(w), w.Merchant(), op, 30, rub(minor), w.Now()), "told twice, counted once")
	}
	one, two := w.NewBook().DayBalance(w.Merchant(), rates), w.NewBook().DayBalance(w.Merchant(), rates)
	var rule *assist.WalletRuleError
	require.ErrorAs(t, one.Reserve(ctxOf(w), "a", assist.WebMoney, rub(1), w.Now()), &rule)
	assert.Equal(t, assist.ErrDayBalance, rule.Rule)
	paid(1, 1001) // 35.035 of it are the bank's, rounded up: 965 are left
	require.ErrorAs(t, one.Reserve(ctxOf(w), "a", assist.WebMoney, rub(966), w.Now()), &rule)
	assert.Equal(t, int64(965), rule.Available.Minor())
	assert.Error(t, one.Reserve(ctxOf(w), "a", assist.QIWI, rub(1), w.Now()), "another wallet's money")

	var fits sync.Map
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			b := []assist.DayBalance{one, two}[i%2]
			if b.Reserve(ctxOf(w), fmt.Sprint("r", i), assist.WebMoney, rub(300), w.Now()) == nil {
				fits.Store(fmt.Sprint("r", i), true)
			}
		})
	}
	wait.Wait()
	var ids []string
	fits.Range(func(id, _ any) bool { ids = append(ids, id.(string)); return true })
	require.Len(t, ids, 3)
	shown, err := w.Book.Balances(ctxOf(w), w.Merchant(), rates)
	require.NoError(t, err)
	assert.Equal(t, []refunds.WalletBalance{{Wallet: assist.WebMoney, Paid: rub(1001), Back: rub(0), InFlight: rub(900), Available: rub(65)}}, shown)
	require.NoError(t, two.Reserve(ctxOf(w), ids[0], assist.WebMoney, rub(300), w.Now()), "reserving again changes nothing")
	require.NoError(t, one.Settle(ctxOf(w), ids[0], false))
	require.NoError(t, one.Settle(ctxOf(w), ids[1], true))
	require.NoError(t, one.Settle(ctxOf(w), "unknown", true))
	require.NoError(t, two.Reserve(ctxOf(w), "b", assist.WebMoney, rub(300), w.Now()), "what didn't move is free again")
	assert.Error(t, two.Reserve(ctxOf(w), "c", assist.WebMoney, rub(300), w.Now()))
	w.Pass(11 * time.Minute)
	require.NoError(t, two.Reserve(ctxOf(w), "c", assist.WebMoney, rub(300), w.Now()), "a reservation without an attempt is dropped")
	w.Pass(24 * time.Hour)
	assert.Error(t, two.Reserve(ctxOf(w), "d", assist.WebMoney, rub(1), w.Now()), "each day begins with nothing")
}

// capped: a refund over the balance waits until the store hears of a payment.
func capped(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	day := w.Book.DayBalance(w.Merchant(), map[assist.Wallet]int{assist.WebMoney: 0})
	o := w.Server.Pay(assisttest.Payment{MeanTypeID: 30, Amount: rub(10_000), PaidAt: w.Now().Add(-72 * time.Hour)})
	id := w.Enqueue(w.Of(o, "50.00"))
	c := w.CarrierWith(w.Client(assist.WithWalletRules(day)))
	w.Step(c)
	rec := w.Get(id)
	assert.Equal(t, refunds.ForMoney, rec.Waits, rec.Detail)
	assert.Empty(t, cancels(w), "nothing is sent that doesn't fit")
	assert.Empty(t, rec.Attempts)
	news := w.Server.Pay(assisttest.Payment{MeanTypeID: 30, Amount: rub(10_000)})
	require.NoError(t, w.Book.Paid(ctxOf(w), w.Merchant(), news.Operations[0].Billnumber, 30, rub(10_000), w.Now()))
	rec = w.Until(c, id, time.Hour, Final)
	assert.Equal(t, refunds.Done, rec.State, rec.Detail)
	assert.Equal(t, "50.00", w.Moved(o))
	assert.Error(t, day.Reserve(ctxOf(w), "x", assist.WebMoney, rub(5001), w.Now()))
	assert.NoError(t, day.Reserve(ctxOf(w), "x", assist.WebMoney, rub(5000), w.Now()))
}

func reconcile(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	from := w.Now().Add(-time.Hour)
	done := w.Enqueue(w.Of(w.Pay(), "10.00"))
	c := w.Carrier()
	w.Until(c, done, time.Hour, Final)
	w.Server.Next(assisttest.DieAfter())
	lost := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Step(c)
	require.Equal(t, refunds.Sent, w.Get(lost).State)
	byHand := w.Pay()
	_, err := w.Client().Cancel(ctxOf(w), byHand.CancelRequest(rub(700)))
	require.NoError(t, err)
	w.Pass(time.Minute)
	r, err := c.Reconcile(ctxOf(w), w.Merchant(), from, w.Now())
	require.NoError(t, err)
	assert.True(t, r.Complete)
	require.Len(t, r.Strange, 1, "what was made by hand")
	assert.Equal(t, byHand.Billnumber, r.Strange[0].Operation.Billnumber.Payment())
	assert.Equal(t, refunds.Done, w.Get(lost).State, "a strange cancel is first offered to open attempts")
	assert.Empty(t, r.Missing)
	assert.Empty(t, r.Differing)
	var invalid *refunds.InvalidError
	_, err = c.Reconcile(ctxOf(w), w.Merchant(), from, from.Add(367*24*time.Hour))
	assert.ErrorAs(t, err, &invalid)
	_, err = c.Reconcile(ctxOf(w), "999", from, w.Now())
	assert.ErrorAs(t, err, &invalid)

	// Another process asks too: there is one question in ten minutes.
	background := w.Carrier(refunds.ReconcileEvery(10 * time.Minute))
	asked := func() (n int) {
		for _, q := range w.Server.Requests() {
			if q.Service == assisttest.ResultsByDate {
				n++
			}
		}
		return n
	}
	w.Step(background)
	assert.Equal(t, 1, asked())
	w.Pass(11 * time.Minute)
	w.Step(background)
	w.Step(w.Carrier(refunds.ReconcileEvery(10 * time.Minute)))
	assert.Equal(t, 2, asked())
}

// A store that is another copy than before sends nothing until it has been
// compared.
type moved struct {
	refunds.Store
	place string
}

func (m *moved) Place(ctx) (string, error) { return m.place, nil }

func (m *moved) Update(c ctx, f func(storage.Tx) error) error {
	return m.Store.Update(c, func(tx storage.Tx) error { return f(&movedTx{tx, m}) })
}

type movedTx struct {
	storage.Tx
	store *moved
}

// Read tells the same place, where the database tells one inside a transaction.
func (t *movedTx) Read(c ctx, asks ...storage.Ask) error {
	err := t.Tx.Read(c, asks...)
	for _, ask := range asks {
		if ask.Place != nil && *ask.Place != "" {
			*ask.Place = t.store.place
		}
	}
	return err
}

func restored(t *testing.T, open Open) {
	store := &moved{open(t), "here"}
	w := NewWorld(t, store)
	w.Until(w.Carrier(), w.Enqueue(w.Of(w.Pay(), "10.00")), time.Hour, Final)
	id := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Pass(time.Minute)
	store.place = "a copy"
	w.Book = w.NewBook()
	c := w.Carrier()
	before := len(cancels(w))
	w.Step(c)
	assert.Equal(t, refunds.Pending, w.Get(id).State)
	assert.Len(t, cancels(w), before)
	assert.ErrorIs(t, w.Book.Release(ctxOf(w), w.Merchant(), Person("anna")), refunds.ErrNotReconciled)
	w.Pass(time.Minute)
	_, err := c.Reconcile(ctxOf(w), w.Merchant(), w.Now().Add(-time.Minute), w.Now())
	require.NoError(t, err)
	assert.ErrorIs(t, w.Book.Release(ctxOf(w), w.Merchant(), Person("anna")), refunds.ErrNotReconciled, "what was lost may be older")
	w.Pass(11 * time.Minute)
	_, err = c.Reconcile(ctxOf(w), w.Merchant(), w.Now().Add(-time.Hour), w.Now())
	require.NoError(t, err)
	require.NoError(t, w.Book.Release(ctxOf(w), w.Merchant(), Person("anna")))
	rec := w.Until(c, id, time.Hour, Final)
	assert.Equal(t, refunds.Done, rec.State, rec.Detail)
}

// secrets: a store keeps to the key it was made with.
func secrets(t *testing.T, open Open) {
	w := &World{TB: t, Store: open(t), now: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)}
	_, err := refunds.NewBook(t.Context(), w.Store)
	if !errors.Is(err, refunds.ErrSchema) { // memory has its tables
		require.NoError(t, err)
		w.Store = open(t)
	}
	require.NoError(t, refunds.Migrate(t.Context(), w.Store))
	require.NoError(t, refunds.Migrate(t.Context(), w.Store), "again changes nothing")
	w.NewBook(refunds.IndexKey(assist.NewSecret("0123456789abcdef")))
	w.NewBook(refunds.IndexKey(assist.NewSecret("0123456789abcdef")))
	_, err = refunds.NewBook(t.Context(), w.Store, refunds.IndexKey(assist.NewSecret("another key than this")))
	assert.ErrorIs(t, err, refunds.ErrIndexKey)
	_, err = refunds.NewBook(t.Context(), w.Store)
	assert.ErrorIs(t, err, refunds.ErrIndexKey)
	var invalid *refunds.InvalidError
	_, err = refunds.NewBook(t.Context(), w.Store, refunds.IndexKey(assist.NewSecret("short")))
	assert.ErrorAs(t, err, &invalid)
}
