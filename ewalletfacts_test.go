package assist

import (
	"strconv"
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
	number := func(o *Operation) { o.MeanTypeID, o.MeanTypeName = 1, "VISA" }
	name := func(o *Operation) { o.MeanTypeID, o.MeanTypeName = 0, "Visa" }
	plain := func(o *Operation) { o.Billnumber = testPayment }
	earlier := utc(t, "2026-02-27 10:00:00")
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
		{"a refund that doesn't say of what is held against the sum", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, 0, "2.00")), "2", "",
			want{NotWallet, "3.00", "0.00", "3.00", time.Time{}}},
		{"and no more than that is left of any", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, 0, "9.00")), "1", "",
			want{QIWI, "7.00", "6.00", "1.00", time.Time{}}},
		{"nor of all together, once", ordered(op(t, "1", pay, visa, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, 0, "8.00")), "", "",
			want{NotWallet, "10.00", "8.00", "2.00", time.Time{}}},
		{"card and bonus, all", ordered(op(t, "1", pay, visa, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, visa, "2.00")), "", "",
			want{NotWallet, "10.00", "2.00", "8.00", time.Time{}}},
		{"one wallet by two mean types, all", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, qiwiMTS, "3.00", dated(later))), "", "",
			want{QIWI, "10.00", "0.00", "10.00", later}},
		{"one wallet by two mean types, part of it", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, qiwiMTS, "3.00")), "", "8.00",
			want{QIWI, "10.00", "0.00", "8.00", time.Time{}}},
		{"given back by another operator's number", ordered(op(t, "1", pay, qiwiMTS, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, qiwi, "7.00")), "1", "",
			want{QIWI, "7.00", "7.00", "0.00", time.Time{}}},
		{"given back by name", ordered(op(t, "1", pay, qiwi, "7.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, 0, "2.00", flat)), "1", "",
			want{QIWI, "7.00", "2.00", "5.00", time.Time{}}},
		{"a card written in two ways", ordered(op(t, "1", pay, visa, "7.00", number), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, 0, "2.00", name)), "1", "",
			want{NotWallet, "7.00", "2.00", "5.00", time.Time{}}},
		{"confirmed in another writing", ordered(op(t, "1", pay, visa, "7.00", number), op(t, "2", confirm, 0, "6.00", name)), "", "",
			want{NotWallet, "6.00", "0.00", "6.00", time.Time{}}},

		{"part of the hold released before the confirmation",
			ordered(op(t, "1", pay, webMoney, "10.00"), op(t, "2", cancel, webMoney, "4.00"), op(t, "3", confirm, webMoney, "6.00")), "", "",
			want{WebMoney, "6.00", "0.00", "6.00", time.Time{}}},
		{"the same of a card, listed in another order",
			ordered(op(t, "3", confirm, visa, "6.00"), op(t, "2", cancel, visa, "4.00"), op(t, "1", pay, visa, "10.00")), "", "",
			want{NotWallet, "6.00", "0.00", "6.00", time.Time{}}},
		{"released and later refunded",
			ordered(op(t, "1", pay, visa, "10.00"), op(t, "2", cancel, visa, "4.00"), op(t, "3", confirm, visa, "6.00"), op(t, "4", cancel, visa, "1.00")), "", "",
			want{NotWallet, "6.00", "1.00", "5.00", time.Time{}}},
		{"released, of one of two means",
			ordered(op(t, "1", pay, qiwi, "10.00"), op(t, "2", pay, bonus, "3.00"), op(t, "3", cancel, qiwi, "4.00"), op(t, "4", confirm, qiwi, "6.00")), "1", "",
			want{QIWI, "6.00", "0.00", "6.00", time.Time{}}},
		{"released, known by the dates alone",
			ordered(op(t, "1", pay, visa, "10.00"), op(t, "2", cancel, visa, "4.00", plain, dated(earlier)), op(t, "3", confirm, visa, "6.00", plain)), "", "",
			want{NotWallet, "6.00", "0.00", "6.00", time.Time{}}},
		{"released or refunded, nothing tells: Assist knows",
			ordered(op(t, "1", pay, visa, "10.00"), op(t, "2", cancel, visa, "4.00", plain), op(t, "3", confirm, visa, "6.00", plain)), "", "",
			want{NotWallet, "6.00", "0.00", "6.00", time.Time{}}},

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
		{"payments in two currencies", ordered(paid, op(t, "2", OperationPayment, 36, "1.00", dollars)), CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, "Billnumber"},
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

// The order's own amount is what was ordered; what can be given back is in the
// currency of the authorisation (protocol §4).
func TestWalletFactsOfAnOrderInAnotherCurrency(t *testing.T) {
	t.Parallel()
	dollars := Money{minor: 1000, currency: "USD"}
	inDollars := func(o *Operation) { o.Amount = dollars }
	order := ordered(op(t, "1", OperationPayment, 32, "900.00"), op(t, "2", OperationCancel, 32, "0.00", inDollars))
	order.Amount, order.Rate = dollars, "90"
	now := utc(t, "2026-03-05 00:00:00")
	for _, amount := range []Money{rub(t, "900.00"), rub(t, "0.01"), {}} {
		f, err := WalletFactsOf(order, CancelRequest{Billnumber: testPayment, OrderNumber: "n-7", Amount: amount}, now)
		require.NoError(t, err)
		require.NoError(t, CheckWallet(f))
		assert.Equal(t, rub(t, "900.00"), f.Paid)
		assert.Equal(t, rub(t, "0.00"), f.Refunded, "what went back in another currency can't be compared")
	}
	_, err := WalletFactsOf(order, CancelRequest{Billnumber: testPayment, OrderNumber: "n-7", Amount: dollars}, now)
	assert.Equal(t, NotSent, OutcomeOf(err), "nothing was paid in dollars")
	two := ordered(op(t, "1", OperationPayment, 32, "900.00"), op(t, "2", OperationPayment, 32, "0.00", inDollars))
	f, err := WalletFactsOf(two, CancelRequest{Billnumber: testPayment + ".2", OrderNumber: "n-7", Amount: dollars}, now)
	require.NoError(t, err, "named")
	require.NoError(t, CheckWallet(f))
}

// The day of the ban is that of the payment: the one named, and the order's where
// the operation has no date.
func TestWalletFactsTellTheDay(t *testing.T) {
	t.Parallel()
	today, yesterday, made := utc(t, "2026-03-03 09:00:00"), utc(t, "2026-03-02 09:00:00"), utc(t, "2025-03-02 09:00:00")
	at := func(number Billnumber, orderDate time.Time, operations ...Operation) time.Time {
		order := ordered(operations...)
		order.Date = orderDate
		f, err := WalletFactsOf(order, CancelRequest{Billnumber: testPayment + number, OrderNumber: "n-7"}, today)
		require.NoError(t, err)
		return f.PaidAt
	}
	pay := func(number string, when time.Time) Operation {
		return op(t, number, OperationPayment, 36, "7.00", dated(when))
	}
	assert.Equal(t, yesterday, at(".1", made, pay("1", yesterday), pay("2", today)), "the one named")
	assert.Equal(t, today, at(".2", made, pay("1", yesterday), pay("2", today)))
	assert.Equal(t, today, at("", made, pay("1", yesterday), pay("2", today)), "all of both")
	assert.Equal(t, made, at("", made, pay("1", time.Time{})), "undated: the order's date")
	assert.Equal(t, made, at(".1", made, pay("1", time.Time{}), pay("2", today)))
	assert.Equal(t, yesterday, at("", made, pay("1", time.Time{}), pay("2", yesterday)))
	assert.Zero(t, at("", time.Time{}, pay("1", time.Time{})), "it may be of today")
	confirmed := at("", made, pay("1", yesterday), op(t, "2", OperationConfirmation, 36, "7.00", dated(today)))
	assert.Equal(t, today, confirmed)
}

// A cancel that ended without a result may have given money back or not. It is
// shown as that, and doesn't stand in the way for ever.
func TestCancelInDoubt(t *testing.T) {
	t.Parallel()
	const webMoney = 30
	made := utc(t, "2026-07-02 09:00:00")
	for name, doubtful := range map[string]func(*Operation){
		"Timeout":              result(OperationTimeout, ResponseSystemError),
		"Timeout, nothing due": result(OperationTimeout, ResponseNoPayment),
		"Cancel error":         result("Cancel error", ResponseDone),
		"Non-existent":         result("Non-existent", ResponseNoPayment),
		"an unknown code":      result("", "AS777"),
		"data error":           result(OperationDeclined+"?", ResponseDataError),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order := ordered(op(t, "1", OperationPayment, webMoney, "10.00"),
				op(t, "2", OperationCancel, webMoney, "4.00", doubtful, dated(made)), op(t, "3", OperationCancel, webMoney, "1.00"))
			check := func(amount string, now time.Time) error {
				req := CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}
				if amount != "" {
					req.Amount = rub(t, amount)
				}
				f, err := WalletFactsOf(order, req, now)
				require.NoError(t, err)
				return CheckWallet(f)
			}
			soon, late := made.Add(time.Hour), made.Add(30*24*time.Hour+time.Second)
			require.NoError(t, check("5.00", soon), "enough is left in any case")
			err := check("6.00", soon)
			require.ErrorIs(t, err, ErrCancelInDoubt)
			rule := broken(t, err)
			assert.Equal(t, rub(t, "4.00"), rule.Doubtful)
			assert.Equal(t, made, rule.DoubtfulAt)
			assert.Equal(t, rub(t, "5.00"), rule.Available)
			_, heals := NotBefore(err)
			assert.False(t, heals, "a person decides")
			require.ErrorIs(t, check("9.01", soon), ErrExceedsPayment, "with or without it")
			require.NoError(t, check("9.00", late), "Assist is the judge of it")
			require.ErrorIs(t, check("9.01", late), ErrExceedsPayment)
			require.NoError(t, check("", soon), "what is left for certain")
		})
	}
	order := ordered(op(t, "1", OperationPayment, webMoney, "10.00"), op(t, "2", OperationCancel, webMoney, "10.00", result(OperationTimeout, ResponseSystemError), dated(made)))
	f, err := WalletFactsOf(order, CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, made.Add(time.Hour))
	require.NoError(t, err)
	require.ErrorIs(t, CheckWallet(f), ErrCancelInDoubt, "all of it")
	order.Operations[1].Date = time.Time{}
	f, err = WalletFactsOf(order, CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, made.Add(1000*time.Hour))
	require.NoError(t, err)
	require.ErrorIs(t, CheckWallet(f), ErrCancelInDoubt, "undated: nothing says that it is old")
}

func TestPaymentsOfAnOrderAreSortedFast(t *testing.T) {
	t.Parallel()
	order := ordered()
	for n := range 20_000 {
		o := op(t, strconv.Itoa(n+1), OperationPayment, 1000+n, "1.00")
		order.Operations = append(order.Operations, o)
	}
	start := time.Now()
	_, err := WalletFactsOf(order, CancelRequest{Billnumber: testPayment, OrderNumber: "n-7"}, start)
	require.NoError(t, err)
	assert.Less(t, time.Since(start), 5*time.Second)
}
