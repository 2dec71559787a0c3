package assist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist/internal/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logged reads the records that a test wrote as JSON.
func logged(t testing.TB, log *bytes.Buffer) (records []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		delete(record, "time")
		records = append(records, record)
	}
	return records
}

func TestLogOfACancel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       map[string]any // beside service, protocol, billnumber, attempt, status, duration
	}{
		{"accepted", soapAnswer(cancelled()), map[string]any{
			"level": "INFO", "outcome": "accepted", "operation": "5700027202722028.3", "response_code": "AS000", "status": "succeeded",
		}},
		{"in process", soapAnswer(coded("In Process", "AS300")), map[string]any{
			"level": "INFO", "outcome": "accepted", "operation": "5700027202722028.3", "response_code": "AS300", "status": "in process",
		}},
		{"refused", codesFault(7, 102), map[string]any{"level": "WARN", "outcome": "rejected", "cause": "codes", "first_code": 7., "second_code": 102.}},
		{"declined", soapAnswer(coded("Declined", "AS102")), map[string]any{"level": "WARN", "outcome": "rejected", "cause": "declined"}},
		{"unknown", "<html>", map[string]any{"level": "WARN", "outcome": "unknown", "cause": "unreadable"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			c := mocked(t, answering(http.StatusOK, test.body), WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
			_, _ = c.Cancel(t.Context(), webMoneyRequest(t))
			records := logged(t, &log)
			require.Len(t, records, 1, "one record per exchange")
			record := records[0]
			assert.NotZero(t, record["duration"])
			delete(record, "duration")
			assert.NotEmpty(t, record["intent"])
			delete(record, "intent")
			maps.Copy(test.want, map[string]any{
				"msg": "assist exchange", "service": "wscancel", "protocol": "soap", "attempt": 1., "merchant": "515089", "order": "2013.10.23-700027-5", "billnumber": "5700027202722028",
				"http_status": 200., "bytes": float64(len(test.body)),
			})
			assert.Equal(t, test.want, record)
		})
	}
}

func TestLogCountsTheAttemptsOfAQuestion(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	answers := []string{codesXML(5, 4), codesXML(5, 4), orderXML("5700027202722028", "")}
	c := asked(t, func(url.Values) string {
		defer func() { answers = answers[1:] }()
		return answers[0]
	}, WithLogger(slog.New(slog.NewJSONHandler(&log, nil))), WithClock(func() time.Time { return now }))
	_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	var attempts []any
	for _, record := range logged(t, &log) {
		attempts = append(attempts, record["attempt"])
		assert.Equal(t, "orderresult", record["service"])
		assert.NotContains(t, record, "outcome", "a question has none")
	}
	assert.Equal(t, []any{1., 2., 3.}, attempts)
}

// deafHandler is never asked to write, and says so when it is.
type deafHandler struct {
	slog.Handler
	t testing.TB
}

func (deafHandler) Enabled(context.Context, slog.Level) bool { return false }

func (h deafHandler) Handle(context.Context, slog.Record) error {
	h.t.Error("a record was built for a level that is off")
	return nil
}

// It stands alone (it isn't parallel), because it counts allocations.
func TestNothingIsBuiltForALevelThatIsOff(t *testing.T) {
	c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithLogger(slog.New(deafHandler{slog.DiscardHandler, t})), DangerouslyLogBodies())
	_, err := c.Cancel(t.Context(), webMoneyRequest(t))
	require.NoError(t, err)
	record := exchanged{service: wire.Cancel, reply: &reply{}, err: &APIError{First: 7}}
	assert.Zero(t, testing.AllocsPerRun(100, func() { c.observed(t.Context(), record) }))
}

func TestBodiesAreLoggedOnlyOnDemand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		level slog.Level
		opts  []Option
		want  int
	}{
		"not asked for":       {slog.LevelDebug, nil, 1},
		"asked for":           {slog.LevelDebug, []Option{DangerouslyLogBodies()}, 2},
		"but debug is not on": {slog.LevelInfo, []Option{DangerouslyLogBodies()}, 1},
	} {
		var log bytes.Buffer
		opts := append(test.opts, WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: test.level}))))
		_, err := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), opts...).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		assert.Len(t, logged(t, &log), test.want, name)
	}
}

func TestBodiesNeedALogger(t *testing.T) {
	t.Parallel()
	_, err := NewClient(testBase, testCredentials(), DangerouslyLogBodies())
	var wrong *ValidationError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "DangerouslyLogBodies", wrong.Field)
	logger := WithLogger(slog.New(slog.DiscardHandler))
	for _, opts := range [][]Option{{DangerouslyLogBodies(), logger}, {logger, DangerouslyLogBodies()}} {
		_, err := NewClient(testBase, testCredentials(), opts...)
		require.NoError(t, err, "in either order")
	}
}

