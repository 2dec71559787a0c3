package assist

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answerOperation is one operation in an answer that a test writes.
type answerOperation struct {
	number, kind, state, amount, currency, code, date string
}

// cancelled is the operation that the test request asks for, done.
func cancelled() answerOperation {
	return answerOperation{"5700027202722028.3", "300", "Success", "0.10", "RUB", "AS000", "23.10.2013 13:58:21"}
}

func (op answerOperation) with(change func(*answerOperation)) answerOperation {
	change(&op)
	return op
}

func coded(state, code string) answerOperation {
	return cancelled().with(func(op *answerOperation) { op.state, op.code = state, code })
}

func numbered(number string) answerOperation {
	return cancelled().with(func(op *answerOperation) { op.number = "5700027202722028" + number })
}

func soapAnswer(operations ...answerOperation) string {
	var b strings.Builder
	b.WriteString(`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/">` +
		`<soapenv:Body><ws:WSCancelResponseParams><order><billnumber>5700027202722028</billnumber>` +
		`<ordernumber>2013.10.23-700027-5</ordernumber><orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency>` +
		`<orderdate>23.10.2013 12:59:44</orderdate><orderstate>PartialCanceled</orderstate>`)
	for _, op := range operations {
		fmt.Fprintf(&b, `<operation><billnumber>%s</billnumber><operationtype>%s</operationtype><operationstate>%s</operationstate>`+
			`<amount>%s</amount><currency>%s</currency><responsecode>%s</responsecode><operationdate>%s</operationdate>`+
			`<cardholder>IVAN PETROV</cardholder></operation>`,
			op.number, op.kind, op.state, op.amount, op.currency, op.code, op.date)
	}
	b.WriteString(`</order><packetdate>23.10.2013 13:58:37</packetdate></ws:WSCancelResponseParams></soapenv:Body></soapenv:Envelope>`)
	return b.String()
}

func soapFault(detail string) string {
	return `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>` +
		`<faultcode>soapenv:Server</faultcode><faultstring>refused</faultstring><detail>` + detail + `</detail>` +
		`</soapenv:Fault></soapenv:Body></soapenv:Envelope>`
}

func codesFault(first, second int) string {
	return soapFault(fmt.Sprintf("<firstcode>%d</firstcode><secondcode>%d</secondcode>", first, second))
}

