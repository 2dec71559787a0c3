package assist

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/assist-go/assist/internal/moscow"
)

// Ledger is a [DayBalance] in memory, exact to the minor unit: per wallet,
// currency and Moscow day, payments less the bank's commission less refunds
// (protocol §6). It is safe for concurrent use and does no I/O.
//
// It is fed by Paid, by Book, and by the cancels of a client that was made with
// [WithWalletRules]. Where the documents leave a choice it takes the lower
// balance:
//
//   - The commission is rounded up on each payment.
//   - A reservation counts until it is settled, on every day that it lasts, and
//     afterwards on the day it was made and on the day it was settled: which of
//     the two Assist counts isn't known.
//   - An operation of a cancel counts as refunded unless it was declined.
//
// Payments and operations are counted once, by their billnumber, however often
// they are told. What comes late is booked on its own day. The books are kept
// for the Moscow day and the day before; what belongs to an earlier day is no
// longer of use to any refund and is passed over. The id of a reservation is
// forgotten when it is settled.
//
// A restart begins with empty books, which refuse everything. Feed them by Book
// or use [DayBalanceFromResults], and give back by Hold what was reserved.
type Ledger struct {
	rates commissions
	now   func() time.Time

	mu           sync.Mutex
	today        moscow.Day // the latest of the clock
	books        map[bookKey]*book
	reservations map[string]reservation
}

// reservation is a cancel that is not settled.
type reservation struct {
	key   bookKey
	minor int64
	made  moscow.Day
	last  moscow.Day // of its operations, as far as they are known
}

// NewLedger makes empty books. The rates are the bank's. The clock tells the
// Moscow day; it must be that of the client ([WithClock]), and nil is
// [time.Now]. Errors are [*ValidationError].
func NewLedger(rates Rates, now func() time.Time) (*Ledger, error) {
	c, err := rates.commissions()
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Ledger{rates: c, now: now, books: make(map[bookKey]*book), reservations: make(map[string]reservation)}, nil
}

// Paid books a payment: amount is what the customer paid, before any commission.
// With an extended billnumber each payment of an order counts; with a plain one
// the order counts once.
func (l *Ledger) Paid(b Billnumber, w Wallet, amount Money, at time.Time) error {
	if _, err := ParseBillnumber(string(b)); err != nil {
		return &ValidationError{Field: "Billnumber", Reason: "must be 15 or 16 digits, with the operation behind a point if any", Err: err}
	}
	if err := checkBooking(w, amount, at); err != nil {
		return err
	}
	l.open()
	defer l.mu.Unlock()
	l.pay(b, false, bookKey{w, amount.Currency()}, amount.Minor(), moscow.DayOf(at))
	return nil
}

// Book books what [Client.ResultsByDate] tells; rows that aren't of a wallet are
// passed over. Judged by the response code, as the rows have no state (protocol
// §5): a payment counts with AS000, and not while its order is only authorised;
// a cancel counts unless it was declined, AS300 and unknown codes included. The
// client's own cancels are known by their operations and not counted again.
//
// While the outcome of a cancel is unknown its operation isn't known either:
// then both its reservation and its row count, until it is resolved.
func (l *Ledger) Book(rows []Payment) {
	l.open()
	defer l.mu.Unlock()
	for i := range rows {
		op := &rows[i].Operation
		w := op.Wallet()
		if w == NotWallet || op.Amount.IsZero() {
			continue
		}
		key, day := bookKey{w, op.Amount.Currency()}, moscow.DayOf(op.Date)
		switch op.Type {
		case OperationPayment, OperationConfirmation:
			held := op.Type == OperationPayment && (rows[i].Order.State == OrderDelayed || rows[i].Order.State == OrderPartialDelayed)
			if followedStage(*op) == stageSucceeded && !held {
				l.pay(op.Billnumber, op.Type == OperationConfirmation, key, op.Amount.Minor(), day)
			}
		case OperationCancel:
			// Without a date it may be today's; a payment without one is nobody's day.
			if op.Date.IsZero() {
				day = l.today
			}
			l.bookCancel(op, key, day)
		}
	}
}

// Reserve is the method of [DayBalance]. The reservation is for the Moscow day
// of at, or of the ledger's clock where that is later.
func (l *Ledger) Reserve(_ context.Context, id string, w Wallet, amount Money, at time.Time) error {
	return l.reserve(id, w, amount, at, true)
}

// Hold reserves without asking whether it fits, for what a restart finds
// unsettled: the cancels in process and those of unknown outcome, with their
// intents' ids and the time of their send.
func (l *Ledger) Hold(id string, w Wallet, amount Money, at time.Time) error {
	return l.reserve(id, w, amount, at, false)
}

func (l *Ledger) reserve(id string, w Wallet, amount Money, at time.Time, mustFit bool) error {
	if id == "" {
		return &ValidationError{Field: "id", Reason: "must not be empty"}
	}
	if err := checkBooking(w, amount, at); err != nil {
		return err
	}
	key, made := bookKey{w, amount.Currency()}, moscow.DayOf(at)
	l.open()
	defer l.mu.Unlock()
	if r, found := l.reservations[id]; found {
		if r.key != key || r.minor != amount.Minor() {
			return &ValidationError{Field: "id", Reason: "is reserved for another amount"}
		}
		return nil
	}
	b := l.book(key)
	if mustFit {
		made = max(made, l.today)
		if available := b.available(made); amount.Minor() > available {
			return &WalletRuleError{
				Rule: ErrDayBalance, Wallet: w, Cancel: amount,
				Available: key.money(available), NotBefore: moscow.Late(l.now()),
			}
		}
	}
	b.add(&b.reserved, amount.Minor())
	l.reservations[id] = reservation{key: key, minor: amount.Minor(), made: made, last: made}
	return nil
}

