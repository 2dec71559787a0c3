package assisttest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/assist-go/assist"
)

// meanBonus is the mean type that the bonus part of a payment has. Which one
// Assist uses is not known; 21 is its "Discount".
const meanBonus = 21

// Payment is a payment that a customer has made. Every field may be left out:
// the zero Payment is 100.00 RUB by VISA, just now.
type Payment struct {
	MerchantID  string            // empty: the first merchant
	Billnumber  assist.Billnumber // plain; empty: made up
	OrderNumber string            // empty: made up
	Comment     string
	TestMode    bool
	Amount      assist.Money // of the whole order
	MeanTypeID  int          // protocol §9; 0 is 1, VISA. Any is taken; all but wallets behave like cards
	// Bonus is the part of Amount that was paid with bonus points. It makes a
	// second payment operation on the order.
	Bonus assist.Money
	// PaidAt is the date of the order. It may lie after the server's time: the
	// order is then found later. Zero is now.
	PaidAt   time.Time
	Customer assist.Customer
	IP       string // of the customer
	// FailedAttempts are payments that were declined before, a minute apart. Each
	// left an order of its own under the same order number.
	FailedAttempts int
	// Cancelled are parts of the payment that went back earlier, each an
	// operation of its own. They are dated a day after the payment, or now where
	// that is earlier, and no rule is applied to them.
	Cancelled []assist.Money
}

// Pay books a payment and gives its order as the order result service would tell
// it now. A payment that makes no sense ends the test.
func (s *Server) Pay(p Payment) assist.Order {
	s.helper()
	s.mu.Lock()
	s.catchUp()
	now := s.now()
	o, err := s.pay(p, now)
	var fetched assist.Order
	if err == nil {
		fetched = s.fetched(o, now)
	}
	s.mu.Unlock()
	if err != nil {
		s.fatalf("assisttest: %v", err)
	}
	return fetched
}

func (s *Server) pay(p Payment, now time.Time) (*order, error) {
	m := s.merchants[0]
	if p.MerchantID != "" {
		if m = s.merchantOf(p.MerchantID); m == nil {
			return nil, fmt.Errorf("payment to an unknown merchant")
		}
	}
	total := amount{100_00, "RUB"}
	if p.Amount != (assist.Money{}) {
		total = amountOf(p.Amount)
	}
	bonus := amount{0, total.currency}
	if p.Bonus != (assist.Money{}) {
		bonus = amountOf(p.Bonus)
	}
	if total.minor <= 0 || bonus.currency != total.currency || bonus.minor >= total.minor {
		return nil, fmt.Errorf("payment of %v with a bonus of %v", p.Amount, p.Bonus)
	}
	if p.MeanTypeID == 0 {
		p.MeanTypeID = 1
	}
	if p.PaidAt.IsZero() {
		p.PaidAt = now
	}
	if p.OrderNumber == "" {
		s.madeUp++
		p.OrderNumber = "order-" + strconv.Itoa(s.madeUp)
	}
	if p.Customer == (assist.Customer{}) {
		p.Customer = assist.Customer{FirstName: "Test", LastName: "Testov", MiddleName: "T.", Email: "test@example.com"}
	}
	if p.IP == "" {
		p.IP = "192.0.2.10"
	}
	for attempt := p.FailedAttempts; attempt > 0; attempt-- {
		failed := s.newOrder(p, s.makeUpBillnumber(), total, p.PaidAt.Add(-time.Duration(attempt)*time.Minute))
		failed.state = orderDeclined
		op := failed.add(paymentBy(p, total, failed.date))
		op.state, op.code = stateDeclined, codeNoFunds
		m.keep(failed)
	}
	billnumber := string(p.Billnumber)
	if billnumber == "" {
		billnumber = s.makeUpBillnumber()
	}
	if _, extended, ok := splitBillnumber(billnumber); !ok || extended != 0 || m.byBillnumber[billnumber] != nil {
		return nil, fmt.Errorf("payment with the billnumber %q", billnumber)
	}
	o := s.newOrder(p, billnumber, total, p.PaidAt)
	payment := o.add(paymentBy(p, amount{total.minor - bonus.minor, total.currency}, o.date))
	if bonus.minor > 0 {
		o.add(paymentBy(Payment{MeanTypeID: meanBonus, IP: p.IP}, bonus, o.date))
	}
	w := walletOf(payment.mean)
	m.book(w, o.date, amount{payment.amount.minor - s.commissionOn(w, payment.amount), total.currency})
	m.keep(o)
	for _, part := range p.Cancelled {
		back := amountOf(part)
		if back.minor <= 0 || back.currency != total.currency || back.minor > payment.left() {
			return nil, fmt.Errorf("payment of %v with %v cancelled", p.Amount, part)
		}
		date := o.date.Add(24 * time.Hour)
		if now.Before(date) {
			date = now
		}
		o.cancelledEarlier(payment, back, date)
	}
	return o, nil
}

func (s *Server) newOrder(p Payment, billnumber string, total amount, date time.Time) *order {
	return &order{
		billnumber: billnumber, number: p.OrderNumber, comment: p.Comment, test: p.TestMode,
		amount: total, date: date.UTC(), state: orderApproved, ip: p.IP,
		first: p.Customer.FirstName, last: p.Customer.LastName, middle: p.Customer.MiddleName, email: p.Customer.Email,
		refundIDs: make(map[string]bool),
	}
}

func paymentBy(p Payment, a amount, date time.Time) *operation {
	op := &operation{
		kind: kindPayment, state: stateSuccess, code: codeDone, amount: a, date: date, listed: date,
		mean: p.MeanTypeID, ip: p.IP, country: "UNKNOWN",
	}
	switch {
	case walletOf(p.MeanTypeID) == qiwi:
		op.pan = "9213301111"
	case p.MeanTypeID < meanBonus:
		op.pan, op.holder, op.expires, op.bank, op.country = "411111****1111", "TEST TESTOV", "12/30", "TEST BANK", "RUSSIA"
		op.approval = "000001"
	}
	return op
}

// cancelledEarlier gives back a part before the story of the test begins.
func (o *order) cancelledEarlier(payment *operation, back amount, date time.Time) {
	o.add(&operation{
		kind: kindCancel, state: stateSuccess, code: codeDone, amount: back, date: date, listed: date,
		mean: payment.mean, pan: payment.pan, holder: payment.holder, expires: payment.expires,
		bank: payment.bank, country: payment.country, approval: payment.approval, ip: o.ip, cancelled: payment,
	})
	payment.refunded += back.minor
	o.merchant.book(walletOf(payment.mean), date, amount{-back.minor, back.currency})
	o.refreshState()
}

func (s *Server) makeUpBillnumber() string {
	s.billnumbers++
	return strconv.Itoa(s.billnumbers)
}
