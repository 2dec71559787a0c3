package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// tx is a transaction. What it writes is gathered and goes with the next thing
// that is read, or with the commit, where the connection takes several
// statements at once.
type tx struct {
	conn     Conn
	d        *Dialect
	raw      *sql.Tx
	readOnly bool
	begun    bool
	changed  bool // it has written, or wants to
	snapshot bool // it sees the database as of its first statement
	queue    []Statement
}

func (t *tx) SQL() *sql.Tx { return t.raw }

// write gathers a statement.
func (t *tx) write(ctx context.Context, s Statement) error {
	if t.readOnly {
		return errors.New("sqlstore: a view doesn't write")
	}
	t.changed = true
	t.queue = append(t.queue, s)
	if _, gathers := t.conn.(Batcher); gathers {
		return nil
	}
	return t.flush(ctx)
}

// read does what was gathered, and some more.
func (t *tx) read(ctx context.Context, more ...Statement) error {
	t.queue = append(t.queue, more...)
	return t.flush(ctx)
}

// Flush sends what was gathered, for tests that stop between two statements.
func (t *tx) Flush(ctx context.Context) error { return t.flush(ctx) }

func (t *tx) flush(ctx context.Context) error {
	all := t.queue
	t.queue = nil
	if len(all) == 0 {
		return nil
	}
	t.begun = true
	if b, ok := t.conn.(Batcher); ok {
		return t.rule(b.Batch(ctx, all))
	}
	for _, s := range all {
		if err := t.one(ctx, s); err != nil {
			return t.rule(err)
		}
	}
	return nil
}

// rule says of an error that the database holds a rule by it.
func (t *tx) rule(err error) error {
	if err == nil || errors.Is(err, storage.ErrThere) || !t.d.IsConstraint(err) {
		return err
	}
	return fmt.Errorf("%w: %w", storage.ErrConstraint, err)
}

func (t *tx) one(ctx context.Context, s Statement) (err error) {
	var n int64
	if s.Next == nil {
		n, err = t.conn.Exec(ctx, s.Text, s.Args...)
	} else {
		n, err = t.scan(ctx, s)
	}
	if err != nil || s.Done == nil {
		return s.Meaning(err)
	}
	return s.Done(n)
}

// scan reads all rows before anything else is done in the transaction: a
// connection has one answer at a time.
func (t *tx) scan(ctx context.Context, s Statement) (n int64, err error) {
	rows, err := t.conn.Query(ctx, s.Text, s.Args...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for ; rows.Next(); n++ {
		if err := rows.Scan(s.Next()...); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

// durable stands at a transaction's beginning, so that no function can forget it.
func (t *tx) durable(ctx context.Context) error {
	if t.d.Durable == "" {
		return nil
	}
	return t.write(ctx, Statement{Text: t.d.Durable})
}

func failed(what string, table *storage.Table, err error) error {
	return fmt.Errorf("%s %s: %w", what, table.Name, err)
}
