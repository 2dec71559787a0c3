package sqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/stretchr/testify/require"
)

// store shows the suite what stands behind it.
type store struct {
	*Store
	db *sql.DB
}

func (s store) DB() *sql.DB    { return s.db }
func (s store) Prefix() string { return prefix }

func opened(tb testing.TB) refunds.Store {
	path := filepath.Join(tb.TempDir(), "refunds.db")
	s, err := Open(path)
	require.NoError(tb, err)
	db, err := sql.Open("sqlite", address(path, []string{"busy_timeout(10000)", "synchronous(FULL)"}, "_txlock=immediate"))
	require.NoError(tb, err)
	tb.Cleanup(func() {
		require.NoError(tb, db.Close())
		require.NoError(tb, s.Close())
	})
	return store{s, db}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, opened)
}

func TestTablesByHandAndVersions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?#%.db")
	s, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.FileExists(t, path)
	_, err = refunds.NewBook(t.Context(), s)
	require.ErrorIs(t, err, refunds.ErrSchema)

	db, err := sql.Open("sqlite", address(path, []string{"busy_timeout(10000)"}, ""))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.Exec(MigrationSQL())
	require.NoError(t, err)
	require.NoError(t, refunds.Migrate(t.Context(), s), "there is nothing left to do")
	_, err = refunds.NewBook(t.Context(), s)
	require.NoError(t, err)

	// A newer process has added a table, which this version can live with.
	_, err = db.Exec(`INSERT INTO assist_refund_migrations VALUES (2, 1, 0)`)
	require.NoError(t, err)
	require.NoError(t, refunds.Migrate(t.Context(), s))
	_, err = refunds.NewBook(t.Context(), s)
	require.NoError(t, err)
	// And then one that it can't.
	_, err = db.Exec(`INSERT INTO assist_refund_migrations VALUES (3, 3, 0)`)
	require.NoError(t, err)
	require.ErrorIs(t, refunds.Migrate(t.Context(), s), refunds.ErrSchema)
	_, err = refunds.NewBook(t.Context(), s)
	require.ErrorIs(t, err, refunds.ErrSchema)
}

func TestDurability(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "refunds.db")
	s, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, refunds.Migrate(t.Context(), s))
	book, err := refunds.NewBook(t.Context(), s)
	require.NoError(t, err)
	amount, err := assist.NewMoney(1000, "RUB")
	require.NoError(t, err)
	r := refunds.Refund{Key: "k", MerchantID: "700027", Request: assist.CancelRequest{Billnumber: "5700027202722028", OrderNumber: "1", Amount: amount}}
	for level, want := range map[string]error{"NORMAL": refunds.ErrNotDurable, "OFF": refunds.ErrNotDurable, "FULL": nil, "EXTRA": nil} {
		db, err := sql.Open("sqlite", address(path, []string{"busy_timeout(10000)", "synchronous(" + level + ")"}, "_txlock=immediate"))
		require.NoError(t, err)
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = book.EnqueueTx(t.Context(), tx, r)
		require.ErrorIs(t, err, want, level)
		require.NoError(t, tx.Rollback())
		require.NoError(t, db.Close())
	}
	for _, path := range []string{"", ":memory:", "file::memory:"} {
		_, err := Open(path)
		require.Error(t, err, path)
	}
}

func BenchmarkCarry(b *testing.B) { storetest.Carry(b, opened) }
func BenchmarkTicks(b *testing.B) { storetest.Ticks(b, opened) }

// A disk that is full: a clear error, nothing is lost, nothing moves twice.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "refunds.db")
	full, err := open(path, "max_page_count(90)")
	require.NoError(t, err)
	w := storetest.NewWorld(t, full)
	stored := map[refunds.ID]assist.Order{}
	var last error
	for range 1000 {
		o := w.Pay()
		var id refunds.ID
		if id, last = w.Book.Enqueue(t.Context(), w.Of(o, "10.00")); last != nil {
			break
		}
		stored[id] = o
	}
	require.ErrorContains(t, last, "full")
	require.NotEmpty(t, stored)
	c := w.Carrier()
	for range 3 { // what has no room to be stored isn't sent
		stepped := make(chan struct{})
		go func() {
			defer close(stepped)
			_, _ = c.Step(t.Context())
		}()
		select {
		case <-stepped:
			w.Pass(10 * time.Minute)
			continue
		case <-time.After(2 * time.Second):
			// There was room for the attempt, and none for its outcome, which is tried
			// again for as long as the process lives. Here it is left, as by a kill.
		}
		break
	}
	require.NoError(t, full.Close())

	roomy, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, roomy.Close()) })
	w.Store = roomy
	w.Book = w.NewBook()
	c = w.Carrier()
	for id, o := range stored {
		rec := w.Until(c, id, 40*time.Hour, func(r *refunds.Record) bool { return r.State.Final() || !r.NeedsPerson.IsZero() })
		require.Equal(t, refunds.Done, rec.State, rec.Detail)
		require.Equal(t, "10.00", w.Moved(o))
	}
}

// A restored copy is known by the mark beside it, and so is a file that was
// moved without it.
func TestRestoredFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "refunds.db")
	backup := filepath.Join(t.TempDir(), "backup.db")
	s, err := Open(path)
	require.NoError(t, err)
	w := storetest.NewWorld(t, s)
	w.Step(w.Carrier())
	w.Until(w.Carrier(), w.Enqueue(w.Of(w.Pay(), "10.00")), time.Hour, storetest.Final)
	db, err := sql.Open("sqlite", address(path, nil, ""))
	require.NoError(t, err)
	_, err = db.Exec("VACUUM INTO '" + backup + "'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	held := func() []string {
		w.Book = w.NewBook()
		st, err := w.Book.Stats(t.Context())
		require.NoError(t, err)
		return st.Held
	}
	require.Empty(t, held(), "opened again, it is the same")
	w.Until(w.Carrier(), w.Enqueue(w.Of(w.Pay(), "10.00")), time.Hour, storetest.Final)
	require.NoError(t, s.Close())

	reopen := func() {
		for _, end := range []string{"-wal", "-shm"} {
			_ = os.Remove(path + end)
		}
		s, err := Open(path)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		w.Store = s
	}
	text, err := os.ReadFile(backup)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	reopen()
	require.Equal(t, []string{w.Merchant()}, held(), "the history is shorter than the mark says")
	require.NoError(t, os.Remove(path+"-mark"))
	require.Equal(t, []string{w.Merchant()}, held())
}
