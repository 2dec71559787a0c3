package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func merchants(t *testing.T, open Open) {
	t.Run("a wrong password refuses nothing", func(t *testing.T) {
		w := NewWorld(t, open(t))
		var orders []assist.Order
		var ids []refunds.ID
		for range 3 {
			orders = append(orders, w.Pay())
			ids = append(ids, w.Enqueue(w.Of(orders[len(orders)-1], "10.00")))
		}
		creds := w.Server.Credentials()
		creds.Password = assist.NewSecret("wrong")
		bad, err := assist.NewClient(w.Server.URL, creds, assist.WithHTTPClient(w.Server.HTTPClient()), assist.WithClock(w.Now))
		require.NoError(t, err)
		c := w.CarrierWith(bad)
		for range 20 {
			w.Step(c)
			w.Pass(5 * time.Minute)
		}
		s, err := w.Book.Stats(ctxOf(w))
		require.NoError(t, err)
		assert.Equal(t, []string{w.Merchant()}, s.Paused)
		assert.Equal(t, 3, s.Pending)
		assert.LessOrEqual(t, len(w.Server.Requests()), 25, "one probe in five minutes")
		for _, id := range ids {
			rec := w.Until(w.Carrier(), id, time.Hour, Final)
			assert.Equal(t, refunds.Done, rec.State, rec.Detail)
		}
		s, err = w.Book.Stats(ctxOf(w))
		require.NoError(t, err)
		assert.Empty(t, s.Paused)
	})
	t.Run("held", func(t *testing.T) {
		w := NewWorld(t, open(t))
		require.NoError(t, w.Book.Hold(ctxOf(w), w.Merchant(), Person("anna")))
		id := w.Enqueue(w.Of(w.Pay(), "10.00"))
		c := w.Carrier()
		w.Step(c)
		assert.Equal(t, refunds.Pending, w.Get(id).State)
		assert.Empty(t, w.Server.Requests())
		require.NoError(t, w.Book.Release(ctxOf(w), w.Merchant(), Person("anna")))
		w.Step(c)
		assert.Equal(t, refunds.Done, w.Get(id).State)
	})
}

func wallets(t *testing.T, open Open) {
	t.Run("a same-day ban waits for its moment", func(t *testing.T) {
		w := NewWorld(t, open(t), assisttest.WithOpeningBalance(assist.QIWI, rub(1_000_000)))
		o := w.Server.Pay(assisttest.Payment{MeanTypeID: 36, Amount: rub(10_000)})
		id := w.Enqueue(w.Of(o, "10.00"))
		c := w.CarrierWith(w.Client(assist.WithWalletRules(nil)))
		w.Step(c)
		rec := w.Get(id)
		assert.Equal(t, refunds.Pending, rec.State)
		assert.Equal(t, refunds.ForTime, rec.Waits, rec.Detail)
		midnight := time.Date(2026, 3, 10, 21, 0, 0, 0, time.UTC)
		assert.True(t, rec.NextAt.After(midnight.Add(29*time.Second)) && rec.NextAt.Before(midnight.Add(11*time.Minute)), rec.NextAt)
		rec = w.Until(c, id, 24*time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State, rec.Detail)
	})
	t.Run("the day balance is waited for through the day", func(t *testing.T) {
		w := NewWorld(t, open(t))
		o := w.Server.Pay(assisttest.Payment{MeanTypeID: 30, Amount: rub(10_000), PaidAt: w.Now().Add(-72 * time.Hour)})
		id := w.Enqueue(w.Of(o, "50.00"))
		c := w.Carrier()
		var tries []time.Time
		for range 400 {
			before := len(cancels(w))
			next := w.Step(c)
			if len(cancels(w)) > before {
				tries = append(tries, w.Now())
			}
			if w.Get(id).State.Final() || w.Now().After(time.Date(2026, 3, 11, 20, 59, 0, 0, time.UTC)) {
				break
			}
			w.Pass(min(max(next.Sub(w.Now()), time.Second), time.Hour))
		}
		require.Equal(t, refunds.Pending, w.Get(id).State, w.Get(id).Detail)
		assert.Equal(t, refunds.ForMoney, w.Get(id).Waits)
		moscow := time.FixedZone("MSK", 3*60*60)
		last := map[int]bool{}
		for _, at := range tries {
			at = at.In(moscow)
			assert.NotZero(t, at.Hour(), "never in the first moments of a day: %s", at)
			last[at.Day()] = last[at.Day()] || at.Hour() == 23
		}
		assert.True(t, last[10] && last[11], "each day's last try is in its final hour: %v", tries)
		w.Pass(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC).Sub(w.Now()))
		w.Server.Pay(assisttest.Payment{MeanTypeID: 30, Amount: rub(10_000)})
		rec := w.Until(c, id, 12*time.Hour, Final)
		assert.Equal(t, refunds.Done, rec.State, rec.Detail)
		assert.Equal(t, "50.00", w.Moved(o))
	})
}

