package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"

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

func open(tb testing.TB) refunds.Store {
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
	storetest.Run(t, open)
}
