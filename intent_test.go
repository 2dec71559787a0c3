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

// desk is a transport that answers the order service and the cancel service
// with texts, and keeps what was sent to each. An empty text is a connection
// that breaks.
type desk struct {
	order, cancel      string
	ordersAsked, sends []string
}

func (d *desk) RoundTrip(req *http.Request) (*http.Response, error) {
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

func (d *desk) client(t testing.TB, opts ...Option) *Client {
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
	d := &desk{cancel: soapAnswer(cancelled())}
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

	d := &desk{}
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

func TestUnresolvedUntilDespiteUnknown(t *testing.T) {
	t.Parallel()
	d := &desk{}
	client := d.client(t)
	first := try(t.Context(), t, client)
	first.isUnknown(t)
	earlier := first.saved[0]
	d.cancel = soapAnswer(cancelled())

	other := earlier
	other.ID = "another"
	_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(other))
	assert.ErrorIs(t, err, ErrUnresolved, "another intent of the payment")
	assert.Equal(t, NotSent, OutcomeOf(err))
	elsewhere := earlier
	elsewhere.Request.Billnumber = "5700027202722029"
	for name, in := range map[string]Intent{"an intent of another payment": elsewhere, "no intent": {}} {
		_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(in))
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong, name)
		assert.Equal(t, "DespiteUnknown", wrong.Field)
	}
	extended := webMoneyRequest(t)
	extended.Billnumber += ".1"
	_, err = client.Cancel(t.Context(), extended)
	assert.ErrorIs(t, err, ErrUnresolved, "the same payment by its extended billnumber")
	full := webMoneyRequest(t)
	full.Amount = Money{}
	_, err = client.CancelFull(t.Context(), full)
	assert.ErrorIs(t, err, ErrUnresolved, "all of the same payment")
	require.Len(t, d.sends, 1)
	elsewhereRequest := webMoneyRequest(t)
	elsewhereRequest.Billnumber = "5700027202722029"
	d.cancel = hostile.AnswerTo("<billnumber>5700027202722029")
	_, err = client.Cancel(t.Context(), elsewhereRequest)
	require.NoError(t, err, "another payment is open")
	require.Len(t, d.sends, 2)

	d.cancel = soapAnswer(cancelled())
	second := try(t.Context(), t, client, DespiteUnknown(earlier))
	second.isAccepted(t)
	require.Len(t, d.sends, 3)
	d.cancel = soapAnswer(numbered(".4"))
	try(t.Context(), t, client).isAccepted(t)
}

// An intent says which payment it is about: it can't open another.
func TestDespiteUnknownOfAnotherPaymentOpensNothing(t *testing.T) {
	t.Parallel()
	d := &desk{}
	client := d.client(t)
	first := try(t.Context(), t, client)
	first.isUnknown(t)
	d.cancel = hostile.AnswerTo("<billnumber>5700027202722029")
	_, err := client.Cancel(t.Context(), requestFor(t, "5700027202722029"), DespiteUnknown(first.saved[0]))
	assert.Equal(t, NotSent, OutcomeOf(err))
	_, err = client.Cancel(t.Context(), webMoneyRequest(t))
	assert.ErrorIs(t, err, ErrUnresolved, "the first payment stays closed")
	assert.Len(t, d.sends, 1)
}

// Each Unknown needs its own decision.
func TestDespiteUnknownPassesOverOne(t *testing.T) {
	t.Parallel()
	d := &desk{}
	client := d.client(t)
	first := try(t.Context(), t, client)
	first.isUnknown(t)
	second := try(t.Context(), t, client, DespiteUnknown(first.saved[0]))
	second.isUnknown(t)
	require.Len(t, d.sends, 2)
	_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(first.saved[0]))
	assert.ErrorIs(t, err, ErrUnresolved)
	require.Len(t, d.sends, 2)

	// A later refusal says nothing about an Unknown.
	d.cancel = codesFault(5, 108)
	_, err = client.Cancel(t.Context(), webMoneyRequest(t))
	assert.ErrorIs(t, err, ErrUnresolved)
	require.Len(t, d.sends, 2)
}

