// Package conformance runs one set of scenarios by every protocol, with the server of
// package assisttest on the other side.
package conformance_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// The same cases in every protocol and format, against a server that shares no
// codec with the client. Each case runs in a bubble of virtual time.

// dialect is one way to speak with Assist.
type dialect struct {
	name     string
	options  []assist.Option
	flat     bool // cancel.cfm: the answer has room for one operation, without its state
	worded   bool // a refusal comes with a text and not with codes alone
	refundID bool // ExternalRefundID is a parameter here (protocol §3)
	json     bool // answers are JSON
}

func dialects() []dialect {
	form := func(f assist.Format) []assist.Option {
		return []assist.Option{assist.WithProtocol(assist.Form(f))}
	}
	return []dialect{
		{name: "soap", options: []assist.Option{assist.WithProtocol(assist.SOAP)}, worded: true, refundID: true},
		{name: "json", options: []assist.Option{assist.WithProtocol(assist.JSON)}, worded: true, refundID: true, json: true},
		{name: "form-csv", options: form(assist.FormatCSV), flat: true},
		{name: "form-xml", options: form(assist.FormatXML), flat: true},
		{name: "form-xml to wscancel", options: append(form(assist.FormatXML), assist.WithCancelPath("/cancel/wscancel.cfm"))},
		{name: "form-soap", options: form(assist.FormatSOAP), worded: true},
		{name: "form-json", options: form(assist.FormatJSON), worded: true, json: true},
	}
}

// scene is one case in one dialect: a server and a client of its own.
type scene struct {
	*testing.T
	dialect
	server *assisttest.Server
	client *assist.Client
}

// another is a client of the same dialect that knows nothing, as after a
// restart.
func (s *scene) another(more ...assist.Option) *assist.Client {
	// A transport alone: what keeps redirects from being followed is the
	// client's own.
	transport := assist.WithHTTPClient(&http.Client{Transport: s.server.HTTPClient().Transport})
	return s.server.Client(slices.Concat([]assist.Option{transport}, s.options, more)...)
}

// sent counts the cancels that reached the server.
func (s *scene) sent() int {
	n := 0
	for _, r := range s.server.Requests() {
		if r.Service == assisttest.Cancels {
			n++
		}
	}
	return n
}

// lastCancel is what the server read of the latest cancel.
func (s *scene) lastCancel() assisttest.Request {
	requests := s.server.Requests()
	for i := len(requests) - 1; i >= 0; i-- {
		if requests[i].Service == assisttest.Cancels {
			return requests[i]
		}
	}
	s.Fatal("no cancel reached the server")
	return assisttest.Request{}
}

// pay books a payment of 100.00 RUB two days ago, so that no rule about the day
// of the payment stands in the way.
func (s *scene) pay(meanTypeID int) assist.Order {
	return s.server.Pay(assisttest.Payment{MeanTypeID: meanTypeID, PaidAt: time.Now().Add(-48 * time.Hour)})
}

func (s *scene) requireMoved(b assist.Billnumber, amount string) {
	s.Helper()
	require.Equal(s, rub(s, amount), s.server.Moved(b), "what the server gave back")
}

// refused wants a refusal by these codes, and that nothing was done.
func (s *scene) refused(err error, first, second int) *assist.APIError {
	s.Helper()
	require.Equal(s, assist.Rejected, assist.OutcomeOf(err), "%v", err)
	var api *assist.APIError
	require.ErrorAs(s, err, &api)
	require.Equal(s, [2]int{first, second}, [2]int{api.First, api.Second}, "%v", err)
	return api
}

func rub(t testing.TB, amount string) assist.Money {
	t.Helper()
	m, err := assist.ParseMoney(amount, "RUB")
	require.NoError(t, err)
	return m
}

// conformanceCase is played once in every dialect, or in those that in takes.
type conformanceCase struct {
	name   string
	in     func(dialect) bool
	server []assisttest.Option
	play   func(*scene)
}

func isFlat(t dialect) bool   { return t.flat }
func isNested(t dialect) bool { return !t.flat }
func isJSON(t dialect) bool   { return t.json }
func isWorded(t dialect) bool { return t.worded }

func TestConformance(t *testing.T) {
	t.Parallel()
	var cases []conformanceCase
	cases = append(cases, cancelCases()...)
	cases = append(cases, refusalCases()...)
	cases = append(cases, requestCases()...)
	cases = append(cases, faultCases()...)
	cases = append(cases, questionCases()...)
	for _, speaks := range dialects() {
		t.Run(speaks.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range cases {
				if c.in != nil && !c.in(speaks) {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := assisttest.NewServer(t, append([]assisttest.Option{
							assisttest.InMemory(),
							assisttest.WithOpeningBalance(assist.WebMoney, rub(t, "500.00")),
							assisttest.WithOpeningBalance(assist.QIWI, rub(t, "500.00")),
						}, c.server...)...)
						s := &scene{T: t, dialect: speaks, server: server}
						s.client = s.another()
						c.play(s)
					})
				})
			}
		})
	}
}

// payWithBonus books 80.00 RUB by card and 20.00 RUB in bonus points.
func (s *scene) payWithBonus() assist.Order {
	return s.server.Pay(assisttest.Payment{Bonus: rub(s, "20.00"), PaidAt: time.Now().Add(-48 * time.Hour)})
}

// fetched is the order as the client's own question shows it.
func (s *scene) fetched(order assist.Order) assist.Order {
	s.Helper()
	orders, err := s.client.OrderResult(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
	require.NoError(s, err)
	for _, o := range orders {
		if o.Billnumber == order.Billnumber {
			return o
		}
	}
	s.Fatalf("order %s isn't listed", order.Billnumber)
	return assist.Order{}
}

// intentOf is the intent inside an error of unknown outcome.
func intentOf(t testing.TB, err error) assist.Intent {
	t.Helper()
	var unknown *assist.UnknownOutcomeError
	if !errors.As(err, &unknown) {
		require.FailNow(t, "no outcome is unknown", "%v", err)
	}
	return unknown.Intent
}
