package assist

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faultTexts are the texts of a fault, in every shape that one is sent in.
type faultTexts struct{ code, text, message string }

func (f faultTexts) shapes() map[string]string {
	quote := func(text string) string {
		out, _ := json.Marshal(text)
		return string(out)
	}
	members := `"faultcode":` + quote(f.code) + `,"faultstring":` + quote(f.text) + `,"detail":{"message":` + quote(f.message) + `}`
	shapes := map[string]string{
		"SOAP": `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>` +
			`<faultcode>` + html.EscapeString(f.code) + `</faultcode><faultstring>` + html.EscapeString(f.text) + `</faultstring>` +
			`<detail><message>` + html.EscapeString(f.message) + `</message></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`,
		"JSON":          `{` + members + `}`,
		"JSON, wrapped": `{"fault":{` + members + `}}`,
	}
	if f.message == "" {
		shapes["SOAP, an empty detail"] = strings.Replace(shapes["SOAP"], "<detail><message></message></detail>", "<detail/>", 1)
		shapes["SOAP, no detail"] = strings.Replace(shapes["SOAP"], "<detail><message></message></detail>", "", 1)
		shapes["JSON, no detail"] = `{"faultcode":` + quote(f.code) + `,"faultstring":` + quote(f.text) + `}`
	}
	return shapes
}

// gatewayStatuses are those by which a gateway says that it gave up.
var gatewayStatuses = []int{408, 429, 502, 503, 504}

var otherStatuses = []int{200, 400, 401, 403, 404, 500}

// requireOutcome answers a cancel with a body, and tells the error.
func requireOutcome(t *testing.T, want Outcome, status int, body string) error {
	t.Helper()
	c := mocked(t, answering(status, body))
	_, err := c.Cancel(t.Context(), webMoneyRequest(t))
	require.Equal(t, want, OutcomeOf(err), "%v", err)
	_, again := c.Cancel(t.Context(), webMoneyRequest(t))
	require.Equal(t, want == Unknown, errors.Is(again, ErrUnresolved), "an unknown outcome closes the payment, a refusal doesn't: %v", again)
	return err
}

// Whatever a gateway writes, with whatever status, is no refusal by Assist.
func TestFaultInProseIsNoRefusal(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Retries exhausted: 3/3", "attempt 3/5 timed out", "Read timed out (attempt 5/5)", "upstream timeout, attempt 4 / 5",
		"retry in 10-120 seconds", "backend busy: 12/200 connections", "12/200 connections", "20/200 workers alive", "10/100 backends are up",
		"Повторите запрос через 3-5 минут", "попытка 3 / 3", "Сбой процессинга 12/04 в 10:15, операция обрабатывается",
		"5-108 is what the last request got", "error 5/108", "5/108.", "code 7-102", "7-102: wrong password", "[10/201]",
		"between 10-12 and 10-14", "10-12-2013", "since 24/10/2013", "2013-10-24", "call +7 495 100-20-30", "8-800-100-20-30",
		"HTTP/1.1 502 Bad Gateway", "nginx/1.18", "Apache 2.4-108", "TLS/1.2", "HTTP/2 5/108", "at 10.0.0.1/24", "1 - 2 - 3",
		// Alone, but not such as Assist would write.
		"7/7", "3/3", "5 / 5", "3-5", "10-12", "7-99", "12/04", "24/10", "1/201", "2-108", "8/102", "11/201", "16 - 216", "0/108",
		"5/999", "05/108", "504/108", "13/201", "",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			for place, fault := range map[string]faultTexts{
				"faultstring": {"soapenv:Server", text, ""},
				"faultcode":   {text, "refused", ""},
				"message":     {"soapenv:Server", "Gateway", text},
				"everywhere":  {text, text, text},
			} {
				for shape, body := range fault.shapes() {
					for _, status := range []int{200, 401, 500, 504} {
						err := requireOutcome(t, Unknown, status, body)
						require.ErrorIs(t, err, ErrContradiction, "%s of %s with %d", place, shape, status)
						require.NotErrorIs(t, err, ErrAuthentication)
					}
				}
			}
		})
	}
}

