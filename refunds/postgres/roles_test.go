package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// granted is a store of the program's role, whose tables the owner's makes by
// what docs/refunds-database.md says.
type granted struct {
	store
	owner  refunds.Store
	admin  *sql.DB
	grants string
}

func (g granted) DB() *sql.DB { return g.admin } // for what tests do by hand

func (g granted) Migrate(ctx context.Context) error {
	if err := refunds.Migrate(ctx, g.owner); err != nil {
		return err
	}
	_, err := g.admin.ExecContext(ctx, "SET ROLE refunds_owner; "+g.grants+"; RESET ROLE")
	return err
}

// The whole suite runs with no more rights than the page gives to the program.
func TestGrants(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole suite")
	}
	page, err := os.ReadFile("../../docs/refunds-database.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 4)
	in := func(block int, schema string) string {
		text := strings.ReplaceAll(blocks[block][1], "refunds.", schema+".")
		return strings.NewReplacer("SCHEMA refunds AUTH", "SCHEMA "+schema+" AUTH", "SCHEMA refunds TO", "SCHEMA "+schema+" TO").Replace(text)
	}
	first := opener(t)(t).(store)
	dsn, err := url.Parse(shared.dsn)
	require.NoError(t, err)
	as := func(user, role string) *sql.DB {
		one := *dsn
		one.User = url.User(user)
		if role != "" {
			q := one.Query()
			q.Set("role", role)
			one.RawQuery = q.Encode()
		}
		db, err := sql.Open("pgx", one.String())
		require.NoError(t, err)
		db.SetMaxOpenConns(4)
		return db
	}
	_, err = first.db.Exec("DROP ROLE IF EXISTS refunds_owner, refunds_program, refunds_reader")
	require.NoError(t, err)
	made := regexp.MustCompile(`(?m)^CREATE ROLE.*$`)
	_, err = first.db.Exec(strings.Join(made.FindAllString(in(0, ""), -1), "\n"))
	require.NoError(t, err)
	open := func(tb testing.TB) refunds.Store {
		schema := fmt.Sprintf("granted_%d_%d", os.Getpid(), schemas.Add(1))
		admin := as(dsn.User.Username(), "")
		admin.SetMaxOpenConns(1) // SET ROLE is of one connection
		_, err := admin.Exec(made.ReplaceAllString(in(0, schema), ""))
		require.NoError(tb, err)
		_, err = admin.Exec("ALTER DEFAULT PRIVILEGES IN SCHEMA " + schema + " GRANT ALL ON TABLES TO refunds_program") // the merchant's own tables
		require.NoError(tb, err)
		owner, err := New(as(dsn.User.Username(), "refunds_owner"), schema)
		require.NoError(tb, err)
		program := as("refunds_program", "")
		s, err := New(program, schema)
		require.NoError(tb, err)
		tb.Cleanup(func() {
			require.NoError(tb, s.Close())
			require.NoError(tb, owner.Close())
			require.NoError(tb, admin.Close())
		})
		return granted{store{s, program, schema}, owner, admin, in(1, schema)}
	}
	t.Run("suite", func(t *testing.T) { storetest.Run(t, open) })
	t.Run("what it may not", func(t *testing.T) {
		g := open(t).(granted)
		require.NoError(t, g.Migrate(t.Context()))
		require.NoError(t, g.Migrate(t.Context()), "grants can be given again")
		_, err := g.admin.Exec(in(2, g.schema))
		require.NoError(t, err, "settings of tables")
		_, err = g.store.db.Exec(in(3, g.schema))
		require.NoError(t, err, "old results")
		for _, change := range []string{
			"UPDATE %s.refund_events SET reason = ''", "DELETE FROM %s.refund_events", "TRUNCATE %s.refund_events", "DELETE FROM %s.refund_seals",
			"DELETE FROM %s.refund_tombstones", "DELETE FROM %s.refund_operations", "DELETE FROM %s.refund_merchants", "DROP TABLE %s.refunds",
			"ALTER TABLE %s.refund_events DISABLE TRIGGER ALL", "DROP TRIGGER refund_events_add_only ON %s.refund_events",
			"CREATE TABLE %s.mine (n integer)", "UPDATE %s.refund_migrations SET min_reader = 99", "CREATE OR REPLACE FUNCTION %s.refund_add_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
		} {
			_, err := g.store.db.Exec(fmt.Sprintf(change, g.schema))
			assert.ErrorContains(t, err, "SQLSTATE 42501", change)
		}
		assert.ErrorContains(t, refunds.Migrate(t.Context(), g.store), "SQLSTATE 42501")
		_, err = g.admin.Exec("SET ROLE refunds_reader; SELECT * FROM " + g.schema + ".refunds; RESET ROLE")
		assert.NoError(t, err)
		_, err = g.admin.Exec("SET ROLE refunds_reader; SELECT * FROM " + g.schema + ".refund_meta")
		assert.ErrorContains(t, err, "SQLSTATE 42501")
	})
}
