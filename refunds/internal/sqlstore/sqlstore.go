// Package sqlstore keeps the tables in a database, in one text for SQLite and
// PostgreSQL.
package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// Dialect is what differs between the databases.
type Dialect struct {
	Prefix      string // before each table's name: a schema with a point, or a word
	Placeholder string // before the number of an argument
	Locks       bool   // SELECT … FOR UPDATE is understood
	Durable     string // makes a transaction's commit survive a crash; empty where all do
	Migrations  []Migration
	LockSchema  string // one process migrates at a time
	// IsConstraint tells an error by which the database holds a rule.
	IsConstraint func(error) bool
	// IsThere tells the error of a row that is there already. It must be given where
	// statements go together with the COMMIT: then only an error of the database
	// itself undoes the transaction.
	IsThere func(error) bool
	// NoTable tells the error of a table that isn't there.
	NoTable func(error) bool
	// NoTransaction tells the error of a ROLLBACK by which there is none.
	NoTransaction func(error) bool
	// Durably refuses a connection whose commits don't survive a crash.
	Durably func(ctx context.Context, q Conn) error
	// Place asks for the name of the copy of the database, Clock for its time in
	// microseconds. Empty where there is none.
	Place, Clock string
	// Session gives a connection of a pool past database/sql, whose transactions
	// cost more: f says BEGIN and COMMIT itself. The connection is closed when f
	// gives driver.ErrBadConn, panics, or doesn't return.
	Session   func(ctx context.Context, db *sql.DB, f func(Conn) error) error
	Grouped   bool   // transactions that write share their commits: see group
	Impatient string // has a transaction that is shared fail soon where somebody else has a lock: see sharing; empty where none is
	// Undone tells an error by which the database itself says that the transaction
	// with the COMMIT has not happened. It must be given with Impatient.
	Undone    func(error) bool
	Begin     string // a transaction that writes, each of whose statements sees what is committed by then
	BeginRead string // one that reads; empty where each statement does well alone
	// Isolation asks for the isolation of a transaction that somebody else has
	// begun. Empty where what such a one can't see can't have been written either.
	Isolation string
}

// Migration is one step of the schema. A process of version n can work with the
// tables for as long as no step has a MinReader above n.
type Migration struct {
	Version, MinReader int
	Text               string
}

// Version is that of the newest step.
func (d *Dialect) Version() int { return d.Migrations[len(d.Migrations)-1].Version }

// Conn is a connection or a transaction of a driver.
type Conn interface {
	Exec(ctx context.Context, text string, args ...any) (affected int64, err error)
	Query(ctx context.Context, text string, args ...any) (Rows, error)
}

// Statement is one of several that go to the database together.
type Statement struct {
	Text string
	Args []any
	Next func() []any        // targets of one more row; nil where no rows come
	Done func(n int64) error // how many rows there were
	// Common: it reads one row at most, and means the same at any place in a
	// transaction, so that sharers who ask it get one answer.
	Common bool
	// Failed says what the database's error of it means; nil leaves it as it is.
	Failed func(error) error
}

// Meaning is the error of a statement that failed.
func (s *Statement) Meaning(err error) error {
	if err == nil || s.Failed == nil {
		return err
	}
	return s.Failed(err)
}

// Batcher is a Conn that takes several statements in one round trip. What comes
// after one that fails isn't done.
type Batcher interface {
	Batch(ctx context.Context, all []Statement) error
}

// Rows are the rows of an answer.
type Rows interface {
	Next() bool
	Scan(...any) error
	Err() error
	Close() error
}

// Store is a storage.Store on database/sql.
type Store struct {
	write, read *sql.DB
	dialect     *Dialect
	group       group
	sharing     sharing
}

// New takes the two pools, which may be one.
func New(write, read *sql.DB, d *Dialect) *Store { return &Store{write: write, read: read, dialect: d} }

