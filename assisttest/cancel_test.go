package assisttest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCancelAnswersInEveryProtocol(t *testing.T) {
	t.Parallel()
	type answered struct{ billnumber, state, code, amount, orderState string }
	fromXML := func(path ...string) func(*testing.T, got) answered {
		return func(t *testing.T, a got) answered {
			order := parse(t, a.body).at(path...)
			require.Len(t, order, 1)
			return answered{
				order[0].text("operation", "billnumber"), order[0].text("operation", "operationstate"),
				order[0].text("operation", "responsecode"), order[0].text("operation", "amount"), order[0].text("orderstate"),
			}
		}
	}
	fromJSON := func(t *testing.T, a got) answered {
		var document struct {
			WSCancel struct {
				Order struct {
					OrderState string `json:"orderstate"`
					Customer   map[string]string
					Operations []map[string]string
				}
				CheckData map[string]string
			}
		}
		require.NoError(t, json.Unmarshal([]byte(a.body), &document), a.body)
		order := document.WSCancel.Order
		require.Len(t, order.Operations, 1)
		assert.Equal(t, "Testov", order.Customer["lastname"])
		assert.NotEmpty(t, document.WSCancel.CheckData["packetdate"])
		op := order.Operations[0]
		return answered{op["billnumber"], op["operationstate"], op["responsecode"], op["amount"], order.OrderState}
	}
	for name, test := range map[string]struct {
		post  func(*assisttest.Server, ...string) (got, error)
		media string
		read  func(*testing.T, got) answered
		flat  bool
	}{
		"SOAP": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postSOAP(s, pathCancel, "WSCancelRequestParams", pairs...)
		}, "text/xml; charset=utf-8", fromXML("Body", "WSCancelResponseParams", "order"), false},
		"JSON": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postJSON(s, pathCancel, pairs...)
		}, "application/json; charset=utf-8", fromJSON, false},
		"form, no format": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postForm(s, pathCancel, pairs...)
		}, "text/xml; charset=utf-8", fromXML("Body", "WSCancelResponseParams", "order"), false},
		"form, XML": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postForm(s, pathCancel, append(pairs, "Format", "3")...)
		}, "text/xml; charset=utf-8", fromXML("order"), false},
		"form, SOAP": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postForm(s, pathCancel, append(pairs, "Format", "4")...)
		}, "text/xml; charset=utf-8", fromXML("Body", "WSCancelResponseParams", "order"), false},
		"form, JSON": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postForm(s, pathCancel, append(pairs, "Format", "5")...)
		}, "application/json; charset=utf-8", fromJSON, false},
		"cancel.cfm, XML": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postForm(s, pathFlat, append(pairs, "Format", "3")...)
		}, "text/xml; charset=utf-8", func(t *testing.T, a got) answered {
			order := parse(t, a.body).at("orders", "order")
			require.Len(t, order, 1)
			o := order[0]
			assert.Equal(t, "(none)", o.text("operationstate"), "the flat shape has no operation state")
			return answered{o.text("billnumber"), "", o.text("responsecode"), o.text("amount"), o.text("orderstate")}
		}, true},
		"cancel.cfm, CSV": {func(s *assisttest.Server, pairs ...string) (got, error) {
			return postForm(s, pathFlat, append(pairs, "Format", "1")...)
		}, "text/plain; charset=utf-8", func(t *testing.T, a got) answered {
			o := pairsOf(a.body)
			return answered{o["billnumber"], "", o["responsecode"], o["amount"], o["orderstate"]}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			order := s.Pay(assisttest.Payment{Comment: "shoes; size <43> & \"laces\""})
			answer, err := test.post(s, "Billnumber", string(order.Billnumber), "Amount", "0.10", "Currency", "RUB")
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, answer.status)
			assert.Equal(t, test.media, answer.header.Get("Content-Type"))
			want := answered{string(order.Billnumber) + ".2", "Success", "AS000", "0.10", "PartialCanceled"}
			if test.flat {
				want.state = ""
			}
			assert.Equal(t, want, test.read(t, answer))
			assert.Equal(t, rub(t, "0.10"), s.Moved(order.Billnumber))
		})
	}
}

