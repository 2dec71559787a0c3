package storetest

import (
	"fmt"
	"testing"

	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// together: where a row that is added is there already, nothing of its transaction is
// kept, whatever else was gathered before it and behind it.
func together(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	id := w.Enqueue(w.Of(w.Pay(), "10.00"))
	payment := string(w.Get(id).Request.Billnumber.Payment())
	attempt := func(intent string, number int64) *storage.Attempt {
		return &storage.Attempt{IntentID: intent, Refund: int64(id), Merchant: w.Merchant(), Payment: payment, Number: number, Minor: 1000, Currency: "RUB", Begun: 1}
	}
	require.NoError(t, w.Store.Update(ctxOf(w), func(tx storage.Tx) error { return tx.Add(ctxOf(w), attempt("there", 1)) }))
	for name, row := range map[string]storage.Row{
		"the same row":                           attempt("there", 1),
		"a second one whose outcome isn't known": attempt("second", 2),
	} {
		err := w.Store.Update(ctxOf(w), func(tx storage.Tx) error {
			p := &storage.Payment{Merchant: w.Merchant(), Payment: payment}
			if _, err := tx.Get(ctxOf(w), p, storage.ForUpdate); err != nil {
				return err
			}
			p.Version += 77
			if err := tx.Save(ctxOf(w), p); err != nil {
				return err
			}
			if err := tx.Add(ctxOf(w), row); err != nil {
				return err
			}
			return tx.Add(ctxOf(w), &storage.Operation{Merchant: w.Merchant(), Operation: name, Payment: payment, IntentID: "there", Currency: "RUB"})
		})
		require.ErrorIs(t, err, storage.ErrThere, name)
		require.NoError(t, w.Store.View(ctxOf(w), func(tx storage.Tx) error {
			p := &storage.Payment{Merchant: w.Merchant(), Payment: payment}
			o := &storage.Operation{Merchant: w.Merchant(), Operation: name}
			var found bool
			err := tx.Read(ctxOf(w), storage.One(p, storage.NoLock, nil), storage.One(o, storage.NoLock, &found))
			assert.Equal(t, "0 false", fmt.Sprint(p.Version, found), name)
			return err
		}))
	}
}
