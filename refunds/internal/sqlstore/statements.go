package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/assist-go/assist/refunds/internal/storage"
)

type tx struct {
	conn Conn
	d    *Dialect
	raw  *sql.Tx
}

func (t *tx) SQL() *sql.Tx { return t.raw }

func (t *tx) Durable(ctx context.Context) error {
	if t.d.Durable == "" {
		return nil
	}
	_, err := t.conn.Exec(ctx, t.d.Durable)
	return err
}

// statement is a text with its arguments.
type statement struct {
	strings.Builder
	d    *Dialect
	args []any
}

func (s *statement) arg(v any) {
	s.args = append(s.args, v)
	s.WriteString(s.d.Placeholder)
	s.WriteString(strconv.Itoa(len(s.args)))
}

func (t *tx) begin(parts ...string) *statement {
	s := &statement{d: t.d}
	for _, p := range parts {
		s.WriteString(p)
	}
	return s
}

func (s *statement) where(conds []storage.Cond) {
	for i, c := range conds {
		if i == 0 {
			s.WriteString(" WHERE ")
		} else {
			s.WriteString(" AND ")
		}
		s.WriteString(c.Column)
		switch list := c.Value.(type) {
		case []int64: // numbers of the program's own, which a partial index may need to see
			s.WriteString(" IN (")
			for j, n := range list {
				if j > 0 {
					s.WriteByte(',')
				}
				s.WriteString(strconv.FormatInt(n, 10))
			}
			s.WriteByte(')')
		case []string:
			s.WriteString(" IN (")
			for j, text := range list {
				if j > 0 {
					s.WriteByte(',')
				}
				s.arg(text)
			}
			if len(list) == 0 {
				s.WriteString("NULL")
			}
			s.WriteByte(')')
		default:
			s.WriteByte(' ')
			s.WriteString(c.Op)
			s.WriteByte(' ')
			if c.Fixed {
				s.WriteString(strconv.FormatInt(c.Value.(int64), 10))
			} else {
				s.arg(c.Value)
			}
		}
	}
}

func (s *statement) byKey(table *storage.Table, fields []any) {
	for i := range table.Keys {
		if i == 0 {
			s.WriteString(" WHERE ")
		} else {
			s.WriteString(" AND ")
		}
		s.WriteString(table.Columns[i])
		s.WriteString(" = ")
		s.arg(value(fields[i]))
	}
}

func value(field any) any {
	if n, ok := field.(*int64); ok {
		return *n
	}
	return *field.(*string)
}

func (s *statement) lock(l storage.Lock) {
	if !s.d.Locks {
		return
	}
	switch l {
	case storage.ForShare:
		s.WriteString(" FOR SHARE")
	case storage.ForUpdate:
		s.WriteString(" FOR UPDATE")
	case storage.SkipLocked:
		s.WriteString(" FOR UPDATE SKIP LOCKED")
	}
}

func (t *tx) failed(what string, table *storage.Table, err error) error {
	if t.d.IsConstraint(err) {
		return fmt.Errorf("%s %s: %w: %w", what, table.Name, storage.ErrConstraint, err)
	}
	return fmt.Errorf("%s %s: %w", what, table.Name, err)
}

func (t *tx) Get(ctx context.Context, row storage.Row, lock storage.Lock) (bool, error) {
	table, fields := row.Table(), row.Fields()
	s := t.begin("SELECT ", strings.Join(table.Columns, ","), " FROM ", t.d.Prefix, table.Name)
	s.byKey(table, fields)
	s.lock(lock)
	err := one(ctx, t.conn, s.String(), s.args, fields...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, t.failed("reading", table, err)
	}
	return true, nil
}

func (t *tx) Select(ctx context.Context, table *storage.Table, q storage.Query, next func() []any) error {
	s := t.begin("SELECT ", strings.Join(table.Columns, ","), " FROM ", t.d.Prefix, table.Name)
	s.where(q.Where)
	if column, down := strings.CutPrefix(q.Order, "-"); column != "" {
		s.WriteString(" ORDER BY " + column)
		if down {
			s.WriteString(" DESC")
		}
	}
	if q.Limit > 0 {
		s.WriteString(" LIMIT " + strconv.Itoa(q.Limit))
	}
	s.lock(q.Lock)
	return t.scan(ctx, table, s, next)
}