func TestVerdictOnPartialCancel(t *testing.T) {
	t.Parallel()
	older := numbered(".2")
	tests := []struct {
		name   string
		body   string
		want   Outcome
		status CancelStatus // of Accepted
		is     error        // of Unknown
	}{
		{"done", soapAnswer(cancelled()), Accepted, Succeeded, nil},
		{"done, in Russian", soapAnswer(coded("Завершено успешно.", "AS000")), Accepted, Succeeded, nil},
		{"state in another case", soapAnswer(coded("SUCCESS", "AS000")), Accepted, Succeeded, nil},
		{"padded", soapAnswer(coded(" Success ", " AS000 ")), Accepted, Succeeded, nil},
		{"in process", soapAnswer(coded("In Process", "AS300")), Accepted, InProcess, nil},
		{"in process in another case", soapAnswer(coded("In process", "AS300")), Accepted, InProcess, nil},
		{"done code in process", soapAnswer(coded("In Process", "AS000")), Accepted, InProcess, nil},
		{"another amount beside it", soapAnswer(cancelled(), older.with(func(op *answerOperation) { op.amount = "0.20" })), Accepted, Succeeded, nil},
		{"a newer one of another amount beside it", soapAnswer(cancelled(), numbered(".4").with(func(op *answerOperation) { op.amount = "0.20" })), Accepted, Succeeded, nil},
		{"an old one beside it", soapAnswer(cancelled(), older.with(func(op *answerOperation) { op.date = "23.10.2013 12:58:36" })), Accepted, Succeeded, nil},
		{"another order number", strings.ReplaceAll(soapAnswer(cancelled()), "700027-5", "700027-6"), Accepted, Succeeded, nil},
		{"a payment operation beside it", soapAnswer(numbered(".9").with(func(op *answerOperation) { op.kind = "100" }), cancelled()), Accepted, Succeeded, nil},
		{"dated after the packet", soapAnswer(cancelled().with(func(op *answerOperation) { op.date = "24.10.2013 13:58:21" })), Accepted, Succeeded, nil},
		{"an amount with one digit", soapAnswer(cancelled().with(func(op *answerOperation) { op.amount = "0.1" })), Accepted, Succeeded, nil},

		{"declined", soapAnswer(coded("Declined", "AS100")), Rejected, 0, nil},
		{"no funds", soapAnswer(coded("Declined", "AS102")), Rejected, 0, nil},
		{"AS103, which has no text", soapAnswer(coded("Declined", "AS103")), Rejected, 0, nil},
		{"Assist limit", soapAnswer(coded("Declined", "AS109")), Rejected, 0, nil},
		{"no such payment", soapAnswer(coded("Declined", "AS400")), Rejected, 0, nil},

		{"done but declined", soapAnswer(coded("Declined", "AS000")), Unknown, 0, ErrContradiction},
		{"in process but declined", soapAnswer(coded("Declined", "AS300")), Unknown, 0, ErrContradiction},
		{"in process but done", soapAnswer(coded("Success", "AS300")), Unknown, 0, ErrContradiction},
		{"declined but done", soapAnswer(coded("Success", "AS100")), Unknown, 0, ErrContradiction},
		{"declined but in process", soapAnswer(coded("In Process", "AS100")), Unknown, 0, ErrContradiction},
		{"declined but timed out", soapAnswer(coded("Timeout", "AS100")), Unknown, 0, ErrContradiction},
		{"AS107", soapAnswer(coded("Declined", "AS107")), Unknown, 0, ErrContradiction},
		{"AS111", soapAnswer(coded("Declined", "AS111")), Unknown, 0, ErrContradiction},
		{"AS1000", soapAnswer(coded("Declined", "AS1000")), Unknown, 0, ErrContradiction},
		{"AS10:", soapAnswer(coded("Declined", "AS10:")), Unknown, 0, ErrContradiction},
		{"AS200", soapAnswer(coded("Declined", "AS200")), Unknown, 0, ErrContradiction},
		{"AS998", soapAnswer(coded("Declined", "AS998")), Unknown, 0, ErrContradiction},
		{"a code of tomorrow", soapAnswer(coded("Success", "AS001")), Unknown, 0, ErrContradiction},
		{"a state of tomorrow", soapAnswer(coded("Deferred", "AS000")), Unknown, 0, ErrContradiction},
		{"no state", soapAnswer(coded("", "AS000")), Unknown, 0, ErrUnreadable},
		{"no code", soapAnswer(coded("Success", "")), Unknown, 0, ErrUnreadable},
		{"no amount", soapAnswer(cancelled().with(func(op *answerOperation) { op.amount = "" })), Unknown, 0, ErrUnreadable},
		{"an unreadable amount", soapAnswer(cancelled().with(func(op *answerOperation) { op.amount = "0,10" })), Unknown, 0, ErrUnreadable},

		{"another amount", soapAnswer(cancelled().with(func(op *answerOperation) { op.amount = "0.11" })), Unknown, 0, ErrOtherAnswer},
		{"another currency", soapAnswer(cancelled().with(func(op *answerOperation) { op.currency = "USD" })), Unknown, 0, ErrOtherAnswer},
		{"two equal ones", soapAnswer(cancelled(), older), Unknown, 0, ErrOtherAnswer},
		{"an equal declined older one beside it", soapAnswer(older.with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }), cancelled()), Unknown, 0, ErrOtherAnswer},
		{"an equal declined newer one beside it", soapAnswer(cancelled(), numbered(".4").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" })), Unknown, 0, ErrOtherAnswer},
		{"old", soapAnswer(cancelled().with(func(op *answerOperation) { op.date = "23.10.2013 12:58:36" })), Unknown, 0, ErrOtherAnswer},
		{"just not old", soapAnswer(cancelled().with(func(op *answerOperation) { op.date = "23.10.2013 12:58:37" })), Accepted, Succeeded, nil},
		{"no cancel among the operations", soapAnswer(cancelled().with(func(op *answerOperation) { op.kind = "100" })), Unknown, 0, ErrOtherAnswer},
		{"no operation", soapAnswer(), Unknown, 0, ErrOtherAnswer},
		{"the same operation twice", soapAnswer(cancelled(), cancelled()), Unknown, 0, ErrContradiction},
		{"an operation of another payment", soapAnswer(cancelled().with(func(op *answerOperation) { op.number = "5700027202722029.3" })), Unknown, 0, ErrOtherAnswer},
		{"another payment", strings.ReplaceAll(soapAnswer(cancelled()), "5700027202722028", "5700027202722029"), Unknown, 0, ErrOtherAnswer},
		{"two orders", strings.Replace(soapAnswer(cancelled()), "<packetdate>", "<order><billnumber>5700027202722028</billnumber><orderstate>Approved</orderstate></order><packetdate>", 1), Unknown, 0, nil},
		{"cut", soapAnswer(cancelled())[:600], Unknown, 0, ErrUnreadable},
		{"empty", "", Unknown, 0, ErrUnreadable},
		{"HTML", "<html><body>502 Bad Gateway</body></html>", Unknown, 0, ErrUnreadable},
		{"the answer of another service", strings.ReplaceAll(soapAnswer(cancelled()), "WSCancelResponseParams", "orderresultResponse"), Unknown, 0, ErrUnreadable},

		{"wrong password", codesFault(7, 102), Rejected, 0, nil},
		{"over-amount", codesFault(5, 108), Rejected, 0, nil},
		{"internal error", codesFault(2, 0), Unknown, 0, nil},
		{"duplicate", codesFault(11, 0), Unknown, 0, nil},
		{"timed out", codesFault(16, 0), Unknown, 0, nil},
		{"unexpected", codesFault(5, 1), Unknown, 0, nil},
		{"document too large", codesFault(5, 2), Unknown, 0, nil},
		{"an unknown second code", codesFault(5, 999), Unknown, 0, nil},
		{"a fault that says ok", codesFault(0, 0), Unknown, 0, ErrContradiction},
		{"a fault without codes", soapFault("<message>try later</message>"), Unknown, 0, ErrContradiction},
		{"a JSON fault beside codes", `{"firstcode":"7","secondcode":"102","fault":{"detail":{"firstcode":"5","secondcode":"108"}}}`, Unknown, 0, ErrContradiction},
		{"a fault with the codes as its text", soapFault("<message>5-108</message>"), Rejected, 0, nil},
		{"a fault with the codes in its prose", soapFault("<message>refused: 5-108</message>"), Unknown, 0, ErrContradiction},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mock := answering(http.StatusOK, test.body)
			x, err := mocked(t, mock).Cancel(t.Context(), webMoneyRequest(t))
			require.Equal(t, test.want, OutcomeOf(err), "%v", err)
			assert.Equal(t, 1, mock.GetTotalCallCount())
			assert.Equal(t, test.want == Accepted, x != nil, "a result stands beside no error")
			switch test.want {
			case Accepted:
				assert.Equal(t, test.status, x.Status)
				assert.Equal(t, Billnumber("5700027202722028.3"), x.Operation.Billnumber)
				assert.Equal(t, []Operation{x.Operation}, x.Operations)
			case Unknown:
				var unknown *UnknownOutcomeError
				require.ErrorAs(t, err, &unknown)
				assert.Equal(t, Billnumber("5700027202722028"), unknown.Intent.Request.Billnumber)
				assert.NotEmpty(t, unknown.Intent.ID)
				if test.is != nil {
					assert.ErrorIs(t, err, test.is)
				}
			case Rejected:
				assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "PETROV", "no card holder in an error")
			}
		})
	}
}

func TestVerdictAtAnyHTTPStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 401, 403, 404, 500, 502, 503} {
		_, err := mocked(t, answering(status, codesFault(7, 102))).Cancel(t.Context(), webMoneyRequest(t))
		assert.Equal(t, Rejected, OutcomeOf(err), status)
		assert.ErrorIs(t, err, ErrAuthentication)
		_, err = mocked(t, answering(status, "")).Cancel(t.Context(), webMoneyRequest(t))
		assert.Equal(t, Unknown, OutcomeOf(err), status)
	}
}

func TestVerdictOnOperationsKnownBefore(t *testing.T) {
	t.Parallel()
	req := webMoneyRequest(t)
	req.Order = &Order{Billnumber: req.Billnumber, Number: req.OrderNumber, Operations: []Operation{{Billnumber: "5700027202722028.3"}}}
	_, err := mocked(t, answering(200, soapAnswer(cancelled()))).Cancel(t.Context(), req)
	assert.Equal(t, Unknown, OutcomeOf(err), "the operation is in Request.Order")
	assert.ErrorIs(t, err, ErrOtherAnswer)

	req.Order.Operations[0].Billnumber = "5700027202722028.2"
	_, err = mocked(t, answering(200, soapAnswer(numbered(".2"), cancelled()))).Cancel(t.Context(), req)
	assert.Equal(t, Accepted, OutcomeOf(err), "%v", err)
}

