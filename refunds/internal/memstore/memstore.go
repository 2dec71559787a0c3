// Package memstore keeps the tables in memory: for tests, and for simulations
// in virtual time. It holds the same rules as the databases.
package memstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// Store is a storage.Store in memory. Make one with [New].
type Store struct {
	// A channel and not a mutex: whoever waits for it stands still in the virtual
	// time of testing/synctest.
	turn   chan struct{}
	tables map[*storage.Table]*table
	mu     sync.Mutex
	place  string
}

type table struct {
	rows map[string][]any
	last int64
}

// New makes empty tables.
func New() *Store {
	s := &Store{turn: make(chan struct{}, 1), tables: map[*storage.Table]*table{}, place: "memory"}
	for _, t := range storage.Tables() {
		s.tables[t] = &table{rows: map[string][]any{}}
	}
	return s
}

// Update implements storage.Store.
func (s *Store) Update(ctx context.Context, f func(storage.Tx) error) error {
	return s.do(ctx, true, f)
}

// Deliver implements storage.Store.
func (s *Store) Deliver(ctx context.Context, f func(storage.Tx) error) error {
	return s.do(ctx, true, f)
}

// View implements storage.Store.
func (s *Store) View(ctx context.Context, f func(storage.Tx) error) error {
	return s.do(ctx, false, f)
}

func (s *Store) do(ctx context.Context, keep bool, f func(storage.Tx) error) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	t := &tx{s: s}
	kept := false
	defer func() { // also where f panics, or its goroutine ends
		if !kept {
			t.undo()
		}
		<-s.turn
	}()
	if err := f(t); err != nil {
		return err
	}
	if ctx.Err() != nil { // as database/sql does
		return context.Cause(ctx)
	}
	kept = keep
	return nil
}

// Migrate has nothing to do.
func (s *Store) Migrate(context.Context) error { return nil }

// Check has nothing to doubt.
func (s *Store) Check(context.Context) error { return nil }

// Place implements storage.Store.
func (s *Store) Place(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place, nil
}

// Clock implements storage.Store: there is none.
func (s *Store) Clock(context.Context) (int64, error) { return 0, nil }

// SetPlace lets a test play a restored backup.
func (s *Store) SetPlace(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.place = place
}

// Copy is a backup of the store as it stands.
func (s *Store) Copy() *Store {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	c := New()
	c.place = s.place
	for t, rows := range s.tables {
		// Rows are replaced and never changed.
		c.tables[t] = &table{rows: maps.Clone(rows.rows), last: rows.last}
	}
	return c
}

// Close has nothing to close.
func (s *Store) Close() error { return nil }

type tx struct {
	s     *Store
	undos []func()
}

func (t *tx) undo() {
	for i := len(t.undos) - 1; i >= 0; i-- {
		t.undos[i]()
	}
}

func (t *tx) SQL() *sql.Tx { return nil }

// fan notes for the chain and for each consumer that it is to get the event, as
// the databases' trigger does.
func (t *tx) fan(ctx context.Context, e *storage.Event) error {
	if err := t.Add(ctx, &storage.Unsealed{Event: e.ID}); err != nil {
		return err
	}
	all, err := storage.Find[storage.Consumer](ctx, t, storage.Query{})
	for _, c := range all {
		if err := t.Add(ctx, &storage.Delivery{Consumer: c.Name, Event: e.ID, Refund: e.Refund, NextAt: e.At}); err != nil {
			return err
		}
	}
	return err
}

// Unsealed implements storage.Tx.
func (t *tx) Unsealed(ctx context.Context, limit int) (taken []*storage.Event, err error) {
	marks, err := storage.Find[storage.Unsealed](ctx, t, storage.Query{Limit: limit})
	for _, m := range marks {
		e := &storage.Event{ID: m.Event}
		if _, err := t.Get(ctx, e, storage.NoLock); err != nil {
			return nil, err
		}
		taken = append(taken, e)
		if err := t.Delete(ctx, m); err != nil {
			return nil, err
		}
	}
	return taken, err
}

