package ledger

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
)

// payRow is a row of results by date of a payment on QIWI.
func payRow(t testing.TB, number string, kind assist.OperationType, amount string, at time.Time, change ...func(*assist.Payment)) assist.Payment {
	t.Helper()
	p := assist.Payment{Order: assist.Order{Billnumber: testPayment, State: assist.OrderApproved}, Operation: op(t, number, kind, 36, amount, dated(at), result("", assist.ResponseDone))}
	for _, c := range change {
		c(&p)
	}
	return p
}

// A notification comes for the authorisation and for its confirmation; Paid has no
// type to tell them apart. Rows do.
func TestPaidIsToldOfBothStages(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-07-01 12:00:00")
	now := clock.now()
	paid := func(number assist.Billnumber, amount string) func(*Ledger) {
		return func(l *Ledger) {
			require.NoError(t, l.Paid(testPayment+number, assist.QIWI, rub(t, amount), now))
		}
	}
	rows := func(rows ...assist.Payment) func(*Ledger) { return func(l *Ledger) { l.Book(rows) } }
	held := func(p *assist.Payment) { p.Order.State = assist.OrderDelayed }
	partly := func(p *assist.Payment) { p.Order.State = assist.OrderPartialDelayed }
	named := func(p *assist.Payment) { p.Operation.MeanTypeID, p.Operation.MeanTypeName = 0, "Киви" }
	row := func(number string, kind assist.OperationType, amount string, change ...func(*assist.Payment)) assist.Payment {
		return payRow(t, number, kind, amount, now, change...)
	}
	const authorisation, confirmation = assist.OperationPayment, assist.OperationConfirmation
	for name, test := range map[string]struct {
		feed []func(*Ledger)
		want string
	}{
		"both of one amount":                   {[]func(*Ledger){paid(".1", "100.00"), paid(".2", "100.00")}, "100.00"},
		"the confirmation told first":          {[]func(*Ledger){paid(".2", "100.00"), paid(".1", "100.00")}, "100.00"},
		"confirmed below":                      {[]func(*Ledger){paid(".1", "100.00"), paid(".2", "60.00")}, "60.00"},
		"confirmed above":                      {[]func(*Ledger){paid(".1", "100.00"), paid(".2", "110.00")}, "110.00"},
		"both, and the order by its number":    {[]func(*Ledger){paid("", "100.00"), paid(".1", "100.00"), paid(".2", "100.00")}, "100.00"},
		"both, then both rows":                 {[]func(*Ledger){paid(".1", "100.00"), paid(".2", "100.00"), rows(row("1", authorisation, "100.00"), row("2", confirmation, "100.00"))}, "100.00"},
		"both rows, then both":                 {[]func(*Ledger){rows(row("2", confirmation, "60.00"), row("1", authorisation, "100.00")), paid(".1", "100.00"), paid(".2", "100.00")}, "60.00"},
		"two payments, as the rows tell":       {[]func(*Ledger){paid(".1", "7.00"), paid(".2", "3.00"), rows(row("1", authorisation, "7.00"), row("2", authorisation, "3.00"))}, "10.00"},
		"two payments, one row yet":            {[]func(*Ledger){paid(".1", "7.00"), paid(".2", "3.00"), rows(row("1", authorisation, "7.00"))}, "3.00"},
		"the same, the other row":              {[]func(*Ledger){paid(".1", "7.00"), paid(".2", "3.00"), rows(row("2", authorisation, "3.00"))}, "3.00"},
		"told, but only held":                  {[]func(*Ledger){paid(".1", "100.00"), rows(row("1", authorisation, "100.00", held))}, "0.00"},
		"held, then confirmed":                 {[]func(*Ledger){rows(row("1", authorisation, "100.00", held)), rows(row("1", authorisation, "100.00"), row("2", confirmation, "100.00"))}, "100.00"},
		"held in part":                         {[]func(*Ledger){rows(row("1", authorisation, "100.00", partly))}, "0.00"},
		"two confirmations in part":            {[]func(*Ledger){paid(".1", "100.00"), rows(row("2", confirmation, "30.00"), row("3", confirmation, "40.00"))}, "70.00"},
		"by rows that write the means twofold": {[]func(*Ledger){rows(row("1", authorisation, "100.00"), row("1", authorisation, "100.00", named), row("2", confirmation, "90.00", named))}, "90.00"},
		"a row that differs in the amount":     {[]func(*Ledger){rows(row("1", authorisation, "100.00")), rows(row("1", authorisation, "90.00"))}, "90.00"},
		"Paid that differs from the row":       {[]func(*Ledger){paid(".1", "90.00"), rows(row("1", authorisation, "100.00"))}, "100.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger(t, clock, Rates{assist.QIWI: 10_000})
			for range 2 {
				for _, feed := range test.feed {
					feed(l)
				}
			}
			b := l.Balance(assist.QIWI, "RUB", now)
			assert.Equal(t, test.want, b.Paid.Amount())
			assert.Equal(t, (b.Paid.Minor()+99)/100, b.Commission.Minor())
		})
	}
}

