package form

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/wire"
)

// fuzzDecoder holds what is so for every decoder: no panic, nothing left after
// an error, no order without a billnumber.
func fuzzDecoder(f *testing.F, decode decoder, taken func(*testing.T, string)) {
	for _, name := range []string{"cancel.xml", "resultbydate.xml", "cancel.csv", "wscancel.json", "orderresult.json"} {
		for s := wire.Cancel; s <= wire.ResultByDate; s++ {
			f.Add(sample(f, name), uint8(s))
		}
	}
	f.Add(`<result firstcode='10' secondcode='100' count='0'></result>`, uint8(wire.Cancel))
	f.Add(`{"fault":{"faultcode":"a\ud83d\udcb3","detail":{"x":{"firstcode":5}}}}`, uint8(wire.OrderState))
	f.Add("error;5;108;", uint8(wire.ResultByDate))
	f.Add("{\"orderstate\":{\"billnumber\":5700027202722028.10,\"orderstate\":\"a\\ud83d\\u0041\n\",\"checkdata\":{\"packetdate\":1}}}", uint8(wire.OrderState))
	f.Add("billnumber:1.2;signature:AAAA\r\nBBBB\r\nordercomment:a & b;\n", uint8(wire.Cancel))
	f.Add("<result><order><billnumber>1</billnumber><ordercomment>a & b&nbsp;&#55357;]]></ordercomment></order></result>", uint8(wire.Cancel))
	f.Fuzz(func(t *testing.T, doc string, s uint8) {
		var a wire.Answer
		if err := decode(doc, wire.Service(s), &a); err != nil {
			require.Equal(t, wire.Answer{}, a)
			return
		}
		taken(t, doc)
		for i := range a.Orders {
			o := &a.Orders[i]
			for j := range o.Operations {
				require.True(t, o.Operations[j].Has(wire.Billnumber))
			}
			require.False(t, o.Flat && len(o.Operations) > 0 && wire.Service(s) == wire.Cancel)
		}
		_ = a.Complete(wire.Service(s))
	})
}

func FuzzDecodeXML(f *testing.F) { fuzzDecoder(f, DecodeXML, func(*testing.T, string) {}) }

func FuzzDecodeJSON(f *testing.F) {
	fuzzDecoder(f, DecodeJSON, func(t *testing.T, doc string) {
		// Line ends and tabs in strings are the one liberty.
		doc = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(strings.TrimPrefix(doc, byteOrderMark))
		require.True(t, json.Valid([]byte(doc)), "encoding/json refuses it")
	})
}

func FuzzDecodeCSV(f *testing.F) { fuzzDecoder(f, DecodeCSV, func(*testing.T, string) {}) }

// FuzzDecodeRows holds the reading by rows against the reading of the whole.
func FuzzDecodeRows(f *testing.F) {
	for _, name := range []string{"resultbydate.xml", "cancel.xml"} {
		f.Add(sample(f, name))
	}
	row := paymentRow("1.1", "a & b &#0; <!-- </payment> --><![CDATA[</payment>]]>")
	f.Add(`<?xml version="1.0"?><!DOCTYPE result [<!ELEMENT a (b)><!-- ' > --><?x ]> ?>]><result firstcode='0' secondcode="0" count="2"><orders>` + row + "\n" + row + `</orders></result><!-- -->`)
	f.Add(`<result><payment a="/>" b='"'><billnumber>1</billnumber><new><payment/></new></payment><firstcode>0</firstcode></result>`)
	f.Add(`<result><orders xmlns="u">` + row + `</orders>` + row + `</result>`)
	f.Add(`<result><a/></a></result></result>` + row)
	f.Fuzz(func(t *testing.T, doc string) {
		text, _ := charset.Text(doc, "text/xml; charset=utf-8")
		if strings.Contains(text, "windows") || strings.Contains(text, "1251") {
			return // what is declared would be tried on each row by itself
		}
		var whole wire.Answer
		wholeErr := DecodeXML(text, wire.ResultByDate, &whole)
		if wholeErr == nil {
			wholeErr = whole.Complete(wire.ResultByDate)
		}
		rows, err := rowsOf(doc, "text/xml; charset=utf-8")
		if err != nil {
			require.Nil(t, rows)
			if wholeErr == nil && len(doc) < MaxRow && !strings.Contains(doc, ":") && !strings.Contains(doc, "xmlns") {
				require.ErrorIs(t, err, wire.ErrMisplaced, "the whole can be read: %v", err)
			}
			return
		}
		require.NoError(t, wholeErr, "only the rows can be read")
		require.Equal(t, whole.Orders, rows.Orders)
		require.Equal(t, whole.Codes, rows.Codes)
		require.Equal(t, whole.Count, rows.Count)
	})
}
