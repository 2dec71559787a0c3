package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	errServer = errors.New("the server refuses the statement")
	errLost   = errors.New("the connection is lost")
	errOwn    = errors.New("the function's own error")
	errPanic  = errors.New("a panic: a tracer's")
)

// fake is a database that notes what it is told. Each row that is asked for is
// there, with the server's name in it.
type fake struct {
	mu         sync.Mutex
	committed  [][]string // payments that one commit has written
	batches    [][]string
	fails      func(text string, args []any) error
	connecting error
	slow       chan struct{} // a connection waits for it
}

func (f *fake) session(_ context.Context, _ *sql.DB, do func(Conn) error) error {
	f.mu.Lock()
	slow, err := f.slow, f.connecting
	f.slow, f.connecting = nil, nil // for the first one only
	f.mu.Unlock()
	if slow != nil {
		<-slow
	}
	if err != nil {
		return err
	}
	return do(&fakeConn{f: f})
}

type fakeConn struct {
	f       *fake
	written []string
}

func (c *fakeConn) Exec(_ context.Context, text string, _ ...any) (int64, error) {
	c.written = nil
	if c.f.fails != nil {
		return 0, c.f.fails(text, nil)
	}
	return 0, nil
}

func (c *fakeConn) Query(context.Context, string, ...any) (Rows, error) {
	return nil, errors.New("no batch")
}

