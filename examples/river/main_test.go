package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/examples/internal/postgrestest"
	"github.com/assist-go/assist/refunds"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRiver(t *testing.T) {
	dsn := postgrestest.DSN(t)
	server := assisttest.NewServer(t)
	ctx := t.Context()
	one := engineOf(t, dsn, server)
	two := engineOf(t, dsn, server)
	refund := func(key string) refunds.Refund {
		o := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
		return refunds.Refund{Key: key, MerchantID: server.Credentials().MerchantID, Request: o.CancelRequest(o.Amount)}
	}

	// A transaction that is rolled back leaves neither a refund nor a job.
	tx, err := one.pool.Begin(ctx)
	require.NoError(t, err)
	_, err = one.giveBack(ctx, tx, refund("rolled back"))
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(ctx))
	var jobs int
	require.NoError(t, one.pool.QueryRow(ctx, `SELECT count(*) FROM river_job`).Scan(&jobs))
	assert.Zero(t, jobs)
	_, err = one.book.ByKey(ctx, server.Credentials().MerchantID, "rolled back")
	assert.ErrorIs(t, err, refunds.ErrNotFound)

	// What was stored before anybody worked is carried by two processes, once each.
	var ids []refunds.ID
	for i := range 20 {
		ids = append(ids, stored(t, one, refund(fmt.Sprint("refund ", i))))
	}
	for _, e := range []*engine{one, two} {
		require.NoError(t, e.river.Start(context.WithoutCancel(ctx)))
		t.Cleanup(func() { assert.NoError(t, e.river.Stop(context.WithoutCancel(ctx))) })
	}
	began := time.Now()
	ids = append(ids, stored(t, two, refund("woken")))
	awaitDone(t, one.book, ids)
	t.Logf("%d refunds in %s", len(ids), time.Since(began).Round(time.Millisecond))

	// One whose job is gone is found by the net.
	require.Eventually(t, func() bool {
		err := one.pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE state <> 'completed' AND queue = 'default'`).Scan(&jobs)
		return err == nil && jobs == 0
	}, time.Minute, 20*time.Millisecond)
	id, err := one.book.Enqueue(ctx, refund("without a job"))
	require.NoError(t, err)
	began = time.Now()
	awaitDone(t, one.book, append(ids, id))
	t.Logf("without a job in %s", time.Since(began).Round(time.Millisecond))

	moved := 0
	for _, o := range server.Orders() {
		if m := server.Moved(o.Billnumber); !m.IsZero() {
			assert.Equal(t, o.Amount, m, "once")
			moved++
		}
	}
	assert.Equal(t, len(ids)+1, moved)
}

// A process that was killed leaves its job running, until River rescues it in an
// hour. The net of others doesn't wait for that.
func TestNetOfAKilledProcess(t *testing.T) {
	dsn := postgrestest.DSN(t)
	server := assisttest.NewServer(t)
	ctx := t.Context()
	dead := engineOf(t, dsn, server)
	require.NoError(t, dead.river.Start(context.WithoutCancel(ctx)))
	require.Eventually(t, func() bool {
		tag, err := dead.pool.Exec(ctx, `SELECT 1 FROM river_job WHERE queue = 'refunds_net' AND state = 'completed'`)
		return err == nil && tag.RowsAffected() > 0
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, dead.river.Stop(context.WithoutCancel(ctx)))
	tag, err := dead.pool.Exec(ctx, `UPDATE river_job SET state = 'running', attempted_at = now(), finalized_at = NULL
		WHERE id = (SELECT max(id) FROM river_job WHERE queue = 'refunds_net')`)
	require.NoError(t, err)
	require.EqualValues(t, 1, tag.RowsAffected())

	alive := engineOf(t, dsn, server)
	o := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
	id, err := alive.book.Enqueue(ctx, refunds.Refund{Key: "without a job", MerchantID: server.Credentials().MerchantID, Request: o.CancelRequest(o.Amount)})
	require.NoError(t, err)
	require.NoError(t, alive.river.Start(context.WithoutCancel(ctx)))
	t.Cleanup(func() { assert.NoError(t, alive.river.Stop(context.WithoutCancel(ctx))) })
	awaitDone(t, alive.book, []refunds.ID{id})
}

func engineOf(t *testing.T, dsn string, server *assisttest.Server) *engine {
	e, err := newEngine(t.Context(), dsn, server.Client())
	require.NoError(t, err)
	t.Cleanup(e.pool.Close)
	return e
}

func stored(t *testing.T, e *engine, r refunds.Refund) (id refunds.ID) {
	require.NoError(t, pgx.BeginFunc(t.Context(), e.pool, func(tx pgx.Tx) (err error) {
		id, err = e.giveBack(t.Context(), tx, r)
		return err
	}))
	return id
}

func awaitDone(t *testing.T, book *refunds.Book, ids []refunds.ID) {
	ctx, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	for _, id := range ids {
		record, err := book.Await(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, refunds.Done, record.State, "%d: %s", id, record.Detail)
	}
}