// One payment told with two days is of one day: of the row's, else of the earlier.
func TestPaymentToldWithTwoDays(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-07-01 21:10:00")
	before, after := utc(t, "2026-07-01 20:59:58"), utc(t, "2026-07-01 21:00:02")
	paid := func(l *Ledger, at time.Time) {
		require.NoError(t, l.Paid(testPayment+".1", assist.QIWI, rub(t, "10.00"), at))
	}
	row := func(l *Ledger, at time.Time) {
		l.Book([]assist.Payment{payRow(t, "1", assist.OperationPayment, "10.00", at)})
	}
	for name, test := range map[string]struct {
		feed func(*Ledger)
		want string // yesterday and today
	}{
		"Paid, then Paid the day after":            {func(l *Ledger) { paid(l, before); paid(l, after) }, "10.00 0.00"},
		"Paid, then Paid the day before":           {func(l *Ledger) { paid(l, after); paid(l, before) }, "10.00 0.00"},
		"Paid before, the row after":               {func(l *Ledger) { paid(l, before); row(l, after) }, "0.00 10.00"},
		"Paid after, the row before":               {func(l *Ledger) { paid(l, after); row(l, before) }, "10.00 0.00"},
		"the row, then Paid with another day":      {func(l *Ledger) { row(l, after); paid(l, before) }, "0.00 10.00"},
		"rows that contradict each other":          {func(l *Ledger) { row(l, after); row(l, before) }, "10.00 0.00"},
		"rows that contradict each other, earlier": {func(l *Ledger) { row(l, before); row(l, after) }, "10.00 0.00"},
		"a row of long ago contradicts":            {func(l *Ledger) { row(l, after); row(l, before.Add(-240*time.Hour)) }, "0.00 0.00"},
		"authorised yesterday, confirmed today": {func(l *Ledger) {
			l.Book([]assist.Payment{payRow(t, "1", assist.OperationPayment, "10.00", before), payRow(t, "2", assist.OperationConfirmation, "8.00", after)})
		}, "0.00 8.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
			test.feed(l)
			assert.Equal(t, test.want, l.Balance(assist.QIWI, "RUB", before).Paid.Amount()+" "+l.Balance(assist.QIWI, "RUB", after).Paid.Amount())
		})
	}
}

// Of rows whose dates can't be right, a payment is nobody's and a refund counts
// on every day that is told.
func TestMisdatedRows(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-07-01 12:00:00")
	now := clock.now()
	tomorrow := now.Add(24 * time.Hour)
	misdated := func(p *assist.Payment) { p.Misdated = true }
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "100.00"), now))
	l.Book([]assist.Payment{
		payRow(t, "1", assist.OperationPayment, "10.00", tomorrow, misdated),
		payRow(t, "2", assist.OperationCancel, "3.00", tomorrow, misdated),
		payRow(t, "3", assist.OperationCancel, "4.00", now),
	})
	l.Book([]assist.Payment{payRow(t, "3", assist.OperationCancel, "4.00", tomorrow)})
	assert.Equal(t, "100.00 0.00 7.00 0.00 93.00", figures(l.Balance(assist.QIWI, "RUB", now)))
	assert.Equal(t, "0.00 0.00 7.00 0.00 0.00", figures(l.Balance(assist.QIWI, "RUB", tomorrow)))
}

// A clock that jumps ahead for a moment, by a suspended machine or a wrong time
// server, loses nothing and stops nothing.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{2 * time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, -24 * time.Hour, -30 * 24 * time.Hour} {
		for _, first := range []bool{false, true} {
			t.Run(fmt.Sprint(jump, " before the first payment: ", first), func(t *testing.T) {
				t.Parallel()
				clock, ctx := clockAt(t, "2026-07-01 20:00:00"), t.Context()
				now := clock.now()
				l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
				pay := func() { require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "100.00"), now)) }
				if !first {
					pay()
					require.NoError(t, l.Reserve(ctx, "before", assist.QIWI, rub(t, "5.00"), now))
				}
				clock.advance(jump)
				l.Balance(assist.QIWI, "RUB", clock.now())
				require.NoError(t, l.Hold("meanwhile", assist.QIWI, rub(t, "10.00"), clock.now()))
				clock.set(now.Add(time.Second))
				if first {
					pay()
					require.NoError(t, l.Reserve(ctx, "before", assist.QIWI, rub(t, "5.00"), now))
				}
				assert.Equal(t, "100.00 0.00 0.00 15.00 85.00", figures(l.Balance(assist.QIWI, "RUB", now)))
				require.NoError(t, l.Reserve(ctx, "after", assist.QIWI, rub(t, "85.00"), now))
				for _, id := range []string{"before", "after", "meanwhile"} {
					require.NoError(t, l.Settle(ctx, id, true))
				}
				assert.Equal(t, "100.00 0.00 100.00 0.00 0.00", figures(l.Balance(assist.QIWI, "RUB", now)), "what was reserved on the wrong day counts on this one")
			})
		}
	}
}