func TestSOAPChildrenAreUnqualified(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	for path, wrapper := range map[string]string{
		pathCancel: "WSCancelRequestParams", pathResult: "orderresult", pathState: "orderstate",
	} {
		name, value := "ordernumber", order.Number
		if path == pathCancel {
			name, value = "billnumber", string(order.Billnumber)
		}
		answer, err := postSOAP(s, path, wrapper, name, value)
		require.NoError(t, err)
		body := parse(t, answer.body).at("Body")[0]
		require.Len(t, body.Children, 1)
		assert.Equal(t, "http://www.paysecure.ru/ws/", body.Children[0].XMLName.Space)
		for _, child := range body.Children[0].Children {
			assert.Empty(t, child.XMLName.Space, child.XMLName.Local)
		}
	}
}

func TestCancelsAreNumberedWithinTheirOrder(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order, other := s.Pay(assisttest.Payment{}), s.Pay(assisttest.Payment{})
	bill := string(order.Billnumber)
	for _, want := range []string{".2", ".3", ".4"} {
		_, made := cancelXML(t, s, "Billnumber", bill, "Amount", "1.00", "Currency", "RUB")
		assert.Equal(t, []string{bill + want + " AS000 1.00"}, made)
	}
	_, made := cancelXML(t, s, "Billnumber", string(other.Billnumber), "Amount", "1.00", "Currency", "RUB")
	assert.Equal(t, []string{string(other.Billnumber) + ".2 AS000 1.00"}, made)
	assert.Equal(t, rub(t, "3.00"), s.Moved(order.Billnumber))
	assert.Equal(t, rub(t, "1.00"), s.Moved(order.Billnumber+".3"), "of one cancel alone")
	assert.Equal(t, rub(t, "3.00"), s.Moved(order.Billnumber+".1"), "of the payment")
}

func TestAllCancelsListedOnWish(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithAllCancelsListed())
	order := s.Pay(assisttest.Payment{Cancelled: []assist.Money{rub(t, "2.00")}})
	_, made := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "1.00", "Currency", "RUB")
	bill := string(order.Billnumber)
	assert.Equal(t, []string{bill + ".2 AS000 2.00", bill + ".3 AS000 1.00"}, made)
	flat, err := postForm(s, pathFlat, "Billnumber", bill, "Format", "3")
	require.NoError(t, err)
	assert.Len(t, parse(t, flat.body).at("orders", "order"), 1, "the flat answer has room for one")
}

func TestFullCancel(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		payment assisttest.Payment
		suffix  string
		made    []string
		moved   string
		state   assist.OrderState
	}{
		"untouched payment": {assisttest.Payment{}, "", []string{".2 AS000 100.00"}, "100.00", assist.OrderCanceled},
		"what is left": {
			assisttest.Payment{Cancelled: []assist.Money{rub(t, "30.00")}}, "",
			[]string{".3 AS000 70.00"}, "100.00", assist.OrderCanceled,
		},
		"card and bonus": {
			assisttest.Payment{Bonus: rub(t, "25.00")}, "",
			[]string{".3 AS000 75.00", ".4 AS000 25.00"}, "100.00", assist.OrderCanceled,
		},
		"one of card and bonus": {
			assisttest.Payment{Bonus: rub(t, "25.00")}, ".2", []string{".3 AS000 25.00"}, "25.00", assist.OrderPartialCanceled,
		},
		"a mean type of no table": {assisttest.Payment{MeanTypeID: 77}, "", []string{".2 AS000 100.00"}, "100.00", assist.OrderCanceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			order := s.Pay(test.payment)
			bill := string(order.Billnumber)
			_, made := cancelXML(t, s, "Billnumber", bill+test.suffix)
			want := []string{}
			for _, text := range test.made {
				want = append(want, bill+text)
			}
			assert.Equal(t, want, made)
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
			now, ok := s.Order(order.Billnumber)
			require.True(t, ok)
			assert.Equal(t, test.state, now.State)
		})
	}
}

