// Package sqlite keeps refunds in a SQLite file: on one machine, in one process
// or several. It needs no cgo and no server.
//
// Commits are durable (synchronous=FULL), writers wait for each other, and
// reading never waits. Keep the file on a local disk: locks of network file
// systems don't hold what they promise.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/assist-go/assist/refunds/internal/sqlstore"
	"github.com/assist-go/assist/refunds/internal/storage"
	driver "modernc.org/sqlite"
)

const prefix = "assist_"

const constraint = 19 // SQLITE_CONSTRAINT, the low byte of all its kinds

// Store is a file with refunds. It implements refunds.Store.
type Store struct {
	*sqlstore.Store
	mark string // the file beside it
}

// Open opens the file, and creates it where there is none. Tables are made by
// refunds.Migrate. A path that isn't absolute begins at the working directory of
// now: a program that changes it later still has one file.
//
// A file PATH-mark beside it tells how far the history has come. Leave it where
// it is when you restore an older copy: by it the store knows, and holds all
// merchants until they were compared with Assist.
func Open(path string) (*Store, error) { return open(path) }

func open(path string, more ...string) (*Store, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("sqlite: a path is needed: refunds in memory don't outlive the process")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	pragmas := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "wal_autocheckpoint(4000)", "temp_store(2)"}
	pragmas = append(pragmas, more...)
	write := sql.OpenDB(connector{&driver.Driver{}, address(path, pragmas, "_txlock=immediate")})
	// One writer: SQLite has one at a time, and waiting for it in Go costs no
	// busy loop.
	write.SetMaxOpenConns(1)
	if err := write.Ping(); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read := sql.OpenDB(connector{&driver.Driver{}, address(path, append(pragmas[:len(pragmas):len(pragmas)], "query_only(1)"), "")})
	read.SetMaxOpenConns(8)
	return &Store{sqlstore.New(write, read, dialect), path + "-mark"}, nil
}

// address makes the driver's name of the file.
func address(path string, pragmas []string, more string) string {
	var b strings.Builder
	b.WriteString("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + more)
	for _, p := range pragmas {
		b.WriteString("&_pragma=" + p)
	}
	return b.String()
}

var dialect = &sqlstore.Dialect{
	Prefix:      prefix,
	Placeholder: "?",
	Grouped:     true,
	Begin:       "BEGIN IMMEDIATE",
	BeginRead:   "BEGIN",
	Session:     session,
	Migrations: []sqlstore.Migration{{Version: 1, MinReader: 1, Text: sqlstore.Schema(sqlstore.Words{Tables: prefix, Indexes: prefix,
		Counted: "integer PRIMARY KEY AUTOINCREMENT", Numbered: "integer PRIMARY KEY", Number: "integer", AddOnly: addOnly, Fan: fan})}},
	IsConstraint: func(err error) bool {
		var e *driver.Error
		return errors.As(err, &e) && e.Code()&0xff == constraint
	},
	NoTable:       func(err error) bool { return strings.Contains(err.Error(), "no such table") },
	NoTransaction: func(err error) bool { return strings.Contains(err.Error(), "no transaction is active") },
	Durably:       durably,
}

const fan = "CREATE TRIGGER " + prefix + "refund_events_fan AFTER INSERT ON " + prefix + "refund_events BEGIN\n" +
	"  INSERT INTO " + prefix + "refund_unsealed (event) VALUES (new.id);\n" +
	"  INSERT INTO " + prefix + "refund_deliveries (consumer, event, refund, tries, next_at) SELECT name, new.id, new.refund, 0, new.at FROM " + prefix + "refund_consumers;\nEND;\n"

func addOnly(table string) string {
	var b strings.Builder
	for _, change := range []string{"UPDATE", "DELETE"} {
		fmt.Fprintf(&b, "CREATE TRIGGER %[1]s%[2]s_no_%[3]s BEFORE %[4]s ON %[1]s%[2]s BEGIN SELECT RAISE(ABORT, 'refunds: %[2]s is only added to'); END;\n",
			prefix, table, strings.ToLower(change), change)
	}
	return b.String()
}

// durably refuses a connection on which a commit can be lost. In WAL mode
// synchronous=NORMAL loses commits when the power fails.
func durably(ctx context.Context, q sqlstore.Conn) error {
	var level int
	if err := sqlstore.One(ctx, q, "PRAGMA synchronous", &level); err != nil {
		return err
	}
	var mode string
	if err := sqlstore.One(ctx, q, "PRAGMA journal_mode", &mode); err != nil {
		return err
	}
	if level < 2 || mode == "off" || mode == "memory" {
		return fmt.Errorf("%w: synchronous=%d, journal_mode=%s; open it with synchronous=FULL", storage.ErrNotDurable, level, mode)
	}
	return nil
}

// MigrationSQL gives the statements that make the tables, for who keeps a schema
// by hand: run them once, in one transaction, and note version 1 as Migrate does.
func MigrationSQL() string { return dialect.Export() }
