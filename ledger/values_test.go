package ledger

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
	_ "time/tzdata" // a machine without zone data must not change what is tested

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
)

const testPayment = assist.Billnumber("5700027202722028")

var wallets = []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI}

func rub(t testing.TB, amount string) assist.Money {
	t.Helper()
	m, err := assist.ParseMoney(amount, "RUB")
	require.NoError(t, err)
	return m
}

// kopecks is an amount in minor units.
func kopecks(minor int64) assist.Money {
	m, err := assist.NewMoney(minor, "RUB")
	if err != nil {
		panic(err)
	}
	return m
}

// utc reads an instant as the wire writes it.
func utc(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04:05", text)
	require.NoError(t, err)
	return instant.UTC()
}

// op is an operation of the test payment.
func op(t testing.TB, number string, kind assist.OperationType, mean int, amount string, change ...func(*assist.Operation)) assist.Operation {
	t.Helper()
	o := assist.Operation{
		Billnumber: testPayment + "." + assist.Billnumber(number), Type: kind, State: assist.OperationSuccess, ResponseCode: assist.ResponseDone,
		Amount: rub(t, amount), MeanTypeID: mean, Date: utc(t, "2026-03-01 09:00:00"),
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func dated(at time.Time) func(*assist.Operation) { return func(o *assist.Operation) { o.Date = at } }

func result(state assist.OperationState, code assist.ResponseCode) func(*assist.Operation) {
	return func(o *assist.Operation) { o.State, o.ResponseCode = state, code }
}

func broken(t testing.TB, err error) *assist.WalletRuleError {
	t.Helper()
	var rule *assist.WalletRuleError
	require.ErrorAs(t, err, &rule)
	assert.Equal(t, assist.NotSent, assist.OutcomeOf(err))
	return rule
}

// askingBy is a client whose questions a transport answers.
func askingBy(t testing.TB, transport http.RoundTripper, opts ...assist.Option) *assist.Client {
	t.Helper()
	merchant := assist.Credentials{MerchantID: "515089", Login: "login_12", Password: assist.NewSecret("password1")}
	c, err := assist.NewClient("https://assist.test", merchant, append([]assist.Option{assist.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	require.NoError(t, err)
	return c
}

func formOf(req *http.Request) (url.Values, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(string(body))
}

func codesXML(first, second int) string {
	return fmt.Sprintf(`<?xml version="1.0"?><result firstcode='%d' secondcode='%d' count='0'></result>`, first, second)
}

func momentOf(form url.Values, prefix string) []string {
	var parts []string
	for _, part := range []string{"Year", "Month", "Day", "Hour", "Min"} {
		parts = append(parts, form.Get(prefix+part))
	}
	return parts
}

func momentAt(form url.Values, prefix string) time.Time {
	var n [5]int
	for i, text := range momentOf(form, prefix) {
		n[i], _ = strconv.Atoi(text)
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], 0, 0, time.UTC)
}