func TestCancelRefusals(t *testing.T) {
	t.Parallel()
	const unknown = "5999999999999999"
	for name, test := range map[string]struct {
		pairs []string
		want  string
	}{
		"no merchant id":            {[]string{"Merchant_ID", ""}, "3/100"},
		"no login":                  {[]string{"Login", ""}, "3/101"},
		"no password":               {[]string{"Password", ""}, "3/102"},
		"unknown merchant":          {[]string{"Merchant_ID", "1"}, "10/100"},
		"wrong login":               {[]string{"Login", "somebody"}, "7/101"},
		"wrong password":            {[]string{"Password", "Wrong1234"}, "7/102"},
		"no billnumber":             {[]string{"Billnumber", ""}, "3/143"},
		"short billnumber":          {[]string{"Billnumber", "51000000000000"}, "4/143"},
		"billnumber of letters":     {[]string{"Billnumber", "510000000000000x"}, "4/143"},
		"operation zero":            {[]string{"Billnumber", "5100000000000001.0"}, "4/143"},
		"operation empty":           {[]string{"Billnumber", "5100000000000001."}, "4/143"},
		"unknown billnumber":        {[]string{"Billnumber", unknown}, "10/201"},
		"another merchant's order":  {[]string{"Merchant_ID", "800800", "Login", "other_shop", "Password", "Another1"}, "10/201"},
		"unknown operation":         {[]string{"Billnumber", "5100000000000001.7"}, "10/216"},
		"operation that's a cancel": {[]string{"Billnumber", "5100000000000001.2"}, "10/216"},
		"declined payment":          {[]string{"Billnumber", "5100000000000002"}, "10/216"},
		"amount alone":              {[]string{"Currency", ""}, "3/105"},
		"currency alone":            {[]string{"Amount", ""}, "3/108"},
		"amount with a comma":       {[]string{"Amount", "1,00"}, "4/108"},
		"amount with three digits":  {[]string{"Amount", "1.000"}, "4/108"},
		"signed amount":             {[]string{"Amount", "+1.00"}, "4/108"},
		"nothing":                   {[]string{"Amount", "0.00"}, "5/108"},
		"more than is left":         {[]string{"Amount", "90.01"}, "5/108"},
		"currency in small letters": {[]string{"Currency", "rub"}, "4/105"},
		"another currency":          {[]string{"Currency", "USD"}, "5/105"},
		"unknown reason":            {[]string{"CancelReason", "4"}, "5/0"},
		"unknown language":          {[]string{"Language", "DE"}, "5/127"},
		"client address":            {[]string{"ClientIP", "10.20.10"}, "4/116"},
		"cheque that is no JSON":    {[]string{"ChequeItems", "{"}, "4/179"},
		"cheque without an id":      {[]string{"ChequeItems", `{"items":[{"name":"a","price":"1.00","quantity":"1","amount":"1.00"}]}`}, "4/179"},
		"cheque without a name":     {[]string{"ChequeItems", `{"items":[{"id":1,"price":"1.00","quantity":"1","amount":"1.00"}]}`}, "4/179"},
		"cheque with a tax":         {[]string{"ChequeItems", `{"items":[{"id":1,"name":"a","price":"1.00","quantity":"1","amount":"1.00","tax":"x"}]}`}, "4/179"},
		"cheque without items":      {[]string{"ChequeItems", `{"items":[]}`}, "4/179"},
		"no UTF-8":                  {[]string{"Language", "\xff"}, "4/0"},
		"part of two payments":      {[]string{"Billnumber", "5100000000000004"}, "5/143"},
		"unknown format":            {[]string{"Format", "9"}, "5/103"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			main := assist.Credentials{MerchantID: "700700", Login: "first_shop", Password: assist.NewSecret("FirstOne1")}
			other := assist.Credentials{MerchantID: "800800", Login: "other_shop", Password: assist.NewSecret("Another1")}
			s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithMerchant(main), assisttest.WithMerchant(other))
			s.Pay(assisttest.Payment{Cancelled: []assist.Money{rub(t, "10.00")}}) // …01
			s.Pay(assisttest.Payment{FailedAttempts: 1})                          // …02 failed, …03
			s.Pay(assisttest.Payment{Bonus: rub(t, "40.00")})                     // …04
			before := s.Moved("5100000000000001")
			pairs := append([]string{"Billnumber", "5100000000000001", "Amount", "1.00", "Currency", "RUB", "Format", "3"}, test.pairs...)
			answer, err := postForm(s, pathCancel, pairs...)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, answer.status)
			assert.Equal(t, test.want, codes(t, answer))
			assert.Equal(t, before, s.Moved("5100000000000001"))
			requests := s.Requests()
			assert.Empty(t, requests[0].Operations)
			assert.True(t, requests[0].Worked)
		})
	}
}

