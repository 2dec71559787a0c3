package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
)

// Ledger is a [assist.DayBalance] in memory, exact to the minor unit: per wallet,
// currency and Moscow day, payments less the bank's commission less refunds
// (protocol §6). It is safe for concurrent use and does no I/O.
//
// It is fed by Paid, by Book, and by the cancels of a client that was made with
// [assist.WithWalletRules]. Where the documents leave a choice it takes the lower
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
// for the Moscow day and the day before, or two; what belongs to an earlier day is
// no longer of use to any refund. The id of a reservation is forgotten when it is
// settled. A clock that jumps ahead for a moment loses nothing: the day is that of
// the clock, whichever way it goes.
//
// A restart begins with empty books, which refuse everything. Feed them by Book
// or use [FromResults], and give back by Hold what was reserved.
type Ledger struct {
	rates commissions
	now   func() time.Time

	mu           sync.Mutex
	today        moscow.Day // of the clock
	first        moscow.Day // that is kept
	books        map[bookKey]*book
	reservations map[string]reservation
}

// reservation is a cancel that is not settled.
type reservation struct {
	key   bookKey
	minor int64
	at    time.Time
	made  moscow.Day
	last  moscow.Day // of its operations, as far as they are known
	told  int        // of the book, when it was made
	// guessed says that an operation's number wasn't known.
	guessed bool
}

// New makes empty books. The rates are the bank's. The clock tells the
// Moscow day; it must be that of the client ([assist.WithClock]), and nil is
// [time.Now]. Errors are [*assist.ValidationError].
func New(rates Rates, now func() time.Time) (*Ledger, error) {
	c, err := rates.commissions()
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Ledger{rates: c, now: now, books: make(map[bookKey]*book), reservations: make(map[string]reservation)}, nil
}

// Reserve is the method of [assist.DayBalance]. The reservation is for the Moscow day
// of at, or of the ledger's clock where that is later. A wallet without a rate is
// a [*assist.WalletRuleError] with [assist.ErrNoRate].
func (l *Ledger) Reserve(_ context.Context, id string, w assist.Wallet, amount assist.Money, at time.Time) error {
	return l.reserve(id, w, amount, at, true)
}

// Hold reserves without asking whether it fits, for what a restart finds
// unsettled: the cancels in process and those of unknown outcome, with their
// intents' ids and the time of their send.
func (l *Ledger) Hold(id string, w assist.Wallet, amount assist.Money, at time.Time) error {
	return l.reserve(id, w, amount, at, false)
}

func (l *Ledger) reserve(id string, w assist.Wallet, amount assist.Money, at time.Time, mustFit bool) error {
	if id == "" {
		return &assist.ValidationError{Field: "id", Reason: "must not be empty"}
	}
	if err := checkBooking(w, amount, at); err != nil {
		return err
	}
	key, made := bookKey{w, amount.Currency()}, moscow.DayOf(at)
	now := l.open()
	defer l.mu.Unlock()
	if r, found := l.reservations[id]; found {
		if r.key != key || r.minor != amount.Minor() {
			return &assist.ValidationError{Field: "id", Reason: "is reserved for another amount"}
		}
		return nil
	}
	b := l.book(key)
	if mustFit {
		if !l.rates.has(w) {
			return &assist.WalletRuleError{Rule: assist.ErrNoRate, Wallet: w, Cancel: amount}
		}
		made = max(made, l.today)
		if available := b.available(made); amount.Minor() > available {
			return &assist.WalletRuleError{
				Rule: assist.ErrDayBalance, Wallet: w, Cancel: amount,
				Available: key.money(available), NotBefore: moscow.Late(now),
			}
		}
	}
	b.add(&b.reserved, amount.Minor())
	l.reservations[id] = reservation{key: key, minor: amount.Minor(), at: at, made: made, last: made, told: b.told}
	return nil
}

