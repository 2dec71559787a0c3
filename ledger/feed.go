package ledger

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
)

// ErrDayClosed says that a payment is of a Moscow day whose books are closed: it
// changes no refund any more, or a clock is wrong.
var ErrDayClosed = errors.New("ledger: the books of the payment's Moscow day are closed")

// Paid books a payment: amount is what the customer paid, before any commission.
// With a plain billnumber the order counts once. With extended ones the newest of
// an order counts, until rows of results by date tell them apart: an authorisation
// and its confirmation are two operations of one payment. Where the type is known,
// as in a notification, Book takes it exactly.
//
// What belongs to a day before yesterday is a [*assist.ValidationError] with
// [ErrDayClosed].
func (l *Ledger) Paid(b assist.Billnumber, w assist.Wallet, amount assist.Money, at time.Time) error {
	if _, err := assist.ParseBillnumber(string(b)); err != nil {
		return &assist.ValidationError{Field: "Billnumber", Reason: "must be 15 or 16 digits, with the operation behind a point if any", Err: err}
	}
	if err := checkBooking(w, amount, at); err != nil {
		return err
	}
	l.open()
	defer l.mu.Unlock()
	day := moscow.DayOf(at)
	if !l.keeps(day) {
		return &assist.ValidationError{Field: "At", Reason: "is of a Moscow day before yesterday, by this clock", Err: ErrDayClosed}
	}
	l.pay(bookedOperation{number: b, kind: toldPaid, minor: amount.Minor(), day: day}, bookKey{w, amount.Currency()})
	return nil
}

// bookBatch is how many rows are booked while a Reserve waits.
const bookBatch = 256

// Book books what [assist.Client.ResultsByDate] tells; rows that aren't of a wallet are
// passed over. Judged by the response code, as the rows have no state (protocol
// §5): a payment counts with AS000, and not while its order is only authorised;
// a cancel counts unless it was declined, AS300 and unknown codes included. The
// client's own cancels are known by their operations and not counted again. A
// row of another period than was asked for ([assist.Payment.Misdated]) pays nothing, and
// what it gives back counts today too.
//
// While the outcome of a cancel is unknown its operation isn't known either:
// then both its reservation and its row count, until it is resolved.
//
// Many rows are booked in batches, between which others reserve; what lowers the
// balance comes first.
func (l *Ledger) Book(rows []assist.Payment) {
	booked := make([]bookedRow, 0, len(rows))
	for i := range rows {
		if row, ok := bookedRowOf(&rows[i]); ok {
			booked = append(booked, row)
		}
	}
	l.bookRows(booked)
}

// bookedRow is what the books need of a row.
type bookedRow struct {
	key      bookKey
	number   assist.Billnumber
	kind     assist.OperationType
	minor    int64
	at       time.Time
	misdated bool
	held     bool // an authorisation that isn't confirmed
	declined bool
}

// bookedRowOf passes over what changes no balance.
func bookedRowOf(p *assist.Payment) (bookedRow, bool) {
	op := &p.Operation
	w := op.Wallet()
	if w == assist.NotWallet {
		return bookedRow{}, false
	}
	// Cloned: the texts of a row keep all of it in memory.
	row := bookedRow{
		key: bookKey{w, strings.Clone(op.Amount.Currency())}, number: assist.Billnumber(strings.Clone(string(op.Billnumber))), kind: op.Type, minor: op.Amount.Minor(),
		at: op.Date, misdated: p.Misdated, declined: op.Declined(),
	}
	row.held = op.Type == assist.OperationPayment && (p.Order.State == assist.OrderDelayed || p.Order.State == assist.OrderPartialDelayed)
	switch {
	case row.minor == 0:
		return row, false
	case op.Type == assist.OperationCancel:
		row.number = cancelKey(row.number, op)
		return row, true
	case op.Type == assist.OperationPayment || op.Type == assist.OperationConfirmation:
		return row, op.Succeeded() && !op.Date.IsZero() && !p.Misdated
	}
	return row, false
}

// bookRows books cancels first, then confirmations, which take the place of
// authorisations.
func (l *Ledger) bookRows(rows []bookedRow) {
	for _, kind := range [...]assist.OperationType{assist.OperationCancel, assist.OperationConfirmation, assist.OperationPayment} {
		for from := 0; from < len(rows); from += bookBatch {
			l.bookBatch(rows[from:min(from+bookBatch, len(rows))], kind)
		}
	}
}

func (l *Ledger) bookBatch(rows []bookedRow, kind assist.OperationType) {
	l.open()
	defer l.mu.Unlock()
	for i := range rows {
		row := &rows[i]
		day := moscow.DayOf(row.at)
		switch {
		case row.kind != kind:
		case kind == assist.OperationCancel:
			l.bookCancel(row, day)
		default:
			told := bookedOperation{number: row.number, kind: toldAuthorised, minor: row.minor, day: day}
			if kind == assist.OperationConfirmation {
				told.kind = toldConfirmed
			} else if row.held {
				told.kind = toldHeld
			}
			l.pay(told, row.key)
		}
	}
}

func (l *Ledger) bookCancel(row *bookedRow, day moscow.Day) {
	b := l.book(row.key)
	if row.declined {
		b.unbookCancel(row.number)
		return
	}
	if !row.at.IsZero() && l.keeps(day) {
		b.bookCancel(row.number, paymentOf(row.number), row.minor, row.at, day)
	}
	// Without a date, or with one that can't be, it may be today's.
	if row.at.IsZero() || row.misdated {
		b.bookCancel(row.number, paymentOf(row.number), row.minor, row.at, l.today)
	}
}

// cancelKey names a cancel's operation. A plain billnumber is the same for every
// cancel of the payment, so date and amount are added to it.
func cancelKey(number assist.Billnumber, op *assist.Operation) assist.Billnumber {
	if number.Operation() != 0 {
		return number
	}
	return number + assist.Billnumber("@"+strconv.FormatInt(op.Date.Unix(), 10)+"/"+op.Amount.Amount())
}

func checkBooking(w assist.Wallet, amount assist.Money, at time.Time) error {
	switch {
	case !isWallet(w):
		return &assist.ValidationError{Field: "Wallet", Reason: "must be WebMoney, YandexMoney or QIWI"}
	case amount.IsZero():
		return &assist.ValidationError{Field: "Amount", Reason: "must be more than nothing"}
	case at.IsZero():
		return &assist.ValidationError{Field: "At", Reason: "is required"}
	}
	return nil
}
