package assist

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testPayment = Billnumber("5700027202722028")

// op is an operation of the test payment.
func op(t testing.TB, number string, kind OperationType, mean int, amount string, change ...func(*Operation)) Operation {
	t.Helper()
	o := Operation{
		Billnumber: testPayment + "." + Billnumber(number), Type: kind, State: OperationSuccess, ResponseCode: ResponseDone,
		Amount: rub(t, amount), MeanTypeID: mean, Date: utc(t, "2026-03-01 09:00:00"),
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func dated(at time.Time) func(*Operation) { return func(o *Operation) { o.Date = at } }

func result(state OperationState, code ResponseCode) func(*Operation) {
	return func(o *Operation) { o.State, o.ResponseCode = state, code }
}

func ordered(operations ...Operation) Order {
	return Order{Billnumber: testPayment, Number: "n-7", Operations: operations}
}

func TestWalletFactsOf(t *testing.T) {
	t.Parallel()
	const visa, webMoney, qiwi, qiwiMTS, bonus = 1, 30, 36, 40, 21
	pay, confirm, cancel := OperationPayment, OperationConfirmation, OperationCancel
	later := utc(t, "2026-03-02 10:00:00")
	flat := func(o *Operation) { o.State, o.MeanTypeID, o.MeanTypeName = "", 0, "QIWI" }
	type want struct {
		wallet                 Wallet
		paid, refunded, cancel string
		at                     time.Time // zero: that of op
	}
	tests := []struct {
		name   string
		order  Order
		number string // of the operation; empty: a plain billnumber
		amount string // empty: all that is left
		want   want
	}{
		{"a payment", ordered(op(t, "1", pay, qiwi, "10.00")), "", "4.00", want{QIWI, "10.00", "0.00", "4.00", time.Time{}}},
		{"all of it", ordered(op(t, "1", pay, qiwi, "10.00")), "", "", want{QIWI, "10.00", "0.00", "10.00", time.Time{}}},
		{"a card", ordered(op(t, "1", pay, visa, "10.00")), "", "", want{NotWallet, "10.00", "0.00", "10.00", time.Time{}}},
		{"a flat operation, by the name", ordered(op(t, "1", pay, qiwi, "10.00", flat)), "", "", want{QIWI, "10.00", "0.00", "10.00", time.Time{}}},
		{"a confirmation takes the place of the authorisation",
			ordered(op(t, "1", pay, webMoney, "10.00"), op(t, "2", confirm, webMoney, "8.00", dated(later))), "", "",
			want{WebMoney, "8.00", "0.00", "8.00", later}},
		{"the authorisation named, with a confirmation",
			ordered(op(t, "1", pay, webMoney, "10.00"), op(t, "2", confirm, webMoney, "8.00", dated(later))), "1", "",
			want{WebMoney, "8.00", "0.00", "8.00", later}},
		{"two confirmations", ordered(op(t, "1", pay, visa, "10.00"), op(t, "2", confirm, visa, "3.00"), op(t, "3", confirm, visa, "4.00")), "", "",
			want{NotWallet, "7.00", "0.00", "7.00", time.Time{}}},
		{"failed attempts are no payments",
			ordered(op(t, "1", pay, visa, "10.00", result(OperationDeclined, ResponseNoFunds)), op(t, "2", pay, qiwi, "10.00")), "", "",
			want{QIWI, "10.00", "0.00", "10.00", time.Time{}}},
		{"a payment in process is none yet",
			ordered(op(t, "1", pay, qiwi, "10.00", result(OperationInProcess, ResponseInProcess)), op(t, "2", pay, qiwi, "4.00")), "", "",
			want{QIWI, "4.00", "0.00", "4.00", time.Time{}}},
		{"what went back", ordered(op(t, "1", pay, qiwi, "10.00"), op(t, "2", cancel, qiwi, "3.00")), "", "",
			want{QIWI, "10.00", "3.00", "7.00", time.Time{}}},
		{"a refund in process counts", ordered(op(t, "1", pay, qiwi, "10.00"), op(t, "2", cancel, qiwi, "3.00", result(OperationInProcess, ResponseInProcess))), "", "",
			want{QIWI, "10.00", "3.00", "7.00", time.Time{}}},
		{"a refund that nobody can judge counts", ordered(op(t, "1", pay, qiwi, "10.00"), op(t, "2", cancel, qiwi, "3.00", result("Reviewed", ResponseSystemError))), "", "",
			want{QIWI, "10.00", "3.00", "7.00", time.Time{}}},
		{"a declined refund doesn't", ordered(op(t, "1", pay, qiwi, "10.00"), op(t, "2", cancel, qiwi, "3.00", result(OperationDeclined, ResponseDeclined))), "", "",
			want{QIWI, "10.00", "0.00", "10.00", time.Time{}}},
		{"a refund under another mean, of the only payment", ordered(op(t, "1", pay, qiwi, "10.00"), op(t, "2", cancel, qiwiMTS, "3.00")), "", "",
			want{QIWI, "10.00", "3.00", "7.00", time.Time{}}},
		{"more went back than was paid", ordered(op(t, "1", pay, qiwi, "1.00"), op(t, "2", cancel, qiwi, "3.00")), "", "",
			want{QIWI, "1.00", "3.00", "0.00", time.Time{}}},
		{"card and bonus, the wallet's part named", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, bonus, "3.00")), "1", "2.00",
			want{QIWI, "7.00", "0.00", "2.00", time.Time{}}},
		{"wallet and bonus, all", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, bonus, "3.00")), "", "",
			want{QIWI, "7.00", "0.00", "7.00", time.Time{}}},
		{"wallet and bonus, the wallet's part is back", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, qiwi, "7.00")), "", "",
			want{NotWallet, "10.00", "7.00", "3.00", time.Time{}}},
		{"a refund that doesn't say of what counts for each", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, 0, "2.00")), "2", "",
			want{NotWallet, "3.00", "2.00", "1.00", time.Time{}}},
		{"card and bonus, all", ordered(op(t, "1", pay, visa, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, visa, "2.00")), "", "",
			want{NotWallet, "10.00", "2.00", "8.00", time.Time{}}},
		{"one wallet by two mean types, all", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, qiwiMTS, "3.00", dated(later))), "", "",
			want{QIWI, "10.00", "0.00", "10.00", later}},
		{"one of two payments by the same mean", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, qiwi, "3.00"), op(t, "3", cancel, qiwi, "8.00")), "1", "",
			want{QIWI, "7.00", "5.00", "2.00", time.Time{}}},
		{"one of two payments, the sum allows it", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, qiwi, "3.00"), op(t, "3", cancel, qiwi, "3.00")), "1", "",
			want{QIWI, "7.00", "0.00", "7.00", time.Time{}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}
			if test.number != "" {
				req.Billnumber += "." + Billnumber(test.number)
			}
			if test.amount != "" {
				req.Amount = rub(t, test.amount)
			}
			now := utc(t, "2026-03-05 00:00:00")
			got, err := WalletFactsOf(test.order, req, now)
			require.NoError(t, err)
			at := test.want.at
			if at.IsZero() {
				at = utc(t, "2026-03-01 09:00:00")
			}
			assert.Equal(t, WalletFacts{
				Wallet: test.want.wallet, PaidAt: at, Now: now,
				Paid: rub(t, test.want.paid), Refunded: rub(t, test.want.refunded), Cancel: rub(t, test.want.cancel),
			}, got)
		})
	}
}

