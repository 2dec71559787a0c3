package soap

import (
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

func sample(t testing.TB, path string) string {
	t.Helper()
	doc, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(doc)
}

func decoded(t testing.TB, doc string, s wire.Service) *wire.Answer {
	t.Helper()
	a := new(wire.Answer)
	require.NoError(t, Decode(doc, s, a))
	return a
}

// texts are the texts of a record that are there.
func texts(r *wire.Record) map[string]string {
	out := map[string]string{}
	for f := wire.Billnumber; f <= wire.CheckValue; f++ {
		if r.Has(f) {
			out[f.String()] = r.Text(f)
		}
	}
	return out
}

// cancelOf wraps what stands in a cancel's answer.
func cancelOf(inside string) string {
	return bodyOf(`<ws:WSCancelResponseParams>` + inside + `</ws:WSCancelResponseParams>`)
}

func bodyOf(inside string) string {
	return `<e:Envelope xmlns:e="` + envelopeSpace + `" xmlns:ws="` + serviceSpace + `"><e:Body>` + inside + `</e:Body></e:Envelope>`
}

func faultOf(inside string) string { return bodyOf(`<e:Fault>` + inside + `</e:Fault>`) }

func TestDecodeWebMoneySample(t *testing.T) {
	t.Parallel()
	a := decoded(t, sample(t, "../testdata/webmoney_cancel.xml"), wire.Cancel)
	require.Nil(t, a.Codes)
	require.Nil(t, a.Fault)
	require.Len(t, a.Orders, 1)
	o := &a.Orders[0]
	require.False(t, o.Flat)
	require.NoError(t, a.Complete(wire.Cancel))
	require.Equal(t, map[string]string{
		"billnumber":    "5700027202722028",
		"ordernumber":   "2013.10.23-700027-5",
		"testmode":      "0",
		"ordercomment":  "тестовый платеж",
		"orderamount":   "1.00",
		"ordercurrency": "RUB",
		"rate":          "1",
		"orderdate":     "23.10.2013 12:59:44",
		"orderstate":    "PartialCanceled",
		"firstname":     "Test",
		"lastname":      "Testov",
		"middlename":    "T.",
		"email":         "test@test.ru",
		"packetdate":    "23.10.2013 13:58:37",
		"signature":     "kA0DAAIRzfHw5YyCWOE…… 3x8OWowEc/ + /wlCikbL/er3laqV26+zoAeZQ==",
	}, texts(&o.Record))
	require.Len(t, o.Operations, 1)
	require.Equal(t, map[string]string{
		"billnumber":       "5700027202722028.3",
		"operationtype":    "300",
		"operationstate":   "In Process",
		"amount":           "0.10",
		"currency":         "RUB",
		"ipaddress":        "10.20.10.85",
		"meantype_id":      "30",
		"meansubtype":      "",
		"meannumber":       "",
		"cardholder":       "",
		"issuebank":        "",
		"bankcountry":      "UNKNOWN",
		"responsecode":     "AS300",
		"message":          "",
		"customermessage":  "В процессе обработки",
		"recommendation":   "",
		"approvalcode":     "",
		"protocoltypename": "",
		"processingname":   "WebMoney",
		"operationdate":    "24.10.2013 13:58:21",
	}, texts(&o.Operations[0]))
}

func TestDecodeQIWISample(t *testing.T) {
	t.Parallel()
	doc := sample(t, "../testdata/qiwi_cancel.xml")
	require.Contains(t, doc, `envelope/"xmlns:ws=`, "the missing space is what this sample is for")
	a := decoded(t, doc, wire.Cancel)
	require.Len(t, a.Orders, 1)
	o := &a.Orders[0]
	require.Equal(t, "5554143265883170", o.Text(wire.Billnumber))
	require.Equal(t, "28042010_fffffffffffsd", o.Text(wire.OrderNumber))
	require.Equal(t, "28.01.2014 14:30:02", o.Text(wire.PacketDate))
	signature := o.Text(wire.Signature)
	require.True(t, strings.HasPrefix(signature, "kA0DAAIRzfHw5YyCWOEBy01i"))
	require.True(t, strings.HasSuffix(signature, "YQ=="))
	require.Equal(t, 3, strings.Count(signature, "\n"), "the line breaks of the signature are kept")
	require.Len(t, o.Operations, 1)
	operation := &o.Operations[0]
	require.Equal(t, "5554143265883170.4", operation.Text(wire.Billnumber))
	require.Equal(t, "0.11", operation.Text(wire.Amount))
	require.Equal(t, "AS000", operation.Text(wire.ResponseCode))
	require.Equal(t, "9213301111", operation.Text(wire.MeanNumber))
	require.Equal(t, "Завершено успешно.", operation.Text(wire.CustomerMessage))
}

func TestDecodeOrderResult(t *testing.T) {
	t.Parallel()
	a := decoded(t, sample(t, "testdata/orderresult.xml"), wire.OrderResult)
	require.NoError(t, a.Complete(wire.OrderResult))
	require.Len(t, a.Orders, 2)
	first, second := &a.Orders[0], &a.Orders[1]
	require.Equal(t, "5700027202722028", first.Text(wire.Billnumber))
	require.Equal(t, "Testov", first.Text(wire.LastName))
	require.Equal(t, "24.10.2013 14:10", first.Text(wire.PacketDate))
	require.True(t, first.Has(wire.Signature))
	require.Len(t, first.Operations, 2)
	require.Equal(t, "1.00", first.Operations[0].Text(wire.Amount), "not that of a cheque item")
	require.Equal(t, "5700027202722028.3", first.Operations[1].Text(wire.Billnumber))
	require.Equal(t, "5700027202722029", second.Text(wire.Billnumber))
	require.Empty(t, second.Operations)
	require.False(t, first.Flat || second.Flat)
}

func TestDecodeOrderState(t *testing.T) {
	t.Parallel()
	a := decoded(t, sample(t, "testdata/orderstate.xml"), wire.OrderState)
	require.NoError(t, a.Complete(wire.OrderState))
	require.Len(t, a.Orders, 1)
	require.Equal(t, "PartialCanceled", a.Orders[0].Text(wire.OrderStateText), "the field, not its container of the same name")
	require.Equal(t, "74DEB154081757F1E8097DDFAC35FC5C", a.Orders[0].Text(wire.CheckValue))
}

func TestDecodeFaultSample(t *testing.T) {
	t.Parallel()
	a := decoded(t, sample(t, "testdata/fault.xml"), wire.Cancel)
	require.Empty(t, a.Orders)
	require.NotNil(t, a.Fault)
	require.Equal(t, "soapenv:Server", a.Fault.Code)
	require.Equal(t, "Операция отклонена", a.Fault.Text)
	require.Equal(t, "Сумма отмены больше оборота мерчанта за текущий день", a.Fault.Message)
	require.Equal(t, "Повторите позже", a.Fault.Recommendation)
	require.Equal(t, wire.Codes{First: "5", Second: "108"}, a.Fault.Detail)
}

func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		inside string
		want   wire.Fault
	}{
		"nothing in it": {``, wire.Fault{}},
		"codes as text": {
			`<faultcode>Server</faultcode><faultstring>7 - 102</faultstring>`,
			wire.Fault{Code: "Server", Text: "7 - 102"},
		},
		"one more level": {
			`<detail><v:ServiceFault xmlns:v="urn:v"><firstcode>10</firstcode><secondcode>201</secondcode></v:ServiceFault></detail>`,
			wire.Fault{Detail: wire.Codes{First: "10", Second: "201"}},
		},
		"in our namespace": {
			`<detail><ws:error><ws:firstcode>10</ws:firstcode><ws:secondcode>201</ws:secondcode></ws:error></detail>`,
			wire.Fault{Detail: wire.Codes{First: "10", Second: "201"}},
		},
		"two more levels": {
			`<detail><a><b><firstcode>10</firstcode></b></a></detail>`,
			wire.Fault{},
		},
		"a foreign namespace": {
			`<detail><x:firstcode xmlns:x="urn:x">10</x:firstcode></detail>`,
			wire.Fault{},
		},
		"spelled with two m": {
			`<detail><recommendation>later</recommendation></detail>`,
			wire.Fault{Recommendation: "later"},
		},
		"an unknown element that is a text": {
			`<detail><stack>at 5/108</stack><message>m</message></detail>`,
			wire.Fault{Message: "m"},
		},
		"a detail that is a text": {
			`<faultstring>s</faultstring><detail>5/108</detail>`,
			wire.Fault{Text: "s"},
		},
		"unknown elements": {
			`<x><y/></x><faultstring>s</faultstring>`,
			wire.Fault{Text: "s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := decoded(t, faultOf(test.inside), wire.Cancel)
			require.NotNil(t, a.Fault)
			got := wire.Fault{
				Code: a.Fault.Code, Text: a.Fault.Text, Message: a.Fault.Message,
				Recommendation: a.Fault.Recommendation, Detail: a.Fault.Detail,
			}
			require.Equal(t, test.want, got)
		})
	}
}

