package assisttest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServesOnLoopback(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t)
	assert.True(t, strings.HasPrefix(s.URL, "http://127.0.0.1:"))
	order := s.Pay(assisttest.Payment{})
	first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber))
	assert.Equal(t, "0/0", first)
}

func TestDateHeaderFollowsTheClock(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	s.SetClock(func() time.Time { return time.Date(2024, time.May, 10, 12, 0, 0, 0, time.FixedZone("", 3*60*60)) })
	answer, err := postForm(s, pathState, "Ordernumber", "a")
	require.NoError(t, err)
	assert.Equal(t, "Fri, 10 May 2024 09:00:00 GMT", answer.header.Get("Date"))
	s.Advance(-time.Minute)
	answer, err = postForm(s, pathState, "Ordernumber", "a")
	require.NoError(t, err)
	assert.Equal(t, "Fri, 10 May 2024 08:59:00 GMT", answer.header.Get("Date"))
}

func TestRequestsAreRemembered(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	now := time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC)
	s.StandAt(now)
	order := s.Pay(assisttest.Payment{Bonus: rub(t, "40.00")})
	bill := string(order.Billnumber)
	_, err := postSOAP(s, pathCancel, "WSCancelRequestParams", "Billnumber", bill, "CancelReason", "3")
	require.NoError(t, err)
	_, err = postJSON(s, pathState, "ordernumber", order.Number)
	require.NoError(t, err)
	_, err = postForm(s, "/shop"+pathCancel, "BILLNUMBER", bill, "Format", "3")
	require.NoError(t, err)
	_, err = send(s, "/elsewhere", "text/plain", "password")
	require.NoError(t, err)

	requests := s.Requests()
	require.Len(t, requests, 4)
	first := requests[0]
	assert.Equal(t, "text/xml; charset=utf-8", first.Header.Get("Content-Type"))
	first.Header = nil
	assert.Equal(t, assisttest.Request{
		Time: now, Service: assisttest.Cancels, Path: pathCancel, Protocol: "SOAP", Format: "4", MerchantID: "700027", Billnumber: order.Billnumber,
		Parameters: map[string]string{"billnumber": bill, "merchant_id": "700027", "cancelreason": "3"},
		Worked:     true, Operations: []assist.Billnumber{order.Billnumber + ".3", order.Billnumber + ".4"},
		Amounts: []assist.Money{rub(t, "60.00"), rub(t, "40.00")},
	}, first)
	assert.Equal(t, []any{assisttest.OrderStates, "JSON", order.Number}, []any{requests[1].Service, requests[1].Protocol, requests[1].OrderNumber})
	assert.Equal(t, []any{"form", "3", bill, 15, 308, "/shop" + pathCancel}, []any{
		requests[2].Protocol, requests[2].Format, requests[2].Parameters["billnumber"], requests[2].FirstCode, requests[2].SecondCode, requests[2].Path,
	})
	assert.Equal(t, assisttest.Service(""), requests[3].Service)
	assert.NotContains(t, fmt.Sprintf("%#v", requests), "TestPassword1")
	assert.NotContains(t, fmt.Sprintf("%#v", requests), "test_refunds")

	// The copies are the caller's own.
	requests[0].Parameters["billnumber"] = "changed"
	requests[0].Operations[0] = "changed"
	requests[0].Header.Set("Content-Type", "changed")
	again := s.Requests()[0]
	assert.Equal(t, bill, again.Parameters["billnumber"])
	assert.Equal(t, order.Billnumber+".3", again.Operations[0])
	assert.Equal(t, "text/xml; charset=utf-8", again.Header.Get("Content-Type"))
}