// News that changes no refund any more isn't dropped without a word: with it, the
// clock may be wrong.
func TestPaidOfAClosedDay(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2026-07-01 12:00:00")
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	now := clock.now()
	require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "1.00"), now))
	require.NoError(t, l.Paid(number(2), assist.QIWI, rub(t, "1.00"), now.Add(-24*time.Hour)), "yesterday's is late")
	err := l.Paid(number(3), assist.QIWI, rub(t, "1.00"), now.Add(-48*time.Hour))
	require.ErrorIs(t, err, ErrDayClosed)
	var wrong *assist.ValidationError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "At", wrong.Field)
	clock.advance(24 * time.Hour)
	l.Balance(assist.QIWI, "RUB", clock.now())
	clock.advance(30 * 24 * time.Hour)
	require.NoError(t, l.Paid(number(4), assist.QIWI, rub(t, "1.00"), now.Add(24*time.Hour)), "the clock has just jumped, so the day before is open still")
	clock.advance(24 * time.Hour)
	require.ErrorIs(t, l.Paid(number(5), assist.QIWI, rub(t, "1.00"), now), ErrDayClosed)
}

// A flat answer has the plain billnumber alone (protocol §4): the row of the
// cancel is known again by payment and amount.
func TestLedgerKnowsAnUnnamedCancelByItsRow(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2026-07-01 12:00:00"), t.Context()
	now := clock.now()
	cancel := func(number, amount string, at time.Time) []assist.Payment {
		return []assist.Payment{payRow(t, number, assist.OperationCancel, amount, at)}
	}
	plain := []assist.Operation{{Billnumber: testPayment, Type: assist.OperationCancel, Amount: rub(t, "3.00"), ResponseCode: assist.ResponseDone, MeanTypeName: "QIWI"}}
	named := []assist.Operation{op(t, "3", assist.OperationCancel, 36, "3.00", dated(now))}
	reserve := func(l *Ledger) { require.NoError(t, l.Reserve(ctx, "a", assist.QIWI, rub(t, "3.00"), now)) }
	book := func(l *Ledger, id string, operations []assist.Operation) {
		require.NoError(t, l.BookOperations(ctx, id, operations))
	}
	settle := func(l *Ledger, moved bool) { require.NoError(t, l.Settle(ctx, "a", moved)) }
	for name, test := range map[string]struct {
		feed func(*Ledger)
		want string // refunded and reserved
	}{
		"its row after it has settled": {func(l *Ledger) {
			reserve(l)
			book(l, "a", plain)
			settle(l, true)
			l.Book(cancel("3", "3.00", now))
			l.Book(cancel("3", "3.00", now))
		}, "3.00 0.00"},
		"its row while it is in process": {func(l *Ledger) { reserve(l); book(l, "a", plain); l.Book(cancel("3", "3.00", now)) }, "0.00 3.00"},
		"its row before the answer":      {func(l *Ledger) { reserve(l); l.Book(cancel("3", "3.00", now)); book(l, "a", plain); settle(l, true) }, "3.00 0.00"},
		"an equal one by hand beside it": {func(l *Ledger) {
			reserve(l)
			book(l, "a", plain)
			l.Book(append(cancel("2", "3.00", now), cancel("3", "3.00", now)...))
			settle(l, true)
		}, "6.00 0.00"},
		"an equal one by hand from before": {func(l *Ledger) {
			l.Book(cancel("2", "3.00", now))
			reserve(l)
			book(l, "a", plain)
			settle(l, true)
			l.Book(cancel("2", "3.00", now))
		}, "6.00 0.00"},
		"an older one that is listed late": {func(l *Ledger) {
			reserve(l)
			book(l, "a", plain)
			settle(l, true)
			l.Book(cancel("2", "3.00", now.Add(-2*time.Minute)))
		}, "6.00 0.00"},
		"one of another amount": {func(l *Ledger) { reserve(l); book(l, "a", plain); l.Book(cancel("2", "2.00", now)) }, "2.00 3.00"},
		"its number learned later": {func(l *Ledger) {
			reserve(l)
			book(l, "a", plain)
			l.Book(cancel("3", "3.00", now))
			book(l, "a", named)
			settle(l, true)
			l.Book(cancel("3", "3.00", now))
		}, "3.00 0.00"},
		"the other's row was taken for it": {func(l *Ledger) {
			reserve(l)
			book(l, "a", plain)
			l.Book(cancel("2", "3.00", now)) // by hand
			book(l, "a", named)
			settle(l, true)
			l.Book(cancel("3", "3.00", now))
		}, "6.00 0.00"},
		"declined at last: the row was another's": {func(l *Ledger) {
			reserve(l)
			book(l, "a", plain)
			l.Book(cancel("2", "3.00", now))
			settle(l, false)
		}, "3.00 0.00"},
		"told again and again": {func(l *Ledger) {
			reserve(l)
			book(l, "a", plain)
			book(l, "a", plain)
			l.Book(append(cancel("3", "3.00", now), cancel("4", "3.00", now)...))
			book(l, "a", plain)
			settle(l, true)
		}, "6.00 0.00"},
		"two of our own, the second named by the first's row": {func(l *Ledger) {
			reserve(l)
			require.NoError(t, l.Reserve(ctx, "b", assist.QIWI, rub(t, "3.00"), now))
			book(l, "a", plain)
			book(l, "b", plain)
			l.Book(append(cancel("3", "3.00", now), cancel("4", "3.00", now)...))
			book(l, "b", named) // .3, which was guessed to be the first's
			settle(l, true)
			require.NoError(t, l.Settle(ctx, "b", true))
			l.Book(append(cancel("3", "3.00", now), cancel("4", "3.00", now)...))
		}, "6.00 0.00"},
		"unknown to the end: both count": {func(l *Ledger) { reserve(l); l.Book(cancel("3", "3.00", now)) }, "3.00 3.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
			require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "100.00"), now))
			test.feed(l)
			b := l.Balance(assist.QIWI, "RUB", now)
			assert.Equal(t, test.want, b.Refunded.Amount()+" "+b.Reserved.Amount())
		})
	}
}