// What stops a cancel before its send leaves the earlier one unresolved.
func TestDespiteUnknownThatIsNotSentKeepsTheEarlier(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]CancelOption{
		"not saved":       SaveIntent(func(context.Context, Intent) error { return errPlanned }),
		"order not found": LookFirst(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{order: codesFault(10, 201)}
			client := d.client(t)
			first := try(t.Context(), t, client)
			first.isUnknown(t)
			_, err := client.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(first.saved[0]), opt)
			require.Equal(t, NotSent, OutcomeOf(err), "%v", err)
			_, err = client.Cancel(t.Context(), webMoneyRequest(t))
			assert.ErrorIs(t, err, ErrUnresolved)
			assert.Len(t, d.sends, 1)
		})
	}
}

// A merchant keeps its own date of an order. It is good enough to find the
// order; from then on Assist's own counts.
func TestLookFirstTakesAssistsDate(t *testing.T) {
	t.Parallel()
	d := &desk{order: orderAnswer([]Billnumber{"5700027202722028"}, paid()), cancel: soapAnswer(cancelled())}
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
			d := &desk{order: test.order, cancel: test.cancel}
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
	d := &desk{order: orderAnswer([]Billnumber{"5700027202722028"}, paid()), cancel: soapAnswer(cancelled())}
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
	d := &desk{order: orderAnswer([]Billnumber{"5700027202722028"}, paid()), cancel: strings.Replace(codesFault(5, 108), "refused", "5 - 108", 1)}
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
	d := &desk{order: orderAnswer([]Billnumber{"5700027202722028"}, paid(), cancelled()), cancel: soapAnswer(cancelled())}
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

func TestVerdictOnFlatAnswers(t *testing.T) {
	t.Parallel()
	const ok = `firstcode="0" secondcode="0" count="1"`
	const ours = "5700027202722028.3"
	one := flatAnswer(ok, ours, "AS000")
	tests := []struct {
		name, body string
		want       Outcome
		status     CancelStatus
		is         error
	}{
		{"done", one, Accepted, Succeeded, nil},
		{"in process", flatAnswer(ok, ours, "AS300"), Accepted, InProcess, nil},
		{"declined", flatAnswer(ok, ours, "AS102"), Rejected, 0, nil},
		{"a code of tomorrow", flatAnswer(ok, ours, "AS001"), Unknown, 0, ErrContradiction},
		{"refused", `<result firstcode="5" secondcode="108" count="0"></result>`, Rejected, 0, nil},
		{"refused with an order beside it", flatAnswer(`firstcode="5" secondcode="108" count="1"`, ours, "AS000"), Unknown, 0, ErrContradiction},
		{"0 with a second code", flatAnswer(`firstcode="0" secondcode="108" count="1"`, ours, "AS000"), Unknown, 0, ErrContradiction},
		{"codes that are no numbers", flatAnswer(`firstcode="x" secondcode="0" count="1"`, ours, "AS000"), Unknown, 0, ErrUnreadable},
		{"no order", `<result firstcode="0" secondcode="0" count="0"></result>`, Unknown, 0, ErrOtherAnswer},
		{"two orders", strings.Replace(one, "</order>", "</order>"+one[strings.Index(one, "<order>"):strings.Index(one, "</orders>")], 1), Unknown, 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := &desk{cancel: test.body}
			x, err := d.client(t, WithProtocol(Form(FormatXML))).Cancel(t.Context(), webMoneyRequest(t))
			require.Equal(t, test.want, OutcomeOf(err), "%v", err)
			assert.Len(t, d.sends, 1)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
			if test.want == Accepted {
				assert.Equal(t, test.status, x.Status)
			}
		})
	}
}