func cancels(w *World) (all []assisttest.Request) {
	for _, r := range w.Server.Requests() {
		if r.Service == assisttest.Cancels {
			all = append(all, r)
		}
	}
	return all
}

// SQL gives the database of a store that has one, its word before a table's
// name, and a database that isn't the store's.
type SQL interface {
	DB() *sql.DB
	Prefix() string
}

func transactions(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	db, ok := w.Store.(SQL)
	if !ok {
		_, err := w.Book.EnqueueTx(ctxOf(w), &sql.Tx{}, w.Of(w.Pay(), "10.00"))
		assert.ErrorIs(t, err, refunds.ErrForeignTx, "a store in memory has no transactions of others")
		return
	}
	_, err := db.DB().Exec(`CREATE TABLE ` + db.Prefix() + `shop_orders (id text PRIMARY KEY)`)
	require.NoError(t, err)
	r := w.Of(w.Pay(), "10.00")
	for _, commit := range []bool{false, true} {
		tx, err := db.DB().BeginTx(ctxOf(w), nil)
		require.NoError(t, err)
		_, err = tx.Exec(`INSERT INTO ` + db.Prefix() + `shop_orders VALUES ('a')`)
		require.NoError(t, err)
		_, err = w.Book.EnqueueTx(ctxOf(w), tx, r)
		require.NoError(t, err)
		if commit {
			require.NoError(t, tx.Commit())
		} else {
			require.NoError(t, tx.Rollback())
		}
		rec, err := w.Book.ByKey(ctxOf(w), r.MerchantID, r.Key)
		if !commit {
			assert.ErrorIs(t, err, refunds.ErrNotFound)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, refunds.Pending, rec.State)
	}
	other := open(t)
	require.NoError(t, refunds.Migrate(ctxOf(w), other))
	_, err = refunds.NewBook(ctxOf(w), other)
	require.NoError(t, err)
	if elsewhere := other.(SQL); elsewhere.Prefix() == db.Prefix() { // another file
		tx, err := elsewhere.DB().BeginTx(ctxOf(w), nil)
		require.NoError(t, err)
		defer tx.Rollback()
		_, err = w.Book.EnqueueTx(ctxOf(w), tx, w.Of(w.Pay(), "10.00"))
		assert.ErrorIs(t, err, refunds.ErrForeignTx)
	}
}

