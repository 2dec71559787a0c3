package ledger

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/draws"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testClock is a clock that a test sets.
type testClock struct{ at atomic.Int64 }

func clockAt(t testing.TB, text string) *testClock {
	c := &testClock{}
	c.set(utc(t, text))
	return c
}

func (c *testClock) now() time.Time          { return time.Unix(c.at.Load(), 0).UTC() }
func (c *testClock) set(at time.Time)        { c.at.Store(at.Unix()) }
func (c *testClock) advance(d time.Duration) { c.at.Add(int64(d / time.Second)) }

func newTestLedger(t testing.TB, clock *testClock, rates Rates) *Ledger {
	t.Helper()
	l, err := New(rates, clock.now)
	require.NoError(t, err)
	return l
}

// number makes a billnumber up.
func number(n int) assist.Billnumber {
	return assist.Billnumber(strconv.FormatInt(5_100_000_000_000_000+int64(n), 10) + ".1")
}

// figures are a balance as texts: paid, commission, refunded, reserved,
// available.
func figures(b WalletBalance) string {
	return fmt.Sprint(b.Paid.Amount(), " ", b.Commission.Amount(), " ", b.Refunded.Amount(), " ", b.Reserved.Amount(), " ", b.Available.Amount())
}

// "…the total amount of successful payments minus the commission of the bank,
// minus the total amount of successful returns." (protocol §6)
func TestLedgerCountsTheDay(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-03-03 09:00:00")
	l := newTestLedger(t, clock, Rates{assist.QIWI: 35_000})
	now, ctx := clock.now(), t.Context()
	require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "100.00"), now))
	require.NoError(t, l.Paid(number(2), assist.QIWI, rub(t, "0.01"), now))
	assert.Equal(t, "100.01 3.51 0.00 0.00 96.50", figures(l.Balance(assist.QIWI, "RUB", now)), "each commission is rounded up")

	require.NoError(t, l.Reserve(ctx, "a", assist.QIWI, rub(t, "96.50"), now))
	err := l.Reserve(ctx, "b", assist.QIWI, rub(t, "0.01"), now)
	require.ErrorIs(t, err, assist.ErrDayBalance)
	rule := broken(t, err)
	assert.Equal(t, rub(t, "0.00"), rule.Available)
	assert.Equal(t, utc(t, "2026-03-03 20:00:00"), rule.NotBefore)
	assert.Equal(t, "100.01 3.51 0.00 96.50 0.00", figures(l.Balance(assist.QIWI, "RUB", now)))

	require.NoError(t, l.Settle(ctx, "a", false))
	require.NoError(t, l.Reserve(ctx, "b", assist.QIWI, rub(t, "6.50"), now))
	require.NoError(t, l.Settle(ctx, "b", true))
	assert.Equal(t, "100.01 3.51 6.50 0.00 90.00", figures(l.Balance(assist.QIWI, "RUB", now)))

	balance := l.Balance(assist.QIWI, "RUB", now)
	assert.Equal(t, assist.QIWI, balance.Wallet)
	assert.Equal(t, utc(t, "2026-03-02 21:00:00"), balance.Day)
	assert.False(t, balance.Stale)
}

func TestLedgerKeepsWalletsAndCurrenciesApart(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-03-03 09:00:00")
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0, assist.YandexMoney: 0})
	now, ctx := clock.now(), t.Context()
	require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "1.00"), now))
	require.NoError(t, l.Paid(number(2), assist.WebMoney, rub(t, "1.00"), now))
	dollar, err := assist.ParseMoney("1.00", "USD")
	require.NoError(t, err)
	require.ErrorIs(t, l.Reserve(ctx, "a", assist.QIWI, dollar, now), assist.ErrDayBalance)
	require.ErrorIs(t, l.Reserve(ctx, "b", assist.YandexMoney, rub(t, "1.00"), now), assist.ErrDayBalance)
	err = l.Reserve(ctx, "c", assist.WebMoney, rub(t, "0.01"), now)
	require.ErrorIs(t, err, assist.ErrNoRate, "a balance that isn't known")
	_, heals := assist.NotBefore(err)
	assert.False(t, heals, "neither time nor money heals a setting")
	require.NoError(t, l.Reserve(ctx, "d", assist.QIWI, rub(t, "1.00"), now))
	assert.Equal(t, "1.00 1.00 0.00 0.00 0.00", figures(l.Balance(assist.WebMoney, "RUB", now)))
	assert.Equal(t, "    ", figures(l.Balance(assist.NotWallet, "RUB", now)))
	assert.Equal(t, "    ", figures(l.Balance(assist.QIWI, "rub", now)))
}

