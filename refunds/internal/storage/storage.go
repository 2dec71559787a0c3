// Package storage is what the refunds module asks of a database: rows of a few
// tables, read and written in transactions. The state machine stands above it
// and is written once, for memory, SQLite and PostgreSQL alike.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// ErrConstraint says that a rule which the database itself holds would be
// broken: a check, or a row of a table that is only added to.
var ErrConstraint = errors.New("storage: the database refuses it")

// ErrThere says that a row of that key, or of that unique rule, is there
// already.
var ErrThere = errors.New("storage: such a row is there already")

// Store keeps the tables. It is safe for concurrent use.
type Store interface {
	// Update runs f in one transaction, which commits when f gives nil, and is
	// rolled back otherwise. An error of the commit itself leaves open whether it
	// happened. A commit survives a crash of the database, whatever its settings
	// are: what it does is told to somebody, nearly always, and what isn't (a claim,
	// a later moment) costs no more than on a database of the usual settings.
	Update(ctx context.Context, f func(Tx) error) error
	// View runs f, which only reads.
	View(ctx context.Context, f func(Tx) error) error
	// Deliver is Update where Tx.SQL gives the database's own transaction, for
	// what a merchant's handler writes by it.
	Deliver(ctx context.Context, f func(Tx) error) error
	// Migrate brings the tables to this version. It is idempotent, and may run in
	// several processes at once.
	Migrate(ctx context.Context) error
	// Check tells whether the tables can be used by this version and commits are
	// durable: ErrSchema, ErrNotDurable.
	Check(ctx context.Context) error
	// Place names the copy of the database that is open: it changes when the
	// database is restored from a backup, or another server takes over. Empty
	// where it can't be told.
	Place(ctx context.Context) (string, error)
	// Clock is the database's own, in microseconds; 0 where it has none.
	Clock(ctx context.Context) (int64, error)
	// Close closes the connections.
	Close() error
}

// Marker is a store that keeps beside its database how far the history has come.
type Marker interface {
	Mark(ctx context.Context, event int64) error
}

// Errors of Check, and of a transaction that somebody else has begun.
var (
	ErrSchema     = errors.New("the tables are missing, or of a version that this one can't work with: run Migrate")
	ErrNotDurable = errors.New("the database doesn't commit durably")
	ErrForeignTx  = errors.New("the transaction isn't one of this store's database")
)

// Tx is one transaction. It is not safe for concurrent use, and of no use after
// its function has returned.
type Tx interface {
	// Get fills the row by its primary key, which is set in it.
	Get(ctx context.Context, row Row, lock Lock) (found bool, err error)
	// There fills the row by its primary key like Get, in a transaction that has
	// changed something, and also knows of a row that was committed after the
	// moment as of which a merchant's own transaction sees the database: then it
	// is an error, by which that transaction has to be begun anew.
	There(ctx context.Context, row Row) (found bool, err error)
	// Select gives the rows of a query: next makes the targets of one more row.
	Select(ctx context.Context, t *Table, q Query, next func() []any) error
	// Read does several of both, in their order, in one round trip. Locks are
	// taken in that order too, and what is read after a lock was waited for is as
	// new as the lock.
	Read(ctx context.Context, asks ...Ask) error
	// Count counts rows.
	Count(ctx context.Context, t *Table, where ...Cond) (int, error)
	// Sum adds up one column of numbers for each value of another.
	Sum(ctx context.Context, t *Table, column, by string, where ...Cond) (map[string]Total, error)
	// Insert adds a row and sets its number where the table counts. False says
	// that a row with that key, or of that unique rule, is there already.
	Insert(ctx context.Context, row Row) (inserted bool, err error)
	// Add is Insert of a row that mustn't be there yet: ErrThere. It doesn't set
	// the row's number. Its error, and those of Save and Delete, may come
	// with whatever is done next, at the latest with the commit.
	Add(ctx context.Context, row Row) error
	// Save replaces the row of that primary key, which must be there, but for the
	// columns that are fixed.
	Save(ctx context.Context, row Row) error
	// Delete takes the row of that primary key away.
	Delete(ctx context.Context, row Row) error
	// Claim takes refunds that are due and gives them as they are afterwards.
	Claim(ctx context.Context, c Claim) ([]*Refund, error)
	// Unsealed takes the oldest events that the chain hasn't linked.
	Unsealed(ctx context.Context, limit int) ([]*Event, error)
	// SQL is the transaction itself, in Deliver; nil elsewhere and in memory.
	SQL() *sql.Tx
}

// Total is a sum, and of how many rows.
type Total struct {
	Count int
	Sum   int64
}

// Claim chooses refunds of one merchant that are due. Each gets a new version,
// so that whoever claimed it earlier can begin nothing, and isn't due again
// until Until.
type Claim struct {
	Merchant string
	States   []int64
	Now      int64
	Until    int64
	Limit    int
}

// Row is a row of a table.
type Row interface {
	Table() *Table
	Fields() []any // *string or *int64, in the order of the table's columns
}

// Table describes a table to the stores. The rules in Unique, Check and AddOnly
// are the memory store's: the databases hold theirs by their schema, and the
// conformance suite holds the two together.
type Table struct {
	Name    string
	Columns []string
	Keys    int  // so many of the first columns are the primary key
	Counted bool // the first column is a number that the store gives
	AddOnly bool
	Fixed   []string // columns that never change once the row is there
	Unique  []Unique
	Check   func(values []any) bool

	once     sync.Once
	changing []int
}

