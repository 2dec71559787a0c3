package postgres

import (
	"database/sql"
	"testing"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// A transaction of the merchant's may see the database as of a moment before the
// purge: then it has to be begun anew, and pays nothing.
func TestEnqueueTxFromBeforeAPurge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		level sql.IsolationLevel
		fails bool
	}{{sql.LevelReadCommitted, false}, {sql.LevelRepeatableRead, true}, {sql.LevelSerializable, true}} {
		t.Run(tt.level.String(), func(t *testing.T) {
			t.Parallel()
			s := opener(t)(t).(store)
			w := storetest.NewWorld(t, s)
			r := w.Of(w.Pay(), "10.00")
			id := w.Enqueue(r)
			require.NoError(t, w.Book.Withdraw(t.Context(), id, storetest.Person("anna")))
			w.Pass(time.Hour)
			tx, err := s.db.BeginTx(t.Context(), &sql.TxOptions{Isolation: tt.level})
			require.NoError(t, err)
			defer tx.Rollback()
			var n int
			require.NoError(t, tx.QueryRow("SELECT count(*) FROM "+s.schema+".refund_meta").Scan(&n), "it sees the database as of now")
			_, err = w.Book.Purge(t.Context(), w.Now())
			require.NoError(t, err)

			again, err := w.Book.EnqueueTx(t.Context(), tx, r)
			if !tt.fails {
				require.NoError(t, err)
				require.Equal(t, id, again)
				return
			}
			var failure *pgconn.PgError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, "40001", failure.Code, "a serialization failure: the transaction is to be tried again")
			require.Error(t, tx.Commit())
			_, err = w.Book.Get(t.Context(), again)
			require.ErrorIs(t, err, refunds.ErrNotFound)

			// Begun anew, it finds the key; and a new key goes in at every level.
			tx, err = s.db.BeginTx(t.Context(), &sql.TxOptions{Isolation: tt.level})
			require.NoError(t, err)
			defer tx.Rollback()
			again, err = w.Book.EnqueueTx(t.Context(), tx, r)
			require.NoError(t, err)
			require.Equal(t, id, again)
			another := w.Of(w.Pay(), "10.00")
			id, err = w.Book.EnqueueTx(t.Context(), tx, another)
			require.NoError(t, err)
			require.NoError(t, tx.Commit())
			require.Equal(t, refunds.Pending, w.Get(id).State)
		})
	}
}