func TestLedgerTurnsItsPageAtMoscowMidnight(t *testing.T) {
	t.Parallel()
	for _, day := range []struct{ name, last, midnight string }{
		{"2013", "2013-10-23 19:59:59", "2013-10-23 20:00:00"},
		{"2014, before the change", "2014-10-25 19:59:59", "2014-10-25 20:00:00"},
		{"2014, after the change", "2014-10-26 20:59:59", "2014-10-26 21:00:00"},
		{"2026", "2026-07-01 20:59:59", "2026-07-01 21:00:00"},
	} {
		t.Run(day.name, func(t *testing.T) {
			t.Parallel()
			clock, ctx := clockAt(t, day.last), t.Context()
			l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
			last, midnight := utc(t, day.last), utc(t, day.midnight)
			require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "10.00"), last))
			require.NoError(t, l.Reserve(ctx, "moved after midnight", assist.QIWI, rub(t, "3.00"), last))
			require.NoError(t, l.Reserve(ctx, "moved before", assist.QIWI, rub(t, "1.00"), last))
			require.NoError(t, l.Settle(ctx, "moved before", true))
			assert.Equal(t, "10.00 0.00 1.00 3.00 6.00", figures(l.Balance(assist.QIWI, "RUB", last)))

			clock.set(midnight)
			assert.Equal(t, "0.00 0.00 0.00 3.00 0.00", figures(l.Balance(assist.QIWI, "RUB", midnight)), "what is open counts today too")
			require.NoError(t, l.Paid(number(2), assist.QIWI, rub(t, "5.00"), midnight))
			require.NoError(t, l.Paid(number(3), assist.QIWI, rub(t, "2.00"), last), "late")
			assert.Equal(t, "12.00 0.00 1.00 3.00 8.00", figures(l.Balance(assist.QIWI, "RUB", last)), "late payments are booked on their own day")
			require.ErrorIs(t, l.Reserve(ctx, "late", assist.QIWI, rub(t, "2.01"), last), assist.ErrDayBalance,
				"what is sent now counts now, whenever it was decided")
			require.NoError(t, l.Reserve(ctx, "late", assist.QIWI, rub(t, "2.00"), last))
			require.NoError(t, l.Settle(ctx, "moved after midnight", true))
			assert.Equal(t, "12.00 0.00 4.00 2.00 6.00", figures(l.Balance(assist.QIWI, "RUB", last)))
			assert.Equal(t, "5.00 0.00 3.00 2.00 0.00", figures(l.Balance(assist.QIWI, "RUB", midnight)),
				"Assist may count it on either day, so both do")
		})
	}
}

