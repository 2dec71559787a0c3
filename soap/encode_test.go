package soap

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
)

// someCancel is a request with everything in it.
func someCancel() *wire.Request {
	return &wire.Request{
		Service:    wire.Cancel,
		Subject:    wire.Param{Name: "Billnumber", Value: "5700027202722028"},
		MerchantID: "515089", Login: "login_515089", Password: "invented1",
		Params: []wire.Param{{Name: "Amount", Value: "0.10"}, {Name: "Currency", Value: "RUB"}, {Name: "CancelReason", Value: "2"}, {Name: "Language", Value: "RU"}},
		ChequeItems: [][]wire.Param{
			{{Name: "id", Value: "1"}, {Name: "name", Value: "Чай & кофе"}},
			{{Name: "id", Value: "2"}},
		},
		Format: "4",
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	const open = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/"><soapenv:Body>`
	for name, test := range map[string]struct {
		request *wire.Request
		want    string
	}{
		"a cancel": {
			someCancel(),
			`<ws:WSCancelRequestParams><billnumber>5700027202722028</billnumber><merchant_id>515089</merchant_id><login>login_515089</login>` +
				`<password>invented1</password><amount>0.10</amount><currency>RUB</currency><cancelreason>2</cancelreason><language>RU</language>` +
				`<chequeitem><id>1</id><name>Чай &amp; кофе</name></chequeitem><chequeitem><id>2</id></chequeitem></ws:WSCancelRequestParams>`,
		},
		"an order result": {
			&wire.Request{
				Service: wire.OrderResult, Subject: wire.Param{Name: "Ordernumber", Value: "a-1"}, MerchantID: "1", Login: "l", Password: "p",
				Params: []wire.Param{{Name: "StartYear", Value: "2013"}, {Name: "GS1_Z", Value: "1"}},
			},
			`<ws:orderresult><ordernumber>a-1</ordernumber><merchant_id>1</merchant_id><login>l</login><password>p</password><startyear>2013</startyear><gs1_z>1</gs1_z></ws:orderresult>`,
		},
		"an order state": {
			&wire.Request{Service: wire.OrderState, Subject: wire.Param{Name: "Ordernumber", Value: "a-1"}},
			`<ws:orderstate><ordernumber>a-1</ordernumber><merchant_id></merchant_id><login></login><password></password></ws:orderstate>`,
		},
		"no subject": {
			&wire.Request{Service: wire.ResultByDate},
			`<ws:resultbydate><merchant_id></merchant_id><login></login><password></password></ws:resultbydate>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := string(Encode([]byte("ahead "), test.request))
			require.Equal(t, "ahead "+open+test.want+`</soapenv:Body></soapenv:Envelope>`, got)
			require.LessOrEqual(t, len(Encode(nil, test.request)), size(test.request)+len("&amp;"))
		})
	}
}

func TestEncodeEscapes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"mark-up":                  {`</password><amount>9</amount>`, "&lt;/password&gt;&lt;amount&gt;9&lt;/amount&gt;"},
		"an entity":                {"&lt;", "&amp;lt;"},
		"quotes":                   {`"'`, "&quot;&apos;"},
		"the end of CDATA":         {"]]>", "]]&gt;"},
		"white space":              {" \t\n\r ", " \t\n&#xD; "},
		"Russian":                  {"возврат №1", "возврат №1"},
		"beyond the basic plane":   {"\U0001f4b3", "\U0001f4b3"},
		"a NUL between two digits": {"1\x000", "1\ufffd0"},
		"controls":                 {"\x01\x1f", "\ufffd\ufffd"},
		"no characters":            {"\ufffe\uffff", "\ufffd\ufffd"},
		"no UTF-8":                 {"a\xffb\xed\xa0\x80", "a\ufffdb\ufffd\ufffd\ufffd"},
		"a mark of an encoding":    {"\ufeffa", "\ufeffa"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := string(Encode(nil, &wire.Request{Service: wire.Cancel, Password: test.text}))
			require.Contains(t, doc, "<password>"+test.want+"</password>")
			var read struct {
				Password string `xml:"Body>WSCancelRequestParams>password"`
			}
			require.NoError(t, xml.Unmarshal([]byte(doc), &read))
			require.Equal(t, strings.NewReplacer("\x00", "\ufffd", "\x01", "\ufffd", "\x1f", "\ufffd", "\ufffe", "\ufffd", "\uffff", "\ufffd").
				Replace(strings.ToValidUTF8(strings.ReplaceAll(test.text, "\xed\xa0\x80", "\ufffd\ufffd\ufffd"), "\ufffd")), read.Password)
		})
	}
}

func TestEncodeAllocatesOnce(t *testing.T) {
	q := someCancel()
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { Encode(nil, q) }), 2.0)
}

func BenchmarkEncode(b *testing.B) {
	q := someCancel()
	b.ReportAllocs()
	for b.Loop() {
		Encode(nil, q)
	}
}
