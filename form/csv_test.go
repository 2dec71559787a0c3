package form

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
)

func TestDecodeCSVSample(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"as it is":               sample(t, "cancel.csv"),
		"with CR LF":             strings.ReplaceAll(sample(t, "cancel.csv"), "\n", "\r\n"),
		"with a byte order mark": byteOrderMark + sample(t, "cancel.csv"),
		"with lines only":        strings.ReplaceAll(sample(t, "cancel.csv"), ";", ""),
		"without spaces":         strings.ReplaceAll(sample(t, "cancel.csv"), ": ", ":"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a wire.Answer
			require.NoError(t, DecodeCSV(doc, wire.Cancel, &a))
			require.NoError(t, a.Complete(wire.Cancel))
			require.Equal(t, "order 5700027202722028.3!", shape(&a))
			o := &a.Orders[0]
			for f, want := range map[wire.Field]string{
				wire.ResponseCode: "AS300", wire.OrderComment: "тестовый платеж", wire.Message: "",
				wire.OrderDate: "23.10.2013 12:59:44", wire.PacketDate: "24.10.2013 13:58:37",
			} {
				require.True(t, o.Has(f))
				require.Equal(t, want, o.Text(f), f.String())
			}
			require.Equal(t, []string{"kA0DAAIR", "zfHw5Yyc+/=="}, strings.Fields(o.Text(wire.Signature)))
		})
	}
}

func TestDecodeCSVTakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc     string
		service wire.Service
		field   wire.Field
		shape   string
		want    string
	}{
		"a pair":                         {"billnumber:1;", wire.Cancel, wire.Billnumber, "order 1!", "1"},
		"space around a name":            {"\n billnumber : 1;", wire.Cancel, wire.Billnumber, "order 1!", "1"},
		"one space behind the colon":     {"billnumber:1;message:  m ;", wire.Cancel, wire.Message, "order 1!", " m "},
		"a colon in a value":             {"billnumber:1;message:a: b:c;", wire.Cancel, wire.Message, "order 1!", "a: b:c"},
		"unknown names":                  {"new: 1;billnumber:1;newer: a: b;", wire.Cancel, wire.Billnumber, "order 1!", "1"},
		"empty pieces":                   {";;billnumber:1;; ;\n;", wire.Cancel, wire.Billnumber, "order 1!", "1"},
		"lone carriage returns":          {"billnumber:1\rmessage:m\r", wire.Cancel, wire.Message, "order 1!", "m"},
		"a last value without an end":    {"billnumber:1;message:m", wire.Cancel, wire.Message, "order 1!", ""},
		"a last name without an end":     {"billnumber:1;mess", wire.Cancel, wire.Message, "order 1!", ""},
		"a signature over lines":         {"billnumber:1\nsignature: AB+/\nCD ==\n\nmessage:m\n", wire.Cancel, wire.Signature, "order 1!", "AB+/\nCD =="},
		"a signature that ends":          {"billnumber:1\nsignature: AB;message:m;", wire.Cancel, wire.Signature, "order 1!", "AB"},
		"a signature on its own line":    {"billnumber:1\nsignature:\nAB==\n", wire.Cancel, wire.Signature, "order 1!", "\nAB=="},
		"a signature, its last line cut": {"billnumber:1\nsignature: AB\nCD", wire.Cancel, wire.Signature, "order 1!", ""},
		"a signature, then a cut pair":   {"billnumber:1\nsignature: AB\nmessage: m", wire.Cancel, wire.Signature, "order 1!", "AB"},
		"a signature, then space":        {"billnumber:1\nsignature: AB\n ", wire.Cancel, wire.Signature, "order 1!", "AB"},
		"codes as pairs":                 {"firstcode: 7;secondcode: 102;message: m;", wire.Cancel, wire.Message, "codes 7/102", ""},
		"codes beside an order":          {"billnumber:1;firstcode: 0;secondcode: 0;", wire.Cancel, wire.Billnumber, "codes 0/0, order 1!", "1"},
		"a refusal":                      {"error;10;201;", wire.Cancel, wire.Billnumber, "codes 10/201", ""},
		"codes beside a response code":   {"responsecode:AS000;firstcode: 0;", wire.Cancel, wire.ResponseCode, "codes 0/, order !", "AS000"},
		"a known name, if only one":      {"message: m;", wire.Cancel, wire.Message, "order !", "m"},
		"a refusal on a line":            {"\ufeff\nerror;5;108\r\n", wire.ResultByDate, wire.Billnumber, "codes 5/108", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a wire.Answer
			require.NoError(t, DecodeCSV(test.doc, test.service, &a))
			require.Equal(t, test.shape, shape(&a))
			if len(a.Orders) > 0 {
				require.Equal(t, test.want, a.Orders[0].Text(test.field))
			}
		})
	}
}

func TestDecodeCSVRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc  string
		want error
	}{
		"nothing":                          {"", wire.ErrForeign},
		"space":                            {" \r\n", wire.ErrForeign},
		"plain text":                       {"planted\n", wire.ErrForeign},
		"plain text with a colon":          {"planted: planted;\nplanted\n", wire.ErrForeign},
		"HTML":                             {"<html>\nmessage: planted;\n</html>", wire.ErrForeign},
		"JSON":                             {`{"billnumber":"1";}`, wire.ErrForeign},
		"a header and rows":                {"ordernumber;billnumber;amount;\na;1;1.00;\n", wire.ErrForeign},
		"a known name without an end":      {"billnumber:1", wire.ErrForeign},
		"a known name in another case":     {"Billnumber:1;", wire.ErrForeign},
		"bytes that are no UTF-8":          {"message:\xd2\xe5;", errNotUTF8},
		"a semicolon in a value":           {"billnumber:1;message:a;planted;", errCSVPiece},
		"a line break in a value":          {"billnumber:1;message:a\nplanted;", errCSVPiece},
		"no base64 behind a signature":     {"billnumber:1;signature:AB\nplanted!\n", errCSVPiece},
		"base64 behind an ended signature": {"billnumber:1;signature:AB;\nplanted\n", errCSVPiece},
		"base64 behind another pair":       {"signature:AB\nbillnumber:1\nplanted\n", errCSVPiece},
		"a field twice":                    {"billnumber:1;message:a;billnumber:planted;", wire.ErrDuplicate},
		"a signature twice":                {"signature:AB;signature:AB;", wire.ErrDuplicate},
		"a code twice":                     {"firstcode:1;firstcode:1;", wire.ErrDuplicate},
		"a count of none":                  {"billnumber:1;count:0;", wire.ErrCount},
		"a refusal that is cut":            {"error;5;10", errCSVRefusal},
		"a refusal cut earlier":            {"error;5", errCSVRefusal},
		"a refusal that goes on":           {"error;5;108;planted", errCSVRefusal},
		"a refusal and an order":           {"error;5;108;\nbillnumber:1;", errCSVRefusal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, DecodeCSV, test.doc, wire.Cancel, test.want)
		})
	}
	for _, s := range []wire.Service{wire.OrderResult, wire.OrderState, wire.ResultByDate} {
		requireRefused(t, DecodeCSV, "billnumber:1;", s, wire.ErrForeign)
	}
}

// A cut document either lacks what is required or says of it what the whole
// one says.
func TestDecodeCSVNeverTakesACutValue(t *testing.T) {
	t.Parallel()
	doc := sample(t, "cancel.csv")
	var whole wire.Answer
	require.NoError(t, DecodeCSV(doc, wire.Cancel, &whole))
	for n := range len(doc) {
		var a wire.Answer
		if DecodeCSV(doc[:n], wire.Cancel, &a) != nil || len(a.Orders) == 0 {
			continue
		}
		o := &a.Orders[0]
		for f := wire.Billnumber; f <= wire.CheckValue; f++ {
			if f != wire.Signature && o.Has(f) {
				require.Equal(t, whole.Orders[0].Text(f), o.Text(f), "cut at byte %d", n)
			}
		}
	}
}