// scan reads all rows before anything else is done in the transaction: a
// connection has one answer at a time.
func (t *tx) scan(ctx context.Context, table *storage.Table, s *statement, next func() []any) (err error) {
	rows, err := t.conn.Query(ctx, s.String(), s.args...)
	if err != nil {
		return t.failed("reading", table, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(next()...); err != nil {
			return t.failed("reading", table, err)
		}
	}
	if err := rows.Err(); err != nil {
		return t.failed("reading", table, err)
	}
	return nil
}

func (t *tx) Count(ctx context.Context, table *storage.Table, where ...storage.Cond) (n int, err error) {
	s := t.begin("SELECT count(*) FROM ", t.d.Prefix, table.Name)
	s.where(where)
	if err := one(ctx, t.conn, s.String(), s.args, &n); err != nil {
		return 0, t.failed("counting", table, err)
	}
	return n, nil
}

func (t *tx) Insert(ctx context.Context, row storage.Row) (bool, error) {
	table, fields := row.Table(), row.Fields()
	first := 0
	if table.Counted {
		first = 1
	}
	s := t.begin("INSERT INTO ", t.d.Prefix, table.Name, " (", strings.Join(table.Columns[first:], ","), ") VALUES (")
	for i, f := range fields[first:] {
		if i > 0 {
			s.WriteByte(',')
		}
		s.arg(value(f))
	}
	s.WriteString(") ON CONFLICT DO NOTHING")
	if table.Counted {
		s.WriteString(" RETURNING " + table.Columns[0])
		err := one(ctx, t.conn, s.String(), s.args, fields[0])
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, t.failed("adding to", table, err)
		}
		return true, nil
	}
	n, err := t.conn.Exec(ctx, s.String(), s.args...)
	if err != nil {
		return false, t.failed("adding to", table, err)
	}
	return n == 1, nil
}

func (t *tx) Save(ctx context.Context, row storage.Row) error {
	table, fields := row.Table(), row.Fields()
	if table.AddOnly {
		return fmt.Errorf("%w: %s is only added to", storage.ErrConstraint, table.Name)
	}
	s := t.begin("UPDATE ", t.d.Prefix, table.Name, " SET ")
	for i := table.Keys; i < len(fields); i++ {
		if i > table.Keys {
			s.WriteByte(',')
		}
		s.WriteString(table.Columns[i])
		s.WriteString(" = ")
		s.arg(value(fields[i]))
	}
	s.byKey(table, fields)
	n, err := t.conn.Exec(ctx, s.String(), s.args...)
	if err != nil {
		return t.failed("writing", table, err)
	}
	if n != 1 {
		return fmt.Errorf("writing %s: no such row", table.Name)
	}
	return nil
}

func (t *tx) Delete(ctx context.Context, row storage.Row) error {
	table := row.Table()
	if table.AddOnly {
		return fmt.Errorf("%w: %s is only added to", storage.ErrConstraint, table.Name)
	}
	s := t.begin("DELETE FROM ", t.d.Prefix, table.Name)
	s.byKey(table, row.Fields())
	if _, err := t.conn.Exec(ctx, s.String(), s.args...); err != nil {
		return t.failed("deleting from", table, err)
	}
	return nil
}

func (t *tx) Fan(ctx context.Context, e *storage.Event) error {
	s := t.begin("INSERT INTO ", t.d.Prefix, "refund_deliveries (consumer, event, refund, tries, next_at) SELECT name, ")
	for i, n := range []int64{e.ID, e.Refund, 0, e.At} {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(strconv.FormatInt(n, 10))
	}
	s.WriteString(" FROM " + t.d.Prefix + "refund_consumers")
	if _, err := t.conn.Exec(ctx, s.String()); err != nil {
		return t.failed("adding to", (&storage.Delivery{}).Table(), err)
	}
	return nil
}

func (t *tx) Claim(ctx context.Context, c storage.Claim) ([]*storage.Refund, error) {
	table := (&storage.Refund{}).Table()
	s := t.begin("UPDATE ", t.d.Prefix, table.Name, " SET version = version + 1, next_at = ")
	s.arg(c.Until)
	s.WriteString(" WHERE id IN (SELECT id FROM " + t.d.Prefix + table.Name)
	s.where([]storage.Cond{storage.Eq("merchant", c.Merchant), storage.In("state", c.States), storage.AtMost("next_at", c.Now)})
	s.WriteString(" ORDER BY next_at LIMIT " + strconv.Itoa(c.Limit))
	s.lock(storage.SkipLocked)
	s.WriteString(") RETURNING " + strings.Join(table.Columns, ","))
	var claimed []*storage.Refund
	err := t.scan(ctx, table, s, func() []any {
		r := &storage.Refund{}
		claimed = append(claimed, r)
		return r.Fields()
	})
	return claimed, err
}