func TestPayGivesTheOrderAsFetched(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithSigner(func(texts assisttest.SignedTexts) string { return texts.Short() }))
	s.StandAt(time.Date(2024, time.May, 10, 9, 5, 30, 0, time.UTC))
	customer := assist.Customer{FirstName: "Anna", LastName: "Invented", MiddleName: "B.", Email: "anna@example.com"}
	order := s.Pay(assisttest.Payment{
		Billnumber: "5100000000000777", OrderNumber: "A-1", Comment: "shoes", TestMode: true, MeanTypeID: 6,
		Amount: rub(t, "50.00"), Customer: customer, IP: "192.0.2.77", PaidAt: s.Now().Add(-time.Hour),
		Cancelled: []assist.Money{rub(t, "5.00")},
	})
	require.Len(t, order.Operations, 2)
	assert.Equal(t, assist.Operation{
		Billnumber: "5100000000000777.1", Type: assist.OperationPayment, State: assist.OperationSuccess, Amount: rub(t, "50.00"),
		Date: s.Now().Add(-time.Hour), ResponseCode: "AS000", MeanTypeID: 6, MeanTypeName: "MIR", MeanNumber: "411111****1111",
		CardHolder: "TEST TESTOV", CardExpiration: "12/30", IssueBank: "TEST BANK", BankCountry: "RUSSIA", IPAddress: "192.0.2.77",
		CustomerMessage: "Completed successfully.", ApprovalCode: "000001", ProcessingName: "Fake",
	}, order.Operations[0])
	assert.Equal(t, s.Now(), order.Operations[1].Date)
	order.Operations = nil
	assert.Equal(t, assist.Order{
		Billnumber: "5100000000000777", Number: "A-1", Comment: "shoes", TestMode: true, Amount: rub(t, "50.00"),
		Date: s.Now().Add(-time.Hour), State: assist.OrderPartialCanceled, Customer: customer,
		PacketDate: time.Date(2024, time.May, 10, 9, 5, 0, 0, time.UTC), Signature: "A-150.00RUBPartialCanceled10.05.2024 09:05",
	}, order)
}

func TestPayRefusesNonsense(t *testing.T) {
	t.Parallel()
	usd, err := assist.ParseMoney("1.00", "USD")
	require.NoError(t, err)
	for name, payment := range map[string]assisttest.Payment{
		"unknown merchant":        {MerchantID: "5"},
		"nothing paid":            {Amount: rub(t, "0.00")},
		"bonus over all":          {Bonus: rub(t, "100.00")},
		"bonus of other currency": {Bonus: usd},
		"extended billnumber":     {Billnumber: "5100000000000001.1"},
		"short billnumber":        {Billnumber: "51"},
		"cancelled over all":      {Cancelled: []assist.Money{rub(t, "100.01")}},
		"cancelled other":         {Cancelled: []assist.Money{usd}},
		"cancelled nothing":       {Cancelled: []assist.Money{rub(t, "0.00")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb := &fakeTB{}
			s := assisttest.NewServer(tb)
			defer s.Close()
			s.Pay(payment)
			assert.Len(t, tb.failed, 1)
			assert.Len(t, tb.cleanups, 1)
		})
	}
	twice := assisttest.New()
	order := twice.Pay(assisttest.Payment{})
	assert.Panics(t, func() { twice.Pay(assisttest.Payment{Billnumber: order.Billnumber}) })
}

// fakeTB is a test that goes on after it has failed.
type fakeTB struct {
	failed   []string
	cleanups []func()
}

func (tb *fakeTB) Helper()          {}
func (tb *fakeTB) Cleanup(f func()) { tb.cleanups = append(tb.cleanups, f) }
func (tb *fakeTB) Fatalf(format string, args ...any) {
	tb.failed = append(tb.failed, fmt.Sprintf(format, args...))
}

func TestClientSpeaksToTheServer(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	done, err := s.Client(assist.WithProtocol(assist.JSON)).Cancel(t.Context(), order.CancelRequest(rub(t, "10.00")))
	require.NoError(t, err)
	assert.Equal(t, assist.Succeeded, done.Status)
	assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber))
}

