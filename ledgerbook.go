package assist

import (
	"slices"

	"github.com/assist-go/assist/internal/moscow"
)

// bookKey is what a day balance is kept for.
type bookKey struct {
	wallet   Wallet
	currency string
}

// money bounds a sum by the digits that an amount may have.
func (k bookKey) money(minor int64) Money {
	return Money{minor: min(max(minor, 0), maxMinor), currency: k.currency}
}

// book is the balance of one wallet in one currency. Amounts are in minor units.
type book struct {
	reserved int64
	days     map[moscow.Day]*bookDay
	full     bool // a sum left the numbers: nothing is available any more
}

type bookDay struct {
	paid, commission, refunded int64
	payments                   map[Billnumber]bookedPayment
	cancels                    map[Billnumber]int64 // what was booked; 0 of our own, which settle
}

// bookedPayment is what counts of one order.
type bookedPayment struct {
	operations         []Billnumber
	amount, commission int64
	confirmed          bool
}

// bookLimit is far above a day's turnover, and low enough that no sum of four
// overflows.
const bookLimit = 1 << 60

func (b *book) add(sum *int64, minor int64) {
	if *sum > bookLimit-minor {
		b.full = true
		return
	}
	*sum += minor
}

func (b *book) day(day moscow.Day) *bookDay {
	d := b.days[day]
	if d == nil {
		d = &bookDay{payments: make(map[Billnumber]bookedPayment), cancels: make(map[Billnumber]int64)}
		b.days[day] = d
	}
	return d
}

// available is what a new reservation may take. What is reserved on other days
// counts too: it may yet succeed on this one.
func (b *book) available(day moscow.Day) int64 {
	d := b.days[day]
	if d == nil || b.full {
		return 0
	}
	return max(d.paid-d.commission-d.refunded-b.reserved, 0)
}

// pay counts an operation of a payment once. A confirmation takes the place of
// the authorisation, which only held the money.
func (b *book) pay(number Billnumber, confirmation bool, minor, commission int64, day moscow.Day) {
	d := b.day(day)
	order := number.Payment()
	p := d.payments[order]
	if slices.Contains(p.operations, number) {
		return
	}
	// Told once by the plain number and once by the extended one.
	again := len(p.operations) > 0 && number.Operation() == 0 || slices.Contains(p.operations, order)
	p.operations = append(p.operations, number)
	switch {
	case !confirmation && (again || p.confirmed):
		minor, commission = 0, 0
	case confirmation && !p.confirmed:
		d.paid -= p.amount
		d.commission -= p.commission
		p.amount, p.commission, p.confirmed = 0, 0, true
	}
	p.amount += minor
	p.commission += commission
	d.payments[order] = p
	b.add(&d.paid, minor)
	b.add(&d.commission, commission)
}

func (b *book) bookCancel(key Billnumber, minor int64, day moscow.Day) {
	for _, d := range b.days {
		if _, known := d.cancels[key]; known {
			return
		}
	}
	d := b.day(day)
	d.cancels[key] = minor
	b.add(&d.refunded, minor)
}

// unbookCancel takes back a cancel made elsewhere. Our own stay marked: their
// reservation speaks for them.
func (b *book) unbookCancel(key Billnumber) {
	for _, d := range b.days {
		if minor := d.cancels[key]; minor > 0 {
			d.refunded -= minor
			delete(d.cancels, key)
		}
	}
}
