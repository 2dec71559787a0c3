package assist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// orderAnswer is an order result with one order for each billnumber, every one
// with the given operations.
func orderAnswer(payments []Billnumber, operations ...answerOperation) string {
	var b strings.Builder
	b.WriteString(`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/">` +
		`<soapenv:Body><ws:orderresultResponse><orderresult>`)
	for _, payment := range payments {
		fmt.Fprintf(&b, `<order><billnumber>%s</billnumber><ordernumber>2013.10.23-700027-5</ordernumber><orderamount>1.00</orderamount>`+
			`<ordercurrency>RUB</ordercurrency><orderdate>23.10.2013 12:59:44</orderdate><orderstate>Approved</orderstate>`+
			`<lastname>PETROV</lastname><email>ivan.petrov@mail.example</email>`, payment)
		for _, op := range operations {
			fmt.Fprintf(&b, `<operation><billnumber>%s</billnumber><operationtype>%s</operationtype><operationstate>%s</operationstate>`+
				`<amount>%s</amount><currency>%s</currency><responsecode>%s</responsecode><operationdate>%s</operationdate>`+
				`<meantype_id>30</meantype_id><meannumber>4111****1111</meannumber><cardholder>IVAN PETROV</cardholder></operation>`,
				strings.Replace(op.number, "5700027202722028", string(payment), 1), op.kind, op.state, op.amount, op.currency, op.code, op.date)
		}
		b.WriteString(`<packetdate>23.10.2013 13:58</packetdate></order>`)
	}
	b.WriteString(`</orderresult></ws:orderresultResponse></soapenv:Body></soapenv:Envelope>`)
	return b.String()
}

// paid is the payment operation that every paid order has.
func paid() answerOperation {
	return answerOperation{"5700027202722028.1", "100", "Success", "1.00", "RUB", "AS000", "23.10.2013 12:59:44"}
}

// scripted is a transport that answers the order service and the cancel service
// with texts, and keeps what was sent to each. An empty text is a connection
// that breaks.
type scripted struct {
	order, cancel      string
	ordersAsked, sends []string
}

func (d *scripted) RoundTrip(req *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	answer := d.cancel
	if strings.HasSuffix(req.URL.Path, "/orderresult.cfm") {
		d.ordersAsked = append(d.ordersAsked, string(text))
		answer = d.order
	} else {
		d.sends = append(d.sends, string(text))
	}
	if answer == "" {
		return nil, errPlanned
	}
	return respond(req, answer), nil
}

func (d *scripted) client(t testing.TB, opts ...Option) *Client {
	return reach(t, testBase, append([]Option{WithHTTPClient(&http.Client{Transport: d})}, opts...)...)
}

func TestSaveIntentComesBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, (*hostile.Conn).Serve)
	moment := time.Date(2013, 10, 23, 17, 58, 0, 0, time.FixedZone("", 4*3600))
	client := reach(t, server.URL, WithClock(func() time.Time { return moment }))
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "the caller's")
	var saved Intent
	x, err := client.Cancel(ctx, webMoneyRequest(t), SaveIntent(func(ctx context.Context, in Intent) error {
		assert.Equal(t, "the caller's", ctx.Value(key{}))
		assert.Zero(t, server.Connections(), "not even a connection")
		saved = in
		return nil
	}))
	require.NoError(t, err)
	assert.Equal(t, saved, x.Intent)
	assert.GreaterOrEqual(t, len(saved.ID), 26, "128 random bits in base 32")
	assert.Equal(t, "515089", saved.MerchantID)
	assert.Equal(t, webMoneyRequest(t), saved.Request)
	assert.False(t, saved.Full)
	assert.Equal(t, time.Date(2013, 10, 23, 13, 58, 0, 0, time.UTC), saved.SentAt)
	assert.Nil(t, saved.Before, "nobody looked")
	again, err := client.Cancel(ctx, webMoneyRequest(t))
	require.NoError(t, err)
	assert.NotEqual(t, saved.ID, again.Intent.ID)
}

