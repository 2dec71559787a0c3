package assist

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
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
	long := c.keys.scrub("no\n\r\t\x00 such " + planted + " of " + testLogin + strings.Repeat(" ы", 500))
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

func in1251(t testing.TB, text string) string {
	t.Helper()
	out, err := charmap.Windows1251.NewEncoder().String(text)
	require.NoError(t, err)
	return out
}

// typed answers everything with one body of a Content-Type.
func typed(t testing.TB, contentType, body string, opts ...Option) *Client {
	t.Helper()
	return mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		resp := answerOf(req, body)
		resp.Header.Set("Content-Type", contentType)
		return resp, nil
	}), opts...)
}

// textAnswer is the answer to the test's cancel in one format, with a state and a
// comment.
type textAnswer struct {
	name     string
	protocol Protocol
	write    func(state, comment string) string
}

func textAnswers() []textAnswer {
	return []textAnswer{
		{"SOAP", SOAP, func(state, comment string) string {
			return strings.Replace(soapAnswer(coded(state, "AS000")), "<orderdate>", "<ordercomment>"+comment+"</ordercomment><orderdate>", 1)
		}},
		{"XML", Form(FormatXML), func(state, comment string) string {
			return `<result firstcode="0" secondcode="0"><orders><order><billnumber>5700027202722028.3</billnumber><ordernumber>2013.10.23-700027-5</ordernumber>` +
				`<operationtype>300</operationtype><operationstate>` + state + `</operationstate><amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode>` +
				`<orderstate>PartialCanceled</orderstate><ordercomment>` + comment + `</ordercomment></order></orders></result>`
		}},
		{"CSV", Form(FormatCSV), func(state, comment string) string {
			return "billnumber:5700027202722028.3;ordernumber:2013.10.23-700027-5;operationtype:300;operationstate:" + state +
				";amount:0.10;currency:RUB;responsecode:AS000;orderstate:PartialCanceled;ordercomment:" + comment + ";\n"
		}},
		{"JSON", JSON, func(state, comment string) string {
			return `{"wscancel":{"order":{"billnumber":"5700027202722028","ordernumber":"2013.10.23-700027-5","orderstate":"PartialCanceled","ordercomment":"` + comment + `",` +
				`"operations":[{"billnumber":"5700027202722028.3","operationtype":"300","operationstate":"` + state + `","amount":"0.10","currency":"RUB","responsecode":"AS000"}]}}}`
		}},
	}
}

// The charset decides what the words of a state are; nothing else hangs on it.
func TestCharsetOfAnAnswer(t *testing.T) {
	t.Parallel()
	const state, comment = "Завершено успешно", "за чай"
	for _, answer := range textAnswers() {
		for name, test := range map[string]struct {
			contentType, declaration string
			in1251                   bool
			want                     Outcome
		}{
			"UTF-8":                       {"text/plain", "", false, Accepted},
			"utf8":                        {"text/plain; charset=utf8", "", false, Accepted},
			"a charset that nobody knows": {"text/plain; charset=klingon", "", false, Accepted},
			"windows-1251":                {"text/plain; charset=windows-1251", "", true, Accepted},
			"cp1251":                      {`text/plain; charset="cp1251"`, "", true, Accepted},
			"Win-1251":                    {"text/plain;charset=Win-1251;", "", true, Accepted},
			"x-cp1251, with a colon":      {"text/plain; charset: x-cp1251", "", true, Accepted},
			"nobody says it":              {"text/plain", "", true, Unknown},
			"the wrong one":               {"text/plain; charset=windows-1251", "", false, Unknown},
			"declared":                    {"text/xml", "cp1251", true, Accepted},
			"declared UTF8":               {"text/xml", "UTF8", false, Accepted},
			"made over on its way":        {"text/xml; charset=utf-8", "windows-1251", false, Accepted},
			"not made over":               {"text/xml; charset=utf-8", "windows-1251", true, Accepted},
			"HTTP ahead of a declaration": {"text/xml; charset=windows-1251", "utf-8", true, Accepted},
		} {
			if test.declaration != "" && !strings.Contains(answer.name, "XML") && answer.name != "SOAP" {
				continue
			}
			t.Run(answer.name+" "+name, func(t *testing.T) {
				t.Parallel()
				body := answer.write(state, comment)
				if test.declaration != "" {
					body = `<?xml version="1.0" encoding="` + test.declaration + `"?>` + body
				}
				if test.in1251 {
					body = in1251(t, body)
				}
				x, err := typed(t, test.contentType, body, WithProtocol(answer.protocol)).Cancel(t.Context(), webMoneyRequest(t))
				require.Equal(t, test.want, OutcomeOf(err), "%v", err)
				if test.want == Accepted {
					assert.Equal(t, comment, x.Order.Comment)
				}
			})
		}
	}
}