func TestLedgerIdentifiers(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2026-03-03 09:00:00"), t.Context()
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	now := clock.now()
	require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "10.00"), now))
	require.NoError(t, l.Reserve(ctx, "a", assist.QIWI, rub(t, "4.00"), now))
	require.NoError(t, l.Reserve(ctx, "a", assist.QIWI, rub(t, "4.00"), now), "again")
	assert.Equal(t, rub(t, "4.00"), l.Balance(assist.QIWI, "RUB", now).Reserved)
	assert.Equal(t, assist.NotSent, assist.OutcomeOf(l.Reserve(ctx, "a", assist.QIWI, rub(t, "5.00"), now)), "the same id for another amount")
	assert.Equal(t, assist.NotSent, assist.OutcomeOf(l.Reserve(ctx, "a", assist.WebMoney, rub(t, "4.00"), now)), "the same id for another wallet")
	require.NoError(t, l.Settle(ctx, "a", true))
	require.NoError(t, l.Settle(ctx, "a", true), "again")
	require.NoError(t, l.Settle(ctx, "a", false), "too late")
	require.NoError(t, l.Settle(ctx, "never seen", true))
	assert.Equal(t, "10.00 0.00 4.00 0.00 6.00", figures(l.Balance(assist.QIWI, "RUB", now)))

	require.NoError(t, l.Hold("restarted", assist.QIWI, rub(t, "9.00"), now.Add(-48*time.Hour)), "held without asking whether it fits")
	assert.Equal(t, "10.00 0.00 4.00 9.00 0.00", figures(l.Balance(assist.QIWI, "RUB", now)))
	require.NoError(t, l.Settle(ctx, "restarted", true))
	assert.Equal(t, "10.00 0.00 13.00 0.00 0.00", figures(l.Balance(assist.QIWI, "RUB", now)), "it may count today")
}

func TestLedgerRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, rates := range map[string]Rates{
		"no wallet": {assist.NotWallet: 1}, "unknown wallet": {assist.Wallet(9): 1}, "negative": {assist.QIWI: -1}, "over 100 %": {assist.QIWI: 1_000_001},
	} {
		_, err := New(rates, nil)
		assert.Equal(t, assist.NotSent, assist.OutcomeOf(err), name)
	}
	l, err := New(nil, nil)
	require.NoError(t, err)
	now := time.Now()
	for name, err := range map[string]error{
		"billnumber": l.Paid("1", assist.QIWI, rub(t, "1.00"), now),
		"wallet":     l.Paid(number(1), assist.NotWallet, rub(t, "1.00"), now),
		"amount":     l.Paid(number(1), assist.QIWI, assist.Money{}, now),
		"time":       l.Paid(number(1), assist.QIWI, rub(t, "1.00"), time.Time{}),
		"id":         l.Reserve(t.Context(), "", assist.QIWI, rub(t, "1.00"), now),
		"hold":       l.Hold("a", assist.Wallet(9), rub(t, "1.00"), now),
	} {
		var wrong *assist.ValidationError
		require.ErrorAs(t, err, &wrong, name)
	}
}

