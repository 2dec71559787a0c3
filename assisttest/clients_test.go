package assisttest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Requests in the shapes in which other clients send them. Their values are made
// up; $BILL, $NUMBER, $YEAR, $MONTH and $DAY are those of an order.
func TestRequestsOfOtherClients(t *testing.T) {
	t.Parallel()
	const form, urlencoded = "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"
	const envelope = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/">`
	const access = `<merchant_id>700027</merchant_id><login>test_refunds</login><password>TestPassword1</password>`
	const merchant = `"merchant":{"merchant_id":"700027","login":"test_refunds","password":"TestPassword1"}`
	for name, test := range map[string]struct {
		path, contentType, body string
		media                   string
		has                     []string
		moved                   string
	}{
		"Ruby gem, cancel": {
			pathFlat, form, "merchant_id=700027&login=test_refunds&password=TestPassword1&format=3&billnumber=$BILL&amount=10.00&currency=RUB&cancelreason=2&clientip=192.0.2.7",
			"text/xml", []string{"<orders>", "<billnumber>$BILL.2</billnumber>"}, "10.00",
		},
		"Ruby gem, order state": {
			pathState, form, "merchant_id=700027&login=test_refunds&password=TestPassword1&format=3&ordernumber=$NUMBER&startyear=$YEAR&startmonth=$MONTH&startday=$DAY",
			"text/xml", []string{"<orderstate>Approved</orderstate>"}, "0.00",
		},
		"PHP core client, cancel": {
			pathCancel, urlencoded, "BillNumber=$BILL&Merchant_ID=700027&Login=test_refunds&Password=TestPassword1&Amount=10.00&Currency=RUB&Language=RU&Format=5",
			"application/json", []string{`{"wscancel":{`, `"checkdata":{`}, "10.00",
		},
		"PHP core client, order result by billnumber": {
			pathResult, urlencoded, "Merchant_ID=700027&Login=test_refunds&Password=TestPassword1&BillNumber=$BILL&Format=5",
			"application/json", []string{`{"orderresult":{"orders":[`, `"ordernumber":"$NUMBER"`}, "0.00",
		},
		"PHP, order state in JSON": {
			pathState, urlencoded, "Ordernumber=$NUMBER&Merchant_ID=700027&Login=test_refunds&Password=TestPassword1&Format=5",
			"application/json", []string{`{"orderstate":{"billnumber":"$BILL","checkdata":{`, `"orderstate":"Approved"}}`}, "0.00",
		},
		"Bitrix module, order result in JSON by billnumber": {
			pathResult, "application/json", `{` + merchant + `,"billnumber":"$BILL","startyear":"$YEAR","startmonth":"$MONTH","startday":"$DAY","starthour":"0","startmin":"0"}`,
			"application/json", []string{`"ordernumber":"$NUMBER"`}, "0.00",
		},
		"Bitrix module, mixed case": {
			pathState, form, "Ordernumber=$NUMBER&Merchant_ID=700027&login=test_refunds&password=TestPassword1&FORMAT=3",
			"text/xml", []string{"<billnumber>$BILL</billnumber>"}, "0.00",
		},
		"JSON with format 3 is answered in XML": {
			pathCancel, "application/json; charset=utf-8", `{` + merchant + `,"billnumber":$BILL,"amount":"10.00","currency":"RUB","format":3}`,
			"text/xml", []string{`<result firstcode="0"`, "<responsecode>AS000</responsecode>"}, "10.00",
		},
		"flat JSON with a customer": {
			pathCancel, "application/json", `{"Billnumber":"$BILL","Merchant_ID":"700027","Login":"test_refunds","Password":"TestPassword1","Amount":"10.00","Currency":"RUB","Language":"EN",
				"customer":{"firstname":"Anna","email":"anna@example.com"}}`,
			"application/json", []string{`"responsecode":"AS000"`}, "10.00",
		},
		"mobile SDK, cancel with an empty Header": {
			pathCancel, "text/xml; charset=UTF-8", envelope + `<soapenv:Header/><soapenv:Body><ws:WSCancelRequestParams><billnumber>$BILL</billnumber>` + access +
				`</ws:WSCancelRequestParams></soapenv:Body></soapenv:Envelope>`,
			"text/xml", []string{"<ws:WSCancelResponseParams>"}, "100.00",
		},
		"mobile SDK, another order, format and customer": {
			pathCancel, "text/xml", envelope + `<soapenv:Header></soapenv:Header><soapenv:Body><ws:WSCancelRequestParams><format>4</format>` + access +
				`<currency>RUB</currency><amount>10.00</amount><customer><firstname>Anna</firstname></customer><billnumber>$BILL</billnumber></ws:WSCancelRequestParams></soapenv:Body></soapenv:Envelope>`,
			"text/xml", []string{"$BILL.2"}, "10.00",
		},
		"SOAP with prefixes of its own and a Header that says something": {
			pathCancel, "application/soap+xml; charset=utf-8", `<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="http://www.paysecure.ru/ws/">
				<SOAP-ENV:Header><trace xmlns="urn:trace">1</trace></SOAP-ENV:Header><SOAP-ENV:Body><ns1:WSCancelRequestParams>` + access +
				`<billnumber>$BILL</billnumber></ns1:WSCancelRequestParams></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
			"text/xml", []string{"$BILL.2"}, "100.00",
		},
		"SOAP without prefixes": {
			pathState, "text/xml", `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><orderstate xmlns="http://www.paysecure.ru/ws/"><ordernumber>$NUMBER</ordernumber>` +
				access + `</orderstate></Body></Envelope>`,
			"text/xml", []string{"<orderstate>Approved</orderstate>"}, "0.00",
		},
		"SOAP order result by billnumber": {
			pathResult, "text/xml", envelope + `<soapenv:Body><ws:orderresult>` + access + `<billnumber>$BILL</billnumber></ws:orderresult></soapenv:Body></soapenv:Envelope>`,
			"text/xml", []string{"<ordernumber>$NUMBER</ordernumber>"}, "0.00",
		},
		"result by date in JSON": {
			pathByDate, "application/json", `{` + merchant + `,"operationtype":"A"}`,
			"application/json", []string{`{"resultbydate":{"payments":[`, `"billnumber":"$BILL.1"`}, "0.00",
		},
		"result by date in JSON, by form": {
			pathByDate, form, "Merchant_ID=700027&Login=test_refunds&Password=TestPassword1&Format=5",
			"application/json", []string{`"billnumber":"$BILL.1"`}, "0.00",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
			order := s.Pay(assisttest.Payment{OrderNumber: "A-17"})
			fill := strings.NewReplacer("$BILL", string(order.Billnumber), "$NUMBER", order.Number, "$YEAR", "2024", "$MONTH", "5", "$DAY", "10")
			answer, err := send(s, test.path, test.contentType, fill.Replace(test.body))
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, answer.status, answer.body)
			assert.True(t, strings.HasPrefix(answer.header.Get("Content-Type"), test.media), answer.header)
			for _, text := range test.has {
				assert.Contains(t, answer.body, fill.Replace(text))
			}
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
		})
	}
}

func TestOrderResultByBillnumber(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order, other := s.Pay(assisttest.Payment{}), s.Pay(assisttest.Payment{})
	old := s.Pay(assisttest.Payment{PaidAt: s.Now().AddDate(0, 0, -10)})
	for name, test := range map[string]struct {
		pairs []string
		want  string
	}{
		"alone":                         {[]string{"Billnumber", string(order.Billnumber)}, "0/0"},
		"extended":                      {[]string{"Billnumber", string(order.Billnumber) + ".1"}, "0/0"},
		"beside its number":             {[]string{"Billnumber", string(order.Billnumber), "Ordernumber", order.Number}, "0/0"},
		"beside another's number":       {[]string{"Billnumber", string(order.Billnumber), "Ordernumber", other.Number}, "10/201"},
		"unknown":                       {[]string{"Billnumber", "5999999999999999"}, "10/201"},
		"malformed":                     {[]string{"Billnumber", "x"}, "10/201"},
		"outside of the default window": {[]string{"Billnumber", string(old.Billnumber)}, "10/201"},
	} {
		answer, err := postForm(s, pathResult, test.pairs...)
		require.NoError(t, err)
		assert.Equal(t, test.want, codes(t, answer), name)
	}
	state, err := postForm(s, pathState, "Billnumber", string(order.Billnumber))
	require.NoError(t, err)
	assert.Equal(t, "3/107", codes(t, state), "order state goes by the number")
}

func TestFirstOfTwoFormNamesCounts(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	_, err := send(s, pathCancel, "application/x-www-form-urlencoded",
		"AMOUNT=10.00&amount=20.00&currency=RUB&merchant_id=700027&login=test_refunds&password=TestPassword1&billnumber="+string(order.Billnumber))
	require.NoError(t, err)
	assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber))
}

// A wallet's row has no card date. It must not end with a cell that is empty.
func TestNoRowOfATableEndsEmpty(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]assisttest.Option{"without check values": nil, "with check values": {assisttest.WithCheckValueSecret(secretOf("secret"))}} {
		s := assisttest.NewServer(t, append(opts, assisttest.InMemory())...)
		for _, mean := range []int{visa, webMoney, qiwi} {
			s.Pay(assisttest.Payment{MeanTypeID: mean})
		}
		table, err := postForm(s, pathByDate, "Format", "1")
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(table.body), "\n")
		require.Len(t, lines, 4)
		for _, line := range lines {
			assert.Equal(t, strings.Count(lines[0], ";"), strings.Count(line, ";"), name)
			assert.True(t, strings.HasSuffix(line, ";") && !strings.HasSuffix(line, ";;"), "%s: %s", name, line)
		}
	}
}
