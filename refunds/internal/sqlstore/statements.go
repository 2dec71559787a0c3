package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"

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
		if c.Loose {
			if _, number := c.Value.(int64); number {
				s.WriteString(" + 0")
			} else {
				s.WriteString(" || ''")
			}
		}
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
			s.texts(list)
		default:
			s.WriteByte(' ')
			s.WriteString(c.Op)
			s.WriteByte(' ')
			switch fixed := c.Value.(type) {
			case int64:
				if c.Fixed {
					s.WriteString(strconv.FormatInt(fixed, 10))
					continue
				}
			case string:
				if c.Fixed {
					s.WriteString("'" + strings.ReplaceAll(fixed, "'", "''") + "'")
					continue
				}
			}
			s.arg(c.Value)
		}
	}
}

// texts are padded with the last one to a power of two, so that there are few
// statements to prepare.
func (s *statement) texts(list []string) {
	if len(list) == 0 {
		s.WriteString(" IN (NULL)")
		return
	}
	for i, n := 0, 1<<bits.Len(uint(len(list)-1)); i < n; i++ {
		s.WriteString([...]string{" IN (", ","}[min(i, 1)])
		s.arg(list[min(i, len(list)-1)])
	}
	s.WriteByte(')')
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

func failed(what string, table *storage.Table, err error) error {
	return fmt.Errorf("%s %s: %w", what, table.Name, err)
}

// text gives the statement of a kind for a table, which is made once.
func (t *tx) text(kind int, table *storage.Table, make func(*statement)) string {
	key := textKey{t.d, table, kind}
	if text, ok := texts.Load(key); ok {
		return text.(string)
	}
	s := t.begin()
	make(s)
	texts.Store(key, s.String())
	return s.String()
}

// The kinds of statements on one row; reading has one for each lock.
const (
	inserting = -1 - iota
	insertingNumber
	adding
	saving
	deleting
)

type textKey struct {
	d     *Dialect
	table *storage.Table
	kind  int
}

var texts sync.Map // of textKey: string

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

func values(args []any, fields []any) []any {
	if args == nil {
		args = make([]any, 0, len(fields))
	}
	for _, f := range fields {
		args = append(args, value(f))
	}
	return args
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

func (t *tx) query(table *storage.Table, q storage.Query, next func() []any) Statement {
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
	return Statement{Text: s.String(), Args: s.args, Next: next}
}

func (t *tx) Select(ctx context.Context, table *storage.Table, q storage.Query, next func() []any) error {
	if err := t.read(ctx, t.query(table, q, next)); err != nil {
		return failed("reading", table, err)
	}
	return nil
}

func (t *tx) Read(ctx context.Context, asks ...storage.Ask) error {
	all := make([]Statement, 0, len(asks))
	for _, a := range asks {
		switch {
		case a.Place != nil && t.d.Place != "":
			all = append(all, Statement{Text: t.d.Place, Next: func() []any { return []any{a.Place} }, Common: true})
		case a.Row != nil:
			all = append(all, t.get(a.Row, a.Lock, a.Found))
		case a.Table != nil:
			all = append(all, t.query(a.Table, a.Query, a.Next))
		}
	}
	err := t.read(ctx, all...)
	if err == nil {
		return nil
	}
	var names []string
	for _, a := range asks {
		switch {
		case a.Row != nil:
			names = append(names, a.Row.Table().Name)
		case a.Table != nil:
			names = append(names, a.Table.Name)
		}
	}
	return fmt.Errorf("reading %s: %w", strings.Join(names, ", "), err)
}

func (t *tx) Count(ctx context.Context, table *storage.Table, where ...storage.Cond) (n int, err error) {
	s := t.begin("SELECT count(*) FROM ", t.d.Prefix, table.Name)
	s.where(where)
	var count int64
	if err := t.read(ctx, Statement{Text: s.String(), Args: s.args, Next: func() []any { return []any{&count} }}); err != nil {
		return 0, failed("counting", table, err)
	}
	return int(count), nil
}

func (t *tx) Sum(ctx context.Context, table *storage.Table, column, by string, where ...storage.Cond) (map[string]storage.Total, error) {
	s := t.begin("SELECT ", by, ", count(*), CAST(sum(", column, ") AS bigint) FROM ", t.d.Prefix, table.Name)
	s.where(where)
	s.WriteString(" GROUP BY " + by)
	type group struct {
		name  string
		count int64
		sum   int64
	}
	var groups []*group
	err := t.read(ctx, Statement{Text: s.String(), Args: s.args, Next: func() []any {
		g := &group{}
		groups = append(groups, g)
		return []any{&g.name, &g.count, &g.sum}
	}})
	if err != nil {
		return nil, failed("adding up", table, err)
	}
	all := map[string]storage.Total{}
	for _, g := range groups {
		all[g.name] = storage.Total{Count: int(g.count), Sum: g.sum}
	}
	return all, nil
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

func (t *tx) Claim(ctx context.Context, c storage.Claim) ([]*storage.Refund, error) {
	table := (&storage.Refund{}).Table()
	s := t.begin("UPDATE ", t.d.Prefix, table.Name, " SET version = version + 1, next_at = ")
	s.arg(c.Until)
	s.WriteString(" WHERE id IN (SELECT id FROM " + t.d.Prefix + table.Name)
	s.where([]storage.Cond{storage.Eq("merchant", c.Merchant), storage.In("state", c.States), storage.AtMost("next_at", c.Now)})
	s.WriteString(" ORDER BY next_at LIMIT ")
	s.arg(int64(c.Limit))
	s.lock(storage.SkipLocked)
	s.WriteString(") RETURNING " + strings.Join(table.Columns, ","))
	var claimed []*storage.Refund
	err := t.read(ctx, Statement{Text: s.String(), Args: s.args, Next: func() []any {
		r := &storage.Refund{}
		claimed = append(claimed, r)
		return r.Fields()
	}})
	if err != nil {
		return nil, failed("claiming", table, err)
	}
	return claimed, nil
}

func (t *tx) Unsealed(ctx context.Context, limit int) (taken []*storage.Event, err error) {
	table := (&storage.Event{}).Table()
	marks := t.d.Prefix + (&storage.Unsealed{}).Table().Name
	first := t.begin("SELECT e.", strings.Join(table.Columns, ",e."), " FROM ", marks, " u JOIN ", t.d.Prefix, table.Name, " e ON e.id = u.event ORDER BY u.event LIMIT ")
	first.arg(int64(limit))
	if err := t.read(ctx, Statement{Text: first.String(), Args: first.args, Next: func() []any {
		e := &storage.Event{}
		taken = append(taken, e)
		return e.Fields()
	}}); err != nil || len(taken) == 0 {
		return nil, err
	}
	// Those that were read and no others: one of a lower number may have been
	// committed since. Its number lies between, so it is left out by name.
	ids := make([]int64, len(taken))
	for i, e := range taken {
		ids[i] = e.ID
	}
	return taken, t.unmark(ctx, marks, ids)
}

// unmark deletes marks in runs of numbers without a gap, which are one statement
// in most cases.
func (t *tx) unmark(ctx context.Context, marks string, ids []int64) error {
	for len(ids) > 0 {
		n := 1
		for n < len(ids) && ids[n] == ids[n-1]+1 {
			n++
		}
		s := t.begin("DELETE FROM ", marks, " WHERE event >= ")
		s.arg(ids[0])
		s.WriteString(" AND event <= ")
		s.arg(ids[n-1])
		if err := t.write(ctx, Statement{Text: s.String(), Args: s.args}); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}