// Unique is a rule beside the primary key: no two rows that it is about have
// the same values in its columns.
type Unique struct {
	Columns []int
	Where   func(values []any) bool // nil: all rows
}

// Lock says what becomes of the rows that are read.
type Lock int

// The locks. A memory store and SQLite have one writer at a time and need none.
const (
	NoLock Lock = iota
	ForShare
	ForUpdate
	SkipLocked // for update, and rows that somebody has locked aren't seen
)

// Query chooses rows.
type Query struct {
	Where []Cond
	Order string // a column; with a minus in front the largest first
	Limit int    // 0: all
	Lock  Lock
}

// Cond is a condition on one column.
type Cond struct {
	Column, Op string
	Value      any // string, int64, []string or []int64
	Fixed      bool
	Loose      bool // no index is to be chosen by it
}

// Eq, Less and so on compare a column with a string or an int64.
func Eq(column string, value any) Cond { return Cond{Column: column, Op: "=", Value: value} }

// Not is true of every other value.
func Not(column string, value any) Cond { return Cond{Column: column, Op: "<>", Value: value} }

// AtMost is true of the value and of less.
func AtMost(column string, value any) Cond { return Cond{Column: column, Op: "<=", Value: value} }

// Less is true of less.
func Less(column string, value any) Cond { return Cond{Column: column, Op: "<", Value: value} }

// More is true of more.
func More(column string, value any) Cond { return Cond{Column: column, Op: ">", Value: value} }

// AtLeast is true of the value and of more.
func AtLeast(column string, value any) Cond { return Cond{Column: column, Op: ">=", Value: value} }

// In is true of each of some values, given as []string or []int64.
func In(column string, values any) Cond { return Cond{Column: column, Op: "in", Value: values} }

// Fixed stands in the statement's text and not among its arguments, so that the
// database sees that a partial index serves it.
func Fixed(column, op string, value int64) Cond {
	return Cond{Column: column, Op: op, Value: value, Fixed: true}
}

// Loosely keeps the database from choosing an index by a condition that most
// rows meet: it would sort them all where a page of the newest is wanted.
func Loosely(c Cond) Cond {
	c.Loose = true
	return c
}

// FixedText is Fixed for a text of the program's own, of letters and spaces.
func FixedText(column, value string) Cond {
	return Cond{Column: column, Op: "=", Value: value, Fixed: true}
}

// NotEmpty is true of every text but the empty one; the database sees that a
// partial index serves it.
func NotEmpty(column string) Cond { return Cond{Column: column, Op: "<>", Value: "", Fixed: true} }

// Find gives the rows of a query.
func Find[R any, P interface {
	*R
	Row
}](ctx context.Context, tx Tx, q Query) ([]*R, error) {
	var rows []*R
	err := tx.Select(ctx, P(new(R)).Table(), q, func() []any {
		row := new(R)
		rows = append(rows, row)
		return P(row).Fields()
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Ask is one of several reads.
type Ask struct {
	Row   Row // filled by its primary key, or
	Lock  Lock
	Found func(bool)
	Table *Table // the rows of a query
	Query Query
	Next  func() []any
	Place *string // the copy of the database, where it can change under a connection
}

// One asks for a row by its primary key, and tells whether it is there.
func One(row Row, lock Lock, found *bool) Ask {
	return Ask{Row: row, Lock: lock, Found: func(yes bool) {
		if found != nil {
			*found = yes
		}
	}}
}

// Many asks for the rows of a query.
func Many[R any, P interface {
	*R
	Row
}](rows *[]*R, q Query) Ask {
	*rows = nil
	return Ask{Table: P(new(R)).Table(), Query: q, Next: func() []any {
		row := new(R)
		*rows = append(*rows, row)
		return P(row).Fields()
	}}
}

// ReadEach is Tx.Read by one read after the other.
func ReadEach(ctx context.Context, tx Tx, asks []Ask) error {
	for _, a := range asks {
		if a.Place != nil {
			continue
		}
		if a.Row == nil {
			if err := tx.Select(ctx, a.Table, a.Query, a.Next); err != nil {
				return err
			}
			continue
		}
		found, err := tx.Get(ctx, a.Row, a.Lock)
		if err != nil {
			return err
		}
		a.Found(found)
	}
	return nil
}

// Changing tells which columns after the primary key Save writes.
func (t *Table) Changing() []int {
	t.once.Do(func() {
		for i := t.Keys; i < len(t.Columns); i++ {
			if !slices.Contains(t.Fixed, t.Columns[i]) {
				t.changing = append(t.changing, i)
			}
		}
	})
	return t.changing
}

// Purpose is what a transaction is for.
type Purpose struct {
	Name string // for a store that is under test
	// Payment is the one that all hangs on which the transaction locks or changes.
	// The store may let it share a commit with transactions about other payments,
	// and run its function again where that fails. Empty where there is no such one.
	Merchant, Payment string
}

type purposeKey struct{}

// For says what a transaction is for.
func For(ctx context.Context, p Purpose) context.Context {
	return context.WithValue(ctx, purposeKey{}, p)
}

// PurposeOf tells that; the zero value where nobody has said it.
func PurposeOf(ctx context.Context) Purpose {
	p, _ := ctx.Value(purposeKey{}).(Purpose)
	return p
}

// The transactions that the money hangs on.
const (
	Begins   = "begin"
	Finishes = "finish"
)