const (
	someOrder     = `<order><billnumber>5700027202722028</billnumber><orderstate>Approved</orderstate>` + someOperation + `</order>`
	someOperation = `<operation><billnumber>5700027202722028.2</billnumber><responsecode>AS000</responsecode></operation>`
)

func TestDecodeTakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc     string
		service wire.Service
		field   wire.Field
		want    string // of the first order
	}{
		"a customer": {
			cancelOf(`<order><billnumber>1</billnumber><customer><email>a@example.test</email><x/></customer></order>`),
			wire.Cancel, wire.Email, "a@example.test",
		},
		"texts as they were sent": {
			cancelOf("<order><billnumber>1</billnumber><ordercomment> a &amp;\r\n b </ordercomment></order>"),
			wire.Cancel, wire.OrderComment, " a &\n b ",
		},
		"unknown elements": {
			cancelOf(`<new><amount>1</amount></new><order><new/><billnumber>1</billnumber></order>`),
			wire.Cancel, wire.Billnumber, "1",
		},
		"children in our namespace": {
			cancelOf(`<ws:order><ws:billnumber>1</ws:billnumber></ws:order>`),
			wire.Cancel, wire.Billnumber, "1",
		},
		"children of a foreign namespace are not ours": {
			cancelOf(`<x:order xmlns:x="urn:x"/><order><billnumber>1</billnumber><x:billnumber xmlns:x="urn:x">2</x:billnumber></order>`),
			wire.Cancel, wire.Billnumber, "1",
		},
		"a check value beside the order": {
			cancelOf(`<checkvalue>AB</checkvalue>` + someOrder),
			wire.Cancel, wire.CheckValue, "AB",
		},
		"an order without a container": {
			bodyOf(`<ws:orderstateResponse>` + someOrder + `</ws:orderstateResponse>`),
			wire.OrderState, wire.OrderStateText, "Approved",
		},
		"a packet date inside the container": {
			bodyOf(`<ws:orderresultResponse><orderresult>` + someOrder + `<packetdate>p</packetdate></orderresult></ws:orderresultResponse>`),
			wire.OrderResult, wire.PacketDate, "p",
		},
		"a header": {
			`<e:Envelope xmlns:e="` + envelopeSpace + `"><e:Header><a>1</a></e:Header><e:Body><w:WSCancelResponseParams xmlns:w="` + serviceSpace + `">` +
				someOrder + `</w:WSCancelResponseParams></e:Body></e:Envelope>`,
			wire.Cancel, wire.Billnumber, "5700027202722028",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := decoded(t, test.doc, test.service)
			require.Len(t, a.Orders, 1)
			require.Equal(t, test.want, a.Orders[0].Text(test.field))
		})
	}
}