func TestSaveIntentThatFailsSendsNothing(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, (*hostile.Conn).Serve)
	client := reach(t, server.URL)
	x, err := client.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error {
		return fmt.Errorf("disk full: %w", errPlanned)
	}))
	assert.Nil(t, x)
	assert.Equal(t, NotSent, OutcomeOf(err))
	assert.ErrorIs(t, err, errPlanned)
	var stopped *NotSentError
	require.ErrorAs(t, err, &stopped)
	assert.Equal(t, "saving the intent", stopped.Step)
	assert.Zero(t, client.payments.size())
	_, connections := server.Counts()
	assert.Zero(t, connections)
}

// An error that speaks of another outcome, such as that of a cancel inside
// SaveIntent, doesn't change that nothing was sent.
func TestSaveIntentThatFailsWithAnUnknownIsNotSent(t *testing.T) {
	t.Parallel()
	d := &scripted{cancel: soapAnswer(cancelled())}
	_, err := d.client(t).Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error {
		return &UnknownOutcomeError{Err: errPlanned}
	}))
	assert.Equal(t, NotSent, OutcomeOf(err))
	assert.Empty(t, d.sends)
}

func TestIntentHoldsNothingPersonalAndNoCredential(t *testing.T) {
	t.Parallel()
	const person = "IVANPETROV"
	order := &Order{
		Billnumber: "5700027202722028", Number: "2013.10.23-700027-5", Date: time.Date(2013, 10, 23, 12, 59, 44, 0, time.UTC),
		Comment: person, Rate: person, Signature: person, CheckValue: person,
		Customer: Customer{FirstName: person, LastName: person, MiddleName: person, Email: person},
		Operations: []Operation{{
			Billnumber: "5700027202722028.1", CardHolder: person, MeanNumber: person, IPAddress: person, CardExpiration: person,
			MeanTypeName: person, MeanSubtype: person, IssueBank: person, BankCountry: person, Message: person,
			CustomerMessage: person, Recommendation: person, ApprovalCode: person, SlipNumber: person,
		}},
	}
	req := webMoneyRequest(t)
	req.Order = order
	req.ClientIP = netip.MustParseAddr("203.0.113.77")
	req.ExternalRefundID = "refund-0000001"
	req.ChequeItems = []ChequeItem{{ID: 1, Name: person, Price: rub(t, "0.10"), Quantity: "1", Amount: rub(t, "0.10")}}
	given := *order

	d := &scripted{}
	client := d.client(t)
	var saved Intent
	_, err := client.Cancel(t.Context(), req, SaveIntent(func(_ context.Context, in Intent) error {
		saved = in
		return nil
	}))
	require.Equal(t, Unknown, OutcomeOf(err), "%v", err)
	require.Len(t, d.sends, 1)
	assert.Contains(t, d.sends[0], "203.0.113.77", "the request itself has it")
	assert.Contains(t, d.sends[0], person)
	assert.Equal(t, given, *order, "the caller's order is left as it is")

	_, next := client.Cancel(t.Context(), req)
	var unknown *UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
	var unresolved *UnresolvedError
	require.ErrorAs(t, next, &unresolved)
	for name, in := range map[string]Intent{"saved": saved, "unknown": unknown.Intent, "unresolved": unresolved.Intent} {
		text, err := json.Marshal(in)
		require.NoError(t, err)
		shown := string(text) + fmt.Sprintf("%v %+v %#v %+v", in, in, in, *in.Request.Order)
		for _, secret := range []string{person, "203.0.113.77", planted, testLogin} {
			assert.NotContains(t, shown, secret, name)
		}
		assert.Equal(t, "refund-0000001", in.Request.ExternalRefundID)
		assert.Equal(t, []Operation{{Billnumber: "5700027202722028.1"}}, in.Request.Order.Operations)
		assert.False(t, in.Request.ClientIP.IsValid())
		assert.Nil(t, in.Request.ChequeItems)
	}
	assertDiscreet(t, err)
	assertDiscreet(t, next)
	for _, e := range []error{err, next} {
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", e, e, e), person)
	}
}

