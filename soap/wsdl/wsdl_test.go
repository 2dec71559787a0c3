package wsdl_test

import (
	"encoding/xml"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/assist-go/assist/soap/wsdl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type envelope struct {
	Body struct {
		Cancel *wsdl.WSCancelResponseParams
		Result *wsdl.OrderresultResponse
		State  *wsdl.OrderstateResponse
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

func TestSamplesDecode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, billnumber, number, comment, state, middle string
		operation                                        wsdl.CancelOperation
		packetDate                                       string
	}{
		"WebMoney": {
			"webmoney_cancel.xml", "5700027202722028", "2013.10.23-700027-5", "тестовый платеж", "PartialCanceled", "T.",
			wsdl.CancelOperation{
				Billnumber: "5700027202722028.3", Operationtype: "300", Operationstate: "In Process", Amount: "0.10", Currency: "RUB",
				Ipaddress: "10.20.10.85", Meantype_id: "30", Bankcountry: "UNKNOWN", Responsecode: "AS300",
				Customermessage: "В процессе обработки", Processingname: "WebMoney", Operationdate: "24.10.2013 13:58:21",
			}, "23.10.2013 13:58:37",
		},
		"QIWI": {
			"qiwi_cancel.xml", "5554143265883170", "28042010_fffffffffffsd", "тестовый платеж", "PartialCanceled", "qwertyu",
			wsdl.CancelOperation{
				Billnumber: "5554143265883170.4", Operationtype: "300", Operationstate: "Success", Amount: "0.11", Currency: "RUB",
				Ipaddress: "10.20.10.99", Meantype_id: "36", Meannumber: "9213301111", Bankcountry: "UNKNOWN", Responsecode: "AS000",
				Customermessage: "Завершено успешно.", Processingname: "QIWI", Operationdate: "28.01.2014 14:30:01",
			}, "28.01.2014 14:30:02",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sample, err := os.ReadFile(filepath.Join("..", "..", "testdata", test.file))
			require.NoError(t, err)
			var got envelope
			// The QIWI sample has no space between two attributes. encoding/xml takes
			// that, as the client must.
			require.NoError(t, xml.Unmarshal(sample, &got))
			answer := got.Body.Cancel
			require.NotNil(t, answer)
			assert.Equal(t, []string{test.billnumber, test.number, test.comment, test.state, test.middle, test.packetDate}, []string{
				answer.Order.Billnumber, answer.Order.Ordernumber, answer.Order.Ordercomment, answer.Order.Orderstate,
				answer.Order.Customer.Middlename, answer.Packetdate,
			})
			assert.Equal(t, []*wsdl.CancelOperation{&test.operation}, answer.Order.Operation)
			assert.NotEmpty(t, answer.Signature)
		})
	}
}

func TestOrderServicesDecode(t *testing.T) {
	t.Parallel()
	const open = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:w="http://www.paysecure.ru/ws/"><e:Body>`
	const end = `</e:Body></e:Envelope>`
	var result, state envelope
	require.NoError(t, xml.Unmarshal([]byte(open+`<w:orderresultResponse><orderresult><order><billnumber>1</billnumber>
		<operation><billnumber>1.1</billnumber><slipno>7</slipno></operation><operation><billnumber>1.2</billnumber></operation></order>
		<order><billnumber>2</billnumber></order></orderresult></w:orderresultResponse>`+end), &result))
	orders := result.Body.Result.Orderresult.Order
	require.Len(t, orders, 2)
	assert.Equal(t, "1.2", orders[0].Operation[1].Billnumber)
	assert.Equal(t, "7", *orders[0].Operation[0].Slipno)
	assert.Nil(t, orders[0].Operation[1].Slipno)

	require.NoError(t, xml.Unmarshal([]byte(open+`<w:orderstateResponse><orderstate><order><orderstate>Approved</orderstate></order>
		</orderstate></w:orderstateResponse>`+end), &state))
	assert.Equal(t, "Approved", state.Body.State.Orderstate.Order[0].Orderstate)
}

// Absent and empty are two things on the wire: an optional element is left out,
// any other is written with an empty text.
func TestEmptyTextsAreWritten(t *testing.T) {
	t.Parallel()
	currency := "RUB"
	text, err := xml.Marshal(&wsdl.WSCancelRequestParams{Billnumber: "1", Currency: &currency})
	require.NoError(t, err)
	assert.Equal(t, `<WSCancelRequestParams xmlns="http://www.paysecure.ru/ws/"><billnumber>1</billnumber><merchant_id></merchant_id>`+
		`<login></login><password></password><currency>RUB</currency></WSCancelRequestParams>`, string(text))
}

func TestGeneratedTypesImportNothingElse(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	generated := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, imported := range file.Imports {
			assert.Equal(t, `"encoding/xml"`, imported.Path.Value, name)
		}
		if strings.HasSuffix(name, "_gen.go") {
			generated++
		}
	}
	assert.Equal(t, 3, generated)
}

// Money, dates and codes stay the texts that they were.
func TestEveryValueIsAText(t *testing.T) {
	t.Parallel()
	var check func(kind reflect.Type)
	check = func(kind reflect.Type) {
		for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
			kind = kind.Elem()
		}
		if kind.Kind() == reflect.String {
			return
		}
		require.Equal(t, reflect.Struct, kind.Kind(), kind.String())
		for i := range kind.NumField() {
			if field := kind.Field(i); field.Name != "XMLName" {
				check(field.Type)
			}
		}
	}
	for _, message := range []any{
		wsdl.WSCancelRequestParams{}, wsdl.WSCancelResponseParams{}, wsdl.Orderresult{},
		wsdl.OrderresultResponse{}, wsdl.Orderstate{}, wsdl.OrderstateResponse{},
	} {
		check(reflect.TypeOf(message))
	}
}

func TestWSDLFilesAreWellFormed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.wsdl")
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, name := range files {
		text, err := os.Open(name)
		require.NoError(t, err)
		decoder := xml.NewDecoder(text)
		for err == nil {
			_, err = decoder.Token()
		}
		assert.ErrorIs(t, err, io.EOF, name)
		require.NoError(t, text.Close())
	}
}