func TestLedgerCountsAPaymentOnce(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-03-03 09:00:00")
	now := clock.now()
	row := func(change ...func(*assist.Operation)) assist.Payment {
		o := op(t, "1", assist.OperationPayment, 36, "10.00", append([]func(*assist.Operation){dated(now), result("", assist.ResponseDone)}, change...)...)
		return assist.Payment{Order: assist.Order{Billnumber: testPayment, State: assist.OrderApproved}, Operation: o}
	}
	as := func(number string, kind assist.OperationType, amount string) func(*assist.Operation) {
		return func(o *assist.Operation) {
			o.Billnumber, o.Type, o.Amount = testPayment+"."+assist.Billnumber(number), kind, rub(t, amount)
		}
	}
	held := row()
	held.Order.State = assist.OrderDelayed
	tests := []struct {
		name string
		feed func(*Ledger)
		want string
	}{
		{"twice by Paid", func(l *Ledger) {
			require.NoError(t, l.Paid(testPayment+".1", assist.QIWI, rub(t, "10.00"), now))
			require.NoError(t, l.Paid(testPayment+".1", assist.QIWI, rub(t, "10.00"), now))
		}, "10.00"},
		{"by a row and by Paid", func(l *Ledger) {
			l.Book([]assist.Payment{row()})
			require.NoError(t, l.Paid(testPayment+".1", assist.QIWI, rub(t, "10.00"), now))
		}, "10.00"},
		{"by the plain number and by a row", func(l *Ledger) {
			require.NoError(t, l.Paid(testPayment, assist.QIWI, rub(t, "10.00"), now))
			l.Book([]assist.Payment{row()})
		}, "10.00"},
		{"by a row and by the plain number", func(l *Ledger) {
			l.Book([]assist.Payment{row()})
			require.NoError(t, l.Paid(testPayment, assist.QIWI, rub(t, "10.00"), now))
		}, "10.00"},
		{"two payments of an order", func(l *Ledger) { l.Book([]assist.Payment{row(), row(as("2", assist.OperationPayment, "5.00"))}) }, "15.00"},
		{"a confirmation in place of the authorisation", func(l *Ledger) { l.Book([]assist.Payment{row(), row(as("2", assist.OperationConfirmation, "8.00"))}) }, "8.00"},
		{"the authorisation after its confirmation", func(l *Ledger) { l.Book([]assist.Payment{row(as("2", assist.OperationConfirmation, "8.00")), row()}) }, "8.00"},
		{"two confirmations", func(l *Ledger) {
			l.Book([]assist.Payment{row(), row(as("2", assist.OperationConfirmation, "3.00")), row(as("3", assist.OperationConfirmation, "4.00"))})
		}, "7.00"},
		{"only authorised yet", func(l *Ledger) { l.Book([]assist.Payment{held}) }, "0.00"},
		{"declined", func(l *Ledger) { l.Book([]assist.Payment{row(result("", assist.ResponseNoFunds))}) }, "0.00"},
		{"in process", func(l *Ledger) { l.Book([]assist.Payment{row(result("", assist.ResponseInProcess))}) }, "0.00"},
		{"undated", func(l *Ledger) { l.Book([]assist.Payment{row(dated(time.Time{}))}) }, "0.00"},
		{"of a card", func(l *Ledger) { l.Book([]assist.Payment{row(func(o *assist.Operation) { o.MeanTypeID = 1 })}) }, "0.00"},
		{"of another kind", func(l *Ledger) { l.Book([]assist.Payment{row(as("1", assist.OperationBonus, "10.00"))}) }, "0.00"},
		{"of the day before yesterday", func(l *Ledger) { l.Book([]assist.Payment{row(dated(now.Add(-48 * time.Hour)))}) }, "0.00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
			test.feed(l)
			test.feed(l)
			assert.Equal(t, rub(t, test.want), l.Balance(assist.QIWI, "RUB", now).Paid)
		})
	}
}

