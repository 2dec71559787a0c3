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

// audit: what a page for persons reads: the whole history, what moved late and
// nobody has seen, exports, hashes of e-mails, balances.
func audit(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o := w.Server.Pay(assisttest.Payment{PaidAt: w.Now().Add(-48 * time.Hour), Customer: assist.Customer{Email: "Olga@Example.com"}})
	w.Server.Next(assisttest.DieAndDoLater(30 * time.Hour))
	id, err := w.Book.Propose(ctxOf(w), w.Of(o, "10.00"), Person("olga"))
	require.NoError(t, err)
	assert.Equal(t, "100.00 RUB", w.Get(id).Mean.Paid.String(), "who approves sees what was paid")
	assert.Len(t, w.Get(id).Mean.Last4, 4)
	require.NoError(t, w.Book.Approve(ctxOf(w), id, Person("boris")))
	c := w.Carrier()
	rec := w.Until(c, id, 20*time.Hour, NeedsPerson)
	require.Equal(t, refunds.Sent, rec.State)
	other := w.Enqueue(w.Of(w.Pay(), "5.00"))

	list := func(f refunds.Filter) (ids []refunds.ID) {
		for r, err := range w.Book.List(ctxOf(w), f) {
			require.NoError(t, err)
			full := w.Get(r.ID)
			assert.Equal(t, full.Mean, r.Mean, "a list tells what is kept of the payment")
			assert.Equal(t, [2]bool{full.PassedOver, full.MovedLate}, [2]bool{r.PassedOver, r.MovedLate})
			ids = append(ids, r.ID)
		}
		return ids
	}
	key := w.Book.EmailKey(" olga@example.COM")
	assert.NotContains(t, key, "olga")
	assert.Equal(t, []refunds.ID{id}, list(refunds.Filter{EmailKey: key}))
	assert.Empty(t, list(refunds.Filter{EmailKey: w.Book.EmailKey("olga@example.org")}))
	assert.Equal(t, []refunds.ID{id}, list(refunds.Filter{AskedBy: "olga"}))
	assert.Equal(t, []refunds.ID{other, id}, list(refunds.Filter{}))

	totals, err := w.Book.Totals(ctxOf(w), refunds.Filter{MerchantID: w.Merchant()})
	require.NoError(t, err)
	assert.Equal(t, []refunds.Total{{Count: 2, Sum: rub(1500)}}, totals)
	totals, err = w.Book.Totals(ctxOf(w), refunds.Filter{AskedBy: "nobody"})
	require.NoError(t, err)
	assert.Empty(t, totals)

	late := func() []refunds.ID {
		ids, err := w.Book.Late(ctxOf(w), w.Merchant())
		require.NoError(t, err)
		return ids
	}
	assert.ErrorIs(t, w.Book.SawLate(ctxOf(w), id, Person("boris")), refunds.ErrState, "nothing was raised")
	_, err = w.Book.ProposeDecision(ctxOf(w), id, refunds.Decision{Kind: refunds.GiveUp}, Person("boris"))
	require.NoError(t, err)
	require.Equal(t, refunds.GivenUp, w.Until(c, id, time.Hour, Final).State)
	assert.Empty(t, late())
	assert.True(t, w.Get(id).PassedOver)
	list(refunds.Filter{})
	w.Until(c, id, 60*time.Hour, func(*refunds.Record) bool { return len(late()) > 0 })
	assert.Equal(t, []refunds.ID{id}, late())
	assert.True(t, w.Get(id).MovedLate)
	assert.False(t, w.Get(id).PassedOver)
	list(refunds.Filter{})
	require.NoError(t, w.Book.SawLate(ctxOf(w), id, Person("boris")))
	assert.Empty(t, late())

	require.NoError(t, w.Book.NoteExport(ctxOf(w), w.Merchant(), Person("olga"), "2 rows"))
	var kinds []refunds.EventKind
	last := int64(0)
	for e, err := range w.Book.Events(ctxOf(w), refunds.EventFilter{MerchantID: w.Merchant()}) {
		require.NoError(t, err)
		assert.True(t, last == 0 || e.ID < last, "the newest first")
		last = e.ID
		kinds = append(kinds, e.Kind)
	}
	assert.Equal(t, []refunds.EventKind{refunds.Exported, refunds.LateSeen, refunds.MovedLate}, kinds[:3])
	assert.Contains(t, kinds, refunds.ProposedByPerson)
	for e, err := range w.Book.Events(ctxOf(w), refunds.EventFilter{Kinds: []refunds.EventKind{refunds.Approved, refunds.Exported}}) {
		require.NoError(t, err)
		assert.Contains(t, []string{"boris", "olga"}, e.Actor)
	}

	rates := map[assist.Wallet]int{assist.WebMoney: 35_000}
	require.NoError(t, w.Book.Paid(ctxOf(w), w.Merchant(), "5100000000009001.1", 30, rub(1001), w.Now()))
	require.NoError(t, w.Book.DayBalance(w.Merchant(), rates).Reserve(ctxOf(w), "a", assist.WebMoney, rub(300), w.Now()))
	limited := w.NewBook(refunds.AloneUpTo(rub(1500)))
	for minor, second := range map[int64]bool{1500: false, 1501: true} {
		r := w.Of(w.Pay(), "1.00")
		r.Request.Amount = rub(minor)
		needs, err := limited.NeedsSecond(ctxOf(w), r, Person("olga"))
		require.NoError(t, err)
		assert.Equal(t, second, needs, minor)
	}
	again := w.Of(o, "6.00") // ten of the same payment were asked for earlier, and longer than a day ago
	needs, err := limited.NeedsSecond(ctxOf(w), again, Person("olga"))
	require.NoError(t, err)
	assert.False(t, needs)
	balances, err := w.Book.Balances(ctxOf(w), w.Merchant(), rates)
	require.NoError(t, err)
	require.Len(t, balances, 1)
	assert.Equal(t, refunds.WalletBalance{Wallet: assist.WebMoney, Paid: rub(1001), Back: rub(0), InFlight: rub(300), Available: rub(665)}, balances[0])
}
