package documents

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The restore of docs/refunds-operations.md: a refund was paid after the backup
// was made. Held, reconciled and decided by a person, it is paid once.
func TestRestore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	live, backup := filepath.Join(dir, "refunds.db"), filepath.Join(dir, "backup.db")
	store := func(file string) refunds.Store {
		s, err := sqlite.Open(file)
		require.NoError(t, err)
		t.Cleanup(func() { s.Close() })
		return s
	}
	w := storetest.NewWorld(t, store(live))
	order := w.Pay()
	id := w.Enqueue(w.Of(order, "10.00"))
	db, err := sql.Open("sqlite", "file:"+live)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec(`VACUUM INTO $1`, backup)
	require.NoError(t, err)
	w.Pass(time.Minute)
	w.Step(w.Carrier())
	require.Equal(t, refunds.Done, w.Get(id).State)
	w.Pass(time.Hour)

	w.Store = store(backup)
	w.Book = w.NewBook()
	require.Equal(t, refunds.Pending, w.Get(id).State)
	require.NoError(t, w.Book.Hold(t.Context(), w.Merchant(), storetest.Person("anna")))
	c := w.Carrier()
	w.Step(c)
	assert.Equal(t, refunds.Pending, w.Get(id).State, "held: nothing is sent")
	report, err := c.Reconcile(t.Context(), w.Merchant(), w.Now().Add(-3*time.Hour), w.Now())
	require.NoError(t, err)
	assert.True(t, report.Complete)
	require.Len(t, report.Strange, 1, "the cancel that nobody owns")
	require.NoError(t, w.Book.Release(t.Context(), w.Merchant(), storetest.Person("anna")))
	w.Step(c)
	record := w.Get(id)
	require.True(t, storetest.NeedsPerson(record), "%v", record)

	_, err = w.Book.ProposeDecision(t.Context(), id, refunds.Decision{Kind: refunds.ItWas, Operation: report.Strange[0].Operation.Billnumber}, storetest.Person("anna"))
	require.NoError(t, err)
	record = w.Until(c, id, 24*time.Hour, storetest.Final)
	assert.Equal(t, refunds.Done, record.State)
	assert.Equal(t, "10.00", w.Moved(order))
}
