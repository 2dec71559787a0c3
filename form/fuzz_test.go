package form

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
