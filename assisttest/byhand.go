package assisttest

import (
	"fmt"
	"time"

	"github.com/assist-go/assist"
)

// handRefund is a refund that somebody makes in the personal account.
type handRefund struct {
	amount *amount // nil: as much as the request asks for, or what is left
	turns  Fault
}

// RefundByHand gives money back as somebody does in Assist's personal account,
// now: by a plain or an extended billnumber, all that is left when the amount is
// the zero Money. What it turns out as, faults say that are about a cancel's
// operation: [Decline], [InProcess], [ListLate], [LeaveGap], [OnHost]. It gives the
// operations that it made. An error says why Assist refuses; then nothing was
// done. The rules of e-wallets hold in the personal account too (protocol §6).
func (s *Server) RefundByHand(b assist.Billnumber, money assist.Money, turns ...Fault) ([]assist.Billnumber, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	billnumber, number, ok := splitBillnumber(string(b))
	o := s.orderOf(billnumber)
	if !ok || o == nil {
		return nil, fmt.Errorf("assisttest: refund by hand: no order %q", b)
	}
	h := handRefundOf(money, turns)
	if h.turns.offsets == nil {
		main := s.hosts[""]
		h.turns.offsets = &main
	}
	made, refused := s.refundByHand(o, number, h, s.now())
	if refused != nil {
		return nil, fmt.Errorf("assisttest: refund by hand of %s: %d/%d: %s %s", b, refused.first, refused.second, refused.text("EN"), refused.hint)
	}
	var billnumbers []assist.Billnumber
	for _, op := range made {
		billnumbers = append(billnumbers, billnumberOf(op))
	}
	return billnumbers, nil
}

// HandRefundBefore lets somebody give money back by hand on the order of the
// request, after the request was sent and before it is worked. The zero Money is
// as much as the request asks for. Faults say what it turns out as, as for
// [Server.RefundByHand]; a refund that Assist refuses is none.
func HandRefundBefore(money assist.Money, turns ...Fault) Fault {
	return Fault{handBefore: []handRefund{handRefundOf(money, turns)}}
}

// HandRefundAfter is [HandRefundBefore] when the request has been worked and its
// answer is not yet written.
func HandRefundAfter(money assist.Money, turns ...Fault) Fault {
	return Fault{handAfter: []handRefund{handRefundOf(money, turns)}}
}

func handRefundOf(money assist.Money, turns []Fault) handRefund {
	var h handRefund
	if money != (assist.Money{}) {
		a := amountOf(money)
		h.amount = &a
	}
	for _, turn := range turns {
		h.turns = h.turns.And(turn)
	}
	return h
}

func (s *Server) refundByHand(o *order, number int, h handRefund, now time.Time) ([]*operation, *refusal) {
	req := cancelRequest{billnumber: o.billnumber, operation: number, amount: h.amount}
	_, made, refused := s.cancel(o.merchant, req, h.turns, now)
	return made, refused
}

// refundsByHand are those of a fault, inside the exchange of a request.
func (s *Server) refundsByHand(hands []handRefund, c *call, f Fault) {
	if len(hands) == 0 {
		return
	}
	billnumber, number, _ := splitBillnumber(c.parameters["billnumber"])
	o := s.orderOf(billnumber)
	if m := s.merchantOf(c.parameters["merchant_id"]); o == nil && m != nil {
		if orders := m.byNumber[c.parameters["ordernumber"]]; len(orders) > 0 {
			o, number = orders[len(orders)-1], 0
		}
	}
	if o == nil {
		return
	}
	for _, h := range hands {
		if a, ok := parseAmount(c.parameters["amount"], c.parameters["currency"]); ok && h.amount == nil {
			h.amount = &a
		}
		if h.turns.offsets == nil {
			h.turns.offsets = f.offsets
		}
		// One that Assist refuses is none.
		_, _ = s.refundByHand(o, number, h, s.now())
	}
}
