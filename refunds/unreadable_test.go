package refunds_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unreadable is a store each of whose transactions fails at the n-th read.
type unreadable struct {
	refunds.Store
	at int // 0: none does
}

func (u *unreadable) Update(ctx context.Context, f func(storage.Tx) error) error {
	return u.Store.Update(ctx, func(tx storage.Tx) error { return f(&unreadableTx{tx, u.at}) })
}

func (u *unreadable) View(ctx context.Context, f func(storage.Tx) error) error {
	return u.Store.View(ctx, func(tx storage.Tx) error { return f(&unreadableTx{tx, u.at}) })
}

type unreadableTx struct {
	storage.Tx
	left int
}

func (t *unreadableTx) fails() bool {
	t.left--
	return t.left == 0
}

func (t *unreadableTx) Get(ctx context.Context, row storage.Row, l storage.Lock) (bool, error) {
	if t.fails() {
		return false, errAway
	}
	return t.Tx.Get(ctx, row, l)
}

func (t *unreadableTx) Select(ctx context.Context, table *storage.Table, q storage.Query, next func() []any) error {
	if t.fails() {
		return errAway
	}
	return t.Tx.Select(ctx, table, q, next)
}

func (t *unreadableTx) Read(ctx context.Context, asks ...storage.Ask) error {
	if t.fails() {
		return errAway
	}
	return t.Tx.Read(ctx, asks...)
}

// What can't be read isn't there for nobody, and isn't done either.
func TestWhatCantBeReadIsAnError(t *testing.T) {
	t.Parallel()
	ann, bob := refunds.Person{ID: "ann", Name: "Ann", Reason: "the customer has called"}, refunds.Person{ID: "bob", Name: "Bob", Reason: "as agreed"}
	tests := map[string]func(context.Context, *refunds.Book, *refunds.Carrier, refunds.ID, int64) error{
		"Get": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, id refunds.ID, _ int64) error {
			_, err := b.Get(ctx, id)
			return err
		},
		"ByKey": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, _ refunds.ID, _ int64) error {
			_, err := b.ByKey(ctx, "700027", "none")
			return err
		},
		"Withdraw": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, id refunds.ID, _ int64) error {
			return b.Withdraw(ctx, id, ann)
		},
		"Take": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, id refunds.ID, _ int64) error {
			return b.Take(ctx, id, ann)
		},
		"Approve": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, id refunds.ID, _ int64) error {
			return b.Approve(ctx, id, bob)
		},
		"LookNow": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, id refunds.ID, _ int64) error {
			return b.LookNow(ctx, id)
		},
		"ConfirmDecision": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, _ refunds.ID, decision int64) error {
			return b.ConfirmDecision(ctx, decision, bob)
		},
		"Payment": func(ctx context.Context, b *refunds.Book, _ *refunds.Carrier, id refunds.ID, _ int64) error {
			_, err := b.Payment(ctx, "700027", "5200000000000001")
			return err
		},
		"Step": func(ctx context.Context, _ *refunds.Book, c *refunds.Carrier, _ refunds.ID, _ int64) error {
			_, err := c.Step(ctx)
			return err
		},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				store := &unreadable{Store: b.store}
				book, err := refunds.NewBook(t.Context(), store)
				require.NoError(t, err)
				b.book = book
				_, id := b.enqueue(t, "one")
				c := b.carrier(t, b.server.Client())
				for store.at = 1; store.at <= 2; store.at++ {
					err := do(t.Context(), book, c, id, 1)
					if store.at == 1 || name == "ByKey" { // which looks among the purged ones then
						assert.ErrorIs(t, err, errAway)
						assert.NotErrorIs(t, err, refunds.ErrNotFound)
					}
				}
			})
		})
	}
}