func TestLedgerCountsACancelOnce(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2026-03-03 09:00:00"), t.Context()
	now := clock.now()
	cancel := func(number, amount string, change ...func(*assist.Operation)) assist.Operation {
		return op(t, number, assist.OperationCancel, 36, amount, append([]func(*assist.Operation){dated(now)}, change...)...)
	}
	inProcess, declined := result("", assist.ResponseInProcess), result("", assist.ResponseDeclined)
	row := func(o assist.Operation) []assist.Payment {
		return []assist.Payment{{Order: assist.Order{Billnumber: testPayment}, Operation: o}}
	}
	reserve := func(l *Ledger) { require.NoError(t, l.Reserve(ctx, "a", assist.QIWI, rub(t, "3.00"), now)) }
	tests := []struct {
		name string
		feed func(*Ledger)
		want string // refunded and reserved
	}{
		{"made elsewhere", func(l *Ledger) { l.Book(row(cancel("2", "3.00"))); l.Book(row(cancel("2", "3.00"))) }, "3.00 0.00"},
		{"made elsewhere, in process, then done", func(l *Ledger) { l.Book(row(cancel("2", "3.00", inProcess))); l.Book(row(cancel("2", "3.00"))) }, "3.00 0.00"},
		{"made elsewhere, in process, then declined", func(l *Ledger) {
			l.Book(row(cancel("2", "3.00", inProcess)))
			l.Book(row(cancel("2", "3.00", declined)))
		}, "0.00 0.00"},
		{"made elsewhere, of an unknown code", func(l *Ledger) { l.Book(row(cancel("2", "3.00", result("", "AS777")))) }, "3.00 0.00"},
		{"made elsewhere, undated", func(l *Ledger) { l.Book(row(cancel("2", "3.00", dated(time.Time{})))) }, "3.00 0.00"},
		{"two of one plain billnumber", func(l *Ledger) {
			plain := func(o *assist.Operation) { o.Billnumber = testPayment }
			l.Book(row(cancel("2", "3.00", plain)))
			l.Book(row(cancel("2", "3.00", plain)))
			l.Book(row(cancel("2", "2.00", plain)))
		}, "5.00 0.00"},
		{"ours, known before its row", func(l *Ledger) {
			reserve(l)
			l.BookOperations(ctx, "a", []assist.Operation{cancel("2", "3.00")})
			require.NoError(t, l.Settle(ctx, "a", true))
			l.Book(row(cancel("2", "3.00")))
		}, "3.00 0.00"},
		{"ours, in process", func(l *Ledger) {
			reserve(l)
			l.BookOperations(ctx, "a", []assist.Operation{cancel("2", "3.00", inProcess)})
			l.Book(row(cancel("2", "3.00", inProcess)))
		}, "0.00 3.00"},
		{"ours, its row seen before the answer", func(l *Ledger) {
			reserve(l)
			l.Book(row(cancel("2", "3.00", inProcess)))
			l.BookOperations(ctx, "a", []assist.Operation{cancel("2", "3.00", inProcess)})
			l.Book(row(cancel("2", "3.00")))
			require.NoError(t, l.Settle(ctx, "a", true))
		}, "3.00 0.00"},
		{"ours, unknown: both count", func(l *Ledger) { reserve(l); l.Book(row(cancel("2", "3.00"))) }, "3.00 3.00"},
		{"ours, declined at last", func(l *Ledger) {
			reserve(l)
			l.BookOperations(ctx, "a", []assist.Operation{cancel("2", "3.00", inProcess)})
			require.NoError(t, l.Settle(ctx, "a", false))
			l.Book(row(cancel("2", "3.00", declined)))
		}, "0.00 0.00"},
		{"ours, of another amount than was left", func(l *Ledger) {
			reserve(l)
			l.BookOperations(ctx, "a", []assist.Operation{cancel("2", "1.00"), cancel("3", "1.50", func(o *assist.Operation) { o.MeanTypeID = 40 })})
			require.NoError(t, l.Settle(ctx, "a", true))
		}, "2.50 0.00"},
		{"ours, with a bonus part beside it", func(l *Ledger) {
			reserve(l)
			l.BookOperations(ctx, "a", []assist.Operation{cancel("2", "3.00"), cancel("3", "9.00", func(o *assist.Operation) { o.MeanTypeID = 21 })})
			require.NoError(t, l.Settle(ctx, "a", true))
		}, "3.00 0.00"},
		{"ours, without mean and date, as a token keeps it", func(l *Ledger) {
			reserve(l)
			l.BookOperations(ctx, "a", []assist.Operation{cancel("2", "3.00", dated(time.Time{}), func(o *assist.Operation) { o.MeanTypeID = 0 })})
			l.Book(row(cancel("2", "3.00")))
		}, "0.00 3.00"},
		{"a name for nothing", func(l *Ledger) {
			l.BookOperations(ctx, "never reserved", []assist.Operation{cancel("2", "3.00")})
			l.Book(row(cancel("2", "3.00")))
		}, "3.00 0.00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
			require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "100.00"), now))
			test.feed(l)
			b := l.Balance(assist.QIWI, "RUB", now)
			assert.Equal(t, test.want, b.Refunded.Amount()+" "+b.Reserved.Amount())
		})
	}
}

// An operation dated a day after its packet, as in the documents' own sample.
func TestLedgerOperationDatedTomorrow(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2013-10-23 13:58:37"), t.Context()
	l := newTestLedger(t, clock, Rates{assist.WebMoney: 0})
	now, tomorrow := clock.now(), utc(t, "2013-10-24 13:58:21")
	require.NoError(t, l.Paid(number(1), assist.WebMoney, rub(t, "1.00"), now))
	require.NoError(t, l.Reserve(ctx, "a", assist.WebMoney, rub(t, "0.10"), now))
	l.BookOperations(ctx, "a", []assist.Operation{op(t, "3", assist.OperationCancel, 30, "0.10", dated(tomorrow))})
	require.NoError(t, l.Settle(ctx, "a", true))
	assert.Equal(t, "1.00 0.00 0.10 0.00 0.90", figures(l.Balance(assist.WebMoney, "RUB", now)))
	assert.Equal(t, "0.00 0.00 0.10 0.00 0.00", figures(l.Balance(assist.WebMoney, "RUB", tomorrow)))
}