func TestNothingLeftToCancel(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber))
	second, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber))
	assert.Equal(t, []string{"0/0", "15/308"}, []string{first, second})
	assert.Equal(t, rub(t, "100.00"), s.Moved(order.Billnumber))
}

func TestCancelCFMTakesOnePayment(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{Bonus: rub(t, "40.00")})
	answer, err := postForm(s, pathFlat, "Billnumber", string(order.Billnumber), "Format", "3")
	require.NoError(t, err)
	assert.Equal(t, "15/308", codes(t, answer))
	assert.True(t, s.Moved(order.Billnumber).IsZero())
}

func TestRefusalsInEveryFormat(t *testing.T) {
	t.Parallel()
	wrong := []string{"Billnumber", "5100000000000001", "Password", "Wrong1234"}
	for name, test := range map[string]struct {
		opts   []assisttest.Option
		post   func(*assisttest.Server) (got, error)
		status int
		want   []string
		not    string
	}{
		"SOAP": {nil, func(s *assisttest.Server) (got, error) {
			return postSOAP(s, pathCancel, "WSCancelRequestParams", append([]string{"Billnumber", "5100000000000001"}, wrong...)...)
		}, http.StatusInternalServerError, []string{"<faultcode>", "<detail><message>", "<firstcode>7</firstcode><secondcode>102</secondcode>"}, "7-102"},
		"SOAP, codes in the text": {[]assisttest.Option{assisttest.WithCodesInText(), assisttest.WithFaultStatus(200)}, func(s *assisttest.Server) (got, error) {
			return postSOAP(s, pathCancel, "WSCancelRequestParams", append([]string{"Billnumber", "5100000000000001"}, wrong...)...)
		}, http.StatusOK, []string{"<faultstring>7-102</faultstring>", "<message>"}, "firstcode"},
		"JSON": {nil, func(s *assisttest.Server) (got, error) {
			return postJSON(s, pathCancel, wrong...)
		}, http.StatusUnauthorized, []string{`"faultcode"`, `"firstcode":7`, `"secondcode":102`}, "7-102"},
		"JSON, codes in the text": {[]assisttest.Option{assisttest.WithCodesInText()}, func(s *assisttest.Server) (got, error) {
			return postJSON(s, pathCancel, wrong...)
		}, http.StatusUnauthorized, []string{`"faultstring":"7-102"`}, "firstcode"},
		"SOAP, as documented": {[]assisttest.Option{assisttest.WithDocumentedFaults()}, func(s *assisttest.Server) (got, error) {
			return postSOAP(s, pathCancel, "WSCancelRequestParams", append([]string{"Billnumber", "5100000000000001"}, wrong...)...)
		}, http.StatusInternalServerError, []string{"<faultcode>7</faultcode><faultstring>102</faultstring><detail></detail>"}, "message"},
		"JSON, as documented": {[]assisttest.Option{assisttest.WithDocumentedFaults()}, func(s *assisttest.Server) (got, error) {
			return postJSON(s, pathCancel, wrong...)
		}, http.StatusUnauthorized, []string{`{"detail":{},"faultcode":"7","faultstring":"102"}`}, "message"},
		"JSON, not of access": {nil, func(s *assisttest.Server) (got, error) {
			return postJSON(s, pathCancel, "Billnumber", "1")
		}, http.StatusBadRequest, []string{`"firstcode":4`, `"secondcode":143`}, "7-102"},
		"XML": {nil, func(s *assisttest.Server) (got, error) {
			return postForm(s, pathFlat, append(wrong, "Format", "3")...)
		}, http.StatusOK, []string{"<result firstcode='7' secondcode='102' count='0'></result>"}, "<order"},
		"CSV": {nil, func(s *assisttest.Server) (got, error) {
			return postForm(s, pathFlat, wrong...)
		}, http.StatusOK, []string{"error;7;102;"}, "<"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, append(test.opts, assisttest.InMemory())...)
			answer, err := test.post(s)
			require.NoError(t, err)
			assert.Equal(t, test.status, answer.status)
			for _, text := range test.want {
				assert.Contains(t, answer.body, text)
			}
			assert.NotContains(t, answer.body, test.not)
		})
	}
}

