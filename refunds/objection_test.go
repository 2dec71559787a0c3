package refunds

import (
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// All that is left is what the payments hold. The order's own amount may be of
// another currency, with a surcharge, or above what was confirmed.
func TestObjectionToAllThatIsLeft(t *testing.T) {
	t.Parallel()
	const bill = assist.Billnumber("5100000000000001")
	paid := time.Date(2024, 1, 30, 9, 0, 0, 0, time.UTC)
	amount := func(text, currency string) assist.Money {
		m, err := assist.ParseMoney(text, currency)
		require.NoError(t, err)
		return m
	}
	op := func(number int, of assist.OperationType, text, currency string, mean int) assist.Operation {
		return assist.Operation{Billnumber: bill + assist.Billnumber("."+string(rune('0'+number))), Type: of, Amount: amount(text, currency),
			State: assist.OperationSuccess, ResponseCode: "AS000", MeanTypeID: mean, Date: paid.Add(time.Duration(number) * time.Minute)}
	}
	const payment, confirmation, cancel = assist.OperationPayment, assist.OperationConfirmation, assist.OperationCancel
	tests := map[string]struct {
		order      assist.Money
		operations []assist.Operation
		asked      assist.Money
		want       string // "" is no objection
	}{
		"paid as ordered":              {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "100.00", "RUB", 2)}, amount("100.00", "RUB"), ""},
		"ordered in dollars":           {amount("1.25", "USD"), []assist.Operation{op(1, payment, "100.00", "RUB", 2)}, amount("100.00", "RUB"), ""},
		"with a surcharge":             {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "103.50", "RUB", 2)}, amount("103.50", "RUB"), ""},
		"confirmed below its hold":     {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "100.00", "RUB", 2), op(2, confirmation, "80.00", "RUB", 2)}, amount("80.00", "RUB"), ""},
		"a part of the hold released":  {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "100.00", "RUB", 2), op(2, cancel, "40.00", "RUB", 2), op(3, confirmation, "60.00", "RUB", 2)}, amount("60.00", "RUB"), ""},
		"a part went back, by two":     {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "100.00", "RUB", 2), op(2, cancel, "40.00", "RUB", 2)}, amount("60.00", "RUB"), ""},
		"by two cards":                 {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "70.00", "RUB", 1), op(2, payment, "30.00", "RUB", 2)}, amount("100.00", "RUB"), ""},
		"less is left than was asked":  {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "100.00", "RUB", 2), op(2, cancel, "40.00", "RUB", 2)}, amount("100.00", "RUB"), "is 60.00 RUB"},
		"more was confirmed":           {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "100.00", "RUB", 2), op(2, confirmation, "120.00", "RUB", 2)}, amount("100.00", "RUB"), "is 120.00 RUB"},
		"the order's amount was asked": {amount("1.25", "USD"), []assist.Operation{op(1, payment, "100.00", "RUB", 2)}, amount("1.25", "USD"), "is 100.00 RUB"},
		"by a wallet and a card":       {amount("100.00", "RUB"), []assist.Operation{op(1, payment, "70.00", "RUB", 36), op(2, payment, "30.00", "RUB", 2)}, amount("70.00", "RUB"), "one by one"},
		"nothing was paid":             {amount("100.00", "RUB"), nil, amount("100.00", "RUB"), "can't be told"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order := assist.Order{Billnumber: bill, Number: "A-1", Date: paid, Amount: tt.order, Operations: tt.operations}
			v := &view{r: &storage.Refund{Payment: string(bill), Billnumber: string(bill), Whole: 1, Minor: tt.asked.Minor(), Currency: tt.asked.Currency(), Created: micros(paid.Add(time.Hour))}}
			why := objection(v, &order, paid.Add(2*time.Hour))
			if tt.want == "" {
				assert.Empty(t, why)
				return
			}
			assert.Contains(t, why, tt.want)
		})
	}
}
