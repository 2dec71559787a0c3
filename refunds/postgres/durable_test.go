package postgres

import (
	"os"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/pgtest"
	"github.com/assist-go/assist/refunds/internal/sqlstore"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What somebody was told is there after a crash of the server, also where
// synchronous_commit is off.
func TestToldIsDurable(t *testing.T) {
	if os.Getenv("ASSIST_POSTGRES") != "" {
		t.Skip("needs a server of its own settings")
	}
	pgtest.Need(t)
	server, err := pgtest.Start("", "synchronous_commit=off", "wal_writer_delay=10000ms")
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	s, err := Open(server.DSN, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w := storetest.NewWorld(t, s)
	ctx, anna, boris := t.Context(), storetest.Person("anna"), storetest.Person("boris")
	propose := func() refunds.ID {
		id, err := w.Book.Propose(ctx, w.Of(w.Pay(), "10.00"), anna)
		require.NoError(t, err)
		return id
	}
	w.Server.Next(assisttest.DieBefore())
	lost := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Until(w.Carrier(), lost, 20*time.Hour, storetest.NeedsPerson)
	var decision int64
	approved, denied, withdrawn := propose(), propose(), w.Enqueue(w.Of(w.Pay(), "10.00"))
	newest := w.Of(w.Pay(), "10.00")

	for _, act := range []struct {
		name string
		do   func() error
	}{
		{"Enqueue", func() error { _, err := w.Book.Enqueue(ctx, newest); return err }},
		{"Propose", func() error { propose(); return nil }},
		{"Approve", func() error { return w.Book.Approve(ctx, approved, boris) }},
		{"Deny", func() error { return w.Book.Deny(ctx, denied, boris) }},
		{"Take", func() error { return w.Book.Take(ctx, lost, boris) }},
		{"ProposeDecision", func() (err error) {
			decision, err = w.Book.ProposeDecision(ctx, lost, refunds.Decision{Kind: refunds.NeverCame}, anna)
			return err
		}},
		{"ConfirmDecision", func() error { return w.Book.ConfirmDecision(ctx, decision, boris) }},
		{"Hold", func() error { return w.Book.Hold(ctx, w.Merchant(), anna) }},
		{"Release", func() error { return w.Book.Release(ctx, w.Merchant(), anna) }},
		{"NoteExport", func() error { return w.Book.NoteExport(ctx, w.Merchant(), anna, "2 rows") }},
		{"LookNow", func() error { w.Pass(-time.Hour); defer w.Pass(time.Hour); return w.Book.LookNow(ctx, lost) }},
		{"Withdraw", func() error { return w.Book.Withdraw(ctx, withdrawn, anna) }},
	} {
		var before, flushed string
		require.NoError(t, sqlOf(t, s, "SELECT pg_current_wal_insert_lsn()::text", &before))
		require.NoError(t, act.do(), act.name)
		var on bool
		require.NoError(t, sqlOf(t, s, "SELECT pg_current_wal_flush_lsn() > '"+before+"'::pg_lsn, pg_current_wal_flush_lsn()::text", &on, &flushed))
		assert.True(t, on, "%s: written up to %s, on the disk up to %s", act.name, before, flushed)
	}

	require.NoError(t, server.Restart())
	s, err = Open(server.DSN, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w.Store = s
	w.Book = w.NewBook()
	assert.Equal(t, refunds.Withdrawn, w.Get(withdrawn).State, "the last word before the crash")
}

func sqlOf(t *testing.T, s *Store, text string, targets ...any) error {
	return s.Ask(t.Context(), func(q sqlstore.Conn) error { return sqlstore.One(t.Context(), q, text, targets...) })
}
