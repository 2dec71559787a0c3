package assisttest

import (
	"errors"
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
	Amount      assist.Money // of the order
	// Authorised is what was paid where that differs from Amount: with a
	// surcharge, or in another currency by Rate. Zero is Amount.
	Authorised assist.Money
	Rate       string // of the two currencies, as answers tell it; empty is 1
	MeanTypeID int    // protocol §9; 0 is 1, VISA. Any is taken; all but wallets behave like cards
	// MeanName is the name of the mean type in answers; empty is that of the
	// table. Where the id is in no table, it says whether that is a wallet.
	MeanName string
	// Bonus is the part of what was paid that was paid with bonus points. It makes
	// a second payment operation on the order.
	Bonus assist.Money
	// Parts are further parts of what was paid, each a payment operation of its
	// own. The first operation has what Bonus and Parts leave.
	Parts []PaymentPart
	// TwoStage makes the payment a hold, which Confirm turns into a payment. The
	// order is Delayed until then.
	TwoStage bool
	// PaidAt is the date of the order. It may lie after the server's time: the
	// order is then found later. Zero is now.
	PaidAt   time.Time
	Customer assist.Customer
	IP       string // of the customer
	// FailedAttempts are payments that were declined before, a minute apart. Each
	// left an order of its own under the same order number.
	FailedAttempts int
	// Cancelled are parts of the first payment operation that went back earlier,
	// each an operation of its own. They are dated a day after the payment, or now
	// where that is earlier, and no rule is applied to them.
	Cancelled []assist.Money
}

