package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/sqlstore"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/stretchr/testify/require"
)

// Somebody else's transaction keeps one payment locked: no other payment's refund
// waits for it, though they share their transactions.
func TestALockedPaymentKeepsNoOtherWaiting(t *testing.T) {
	s := opener(t)(t).(store)
	w := storetest.NewWorld(t, s)
	before := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Step(w.Carrier())
	require.Equal(t, refunds.Done, w.Get(before).State)
	locked := w.Pay()
	first := w.Enqueue(w.Of(locked, "10.00"))
	lock, err := s.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = lock.Exec("SELECT 1 FROM "+s.Prefix()+"refund_payments WHERE payment = $1 FOR UPDATE", string(locked.Billnumber))
	require.NoError(t, err)
	var others []refunds.ID
	for range 20 {
		others = append(others, w.Enqueue(w.Of(w.Pay(), "10.00")))
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	c := w.Carrier(refunds.Workers(8))
	go func() {
		defer close(ended)
		_ = c.Run(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()
	defer lock.Rollback() // before the carrier is waited for
	limited, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	for _, id := range others {
		rec, err := w.Book.Await(limited, id)
		require.NoError(t, err)
		require.Equal(t, refunds.Done, rec.State)
	}
	rec, err := w.Book.Get(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, refunds.Pending, rec.State)
	require.NoError(t, lock.Rollback())
	rec, err = w.Book.Await(limited, first)
	require.NoError(t, err)
	require.Equal(t, refunds.Done, rec.State)
	require.Equal(t, "10.00", w.Moved(locked))
}

// PostgreSQL answers the COMMIT of a failed transaction by ROLLBACK, without an
// error.
func TestACommitThatRollsBackIsAnError(t *testing.T) {
	s := opener(t)(t).(store)
	err := session(t.Context(), s.db, func(conn sqlstore.Conn) error {
		b := conn.(sqlstore.Batcher)
		require.Error(t, b.Batch(t.Context(), []sqlstore.Statement{{Text: "BEGIN"}, {Text: "SELECT 1/0"}}))
		return b.Batch(t.Context(), []sqlstore.Statement{{Text: "COMMIT"}})
	})
	require.ErrorIs(t, err, errRolledBack)
	require.True(t, undone(err))
}