func TestClientThatCannotBeMade(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	s := assisttest.NewServer(tb)
	defer s.Close()
	assert.Nil(t, s.Client(assist.WithMaxResponseSize(-1)))
	assert.Len(t, tb.failed, 1)
	nowhere := assisttest.New()
	assert.Panics(t, func() { nowhere.HTTPClient() })
}

func TestHandlerWithoutListener(t *testing.T) {
	t.Parallel()
	s := assisttest.New()
	order := s.Pay(assisttest.Payment{})
	c := s.Credentials()
	request := httptest.NewRequest(http.MethodPost, pathCancel, strings.NewReader(fmt.Sprintf(
		"billnumber=%s&merchant_id=%s&login=%s&password=%s&format=5", order.Billnumber, c.MerchantID, c.Login, c.Password.Reveal())))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	assert.Contains(t, recorder.Body.String(), "AS000")
	assert.Equal(t, rub(t, "100.00"), s.Moved(order.Billnumber))
}

func TestJSONNumbers(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithJSONNumbers())
	order := s.Pay(assisttest.Payment{})
	answer, err := postJSON(s, pathCancel, "billnumber", string(order.Billnumber), "amount", "0.10", "currency", "RUB")
	require.NoError(t, err)
	assert.Contains(t, answer.body, `"orderamount":100,`)
	assert.Contains(t, answer.body, `"amount":0.1,`)
	assert.True(t, json.Valid([]byte(answer.body)))
}

func TestJSONTakesNumbers(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	c := s.Credentials()
	answer, err := send(s, pathCancel, "application/json; charset=UTF-8", fmt.Sprintf(
		`{"merchant":{"merchant_id":%s,"login":%q,"password":%q},"billnumber":%s,"amount":0.10,"currency":"RUB","cancelreason":1,
		"chequeitem":[{"id":1,"name":"shoe","price":0.10,"quantity":1,"amount":0.10,"`+"\u0435"+`ancode":"4006381333931"}]}`,
		c.MerchantID, c.Login, c.Password.Reveal(), order.Billnumber))
	require.NoError(t, err)
	assert.Contains(t, answer.body, "AS000")
	assert.Equal(t, rub(t, "0.10"), s.Moved(order.Billnumber))
	assert.Contains(t, s.Requests()[0].Parameters["chequeitems"], `"name":"shoe"`)
}

func TestPlainBillnumberOfTheFlatAnswer(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithPlainBillnumbers())
	order := s.Pay(assisttest.Payment{})
	answer, err := postForm(s, pathFlat, "Billnumber", string(order.Billnumber))
	require.NoError(t, err)
	assert.Equal(t, string(order.Billnumber), pairsOf(answer.body)["billnumber"])
}

func TestSignerSeesTheTextsOfTheAnswer(t *testing.T) {
	t.Parallel()
	var seen assisttest.SignedTexts
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithSigner(func(texts assisttest.SignedTexts) string {
		seen = texts
		return texts.Nine(",")
	}))
	s.StandAt(time.Date(2024, time.May, 10, 9, 5, 30, 0, time.UTC))
	order := s.Pay(assisttest.Payment{OrderNumber: "A-1"})
	answer, err := postForm(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "1.00", "Currency", "RUB", "Format", "3")
	require.NoError(t, err)
	want := string(order.Billnumber) + ".2,A-1,AS000,1.00,RUB,411111****1111,000001,PartialCanceled,10.05.2024 09:05:30"
	assert.Equal(t, want, parse(t, answer.body).text("signature"))
	assert.Equal(t, "100.00", seen.OrderAmount)
	assert.Equal(t, strings.ReplaceAll(want, ",", ""), seen.Nine(""))
}

func TestOperatorAddress(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	cancelXML(t, s, "Billnumber", string(order.Billnumber), "ClientIP", "2001:db8::1", "CancelReason", "1", "Language", "EN")
	now, _ := s.Order(order.Billnumber + ".2")
	assert.Equal(t, "2001:db8::1", now.Operations[1].IPAddress)
}
