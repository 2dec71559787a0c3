package assist

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// paidOperation is one operation of an order, dated by its number.
func paidOperation(t testing.TB, number int, kind OperationType, amount, currency string) Operation {
	t.Helper()
	m, err := ParseMoney(amount, currency)
	if err != nil {
		t.Fatal(err)
	}
	b, err := numberOf(claimedPayment, number)
	if err != nil {
		t.Fatal(err)
	}
	return Operation{Billnumber: b, Type: kind, State: OperationSuccess, ResponseCode: ResponseDone, Amount: m,
		Date: time.Date(2013, 10, 23, 13, number, 0, 0, time.UTC)}
}

func TestHoldings(t *testing.T) {
	t.Parallel()
	op := func(number int, kind OperationType, amount string) Operation {
		return paidOperation(t, number, kind, amount, "RUB")
	}
	in := func(state OperationState, code ResponseCode, op Operation) Operation {
		op.State, op.ResponseCode = state, code
		return op
	}
	by := func(mean int, op Operation) Operation { op.MeanTypeID = mean; return op }
	plain := func(op Operation) Operation { op.Billnumber = op.Billnumber.Payment(); return op }
	undated := func(op Operation) Operation { op.Date = time.Time{}; return op }
	for name, test := range map[string]struct {
		operations []Operation
		left, most int64 // -1: can't be told
	}{
		"nothing listed":              {nil, -1, -1},
		"a payment":                   {[]Operation{op(1, "100", "10.00")}, 1000, 1000},
		"a payment that was declined": {[]Operation{in(OperationDeclined, "AS100", op(1, "100", "10.00"))}, -1, -1},
		"a payment in process":        {[]Operation{in(OperationInProcess, "AS300", op(1, "100", "10.00"))}, -1, -1},
		"card and bonus points":       {[]Operation{by(1, op(1, "100", "7.00")), by(21, op(2, "100", "3.00"))}, 1000, 1000},
		"a part went back":            {[]Operation{op(1, "100", "10.00"), op(2, "300", "4.00")}, 600, 600},
		"all went back":               {[]Operation{op(1, "100", "10.00"), op(2, "300", "10.00")}, 0, 0},
		"more went back than was paid": {[]Operation{op(1, "100", "10.00"), op(2, "300", "10.01")},
			-1, -1},
		"a declined cancel":             {[]Operation{op(1, "100", "10.00"), in(OperationDeclined, "AS100", op(2, "300", "4.00"))}, 1000, 1000},
		"a cancel in process":           {[]Operation{op(1, "100", "10.00"), in(OperationInProcess, "AS300", op(2, "300", "4.00"))}, 600, 1000},
		"a cancel that timed out":       {[]Operation{op(1, "100", "10.00"), in(OperationTimeout, "AS998", op(2, "300", "4.00"))}, 600, 1000},
		"confirmed":                     {[]Operation{op(1, "100", "10.00"), op(2, "200", "10.00")}, 1000, 1000},
		"confirmed below":               {[]Operation{op(1, "100", "10.00"), op(2, "200", "6.00")}, 600, 600},
		"confirmed above":               {[]Operation{op(1, "100", "10.00"), op(2, "200", "12.00")}, 1200, 1200},
		"a failed confirmation":         {[]Operation{op(1, "100", "10.00"), in(OperationDeclined, "AS100", op(2, "200", "6.00"))}, 1000, 1000},
		"confirmed, then a part":        {[]Operation{op(1, "100", "10.00"), op(2, "200", "10.00"), op(3, "300", "4.00")}, 600, 600},
		"a part of the hold released":   {[]Operation{op(1, "100", "10.00"), op(2, "300", "4.00"), op(3, "200", "6.00")}, 600, 600},
		"the same in another order":     {[]Operation{op(3, "200", "6.00"), op(2, "300", "4.00"), op(1, "100", "10.00")}, 600, 600},
		"released by date":              {[]Operation{op(1, "100", "10.00"), plain(op(2, "300", "4.00")), plain(op(3, "200", "6.00"))}, 600, 600},
		"neither number nor date":       {[]Operation{op(1, "100", "10.00"), undated(plain(op(2, "300", "4.00"))), op(3, "200", "6.00")}, -1, -1},
		"released, then a part":         {[]Operation{op(1, "100", "10.00"), op(2, "300", "4.00"), op(3, "200", "6.00"), op(4, "300", "1.00")}, 500, 500},
		"confirmed in two parts":        {[]Operation{op(1, "100", "10.00"), op(2, "200", "6.00"), op(3, "200", "4.00"), op(4, "300", "1.00")}, 900, 900},
		"a cancel between two of them":  {[]Operation{op(1, "100", "10.00"), op(2, "200", "6.00"), op(3, "300", "1.00"), op(4, "200", "3.00")}, -1, -1},
		"both means confirmed":          {[]Operation{by(1, op(1, "100", "7.00")), by(21, op(2, "100", "3.00")), by(1, op(3, "200", "7.00")), by(21, op(4, "200", "3.00"))}, 1000, 1000},
		"one of two means confirmed":    {[]Operation{by(1, op(1, "100", "7.00")), by(21, op(2, "100", "3.00")), by(1, op(3, "200", "7.00"))}, -1, -1},
		"a confirmation without a mean": {[]Operation{by(1, op(1, "100", "7.00")), op(2, "200", "7.00")}, 700, 700},
		"bonus points accrued":          {[]Operation{op(1, "100", "10.00"), op(2, "500", "1.00")}, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, ok := holdingsOf(test.operations, nil)["RUB"]
			if test.left < 0 {
				assert.False(t, ok, "%+v", h)
				return
			}
			assert.True(t, ok)
			assert.Equal(t, test.left, h.left(), "left")
			assert.Equal(t, test.most, h.most(), "most")
			assert.Equal(t, rub(t, "0.01"), h.money(1))
		})
	}
}

// An order in dollars that was authorised in roubles holds roubles; one paid in
// both holds each by itself.
func TestHoldingsPerCurrency(t *testing.T) {
	t.Parallel()
	holdings := holdingsOf([]Operation{
		paidOperation(t, 1, "100", "905.50", "RUB"), paidOperation(t, 2, "100", "10.00", "USD"),
		paidOperation(t, 3, "300", "5.50", "RUB"), paidOperation(t, 4, "300", "1.00", "EUR"),
	}, nil)
	assert.Len(t, holdings, 2)
	assert.Equal(t, int64(90000), holdings["RUB"].left())
	assert.Equal(t, int64(1000), holdings["USD"].left())
}