func TestRedactedBodies(t *testing.T) {
	t.Parallel()
	c := mocked(t, answering(http.StatusOK, ""))
	tests := []struct{ name, body, want string }{
		{"XML", "<a><responsecode> AS000 </responsecode><cardholder>IVAN PETROV</cardholder><cardholder/></a>",
			"<a><responsecode>AS000</responsecode><cardholder>[redacted]</cardholder><cardholder></cardholder></a>"},
		{"CDATA and entities", "<a><lastname><![CDATA[PETROV]]></lastname><message>a &lt; b</message></a>", "<a><lastname>[redacted]</lastname><message>a < b</message></a>"},
		{"attributes", `<result firstcode='0' holder="PETROV"></result>`, `<result firstcode="0" holder="[redacted]"></result>`},
		{"comments go", "<a><!-- PETROV --><?x PETROV?></a>", "<a></a>"},
		{"broken XML", "<a><message>b</message><cardholder>PETROV</card", "<a><message>b</message><cardholder>[redacted][unreadable from here]"},
		{"text between", "<a>PETROV<message>b</message>PETROV</a>", "<a>[redacted]<message>b</message>[redacted]</a>"},
		{"behind the end", "<a></a></a>PETROV", "<a></a></a>[redacted]"},
		{"windows-1251", "<?xml version=\"1.0\" encoding=\"windows-1251\"?><message>\xcd\xe5\xf2</message>", "<message>Нет</message>"},
		{"another encoding", "<?xml version=\"1.0\" encoding=\"koi8-r\"?><message>\xcd</message>", "[unreadable from here]"},
		{"JSON", `{"order":{"message":"b","amount":1.10,"lastname":"PETROV","meannumber":4321,"testmode":true,"rate":null},"list":["PETROV",7]}`,
			`{"list":["[redacted]","[redacted]"],"order":{"amount":"1.10","lastname":"[redacted]","meannumber":"[redacted]","message":"b","rate":null,"testmode":true}}`},
		{"JSON below a harmless name", `{"message":["PETROV",{"x":"PETROV"}]}`, `{"message":["[redacted]",{"x":"[redacted]"}]}`},
		{"broken JSON", `{"a":"PETROV"`, "[13 bytes of broken JSON]"},
		{"CSV", "cardholder: PETROV;", "[19 bytes, neither XML nor JSON]"},
		{"nothing", "", "[0 bytes, neither XML nor JSON]"},
		{"a credential under a harmless name", "<message>no " + planted + " of " + testLogin + "</message>", "<message>no [redacted] of [redacted]</message>"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, c.redactedBody(test.body))
		})
	}
	assert.LessOrEqual(t, len(c.redactedBody("<message>"+strings.Repeat("ы", maxLoggedBody)+"</message>")), maxLoggedBody+len("…"))
}

// A field of tomorrow that is personal must not be shown by default.
func TestPersonalFieldsAreNotLoggable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cardholder", "cardexpirationdate", "meannumber", "firstname", "lastname", "middlename", "email",
		"ipaddress", "clientip", "ordercomment", "login", "password", "merchant_id", ""} {
		assert.False(t, loggable[name], name)
	}
	assert.Contains(t, slices.Collect(maps.Keys(loggable)), "responsecode")
}

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

// observing gathers what a client tells.
func observing(exchanges *[]Exchange) Option {
	return WithObserver(func(_ context.Context, x Exchange) { *exchanges = append(*exchanges, x) })
}

func erring(err error) http.RoundTripper {
	return roundTripper(func(*http.Request) (*http.Response, error) { return nil, err })
}