func TestLedgerBeyondAllNumbers(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-03-03 09:00:00")
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	most := kopecks(maxMinor)
	for n := range 2000 {
		require.NoError(t, l.Paid(number(n), assist.QIWI, most, clock.now()))
	}
	require.ErrorIs(t, l.Reserve(t.Context(), "a", assist.QIWI, rub(t, "0.01"), clock.now()), assist.ErrDayBalance, "better nothing than a sum that overflowed")
}

func FuzzCommission(f *testing.F) {
	draws.Play(f, func(t *testing.T, d *draws.Draws) {
		for d.More() {
			rate, minor := int(d.Between(0, wholeRate)), d.Between(0, maxMinor)
			c, err := Rates{assist.QIWI: rate}.commissions()
			require.NoError(t, err)
			assert.Equal(t, plainCommission(rate, minor), c.on(assist.QIWI, minor))
		}
	})
}

// plainCommission is the rate's share, rounded up, by long arithmetic.
func plainCommission(rate int, minor int64) int64 {
	share, rest := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(int64(rate)), big.NewInt(minor)), big.NewInt(wholeRate), new(big.Int))
	return share.Int64() + int64(rest.Sign())
}

// recount is a list of all that happened, from which a day is counted anew each
// time.
type recount struct {
	rates   Rates
	paid    map[assist.Billnumber]recounted
	foreign map[assist.Billnumber]recounted
	own     map[string]*recounted
}

type recounted struct {
	wallet assist.Wallet
	minor  int64
	day    moscow.Day
	end    moscow.Day // of the settlement
	state  string     // "open", "moved", "not moved"
}

func (r *recount) of(w assist.Wallet, day moscow.Day) (paid, commission, refunded, reserved int64) {
	for _, p := range r.paid {
		if p.wallet == w && p.day == day {
			paid += p.minor
			commission += plainCommission(r.rates[w], p.minor)
		}
	}
	for _, f := range r.foreign {
		if f.wallet == w && f.day == day && f.state != "not moved" {
			refunded += f.minor
		}
	}
	for _, o := range r.own {
		switch {
		case o.wallet != w:
		case o.state == "open":
			reserved += o.minor
		case o.state == "moved" && (o.day == day || o.end == day):
			refunded += o.minor
		}
	}
	return paid, commission, refunded, reserved
}