// Read implements storage.Tx.
func (t *tx) Read(ctx context.Context, asks ...storage.Ask) error {
	return storage.ReadEach(ctx, t, asks)
}

// Add implements storage.Tx.
func (t *tx) Add(ctx context.Context, row storage.Row) error {
	inserted, err := t.Insert(ctx, row)
	if err == nil && !inserted {
		err = fmt.Errorf("adding to %s: %w", row.Table().Name, storage.ErrThere)
	}
	return err
}

func valuesOf(row storage.Row) []any { return load(row.Fields()) }

func load(fields []any) []any {
	values := make([]any, len(fields))
	for i, f := range fields {
		switch p := f.(type) {
		case *string:
			values[i] = *p
		case *int64:
			values[i] = *p
		}
	}
	return values
}

func store(fields, values []any) {
	for i, f := range fields {
		switch p := f.(type) {
		case *string:
			*p = values[i].(string)
		case *int64:
			*p = values[i].(int64)
		}
	}
}

func keyOf(t *storage.Table, values []any) string {
	var b strings.Builder
	for _, v := range values[:t.Keys] {
		fmt.Fprintf(&b, "%v\x00", v)
	}
	return b.String()
}

func (t *tx) Get(_ context.Context, row storage.Row, _ storage.Lock) (bool, error) {
	values, found := t.s.tables[row.Table()].rows[keyOf(row.Table(), valuesOf(row))]
	if found {
		store(row.Fields(), values)
	}
	return found, nil
}

// There implements storage.Tx: there is one writer at a time.
func (t *tx) There(ctx context.Context, row storage.Row) (bool, error) {
	return t.Get(ctx, row, storage.NoLock)
}

// matching gives the rows of a table in the order of their primary keys, so that
// a run can be repeated.
func (t *tx) matching(table *storage.Table, where []storage.Cond) ([][]any, error) {
	var found [][]any
	for _, values := range t.s.tables[table].rows {
		ok := true
		for _, c := range where {
			at := slices.Index(table.Columns, c.Column)
			if at < 0 {
				return nil, fmt.Errorf("memstore: no column %s in %s", c.Column, table.Name)
			}
			if ok = holds(values[at], c); !ok {
				break
			}
		}
		if ok {
			found = append(found, values)
		}
	}
	slices.SortFunc(found, func(a, b []any) int {
		for i := range table.Keys {
			if n := compare(a[i], b[i]); n != 0 {
				return n
			}
		}
		return 0
	})
	return found, nil
}

func compare(a, b any) int {
	if x, ok := a.(int64); ok {
		return cmp.Compare(x, b.(int64))
	}
	return strings.Compare(a.(string), b.(string))
}

func holds(v any, c storage.Cond) bool {
	switch list := c.Value.(type) {
	case []string:
		return slices.Contains(list, v.(string))
	case []int64:
		return slices.Contains(list, v.(int64))
	}
	n := compare(v, c.Value)
	switch c.Op {
	case "=":
		return n == 0
	case "<>":
		return n != 0
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	}
	return n >= 0 // ">="
}

func (t *tx) Select(_ context.Context, table *storage.Table, q storage.Query, next func() []any) error {
	found, err := t.matching(table, q.Where)
	if err != nil {
		return err
	}
	if column, down := strings.CutPrefix(q.Order, "-"); column != "" {
		at := slices.Index(table.Columns, column)
		slices.SortStableFunc(found, func(a, b []any) int {
			if down {
				return compare(b[at], a[at])
			}
			return compare(a[at], b[at])
		})
	}
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
	}
	for _, values := range found {
		store(next(), values)
	}
	return nil
}

func (t *tx) Count(_ context.Context, table *storage.Table, where ...storage.Cond) (int, error) {
	found, err := t.matching(table, where)
	return len(found), err
}