func handlers(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	db, isSQL := w.Store.(SQL)
	if isSQL {
		_, err := db.DB().Exec(`CREATE TABLE ` + db.Prefix() + `shop_told (event bigint PRIMARY KEY, refund bigint NOT NULL, kind text NOT NULL)`)
		require.NoError(t, err)
	}
	tries := map[int64]int{}
	told := map[refunds.ID][]refunds.EventKind{}
	var broken refunds.ID
	handle := refunds.Handle("shop", func(c ctx, tx *sql.Tx, e refunds.Event) error {
		tries[e.ID]++
		if isSQL {
			place := []any{e.ID, int64(e.Refund), string(e.Kind)}
			query := `INSERT INTO ` + db.Prefix() + `shop_told VALUES ($1,$2,$3)`
			if _, err := tx.ExecContext(c, query, place...); err != nil {
				return err
			}
		}
		switch {
		case e.Refund == broken && tries[e.ID] == 1:
			return errors.New("not now")
		case e.Refund == broken && tries[e.ID] == 2:
			panic("not now either")
		}
		told[e.Refund] = append(told[e.Refund], e.Kind)
		return nil
	})
	early := w.Enqueue(w.Of(w.Pay(), "10.00"))
	c := w.Carrier(handle, refunds.Workers(1))
	w.Step(c)
	broken = w.Enqueue(w.Of(w.Pay(), "10.00"))
	whole := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Step(c)
	assert.Equal(t, []refunds.EventKind{refunds.Enqueued, refunds.Sending, refunds.Known}, told[whole], "one refund's error holds up no other's")
	assert.Empty(t, told[broken])
	for range 40 {
		w.Pass(30 * time.Second)
		w.Step(c)
	}
	assert.Equal(t, []refunds.EventKind{refunds.Enqueued, refunds.Sending, refunds.Known}, told[broken], "in order, and each once")
	assert.Equal(t, []refunds.EventKind{refunds.Sending, refunds.Known}, told[early], "from when the handler was first there")
	if isSQL {
		var n int
		require.NoError(t, db.DB().QueryRow(`SELECT count(*) FROM `+db.Prefix()+`shop_told`).Scan(&n))
		assert.Equal(t, 8, n)
	}
	s, err := w.Book.Stats(ctxOf(w))
	require.NoError(t, err)
	assert.Zero(t, s.Undelivered)
}

func history(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	id := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Until(w.Carrier(), id, time.Hour, Final)
	anchor, err := w.Book.Anchor(ctxOf(w))
	require.NoError(t, err)
	assert.Equal(t, int64(3), anchor.Number)
	v, err := w.Book.Verify(ctxOf(w), anchor)
	require.NoError(t, err)
	assert.Equal(t, &refunds.Verification{Sealed: 3}, v)
	v, err = w.Book.Verify(ctxOf(w), refunds.Anchor{Number: 9, Hash: "later"}, refunds.Anchor{Number: 2, Hash: "another"})
	require.NoError(t, err)
	assert.Len(t, v.Broken, 2, "a missing tail, and a chain that was computed anew")

	events, err := w.Book.History(ctxOf(w), id)
	require.NoError(t, err)
	require.Len(t, events, 3)
	assert.Equal(t, refunds.Done, events[2].To)
	err = w.Store.Update(ctxOf(w), func(tx storage.Tx) error {
		return tx.Save(ctxOf(w), &storage.Event{ID: events[1].ID, Kind: "nothing"})
	})
	assert.ErrorIs(t, err, storage.ErrConstraint)
	db, ok := w.Store.(SQL)
	if !ok {
		return
	}
	for _, change := range []string{"UPDATE %srefund_events SET reason = 'x'", "DELETE FROM %srefund_events", "DELETE FROM %srefund_seals", "DELETE FROM %srefund_tombstones",
		"UPDATE %srefund_seals SET hash = 'x'"} {
		_, err := db.DB().Exec(sprintf(change, db.Prefix()))
		if change == "DELETE FROM %srefund_tombstones" && err == nil {
			continue // SQLite's trigger is for each row, and there is none
		}
		assert.ErrorContains(t, err, "only added to", change)
	}
}

