package postgres

import (
	"database/sql"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/pgtest"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/stretchr/testify/require"
)

type store struct {
	*Store
	db     *sql.DB
	schema string
}

func (s store) DB() *sql.DB    { return s.db }
func (s store) Prefix() string { return s.schema + "." }

var schemas atomic.Int64

func opener(tb testing.TB) storetest.Open {
	dsn := pgtest.DSN(tb)
	admin, err := sql.Open("pgx", dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, admin.Close()) })
	return func(tb testing.TB) refunds.Store {
		schema := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
		_, err := admin.Exec("CREATE SCHEMA " + schema)
		require.NoError(tb, err)
		db, err := sql.Open("pgx", dsn)
		require.NoError(tb, err)
		db.SetMaxOpenConns(4)
		s, err := New(db, schema)
		require.NoError(tb, err)
		tb.Cleanup(func() { require.NoError(tb, s.Close()) })
		return store{s, db, schema}
	}
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, opener(t))
}
