package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/assist-go/assist/refunds/internal/storage"
)

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