func reading(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o := w.Server.Pay(assisttest.Payment{PaidAt: w.Now().Add(-48 * time.Hour), Customer: assist.Customer{Email: "Ivan@Example.com"}})
	other := w.Pay()
	a, b := w.Enqueue(w.Of(o, "10.00")), w.Enqueue(w.Of(other, "11.00"))
	c := w.Carrier()
	w.Step(c)
	list := func(f refunds.Filter) (ids []refunds.ID) {
		for r, err := range w.Book.List(ctxOf(w), f) {
			require.NoError(t, err)
			ids = append(ids, r.ID)
		}
		return ids
	}
	mean := w.Get(a).Mean
	assert.Equal(t, "100.00 RUB", mean.Paid.String())
	assert.Len(t, mean.Last4, 4)
	assert.Equal(t, []refunds.ID{b, a}, list(refunds.Filter{}))
	assert.Equal(t, []refunds.ID{a}, list(refunds.Filter{Email: " ivan@example.COM "}))
	assert.Equal(t, []refunds.ID{b, a}, list(refunds.Filter{Last4: mean.Last4}))
	assert.Equal(t, []refunds.ID{b}, list(refunds.Filter{Payment: other.Billnumber}))
	assert.Equal(t, []refunds.ID{a}, list(refunds.Filter{OrderNumber: o.Number}))
	assert.Equal(t, []refunds.ID{a}, list(refunds.Filter{Before: b}))
	assert.Empty(t, list(refunds.Filter{States: []refunds.State{refunds.Pending}}))
	assert.Empty(t, list(refunds.Filter{Last4: "0001", Email: "nobody@example.com"}))
	assert.Equal(t, []refunds.ID{b, a}, list(refunds.Filter{MerchantID: w.Merchant(), States: []refunds.State{refunds.Done}, From: w.Now().Add(-time.Hour), To: w.Now().Add(time.Hour)}))
	rec, err := w.Book.Await(ctxOf(w), a)
	require.NoError(t, err)
	assert.Equal(t, refunds.Done, rec.State)
	p, err := w.Book.Payment(ctxOf(w), w.Merchant(), o.Billnumber)
	require.NoError(t, err)
	assert.Equal(t, "90.00 RUB", p.Left.String())
}

// rules are those that the database itself holds, against wrong code too.
func rules(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	id := w.Enqueue(w.Of(w.Pay(), "10.00"))
	rec := w.Get(id)
	m, p := w.Merchant(), string(rec.Request.Billnumber.Payment())
	attempt := func(intent string, number, told int64) *storage.Attempt {
		return &storage.Attempt{IntentID: intent, Refund: int64(id), Merchant: m, Payment: p, Number: number, Minor: 1000, Currency: "RUB", Begun: 1, Told: told}
	}
	in := func(f func(storage.Tx) error) error { return w.Store.Update(ctxOf(w), f) }
	inserts := func(row storage.Row, want bool, why string) {
		t.Helper()
		require.NoError(t, in(func(tx storage.Tx) error {
			got, err := tx.Insert(ctxOf(w), row)
			assert.Equal(t, want, got, why)
			return err
		}))
	}
	inserts(attempt("one", 1, 0), true, "")
	inserts(attempt("two", 2, 0), false, "one cancel of a payment whose outcome isn't known")
	inserts(attempt("two", 2, 5), true, "a second one whose outcome is known")
	inserts(attempt("three", 2, 5), false, "an attempt has one number")
	err := in(func(tx storage.Tx) error { return tx.Save(ctxOf(w), attempt("two", 2, 0)) })
	assert.ErrorIs(t, err, storage.ErrConstraint, "nor by changing one")
	inserts(&storage.Operation{Merchant: m, Operation: p + ".2", Payment: p, IntentID: "one", Currency: "RUB"}, true, "")
	inserts(&storage.Operation{Merchant: m, Operation: p + ".2", Payment: p, IntentID: "two", Currency: "RUB"}, false, "an operation has one owner")
	err = in(func(tx storage.Tx) error {
		return tx.Add(ctxOf(w), &storage.Operation{Merchant: m, Operation: p + ".2", Payment: p, IntentID: "two", Currency: "RUB"})
	})
	assert.ErrorIs(t, err, storage.ErrThere, "at the latest with the commit")
	proposed, err := w.Book.Propose(ctxOf(w), w.Of(w.Pay(), "10.00"), Person("anna"))
	require.NoError(t, err)
	for name, change := range map[string]func(*storage.Refund){
		"sent without an attempt":    func(r *storage.Refund) { r.State = 2 },
		"an attempt without sent":    func(r *storage.Refund) { r.Attempt = "one" },
		"asker and approver are one": func(r *storage.Refund) { r.Approver = "anna" },
	} {
		err := in(func(tx storage.Tx) error {
			r := &storage.Refund{ID: int64(proposed)}
			if _, err := tx.Get(ctxOf(w), r, storage.ForUpdate); err != nil {
				return err
			}
			change(r)
			return tx.Save(ctxOf(w), r)
		})
		assert.ErrorIs(t, err, storage.ErrConstraint, name)
	}
}

func sprintf(format, prefix string) string { return fmt.Sprintf(format, prefix) }