// Whatever the order of payments, refunds, faults and days: the ledger never
// lets out more than came in, and equals a plain recount.
func FuzzLedgerEqualsARecount(f *testing.F) {
	meanTypes := map[assist.Wallet]int{assist.WebMoney: 30, assist.YandexMoney: 32, assist.QIWI: 36}
	draws.Play(f, func(t *testing.T, d *draws.Draws) {
		start := draws.Pick(d, "2013-10-23 19:59:00", "2014-10-25 19:00:00", "2026-07-01 20:59:59")
		at, err := time.Parse("2006-01-02 15:04:05", start)
		require.NoError(t, err)
		clock := &testClock{}
		clock.set(at)
		rates := Rates{assist.WebMoney: 8_000, assist.YandexMoney: 1, assist.QIWI: 35_001}
		l, err := New(rates, clock.now)
		require.NoError(t, err)
		model := &recount{rates, map[assist.Billnumber]recounted{}, map[assist.Billnumber]recounted{}, map[string]*recounted{}}
		ctx := context.Background()

		wallet := func() assist.Wallet { return draws.Pick(d, wallets...) }
		minors := func() int64 { return d.Between(1, 5_000) }
		before := func() time.Time {
			return clock.now().Add(-time.Duration(d.Between(0, 20*3600)) * time.Second)
		}
		someID := func() string { return fmt.Sprint("cancel-", d.Between(0, 30)) }
		money := func(minor int64) assist.Money { return kopecks(minor) }
		cancelRow := func(b assist.Billnumber, w assist.Wallet, minor int64, at time.Time, code assist.ResponseCode) assist.Operation {
			return assist.Operation{Billnumber: b, Type: assist.OperationCancel, Amount: money(minor), Date: at, ResponseCode: code, MeanTypeID: meanTypes[w]}
		}
		ownNumber := func(id string) assist.Billnumber {
			return assist.Billnumber("5900000000000000.1" + id[len("cancel-"):])
		}

		steps := []func(){
			func() { // pay
				b, p := number(int(d.Between(0, 50))), before()
				w, minor := wallet(), minors()
				if known, told := model.paid[b]; told {
					w, minor = known.wallet, known.minor
				} else {
					model.paid[b] = recounted{wallet: w, minor: minor, day: moscow.DayOf(p)}
				}
				if model.paid[b].day != moscow.DayOf(p) {
					return
				}
				if d.Yes() {
					l.Book([]assist.Payment{{Operation: assist.Operation{
						Billnumber: b, Type: assist.OperationPayment, Amount: money(minor), Date: p, ResponseCode: assist.ResponseDone, MeanTypeID: meanTypes[w],
					}}})
					return
				}
				require.NoError(t, l.Paid(b, w, money(minor), p))
			},
			func() { // reserve
				id, w, minor := someID(), wallet(), minors()
				if _, used := model.own[id]; used {
					return
				}
				now := clock.now()
				paid, commission, refunded, reserved := model.of(w, moscow.DayOf(now))
				err := l.Reserve(ctx, id, w, money(minor), before())
				if fits := refunded+reserved+minor <= paid-commission; fits {
					require.NoError(t, err)
					model.own[id] = &recounted{wallet: w, minor: minor, day: moscow.DayOf(now), state: "open"}
				} else {
					require.ErrorIs(t, err, assist.ErrDayBalance, "more would go out than came in")
				}
			},
			func() { // reserve again
				id := someID()
				if own := model.own[id]; own != nil && own.state == "open" {
					require.NoError(t, l.Reserve(ctx, id, own.wallet, money(own.minor), clock.now()))
				}
			},
			func() { // answered
				id := someID()
				if own := model.own[id]; own != nil && own.state == "open" {
					l.BookOperations(ctx, id, []assist.Operation{cancelRow(ownNumber(id), own.wallet, own.minor, own.day.Start(), assist.ResponseInProcess)})
					l.Book([]assist.Payment{{Operation: cancelRow(ownNumber(id), own.wallet, own.minor, own.day.Start(), assist.ResponseInProcess)}})
				}
			},
			func() { // settle
				id, moved := someID(), d.Yes()
				require.NoError(t, l.Settle(ctx, id, moved))
				if own := model.own[id]; own != nil && own.state == "open" {
					own.state, own.end = "not moved", moscow.DayOf(clock.now())
					if moved {
						own.state = "moved"
					}
				}
			},
			func() { // cancel elsewhere
				b := assist.Billnumber(fmt.Sprint("5800000000000000.", 1+d.Between(0, 20)))
				w, minor, at := wallet(), minors(), before()
				code := draws.Pick(d, assist.ResponseDone, assist.ResponseInProcess, assist.ResponseDeclined, "AS777")
				known, told := model.foreign[b]
				if told {
					w, minor, at = known.wallet, known.minor, known.day.Start()
				}
				now := recounted{wallet: w, minor: minor, day: moscow.DayOf(at), state: "moved"}
				if code == assist.ResponseDeclined {
					now.state = "not moved"
				}
				model.foreign[b] = now
				l.Book([]assist.Payment{{Operation: cancelRow(b, w, minor, at, code)}})
			},
			func() { // time passes
				clock.advance(time.Duration(d.Between(0, 30*3600)) * time.Second)
			},
		}
		for d.More() {
			steps[d.Below(int64(len(steps)))]()
			for _, at := range []time.Time{clock.now(), moscow.DayOf(clock.now()).Start().Add(-time.Second)} {
				for _, w := range wallets {
					paid, commission, refunded, reserved := model.of(w, moscow.DayOf(at))
					available := max(paid-commission-refunded-reserved, 0)
					b := l.Balance(w, "RUB", at)
					assert.Equal(t, []int64{paid, commission, refunded, reserved, available},
						[]int64{b.Paid.Minor(), b.Commission.Minor(), b.Refunded.Minor(), b.Reserved.Minor(), b.Available.Minor()}, "%s on %s", w, at)
				}
			}
		}
	})
}

