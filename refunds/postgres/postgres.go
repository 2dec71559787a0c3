// Package postgres keeps refunds in PostgreSQL 13 or newer: for any number of
// machines.
//
// All commits are durable whatever synchronous_commit says. PgBouncer
// works in the mode session, and in the mode transaction with
// default_query_exec_mode=exec in the DSN.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/assist-go/assist/refunds/internal/sqlstore"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Store is a schema with refunds. It implements refunds.Store.
type Store struct {
	*sqlstore.Store
}

var name = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Open connects to a database by its URL or DSN. The tables live in the schema
// ("" is "public"), which must exist; they are made by refunds.Migrate.
func Open(dsn, schema string) (*Store, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	s, err := New(db, schema)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// New takes a pool of the merchant's own, opened with the driver "pgx". Closing
// the store closes it.
func New(db *sql.DB, schema string) (*Store, error) {
	if schema == "" {
		schema = "public"
	}
	if !name.MatchString(schema) {
		return nil, errors.New("postgres: a schema's name is of a-z, 0-9 and _")
	}
	return &Store{sqlstore.New(db, db, dialectOf(schema))}, nil
}

func dialectOf(schema string) *sqlstore.Dialect {
	prefix := schema + "."
	return &sqlstore.Dialect{
		Prefix:        prefix,
		Placeholder:   "$",
		Locks:         true,
		Begin:         "BEGIN ISOLATION LEVEL READ COMMITTED", // whatever the role's or the server's default is
		Isolation:     "SELECT current_setting('transaction_isolation')",
		Session:       session,
		NoTransaction: func(error) bool { return false }, // that there is none is a notice
		Durable:       "SET LOCAL synchronous_commit TO on",
		Impatient:     "SET LOCAL lock_timeout TO 100", // ms
		Undone:        undone,
		Migrations: []sqlstore.Migration{{Version: 1, MinReader: 1,
			Text: "CREATE FUNCTION " + prefix + "refund_add_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refunds: % is only added to', TG_TABLE_NAME; END $$;\n" +
				sqlstore.Schema(sqlstore.Words{Tables: prefix, Counted: counted, Numbered: counted, Number: "bigint", AddOnly: addOnly(prefix), Fan: fan(prefix)})}},
		LockSchema:   "SELECT pg_advisory_xact_lock(7270017270017)",
		IsConstraint: func(err error) bool { code := codeOf(err); return strings.HasPrefix(code, "23") || code == "P0001" },
		NoTable:      func(err error) bool { code := codeOf(err); return code == "42P01" || code == "3F000" },
		IsThere:      func(err error) bool { return codeOf(err) == "23505" },
		Durably:      func(context.Context, sqlstore.Conn) error { return nil }, // Durable makes each transaction so
		Place:        place,
		Clock:        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
	}
}

// codeOf is the SQLSTATE of the server's error; empty for any other.
func codeOf(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// undone tells the server's word that it has rolled back. What ends the connection
// too may come after a commit.
func undone(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.SeverityUnlocalized == "ERROR" || errors.Is(err, errRolledBack)
}

const counted = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"

func fan(prefix string) string {
	return strings.ReplaceAll("CREATE FUNCTION {t}refund_fan() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"+
		"  INSERT INTO {t}refund_unsealed (event) VALUES (new.id);\n"+
		"  INSERT INTO {t}refund_deliveries (consumer, event, refund, tries, next_at) SELECT name, new.id, new.refund, 0, new.at FROM {t}refund_consumers;\n"+
		"  RETURN NULL; END $$;\n"+
		"CREATE TRIGGER refund_events_fan AFTER INSERT ON {t}refund_events FOR EACH ROW EXECUTE FUNCTION {t}refund_fan();\n", "{t}", prefix)
}

func addOnly(prefix string) func(string) string {
	return func(table string) string {
		return fmt.Sprintf("CREATE TRIGGER %[2]s_add_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %[1]s%[2]s FOR EACH STATEMENT EXECUTE FUNCTION %[1]srefund_add_only();\n", prefix, table)
	}
}

// place changes when another server takes over (a new timeline) or a copy is
// restored. A plain role may read both.
const place = "SELECT system_identifier::text || '/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) FROM pg_control_system()"

// MigrationSQL gives the statements that make the tables in a schema, for who
// keeps a schema by hand: run them once, in one transaction, and note version 1
// as Migrate does.
func MigrationSQL(schema string) (string, error) {
	if !name.MatchString(schema) {
		return "", errors.New("postgres: a schema's name is of a-z, 0-9 and _")
	}
	return dialectOf(schema).Export(), nil
}
