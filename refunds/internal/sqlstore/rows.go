package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/assist-go/assist/refunds/internal/storage"
)

func (t *tx) get(row storage.Row, lock storage.Lock, found func(bool)) Statement {
	table, fields := row.Table(), row.Fields()
	text := t.text(int(lock), table, func(s *statement) {
		s.WriteString("SELECT " + strings.Join(table.Columns, ",") + " FROM " + t.d.Prefix + table.Name)
		s.byKey(table, fields)
		s.lock(lock)
	})
	return Statement{Text: text, Args: values(nil, fields[:table.Keys]), Next: func() []any { return fields }, Done: func(n int64) error {
		found(n > 0)
		return nil
	}, Common: lock == storage.ForShare} // which nobody can change before the transaction ends
}

func (t *tx) Get(ctx context.Context, row storage.Row, lock storage.Lock) (found bool, err error) {
	if err := t.read(ctx, t.get(row, lock, func(yes bool) { found = yes })); err != nil {
		return false, failed("reading", row.Table(), err)
	}
	return found, nil
}

// There implements storage.Tx. A unique rule knows of all rows, also of those
// that the transaction's snapshot doesn't show: PostgreSQL ends a transaction
// that runs into one of them (40001, a serialization failure). So the row is
// inserted, and taken back at once.
func (t *tx) There(ctx context.Context, row storage.Row) (bool, error) {
	found, err := t.Get(ctx, row, storage.NoLock)
	if err != nil || found || !t.snapshot {
		return found, err
	}
	if err := t.read(ctx, Statement{Text: "SAVEPOINT refunds_there"}, t.insert(row, inserting),
		Statement{Text: "ROLLBACK TO SAVEPOINT refunds_there"}, Statement{Text: "RELEASE SAVEPOINT refunds_there"}); err != nil {
		return false, failed("looking into", row.Table(), err)
	}
	return false, nil
}

func (t *tx) insert(row storage.Row, kind int) Statement {
	table, fields := row.Table(), row.Fields()
	first := 0
	if table.Counted {
		first = 1
	}
	number := kind == insertingNumber
	text := t.text(kind, table, func(s *statement) {
		s.WriteString("INSERT INTO " + t.d.Prefix + table.Name + " (" + strings.Join(table.Columns[first:], ",") + ") VALUES (")
		for i, f := range fields[first:] {
			if i > 0 {
				s.WriteByte(',')
			}
			s.arg(value(f))
		}
		s.WriteString(")")
		if kind != adding {
			s.WriteString(" ON CONFLICT DO NOTHING")
		}
		if number {
			s.WriteString(" RETURNING " + table.Columns[0])
		}
	})
	s := Statement{Text: text, Args: values(nil, fields[first:])}
	if number {
		s.Next = func() []any { return fields[:1] }
	}
	return s
}

func (t *tx) Insert(ctx context.Context, row storage.Row) (inserted bool, err error) {
	if t.readOnly {
		return false, errors.New("sqlstore: a view doesn't write")
	}
	t.changed = true
	kind := inserting
	if row.Table().Counted {
		kind = insertingNumber
	}
	s := t.insert(row, kind)
	s.Done = func(n int64) error { inserted = n == 1; return nil }
	if err := t.read(ctx, s); err != nil {
		return false, failed("adding to", row.Table(), err)
	}
	return inserted, nil
}

func (t *tx) Add(ctx context.Context, row storage.Row) error {
	if t.d.IsThere == nil {
		return t.change(ctx, "adding to", row.Table(), t.insert(row, inserting), storage.ErrThere)
	}
	s := t.insert(row, adding)
	s.Failed = func(err error) error {
		if t.d.IsThere(err) {
			return fmt.Errorf("adding to %s: %w: %w", row.Table().Name, storage.ErrThere, err)
		}
		return err
	}
	if err := t.write(ctx, s); err != nil {
		return failed("adding to", row.Table(), err)
	}
	return nil
}

// change gathers a statement that must change one row.
func (t *tx) change(ctx context.Context, what string, table *storage.Table, s Statement, otherwise error) error {
	s.Done = func(n int64) error {
		if n != 1 {
			return fmt.Errorf("%s %s: %w", what, table.Name, otherwise)
		}
		return nil
	}
	if err := t.write(ctx, s); err != nil {
		return failed(what, table, err)
	}
	return nil
}

var errNoRow = errors.New("no such row")

func (t *tx) Save(ctx context.Context, row storage.Row) error {
	table, fields := row.Table(), row.Fields()
	if table.AddOnly {
		return fmt.Errorf("%w: %s is only added to", storage.ErrConstraint, table.Name)
	}
	changing := table.Changing()
	text := t.text(saving, table, func(s *statement) {
		s.WriteString("UPDATE " + t.d.Prefix + table.Name + " SET ")
		for n, i := range changing {
			if n > 0 {
				s.WriteByte(',')
			}
			s.WriteString(table.Columns[i] + " = ")
			s.arg(value(fields[i]))
		}
		s.byKey(table, fields)
	})
	args := make([]any, 0, len(fields))
	for _, i := range changing {
		args = append(args, value(fields[i]))
	}
	return t.change(ctx, "writing", table, Statement{Text: text, Args: values(args, fields[:table.Keys])}, errNoRow)
}

func (t *tx) Delete(ctx context.Context, row storage.Row) error {
	table := row.Table()
	if table.AddOnly {
		return fmt.Errorf("%w: %s is only added to", storage.ErrConstraint, table.Name)
	}
	text := t.text(deleting, table, func(s *statement) {
		s.WriteString("DELETE FROM " + t.d.Prefix + table.Name)
		s.byKey(table, row.Fields())
	})
	if err := t.write(ctx, Statement{Text: text, Args: values(nil, row.Fields()[:table.Keys])}); err != nil {
		return failed("deleting from", table, err)
	}
	return nil
}