func TestTwoHandlersNeverPassTheCapTogether(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2026-03-03 09:00:00"), t.Context()
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "50.00"), clock.now()))
	one := rub(t, "1.00")
	var admitted atomic.Int32
	var handlers sync.WaitGroup
	for n := range 100 {
		handlers.Go(func() {
			id := strconv.Itoa(n)
			if l.Reserve(ctx, id, assist.QIWI, one, clock.now()) == nil {
				admitted.Add(1)
				assert.NoError(t, l.Settle(ctx, id, true))
			}
			l.Balance(assist.QIWI, "RUB", clock.now())
		})
	}
	handlers.Wait()
	assert.Equal(t, int32(50), admitted.Load())
	assert.Equal(t, "50.00 0.00 50.00 0.00 0.00", figures(l.Balance(assist.QIWI, "RUB", clock.now())))
}

// The books hold three days at most, whatever happened on the days before.
func TestLedgerForgetsPastDays(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2014-10-01 09:00:00"), t.Context()
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	const refunds = 200
	entries := func() (n int) {
		for _, b := range l.books {
			n += len(b.days) + len(b.payments) + len(b.cancels) + len(b.unnamed)
		}
		return n + len(l.reservations)
	}
	for day := range 12 {
		now := clock.now()
		require.NoError(t, l.Paid(number(day), assist.QIWI, rub(t, "1000.00"), now))
		for n := range refunds {
			id := fmt.Sprint(day, "-", n)
			require.NoError(t, l.Reserve(ctx, id, assist.QIWI, rub(t, "1.00"), now))
			operation := op(t, "2", assist.OperationCancel, 36, "1.00", dated(now))
			operation.Billnumber = assist.Billnumber(fmt.Sprintf("5%07d%08d.2", day, n))
			l.BookOperations(ctx, id, []assist.Operation{operation})
			require.NoError(t, l.Settle(ctx, id, true))
		}
		assert.LessOrEqual(t, entries(), 3*(refunds+2), "on day %d", day)
		clock.advance(24 * time.Hour)
	}
}

func BenchmarkLedger(b *testing.B) {
	ctx, now, kopeck := b.Context(), time.Now(), rub(b, "0.01")
	l, err := New(Rates{assist.QIWI: 35_000}, nil)
	require.NoError(b, err)
	require.NoError(b, l.Paid(number(1), assist.QIWI, kopecks(maxMinor), now))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		// The id is the one allocation.
		id := strconv.Itoa(1_000_000 + n)
		if err := l.Reserve(ctx, id, assist.QIWI, kopeck, now); err != nil {
			b.Fatal(err)
		}
		if err := l.Settle(ctx, id, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLedgerInParallel(b *testing.B) {
	ctx, now, kopeck := b.Context(), time.Now(), rub(b, "0.01")
	l, err := New(Rates{assist.QIWI: 35_000}, nil)
	require.NoError(b, err)
	require.NoError(b, l.Paid(number(1), assist.QIWI, kopecks(maxMinor), now))
	var ids atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id := strconv.FormatInt(1_000_000+ids.Add(1), 10)
			if err := l.Reserve(ctx, id, assist.QIWI, kopeck, now); err != nil {
				b.Error(err)
			}
			if err := l.Settle(ctx, id, true); err != nil {
				b.Error(err)
			}
		}
	})
}
