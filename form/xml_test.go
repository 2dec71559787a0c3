package form

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

func sample(t testing.TB, name string) string {
	t.Helper()
	doc, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(doc)
}

// shape is what an answer holds, short enough for a table: for each order its
// billnumber, "!" when it is flat, and its operations' billnumbers.
func shape(a *wire.Answer) string {
	var out []string
	if a.Codes != nil {
		out = append(out, "codes "+a.Codes.First+"/"+a.Codes.Second)
	}
	if a.Fault != nil {
		out = append(out, "fault "+a.Fault.Code+"|"+a.Fault.Text+"|"+a.Fault.Message+"|"+a.Fault.Recommendation+"|"+a.Fault.Detail.First+"/"+a.Fault.Detail.Second)
	}
	for i := range a.Orders {
		o := &a.Orders[i]
		text := "order " + o.Text(wire.Billnumber)
		if o.Flat {
			text += "!"
		}
		for j := range o.Operations {
			text += " " + o.Operations[j].Text(wire.Billnumber)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

type decoder func(string, wire.Service, *wire.Answer) error

func requireRefused(t *testing.T, decode decoder, doc string, s wire.Service, want error) {
	t.Helper()
	a := wire.Answer{Count: "left over", Orders: make([]wire.Order, 1)}
	err := decode(doc, s, &a)
	require.ErrorIs(t, err, want)
	require.True(t, strings.HasPrefix(err.Error(), "form: "))
	require.Equal(t, wire.Answer{}, a, "nothing is left behind")
	require.NotContains(t, err.Error(), "planted")
}

func TestDecodeXMLCancelSample(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, DecodeXML(sample(t, "cancel.xml"), wire.Cancel, &a))
	require.NoError(t, a.Complete(wire.Cancel))
	require.Equal(t, &wire.Codes{First: "0", Second: "0"}, a.Codes)
	require.Equal(t, "1", a.Count)
	require.Len(t, a.Orders, 1)
	o := &a.Orders[0]
	require.True(t, o.Flat)
	for f, want := range map[wire.Field]string{
		wire.Billnumber: "5700027202722028.3", wire.ResponseCode: "AS300", wire.Amount: "0.10", wire.OrderAmount: "1.00",
		wire.OrderComment: "тестовый платеж", wire.CustomerMessage: "В процессе обработки", wire.PacketDate: "24.10.2013 13:58:37",
	} {
		require.Equal(t, want, o.Text(f), f.String())
	}
}

func TestDecodeXMLResultByDateSample(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, DecodeXML(sample(t, "resultbydate.xml"), wire.ResultByDate, &a))
	require.NoError(t, a.Complete(wire.ResultByDate))
	require.Equal(t, "codes 0/0, order 5700027202722028.1!, order 5700027202722028.3!", shape(&a))
	require.Equal(t, "WEB", a.Orders[0].Text(wire.ProtocolName))
}

func TestDecodeXMLShapes(t *testing.T) {
	t.Parallel()
	const flat = `<order><billnumber>1.2</billnumber><responsecode>AS000</responsecode></order>`
	const nested = `<order><billnumber>1</billnumber><customer><email>e</email></customer><operation><billnumber>1.2</billnumber></operation><operation><billnumber>1.3</billnumber></operation></order>`
	for name, test := range map[string]struct {
		doc     string
		service wire.Service
		want    string
	}{
		"a refusal":                          {`<result firstcode='10' secondcode='100' count='0'></result>`, wire.Cancel, "codes 10/100"},
		"a refusal with a count":             {`<result firstcode='10' secondcode='100' count='1'/>`, wire.Cancel, "codes 10/100"},
		"a count that isn't one":             {`<result count='many'>` + flat + `</result>`, wire.Cancel, "order 1.2!"},
		"an empty count":                     {`<result count=''>` + flat + `</result>`, wire.Cancel, "order 1.2!"},
		"a count of something else":          {`<result count='3'>` + nested + `</result>`, wire.Cancel, "order 1 1.2 1.3"},
		"nothing found":                      {`<result firstcode="0" secondcode="0" count="0"/>`, wire.OrderResult, "codes 0/0"},
		"a flat cancel in orders":            {`<result><orders>` + flat + `</orders></result>`, wire.Cancel, "order 1.2!"},
		"a flat cancel in place":             {`<result>` + flat + `</result>`, wire.Cancel, "order 1.2!"},
		"a nested cancel":                    {`<result>` + nested + `<packetdate>p</packetdate><signature>s</signature></result>`, wire.Cancel, "order 1 1.2 1.3"},
		"a cancel without a response code":   {`<result><order><billnumber>1</billnumber></order></result>`, wire.Cancel, "order 1"},
		"an order result":                    {`<result>` + nested + nested + `</result>`, wire.OrderResult, "order 1 1.2 1.3, order 1 1.2 1.3"},
		"an order result is never flat":      {`<result>` + flat + `</result>`, wire.OrderResult, "order 1.2"},
		"an order state is never flat":       {`<result>` + flat + `</result>`, wire.OrderState, "order 1.2"},
		"an order state field is no wrapper": {`<result><order><orderstate>Approved</orderstate><billnumber>1</billnumber></order></result>`, wire.OrderState, "order 1"},
		"a foreign namespace is not ours":    {`<result xmlns:x="u"><x:order/><order><billnumber>1</billnumber><x:operation/></order></result>`, wire.OrderState, "order 1"},
		"unknown elements":                   {`<result new="1"><new><order/></new><order><new/><billnumber>1</billnumber></order></result>`, wire.OrderState, "order 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a wire.Answer
			require.NoError(t, DecodeXML(test.doc, test.service, &a))
			require.Equal(t, test.want, shape(&a))
		})
	}
}