// Codes that stand alone, where Assist's documents put them, are a refusal, unless
// a gateway has answered.
func TestFaultOfCodesAloneIsARefusal(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]int{{7, 102}, {5, 108}, {10, 201}, {5, 143}, {14, 200}, {15, 308}, {3, 147}, {4, 190}, {12, 216}} {
		first, second := fmt.Sprint(pair[0]), fmt.Sprint(pair[1])
		for name, fault := range map[string]faultTexts{
			"the documented one":       {first, second, ""},
			"that with a message":      {first, second, "declined"},
			"that, padded":             {" " + first, second + " ", ""},
			"a faultstring":            {"soapenv:Server", first + " - " + second, ""},
			"a faultstring, close":     {"soapenv:Server", first + "-" + second, "see the table"},
			"a faultstring, a slash":   {"soapenv:Server", first + "/" + second, ""},
			"a faultstring, with dash": {"soapenv:Server", first + " – " + second, ""},
			"a faultcode":              {first + "-" + second, "refused", ""},
			"a message":                {"soapenv:Server", "refused", first + "-" + second},
		} {
			t.Run(first+"/"+second+" "+name, func(t *testing.T) {
				t.Parallel()
				for _, body := range fault.shapes() {
					for _, status := range otherStatuses {
						err := requireOutcome(t, Rejected, status, body)
						var api *APIError
						require.ErrorAs(t, err, &api)
						require.Equal(t, pair, [2]int{api.First, api.Second})
						require.True(t, api.InText)
					}
					for _, status := range gatewayStatuses {
						err := requireOutcome(t, Unknown, status, body)
						require.ErrorContains(t, err, fmt.Sprintf("HTTP %d", status))
					}
				}
			})
		}
	}
	for name, body := range map[string]string{
		"numbers":          `{"faultcode":7,"faultstring":102,"detail":""}`,
		"numbers, wrapped": `{"fault":{"faultcode":7,"faultstring":102,"detail":null}}`,
		"mixed":            `{"fault":{"faultcode":"7","faultstring":102,"detail":{}}}`,
	} {
		t.Run("JSON "+name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, requireOutcome(t, Rejected, http.StatusInternalServerError, body), ErrAuthentication)
		})
	}
}