func TestDecodeKeepsCodesOfAResult(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"elements":                bodyOf(`<ws:orderresultResponse><firstcode>10</firstcode><secondcode>201</secondcode></ws:orderresultResponse>`),
		"elements in a container": bodyOf(`<ws:orderresultResponse><orderresult><firstcode>10</firstcode><secondcode>201</secondcode></orderresult></ws:orderresultResponse>`),
		"attributes":              bodyOf(`<ws:orderresultResponse><orderresult firstcode="10" secondcode="201" count="0"/></ws:orderresultResponse>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := decoded(t, doc, wire.OrderResult)
			require.Equal(t, &wire.Codes{First: "10", Second: "201"}, a.Codes)
			require.Empty(t, a.Orders)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const envelope = `<e:Envelope xmlns:e="` + envelopeSpace + `" xmlns:ws="` + serviceSpace + `">`
	wrapper := `<ws:WSCancelResponseParams>` + someOrder + `</ws:WSCancelResponseParams>`
	for name, test := range map[string]struct {
		doc  string
		want error
	}{
		"nothing":                             {``, wire.ErrForeign},
		"plain text":                          {`Service Unavailable`, wire.ErrForeign},
		"HTML":                                {`<!DOCTYPE html><html><body><br></body></html>`, wire.ErrForeign},
		"HTML in lower case":                  {`<!doctype html><html></html>`, wire.ErrForeign},
		"JSON":                                {`{"wscancel":{}}`, wire.ErrForeign},
		"plain XML":                           {`<result firstcode="0"/>`, wire.ErrForeign},
		"SOAP 1.2":                            {`<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>`, wire.ErrForeign},
		"an envelope without a namespace":     {`<Envelope><Body/></Envelope>`, wire.ErrForeign},
		"the answer of another service":       {bodyOf(`<ws:orderresultResponse/>`), wire.ErrForeign},
		"a wrapper without a namespace":       {bodyOf(`<WSCancelResponseParams/>`), wire.ErrForeign},
		"a wrapper in a foreign namespace":    {bodyOf(`<x:WSCancelResponseParams xmlns:x="urn:x"/>`), wire.ErrForeign},
		"the request":                         {bodyOf(`<ws:WSCancelRequestParams/>`), wire.ErrForeign},
		"a fault without its namespace":       {bodyOf(`<Fault/>`), wire.ErrForeign},
		"a row of another service":            {cancelOf(`<payment/>`), wire.ErrForeign},
		"no body":                             {envelope + `</e:Envelope>`, wire.ErrMissing},
		"an empty body":                       {bodyOf(``), wire.ErrMissing},
		"two bodies":                          {envelope + `<e:Body>` + wrapper + `</e:Body><e:Body>` + wrapper + `</e:Body></e:Envelope>`, wire.ErrMisplaced},
		"two headers":                         {envelope + `<e:Header/><e:Header/><e:Body>` + wrapper + `</e:Body></e:Envelope>`, wire.ErrMisplaced},
		"a header behind the body":            {envelope + `<e:Body>` + wrapper + `</e:Body><e:Header/></e:Envelope>`, wire.ErrMisplaced},
		"something behind the body":           {envelope + `<e:Body>` + wrapper + `</e:Body><x/></e:Envelope>`, wire.ErrMisplaced},
		"two answers":                         {bodyOf(wrapper + wrapper), wire.ErrMisplaced},
		"a fault beside an answer":            {bodyOf(wrapper + `<e:Fault/>`), wire.ErrMisplaced},
		"an answer beside a fault":            {bodyOf(`<e:Fault/>` + wrapper), wire.ErrMisplaced},
		"text in the body":                    {bodyOf(`text`), xmlscan.ErrMixed},
		"text in the wrapper":                 {cancelOf(`text`), xmlscan.ErrMixed},
		"text in an order":                    {cancelOf(`<order>text</order>`), xmlscan.ErrMixed},
		"an element in a field":               {cancelOf(`<order><billnumber><a>1</a></billnumber></order>`), xmlscan.ErrNotText},
		"an element in a packet date":         {cancelOf(`<packetdate><a>1</a></packetdate>`), xmlscan.ErrNotText},
		"an element in a code":                {cancelOf(`<firstcode><a>1</a></firstcode>`), xmlscan.ErrNotText},
		"an element in a fault's code":        {faultOf(`<faultcode><a/></faultcode>`), xmlscan.ErrNotText},
		"a field twice":                       {cancelOf(`<order><billnumber>1</billnumber><billnumber>1</billnumber></order>`), wire.ErrDuplicate},
		"a field twice, in both namespaces":   {cancelOf(`<order><billnumber>1</billnumber><ws:billnumber>1</ws:billnumber></order>`), wire.ErrDuplicate},
		"a field of an operation twice":       {cancelOf(`<order><billnumber>1</billnumber><operation><amount>1</amount><amount>2</amount></operation></order>`), wire.ErrDuplicate},
		"a customer twice":                    {cancelOf(`<order><billnumber>1</billnumber><customer/><customer/></order>`), wire.ErrDuplicate},
		"an email in the order and customer":  {cancelOf(`<order><billnumber>1</billnumber><email/><customer><email/></customer></order>`), wire.ErrDuplicate},
		"a container twice":                   {strings.ReplaceAll(bodyOf(`<ws:WSCancelResponseParams><orderstate/><orderstate/></ws:WSCancelResponseParams>`), "WSCancelResponseParams", "orderstateResponse"), wire.ErrDuplicate},
		"a packet date twice":                 {cancelOf(`<packetdate>1</packetdate>` + someOrder + `<packetdate>1</packetdate>`), wire.ErrDuplicate},
		"a packet date beside and in":         {cancelOf(`<order><billnumber>1</billnumber><packetdate>1</packetdate></order><packetdate>1</packetdate>`), wire.ErrDuplicate},
		"a code twice":                        {cancelOf(`<firstcode>1</firstcode><firstcode>1</firstcode>`), wire.ErrDuplicate},
		"a code as attribute and element":     {strings.Replace(cancelOf(`<firstcode>1</firstcode>`), "Params>", `Params firstcode="1">`, 1), wire.ErrDuplicate},
		"a code of a container twice":         {bodyOf(`<ws:orderstateResponse count="0"><orderstate count="0"/></ws:orderstateResponse>`), wire.ErrDuplicate},
		"a faultstring twice":                 {faultOf(`<faultstring>a</faultstring><faultstring>a</faultstring>`), wire.ErrDuplicate},
		"two details":                         {faultOf(`<detail/><detail/>`), wire.ErrDuplicate},
		"codes on two levels of a detail":     {faultOf(`<detail><firstcode>5</firstcode><a><firstcode>7</firstcode></a></detail>`), wire.ErrDuplicate},
		"a packet date of two orders":         {cancelOf(someOrder + someOrder + `<packetdate>1</packetdate>`), wire.ErrMisplaced},
		"an order without a billnumber":       {cancelOf(`<order/>`), wire.ErrMissing},
		"an operation without a billnumber":   {cancelOf(`<order><billnumber>1</billnumber><operation/></order>`), wire.ErrMissing},
		"a count that contradicts the orders": {cancelOf(`<count>0</count>` + someOrder), wire.ErrCount},
		"text behind the envelope":            {cancelOf(someOrder) + "x", xmlscan.ErrTrailing},
		"two documents":                       {cancelOf(someOrder) + cancelOf(someOrder), xmlscan.ErrTrailing},
		"a cut document":                      {strings.TrimSuffix(cancelOf(someOrder), "</e:Body></e:Envelope>"), xmlscan.ErrTruncated},
		"a broken unknown element":            {cancelOf(`<x><y></x>` + someOrder), xmlscan.ErrMismatch},
		"a broken header":                     {envelope + `<e:Header><a></e:Header>`, xmlscan.ErrMismatch},
		"a broken fault":                      {faultOf(`<x><y></x>`), xmlscan.ErrMismatch},
		"a broken detail":                     {faultOf(`<detail><x><y></x></detail>`), xmlscan.ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := wire.Answer{Count: "left over", Orders: make([]wire.Order, 1)}
			err := Decode(test.doc, wire.Cancel, &a)
			if strings.Contains(test.doc, "orderstateResponse") {
				err = Decode(test.doc, wire.OrderState, &a)
			}
			require.ErrorIs(t, err, test.want)
			require.True(t, strings.HasPrefix(err.Error(), "soap: "))
			require.Equal(t, wire.Answer{}, a, "nothing is left behind")
		})
	}
}

func TestDecodeACutAnswerIsNeverWhole(t *testing.T) {
	t.Parallel()
	doc := strings.TrimRight(sample(t, "../testdata/qiwi_cancel.xml"), " \n")
	require.NoError(t, Decode(doc, wire.Cancel, new(wire.Answer)))
	for n := range len(doc) {
		require.Error(t, Decode(doc[:n], wire.Cancel, new(wire.Answer)), "cut at byte %d", n)
	}
}

func TestDecodeErrorsCarryNoText(t *testing.T) {
	t.Parallel()
	const planted = "planted-5701"
	for _, doc := range []string{
		cancelOf(`<order><cardholder>` + planted + `</cardholder><cardholder>` + planted + `</cardholder></order>`),
		cancelOf(`<order><cardholder>` + planted + `</order>`),
		cancelOf(`<order>` + planted + `</order>`),
		cancelOf(`<` + planted + `>`),
		`<` + planted + `/>`,
		planted,
		faultOf(`<faultstring>` + planted + `</faultstring><faultstring>` + planted + `</faultstring>`),
	} {
		err := Decode(doc, wire.Cancel, new(wire.Answer))
		require.Error(t, err)
		require.NotContains(t, err.Error(), planted)
	}
}

func FuzzDecode(f *testing.F) {
	for _, path := range []string{"../testdata/webmoney_cancel.xml", "../testdata/qiwi_cancel.xml", "testdata/orderresult.xml", "testdata/orderstate.xml", "testdata/fault.xml"} {
		doc := sample(f, path)
		for s := wire.Cancel; s <= wire.ResultByDate; s++ {
			f.Add(doc, uint8(s))
		}
	}
	f.Fuzz(func(t *testing.T, doc string, s uint8) {
		var a wire.Answer
		if err := Decode(doc, wire.Service(s), &a); err != nil {
			require.Equal(t, wire.Answer{}, a)
			return
		}
		require.False(t, a.Fault != nil && (a.Orders != nil || a.Codes != nil))
		for i := range a.Orders {
			require.True(t, a.Orders[i].Has(wire.Billnumber))
		}
		// Whatever is taken is XML to encoding/xml too, as far as it reads it.
		var any struct {
			XMLName xml.Name
		}
		if err := xml.Unmarshal([]byte(doc), &any); err == nil {
			require.Equal(t, envelopeSpace, any.XMLName.Space)
		}
	})
}

// What encoding/xml needs for the same answer.
type (
	stdEnvelope struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Answer struct {
				Order      stdOrder `xml:"order"`
				PacketDate string   `xml:"packetdate"`
				Signature  string   `xml:"signature"`
			} `xml:"http://www.paysecure.ru/ws/ WSCancelResponseParams"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	stdOrder struct {
		Billnumber    string `xml:"billnumber"`
		OrderNumber   string `xml:"ordernumber"`
		TestMode      string `xml:"testmode"`
		OrderComment  string `xml:"ordercomment"`
		OrderAmount   string `xml:"orderamount"`
		OrderCurrency string `xml:"ordercurrency"`
		Rate          string `xml:"rate"`
		OrderDate     string `xml:"orderdate"`
		OrderState    string `xml:"orderstate"`
		Customer      struct {
			FirstName  string `xml:"firstname"`
			LastName   string `xml:"lastname"`
			MiddleName string `xml:"middlename"`
			Email      string `xml:"email"`
		} `xml:"customer"`
		Operations []stdOperation `xml:"operation"`
	}
	stdOperation struct {
		Billnumber       string `xml:"billnumber"`
		OperationType    string `xml:"operationtype"`
		OperationState   string `xml:"operationstate"`
		Amount           string `xml:"amount"`
		Currency         string `xml:"currency"`
		IPAddress        string `xml:"ipaddress"`
		MeanTypeID       string `xml:"meantype_id"`
		MeanSubtype      string `xml:"meansubtype"`
		MeanNumber       string `xml:"meannumber"`
		CardHolder       string `xml:"cardholder"`
		IssueBank        string `xml:"issuebank"`
		BankCountry      string `xml:"bankcountry"`
		ResponseCode     string `xml:"responsecode"`
		Message          string `xml:"message"`
		CustomerMessage  string `xml:"customermessage"`
		Recommendation   string `xml:"recommendation"`
		ApprovalCode     string `xml:"approvalcode"`
		ProtocolTypeName string `xml:"protocoltypename"`
		ProcessingName   string `xml:"processingname"`
		OperationDate    string `xml:"operationdate"`
	}
)

func TestDecodeAllocatesLittle(t *testing.T) {
	doc := sample(t, "../testdata/qiwi_cancel.xml")
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		var a wire.Answer
		if err := Decode(doc, wire.Cancel, &a); err != nil {
			t.Fatal(err)
		}
	}), 8.0)
}

func BenchmarkDecode(b *testing.B) {
	doc := sample(b, "../testdata/qiwi_cancel.xml")
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var a wire.Answer
			if err := Decode(doc, wire.Cancel, &a); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding_xml", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var e stdEnvelope
			if err := xml.Unmarshal([]byte(doc), &e); err != nil {
				b.Fatal(err)
			}
			if e.Body.Answer.Order.Operations[0].ResponseCode != "AS000" {
				b.Fatal("not read")
			}
		}
	})
}