// Update implements storage.Store.
func (s *Store) Update(ctx context.Context, f func(storage.Tx) error) error {
	if s.dialect.Grouped {
		return s.grouped(ctx, f)
	}
	if p := storage.PurposeOf(ctx); p.Payment != "" && s.dialect.Impatient != "" {
		if err := s.shared(ctx, p, f); !errors.Is(err, errAlone) {
			return err
		}
	}
	return s.dialect.Session(ctx, s.write, func(conn Conn) error {
		t := &tx{conn: conn, d: s.dialect}
		t.queue = append(t.queue, Statement{Text: s.dialect.Begin})
		err := t.durable(ctx)
		if err == nil {
			err = f(t)
		}
		if err == nil {
			t.queue = append(t.queue, Statement{Text: "COMMIT"})
			err = t.flush(ctx)
		}
		if err != nil {
			return t.rollback(ctx, err)
		}
		return nil
	})
}

// View implements storage.Store.
func (s *Store) View(ctx context.Context, f func(storage.Tx) error) error {
	return s.dialect.Session(ctx, s.read, func(conn Conn) error {
		t := &tx{conn: conn, d: s.dialect, readOnly: true}
		if s.dialect.BeginRead == "" {
			return f(t)
		}
		t.queue = append(t.queue, Statement{Text: s.dialect.BeginRead})
		return t.rollback(ctx, f(t))
	})
}

// Deliver implements storage.Store.
func (s *Store) Deliver(ctx context.Context, f func(storage.Tx) error) error {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() // after a commit it does nothing
	within := s.within(SQLTx(t), t)
	if err := within.durable(ctx); err != nil {
		return err
	}
	if err := f(within); err != nil {
		return err
	}
	return t.Commit()
}

// rollback ends a transaction that isn't to happen, or has failed to. A
// connection of which that can't be told is given up.
func (t *tx) rollback(ctx context.Context, err error) error {
	if !t.begun {
		return err
	}
	// A caller who has gone must not leave the transaction open.
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer end()
	if _, e := t.conn.Exec(ctx, "ROLLBACK"); e != nil && !t.d.NoTransaction(e) {
		return errors.Join(err, driver.ErrBadConn, e)
	}
	return err
}

// within speaks through a transaction that somebody else has begun and ends.
func (s *Store) within(conn Conn, raw *sql.Tx) *tx {
	return &tx{conn: conn, d: s.dialect, raw: raw}
}

// Close implements storage.Store.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Migrate implements storage.Store.
func (s *Store) Migrate(ctx context.Context) error {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback()
	conn := SQLTx(t)
	for _, text := range []string{s.dialect.LockSchema, s.dialect.migrationsTable()} {
		if text == "" {
			continue
		}
		if _, err := conn.Exec(ctx, text); err != nil {
			return err
		}
	}
	have, minReader, err := s.versions(ctx, conn)
	if err != nil {
		return err
	}
	if minReader > s.dialect.Version() {
		return fmt.Errorf("%w: they want version %d of the program", storage.ErrSchema, minReader)
	}
	for _, m := range s.dialect.Migrations {
		if m.Version <= have {
			continue
		}
		if _, err := conn.Exec(ctx, m.Text); err != nil {
			return fmt.Errorf("migration %d: %w", m.Version, err)
		}
		note := fmt.Sprintf("INSERT INTO %srefund_migrations (version, min_reader, applied) VALUES (%d, %d, %d)",
			s.dialect.Prefix, m.Version, m.MinReader, time.Now().UnixMicro())
		if _, err := conn.Exec(ctx, note); err != nil {
			return err
		}
	}
	return t.Commit()
}

func (d *Dialect) migrationsTable() string {
	return "CREATE TABLE IF NOT EXISTS " + d.Prefix + "refund_migrations (version integer PRIMARY KEY, min_reader integer NOT NULL, applied bigint NOT NULL)"
}

func (s *Store) versions(ctx context.Context, conn Conn) (have, minReader int, err error) {
	err = one(ctx, conn, "SELECT coalesce(max(version),0), coalesce(max(min_reader),0) FROM "+s.dialect.Prefix+"refund_migrations", nil, &have, &minReader)
	return have, minReader, err
}

