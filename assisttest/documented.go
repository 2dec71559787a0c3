package assisttest

import (
	"time"

	"github.com/assist-go/assist"
)

// The orders of the two documents that protocol §4 and §6 rest on.
const (
	DocumentedWebMoney assist.Billnumber = "5700027202722028" // order 2013.10.23-700027-5, 1.00 RUB
	DocumentedQIWI     assist.Billnumber = "5554143265883170" // order 28042010_fffffffffffsd, 2.00 RUB
)

var documentedCancels = map[string]time.Time{
	string(DocumentedWebMoney): time.Date(2013, time.October, 24, 13, 58, 21, 0, time.UTC),
	string(DocumentedQIWI):     time.Date(2014, time.January, 28, 14, 30, 1, 0, time.UTC),
}

// documentedClock stands still until somebody cancels one of the documented
// orders. The first cancel of each happens at its documented instant, if that
// lies ahead; from there the clock runs on. So one clock serves both.
type documentedClock struct {
	base    time.Time
	started time.Time // on the machine's clock; zero while it stands
}

func newDocumentedClock() *documentedClock {
	return &documentedClock{base: documentedCancels[string(DocumentedWebMoney)]}
}

func (c *documentedClock) now() time.Time {
	if c.started.IsZero() {
		return c.base
	}
	return c.base.Add(time.Since(c.started))
}

func (c *documentedClock) reach(billnumber string, ahead time.Duration) {
	instant, ok := documentedCancels[billnumber]
	if !ok {
		return
	}
	c.base, c.started = c.now(), time.Now()
	if instant = instant.Add(-ahead); c.base.Before(instant) {
		c.base = instant
	}
}

// payDocumented books the two orders as they stood before the documented
// cancels, and other payments of the days of these cancels: without them the
// day balance would be nothing and both would be refused.
func (s *Server) payDocumented() {
	rub := func(minor int64) assist.Money { return moneyOf(amount{minor, "RUB"}) }
	for _, p := range []Payment{
		{
			Billnumber: DocumentedWebMoney, OrderNumber: "2013.10.23-700027-5", Comment: "тестовый платеж", Amount: rub(1_00),
			MeanTypeID: 30, PaidAt: time.Date(2013, time.October, 23, 12, 59, 44, 0, time.UTC), IP: "10.20.10.85",
			Customer:  assist.Customer{FirstName: "Test", LastName: "Testov", MiddleName: "T.", Email: "test@test.ru"},
			Cancelled: []assist.Money{rub(20)},
		},
		{
			Billnumber: DocumentedQIWI, OrderNumber: "28042010_fffffffffffsd", Comment: "тестовый платеж", Amount: rub(2_00),
			MeanTypeID: 36, PaidAt: time.Date(2014, time.January, 23, 13, 27, 57, 0, time.UTC), IP: "10.20.10.99",
			Customer:  assist.Customer{FirstName: "qwertyq", LastName: "qwerty", MiddleName: "qwertyu", Email: "test@test.ru"},
			Cancelled: []assist.Money{rub(25), rub(15)},
		},
		{OrderNumber: "2013.10.24-turnover", Amount: rub(50_00), MeanTypeID: 30, PaidAt: time.Date(2013, time.October, 24, 8, 0, 0, 0, time.UTC)},
		{OrderNumber: "2014.01.28-turnover", Amount: rub(50_00), MeanTypeID: 36, PaidAt: time.Date(2014, time.January, 28, 8, 0, 0, 0, time.UTC)},
	} {
		if _, err := s.pay(p, documentedCancels[string(p.Billnumber)]); err != nil {
			// The payments are those above.
			panic(err)
		}
	}
}