// What an answer may lack and may hold beside our operations.
func TestOwnOperations(t *testing.T) {
	t.Parallel()
	without := func(body, element string) string {
		from := strings.Index(body, "<"+element+">")
		to := strings.Index(body, "</"+element+">") + len(element) + 3
		return body[:from] + body[to:]
	}
	done := soapAnswer(cancelled())
	all := cancelled().with(func(op *answerOperation) { op.amount = "0.80" })
	rest := numbered(".4").with(func(op *answerOperation) { op.amount = "0.20" })
	earlier := &Order{Billnumber: "5700027202722028", Number: "2013.10.23-700027-5", Operations: []Operation{{Billnumber: "5700027202722028.2"}}}
	tests := []struct {
		name  string
		full  bool
		order *Order
		body  string
		want  Outcome
		own   []Billnumber // the newest last
	}{
		{"no order number", false, nil, without(done, "ordernumber"), Accepted, []Billnumber{"5700027202722028.3"}},
		{"no packet date", false, nil, without(done, "packetdate"), Accepted, []Billnumber{"5700027202722028.3"}},
		{"no operation date", false, nil, without(done, "operationdate"), Accepted, []Billnumber{"5700027202722028.3"}},
		{"a cancel without its number beside a numbered one", false, nil, soapAnswer(cancelled(), numbered("")), Unknown, nil},
		{"all, one without its number beside a numbered one", true, nil, soapAnswer(all, numbered("").with(func(op *answerOperation) { op.amount = "0.20" })), Unknown, nil},
		{"all, the newest last", true, nil, soapAnswer(all, rest), Accepted, []Billnumber{"5700027202722028.3", "5700027202722028.4"}},
		{"all, no order amount", true, nil, without(soapAnswer(all), "orderamount"), Accepted, []Billnumber{"5700027202722028.3"}},
		{"all, the payment beside it", true, nil, soapAnswer(paid(), all), Accepted, []Billnumber{"5700027202722028.3"}},
		{"all, one known before beside it", true, earlier, soapAnswer(numbered(".2"), all), Accepted, []Billnumber{"5700027202722028.3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := &desk{cancel: test.body}
			req := webMoneyRequest(t)
			req.Order = test.order
			cancel := d.client(t).Cancel
			if test.full {
				req.Amount, cancel = Money{}, d.client(t).CancelFull
			}
			x, err := cancel(t.Context(), req)
			require.Equal(t, test.want, OutcomeOf(err), "%v", err)
			if test.want != Accepted {
				return
			}
			own := make([]Billnumber, len(x.Operations))
			for i, op := range x.Operations {
				own[i] = op.Billnumber
			}
			assert.Equal(t, test.own, own)
			assert.Equal(t, own[len(own)-1], x.Operation.Billnumber, "the newest")
		})
	}
}

// A careless server repeats the credentials in the texts of a declined
// operation, and in a code and a state that are none.
func TestAnswerThatRepeatsTheCredentials(t *testing.T) {
	t.Parallel()
	const both = planted + " of " + testLogin
	declined := soapAnswer(coded("Declined", "AS102"))
	for _, element := range []string{"message", "customermessage", "recommendation"} {
		d := &desk{cancel: strings.Replace(declined, "<cardholder>", "<"+element+">"+both+"</"+element+"><cardholder>", 1)}
		a := try(t.Context(), t, d.client(t))
		assert.Equal(t, Rejected, OutcomeOf(a.err), element)
		assert.NotContains(t, fmt.Sprintf("%#v", a.err), "PETROV")
	}
	for _, body := range []string{soapAnswer(coded(both, "AS000")), soapAnswer(coded("Success", both)), soapFault("<message>" + both + "</message>")} {
		d := &desk{cancel: body}
		try(t.Context(), t, d.client(t)).isUnknown(t)
	}
	d := &desk{cancel: soapFault("<firstcode>7</firstcode><secondcode>102</secondcode><message>" + both + "</message>")}
	a := try(t.Context(), t, d.client(t))
	assert.ErrorIs(t, a.err, ErrAuthentication)
}

func TestFaultWithoutCodesTellsItsMessage(t *testing.T) {
	t.Parallel()
	d := &desk{cancel: soapFault("<message>try later</message>")}
	_, err := d.client(t).Cancel(t.Context(), webMoneyRequest(t))
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.ErrorContains(t, err, "try later")
}

func TestNilCancelOption(t *testing.T) {
	t.Parallel()
	d := &desk{cancel: soapAnswer(cancelled())}
	_, err := d.client(t).Cancel(t.Context(), webMoneyRequest(t), nil)
	var wrong *ValidationError
	require.True(t, errors.As(err, &wrong), "%v", err)
	assert.Equal(t, "CancelOption", wrong.Field)
	assert.Empty(t, d.sends)
}

// A plain billnumber in a flat answer names the payment, not the operation.
func TestPlainBillnumberIsNoClaim(t *testing.T) {
	t.Parallel()
	d := &desk{cancel: flatAnswer(`firstcode="0" secondcode="0" count="1"`, "5700027202722028", "AS000")}
	client := d.client(t, WithProtocol(Form(FormatXML)))
	for range 2 {
		_, err := client.Cancel(t.Context(), webMoneyRequest(t))
		assert.NoError(t, err)
	}
}