func TestServicesSpeakTheirFormatsOnly(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	for name, test := range map[string]struct {
		path, contentType, body string
		status                  int
		want                    string
	}{
		"SOAP to cancel.cfm":         {pathFlat, "text/xml", soapOpen + soapEnd, 500, "<secondcode>103</secondcode>"},
		"JSON to cancel.cfm":         {pathFlat, "application/json", `{}`, 400, `"secondcode":103`},
		"JSON to result by date":     {pathByDate, "application/json", `{}`, 400, `"secondcode":100`},
		"SOAP to result by date":     {pathByDate, "text/xml", soapOpen + soapEnd, 500, "<secondcode>103</secondcode>"},
		"JSON format of cancel.cfm":  {pathFlat, "application/x-www-form-urlencoded", "format=5", 400, `"secondcode":103`},
		"CSV of order result":        {pathResult, "application/x-www-form-urlencoded", "format=1", 200, "error;5;103;"},
		"CSV of wscancel":            {pathCancel, "application/x-www-form-urlencoded", "format=1", 200, "error;5;103;"},
		"form that is none":          {pathCancel, "application/x-www-form-urlencoded", "format=3&a=%zz", 500, "<firstcode>4</firstcode>"},
		"no content type":            {pathCancel, "", "format=3", 415, "Unsupported"},
		"unknown content type":       {pathCancel, "text/csv", "format=3", 415, "Unsupported"},
		"unknown path":               {"/charge/charge.cfm", "text/xml", "", 404, "Not Found"},
		"JSON that is none":          {pathCancel, "application/json", `{"merchant":`, 400, `"firstcode":4`},
		"JSON with something behind": {pathCancel, "application/json", `{} {}`, 400, `"firstcode":4`},
		"JSON with a list":           {pathCancel, "application/json", `{"billnumber":["1"]}`, 400, `"firstcode":4`},
		"JSON with cheque no list":   {pathCancel, "application/json", `{"chequeitem":"1"}`, 400, `"secondcode":179`},
		"JSON with cheque no object": {pathCancel, "application/json", `{"chequeitem":["1"]}`, 400, `"secondcode":179`},
		"JSON with empty cheque":     {pathCancel, "application/json", `{"chequeitem":[{"id":"","name":"a","price":1,"quantity":1,"amount":1}]}`, 400, `"secondcode":179`},
		"JSON with nested cheque":    {pathCancel, "application/json", `{"chequeitem":[{"id":[],"name":"a","price":1,"quantity":1,"amount":1}]}`, 400, `"secondcode":179`},
		"JSON with two billnumbers":  {pathCancel, "application/json", `{"billnumber":"1","Billnumber":"2"}`, 400, `"firstcode":4,`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := send(s, test.path, test.contentType, test.body)
			require.NoError(t, err)
			assert.Equal(t, test.status, answer.status)
			assert.Contains(t, answer.body, test.want)
		})
	}
	t.Run("GET", func(t *testing.T) {
		t.Parallel()
		response, err := s.HTTPClient().Get(s.URL + pathCancel)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
	})
}