// Settle is the method of [assist.DayBalance].
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
		if r.guessed {
			b.unguess(id)
		}
		return nil
	}
	counted := map[moscow.Day]bool{}
	for _, day := range [...]moscow.Day{r.made, r.last, l.today} {
		if l.keeps(day) && !counted[day] {
			b.add(&b.day(day).refunded, r.minor)
			counted[day] = true
		}
	}
	return nil
}

// BookOperations is the method of [assist.OperationBook]. The reservation becomes what
// the operations add up to: a full cancel may have given back less than was left
// before, or more.
func (l *Ledger) BookOperations(_ context.Context, id string, operations []assist.Operation) error {
	l.open()
	defer l.mu.Unlock()
	r, found := l.reservations[id]
	if !found {
		return nil
	}
	b := l.book(r.key)
	var sum int64
	for i := range operations {
		op := &operations[i]
		// Beside the wallet's, a full cancel may have made one of a card or of bonus
		// points. Without its means of payment it counts as the wallet's.
		unsaid := op.MeanTypeID == 0 && op.MeanTypeName == ""
		if op.Amount.Currency() != r.key.currency || op.Wallet() != r.key.wallet && !unsaid {
			continue
		}
		sum = min(sum+op.Amount.Minor(), bookLimit)
		day := r.made
		if !op.Date.IsZero() {
			day = moscow.DayOf(op.Date)
			r.last = max(r.last, day)
		}
		if op.Billnumber.Operation() == 0 {
			b.guess(unnamedCancel{id: id, payment: op.Billnumber, minor: op.Amount.Minor(), at: r.at, since: r.told})
			r.guessed = true
			continue
		}
		if r.guessed {
			b.unguess(id)
			r.guessed = false
		}
		b.claim(cancelKey(op.Billnumber, op), id, op.Amount.Minor(), day)
	}
	if sum > 0 {
		b.reserved -= r.minor
		b.add(&b.reserved, sum)
		r.minor = sum
	}
	l.reservations[id] = r
	return nil
}

// WalletBalance is the day balance of one wallet in one currency.
type WalletBalance struct {
	Wallet assist.Wallet
	Day    time.Time // the midnight in Moscow with which the day begins, in UTC
	// Available is Paid less Commission, Refunded and Reserved, and never below
	// zero. Reserved are the cancels that aren't settled, of whatever day.
	Paid, Commission, Refunded, Reserved, Available assist.Money
	// AsOf says how fresh the figures are; zero where they are kept as things
	// happen. Stale figures are older than they should be.
	AsOf  time.Time
	Stale bool
}

// Balance gives the figures of a wallet and an ISO 4217 currency for the Moscow
// day of an instant. A day that isn't kept has none: all is zero.
func (l *Ledger) Balance(w assist.Wallet, currency string, at time.Time) WalletBalance {
	day := moscow.DayOf(at)
	balance := WalletBalance{Wallet: w, Day: day.Start()}
	if _, err := assist.NewMoney(0, currency); err != nil || !isWallet(w) {
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

// open locks the ledger and turns its page at midnight. A clock that jumps ahead
// and comes back finds its day as it was: what is forgotten is older than both.
func (l *Ledger) open() (now time.Time) {
	now = l.now()
	today := moscow.DayOf(now)
	l.mu.Lock()
	if today == l.today && l.first != 0 {
		return now
	}
	before := l.today
	if l.first == 0 {
		before = today
	}
	l.today, l.first = today, min(today, before)-1
	for _, b := range l.books {
		b.forget(l.first)
	}
	return now
}

// keeps tells the days whose books are open: what comes late belongs to the day
// before, seldom to an older one.
func (l *Ledger) keeps(day moscow.Day) bool { return day >= l.first }

func (l *Ledger) book(key bookKey) *book {
	b := l.books[key]
	if b == nil {
		b = newBook()
		l.books[key] = b
	}
	return b
}

func (l *Ledger) pay(told bookedOperation, key bookKey) {
	told.commission = l.rates.on(key.wallet, told.minor)
	l.book(key).pay(told, l.keeps)
}
