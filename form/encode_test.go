package form

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist/internal/wire"
)

// someCancel is a request with everything in it.
func someCancel() *wire.Request {
	return &wire.Request{
		Service:    wire.Cancel,
		Subject:    wire.Param{Name: "Billnumber", Value: "5700027202722028"},
		MerchantID: "515089", Login: "login_515089", Password: "inv&nted=1",
		Params: []wire.Param{{Name: "Amount", Value: "0.10"}, {Name: "Currency", Value: "RUB"}, {Name: "CancelReason", Value: "2"}},
		ChequeItems: [][]wire.Param{
			{{Name: "id", Value: "1"}, {Name: "name", Value: "Чай"}, {Name: "price", Value: "0.10"}, {Name: "quantity", Value: "1.500"}, {Name: "amount", Value: "15"}, {Name: "eancode", Value: "04600"}},
			{{Name: "id", Value: "002"}, {Name: "measure", Value: "1"}, {Name: "price", Value: "-1"}},
		},
		Format: "5",
	}
}

const (
	someItems = `[{"id":1,"name":"Чай","price":0.10,"quantity":1.500,"amount":15,"` + "\u0435" + `ancode":"04600"},{"id":"002","measure":"1","price":"-1"}]`
)

func TestEncode(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Billnumber=5700027202722028&Merchant_ID=515089&Login=login_515089&Password=inv%26nted%3D1&Amount=0.10&Currency=RUB&CancelReason=2"+
		"&ChequeItems="+url.QueryEscape(`{"items":`+someItems+`}`)+"&Format=5", string(Encode(nil, someCancel())))
	require.Equal(t, "ahead Merchant_ID=1&Login=l&Password=p",
		string(Encode([]byte("ahead "), &wire.Request{Service: wire.ResultByDate, MerchantID: "1", Login: "l", Password: "p"})))
}

func TestEncodeIsRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "a+b c%20&=;#", "возврат", "\x00\xff\r\n"} {
		values, err := url.ParseQuery(string(Encode(nil, &wire.Request{Password: text, Params: []wire.Param{{Name: "A", Value: "1"}}})))
		require.NoError(t, err)
		require.Equal(t, url.Values{"Merchant_ID": {""}, "Login": {""}, "Password": {text}, "A": {"1"}}, values)
	}
}

func TestEncodeJSON(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"merchant":{"merchant_id":"515089","login":"login_515089","password":"inv&nted=1"},"billnumber":"5700027202722028",`+
		`"amount":"0.10","currency":"RUB","cancelreason":"2","chequeitem":`+someItems+`}`, string(EncodeJSON(nil, someCancel())))
	require.Equal(t, `ahead {"merchant":{"merchant_id":"1","login":"l","password":"p"}}`,
		string(EncodeJSON([]byte("ahead "), &wire.Request{Service: wire.ResultByDate, MerchantID: "1", Login: "l", Password: "p"})))
}

func TestEncodeJSONIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", `"\/`: `"\/`, "\x00\x1f\r\n\t": "\x00\x1f\r\n\t", "возврат \U0001f4b3": "возврат \U0001f4b3", "<&>\u2028": "<&>\u2028", "a\xffb": "a\ufffdb",
	} {
		var read struct {
			Merchant struct {
				Password string `json:"password"`
			} `json:"merchant"`
		}
		require.NoError(t, json.Unmarshal(EncodeJSON(nil, &wire.Request{Password: text}), &read))
		require.Equal(t, want, read.Merchant.Password)
	}
}

func TestIsPlainDecimal(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0", "1", "10", "0.1", "0.10", "123456789012345.99"} {
		require.True(t, isPlainDecimal(text), text)
		require.True(t, json.Valid([]byte(text)))
	}
	for _, text := range []string{"", "00", "01", "01.5", ".5", "1.", "-1", "+1", "1e3", "1,5", " 1", "1.2.3", "x"} {
		require.False(t, isPlainDecimal(text), text)
	}
}
