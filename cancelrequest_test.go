package assist

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func validItem(t testing.TB) ChequeItem {
	return ChequeItem{
		ID: 1, Product: "Чай", Name: "Чай зелёный, 100 г", Price: rub(t, "0.05"), Quantity: "2", Amount: rub(t, "0.10"),
		HSCode: "0902", EANCode: "4600000000015", GS1Code: "g", Measure: "шт", FURCode: "f", UNCode: "u",
	}
}

func TestCancelRequestIsChecked(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("ы", n) }
	order := func(change func(*Order)) func(*CancelRequest) {
		return func(r *CancelRequest) {
			o := Order{Billnumber: r.Billnumber, Number: r.OrderNumber, Date: r.OrderDate}
			change(&o)
			r.Order = &o
		}
	}
	item := func(change func(*ChequeItem)) func(*CancelRequest) {
		return func(r *CancelRequest) {
			i := validItem(t)
			change(&i)
			r.ChequeItems = []ChequeItem{validItem(t), i}
		}
	}
	dollar, err := NewMoney(10, "USD")
	require.NoError(t, err)
	dear, err := ParseMoney("10000000000.00", "RUB")
	require.NoError(t, err)
	tests := []struct {
		name   string
		change func(*CancelRequest)
		field  string // empty when it is taken
	}{
		{"as it is", func(*CancelRequest) {}, ""},
		{"no date", func(r *CancelRequest) { r.OrderDate = time.Time{} }, ""},
		{"extended billnumber", func(r *CancelRequest) { r.Billnumber += ".1" }, ""},
		{"operator's address", func(r *CancelRequest) { r.ClientIP = netip.MustParseAddr("192.0.2.7") }, ""},
		{"refund id", func(r *CancelRequest) { r.ExternalRefundID = "refund_07-A" }, ""},
		{"refund id of 100", func(r *CancelRequest) { r.ExternalRefundID = strings.Repeat("a", 100) }, ""},
		{"order number of 128", func(r *CancelRequest) { r.OrderNumber = long(128) }, ""},
		{"a cheque", item(func(*ChequeItem) {}), ""},
		{"an order that agrees", order(func(*Order) {}), ""},
		{"an order without date", order(func(o *Order) { o.Date = time.Time{} }), ""},

		{"no billnumber", func(r *CancelRequest) { r.Billnumber = "" }, "Billnumber"},
		{"short billnumber", func(r *CancelRequest) { r.Billnumber = "123" }, "Billnumber"},
		{"no order number", func(r *CancelRequest) { r.OrderNumber = "" }, "OrderNumber"},
		{"long order number", func(r *CancelRequest) { r.OrderNumber = long(129) }, "OrderNumber"},
		{"order number with a control character", func(r *CancelRequest) { r.OrderNumber = "a\x01" }, "OrderNumber"},
		{"order number not UTF-8", func(r *CancelRequest) { r.OrderNumber = "a\xff" }, "OrderNumber"},
		{"order number that XML can't hold", func(r *CancelRequest) { r.OrderNumber = "a\uffff" }, "OrderNumber"},
		{"no amount", func(r *CancelRequest) { r.Amount = Money{} }, "Amount"},
		{"zero amount", func(r *CancelRequest) { r.Amount = rub(t, "0") }, "Amount"},
		{"unknown reason", func(r *CancelRequest) { r.Reason = 9 }, "Reason"},
		{"address with a zone", func(r *CancelRequest) { r.ClientIP = netip.MustParseAddr("fe80::1%eth0") }, "ClientIP"},
		{"short refund id", func(r *CancelRequest) { r.ExternalRefundID = "short" }, "ExternalRefundID"},
		{"long refund id", func(r *CancelRequest) { r.ExternalRefundID = strings.Repeat("a", 101) }, "ExternalRefundID"},
		{"refund id with a point", func(r *CancelRequest) { r.ExternalRefundID = "refund.00007" }, "ExternalRefundID"},
		{"cheque with extended billnumber", func(r *CancelRequest) { item(func(*ChequeItem) {})(r); r.Billnumber += ".1" }, "ChequeItems"},
		{"item without id", item(func(i *ChequeItem) { i.ID = 0 }), "ChequeItems[1].ID"},
		{"item without a name", item(func(i *ChequeItem) { i.Product, i.Name = "", "" }), "ChequeItems[1].Name"},
		{"item without amount", item(func(i *ChequeItem) { i.Amount = Money{} }), "ChequeItems[1].Amount"},
		{"item in another currency", item(func(i *ChequeItem) { i.Amount = dollar }), "ChequeItems[1].Amount"},
		{"price in another currency", item(func(i *ChequeItem) { i.Price = dollar }), "ChequeItems[1].Price"},
		{"item without price", item(func(i *ChequeItem) { i.Price = Money{} }), "ChequeItems[1].Price"},
		{"item without quantity", item(func(i *ChequeItem) { i.Quantity = "" }), "ChequeItems[1].Quantity"},
		{"price too long", item(func(i *ChequeItem) { i.Price = dear }), "ChequeItems[1].Price"},
		{"quantity with a comma", item(func(i *ChequeItem) { i.Quantity = "0,5" }), "ChequeItems[1].Quantity"},
		{"long product", item(func(i *ChequeItem) { i.Product = long(51) }), "ChequeItems[1].Product"},
		{"long name", item(func(i *ChequeItem) { i.Name = long(251) }), "ChequeItems[1].Name"},
		{"long hscode", item(func(i *ChequeItem) { i.HSCode = long(14) }), "ChequeItems[1].HSCode"},
		{"measure with a line break", item(func(i *ChequeItem) { i.Measure = "a\nb" }), "ChequeItems[1].Measure"},
		{"order of another payment", order(func(o *Order) { o.Billnumber = "5700027202722029" }), "Order"},
		{"order of another number", order(func(o *Order) { o.Number = "x" }), "Order"},
		{"order of another date", order(func(o *Order) { o.Date = o.Date.Add(time.Second) }), "Order"},
		{"order of another currency", order(func(o *Order) {
			o.Operations = []Operation{{Billnumber: "5700027202722028.1", Type: OperationPayment, State: OperationSuccess, ResponseCode: ResponseDone, Amount: dollar}}
		}), "Order"},
		{"order without the operation", func(r *CancelRequest) {
			order(func(o *Order) { o.Operations = []Operation{{Billnumber: r.Billnumber + ".1"}} })(r)
			r.Billnumber += ".2"
		}, "Order"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := webMoneyRequest(t)
			test.change(&req)
			mock := answering(http.StatusOK, "")
			_, err := mocked(t, mock).Cancel(t.Context(), req)
			var wrong *ValidationError
			if test.field == "" {
				assert.False(t, errors.As(err, &wrong), "%v", err)
				assert.Equal(t, 1, mock.GetTotalCallCount())
				return
			}
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, test.field, wrong.Field)
			assert.Equal(t, NotSent, OutcomeOf(err))
			assert.Equal(t, 0, mock.GetTotalCallCount(), "nothing is sent")
		})
	}
}

