package sqlstore

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// sharing lets transactions of one process about different payments be one of the
// database: what they read goes there in one round trip, what they write with one
// COMMIT in another. While one is under way, others gather.
//
// Where anything fails for one of them, all is undone, and each is begun anew by
// itself; so it is where one would have to wait for somebody's lock. None is told
// of success before the commit, and all are told of a commit that may have happened.
type sharing struct {
	mu      sync.Mutex
	waiting []*sharer
	leading bool
}

const (
	sharers   = 32               // in one transaction
	sharedFor = 10 * time.Second // what one may take: a begin that took longer than half a minute isn't sent
)

// sharer is one of them.
type sharer struct {
	merchant, payment string
	tx                *tx
	asks              []Statement // what it wants to be done before it goes on
	over              bool        // its function has returned
	err               error       // what that gave

	moves chan<- struct{} // it asks, or is over
	turn  chan error      // it may begin or go on; why it can't
	end   chan error      // what became of it
}

var (
	// errAlone: nothing of it has happened, and it is to be done by itself.
	errAlone   = errors.New("sqlstore: the transaction is to be done by itself")
	errGathers = errors.New("sqlstore: a shared transaction takes its statements together")
)

// shared takes part in a transaction that is shared.
func (s *Store) shared(ctx context.Context, p storage.Purpose, f func(storage.Tx) error) error {
	m := &sharer{merchant: p.Merchant, payment: p.Payment, turn: make(chan error), end: make(chan error, 1)}
	m.tx = &tx{conn: m, d: s.dialect}
	s.sharing.mu.Lock()
	s.sharing.waiting = append(s.sharing.waiting, m)
	if !s.sharing.leading {
		s.sharing.leading = true
		go s.leadSharing() // ends when nobody waits
	}
	s.sharing.mu.Unlock()
	gone := ctx.Done()
	for {
		select {
		case <-m.turn:
			m.run(f)
			return <-m.end
		case err := <-m.end:
			return err
		case <-gone:
			if s.sharing.leave(m) {
				return context.Cause(ctx)
			}
			gone = nil // it has been taken already, and what becomes of it must be known
		}
	}
}

// leave takes back one whose turn hasn't come.
func (g *sharing) leave(m *sharer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, m)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

// take chooses those that go together: never two about one payment, as neither
// would see what the other changes. They lock in the order of their payments, so
// that two processes don't wait for each other.
func (g *sharing) take() (all []*sharer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var rest []*sharer
	for _, m := range g.waiting {
		same := func(o *sharer) bool { return o.merchant == m.merchant && o.payment == m.payment }
		if len(all) == sharers || slices.ContainsFunc(all, same) {
			rest = append(rest, m)
		} else {
			all = append(all, m)
		}
	}
	g.waiting, g.leading = rest, len(all) > 0
	slices.SortFunc(all, func(x, y *sharer) int {
		return cmp.Or(cmp.Compare(x.merchant, y.merchant), cmp.Compare(x.payment, y.payment))
	})
	return all
}

// run runs the function on its caller's goroutine, which may panic or end.
func (m *sharer) run(f func(storage.Tx) error) {
	m.err = errAborted
	defer func() {
		m.over = true
		m.moves <- struct{}{}
	}()
	m.err = f(m.tx)
}

// Batch implements Batcher.
func (m *sharer) Batch(_ context.Context, all []Statement) error {
	m.asks = all
	m.moves <- struct{}{}
	return <-m.turn
}

// Exec implements Conn.
func (m *sharer) Exec(context.Context, string, ...any) (int64, error) { return 0, errGathers }

// Query implements Conn.
func (m *sharer) Query(context.Context, string, ...any) (Rows, error) { return nil, errGathers }

func (s *Store) leadSharing() {
	for {
		all := s.sharing.take()
		if len(all) == 0 {
			return
		}
		s.share(all)
	}
}

