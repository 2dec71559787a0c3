package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/terminal"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a command's exit code says of the money is true of it. "3" is no money moved;
// "1", "75" and "130" are nothing was sent.

// inside is the program within the test, on the shop's store.
func (s *shop) inside(t testing.TB) (*app, *bytes.Buffer) {
	t.Helper()
	env := map[string]string{}
	for _, v := range s.env() {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	var errs bytes.Buffer
	return &app{Terminal: &terminal.Terminal{Out: &bytes.Buffer{}, Err: &errs, In: strings.NewReader("")}, getenv: func(n string) string { return env[n] }, now: s.clock, began: true}, &errs
}

// book is a book on the shop's store, beside the program.
func (s *shop) book(t testing.TB, opts ...refunds.Option) *refunds.Book {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(s.dir, "refunds.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() }) // nothing is lost by it
	require.NoError(t, refunds.Migrate(t.Context(), store))
	b, err := refunds.NewBook(t.Context(), store, append(opts, refunds.Clock(s.clock))...)
	require.NoError(t, err)
	return b
}

// importing runs an import of a file of these lines.
func (s *shop) importing(t testing.TB, name string, lines []string, args ...string) (code int, stderr, results string) {
	t.Helper()
	path := filepath.Join(s.dir, name+".csv")
	require.NoError(t, os.WriteFile(path, []byte("order,amount,note,key\n"+strings.Join(lines, "\n")+"\n"), 0o600))
	code, _, stderr = s.run(t, append([]string{"import", path, "--yes", "--wait", "1s"}, args...)...)
	text, err := os.ReadFile(filepath.Join(s.dir, name+".result.csv"))
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return code, stderr, string(text)
}

func TestACommandThatChangesNothingEndsByTheRefund(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.payAll(t)
	s.more = append(s.more, "ASSIST_ALONE_UP_TO=5.00 RUB")
	refund := func(want int, args ...string) {
		code, out, errs := s.run(t, append([]string{"refund", "--note", "n", "--yes", "--wait", "0s"}, args...)...)
		require.Equal(t, want, code, out+errs)
	}
	refund(0, "A-20490", "--amount", "1.00", "--key", "done")
	s.Next(assisttest.DieAfter())
	refund(20, "A-20481", "--amount", "1.00", "--key", "unknown")
	refund(10, "A-20333", "--amount", "9.00", "--key", "proposed")
	refund(10, "A-20513", "--amount", "2.00", "--key", "queued", "--at", "midnight")
	for id, want := range map[string]map[string]int{
		"R-1": {"cancel": 20, "deny": 20, "approve": 20, "decide": 20},
		"R-2": {"cancel": 20, "deny": 20, "approve": 20, "decide": 20},
		"R-3": {"approve": 3, "decide": 3},
		"R-4": {"deny": 10, "approve": 10, "decide": 10},
	} {
		for command, code := range want {
			args := []string{command, id}
			if command == "decide" {
				args = append(args, "--give-up", "--why", "x")
			}
			got, _, errs := s.run(t, args...)
			assert.Equal(t, code, got, "%v: %s", args, errs)
			assert.Contains(t, errs, id+"  ", "how the refund stands")
		}
	}
	// Wrong settings say nothing of a refund that was sent before.
	s.more = append(s.more, "ASSIST_URL=")
	for _, args := range [][]string{{"wait", "R-2"}, {"resolve", "R-2"}, {"refund", "A-20481", "--amount", "1.00", "--note", "n", "--key", "unknown", "--yes"}} {
		got, _, errs := s.run(t, args...)
		assert.Equal(t, 20, got, "%v: %s", args, errs)
		assert.Contains(t, errs, "not set: url")
	}
	got, _, _ := s.run(t, "refund", "A-20481", "--amount", "2.00", "--note", "n", "--key", "new", "--yes")
	assert.Equal(t, 4, got)
}

// A change whose answer is lost, or that a signal comes upon, may have been made: the
// command ends by what is stored afterwards.
func TestAnApprovalWhoseAnswerIsLostIsLookedFor(t *testing.T) {
	t.Parallel()
	lost := errors.New("unexpected EOF")
	for name, c := range map[string]struct {
		change func(b *refunds.Book, ctx context.Context, id refunds.ID, who refunds.Person, interrupt func()) error
		code   int
		state  refunds.State
	}{
		"a signal behind it": {func(b *refunds.Book, ctx context.Context, id refunds.ID, who refunds.Person, interrupt func()) error {
			err := b.Approve(ctx, id, who)
			interrupt()
			return err
		}, exitcode.NotFinished, refunds.Pending},
		"a signal before it": {func(b *refunds.Book, ctx context.Context, id refunds.ID, who refunds.Person, interrupt func()) error {
			interrupt()
			return b.Approve(ctx, id, who)
		}, exitcode.NotFinished, refunds.Pending},
		"the answer is lost": {func(b *refunds.Book, ctx context.Context, id refunds.ID, who refunds.Person, _ func()) error {
			if err := b.Approve(ctx, id, who); err != nil {
				return err
			}
			return lost
		}, exitcode.NotFinished, refunds.Pending},
		"the store is away for good": {func(b *refunds.Book, ctx context.Context, id refunds.ID, who refunds.Person, _ func()) error {
			return errors.Join(b.Approve(ctx, id, who), lost)
		}, exitcode.NotFinished, refunds.Pending},
		"nothing is made and nothing known": {func(*refunds.Book, context.Context, refunds.ID, refunds.Person, func()) error { return lost },
			exitcode.Unknown, refunds.Proposed},
		"a denial": {func(b *refunds.Book, ctx context.Context, id refunds.ID, who refunds.Person, interrupt func()) error {
			err := b.Deny(ctx, id, who)
			interrupt()
			return err
		}, exitcode.Refused, refunds.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.more = append(s.more, "ASSIST_ALONE_UP_TO=1.00 RUB")
			o := s.pay(t, "Z-1", 1, "100.00")
			book := s.book(t)
			id, err := book.Propose(t.Context(), refunds.Refund{Key: "k", MerchantID: s.Credentials().MerchantID, Request: o.CancelRequest(o.Amount)}, refunds.Person{ID: "boris", Name: "Boris", Reason: "r"})
			require.NoError(t, err)
			ctx, end := context.WithCancelCause(t.Context())
			defer end(nil)
			a, errs := s.inside(t)
			command := personCommand(a, "approve", "", "approved", func(b *refunds.Book, ctx context.Context, id refunds.ID, who refunds.Person) error {
				return c.change(b, ctx, id, who, func() { end(errInterrupted) })
			})
			command.SetArgs([]string{"R-1"})
			command.SilenceErrors, command.SilenceUsage = true, true
			assert.Equal(t, c.code, exitcode.Of(command.ExecuteContext(ctx), exitcode.Failed), errs.String())
			r, err := book.Get(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, c.state, r.State)
		})
	}
}

// Somebody else may find out what became of a refund between the look and the question.
func TestAResolveThatComesTooLateIsNoError(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.payAll(t)
	code, _, errs := s.run(t, "refund", "A-20490", "--amount", "1.00", "--note", "n", "--key", "K", "--yes")
	require.Equal(t, 0, code, errs)
	a, _ := s.inside(t)
	b, err := a.open(t.Context())
	require.NoError(t, err)
	defer b.Close()
	stale, err := b.Get(t.Context(), 1)
	require.NoError(t, err)
	for _, stale.State = range []refunds.State{refunds.Sent, refunds.InProcess} {
		require.NoError(t, a.askAll(t.Context(), b, map[refunds.ID]*refunds.Record{1: stale}))
	}
}

func TestAnImportEndsByItsRows(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, orders := s.file(t, 4)
	code, errs, results := s.importing(t, "mixed", []string{"B-0,1.00,n,k0", "NO-1,1.00,n,k1"})
	assert.Equal(t, 10, code, "one row is back, one is refused: %s", errs)
	assert.Contains(t, errs, "1 of 2")
	assert.Contains(t, results, ";k0;R-1;done;true;0;")
	assert.Contains(t, results, ";k1;;not stored;false;3;")
	code, _, _ = s.importing(t, "refused", []string{"NO-1,1.00,n,k1", "NO-2,1.00,n,k2"})
	assert.Equal(t, 3, code, "all are refused")
	s.Next(assisttest.DieAfter())
	code, _, _ = s.importing(t, "unknown", []string{"B-1,1.00,n,k3", "NO-1,1.00,n,k1", "B-2,1.00,n,k4"})
	assert.Equal(t, 20, code, "one is unknown")

	// Assist is away from the second row on: what it has paid before is paid.
	answers := make([]assisttest.Fault, 0, 41)
	for range 40 {
		answers = append(answers, assisttest.HTMLError(502).WithoutDoing().For(assisttest.OrderResults))
	}
	s.Next(answers...)
	code, _, results = s.importing(t, "away", []string{"B-0,1.00,n,k0", "B-3,1.00,n,k5"})
	assert.Equal(t, 10, code, "the first row is back")
	assert.Contains(t, results, ";k5;;not stored;false;75;")
	s.Next(answers...)
	code, _, _ = s.importing(t, "nothing", []string{"B-3,1.00,n,k5"})
	assert.Equal(t, 75, code, "nothing is back")
	assert.Equal(t, "0.00", s.Moved(orders[3].Billnumber).Amount())
}

// The rows' codes come to one, whatever their order.
func TestFatesOfRows(t *testing.T) {
	t.Parallel()
	all := map[string]fates{"nothing": {}, "moved": {moved: 1}, "unknown": {unknown: 1}, "goes": {goes: 1},
		"refused": {others: 1, worst: exitcode.Refused}, "not sent": {others: 1, worst: exitcode.NotSent}, "queued": {others: 1, queued: 1, worst: exitcode.NotSent},
		"moved, refused": {moved: 1, others: 1, worst: exitcode.Refused}, "moved, not sent": {moved: 1, others: 1, worst: exitcode.NotSent}}
	for name, want := range map[string]struct{ ends, stopped, interrupted int }{
		"nothing": {0, 75, 130}, "moved": {0, 10, 10}, "unknown": {20, 20, 20}, "goes": {10, 10, 10}, "refused": {3, 75, 130}, "not sent": {75, 75, 130},
		"queued": {75, 75, 10}, "moved, refused": {10, 10, 10}, "moved, not sent": {10, 10, 10},
	} {
		f := all[name]
		assert.Equal(t, want.ends, f.code(), name)
		assert.Equal(t, want.stopped, f.beside(exitcode.NotSent), name)
		assert.Equal(t, want.interrupted, f.beside(exitcode.Interrupted), name)
		assert.Equal(t, 20, f.beside(exitcode.Unknown), name)
	}
}

// The sum that was agreed to, and the limit, are in the file's currency.
func TestARowInAnotherCurrencyIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sum, err := assist.ParseMoney("150.00", "USD")
	require.NoError(t, err)
	o := s.Pay(assisttest.Payment{OrderNumber: "U-1", Amount: sum, PaidAt: s.clock().Add(-48 * time.Hour)})
	s.payAll(t)
	for _, amount := range []string{"100.00", "full"} {
		code, errs, results := s.importing(t, "dollars", []string{"U-1," + amount + ",n,u1"})
		assert.Equal(t, 3, code, errs)
		assert.Contains(t, results, "the file is in RUB and order U-1 was paid in USD")
		assert.Equal(t, "0.00", s.Moved(o.Billnumber).Amount())
	}
	code, _, _ := s.importing(t, "both", []string{"U-1,1.00,n,u2", "A-20490,1.00,n,u3"}, "--limit-sum", "2.00")
	assert.Equal(t, 10, code)
	assert.Equal(t, "0.00", s.Moved(o.Billnumber).Amount())
	s.more = append(s.more, "ASSIST_CURRENCY=USD")
	code, errs, _ := s.importing(t, "own", []string{"U-1,100.00,n,u1"})
	assert.Equal(t, 0, code, errs)
	assert.Equal(t, "100.00", s.Moved(o.Billnumber).Amount())
	// Known by its key, it is no refund of as many roubles.
	s.more = append(s.more, "ASSIST_CURRENCY=RUB")
	code, _, _ = s.importing(t, "again", []string{"U-1,100.00,n,u1"})
	assert.Equal(t, 3, code)
}