// A comment may hold anything.
func TestRubbishInAComment(t *testing.T) {
	t.Parallel()
	for _, answer := range textAnswers() {
		for name, test := range map[string]struct{ comment, want string }{
			"a vertical tab":           {"tea\x0bgreen", "tea\ufffdgreen"},
			"a NUL":                    {"tea\x00green", "tea\ufffdgreen"},
			"an escape":                {"tea\x1b[0mgreen", "tea\ufffd[0mgreen"},
			"a tab":                    {"tea\tgreen", "tea\tgreen"},
			"bytes of another charset": {in1251(t, "за чай"), "\ufffd\ufffd \ufffd\ufffd\ufffd"},
			"half a character":         {"tea \xd0", "tea \ufffd"},
			"a bare ampersand":         {"tea & cake", "tea & cake"},
			"an emoji":                 {"tea 😀", "tea 😀"},
		} {
			t.Run(answer.name+" "+name, func(t *testing.T) {
				t.Parallel()
				x, err := typed(t, "text/plain; charset=utf-8", answer.write("Success", test.comment), WithProtocol(answer.protocol)).Cancel(t.Context(), webMoneyRequest(t))
				require.NoError(t, err)
				assert.Equal(t, test.want, x.Order.Comment)
			})
		}
	}
	for comment, want := range map[string]string{
		"tea&#11;green": "tea\ufffdgreen", "tea&nbsp;green": "tea&nbsp;green", "&#55357;&#56832;": "\ufffd\ufffd", "<![CDATA[a & <b>]]>": "a & <b>", "a ]]> b": "a ]]> b",
	} {
		x, err := typed(t, "text/xml", textAnswers()[0].write("Success", comment)).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		assert.Equal(t, want, x.Order.Comment)
	}
	for comment, want := range map[string]string{`tea\ud83d`: "tea\ufffd", "tea\r\ngreen": "tea\r\ngreen", `tea\u0000`: "tea\x00"} {
		x, err := typed(t, "application/json", textAnswers()[3].write("Success", comment), WithProtocol(JSON)).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		assert.Equal(t, want, x.Order.Comment)
	}
}

// The same in a text that decides makes the answer unreadable: what it says may be
// anything, and what it hides too.
func TestRubbishInATextThatDecides(t *testing.T) {
	t.Parallel()
	decides := []string{"5700027202722028.3", ">300<", ":300;", `"300"`, "0.10", "RUB", "AS000", "Success", "PartialCanceled"}
	for _, answer := range textAnswers() {
		whole := answer.write("Success", "tea")
		for _, text := range decides {
			if !strings.Contains(whole, text) {
				continue
			}
			for _, rubbish := range []string{"\x0b", "\x00", "\xff", "\xc0", "&", "&nbsp;", "&#11;", "\ufffd", "\u0085", "\u2028", "\\u0000", "\\ud83d"} {
				if strings.HasPrefix(rubbish, "\\") && answer.name != "JSON" || strings.HasPrefix(rubbish, "&#") && answer.name == "JSON" || strings.HasSuffix(rubbish, ";") && answer.name == "CSV" {
					continue
				}
				body := strings.ReplaceAll(whole, text, text[:2]+rubbish+text[2:])
				_, err := typed(t, "text/plain", body, WithProtocol(answer.protocol)).Cancel(t.Context(), webMoneyRequest(t))
				require.Equal(t, Unknown, OutcomeOf(err), "%s: %q: %v", answer.name, body, err)
			}
		}
	}
}

// A listed operation whose type can't be read is not passed over as something
// else's: the listing is no answer.
func TestRubbishHidesNoOperation(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"30\x0b0", "30\xff0", "300&", "ЗОО", "３００"} {
		body := orderXML("5700027202722028", strings.Replace(operationXML, "<operationtype>100<", "<operationtype>"+kind+"<", 1))
		require.Contains(t, body, kind)
		_, err := typed(t, "text/xml; charset=utf-8", body, WithProtocol(Form(FormatXML))).OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
		require.ErrorIs(t, err, ErrUnreadable, kind)
	}
}

// An operation's number that came as a JSON number may have lost its zeros.
func TestBillnumberOfAJSONNumber(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]Billnumber{
		`"5700027202722028.10"`: "5700027202722028.10",
		`5700027202722028.10`:   "5700027202722028",
		`5700027202722028.1`:    "5700027202722028",
		`5700027202722028.3`:    "5700027202722028",
		`5700027202722028`:      "5700027202722028",
	} {
		body := strings.Replace(textAnswers()[3].write("Success", "tea"), `"5700027202722028.3"`, number, 1)
		x, err := typed(t, "application/json", body, WithProtocol(JSON)).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err, number)
		assert.Equal(t, want, x.Operation.Billnumber, number)
	}
	for _, number := range []string{"5.700027202722028E15", "57000272027220280", "-5700027202722028", "true"} {
		body := strings.Replace(textAnswers()[3].write("Success", "tea"), `"5700027202722028.3"`, number, 1)
		_, err := typed(t, "application/json", body, WithProtocol(JSON)).Cancel(t.Context(), webMoneyRequest(t))
		require.ErrorIs(t, err, ErrUnreadable, number)
	}
}