func TestObserverOfACancel(t *testing.T) {
	t.Parallel()
	another := cancelled().with(func(op *answerOperation) { op.amount = "0.20" })
	refusedBy := verifierFunc(func(SignedAnswer) error { return errors.New("not today") })
	for name, test := range map[string]struct {
		transport http.RoundTripper
		opts      []Option
		want      Exchange // beside what all have
	}{
		"done":           {answering(200, soapAnswer(cancelled())), nil, Exchange{Outcome: Accepted, Operation: "5700027202722028.3", ResponseCode: "AS000", Status: Succeeded}},
		"in process":     {answering(200, soapAnswer(coded("In Process", "AS300"))), nil, Exchange{Outcome: Accepted, Operation: "5700027202722028.3", ResponseCode: "AS300"}},
		"refused":        {answering(500, codesFault(7, 102)), nil, Exchange{Outcome: Rejected, First: 7, Second: 102, Cause: CauseCodes, HTTPStatus: 500}},
		"doubtful codes": {answering(500, codesFault(2, 0)), nil, Exchange{Outcome: Unknown, First: 2, Cause: CauseCodes, HTTPStatus: 500}},
		"declined":       {answering(200, soapAnswer(coded("Declined", "AS102"))), nil, Exchange{Outcome: Rejected, Cause: CauseDeclined}},
		"HTML":           {answering(502, "<html>"), nil, Exchange{Outcome: Unknown, Cause: CauseUnreadable, HTTPStatus: 502}},
		"contradiction":  {answering(200, soapAnswer(coded("Declined", "AS000"))), nil, Exchange{Outcome: Unknown, Cause: CauseContradiction}},
		"unproved":       {answering(200, soapAnswer(cancelled())), []Option{WithVerifier(refusedBy)}, Exchange{Outcome: Unknown, Cause: CauseSignature}},
		"cut":            {erring(io.ErrUnexpectedEOF), nil, Exchange{Outcome: Unknown, Cause: CauseConnection}},
		"time limit":     {erring(context.DeadlineExceeded), nil, Exchange{Outcome: Unknown, Cause: CauseTimeout}},
		"socket's limit": {erring(&net.OpError{Op: "read", Err: timeoutError{}}), nil, Exchange{Outcome: Unknown, Cause: CauseTimeout}},
		"given up":       {erring(fmt.Errorf("caller: %w", context.Canceled)), nil, Exchange{Outcome: Unknown, Cause: CauseCanceled}},
		"another's":      {answering(200, soapAnswer(another)), nil, Exchange{Outcome: Unknown, Cause: CauseOtherAnswer}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []Exchange
			began := time.Now()
			c := mocked(t, test.transport, append(test.opts, observing(&seen))...)
			var sent Intent
			_, err := c.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(_ context.Context, in Intent) error { sent = in; return nil }))
			require.Len(t, seen, 1, "%v", err)
			got := seen[0]
			assert.Equal(t, test.want.Outcome, OutcomeOf(err), "%v", err)
			assert.False(t, got.Start.Before(began))
			assert.Positive(t, got.Duration)
			got.Start, got.Duration = time.Time{}, 0
			want := test.want
			want.Service, want.Protocol, want.URL, want.Attempt = "wscancel", "soap", testBase+"/cancel/wscancel.cfm", 1
			want.MerchantID, want.OrderNumber, want.Billnumber, want.IntentID = "515089", "2013.10.23-700027-5", "5700027202722028", sent.ID
			if mock, ok := test.transport.(interface{ GetTotalCallCount() int }); ok && mock.GetTotalCallCount() > 0 {
				assert.Positive(t, got.Bytes)
				got.Bytes = 0
				if want.HTTPStatus == 0 {
					want.HTTPStatus = 200
				}
			}
			assert.Equal(t, want, got)
			assert.True(t, got.IsCancel())
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// Questions tell which cancel they were asked for.
func TestObserverOfQuestions(t *testing.T) {
	t.Parallel()
	var seen []Exchange
	c := asked(t, func(url.Values) string { return orderXML("5700027202722028", "") }, observing(&seen))
	in := storedIntents(t)["part"]
	in.Request.OrderNumber = "n-7"
	_, err := c.Resolve(t.Context(), in)
	require.NoError(t, err)
	_, err = c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	_, err = c.OrderState(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	_, _ = c.ResultsByDate(t.Context(), PeriodQuery{From: time.Unix(0, 0), To: time.Unix(3600, 0)})
	req := webMoneyRequest(t)
	req.OrderNumber = "n-7"
	_, _ = c.Cancel(t.Context(), req, LookFirst(), DespiteUnknown(in))

	type about struct {
		service, order string
		billnumber     Billnumber
		intent         string
	}
	var got []about
	for _, x := range seen {
		assert.Equal(t, "515089", x.MerchantID)
		assert.Equal(t, Unknown, x.Outcome)
		if !x.IsCancel() {
			got = append(got, about{x.Service, x.OrderNumber, x.Billnumber, x.IntentID})
		}
	}
	assert.Equal(t, []about{
		{"orderresult", "n-7", "5700027202722028", "PKZ7W2"},
		{"orderresult", "n-7", "", ""},
		{"orderstate", "n-7", "", ""},
		{"resultbydate", "", "", ""},
		{"orderresult", "n-7", "5700027202722028", ""},
	}, got)
}

// panickyHandler is a handler of slog that fails where it can.
type panickyHandler struct{ slog.Handler }

func (panickyHandler) Handle(context.Context, slog.Record) error { panic("the disk is full") }

// What a caller's function does to itself changes nothing about the money.
func TestPanickyObserver(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]Option{
		"observer": {WithObserver(func(context.Context, Exchange) { panic("no metrics") })},
		"logger":   {WithLogger(slog.New(panickyHandler{slog.DiscardHandler}))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []Exchange
			c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), append(opts, observing(&seen))...)
			x, err := c.Cancel(t.Context(), webMoneyRequest(t))
			require.NoError(t, err)
			assert.Equal(t, Succeeded, x.Status)
			assert.Len(t, seen, 1, "those behind it are called all the same")
			_, err = c.Cancel(t.Context(), webMoneyRequest(t))
			assert.NotErrorIs(t, err, ErrUnresolved, "the payment is settled")
		})
	}
	_, err := NewClient(testBase, testCredentials(), WithObserver(nil))
	assert.Equal(t, NotSent, OutcomeOf(err))
}
