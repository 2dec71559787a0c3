package assist

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notified is a notification of the payment that orderXML and operationXML
// show.
func notified(change func(url.Values)) url.Values {
	fields := url.Values{
		"merchant_id": {"515089"}, "ordernumber": {"n-7"}, "billnumber": {"5700027202722028.1"}, "orderamount": {"1.00"},
		"ordercurrency": {"RUB"}, "amount": {"1.00"}, "currency": {"RUB"}, "orderstate": {"Approved"}, "operationtype": {"100"},
		"responsecode": {"AS000"}, "orderdate": {"23.10.2013 12:59:44"}, "packetdate": {"24.10.2013 14:00"}, "cardholder": {"IVAN PETROV"},
		"CheckValue": {checkValueOf(NewSecret("secret"), "515089n-71.00RUBApproved")},
	}
	change(fields)
	return fields
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(url.Values) { return func(f url.Values) { f.Set(name, value) } }
	check := func(text string) string { return checkValueOf(NewSecret("secret"), text) }
	tests := []struct {
		name   string
		change func(url.Values)
		step   string // where it fails; empty when it is handled
		silent bool   // it may become right, so it gets no answer
	}{
		{"as it is", func(url.Values) {}, "", false},
		{"of older pages, over the operation's amount", func(f url.Values) { f.Del("orderamount"); f.Del("ordercurrency") }, "", false},
		{"plain billnumber", set("billnumber", "5700027202722028"), "", false},
		{"a new field", set("somethingnew", "x"), "", false},

		{"no check value", func(f url.Values) { f.Del("CheckValue") }, "verifying", false},
		{"wrong check value", set("CheckValue", knownCheckValue), "verifying", false},
		{"a state that was changed", set("orderstate", "Declined"), "verifying", false},
		{"another merchant", func(f url.Values) {
			f.Set("merchant_id", "515090")
		}, "comparing the merchant", false},
		{"no merchant", func(f url.Values) { f.Del("merchant_id") }, "reading", false},
		{"two merchants", func(f url.Values) { f["Merchant_ID"] = []string{"515089"} }, "reading", false},
		{"a field twice", func(f url.Values) { f["OrderNumber"] = []string{"n-7"} }, "reading", false},
		{"no code", func(f url.Values) { f.Del("responsecode") }, "reading", false},
		{"an unreadable amount", set("amount", "1,00"), "reading", false},
		{"an unreadable billnumber", set("billnumber", "57"), "reading", false},
		{"a payment that isn't listed yet", set("billnumber", "5700027202722029.1"), "asking order results", true},
		{"an operation that isn't listed yet", set("billnumber", "5700027202722028.2"), "comparing with order results", true},
		{"a cancel that isn't listed yet, with a plain number", func(f url.Values) {
			f.Set("billnumber", "5700027202722028")
			f.Set("operationtype", "300")
		}, "comparing with order results", true},
		{"another type of operation", set("operationtype", "300"), "comparing with order results", false},
		{"another amount of the operation", set("amount", "0.50"), "comparing with order results", false},
		{"another amount of the order", func(f url.Values) {
			f.Set("orderamount", "2.00")
			f.Set("CheckValue", check("515089n-72.00RUBApproved"))
		}, "comparing with order results", false},
		{"another currency", func(f url.Values) {
			f.Set("ordercurrency", "USD")
			f.Set("CheckValue", check("515089n-71.00USDApproved"))
		}, "comparing with order results", false},
		{"no order number", func(f url.Values) {
			f.Del("ordernumber")
			f.Set("CheckValue", check("5150891.00RUBApproved"))
		}, "reading", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			// The order services are asked through the same client, whose answers must
			// satisfy the verifier too.
			c := asked(t, func(url.Values) string {
				return orderXML("5700027202722028", operationXML+"<checkvalue>"+check("515089n-71.00RUBApproved")+"</checkvalue>")
			}, WithVerifier(checkValueVerifierOf(t, "secret", "515089")), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			var got []Order
			h, err := c.NotificationHandler(func(_ context.Context, o Order) error { got = append(got, o); return nil })
			require.NoError(t, err)
			answer := post(h, notified(test.change).Encode())
			if test.silent {
				assert.Equal(t, silence, answer)
				assert.Empty(t, got)
				assert.Contains(t, log.String(), test.step)
				return
			}
			if test.step == "" {
				assert.Contains(t, answer, `firstcode="0" secondcode="0"><order><billnumber>5700027202722028`)
				assert.Contains(t, answer, `<packetdate>24.10.2013 14:00</packetdate>`)
				require.Len(t, got, 1)
				assert.Equal(t, OrderApproved, got[0].State)
				assert.Empty(t, got[0].Operations[0].CardHolder, "the order is that of order results")
				return
			}
			assert.Contains(t, answer, `<pushpaymentresult firstcode="1" secondcode="0"></pushpaymentresult>`)
			assert.Empty(t, got)
			assert.Contains(t, log.String(), test.step)
			assert.NotContains(t, log.String(), "PETROV")
		})
	}
}

// silence stands for no answer at all.
const silence = "(the connection is closed)"

func post(h http.Handler, body string) string {
	return postAs(h, "application/x-www-form-urlencoded", body)
}

func postAs(h http.Handler, contentType, body string) (answer string) {
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	defer func() {
		switch value := recover(); value {
		case nil:
		case http.ErrAbortHandler:
			answer = silence + w.Body.String()
		default:
			panic(value)
		}
	}()
	h.ServeHTTP(w, req)
	return w.Body.String()
}

func TestNotificationsThatAreNoForms(t *testing.T) {
	t.Parallel()
	c := asked(t, func(url.Values) string { return "" }, WithVerifier(verifierFunc(func(SignedAnswer) error { return nil })))
	h, err := c.NotificationHandler(func(context.Context, Order) error { return errors.New("not called") })
	require.NoError(t, err)
	const refused = `firstcode="1"`
	assert.Contains(t, post(h, "%zz"), refused)
	assert.Contains(t, post(h, "a="+strings.Repeat("x", maxNotification)), refused)

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("<ws:PushPaymentResult/>")))
	assert.Contains(t, w.Body.String(), refused)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?merchant_id=515089", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "POST", w.Header().Get("Allow"))
}

func TestNotificationHandlerSettingsAndFailures(t *testing.T) {
	t.Parallel()
	c := mocked(t, answering(http.StatusOK, ""))
	_, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
	require.ErrorContains(t, err, "WithVerifier", "anybody can post to a URL")
	any := WithVerifier(verifierFunc(func(SignedAnswer) error { return nil }))
	c = asked(t, func(url.Values) string { return orderXML("5700027202722028", operationXML) }, any)
	_, err = c.NotificationHandler(nil)
	assert.Equal(t, NotSent, OutcomeOf(err))

	_, err = c.NotificationHandler(func(context.Context, Order) error { return nil }, nil)
	assert.Equal(t, NotSent, OutcomeOf(err))

	h, err := c.NotificationHandler(func(context.Context, Order) error { return nil })
	require.NoError(t, err)
	answer := post(h, notified(func(f url.Values) { f.Set("packetdate", `<a b="&">`) }).Encode())
	assert.Contains(t, answer, "<packetdate>&lt;a b=&#34;&amp;&#34;&gt;</packetdate>")
}