func TestFieldsByTwoNames(t *testing.T) {
	t.Parallel()
	body := strings.Replace(orderXML("5700027202722028", operationXML), "</operation>",
		"<protocolname>POS</protocolname><recomendation>call</recomendation></operation>", 1)
	orders, err := typed(t, "text/xml", body, WithProtocol(Form(FormatXML))).OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	operation := orders[0].Operations[0]
	assert.Equal(t, "POS", operation.ProtocolTypeName)
	assert.Equal(t, "call", operation.Recommendation)
}

// A merchant's verifier is asked about the texts and about the bytes; either may
// be what was signed.
func TestVerifiersGetTheBytesAsSent(t *testing.T) {
	t.Parallel()
	const number = "Заказ-7"
	sign := func(number string) string {
		sum := func(text string) string {
			s := md5.Sum([]byte(text))
			return strings.ToUpper(hex.EncodeToString(s[:]))
		}
		lower := func(text string) string { s := md5.Sum([]byte(text)); return hex.EncodeToString(s[:]) }
		return sum(strings.ToUpper(lower("secret") + lower("515089"+number+"1.00RUBApproved")))
	}
	v, err := NewCheckValueVerifier(NewSecret("secret"), "515089")
	require.NoError(t, err)
	for name, test := range map[string]struct {
		contentType, signed string
		in1251, believed    bool
	}{
		"UTF-8, signed so":                  {"text/xml", number, false, true},
		"windows-1251, signed so":           {"text/xml; charset=cp1251", in1251(t, number), true, true},
		"windows-1251, its text signed":     {"text/xml; charset=cp1251", number, true, true},
		"UTF-8, the other bytes signed":     {"text/xml", in1251(t, number), false, false},
		"windows-1251, another text signed": {"text/xml; charset=cp1251", number + "0", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := strings.Replace(orderXML("5700027202722028", ""), "n-7", number, 1)
			body = strings.Replace(body, "</order>", "<checkvalue>"+sign(test.signed)+"</checkvalue></order>", 1)
			if test.in1251 {
				body = in1251(t, body)
			}
			orders, err := typed(t, test.contentType, body, WithProtocol(Form(FormatXML)), WithVerifier(v)).OrderState(t.Context(), OrderQuery{OrderNumber: number})
			if !test.believed {
				var refused *SignatureError
				require.ErrorAs(t, err, &refused)
				return
			}
			require.NoError(t, err)
			require.Equal(t, number, orders[0].Number)
		})
	}
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
			d := &scripted{cancel: test.body}
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
			d := &scripted{cancel: test.body}
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
		d := &scripted{cancel: strings.Replace(declined, "<cardholder>", "<"+element+">"+both+"</"+element+"><cardholder>", 1)}
		a := try(t.Context(), t, d.client(t))
		assert.Equal(t, Rejected, OutcomeOf(a.err), element)
		assert.NotContains(t, fmt.Sprintf("%#v", a.err), "PETROV")
	}
	for _, body := range []string{soapAnswer(coded(both, "AS000")), soapAnswer(coded("Success", both)), soapFault("<message>" + both + "</message>")} {
		d := &scripted{cancel: body}
		try(t.Context(), t, d.client(t)).isUnknown(t)
	}
	d := &scripted{cancel: soapFault("<firstcode>7</firstcode><secondcode>102</secondcode><message>" + both + "</message>")}
	a := try(t.Context(), t, d.client(t))
	assert.ErrorIs(t, a.err, ErrAuthentication)
}

func TestFaultWithoutCodesTellsItsMessage(t *testing.T) {
	t.Parallel()
	d := &scripted{cancel: soapFault("<message>try later</message>")}
	_, err := d.client(t).Cancel(t.Context(), webMoneyRequest(t))
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.ErrorContains(t, err, "try later")
}

// A plain billnumber in a flat answer names the payment, not the operation.
func TestPlainBillnumberIsNoClaim(t *testing.T) {
	t.Parallel()
	d := &scripted{cancel: flatAnswer(`firstcode="0" secondcode="0" count="1"`, "5700027202722028", "AS000")}
	client := d.client(t, WithProtocol(Form(FormatXML)))
	for range 2 {
		_, err := client.Cancel(t.Context(), webMoneyRequest(t))
		assert.NoError(t, err)
	}
}
