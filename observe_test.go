package assist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