// Assist's own fields prove a refusal whatever the status is.
func TestFaultWithOwnFieldsIsARefusal(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"SOAP":                    codesFault(5, 108),
		"SOAP, beside prose":      soapFault("<message>attempt 3/3</message><firstcode>5</firstcode><secondcode>108</secondcode>"),
		"SOAP, in a wrapper":      soapFault("<error><firstcode>5</firstcode><secondcode>108</secondcode></error>"),
		"JSON":                    `{"firstcode":5,"secondcode":"108"}`,
		"JSON, in the answer":     `{"wscancel":{"firstcode":"5","secondcode":"108"}}`,
		"JSON, in a fault":        `{"fault":{"faultcode":"Server","firstcode":"5","secondcode":"108"}}`,
		"JSON, in a detail":       `{"faultcode":"Server","faultstring":"x","detail":{"firstcode":5,"secondcode":108}}`,
		"XML":                     `<result firstcode='5' secondcode='108' count='0'></result>`,
		"XML, in elements":        `<result><firstcode>5</firstcode><secondcode>108</secondcode></result>`,
		"a second code below 100": `<result firstcode='5' secondcode='3'/>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range append(otherStatuses[:len(otherStatuses):len(otherStatuses)], gatewayStatuses...) {
				var api *APIError
				require.ErrorAs(t, requireOutcome(t, Rejected, status, body), &api)
				require.False(t, api.InText)
			}
		})
	}
}

// The words for a day balance that is too small are Assist's own wherever they
// stand.
func TestTurnoverWordsAreARefusal(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"Сумма отмены больше оборота мерчанта за текущий день",
		"The amount of cancellation is more than merchant turnover for the current day.",
		"Refused: THE AMOUNT OF CANCELLATION is more than  merchant turnover for the current day",
	} {
		for name, fault := range map[string]faultTexts{
			"faultstring":                  {"soapenv:Server", words, ""},
			"message":                      {"soapenv:Server", "refused", words},
			"faultstring beside a message": {"soapenv:Server", words, "see the table"},
			"beside the codes":             {"5", "108", words},
			"beside prose with numbers":    {"soapenv:Server", "attempt 3/3", words},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, body := range fault.shapes() {
					for _, status := range []int{200, 500, 504} {
						err := requireOutcome(t, Rejected, status, body)
						require.ErrorIs(t, err, ErrDayBalance, "of a card too")
					}
				}
			})
		}
	}
	err := requireOutcome(t, Unknown, http.StatusOK, faultTexts{"7", "102", "The amount of cancellation is more than merchant turnover"}.shapes()["SOAP"])
	require.ErrorIs(t, err, ErrContradiction, "texts that disagree are no codes")
}

func TestFaultIsQuotedInItsError(t *testing.T) {
	t.Parallel()
	fault := faultTexts{"soapenv:Server", "upstream " + testCredentials().Login + " failed,\n attempt 3/5", strings.Repeat("x", 1000)}
	text := requireOutcome(t, Unknown, http.StatusBadGateway, fault.shapes()["SOAP"]).Error()
	for _, part := range []string{`faultcode "soapenv:Server"`, `faultstring "upstream [redacted] failed, attempt 3/5"`, "firstcode", "looked for"} {
		assert.Contains(t, text, part)
	}
	assert.Less(t, len(text), 1200)
	assert.NotContains(t, text, testCredentials().Login)
	assert.Contains(t, requireOutcome(t, Unknown, http.StatusOK, `{"fault":{}}`).Error(), "it is empty")
}

// A question that gets codes as a text goes on: only Assist's own fields say that
// it lets this merchant ask nothing.
func TestWaitGoesOnAfterCodesInAText(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		ends bool
	}{
		"prose":                {faultTexts{"soapenv:Server", "Retries exhausted: 7/7", ""}.shapes()["SOAP"], false},
		"prose in JSON":        {faultTexts{"Server", "10/100 backends are up", ""}.shapes()["JSON"], false},
		"7/7 alone":            {faultTexts{"soapenv:Server", "7/7", ""}.shapes()["SOAP"], false},
		"the documented fault": {faultTexts{"7", "102", ""}.shapes()["SOAP"], false},
		"10/100 alone":         {faultTexts{"soapenv:Server", "10/100", ""}.shapes()["JSON"], false},
		"own fields":           {codesFault(7, 102), true},
		"own attributes":       {`<result firstcode="7" secondcode="102"/>`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				questions := 0
				c := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					if strings.Contains(req.URL.Path, "cancel") {
						return answerOf(req, soapAnswer(coded("In Process", "AS300"))), nil
					}
					if questions++; questions == 1 {
						return answerOf(req, test.body), nil
					}
					done := strings.NewReplacer("WSCancelResponseParams>", "orderresultResponse>").Replace(soapAnswer(cancelled()))
					return answerOf(req, strings.NewReplacer("<order>", "<orderresult><order>", "</order>", "</order></orderresult>").Replace(done)), nil
				}))
				x, err := c.Cancel(t.Context(), webMoneyRequest(t))
				require.NoError(t, err)
				x, err = c.Wait(t.Context(), x, time.Hour)
				if test.ends {
					require.ErrorIs(t, err, ErrAuthentication)
					require.Equal(t, 1, questions)
					return
				}
				require.NoError(t, err)
				require.Equal(t, Succeeded, x.Status)
				require.Equal(t, 2, questions)
			})
		})
	}
}