// Sum implements storage.Tx.
func (t *tx) Sum(_ context.Context, table *storage.Table, column, by string, where ...storage.Cond) (map[string]storage.Total, error) {
	found, err := t.matching(table, where)
	all := map[string]storage.Total{}
	for _, values := range found {
		name, _ := values[slices.Index(table.Columns, by)].(string)
		minor, _ := values[slices.Index(table.Columns, column)].(int64)
		all[name] = storage.Total{Count: all[name].Count + 1, Sum: all[name].Sum + minor}
	}
	return all, err
}

func (t *tx) Insert(ctx context.Context, row storage.Row) (bool, error) {
	table := row.Table()
	rows := t.s.tables[table]
	values := valuesOf(row)
	if table.Counted {
		values[0] = rows.last + 1
	}
	if err := check(table, values); err != nil {
		return false, err
	}
	key := keyOf(table, values)
	if _, taken := rows.rows[key]; taken || t.breaksUnique(table, key, values) {
		return false, nil
	}
	if table.Counted {
		rows.last++ // a number is never used twice, also after a rollback
		*(row.Fields()[0].(*int64)) = rows.last
	}
	t.set(rows, key, values)
	if e, ok := row.(*storage.Event); ok {
		return true, t.fan(ctx, e)
	}
	return true, nil
}

func check(table *storage.Table, values []any) error {
	if table.Check != nil && !table.Check(values) {
		return fmt.Errorf("%w: a check of %s", storage.ErrConstraint, table.Name)
	}
	return nil
}

func (t *tx) set(rows *table, key string, values []any) {
	old, was := rows.rows[key]
	t.undos = append(t.undos, func() {
		if was {
			rows.rows[key] = old
		} else {
			delete(rows.rows, key)
		}
	})
	rows.rows[key] = values
}

func (t *tx) breaksUnique(table *storage.Table, key string, values []any) bool {
	for _, u := range table.Unique {
		if u.Where != nil && !u.Where(values) {
			continue
		}
		for k, other := range t.s.tables[table].rows {
			if k == key || u.Where != nil && !u.Where(other) {
				continue
			}
			if !slices.ContainsFunc(u.Columns, func(c int) bool { return values[c] != other[c] }) {
				return true
			}
		}
	}
	return false
}

func (t *tx) Save(_ context.Context, row storage.Row) error {
	table := row.Table()
	rows, values := t.s.tables[table], valuesOf(row)
	key := keyOf(table, values)
	old, found := rows.rows[key]
	for i, name := range table.Columns {
		if found && slices.Contains(table.Fixed, name) { // as an UPDATE that doesn't name the column
			values[i] = old[i]
		}
	}
	switch {
	case table.AddOnly:
		return fmt.Errorf("%w: %s is only added to", storage.ErrConstraint, table.Name)
	case !found:
		return fmt.Errorf("memstore: no such row in %s", table.Name)
	case t.breaksUnique(table, key, values):
		return fmt.Errorf("%w: a unique rule of %s", storage.ErrConstraint, table.Name)
	}
	if err := check(table, values); err != nil {
		return err
	}
	t.set(rows, key, values)
	return nil
}

func (t *tx) Delete(_ context.Context, row storage.Row) error {
	table := row.Table()
	if table.AddOnly {
		return fmt.Errorf("%w: %s is only added to", storage.ErrConstraint, table.Name)
	}
	rows := t.s.tables[table]
	key := keyOf(table, valuesOf(row))
	old, found := rows.rows[key]
	if !found {
		return nil
	}
	t.undos = append(t.undos, func() { rows.rows[key] = old })
	delete(rows.rows, key)
	return nil
}

func (t *tx) Claim(ctx context.Context, c storage.Claim) ([]*storage.Refund, error) {
	claimed, err := storage.Find[storage.Refund](ctx, t, storage.Query{Order: "next_at", Limit: c.Limit, Where: []storage.Cond{
		storage.Eq("merchant", c.Merchant), storage.In("state", c.States), storage.AtMost("next_at", c.Now)}})
	if err != nil {
		return nil, err
	}
	for _, r := range claimed {
		r.NextAt, r.Version = c.Until, r.Version+1
		if err := t.Save(ctx, r); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}
