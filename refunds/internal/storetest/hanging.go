package storetest

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangingHandler: one that doesn't heed its context. Nothing that it writes when
// its time is over is kept, whatever it tries.
func hangingHandler(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	db, isSQL := w.Store.(SQL)
	insert := ""
	if isSQL {
		_, err := db.DB().Exec(`CREATE TABLE ` + db.Prefix() + `shop_late (who text NOT NULL)`)
		require.NoError(t, err)
		insert = `INSERT INTO ` + db.Prefix() + `shop_late VALUES ('%s')`
	}
	write := func(tx *sql.Tx, who string) error {
		if !isSQL {
			return nil
		}
		_, err := tx.Exec(sprintf(insert, who))
		return err
	}
	called, wakes, woke := make(chan struct{}), make(chan struct{}), make(chan struct{})
	hangs := refunds.Handle("shop", func(_ ctx, tx *sql.Tx, e refunds.Event) error {
		defer close(woke)
		assert.NoError(t, write(tx, "in time"))
		close(called)
		<-wakes
		if isSQL {
			assert.Error(t, write(tx, "late"))
			assert.Error(t, tx.Commit())
		}
		return nil
	})
	c := w.Carrier(hangs)
	w.Step(c) // from here on events wait for it
	require.NoError(t, w.Book.Hold(ctxOf(w), w.Merchant(), Person("anna")))
	running, stop := context.WithCancel(ctxOf(w))
	defer stop()
	ended := make(chan error)
	go func() { ended <- c.Run(running) }()
	<-called
	stop()
	err := <-ended
	assert.ErrorIs(t, err, context.Canceled)
	var hanging *refunds.HangingError
	require.ErrorAs(t, err, &hanging)
	assert.Equal(t, []string{"shop"}, hanging.Handlers)

	var heard []refunds.EventKind
	again := w.Carrier(refunds.Handle("shop", func(_ ctx, tx *sql.Tx, e refunds.Event) error {
		heard = append(heard, e.Kind)
		return write(tx, "again")
	}))
	w.Pass(time.Minute)
	w.Step(again)
	close(wakes)
	<-woke
	w.Pass(time.Minute)
	w.Step(again)
	assert.Equal(t, []refunds.EventKind{refunds.MerchantHeld}, heard, "the event comes again, and with effect once")
	if isSQL {
		var who string
		require.NoError(t, db.DB().QueryRow(`SELECT who FROM `+db.Prefix()+`shop_late`).Scan(&who))
		assert.Equal(t, "again", who)
	}
}
