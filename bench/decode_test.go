package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/bench/loopback"
	"github.com/assist-go/assist/bench/plainclient"
	"github.com/assist-go/assist/form"
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/soap"
)

// document is one answer with those that read it. A reader gives how many
// operations it has found.
type document struct {
	name       string
	operations int
	readers    []reader
}

type reader struct {
	name string
	read func() (operations int, err error)
}

func documents(tb testing.TB) []document {
	tb.Helper()
	formats := loopback.Formats(file(tb, "qiwi_cancel.xml"))
	all := []document{
		{"qiwi", 1, bySOAP(formats[0].Answer)},
		{"webmoney", 1, bySOAP(file(tb, "webmoney_cancel.xml"))},
	}
	for _, n := range []int{10, 100, 1000, 10_000} {
		all = append(all, document{fmt.Sprint("operations-", n), n, bySOAP(cancelAnswer(tb, n))})
	}
	return append(all,
		document{"json", 1, []reader{{"sdk", by(form.DecodeJSON, formats[1].Answer)}, {"encoding-json", byEncodingJSON(formats[1].Answer)}}},
		document{"form-xml", 1, []reader{{"sdk", by(form.DecodeXML, formats[2].Answer)}}},
		document{"form-csv", 1, []reader{{"sdk", by(form.DecodeCSV, formats[3].Answer)}}},
	)
}

func bySOAP(answer string) []reader {
	return []reader{{"sdk", by(soap.Decode, answer)}, {"encoding-xml", byEncodingXML(answer)}}
}

func by(decode func(string, wire.Service, *wire.Answer) error, answer string) func() (int, error) {
	return func() (int, error) {
		var a wire.Answer
		if err := decode(answer, wire.Cancel, &a); err != nil {
			return 0, err
		}
		if len(a.Orders) != 1 {
			return 0, errors.New("not one order")
		}
		if a.Orders[0].Flat {
			return 1, nil
		}
		return len(a.Orders[0].Operations), nil
	}
}

func byEncodingXML(answer string) func() (int, error) {
	text := []byte(answer)
	return func() (int, error) {
		e, err := plainclient.Decode(text)
		if err != nil {
			return 0, err
		}
		return len(e.Order.Operations), nil
	}
}

func byEncodingJSON(answer string) func() (int, error) {
	text := []byte(answer)
	return func() (int, error) {
		var a struct {
			WSCancel struct {
				Order struct {
					plainclient.Order
					Operations []plainclient.Operation
				}
				CheckData struct{ PacketDate, Signature, CheckValue string }
			}
		}
		err := json.Unmarshal(text, &a)
		return len(a.WSCancel.Order.Operations), err
	}
}

func TestDocumentsAreRead(t *testing.T) {
	for _, d := range documents(t) {
		for _, r := range d.readers {
			got, err := r.read()
			require.NoError(t, err, "%s by %s", d.name, r.name)
			require.Equal(t, d.operations, got, "%s by %s", d.name, r.name)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, d := range documents(b) {
		for _, r := range d.readers {
			b.Run(d.name+"/"+r.name, func(b *testing.B) {
				measured(b, func() error {
					_, err := r.read()
					return err
				})
			})
		}
	}
}
