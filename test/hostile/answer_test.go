package hostile_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

const planted = "pl4ntedPassw0rd"

const (
	testBase  = "https://assist.test"
	testLogin = "shop_login"
)

func testCredentials() assist.Credentials {
	return assist.Credentials{MerchantID: "515089", Login: testLogin, Password: assist.NewSecret(planted)}
}

// mocked is a client whose requests meet a transport of the test's own.
func mocked(t testing.TB, transport http.RoundTripper, opts ...assist.Option) *assist.Client {
	t.Helper()
	c, err := assist.NewClient(testBase, testCredentials(), append([]assist.Option{assist.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	require.NoError(t, err)
	return c
}

// answering is a transport that answers the cancel service with one body and
// counts the requests.
func answering(status int, body string) *httpmock.MockTransport {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodPost, testBase+"/cancel/wscancel.cfm", httpmock.NewStringResponder(status, body))
	mock.RegisterResponder(http.MethodPost, testBase+"/cancel/cancel.cfm", httpmock.NewStringResponder(status, body))
	return mock
}

func webMoneyRequest(t testing.TB) assist.CancelRequest {
	t.Helper()
	amount, err := assist.ParseMoney("0.10", "RUB")
	require.NoError(t, err)
	return assist.CancelRequest{
		Billnumber:  "5700027202722028",
		OrderNumber: "2013.10.23-700027-5",
		OrderDate:   time.Date(2013, 10, 23, 12, 59, 44, 0, time.UTC),
		Amount:      amount,
	}
}

// roundTripper is a transport made of one function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func bodyOf(t testing.TB, req *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	return string(body)
}

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
