package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/bench/loopback"
	"github.com/assist-go/assist/bench/plainclient"
	"github.com/assist-go/assist/form"
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/soap"
)

// writers write the same cancel.
func writers() []struct {
	name  string
	write func() ([]byte, error)
} {
	q := &wire.Request{
		Service: wire.Cancel, Subject: wire.Param{Name: "Billnumber", Value: loopback.Billnumber},
		MerchantID: merchantID, Login: login, Password: password,
		Params: []wire.Param{
			{Name: "Amount", Value: loopback.Amount}, {Name: "Currency", Value: loopback.Currency},
			{Name: "CancelReason", Value: "2"}, {Name: "Language", Value: "RU"},
		},
		Format: "3",
	}
	plain := plainclient.New("", merchantID, login, password)
	return []struct {
		name  string
		write func() ([]byte, error)
	}{
		{"sdk-soap", func() ([]byte, error) { return soap.Encode(nil, q), nil }},
		{"sdk-json", func() ([]byte, error) { return form.EncodeJSON(nil, q), nil }},
		{"sdk-form", func() ([]byte, error) { return form.Encode(nil, q), nil }},
		{"encoding-xml", func() ([]byte, error) {
			return plain.Encode(plainclient.Request{
				Billnumber: loopback.Billnumber, OrderNumber: loopback.OrderNumber, Amount: loopback.Amount, Currency: loopback.Currency,
			})
		}},
	}
}

func TestWritersWriteTheCancel(t *testing.T) {
	for _, w := range writers() {
		text, err := w.write()
		require.NoError(t, err, w.name)
		for _, want := range []string{loopback.Billnumber, merchantID, login, password, loopback.Amount, loopback.Currency} {
			require.Contains(t, string(text), want, w.name)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, w := range writers() {
		b.Run(w.name, func(b *testing.B) {
			measured(b, func() error {
				_, err := w.write()
				return err
			})
		})
	}
}