// share does it, and tells each what became of it.
func (s *Store) share(all []*sharer) {
	ctx, end := context.WithTimeout(context.Background(), sharedFor) // no caller's: they share it
	defer end()
	ended := errAlone // without a connection nothing has happened, and each finds out why
	_ = sheltered(func() error {
		return s.dialect.Session(ctx, s.write, func(conn Conn) (err error) {
			t := &tx{conn: conn, d: s.dialect}
			ended, err = t.share(ctx, all)
			return err // about the connection, which isn't theirs
		})
	})
	for _, m := range all {
		if m.err != nil {
			m.end <- m.err
		} else {
			m.end <- ended
		}
	}
}

// sheltered runs what calls the driver, and by it a merchant's hooks: here no caller
// would catch a panic of theirs. Such a connection isn't used any more.
func sheltered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(driver.ErrBadConn, fmt.Errorf("sqlstore: a panic: %v", p))
		}
	}()
	return f()
}

// share runs them all. Ended is what became of those whose function gave no error;
// err tells that the connection isn't to be used any more.
func (t *tx) share(ctx context.Context, all []*sharer) (ended, err error) {
	t.queue = append(make([]Statement, 0, 8*(len(all)+1)), Statement{Text: t.d.Begin}, Statement{Text: t.d.Durable}, Statement{Text: t.d.Impatient})
	moves := make(chan struct{}, len(all))
	going := slices.Clone(all)
	for _, m := range going {
		m.moves = moves
	}
	var broken error
	for len(going) > 0 {
		for _, m := range going {
			m.turn <- broken
		}
		for range going {
			<-moves
		}
		going = slices.DeleteFunc(going, func(m *sharer) bool {
			switch {
			case !m.over:
				t.gather(m.asks)
			case m.err == nil:
				t.gather(m.tx.queue)
			case m.tx.changed:
				broken = errAlone // what it has written may stand among the others'
			}
			return m.over
		})
		if len(going) > 0 && broken == nil {
			if err = sheltered(func() error { return t.flush(ctx) }); err != nil {
				broken = errAlone // no COMMIT was sent yet
			}
		}
	}
	if errors.Is(err, driver.ErrBadConn) {
		return broken, err
	}
	if broken != nil || !slices.ContainsFunc(all, func(m *sharer) bool { return m.err == nil }) {
		return broken, t.undo(ctx)
	}
	t.queue = append(t.queue, Statement{Text: "COMMIT"})
	switch ended = sheltered(func() error { return t.flush(ctx) }); {
	case ended == nil:
		return nil, nil
	case errors.Is(ended, driver.ErrBadConn):
		return ended, ended
	case t.d.Undone(ended):
		ended = errAlone
	}
	return ended, t.undo(ctx)
}

// undo ends the transaction, which has failed or isn't to happen.
func (t *tx) undo(ctx context.Context) error {
	return sheltered(func() error { return t.rollback(ctx, nil) })
}

// gather adds what a sharer asks for.
func (t *tx) gather(all []Statement) {
	for _, s := range all {
		i := -1
		if s.Common {
			i = slices.IndexFunc(t.queue, func(o Statement) bool { return o.Common && o.Text == s.Text && slices.Equal(o.Args, s.Args) })
		}
		if i < 0 {
			t.queue = append(t.queue, s)
		} else {
			t.queue[i] = t.queue[i].also(s)
		}
	}
}

// also answers another reader by the same row.
func (s Statement) also(other Statement) Statement {
	targets, done := s.Next(), s.Done
	s.Next = func() []any { return targets }
	s.Done = func(n int64) error {
		if n > 0 {
			for i, to := range other.Next() {
				switch to := to.(type) {
				case *string:
					*to = *targets[i].(*string)
				case *int64:
					*to = *targets[i].(*int64)
				}
			}
		}
		for _, f := range []func(int64) error{done, other.Done} {
			if f != nil {
				if err := f(n); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return s
}