func (c *fakeConn) Batch(_ context.Context, all []Statement) error {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	var texts []string
	for _, s := range all {
		texts = append(texts, s.Text)
	}
	c.f.batches = append(c.f.batches, texts)
	for _, s := range all {
		if c.f.fails != nil {
			if err := c.f.fails(s.Text, s.Args); err != nil {
				return s.Meaning(err)
			}
		}
		switch {
		case s.Text == "COMMIT":
			c.f.committed, c.written = append(c.f.committed, c.written), nil
		case strings.HasPrefix(s.Text, "UPDATE"):
			c.written = append(c.written, s.Args[len(s.Args)-1].(string))
		}
		if s.Next != nil {
			if to := s.Next(); strings.Contains(s.Text, "refund_merchants") {
				*to[slices.Index((&storage.Merchant{}).Table().Columns, "server")].(*string) = "server"
			}
		}
		if s.Done != nil {
			if err := s.Done(1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *fake) store() *Store {
	return New(nil, nil, &Dialect{Placeholder: "$", Locks: true, Begin: "BEGIN", Durable: "DURABLE", Impatient: "IMPATIENT", Session: f.session,
		IsConstraint: func(error) bool { return false }, NoTransaction: func(error) bool { return false },
		Undone: func(err error) bool { return errors.Is(err, errServer) }})
}

// each writes one payment per function, all waiting while the first one gets its
// connection. It gives what each was told, and how often each function ran.
func each(t *testing.T, f *fake, functions map[string]func(context.Context, storage.Tx) error) (told map[string]error, ran map[string]int) {
	told, ran = map[string]error{}, map[string]int{}
	f.slow = make(chan struct{})
	first, s := f.slow, f.store()
	var mu sync.Mutex
	var all sync.WaitGroup
	start := func(payment string, function func(context.Context, storage.Tx) error) {
		all.Go(func() {
			ctx := storage.For(t.Context(), storage.Purpose{Merchant: "700027", Payment: payment})
			err := errors.New("it didn't return")
			defer func() {
				p := recover()
				mu.Lock()
				defer mu.Unlock()
				if told[payment] = err; p != nil {
					told[payment] = fmt.Errorf("panic: %v", p)
				}
			}()
			err = s.Update(ctx, func(tx storage.Tx) error {
				mu.Lock()
				ran[payment]++
				mu.Unlock()
				if function != nil {
					return function(ctx, tx)
				}
				return write(ctx, tx, payment)
			})
		})
		synctest.Wait()
	}
	start("first", nil)
	for _, payment := range []string{"a", "b", "c"} {
		start(payment, functions[payment])
	}
	close(first)
	all.Wait()
	return told, ran
}

func write(ctx context.Context, tx storage.Tx, payment string) error {
	p := &storage.Payment{Merchant: "700027", Payment: payment}
	m := &storage.Merchant{Merchant: "700027"}
	var found bool
	if err := tx.Read(ctx, storage.One(m, storage.ForShare, nil), storage.One(p, storage.ForUpdate, &found)); err != nil {
		return err
	}
	if !found || m.Server != "server" {
		return fmt.Errorf("not read: %t %q", found, m.Server)
	}
	return tx.Save(ctx, p)
}

func TestSharing(t *testing.T) {
	t.Parallel()
	lost := atCommit(2, errLost)
	type functions = map[string]func(context.Context, storage.Tx) error
	once := map[string]int{"first": 1, "a": 1, "b": 1, "c": 1}
	aloneToo := map[string]int{"first": 1, "a": 2, "b": 2, "c": 2}
	tests := []struct {
		name      string
		functions functions
		fails     func(text string, args []any) error
		connect   error
		committed [][]string
		told      map[string]error
		ran       map[string]int
	}{
		{name: "one commit for all", committed: [][]string{{"first"}, {"a", "b", "c"}}, ran: once},
		{name: "one has nothing to write",
			functions: functions{"b": func(context.Context, storage.Tx) error { return errOwn }},
			committed: [][]string{{"first"}, {"a", "c"}}, told: map[string]error{"b": errOwn}, ran: once},
		{name: "one fails after it has written",
			functions: functions{"b": func(ctx context.Context, tx storage.Tx) error { return errors.Join(write(ctx, tx, "b"), errOwn) }},
			committed: [][]string{{"first"}, {"a"}, {"c"}}, told: map[string]error{"b": errOwn}, ran: map[string]int{"first": 1, "a": 2, "b": 1, "c": 2}},
		{name: "one panics after it has written",
			functions: functions{"b": func(ctx context.Context, tx storage.Tx) error { _ = write(ctx, tx, "b"); panic("a clock's") }},
			committed: [][]string{{"first"}, {"a"}, {"c"}}, told: map[string]error{"b": errors.New("panic: a clock's")}, ran: map[string]int{"first": 1, "a": 2, "b": 1, "c": 2}},
		{name: "one reads once more than the others",
			functions: functions{"b": func(ctx context.Context, tx storage.Tx) error {
				return errors.Join(write(ctx, tx, "b"), write(ctx, tx, "b"))
			}},
			committed: [][]string{{"first"}, {"a", "b", "c", "b"}}, ran: once},
		{name: "a statement of one is refused", fails: refuses("UPDATE", "b"),
			committed: [][]string{{"first"}, {"a"}, {"c"}}, told: map[string]error{"b": errServer}, ran: aloneToo},
		{name: "a lock of one isn't had", fails: refuses("SELECT", "b"),
			committed: [][]string{{"first"}, {"a"}, {"c"}}, told: map[string]error{"b": errServer}, ran: aloneToo},
		{name: "the commit is refused", fails: atCommit(2, errServer), committed: [][]string{{"first"}, {"a"}, {"b"}, {"c"}}, ran: aloneToo},
		{name: "the commit may have happened", fails: atCommit(2, errLost), committed: [][]string{{"first"}},
			told: map[string]error{"a": errLost, "b": errLost, "c": errLost}, ran: once},
		{name: "the driver panics in the last round trip", fails: panics("UPDATE", "b", 1), committed: [][]string{{"first"}},
			told: map[string]error{"a": errPanic, "b": errPanic, "c": errPanic}, ran: once},
		{name: "the driver panics at a lock", fails: panics("SELECT", "b", 1), committed: [][]string{{"first"}, {"a"}, {"b"}, {"c"}}, ran: aloneToo},
		{name: "the driver panics when a lost commit is undone", fails: func(text string, args []any) error {
			if text == "ROLLBACK" {
				panic("a tracer's")
			}
			return lost(text, args)
		}, committed: [][]string{{"first"}}, told: map[string]error{"a": errLost, "b": errLost, "c": errLost}, ran: once},
		{name: "no connection", connect: errLost, committed: [][]string{{"first"}, {"a", "b", "c"}}, ran: once},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{fails: tt.fails, connecting: tt.connect}
				told, ran := each(t, f, tt.functions)
				for payment, err := range told {
					if want := tt.told[payment]; want == nil {
						assert.NoError(t, err, payment)
					} else {
						assert.ErrorContains(t, err, want.Error(), payment)
					}
				}
				// Those that are done by themselves come in any order.
				slices.SortFunc(f.committed[1:], slices.Compare)
				if tt.connect != nil {
					slices.SortFunc(f.committed, slices.Compare)
					slices.Reverse(f.committed)
				}
				assert.Equal(t, tt.committed, f.committed)
				assert.Equal(t, tt.ran, ran)
			})
		})
	}
}

