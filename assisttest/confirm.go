package assisttest

import (
	"fmt"

	"github.com/assist-go/assist"
)

// Confirm turns the hold of a two-stage payment into a payment, now: with an
// operation of type 200, which a cancel reverses from then on. The amount may be
// below the hold or above it (a surcharge); the zero Money is what is left of the
// hold. The charge service that does this at Assist is not modelled.
//
// An order with several holds is confirmed by the extended billnumber of one of
// them, or all of them without an amount. It gives the order as order result would
// tell it now. A confirmation that makes no sense ends the test.
func (s *Server) Confirm(b assist.Billnumber, money assist.Money) assist.Order {
	s.helper()
	s.mu.Lock()
	s.catchUp()
	o, err := s.confirm(b, money)
	var fetched assist.Order
	if err == nil {
		fetched = s.fetched(o, s.now())
	}
	s.mu.Unlock()
	if err != nil {
		s.fatalf("assisttest: %v", err)
	}
	return fetched
}

func (s *Server) confirm(b assist.Billnumber, money assist.Money) (*order, error) {
	billnumber, number, _ := splitBillnumber(string(b))
	o := s.orderOf(billnumber)
	if o == nil {
		return nil, fmt.Errorf("confirmation of %q, which is no payment", b)
	}
	var holds []*operation
	for _, payment := range o.payments() {
		if payment.isHold() && payment.left() > 0 && (number == 0 || payment.number == number) {
			holds = append(holds, payment)
		}
	}
	given := money != (assist.Money{})
	a := amountOf(money)
	if len(holds) == 0 || given && (len(holds) > 1 || a.minor <= 0 || a.currency != holds[0].amount.currency) {
		return nil, fmt.Errorf("confirmation of %q with %v: no hold fits", b, money)
	}
	now := s.now()
	for _, hold := range holds {
		if !given {
			a = amount{hold.left(), hold.amount.currency}
		}
		hold.confirmed = o.addLike(&operation{
			kind: kindConfirm, state: stateSuccess, code: codeDone, amount: a,
			date: now.Add(s.hosts[""].Operation), at: now, settled: now, listed: now,
		}, hold)
		s.bookPaid(o.merchant, hold.confirmed)
	}
	return o, nil
}
