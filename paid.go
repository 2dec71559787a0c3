package assist

import (
	"strings"
)

// holding is what the payments of an order hold in one currency, in minor units.
// It is computed from the operations alone: the amount of an order is what was
// ordered, which may be of another currency and may differ from what was paid
// (protocol §4).
type holding struct {
	currency string
	paid     int64 // the confirmations (200) that succeeded, else the authorisations (100)
	returned int64 // what cancels (300) took of paid, unless they were declined
	open     int64 // of returned: what isn't known to have succeeded, and may yet be declined
}

// left is what a cancel of everything may take.
func (h holding) left() int64 { return h.paid - h.returned }

// most is what is left if every cancel that isn't final is declined.
func (h holding) most() int64 { return h.left() + h.open }

func (h holding) money(minor int64) Money { return Money{minor: minor, currency: h.currency} }

// holdingsOf adds up what the operations of an order, or of one of its means of
// payment, hold per currency, beside the cancels named in but. A cancel from before the confirmation reduced the
// hold alone, and the confirmed amount is already without it. A currency in which
// the sum can't be told is left out, and nothing is compared in it:
//
//   - nothing was paid in it, or more went back than was paid,
//   - a cancel lies between two confirmations, or neither numbers nor dates tell
//     whether it came before the confirmation,
//   - an authorisation by one mean of payment stands beside confirmations by
//     others alone: whether it was confirmed isn't listed.
func holdingsOf(operations []Operation, but map[Billnumber]bool) map[string]holding {
	parts := make(map[string]*holdingParts)
	part := func(op *Operation) *holdingParts {
		currency := op.Amount.Currency()
		if parts[currency] == nil {
			parts[currency] = &holdingParts{holding: holding{currency: currency}, confirmedBy: make(map[meanOfPayment]bool)}
		}
		return parts[currency]
	}
	for i := range operations {
		op := &operations[i]
		switch {
		case op.Type == OperationConfirmation && isPaid(*op):
			part(op).confirm(op)
		case op.Type == OperationPayment && isPaid(*op):
			p := part(op)
			p.authorised = append(p.authorised, op)
		}
	}
	for i := range operations {
		if op := &operations[i]; op.Type == OperationCancel && !but[op.Billnumber] && followedStage(*op) != stageDeclined {
			part(op).take(op)
		}
	}
	holdings := make(map[string]holding, len(parts))
	for currency, p := range parts {
		if h, ok := p.sum(); ok {
			holdings[currency] = h
		}
	}
	return holdings
}

// holdingParts gathers what a holding is computed from.
type holdingParts struct {
	holding
	authorised   []*Operation
	confirmed    bool
	first, last  *Operation // of the confirmations
	confirmedBy  map[meanOfPayment]bool
	incomputable bool
}

func (p *holdingParts) confirm(op *Operation) {
	p.paid = min(p.paid+op.Amount.Minor(), maxMinor)
	p.confirmedBy[meanOf(*op)] = true
	if !p.confirmed {
		p.confirmed, p.first, p.last = true, op, op
		return
	}
	beforeFirst, known := cameBefore(op, p.first)
	afterLast, alsoKnown := cameBefore(p.last, op)
	p.incomputable = p.incomputable || !known || !alsoKnown
	if beforeFirst {
		p.first = op
	}
	if afterLast {
		p.last = op
	}
}

func (p *holdingParts) take(op *Operation) {
	if p.confirmed {
		released, known := cameBefore(op, p.first)
		taken, alsoKnown := cameBefore(p.last, op)
		switch {
		case !known || !alsoKnown || !released && !taken:
			p.incomputable = true
			return
		case released:
			return
		}
	}
	p.returned = min(p.returned+op.Amount.Minor(), maxMinor)
	if followedStage(*op) != stageSucceeded {
		p.open = min(p.open+op.Amount.Minor(), maxMinor)
	}
}

func (p *holdingParts) sum() (holding, bool) {
	for _, op := range p.authorised {
		switch {
		case !p.confirmed:
			p.paid = min(p.paid+op.Amount.Minor(), maxMinor)
		case !p.confirmedBy[meanOf(*op)] && !p.confirmedBy[meanOfPayment{}] && meanOf(*op) != (meanOfPayment{}):
			return holding{}, false
		}
	}
	return p.holding, !p.incomputable && p.paid > 0 && p.returned <= p.paid
}

// cameBefore tells by their numbers, and without these by their dates, whether
// one operation of a payment was made before another.
func cameBefore(one, other *Operation) (before, known bool) {
	m, n := one.Billnumber.Operation(), other.Billnumber.Operation()
	switch {
	case m != 0 && n != 0:
		return m < n, m != n
	case one.Date.IsZero() || other.Date.IsZero() || one.Date.Equal(other.Date):
		return false, false
	}
	return one.Date.Before(other.Date), true
}

// paidIn tells whether the order lists a payment in a currency. The order's own
// amount may be in another one than it was paid in (protocol §4), and where no
// payment is listed nothing can be told.
func (o *Order) paidIn(currency string) bool {
	listed := false
	for _, op := range o.Operations {
		if !isPaid(op) {
			continue
		}
		if op.Amount.Currency() == currency {
			return true
		}
		listed = true
	}
	return !listed
}

func sumOf(operations []Operation, currency string) (sum int64) {
	for i := range operations {
		if amount := operations[i].Amount; amount.Currency() == currency {
			sum = min(sum+amount.Minor(), maxMinor)
		}
	}
	return sum
}

// isInDoubt tells a cancel that ended without a result, or whose result isn't
// known here.
func isInDoubt(op Operation) bool { return followedStage(op) == stageUnknown }

// meanOfPayment tells the parts of an order apart. Flat answers have the name
// alone.
type meanOfPayment struct {
	id   int
	name string
}

func meanOf(op Operation) meanOfPayment {
	if op.MeanTypeID != 0 {
		return meanOfPayment{id: op.MeanTypeID}
	}
	return meanOfPayment{name: strings.ToLower(op.MeanTypeName)}
}

func isPaid(op Operation) bool {
	return (op.Type == OperationPayment || op.Type == OperationConfirmation) && followedStage(op) == stageSucceeded
}

// mostOperationsOf is how many operations a cancel of everything makes at most: one
// for each payment, or for each of its confirmations.
func mostOperationsOf(o *Order) int {
	return max(countPaid(o, OperationPayment), countPaid(o, OperationConfirmation), 1)
}

// paymentsOf counts the payments that make up an order: card and bonus points
// are two.
func paymentsOf(o *Order) int { return countPaid(o, OperationPayment) }

func countPaid(o *Order, kind OperationType) (n int) {
	for i := range o.Operations {
		if op := &o.Operations[i]; op.Type == kind && isPaid(*op) {
			n++
		}
	}
	return n
}
