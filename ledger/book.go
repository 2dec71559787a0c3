package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
)

// bookKey is what a day balance is kept for.
type bookKey struct {
	wallet   assist.Wallet
	currency string
}

// money bounds a sum by the digits that an amount may have.
func (k bookKey) money(minor int64) assist.Money {
	m, err := assist.NewMoney(min(max(minor, 0), maxMinor), k.currency)
	if err != nil {
		return assist.Money{}
	}
	return m
}

// book is the balance of one wallet in one currency. Amounts are in minor units.
type book struct {
	reserved int64
	days     map[moscow.Day]*bookDay
	payments map[assist.Billnumber]*bookedOrder  // by plain billnumber
	cancels  map[assist.Billnumber]*bookedCancel // by cancelKey
	unnamed  []unnamedCancel
	told     int  // how many new cancels the book was told of
	full     bool // a sum left the numbers: nothing is available any more
}

type bookDay struct{ paid, commission, refunded int64 }

func newBook() *book {
	return &book{days: make(map[moscow.Day]*bookDay), payments: make(map[assist.Billnumber]*bookedOrder), cancels: make(map[assist.Billnumber]*bookedCancel)}
}

// maxMinor is the largest amount: fifteen digits.
const maxMinor = 1e15 - 1

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
		d = new(bookDay)
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

// forget drops what belongs to days before one.
func (b *book) forget(before moscow.Day) {
	for day := range b.days {
		if day < before {
			delete(b.days, day)
		}
	}
	for number, order := range b.payments {
		if order.latest() < before {
			delete(b.payments, number)
		}
	}
	for key, c := range b.cancels {
		if c.latest() < before {
			delete(b.cancels, key)
		}
	}
	b.unnamed = slices.DeleteFunc(b.unnamed, func(u unnamedCancel) bool { return moscow.DayOf(u.at) < before })
}

// bookedCancel is one operation of a cancel.
type bookedCancel struct {
	minor int64
	days  []moscow.Day // it counts on each: rows may differ about its day
	at    time.Time    // as its row says; zero where that isn't known
	told  int          // when the book was told of it
	// own is the id of the reservation that speaks for it, so that it counts
	// nowhere else; guess is set where payment and amount alone told so.
	own   string
	guess *unnamedCancel
}

func (c *bookedCancel) latest() moscow.Day { return slices.Max(c.days) }

func (c *bookedCancel) on(day moscow.Day) bool { return slices.Contains(c.days, day) }

// unnamedCancel is a cancel of our own whose operation's number isn't known: a
// flat answer had the plain billnumber (protocol §4).
type unnamedCancel struct {
	id      string
	payment assist.Billnumber
	minor   int64
	at      time.Time // of its reservation
	since   int       // what the book was told before it
}

// mayBe tells whether a row's operation may be the unnamed one. What is dated a
// minute before the reservation or more is another's.
func (u *unnamedCancel) mayBe(payment assist.Billnumber, minor int64, at time.Time) bool {
	return u.payment == payment && u.minor == minor && (at.IsZero() || !at.Before(u.at.Add(-clockMinute)))
}

// clockMinute is how far Assist's clock may be behind ours.
const clockMinute = time.Minute

// bookCancel counts a row's operation once on each of its days.
func (b *book) bookCancel(key, payment assist.Billnumber, minor int64, at time.Time, day moscow.Day) {
	c := b.cancels[key]
	if c == nil {
		b.told++
		c = &bookedCancel{minor: minor, at: at, told: b.told}
		b.cancels[key] = c
		for i := range b.unnamed {
			if u := b.unnamed[i]; u.mayBe(payment, minor, at) {
				c.own, c.guess = u.id, &u
				b.unnamed = append(b.unnamed[:i], b.unnamed[i+1:]...)
				break
			}
		}
	}
	if c.on(day) {
		return
	}
	c.days = append(c.days, day)
	if c.own == "" {
		b.add(&b.day(day).refunded, c.minor)
	}
}

// unbookCancel takes back a cancel made elsewhere that was declined. Of our own the
// reservation speaks.
func (b *book) unbookCancel(key assist.Billnumber) {
	if c := b.cancels[key]; c != nil && c.own == "" {
		b.uncount(c)
		delete(b.cancels, key)
	}
}

func (b *book) uncount(c *bookedCancel) {
	for _, day := range c.days {
		if d := b.days[day]; d != nil {
			d.refunded -= c.minor
		}
	}
}

// claim gives an operation to the reservation that made it.
func (b *book) claim(key assist.Billnumber, id string, minor int64, day moscow.Day) {
	c := b.cancels[key]
	if c == nil {
		c = &bookedCancel{minor: minor}
		b.cancels[key] = c
	} else if c.own == "" {
		b.uncount(c)
	}
	if !c.on(day) {
		c.days = append(c.days, day)
	}
	displaced := c.guess
	c.own, c.guess = id, nil
	if displaced != nil && displaced.id != id {
		b.guess(*displaced)
	}
}

// guess finds the operation of an unnamed cancel among the rows that were told
// since its reservation, or waits for its row. Which of several equal ones it
// was doesn't matter to any sum.
func (b *book) guess(u unnamedCancel) {
	var found *bookedCancel
	for key, c := range b.cancels {
		if c.own == u.id {
			return // known already
		}
		if c.own == "" && c.told > u.since && u.mayBe(paymentOf(key), c.minor, c.at) && (found == nil || c.told < found.told) {
			found = c
		}
	}
	for _, known := range b.unnamed {
		if known.id == u.id && known.payment == u.payment {
			return
		}
	}
	if found == nil {
		b.unnamed = append(b.unnamed, u)
		return
	}
	b.uncount(found)
	found.own, found.guess = u.id, &u
}

// unguess takes back what was guessed of a reservation.
func (b *book) unguess(id string) {
	for _, c := range b.cancels {
		if c.own != id || c.guess == nil {
			continue
		}
		c.own, c.guess = "", nil
		for _, day := range c.days {
			b.add(&b.day(day).refunded, c.minor)
		}
	}
	b.unnamed = slices.DeleteFunc(b.unnamed, func(u unnamedCancel) bool { return u.id == id })
}

// paymentOf is the payment behind a cancelKey.
func paymentOf(key assist.Billnumber) assist.Billnumber {
	plain, _, _ := strings.Cut(string(key), "@")
	return assist.Billnumber(plain).Payment()
}
