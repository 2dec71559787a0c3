package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// mortal is a store whose process kills itself at a boundary.
type mortal struct {
	refunds.Store
	at    string
	left  atomic.Int64 // so many times it is passed by
	badly bool

	mu   sync.Mutex
	late []func() error
}

// boundary kills the process when its time has come, as kill -9 does. Where it
// was it says before.
func (m *mortal) boundary(name string) {
	if name != m.at || m.left.Add(-1) != 0 {
		return
	}
	fmt.Fprintln(os.Stdout, name)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	time.Sleep(time.Hour)
}

// Update is storage.Store's.
func (m *mortal) Update(ctx context.Context, f func(storage.Tx) error) error {
	m.mu.Lock()
	late := m.late
	m.late = nil
	m.mu.Unlock()
	for _, f := range late {
		_ = f()
	}
	if m.badly && storage.PurposeOf(ctx).Name == storage.Begins {
		// A bad habit: the intent is stored with whatever is stored next.
		m.mu.Lock()
		defer m.mu.Unlock()
		m.late = append(m.late, func() error { return m.Store.Update(context.WithoutCancel(ctx), f) })
		return nil
	}
	return m.transaction(ctx, storage.PurposeOf(ctx).Name, m.Store.Update, f)
}

// Deliver is storage.Store's.
func (m *mortal) Deliver(ctx context.Context, f func(storage.Tx) error) error {
	return m.transaction(ctx, "delivery", m.Store.Deliver, f)
}

func (m *mortal) transaction(ctx context.Context, name string, do func(context.Context, func(storage.Tx) error) error, f func(storage.Tx) error) error {
	err := do(ctx, func(tx storage.Tx) error {
		if name != storage.Begins && name != storage.Finishes {
			err := f(tx)
			m.boundary(name + ": before the commit")
			return err
		}
		t := &mortalTx{Tx: tx, m: m, name: name}
		if err := f(t); err != nil {
			return err
		}
		return t.before(ctx, "the commit")
	})
	if err == nil {
		m.boundary(name + ": after the commit")
	}
	return err
}

// mortalTx does one statement after the other, so that the process can die
// between any two.
type mortalTx struct {
	storage.Tx
	m    *mortal
	name string
}

// before sends what was gathered, so that the database has it when the process
// dies.
func (t *mortalTx) before(ctx context.Context, what string) error {
	if f, ok := t.Tx.(interface{ Flush(context.Context) error }); ok {
		if err := f.Flush(ctx); err != nil {
			return err
		}
	}
	t.m.boundary(t.name + ": before " + what)
	return nil
}

// Get reads a row.
func (t *mortalTx) Get(ctx context.Context, row storage.Row, l storage.Lock) (bool, error) {
	if err := t.before(ctx, "reading "+row.Table().Name); err != nil {
		return false, err
	}
	return t.Tx.Get(ctx, row, l)
}

// Select reads rows.
func (t *mortalTx) Select(ctx context.Context, table *storage.Table, q storage.Query, next func() []any) error {
	if err := t.before(ctx, "looking for waiting "+table.Name); err != nil {
		return err
	}
	return t.Tx.Select(ctx, table, q, next)
}

// Read reads one after the other.
func (t *mortalTx) Read(ctx context.Context, asks ...storage.Ask) error {
	return storage.ReadEach(ctx, t, asks)
}

// Insert adds a row.
func (t *mortalTx) Insert(ctx context.Context, row storage.Row) (bool, error) {
	if err := t.before(ctx, "adding to "+row.Table().Name); err != nil {
		return false, err
	}
	return t.Tx.Insert(ctx, row)
}

// Add adds a row.
func (t *mortalTx) Add(ctx context.Context, row storage.Row) error {
	if err := t.before(ctx, "adding to "+row.Table().Name); err != nil {
		return err
	}
	return t.Tx.Add(ctx, row)
}

// Save writes a row.
func (t *mortalTx) Save(ctx context.Context, row storage.Row) error {
	if err := t.before(ctx, "writing "+row.Table().Name); err != nil {
		return err
	}
	return t.Tx.Save(ctx, row)
}
