package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// group lets transactions of one process share a commit, where the database has
// one writer at a time anyway: while one commit waits for the disk, others
// gather. Each is undone by itself when it fails, and told of success only when
// the commit that it is part of has succeeded.
type group struct {
	mu      sync.Mutex
	waiting []*member
	leading bool
}

// groupSize bounds how long another process waits for the group's end.
const groupSize = 32

// member is one transaction.
type member struct {
	ctx   context.Context
	state atomic.Int32
	turn  chan Conn  // its turn has come
	done  chan error // what its function gave
	end   chan error // what became of it
}

// The states of a member.
const (
	waits int32 = iota
	taken
	left // its caller has gone before its turn came
)

var errAborted = errors.New("sqlstore: the function didn't return")

func (s *Store) grouped(ctx context.Context, f func(storage.Tx) error) error {
	m := &member{ctx: ctx, turn: make(chan Conn), done: make(chan error, 1), end: make(chan error, 1)}
	s.group.mu.Lock()
	s.group.waiting = append(s.group.waiting, m)
	if !s.group.leading {
		s.group.leading = true
		go s.lead() // ends when nobody waits
	}
	s.group.mu.Unlock()
	gone := ctx.Done()
	for {
		select {
		case conn := <-m.turn:
			s.inTurn(m, conn, f)
			return <-m.end
		case err := <-m.end:
			return err
		case <-gone:
			if m.state.CompareAndSwap(waits, left) {
				return context.Cause(ctx)
			}
			gone = nil // its turn has come already
		}
	}
}

// inTurn runs the function on its caller's goroutine, which may panic or end.
func (s *Store) inTurn(m *member, conn Conn, f func(storage.Tx) error) {
	err := errAborted
	defer func() { m.done <- err }()
	t := &tx{conn: conn, d: s.dialect}
	if err = f(t); err == nil {
		err = t.flush(m.ctx)
	}
}

func (s *Store) lead() {
	for {
		s.group.mu.Lock()
		n := min(len(s.group.waiting), groupSize)
		all := s.group.waiting[:n:n]
		s.group.waiting = s.group.waiting[n:]
		if n == 0 {
			s.group.waiting, s.group.leading = nil, false
		}
		s.group.mu.Unlock()
		if n == 0 {
			return
		}
		ctx := context.Background() // no caller's: they share it
		var told int
		err := s.dialect.Session(ctx, s.write, func(conn Conn) error { return s.together(ctx, conn, all, &told) })
		for _, m := range all[told:] {
			m.end <- err
		}
	}
}

// together runs the members in one transaction. Who isn't told by it is told the
// error that it gives.
func (s *Store) together(ctx context.Context, conn Conn, all []*member, told *int) error {
	if _, err := conn.Exec(ctx, s.dialect.Begin); err != nil {
		return err
	}
	var kept []*member
	var broken error
	for *told = 0; *told < len(all) && broken == nil; *told++ {
		m := all[*told]
		if !m.state.CompareAndSwap(waits, taken) {
			continue
		}
		var err error
		if err, broken = member1(ctx, conn, m, len(all) > 1); err != nil {
			m.end <- err
		} else {
			kept = append(kept, m)
		}
	}
	end := "COMMIT"
	if len(kept) == 0 || broken != nil {
		end = "ROLLBACK"
	}
	_, err := conn.Exec(ctx, end)
	if broken != nil {
		err = broken
	}
	if err == nil {
		// nothing is left to end
	} else if _, e := conn.Exec(ctx, "ROLLBACK"); e != nil && !s.dialect.NoTransaction(e) {
		err = errors.Join(err, driver.ErrBadConn, e)
	}
	for _, m := range kept {
		m.end <- err
	}
	return err
}

// member1 lets one run. Broken is why the whole transaction can't go on.
func member1(ctx context.Context, conn Conn, m *member, among bool) (err, broken error) {
	if among {
		if _, err := conn.Exec(ctx, "SAVEPOINT member"); err != nil {
			return err, err
		}
	}
	m.turn <- conn
	err = <-m.done
	switch {
	case err == nil && among:
		_, broken = conn.Exec(ctx, "RELEASE member")
		return broken, broken
	case among:
		// A full disk or a broken file ends the whole transaction by itself: then
		// there is no such savepoint any more.
		if _, broken = conn.Exec(ctx, "ROLLBACK TO member"); broken == nil {
			_, broken = conn.Exec(ctx, "RELEASE member")
		}
	}
	return err, broken
}