func TestSOAPShapeIsChecked(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	bill := string(s.Pay(assisttest.Payment{}).Billnumber)
	c := s.Credentials()
	access := "<merchant_id>" + c.MerchantID + "</merchant_id><login>" + c.Login + "</login><password>" + c.Password.Reveal() + "</password>"
	wrap := func(children string) string {
		return soapOpen + "<ws:WSCancelRequestParams>" + children + "</ws:WSCancelRequestParams>" + soapEnd
	}
	head := "<billnumber>" + bill + "</billnumber>" + access
	item := "<chequeitem><id>1</id><name>a</name><price>1.00</price><quantity>1</quantity><amount>1.00</amount><eancode>2</eancode></chequeitem>"
	for name, test := range map[string]struct {
		body string
		want string
	}{
		"as the protocol has it":    {"<?xml version=\"1.0\"?>\n<!-- by hand -->" + wrap(head+"<amount>1.00</amount><currency>RUB</currency>"), "AS000"},
		"with a cheque":             {wrap(head + "<amount>1.00</amount><currency>RUB</currency>" + item + item), "AS000"},
		"cheque without a price":    {wrap(head + "<chequeitem><id>1</id><name>a</name><quantity>1</quantity><amount>1.00</amount></chequeitem>"), "<secondcode>179</secondcode>"},
		"unknown in the cheque":     {wrap(head + "<chequeitem><id>1</id><tax>0</tax></chequeitem>"), "215"},
		"another wrapper":           {soapOpen + "<ws:orderresult>" + head + "</ws:orderresult>" + soapEnd, "215"},
		"no namespace":              {soapOpen + "<WSCancelRequestParams>" + head + "</WSCancelRequestParams>" + soapEnd, "215"},
		"children of elsewhere":     {wrap(head + `<amount xmlns="urn:elsewhere">1.00</amount>`), "215"},
		"two customers":             {wrap(head + "<customer/><customer/>"), "215"},
		"two Headers":               {strings.Replace(wrap(head), "<soapenv:Body>", "<soapenv:Header/><soapenv:Header/><soapenv:Body>", 1), "215"},
		"Header behind the Body":    {strings.Replace(wrap(head), "</soapenv:Body>", "</soapenv:Body><soapenv:Header/>", 1), "215"},
		"cut in the Header":         {soapOpen[:strings.Index(soapOpen, "<soapenv:Body>")] + "<soapenv:Header>", "215"},
		"one twice":                 {wrap(head + "<amount>1.00</amount><amount>1.00</amount><currency>RUB</currency>"), "215"},
		"unknown parameter":         {wrap(head + "<speed>fast</speed>"), "215"},
		"parameter with children":   {wrap("<billnumber><b>1</b></billnumber>" + access), "215"},
		"text between parameters":   {wrap(head + "text"), "215"},
		"text before the wrapper":   {soapOpen + "text" + soapEnd, "215"},
		"empty body":                {soapOpen + soapEnd, "215"},
		"no envelope":               {"<Envelope/>", "215"},
		"cut in the wrapper":        {soapOpen + "<ws:WSCancelRequestParams>" + head, "215"},
		"cut in a parameter":        {soapOpen + "<ws:WSCancelRequestParams><billnumber>57", "215"},
		"cut at the end":            {wrap(head)[:len(wrap(head))-5], "215"},
		"something after the end":   {wrap(head) + "<more/>", "215"},
		"text after the end":        {wrap(head) + "text", "215"},
		"second element in Body":    {soapOpen + "<ws:WSCancelRequestParams>" + head + "</ws:WSCancelRequestParams><ws:b/>" + soapEnd, "215"},
		"nothing":                   {"", "215"},
		"not well-formed in values": {wrap("<billnumber>" + bill + "&nbsp;</billnumber>" + access), "215"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := send(s, pathCancel, "text/xml; charset=utf-8", test.body)
			require.NoError(t, err)
			if test.want == "215" {
				test.want = "<firstcode>4</firstcode><secondcode>215</secondcode>"
			}
			assert.Contains(t, answer.body, test.want)
		})
	}
}

func TestExternalRefundIDIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order, other := s.Pay(assisttest.Payment{}), s.Pay(assisttest.Payment{})
	cancel := func(b assist.Billnumber, id string) string {
		answer, err := postJSON(s, pathCancel, "Billnumber", string(b), "Amount", "10.00", "Currency", "RUB", "ExternalRefundID", id)
		require.NoError(t, err)
		return answer.body
	}
	assert.Contains(t, cancel(order.Billnumber, "refund_2024-01"), "AS000")
	assert.Contains(t, cancel(order.Billnumber, "refund_2024-01"), `"firstcode":11`)
	assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber))
	assert.Contains(t, cancel(other.Billnumber, "refund_2024-01"), "AS000", "it is unique within one order only")
	assert.Contains(t, cancel(order.Billnumber, "refund_2024-02"), "AS000")
	assert.Contains(t, cancel(order.Billnumber, "short"), `"firstcode":4`)
	assert.Contains(t, cancel(order.Billnumber, "with a space"), `"firstcode":4`)

	refused, err := postJSON(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "999.00", "Currency", "RUB", "ExternalRefundID", "refund_2024-03")
	require.NoError(t, err)
	assert.Contains(t, refused.body, `"secondcode":108`)
	assert.Contains(t, cancel(order.Billnumber, "refund_2024-03"), "AS000", "a refusal uses no id up")
}

func TestExternalRefundIDMeansNothingOnForms(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	for range 2 {
		first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB", "Externalrefundid", "refund_2024-01")
		assert.Equal(t, "0/0", first)
	}
	assert.Equal(t, rub(t, "20.00"), s.Moved(order.Billnumber))
}

func TestOtherCurrencies(t *testing.T) {
	t.Parallel()
	for currency, amounts := range map[string][2]string{"JPY": {"1000", "10"}, "KWD": {"1.000", "0.125"}, "USD": {"5.00", "0.05"}} {
		t.Run(currency, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			paid, err := assist.ParseMoney(amounts[0], currency)
			require.NoError(t, err)
			back, err := assist.ParseMoney(amounts[1], currency)
			require.NoError(t, err)
			order := s.Pay(assisttest.Payment{Amount: paid})
			_, made := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", amounts[1], "Currency", currency)
			assert.Equal(t, []string{string(order.Billnumber) + ".2 AS000 " + amounts[1]}, made)
			assert.Equal(t, back, s.Moved(order.Billnumber))
		})
	}
}

func TestParallelCancelsNeverExceedThePayment(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory(), assisttest.WithOpeningBalance(assist.WebMoney, rub(t, "1000.00")))
	card := s.Pay(assisttest.Payment{})
	purse := s.Pay(assisttest.Payment{MeanTypeID: 30, PaidAt: s.Now().Add(-48 * time.Hour)})
	var group sync.WaitGroup
	for _, order := range []assist.Order{card, purse} {
		for range 40 {
			group.Go(func() {
				_, err := postForm(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "7.00", "Currency", "RUB")
				assert.NoError(t, err)
			})
		}
	}
	group.Wait()
	assert.Equal(t, rub(t, "98.00"), s.Moved(card.Billnumber))
	assert.Equal(t, rub(t, "98.00"), s.Pending(purse.Billnumber), "what is in process is spoken for")
	s.Advance(time.Hour)
	assert.Equal(t, rub(t, "98.00"), s.Moved(purse.Billnumber))
	assert.Len(t, s.Requests(), 80)
}