func TestVerdictOnFullCancel(t *testing.T) {
	t.Parallel()
	money := func(op answerOperation, amount string) answerOperation {
		op.amount = amount
		return op
	}
	inProcess := numbered(".4").with(func(op *answerOperation) { op.state, op.code = "In Process", "AS300" })
	declined := numbered(".4").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS102" })
	tests := []struct {
		name   string
		body   string
		want   Outcome
		status CancelStatus
		own    int
	}{
		{"one payment", soapAnswer(money(cancelled(), "1.00")), Accepted, Succeeded, 1},
		{"two payments", soapAnswer(money(cancelled(), "0.80"), money(numbered(".4"), "0.20")), Accepted, Succeeded, 2},
		{"one of two in process", soapAnswer(money(cancelled(), "0.80"), inProcess), Accepted, InProcess, 2},
		{"one of two declined", soapAnswer(money(cancelled(), "0.80"), declined), Unknown, 0, 0},
		{"both declined", soapAnswer(coded("Declined", "AS102"), declined), Rejected, 0, 0},
		{"one in process, one declined", soapAnswer(numbered(".3").with(func(op *answerOperation) { op.state, op.code = "In Process", "AS300" }), declined), Unknown, 0, 0},
		{"an old partial cancel beside it", soapAnswer(numbered(".2").with(func(op *answerOperation) { op.date = "20.10.2013 10:00:00" }), money(cancelled(), "0.90")), Accepted, Succeeded, 1},
		{"more than was ordered", soapAnswer(money(cancelled(), "1.01")), Accepted, Succeeded, 1},
		{"in another currency than was ordered", soapAnswer(cancelled().with(func(op *answerOperation) { op.currency = "USD" })), Accepted, Succeeded, 1},
		{"more than was paid", soapAnswer(money(paid(), "1.00"), money(cancelled(), "1.01")), Unknown, 0, 0},
		{"more than was paid, together", soapAnswer(money(paid(), "1.00"), money(cancelled(), "0.80"), money(numbered(".4"), "0.21")), Unknown, 0, 0},
		{"less than was paid", soapAnswer(money(paid(), "1.00"), money(cancelled(), "0.90")), Accepted, Succeeded, 1},
		{"nothing", soapAnswer(money(cancelled(), "0.00")), Unknown, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := webMoneyRequest(t)
			req.Amount = Money{}
			x, err := mocked(t, answering(200, test.body)).CancelFull(t.Context(), req)
			require.Equal(t, test.want, OutcomeOf(err), "%v", err)
			if test.want == Accepted {
				assert.Equal(t, test.status, x.Status)
				assert.Len(t, x.Operations, test.own)
				assert.True(t, x.Intent.Full)
			}
		})
	}
}

func TestServerTextsAreScrubbed(t *testing.T) {
	t.Parallel()
	c := mocked(t, answering(200, ""))
	long := c.scrub("no\n\r\t\x00 such " + planted + " of " + testLogin + strings.Repeat(" ы", 500))
	assert.NotContains(t, long, planted)
	assert.NotContains(t, long, testLogin)
	assert.NotContains(t, long, "\n")
	assert.LessOrEqual(t, len([]rune(long)), maxMessage+1)

	for _, body := range []string{
		soapFault("<message>password " + planted + " is wrong</message>"),
		soapFault("<firstcode>7</firstcode><secondcode>102</secondcode><message>password " + planted + " of " + testLogin + " is wrong</message>"),
		soapAnswer(coded(planted, "AS000")),
		soapAnswer(coded("Success", planted)),
		planted,
		"<" + planted + ">",
		soapAnswer(cancelled().with(func(op *answerOperation) { op.amount = planted })),
		soapAnswer(cancelled().with(func(op *answerOperation) { op.number = planted })),
	} {
		_, err := mocked(t, answering(200, body)).Cancel(t.Context(), webMoneyRequest(t))
		require.Error(t, err)
		for e := err; e != nil; e = errors.Unwrap(e) {
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", e, e, e), planted)
		}
	}
}
