package assist

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// brokenHandler panics on records that it is told to.
type brokenHandler struct {
	slog.Handler
	broken func(message string) bool
	asked  bool // panics already when it is asked whether it wants a record
}

func (h brokenHandler) Enabled(context.Context, slog.Level) bool {
	if h.asked {
		panic(errPlanned)
	}
	return true
}

func (h brokenHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.broken(r.Message) {
		panic(errPlanned)
	}
	return h.Handler.Handle(ctx, r)
}

func always(string) bool { return true }

// brokenBalance panics, or fails, where it is told to.
type brokenBalance struct {
	reserve, settle func()
	settled         *[]bool
}

func (b brokenBalance) Reserve(context.Context, string, Wallet, Money, time.Time) error {
	b.reserve()
	return nil
}

func (b brokenBalance) Settle(_ context.Context, _ string, moved bool) error {
	*b.settled = append(*b.settled, moved)
	b.settle()
	return errors.New("the books are closed")
}

func paidLongAgo(t testing.TB) CancelRequest {
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	req.Order.Operations[0].Date = time.Now().Add(-48 * time.Hour)
	return req
}

// Whatever the program's own code does once a result is known, the caller gets
// the result, and the payment is open or closed by it.
func TestBrokenCodeOfTheProgramChangesNoResult(t *testing.T) {
	t.Parallel()
	nothing, panicking := func() {}, func() { panic(errPlanned) }
	var written bytes.Buffer
	working := slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug})
	exchanges := func(message string) bool { return message == "assist exchange" }
	bodies := func(message string) bool { return strings.Contains(message, "body") }
	hooks := map[string]func(*[]bool) []Option{
		"the log": func(*[]bool) []Option {
			return []Option{WithLogger(slog.New(brokenHandler{Handler: working, broken: always}))}
		},
		"the log, asked for its level": func(*[]bool) []Option {
			return []Option{WithLogger(slog.New(brokenHandler{Handler: working, broken: always, asked: true}))}
		},
		"the log, once": func(*[]bool) []Option {
			return []Option{WithLogger(slog.New(brokenHandler{Handler: working, broken: exchanges}))}
		},
		"the log of bodies": func(*[]bool) []Option {
			return []Option{WithLogger(slog.New(brokenHandler{Handler: working, broken: bodies})), DangerouslyLogBodies()}
		},
		"Settle": func(settled *[]bool) []Option {
			return []Option{WithWalletRules(brokenBalance{nothing, panicking, settled})}
		},
		"Settle that fails": func(settled *[]bool) []Option {
			return []Option{WithWalletRules(brokenBalance{nothing, nothing, settled})}
		},
		"Settle and the log": func(settled *[]bool) []Option {
			return []Option{WithWalletRules(brokenBalance{nothing, panicking, settled}), WithLogger(slog.New(brokenHandler{Handler: working, broken: always}))}
		},
	}
	results := []struct {
		name, answer string
		want         Outcome
	}{
		{"done", soapAnswer(cancelled()), Accepted},
		{"in process", soapAnswer(coded("In Process", "AS300")), Accepted},
		{"refused", codesFault(7, 102), Rejected},
		{"declined", soapAnswer(coded("Declined", "AS100")), Rejected},
		{"unreadable", "<html>", Unknown},
	}
	for name, hook := range hooks {
		for _, result := range results {
			t.Run(name+", "+result.name, func(t *testing.T) {
				var settled []bool
				c := mocked(t, answering(http.StatusOK, result.answer), hook(&settled)...)
				x, err := c.Cancel(t.Context(), paidLongAgo(t))
				require.Equal(t, result.want, OutcomeOf(err), "%v", err)
				assert.Equal(t, result.want == Accepted, x != nil)
				_, closed := c.payments.unresolvedBut("5700027202722028", nil)
				assert.Equal(t, result.want == Unknown, closed)
			})
		}
	}
	assert.Contains(t, written.String(), "panicked", "a log that still works tells of it")
	assert.NotContains(t, written.String(), errPlanned.Error(), "what it panicked with may hold anything")
}

// Code whose word is needed is not held back, and leaves nothing open.
func TestPanicsBeforeTheSend(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"Reserve", "SaveIntent"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			var settled []bool
			reserve := func() {}
			if where == "Reserve" {
				reserve = func() { panic(errPlanned) }
			}
			mock := answering(http.StatusOK, soapAnswer(cancelled()))
			c := mocked(t, mock, WithWalletRules(brokenBalance{reserve, func() {}, &settled}))
			assert.PanicsWithValue(t, errPlanned, func() {
				_, _ = c.Cancel(t.Context(), paidLongAgo(t), SaveIntent(func(context.Context, Intent) error { panic(errPlanned) }))
			})
			assert.Equal(t, []bool{false}, settled, "nothing stays reserved")
			assert.Zero(t, mock.GetTotalCallCount())
			assert.True(t, c.payments.open("5700027202722028"))
		})
	}
}

// A verifier is given a server's bytes. One that panics on them has refused.
func TestPanickingVerifierHasRefused(t *testing.T) {
	t.Parallel()
	v := WithVerifier(verifierFunc(func(SignedAnswer) error { panic(errPlanned) }))
	a := try(t.Context(), t, mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), v))
	a.isUnknown(t)
	var refused *SignatureError
	require.ErrorAs(t, a.err, &refused)
	assert.Equal(t, VerifierRefused, refused.Reason)
}

// An asker whose log panics doesn't take the questions down with it.
func TestQuestionsOfABrokenLog(t *testing.T) {
	t.Parallel()
	server := newAssistServer(t, false)
	client := server.client(t, WithLogger(slog.New(brokenHandler{broken: always})), WithProtocol(Form(FormatXML)))
	assert.NoError(t, askOrder(t, client))
}

// An observer that panics doesn't end the wait.
func TestPanickingObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		l.put(cancelled(), time.Now())
		x, err := l.client(t).Wait(t.Context(), inProcess(t, ".3"), time.Hour, Observe(func(Observation) { panic(errPlanned) }))
		require.NoError(t, err)
		assert.Equal(t, Succeeded, x.Status)
	})
}