// panics panics at the n-th statement of that kind about a payment.
func panics(verb, payment string, n int) func(string, []any) error {
	return func(text string, args []any) error {
		if strings.HasPrefix(text, verb) && slices.Contains(args, any(payment)) {
			if n--; n == 0 {
				panic("a tracer's")
			}
		}
		return nil
	}
}

func refuses(verb, payment string) func(string, []any) error {
	return func(text string, args []any) error {
		if strings.HasPrefix(text, verb) && slices.Contains(args, any(payment)) {
			return errServer
		}
		return nil
	}
}

// atCommit fails the n-th COMMIT, and no other.
func atCommit(n int, err error) func(string, []any) error {
	return func(text string, _ []any) error {
		if text == "COMMIT" {
			if n--; n == 0 {
				return err
			}
		}
		return nil
	}
}

func TestSharersAskOnceForACommonRow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		told, _ := each(t, f, nil)
		for payment, err := range told {
			require.NoError(t, err, payment)
		}
		n := 0
		for _, text := range f.batches[2] {
			if strings.Contains(text, "refund_merchants") {
				n++
			}
		}
		assert.Equal(t, 1, n)
		assert.Equal(t, []string{"BEGIN", "DURABLE", "IMPATIENT"}, f.batches[2][:3])
		assert.Len(t, f.batches, 4, "two round trips for the first one, two for all others")
	})
}

func TestOnePaymentIsNeverSharedWithItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{slow: make(chan struct{})}
		first, s := f.slow, f.store()
		ctx := storage.For(t.Context(), storage.Purpose{Merchant: "700027", Payment: "a"})
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				assert.NoError(t, s.Update(ctx, func(tx storage.Tx) error { return write(ctx, tx, "a") }))
			})
		}
		synctest.Wait()
		close(first)
		all.Wait()
		assert.Equal(t, [][]string{{"a"}, {"a"}, {"a"}}, f.committed)
	})
}

func TestWhoGoesBeforeItsTurnIsNotRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{slow: make(chan struct{})}
		first, s := f.slow, f.store()
		ctx := storage.For(t.Context(), storage.Purpose{Merchant: "700027", Payment: "a"})
		gone, leave := context.WithCancelCause(storage.For(t.Context(), storage.Purpose{Merchant: "700027", Payment: "b"}))
		var all sync.WaitGroup
		all.Go(func() { assert.NoError(t, s.Update(ctx, func(tx storage.Tx) error { return write(ctx, tx, "a") })) })
		synctest.Wait()
		all.Go(func() {
			assert.ErrorIs(t, s.Update(gone, func(storage.Tx) error { t.Error("it was run"); return nil }), errOwn)
		})
		synctest.Wait()
		leave(errOwn)
		synctest.Wait()
		close(first)
		all.Wait()
		assert.Equal(t, [][]string{{"a"}}, f.committed)
	})
}

func TestWhoGoesDuringItsTurnIsToldTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{slow: make(chan struct{})}
		first, s := f.slow, f.store()
		ctx, leave := context.WithCancel(storage.For(t.Context(), storage.Purpose{Merchant: "700027", Payment: "a"}))
		var all sync.WaitGroup
		all.Go(func() { assert.NoError(t, s.Update(ctx, func(tx storage.Tx) error { return write(ctx, tx, "a") })) })
		synctest.Wait() // it is taken, and waits for a connection
		leave()
		synctest.Wait()
		close(first)
		all.Wait()
		assert.Equal(t, [][]string{{"a"}}, f.committed)
	})
}