func TestWalletFactsOfUndatedPayment(t *testing.T) {
	t.Parallel()
	order := ordered(op(t, "1", OperationPayment, 36, "7.00"), op(t, "2", OperationPayment, 40, "3.00", dated(time.Time{})))
	for _, number := range []Billnumber{testPayment, testPayment + ".2"} {
		f, err := WalletFactsOf(order, CancelRequest{Billnumber: number, OrderNumber: "n-7"}, time.Now())
		require.NoError(t, err)
		assert.Zero(t, f.PaidAt, "one payment without a date: it may be of today")
	}
}

func TestWalletFactsOfWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	paid := op(t, "1", OperationPayment, 36, "10.00")
	dollars := func(o *Operation) { o.Amount = Money{minor: 100, currency: "USD"} }
	tests := []struct {
		name  string
		order Order
		req   CancelRequest
		field string
	}{
		{"no operations", ordered(), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, "Order"},
		{"cancels alone, as an answer lists", ordered(op(t, "2", OperationCancel, 36, "1.00")), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, "Order"},
		{"no successful payment", ordered(op(t, "1", OperationPayment, 36, "1.00", result(OperationDeclined, ResponseNoFunds))), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, "Order"},
		{"another payment", ordered(paid), CancelRequest{Billnumber: "5700027202722029", OrderNumber: "n-7"}, "Order"},
		{"another order", ordered(paid), CancelRequest{Billnumber: testPayment, OrderNumber: "n-8"}, "Order"},
		{"an operation that isn't listed", ordered(paid), CancelRequest{Billnumber: testPayment + ".9", OrderNumber: "n-7"}, "Order"},
		{"a cancel named", ordered(paid, op(t, "2", OperationCancel, 36, "1.00")), CancelRequest{Billnumber: testPayment + ".2", OrderNumber: "n-7"}, "Billnumber"},
		{"a part of several payments", ordered(paid, op(t, "2", OperationPayment, 21, "1.00")), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7", Amount: rub(t, "1.00")}, "Billnumber"},
		{"two wallets", ordered(paid, op(t, "2", OperationPayment, 30, "1.00")), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, "Billnumber"},
		{"payments in two currencies", ordered(paid, op(t, "2", OperationPayment, 36, "1.00", dollars)), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, "Order"},
		{"a refund in another currency", ordered(paid, op(t, "2", OperationCancel, 36, "1.00", dollars)), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, "Order"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := WalletFactsOf(test.order, test.req, time.Now())
			var wrong *ValidationError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, test.field, wrong.Field)
		})
	}
}

func TestWalletFactsOfHugeAmounts(t *testing.T) {
	t.Parallel()
	huge := func(o *Operation) { o.Amount.minor = maxMinor }
	f, err := WalletFactsOf(ordered(
		op(t, "1", OperationPayment, 36, "1.00", huge), op(t, "2", OperationPayment, 40, "1.00", huge),
		op(t, "3", OperationCancel, 36, "1.00", huge), op(t, "4", OperationCancel, 36, "1.00", huge),
	), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, time.Now())
	require.NoError(t, err)
	assert.LessOrEqual(t, f.Paid.Minor(), int64(maxMinor))
	assert.LessOrEqual(t, f.Refunded.Minor(), int64(maxMinor))
}