// Check implements storage.Store.
func (s *Store) Check(ctx context.Context) error {
	have, minReader, err := s.versions(ctx, SQLDB(s.write))
	switch {
	case err != nil && s.dialect.NoTable(err):
		return fmt.Errorf("%w: %w", storage.ErrSchema, err)
	case err != nil:
		return err
	case have < s.dialect.Version():
		return fmt.Errorf("%w: they are of version %d, this program wants %d", storage.ErrSchema, have, s.dialect.Version())
	case minReader > s.dialect.Version():
		return fmt.Errorf("%w: they want version %d of the program, this is %d", storage.ErrSchema, minReader, s.dialect.Version())
	}
	return s.dialect.Durably(ctx, SQLDB(s.write))
}

// Place implements storage.Store.
func (s *Store) Place(ctx context.Context) (place string, err error) {
	if s.dialect.Place == "" {
		return "", nil
	}
	return place, One(ctx, SQLDB(s.write), s.dialect.Place, &place)
}

// Clock implements storage.Store.
func (s *Store) Clock(ctx context.Context) (micros int64, err error) {
	if s.dialect.Clock == "" {
		return 0, nil
	}
	return micros, One(ctx, SQLDB(s.write), s.dialect.Clock, &micros)
}

// Ask lets f read outside of a transaction.
func (s *Store) Ask(ctx context.Context, f func(Conn) error) error { return f(SQLDB(s.read)) }

// Join takes a transaction that somebody else has begun: it must be one of this
// database, and its commit must survive a crash.
func (s *Store) Join(ctx context.Context, conn Conn, raw *sql.Tx, storeID string) (storage.Tx, error) {
	t := s.within(conn, raw)
	id := storage.Meta{Name: "store"}
	found, err := t.Get(ctx, &id, storage.NoLock)
	switch {
	case err != nil && s.dialect.NoTable(err):
		return nil, fmt.Errorf("%w: %w", storage.ErrForeignTx, err)
	case err != nil:
		return nil, err
	case !found || id.Value != storeID:
		return nil, storage.ErrForeignTx
	}
	if err := s.dialect.Durably(ctx, conn); err != nil {
		return nil, err
	}
	if s.dialect.Isolation != "" {
		var level string
		if err := One(ctx, conn, s.dialect.Isolation, &level); err != nil {
			return nil, err
		}
		t.snapshot = level != "read committed"
	}
	return t, t.durable(ctx)
}

// JoinSQL is Join for a transaction of database/sql.
func (s *Store) JoinSQL(ctx context.Context, t *sql.Tx, storeID string) (storage.Tx, error) {
	return s.Join(ctx, SQLTx(t), t, storeID)
}

// One asks for one row.
func One(ctx context.Context, conn Conn, text string, targets ...any) error {
	return one(ctx, conn, text, nil, targets...)
}

func one(ctx context.Context, conn Conn, text string, args []any, targets ...any) (err error) {
	rows, err := conn.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	return rows.Scan(targets...)
}

type sqlConn struct {
	q interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	}
}

// SQLTx makes a Conn of a transaction of database/sql.
func SQLTx(t *sql.Tx) Conn { return sqlConn{t} }

// SQLDB makes a Conn of a pool.
func SQLDB(db *sql.DB) Conn { return sqlConn{db} }

func (c sqlConn) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	r, err := c.q.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c sqlConn) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	rows, err := c.q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Export gives all migrations as a text that can be run by hand.
func (d *Dialect) Export() string {
	text := d.migrationsTable() + ";\n"
	for _, m := range d.Migrations {
		text += m.Text + fmt.Sprintf("INSERT INTO %srefund_migrations (version, min_reader, applied) VALUES (%d, %d, 0);\n", d.Prefix, m.Version, m.MinReader)
	}
	return text
}