// A purged refund's key stands for that refund alone.
func TestAPurgedKeyIsHeldAgainstItsRequest(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.payAll(t)
	refund := func(args ...string) (int, string) {
		code, out, errs := s.run(t, append([]string{"refund", "--note", "n", "--yes"}, args...)...)
		return code, out + errs
	}
	for _, args := range [][]string{{"A-20490", "--amount", "1.00", "--key", "part"}, {"A-20333", "--full", "--key", "all"}} {
		code, text := refund(args...)
		require.Equal(t, 0, code, text)
	}
	s.pass(48 * time.Hour)
	n, err := s.book(t).Purge(t.Context(), s.clock().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"the same":            {[]string{"A-20490", "--amount", "1.00", "--key", "part"}, 0},
		"the same, all":       {[]string{"A-20333", "--full", "--key", "all"}, 0},
		"another amount":      {[]string{"A-20490", "--amount", "2.00", "--key", "part"}, 3},
		"another order":       {[]string{"A-20481", "--amount", "1.00", "--key", "part"}, 3},
		"another reason":      {[]string{"A-20490", "--amount", "1.00", "--key", "part", "--reason", "shop"}, 3},
		"all and not a part":  {[]string{"A-20490", "--full", "--key", "part"}, 20},
		"no such order":       {[]string{"NO-1", "--amount", "1.00", "--key", "part"}, 20},
		"all, of another one": {[]string{"A-20481", "--full", "--key", "all"}, 20},
	} {
		code, text := refund(c.args...)
		assert.Equal(t, c.code, code, "%s: %s", name, text)
		assert.Equal(t, c.code == 0, strings.Contains(text, "the money went back"), "%s: %s", name, text)
	}
	// The same file goes on behind what is purged, and takes nothing else for done.
	code, errs, results := s.importing(t, "again", []string{"A-20490,1.00,n,part", "A-20481,2.00,n,new", "A-20333,full,n,all"})
	assert.Equal(t, 0, code, errs+results)
	code, _, results = s.importing(t, "other", []string{"A-20481,500.00,n,part", "A-20513,3.00,n,new2"})
	assert.Equal(t, 10, code)
	assert.Contains(t, results, ";part;;not stored;false;3;")
	assert.NotContains(t, results, ";part;;done")
	want := map[string]string{"A-20490": "1.00", "A-20333": "1200.00", "A-20481": "2.00", "A-20513": "3.00", "A-20514": "0.00"}
	for _, o := range s.Orders() {
		assert.Equal(t, want[o.Number], s.Moved(o.Billnumber).Amount(), o.Number)
	}
}