// Settle is the method of [DayBalance].
func (l *Ledger) Settle(_ context.Context, id string, moved bool) error {
	l.open()
	defer l.mu.Unlock()
	r, found := l.reservations[id]
	if !found {
		return nil
	}
	delete(l.reservations, id)
	b := l.book(r.key)
	b.reserved -= r.minor
	if !moved {
		return nil
	}
	l.refund(b, r.made, r.minor)
	if last := max(r.last, l.today); last != r.made {
		l.refund(b, last, r.minor)
	}
	return nil
}

func (l *Ledger) refund(b *book, day moscow.Day, minor int64) {
	if l.keeps(day) {
		d := b.day(day)
		b.add(&d.refunded, minor)
	}
}

// name notes the operations of a cancel. The reservation becomes what they add
// up to: a full cancel may have given back less than was left before, or more.
func (l *Ledger) name(id string, operations []Operation) {
	l.open()
	defer l.mu.Unlock()
	r, found := l.reservations[id]
	if !found {
		return
	}
	b := l.book(r.key)
	var sum int64
	for i := range operations {
		op := &operations[i]
		// Beside the wallet's, a full cancel may have made one of a card or of bonus
		// points. Without its mean of payment it counts as the wallet's.
		if op.Amount.Currency() != r.key.currency || op.Wallet() != r.key.wallet && meanOf(*op) != (meanOfPayment{}) {
			continue
		}
		sum = min(sum+op.Amount.Minor(), maxMinor)
		day := r.made
		if !op.Date.IsZero() {
			day = moscow.DayOf(op.Date)
			r.last = max(r.last, day)
		}
		// Booked by its row before the answer told whose it is.
		b.unbookCancel(cancelKey(op))
		if l.keeps(day) {
			b.day(day).cancels[cancelKey(op)] = 0
		}
	}
	if sum > 0 {
		b.reserved -= r.minor
		b.add(&b.reserved, sum)
		r.minor = sum
	}
	l.reservations[id] = r
}

// WalletBalance is the day balance of one wallet in one currency.
type WalletBalance struct {
	Wallet Wallet
	Day    time.Time // the midnight in Moscow with which the day begins, in UTC
	// Available is Paid less Commission, Refunded and Reserved, and never below
	// zero. Reserved are the cancels that aren't settled, of whatever day.
	Paid, Commission, Refunded, Reserved, Available Money
	// AsOf says how fresh the figures are; zero where they are kept as things
	// happen. Stale figures are older than they should be.
	AsOf  time.Time
	Stale bool
}

// Balance gives the figures of a wallet and an ISO 4217 currency for the Moscow
// day of an instant. A day that isn't kept has none: all is zero.
func (l *Ledger) Balance(w Wallet, currency string, at time.Time) WalletBalance {
	day := moscow.DayOf(at)
	balance := WalletBalance{Wallet: w, Day: day.Start()}
	if !isWallet(w) || checkCurrency(currency) != nil {
		return balance
	}
	key := bookKey{w, currency}
	l.open()
	defer l.mu.Unlock()
	b := l.books[key]
	if b == nil {
		b = &book{}
	}
	d := b.days[day]
	if d == nil {
		d = &bookDay{}
	}
	balance.Paid, balance.Commission, balance.Refunded = key.money(d.paid), key.money(d.commission), key.money(d.refunded)
	balance.Reserved, balance.Available = key.money(b.reserved), key.money(b.available(day))
	return balance
}

// open locks the ledger and turns its page at midnight.
func (l *Ledger) open() {
	today := moscow.DayOf(l.now())
	l.mu.Lock()
	if today <= l.today {
		return
	}
	l.today = today
	for _, b := range l.books {
		for day := range b.days {
			if !l.keeps(day) {
				delete(b.days, day)
			}
		}
	}
}

// keeps tells the days whose books are open: what comes late belongs to the day
// before, seldom to an older one.
func (l *Ledger) keeps(day moscow.Day) bool { return day >= l.today-1 }

func (l *Ledger) book(key bookKey) *book {
	b := l.books[key]
	if b == nil {
		b = &book{days: make(map[moscow.Day]*bookDay)}
		l.books[key] = b
	}
	return b
}

func (l *Ledger) pay(b Billnumber, confirmation bool, key bookKey, minor int64, day moscow.Day) {
	if l.keeps(day) {
		l.book(key).pay(b, confirmation, minor, l.rates.on(key.wallet, minor), day)
	}
}

func (l *Ledger) bookCancel(op *Operation, key bookKey, day moscow.Day) {
	b := l.book(key)
	switch {
	case followedStage(*op) == stageDeclined:
		b.unbookCancel(cancelKey(op))
	case l.keeps(day):
		b.bookCancel(cancelKey(op), op.Amount.Minor(), day)
	}
}

// cancelKey names a cancel's operation. A plain billnumber is the same for every
// cancel of the payment, so date and amount are added to it.
func cancelKey(op *Operation) Billnumber {
	if op.Billnumber.Operation() != 0 {
		return op.Billnumber
	}
	return op.Billnumber + Billnumber("@"+strconv.FormatInt(op.Date.Unix(), 10)+"/"+op.Amount.Amount())
}

func checkBooking(w Wallet, amount Money, at time.Time) error {
	switch {
	case !isWallet(w):
		return &ValidationError{Field: "Wallet", Reason: "must be WebMoney, YandexMoney or QIWI"}
	case amount.IsZero():
		return &ValidationError{Field: "Amount", Reason: "must be more than nothing"}
	case at.IsZero():
		return &ValidationError{Field: "At", Reason: "is required"}
	}
	return nil
}
