package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// held keeps one transaction open, when all of it is done but the commit.
type held struct {
	refunds.Store
	once sync.Once
	f    func()
}

func (h *held) Update(c ctx, f func(storage.Tx) error) error {
	return h.Store.Update(c, func(tx storage.Tx) error {
		err := f(tx)
		if err == nil && h.f != nil {
			err = tx.Read(c) // sends what was gathered
			h.once.Do(h.f)
		}
		return err
	})
}

// purgeBesideRetry: while Purge deletes a refund its key comes again, and waits.
func purgeBesideRetry(t *testing.T, open Open) {
	for _, tt := range []struct {
		name  string
		retry func(*World, refunds.Refund) (refunds.ID, error)
	}{
		{"by a program", func(w *World, r refunds.Refund) (refunds.ID, error) { return w.Book.Enqueue(ctxOf(w), r) }},
		{"by a person", func(w *World, r refunds.Refund) (refunds.ID, error) {
			return w.Book.Propose(ctxOf(w), r, Person("anna"))
		}},
		{"in a transaction of the merchant's", func(w *World, r refunds.Refund) (refunds.ID, error) {
			db, ok := w.Store.(SQL)
			if !ok {
				return w.Book.Enqueue(ctxOf(w), r)
			}
			tx, err := db.DB().BeginTx(ctxOf(w), nil)
			if err != nil {
				return 0, err
			}
			defer tx.Rollback()
			id, err := w.Book.EnqueueTx(ctxOf(w), tx, r)
			if err != nil {
				return 0, err
			}
			return id, tx.Commit()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := NewWorld(t, open(t))
			o := w.Pay()
			r := w.Of(o, "10.00")
			w.Server.Next(assisttest.Refuse(17, 3)) // the external refund id is renewed, so Assist doesn't hold a second payment
			id := w.Enqueue(r)
			w.Until(w.Carrier(), id, time.Hour, Final)
			w.Pass(time.Hour)
			slow := &held{Store: w.Store}
			purger, err := refunds.NewBook(ctxOf(w), slow, refunds.Clock(w.Now))
			require.NoError(t, err)
			retried := make(chan struct{})
			var again refunds.ID
			var failed error
			slow.f = func() {
				go func() {
					defer close(retried)
					again, failed = tt.retry(w, r)
				}()
				w.untilBlocked(retried)
			}
			n, err := purger.Purge(ctxOf(w), w.Now())
			require.NoError(t, err)
			require.Equal(t, 1, n)
			<-retried
			require.NoError(t, failed)
			assert.Equal(t, id, again, "the same key is the same refund, also after Purge")
			w.Pass(time.Hour)
			w.Step(w.Carrier())
			assert.Equal(t, "10.00", w.Moved(o))
		})
	}
}

// untilBlocked waits until another transaction waits for a lock of this store's
// tables, where the database can tell, or something is over; five seconds at most.
func (w *World) untilBlocked(over <-chan struct{}) {
	db, ok := w.Store.(SQL)
	if !ok || db.Prefix() == "assist_" {
		return // whoever comes waits for the one writer
	}
	limited, end := context.WithTimeout(ctxOf(w), 5*time.Second)
	defer end()
	for limited.Err() == nil {
		var n int
		err := db.DB().QueryRowContext(limited, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%`+db.Prefix()+`%'`).Scan(&n)
		if limited.Err() == nil {
			require.NoError(w.TB, err)
		}
		select {
		case <-over:
			return
		case <-limited.Done():
		case <-time.After(time.Millisecond):
		}
		if n > 0 {
			return
		}
	}
}