func TestDecodeXMLRefuses(t *testing.T) {
	t.Parallel()
	const order = `<order><billnumber>1</billnumber><packetdate>planted</packetdate></order>`
	for name, test := range map[string]struct {
		doc  string
		want error
	}{
		"nothing":                          {``, wire.ErrForeign},
		"plain text":                       {`planted`, wire.ErrForeign},
		"HTML":                             {`<html><body>planted</body></html>`, wire.ErrForeign},
		"another root":                     {`<orders/>`, wire.ErrForeign},
		"a root in a namespace":            {`<result xmlns="urn:planted"/>`, wire.ErrForeign},
		"rows of another service":          {`<result><payment/></result>`, wire.ErrForeign},
		"a count of none":                  {`<result count="0">` + order + `</result>`, wire.ErrCount},
		"a count without orders":           {`<result firstcode="0" secondcode="0" count="1"/>`, wire.ErrCount},
		"a count without codes and orders": {`<result count="1"><orders/></result>`, wire.ErrCount},
		"a field twice":                    {`<result><order><billnumber>1</billnumber><billnumber>planted</billnumber></order></result>`, wire.ErrDuplicate},
		"a packet date twice":              {`<result>` + order + `<packetdate>planted</packetdate></result>`, wire.ErrDuplicate},
		"orders twice":                     {`<result><orders/><orders/></result>`, wire.ErrDuplicate},
		"a packet date of nothing certain": {`<result>` + strings.ReplaceAll(order+order, "packetdate", "x") + `<signature/></result>`, wire.ErrMisplaced},
		"an empty order":                   {`<result><order/></result>`, wire.ErrMissing},
		"a cut document":                   {`<result>` + order, xmlscan.ErrTruncated},
		"two documents":                    {`<result/><result/>`, xmlscan.ErrTrailing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, DecodeXML, test.doc, wire.Cancel, test.want)
		})
	}
	requireRefused(t, DecodeXML, `<result><order/></result>`, wire.ResultByDate, wire.ErrForeign)
}

// An entity of a DTD is never expanded: where it stands for a text that decides,
// nothing is decided.
func TestDecodeXMLExpandsNoEntity(t *testing.T) {
	t.Parallel()
	var a wire.Answer
	require.NoError(t, DecodeXML(`<!DOCTYPE result [<!ENTITY planted "1">]><result><order><billnumber>&planted;</billnumber><orderstate>Approved</orderstate></order></result>`, wire.OrderResult, &a))
	require.ErrorIs(t, a.Complete(wire.OrderResult), wire.ErrDamaged)
}

func TestDecodeACutDocumentIsNeverWhole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		decode  decoder
		service wire.Service
	}{
		"cancel.xml":       {DecodeXML, wire.Cancel},
		"resultbydate.xml": {DecodeXML, wire.ResultByDate},
		"wscancel.json":    {DecodeJSON, wire.Cancel},
		"orderresult.json": {DecodeJSON, wire.OrderResult},
	} {
		doc := strings.TrimSpace(sample(t, name))
		require.NoError(t, test.decode(doc, test.service, new(wire.Answer)), name)
		for n := range len(doc) {
			require.Error(t, test.decode(doc[:n], test.service, new(wire.Answer)), "%s cut at byte %d", name, n)
		}
	}
}