// A refund by hand that comes while a reservation is open takes from what is
// left, and never from below nothing.
func TestRefundByHandWhileAReservationIsOpen(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2026-07-01 12:00:00"), t.Context()
	now := clock.now()
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	require.NoError(t, l.Paid(number(1), assist.QIWI, rub(t, "10.00"), now))
	require.NoError(t, l.Reserve(ctx, "a", assist.QIWI, rub(t, "4.00"), now))
	l.Book([]assist.Payment{payRow(t, "2", assist.OperationCancel, "8.00", now)})
	assert.Equal(t, "10.00 0.00 8.00 4.00 0.00", figures(l.Balance(assist.QIWI, "RUB", now)))
	require.ErrorIs(t, l.Reserve(ctx, "b", assist.QIWI, rub(t, "0.01"), now), assist.ErrDayBalance)
	require.NoError(t, l.Settle(ctx, "a", false))
	require.NoError(t, l.Reserve(ctx, "b", assist.QIWI, rub(t, "2.00"), now), "Assist refused the other one")
	require.NoError(t, l.Settle(ctx, "b", true))
	assert.Equal(t, "10.00 0.00 10.00 0.00 0.00", figures(l.Balance(assist.QIWI, "RUB", now)))
}

// A large answer doesn't hold up a Reserve, and while it is booked no more is
// available than before or after.
func TestLargeAnswersAreBookedInBatches(t *testing.T) {
	t.Parallel()
	clock, ctx := clockAt(t, "2026-07-01 12:00:00"), t.Context()
	now := clock.now()
	l := newTestLedger(t, clock, Rates{assist.QIWI: 0})
	const rows = 20_000
	var answer []assist.Payment
	for n := range rows {
		paid := payRow(t, "1", assist.OperationPayment, "2.00", now)
		paid.Operation.Billnumber = number(n)
		back := payRow(t, "2", assist.OperationCancel, "1.00", now)
		back.Operation.Billnumber = number(n).Payment() + ".2"
		answer = append(answer, paid, back)
	}
	var done atomic.Bool
	var booking sync.WaitGroup
	booking.Go(func() { l.Book(answer); done.Store(true) })
	var seen []int64
	for !done.Load() {
		require.NoError(t, l.Settle(ctx, "nobody's", true))
		seen = append(seen, l.Balance(assist.QIWI, "RUB", now).Available.Minor())
	}
	booking.Wait()
	end := l.Balance(assist.QIWI, "RUB", now)
	assert.Equal(t, "40000.00 0.00 20000.00 0.00 20000.00", figures(end))
	assert.IsNonDecreasing(t, append(seen, end.Available.Minor()))
}