// A merchant keeps its own date of an order. It is good enough to find the
// order; from then on Assist's own counts.
func TestLookFirstTakesAssistsDate(t *testing.T) {
	t.Parallel()
	d := &scripted{order: orderAnswer([]Billnumber{"5700027202722028"}, paid()), cancel: soapAnswer(cancelled())}
	req := webMoneyRequest(t)
	req.OrderDate = req.OrderDate.Add(-3 * time.Hour)
	x, err := d.client(t).Cancel(t.Context(), req, LookFirst())
	require.NoError(t, err)
	assert.Equal(t, x.Order.Date, x.Intent.Request.OrderDate)
	assert.NotEqual(t, req.OrderDate, x.Intent.Request.OrderDate)
}

func TestLookFirst(t *testing.T) {
	t.Parallel()
	const ours, failed = Billnumber("5700027202722028"), Billnumber("5700027202722027")
	done := soapAnswer(cancelled())
	tests := []struct {
		name          string
		order, cancel string
		want          Outcome
		sends         int
		before        []Billnumber
		is            error
	}{
		{"an order with operations", orderAnswer([]Billnumber{ours}, paid(), numbered(".2")), done, Accepted, 1,
			[]Billnumber{ours + ".1", ours + ".2"}, nil},
		{"an order without operations", orderAnswer([]Billnumber{ours}), done, Accepted, 1, []Billnumber{}, nil},
		{"chosen by billnumber", orderAnswer([]Billnumber{failed, ours}, paid()), done, Accepted, 1, []Billnumber{ours + ".1"}, nil},
		{"an operation listed before is not ours", orderAnswer([]Billnumber{ours}, paid(), cancelled()), done, Unknown, 1,
			[]Billnumber{ours + ".1", ours + ".3"}, ErrOtherAnswer},
		{"the answer is lost", orderAnswer([]Billnumber{ours}, paid()), "", Unknown, 1, []Billnumber{ours + ".1"}, errPlanned},

		{"no such order", codesFault(10, 201), done, NotSent, 0, nil, ErrOrderNotFound},
		{"no order in the answer", orderAnswer(nil), done, NotSent, 0, nil, ErrOrderNotFound},
		{"another payment of the order", orderAnswer([]Billnumber{failed}, paid()), done, NotSent, 0, nil, ErrOrderNotFound},
		{"wrong password", codesFault(7, 102), done, NotSent, 0, nil, ErrAuthentication},
		{"the question fails", "", done, NotSent, 0, nil, errPlanned},
		{"the answer to the question is cut", orderAnswer([]Billnumber{ours}, paid())[:300], done, NotSent, 0, nil, ErrUnreadable},
		{"the question repeats the password", soapFault("<message>" + planted + " of " + testLogin + "</message>"), done, NotSent, 0, nil, ErrContradiction},
		{"an order in another currency", strings.ReplaceAll(orderAnswer([]Billnumber{ours}, paid()), "RUB", "USD"), done, NotSent, 0, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := &scripted{order: test.order, cancel: test.cancel}
			a := try(t.Context(), t, d.client(t), LookFirst())
			require.Equal(t, test.want, OutcomeOf(a.err), "%v", a.err)
			asked := 1
			if errors.Is(test.is, ErrOrderNotFound) {
				asked = 2 // the second time all the way back
			}
			require.Len(t, d.ordersAsked, asked)
			assert.Contains(t, d.ordersAsked[0], "<startday>22</startday>", "looked for from a day before the order")
			require.Len(t, d.sends, test.sends)
			if test.is != nil {
				assert.ErrorIs(t, a.err, test.is)
			}
			if test.want == NotSent {
				assert.Empty(t, a.saved, "no intent was made")
				a.isNotSent(t)
				return
			}
			require.Len(t, a.saved, 1)
			assert.Equal(t, test.before, a.saved[0].Before)
			assert.NotNil(t, a.saved[0].Before, "an empty list is not the same as not knowing")
			assert.NotContains(t, fmt.Sprintf("%+v %+v", a.saved[0], a.saved[0].Request.Order), "PETROV")
		})
	}
}

func TestLookFirstHonoursTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	client := reach(t, testBase, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		calls++
		cancel()
		return nil, context.Cause(req.Context())
	})}))
	a := try(ctx, t, client, LookFirst())
	a.isNotSent(t)
	assert.ErrorIs(t, a.err, context.Canceled)
	assert.Equal(t, 1, calls)
}

// The looked-up order fills what the caller didn't know, and must agree with
// what the caller asks.
func TestLookFirstChecksTheRequest(t *testing.T) {
	t.Parallel()
	d := &scripted{order: orderAnswer([]Billnumber{"5700027202722028"}, paid()), cancel: soapAnswer(cancelled())}
	req := webMoneyRequest(t)
	req.OrderDate = time.Time{}
	x, err := d.client(t).Cancel(t.Context(), req, LookFirst())
	require.NoError(t, err)
	assert.Equal(t, time.Date(2013, 10, 23, 12, 59, 44, 0, time.UTC), x.Intent.Request.OrderDate)

	req.Billnumber = "5700027202722028.7"
	_, err = d.client(t).Cancel(t.Context(), req, LookFirst())
	var wrong *ValidationError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "Order", wrong.Field)
	assert.Equal(t, NotSent, OutcomeOf(err))
	assert.Len(t, d.sends, 1)
}

// 5/108 without a message means the day balance on a wallet; the order that was
// looked up tells the wallet.
func TestLookFirstTellsTheWallet(t *testing.T) {
	t.Parallel()
	d := &scripted{order: orderAnswer([]Billnumber{"5700027202722028"}, paid()), cancel: strings.Replace(codesFault(5, 108), "refused", "5 - 108", 1)}
	a := try(t.Context(), t, d.client(t), LookFirst())
	assert.Equal(t, Rejected, OutcomeOf(a.err))
	assert.ErrorIs(t, a.err, ErrDayBalance)
	var api *APIError
	require.ErrorAs(t, a.err, &api)
	assert.Equal(t, WebMoney, api.Wallet)
	assert.Zero(t, a.client.payments.size())
}

// Before counts by itself, too: the caller's own Order may be older than the
// look.
func TestOperationSeenByTheLookIsNotOurs(t *testing.T) {
	t.Parallel()
	d := &scripted{order: orderAnswer([]Billnumber{"5700027202722028"}, paid(), cancelled()), cancel: soapAnswer(cancelled())}
	req := webMoneyRequest(t)
	req.Order = &Order{Billnumber: req.Billnumber, Number: req.OrderNumber}
	_, err := d.client(t).Cancel(t.Context(), req, LookFirst())
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.ErrorIs(t, err, ErrOtherAnswer)
	assert.Len(t, d.sends, 1)
}

// flatAnswer is the answer of the older service: one order with one operation,
// without a state.
func flatAnswer(codes, billnumber, code string) string {
	return `<?xml version="1.0" encoding="utf-8"?><result ` + codes + `><orders><order><ordernumber>2013.10.23-700027-5</ordernumber>` +
		`<responsecode>` + code + `</responsecode><amount>0.10</amount><currency>RUB</currency><orderstate>Approved</orderstate>` +
		`<operationtype>300</operationtype><billnumber>` + billnumber + `</billnumber><orderamount>1.00</orderamount>` +
		`<ordercurrency>RUB</ordercurrency><packetdate>23.10.2013 13:58:37</packetdate></order></orders></result>`
}