func TestCancelFullTakesNoAmount(t *testing.T) {
	t.Parallel()
	mock := answering(http.StatusOK, "")
	for _, amount := range []string{"0", "0.10"} {
		req := webMoneyRequest(t)
		req.Amount = rub(t, amount)
		_, err := mocked(t, mock).CancelFull(t.Context(), req)
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, "Amount", wrong.Field)
	}
	assert.Equal(t, 0, mock.GetTotalCallCount())
}

func TestNilOptionIsRefused(t *testing.T) {
	t.Parallel()
	_, err := mocked(t, answering(200, "")).Cancel(t.Context(), webMoneyRequest(t), nil)
	assert.Equal(t, NotSent, OutcomeOf(err))
}

func TestExternalRefundIDNeedsAProtocolThatCarriesIt(t *testing.T) {
	t.Parallel()
	for protocol, carries := range map[Protocol]bool{
		SOAP: true, JSON: true, Form(FormatSOAP): true, Form(FormatJSON): true, Form(FormatXML): false, Form(FormatCSV): false,
	} {
		req := webMoneyRequest(t)
		req.ExternalRefundID = "refund_07-A"
		var sent string
		mock := roundTripper(func(r *http.Request) (*http.Response, error) {
			sent = bodyOf(t, r)
			return nil, errors.New("lost")
		})
		_, err := mocked(t, mock, WithProtocol(protocol)).Cancel(t.Context(), req)
		assert.Equal(t, carries, strings.Contains(sent, "refund_07-A"), protocol)
		assert.Equal(t, carries, OutcomeOf(err) == Unknown, "%v: %v", protocol, err)
	}
}

func TestOrderMakesACancelRequest(t *testing.T) {
	t.Parallel()
	date := time.Date(2013, 10, 23, 12, 59, 44, 0, time.UTC)
	order := Order{Billnumber: "5700027202722028", Number: "n", Date: date, Operations: []Operation{{Billnumber: "5700027202722028.1"}}}
	req := order.CancelRequest(rub(t, "0.10"))
	assert.Equal(t, order.Billnumber, req.Billnumber)
	assert.Equal(t, "n", req.OrderNumber)
	assert.Equal(t, date, req.OrderDate)
	assert.Equal(t, rub(t, "0.10"), req.Amount)
	assert.Equal(t, &order, req.Order)
	require.NoError(t, req.check(false, SOAP))

	req.OrderDate = time.Time{}
	require.NoError(t, req.check(false, SOAP))
	assert.Equal(t, date, req.OrderDate, "the order's date bounds the search")
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for reason, want := range map[CancelReason][2]string{
		ReasonCustomer: {"2", "customer"}, ReasonShop: {"1", "shop"}, ReasonFraud: {"3", "fraud"},
	} {
		value, ok := reason.wireValue()
		assert.True(t, ok)
		assert.Equal(t, want, [2]string{value, reason.String()})
	}
	assert.Equal(t, "unknown reason", CancelReason(5).String())
}