// PaymentPart is one of several payment operations of an order.
type PaymentPart struct {
	Amount     assist.Money // in the currency of what was paid
	MeanTypeID int          // 0 is 1, VISA
	MeanName   string       // as in Payment
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

// PayMany books n payments that are alike but for their made-up numbers: the
// first at PaidAt, each one every later than the one before. It is for large days
// of results by date: 40,000 take a fraction of a second. A payment that makes no
// sense, or one that brings numbers of its own, ends the test.
func (s *Server) PayMany(n int, p Payment, every time.Duration) {
	s.helper()
	s.mu.Lock()
	s.catchUp()
	now := s.now()
	if p.PaidAt.IsZero() {
		p.PaidAt = now
	}
	var err error
	if p.Billnumber != "" || p.OrderNumber != "" {
		err = errors.New("many payments of one number")
	}
	for i := 0; i < n && err == nil; i++ {
		_, err = s.pay(p, now)
		p.PaidAt = p.PaidAt.Add(every)
	}
	s.mu.Unlock()
	if err != nil {
		s.fatalf("assisttest: %v", err)
	}
}

func (s *Server) pay(p Payment, now time.Time) (*order, error) {
	m := s.merchants[0]
	if p.MerchantID != "" {
		if m = s.merchantOf(p.MerchantID); m == nil {
			return nil, errors.New("payment to an unknown merchant")
		}
	}
	ordered, parts, err := partsOf(p)
	if err != nil {
		return nil, err
	}
	billnumber := string(p.Billnumber)
	if _, extended, ok := splitBillnumber(billnumber); billnumber != "" && (!ok || extended != 0 || m.byBillnumber[billnumber] != nil) {
		return nil, fmt.Errorf("payment with the billnumber %q", billnumber)
	}
	s.complete(&p, now)
	for attempt := p.FailedAttempts; attempt > 0; attempt-- {
		failed := newOrder(p, s.makeUpBillnumber(), ordered, p.PaidAt.Add(-time.Duration(attempt)*time.Minute))
		failed.failed = true
		op := failed.add(paymentBy(p, parts[0], failed.date))
		op.state, op.code, op.delayed = stateDeclined, codeNoFunds, false
		m.keep(failed)
	}
	if billnumber == "" {
		billnumber = s.makeUpBillnumber()
	}
	o := newOrder(p, billnumber, ordered, p.PaidAt)
	for _, part := range parts {
		s.bookPaid(m, o.add(paymentBy(p, part, o.date)))
	}
	m.keep(o)
	return o, s.cancelEarlier(o, p, now)
}

// part is one payment operation to be.
type part struct {
	amount amount
	mean   int
	name   string
}

// partsOf splits what was paid over the payment operations.
func partsOf(p Payment) (ordered amount, parts []part, err error) {
	ordered = amount{100_00, "RUB"}
	if p.Amount != (assist.Money{}) {
		ordered = amountOf(p.Amount)
	}
	rest := ordered
	if p.Authorised != (assist.Money{}) {
		rest = amountOf(p.Authorised)
	}
	nonsense := fmt.Errorf("payment of %v (authorised %v) with a bonus of %v and the parts %v", p.Amount, p.Authorised, p.Bonus, p.Parts)
	further := p.Parts
	if p.Bonus != (assist.Money{}) {
		further = append([]PaymentPart{{Amount: p.Bonus, MeanTypeID: meanBonus}}, further...)
	}
	parts = []part{{mean: p.MeanTypeID, name: p.MeanName}}
	for _, f := range further {
		a := amountOf(f.Amount)
		if a.minor <= 0 || a.currency != rest.currency || a.minor >= rest.minor {
			return amount{}, nil, nonsense
		}
		rest.minor -= a.minor
		parts = append(parts, part{a, f.MeanTypeID, f.MeanName})
	}
	parts[0].amount = rest
	for i := range parts {
		if parts[i].mean == 0 {
			parts[i].mean = 1
		}
	}
	if ordered.minor <= 0 || rest.minor <= 0 {
		return amount{}, nil, nonsense
	}
	return ordered, parts, nil
}

// complete makes up what a payment leaves out.
func (s *Server) complete(p *Payment, now time.Time) {
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
	if p.Rate == "" {
		p.Rate = "1"
	}
}

func newOrder(p Payment, billnumber string, ordered amount, date time.Time) *order {
	return &order{
		billnumber: billnumber, number: p.OrderNumber, comment: p.Comment, test: p.TestMode,
		amount: ordered, rate: p.Rate, date: date.UTC(), ip: p.IP,
		first: p.Customer.FirstName, last: p.Customer.LastName, middle: p.Customer.MiddleName, email: p.Customer.Email,
	}
}

func paymentBy(p Payment, a part, date time.Time) *operation {
	op := &operation{
		kind: kindPayment, state: stateSuccess, code: codeDone, amount: a.amount, date: date, at: date, settled: date, listed: date,
		mean: a.mean, meanName: a.name, delayed: p.TwoStage, ip: p.IP, country: "UNKNOWN",
	}
	switch {
	case walletBy(a.mean, a.name) == qiwi:
		op.pan = "9213301111"
	case walletBy(a.mean, a.name) == noWallet && a.mean < meanBonus:
		op.pan, op.holder, op.expires, op.bank, op.country = "411111****1111", "TEST TESTOV", "12/30", "TEST BANK", "RUSSIA"
		op.approval = "000001"
	}
	return op
}

// addLike adds an operation that goes over the same means as another.
func (o *order) addLike(op, like *operation) *operation {
	op.mean, op.meanName, op.pan, op.holder, op.expires = like.mean, like.meanName, like.pan, like.holder, like.expires
	op.bank, op.country, op.approval, op.ip = like.bank, like.country, like.approval, o.ip
	return o.add(op)
}

// cancelEarlier gives back parts before the story of the test begins.
func (s *Server) cancelEarlier(o *order, p Payment, now time.Time) error {
	payment := o.operations[0]
	for _, part := range p.Cancelled {
		back := amountOf(part)
		if back.minor <= 0 || back.currency != payment.amount.currency || back.minor > payment.left() {
			return fmt.Errorf("payment of %v with %v cancelled", p.Amount, part)
		}
		date := o.date.Add(24 * time.Hour)
		if now.Before(date) {
			date = now
		}
		op := o.addLike(&operation{
			kind: kindCancel, state: stateSuccess, code: codeDone, amount: back, date: date, at: date, settled: date, listed: date,
			reverses: payment,
		}, payment)
		payment.refunded += back.minor
		o.merchant.bookCancel(op, -1)
	}
	return nil
}

func (s *Server) makeUpBillnumber() string {
	s.billnumbers++
	return strconv.FormatInt(s.billnumbers, 10)
}
