package control

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFaultsAsWritten(t *testing.T) {
	t.Parallel()
	for _, w := range words() {
		assert.Contains(t, FaultHelp(), w.name)
		_, err := ParseFault(w.name)
		require.NoError(t, err, "each goes without arguments")
		_, err = ParseFault(w.name + ":" + w.usage + "+cut@any")
		require.NoError(t, err, w.name)
	}
	for text, want := range map[string]assisttest.Fault{
		"in-process:2m,AS100+die-after": assisttest.InProcess(2*60e9, "AS100").And(assisttest.DieAfter()),
		" skip:-2@resultbydate\n":       assisttest.SkipOperation(-2).For(assisttest.ResultsByDate),
		"refuse:2,1+after-doing":        assisttest.Refuse(2, 1).AfterDoing(),
		"gateway:504,a, b: 3/3":         assisttest.GatewayFault(504, "a, b: 3/3"),
		"gateway+without-doing":         assisttest.GatewayFault(503, "Retries exhausted: 3/3").WithoutDoing(),
		"by-hand-after":                 assisttest.HandRefundAfter(assist.Money{}),
		"clocks:1s,-2m":                 {},
	} {
		got, err := ParseFault(text)
		if text == "clocks:1s,-2m" {
			assert.Error(t, err, "one is missing")
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, want.And(assisttest.Fault{}), got.And(assisttest.Fault{}), text)
	}
	for _, text := range []string{"", "flood", "die-before:1", "refuse:5", "refuse:a,b", "html:502,1", "late:soon", "by-hand-after:1,00", "cut@elsewhere", "cut+"} {
		_, err := ParseFault(text)
		assert.Error(t, err, text)
	}
}

func TestSimulatorAnswersWhatMoved(t *testing.T) {
	t.Parallel()
	const bill = "5700027202722028"
	server := New(true, time.Hour, "secret")
	handler := Handler(server)
	ask := func(method, target, body string, header ...string) (int, string) {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	credentials := server.Credentials()
	access := url.Values{"Merchant_ID": {credentials.MerchantID}, "Login": {credentials.Login}, "Password": {credentials.Password.Reveal()}}.Encode()
	for _, step := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"GET", "/moved?billnumber=" + bill, "", 200, "moved 0.20 RUB, may still move 0.00 RUB\n"},
		{"GET", "/moved?billnumber=" + bill + ".2", "", 200, "moved 0.20 RUB, may still move 0.00 RUB\n"},
		{"GET", "/moved?billnumber=5999999999999999", "", 404, "no payment"},
		{"GET", "/moved", "", 404, "no payment"},
		{"POST", "/faults", "in-process:1h,AS000+html\n\nhtml@orderresult\n", 200, "2 more"},
		{"POST", "/faults", "cut\nflood", 400, "flood"},
		{"POST", "/cancel/wscancel.cfm", access + "&billnumber=" + bill + "&amount=0.10&currency=RUB", 502, "Bad Gateway"},
		{"GET", "/moved?billnumber=" + bill, "", 200, "moved 0.20 RUB, may still move 0.10 RUB\n"},
		{"POST", "/advance", "by=1h", 200, "2013-10-24T14:58:"},
		{"POST", "/advance", "by=soon", 400, "soon"},
		{"GET", "/moved?billnumber=" + bill, "", 200, "moved 0.30 RUB, may still move 0.00 RUB\n"},
		{"POST", "/refund-by-hand", "billnumber=" + bill + "&amount=0.50&currency=RUB", 200, bill + ".4\n"},
		{"POST", "/refund-by-hand", "billnumber=" + bill + "&amount=0.50&currency=RUB", 409, "5/108"},
		{"POST", "/refund-by-hand", "billnumber=" + bill + "&amount=0,50&currency=RUB", 400, "not an amount"},
		{"POST", "/refund-by-hand", "billnumber=" + bill, 200, bill + ".5\n"},
		{"POST", "/orderresult/orderresult.cfm", access + "&billnumber=" + bill, 502, "Bad Gateway"},
		{"POST", "/orderresult/orderresult.cfm", access + "&billnumber=" + bill, 200, "<checkvalue>"},
		{"POST", "/moved", "", 404, "Not Found"},
	} {
		status, body := ask(step.method, step.target, step.body)
		assert.Equal(t, step.status, status, step)
		assert.Contains(t, body, step.want, step)
	}
	status, body := ask("GET", "/moved?billnumber="+bill, "", "Accept", "application/json")
	assert.Equal(t, 200, status)
	assert.JSONEq(t, `{"billnumber":"`+bill+`","moved":"0.30","pending":"0.70","currency":"RUB"}`, body)
}
