package assist

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asked is a client with the form protocol whose order services answer by a
// function of the form that was sent.
func asked(t *testing.T, answer func(url.Values) string, opts ...Option) *Client {
	mock := httpmock.NewMockTransport()
	for _, service := range []string{"orderresult", "orderstate", "resultbydate"} {
		mock.RegisterResponder(http.MethodPost, testBase+"/"+service+"/"+service+".cfm", func(req *http.Request) (*http.Response, error) {
			form, err := url.ParseQuery(bodyOf(t, req))
			if err != nil {
				return nil, err
			}
			return httpmock.NewStringResponse(http.StatusOK, answer(form)), nil
		})
	}
	return mocked(t, mock, append([]Option{WithProtocol(Form(FormatXML))}, opts...)...)
}

func orderXML(billnumber, inner string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><result firstcode="0" secondcode="0" count="1"><order><ordernumber>n-7</ordernumber><billnumber>` + billnumber +
		`</billnumber><orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency><orderstate>Approved</orderstate>` + inner +
		`<packetdate>24.10.2013 14:00</packetdate></order></result>`
}

func codesXML(first, second int) string {
	return fmt.Sprintf(`<?xml version="1.0"?><result firstcode='%d' secondcode='%d' count='0'></result>`, first, second)
}

const operationXML = `<operation><billnumber>5700027202722028.1</billnumber><operationtype>100</operationtype><operationstate>Success</operationstate>` +
	`<amount>1.00</amount><currency>RUB</currency><clientip>192.0.2.1</clientip><meantype_id>30</meantype_id><responsecode>AS000</responsecode>` +
	`<operationdate>23.10.2013 13:00:00</operationdate></operation>`

func TestOrderResult(t *testing.T) {
	t.Parallel()
	var sent url.Values
	now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.FixedZone("UTC+5", 5*3600))
	c := asked(t, func(form url.Values) string { sent = form; return orderXML("5700027202722028", operationXML) },
		WithClock(func() time.Time { return now }), WithLanguage(LanguageEN))
	orders, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	require.Len(t, orders, 1)
	assert.Equal(t, "n-7", orders[0].Number)
	assert.Equal(t, OrderApproved, orders[0].State)
	assert.Equal(t, time.Date(2013, 10, 24, 14, 0, 0, 0, time.UTC), orders[0].PacketDate, "a packet date without seconds")
	require.Len(t, orders[0].Operations, 1)
	assert.Equal(t, "192.0.2.1", orders[0].Operations[0].IPAddress)
	assert.Equal(t, WebMoney, orders[0].walletOf("5700027202722028"))

	assert.Equal(t, "n-7", sent.Get("Ordernumber"))
	assert.Equal(t, "3", sent.Get("Format"))
	assert.Equal(t, "EN", sent.Get("Language"))
	assert.Equal(t, []string{"2025", "2", "28", "7", "0"}, momentOf(sent, "Start"), "366 days back, in GMT")
	assert.Equal(t, []string{"", "", "", "", ""}, momentOf(sent, "End"))
}

func momentOf(form url.Values, prefix string) []string {
	var parts []string
	for _, part := range []string{"Year", "Month", "Day", "Hour", "Min"} {
		parts = append(parts, form.Get(prefix+part))
	}
	return parts
}

func TestOrderStateWithAWindow(t *testing.T) {
	t.Parallel()
	var sent url.Values
	c := asked(t, func(form url.Values) string { sent = form; return orderXML("5700027202722028", "") })
	moscow := time.FixedZone("UTC+4", 4*3600)
	orders, err := c.OrderState(t.Context(), OrderQuery{
		OrderNumber: "n-7",
		From:        time.Date(2013, 10, 23, 1, 2, 59, 0, moscow),
		To:          time.Date(2013, 10, 24, 1, 2, 1, 0, moscow),
	})
	require.NoError(t, err)
	assert.Empty(t, orders[0].Operations)
	assert.Equal(t, []string{"2013", "10", "22", "21", "2"}, momentOf(sent, "Start"), "rounded down")
	assert.Equal(t, []string{"2013", "10", "23", "21", "3"}, momentOf(sent, "End"), "rounded up")
}

func TestOrderQuestionsThatFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		is         error
	}{
		{"nothing found", codesXML(0, 0), ErrOrderNotFound},
		{"no such order", codesXML(10, 201), ErrOrderNotFound},
		{"wrong password", codesXML(7, 102), ErrAuthentication},
		{"another order number", strings.Replace(orderXML("5700027202722028", ""), "n-7", "n-8", 1), ErrOtherAnswer},
		{"no billnumber", orderXML("", ""), ErrUnreadable},
		{"a wrong billnumber", orderXML("57", ""), ErrUnreadable},
		{"a wrong order amount", strings.Replace(orderXML("5700027202722028", ""), "1.00", "1,00", 1), ErrUnreadable},
		{"an operation without state", orderXML("5700027202722028", strings.Replace(operationXML, "Success", "", 1)), ErrUnreadable},
		{"an operation of another payment", orderXML("5700027202722028", strings.Replace(operationXML, "2028.1", "2029.1", 1)), ErrOtherAnswer},
		{"HTML", "<html></html>", ErrUnreadable},
		{"nothing", "", ErrUnreadable},
		{"cut", orderXML("5700027202722028", "")[:100], ErrUnreadable},
		{"first code 0 with a second", codesXML(0, 3), ErrContradiction},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := asked(t, func(url.Values) string { return test.body })
			orders, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
			var failed *FollowError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, "orderresult", failed.Service)
			require.ErrorIs(t, err, test.is)
			assert.Equal(t, Unknown, OutcomeOf(err), "a question says nothing about the money")
			assert.Nil(t, orders)
		})
	}
	c := asked(t, func(url.Values) string { return "" })
	for field, query := range map[string]OrderQuery{
		"OrderNumber": {}, "To": {OrderNumber: "n", From: time.Unix(100, 0), To: time.Unix(1, 0)},
	} {
		_, err := c.OrderResult(t.Context(), query)
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, field, wrong.Field)
		assert.Equal(t, Unknown, OutcomeOf(err), "a question that can't be asked says nothing about the money")
	}
}

func TestQuestionThatNeverArrives(t *testing.T) {
	t.Parallel()
	c := mocked(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }))
	_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n"})
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.ErrorContains(t, err, "no route")
}
