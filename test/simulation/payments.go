package simulation

import (
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// paymentPlan is a payment, what the customer is owed of it, and what somebody
// gives back of it by hand.
type paymentPlan struct {
	paid       assisttest.Payment
	confirm    []assist.Money // of a hold, the zero Money is all of it; none: it stays one
	paidBefore time.Duration
	refunds    []refundPlan
	byHand     []handPlan
}

// several tells an order of more than one payment.
func (p *paymentPlan) several() bool {
	return p.paid.Bonus != (assist.Money{}) || len(p.paid.Parts) > 0
}

// planPayment decides about a payment: mostly a plain one, else one whose order
// is in another currency, of two stages or of several parts.
func planPayment(d *dice) paymentPlan {
	p := paymentPlan{
		paid:       assisttest.Payment{Amount: rubles(100_00), MeanTypeID: pick(d, 1, 1, 1, 2, 30, 36)},
		paidBefore: d.between(time.Minute, 20*time.Hour),
	}
	switch kind := d.below(100); {
	case p.paid.MeanTypeID != 1:
	case kind < 8:
		p.paid.Bonus = rubles(30_00)
	case kind < 16:
		p.paid.Parts = []assisttest.PaymentPart{{Amount: rubles(30_00), MeanTypeID: 2}}
	case kind < 24:
		p.paid.Amount, p.paid.Authorised, p.paid.Rate = dollars(1_50), rubles(100_00), "66.67"
	case kind < 36:
		p.paid.TwoStage = true
		if d.percent(30) {
			p.paid.Cancelled = []assist.Money{rubles(10_00)}
		}
		if d.percent(75) {
			p.confirm = []assist.Money{pick(d, assist.Money{}, rubles(70_00), rubles(120_00))}
		}
	}
	for range pick(d, 1, 1, 2, 2, 2, 3) {
		p.refunds = append(p.refunds, planRefund(d, p.several()))
	}
	if !p.several() && d.percent(25) {
		for range 1 + d.below(3)/2 {
			p.byHand = append(p.byHand, planHand(d))
		}
	}
	return p
}

func planRefund(d *dice, several bool) refundPlan {
	r := refundPlan{
		amount: pick(d, rubles(10_00), rubles(10_00), rubles(10_00), rubles(25_00), rubles(60_00), rubles(100_00), assist.Money{}),
		// Often within seconds of another one.
		start:     pick(d, d.between(0, 3*time.Second), d.between(0, 10*time.Minute), d.between(0, latestStart)),
		lookFirst: d.percent(85), withOrder: d.percent(30), dateless: d.percent(20), refundID: d.percent(40),
	}
	if several {
		// A part of such an order needs the number of one of its payments.
		if r.part = d.below(3); r.part == 0 {
			r.amount = assist.Money{}
		}
	}
	return r
}

func dollars(minor int) assist.Money {
	m, err := assist.NewMoney(int64(minor), "USD")
	if err != nil {
		panic(err) // no amount of a scenario is negative
	}
	return m
}

// pay books the payments of all merchants.
func (r *run) pay() {
	for m, merchant := range r.scenario.merchants {
		for _, plan := range merchant.payments {
			r.payOne(m, merchant.credentials.MerchantID, plan)
		}
	}
}

func (r *run) payOne(merchant int, id string, plan paymentPlan) {
	row := &payment{merchant: merchant, number: len(r.store.payments), plan: plan, byHand: make(map[assist.Billnumber]bool)}
	paid := plan.paid
	paid.MerchantID, paid.PaidAt = id, r.serverNow().Add(-plan.paidBefore)
	paid.Customer = assist.Customer{FirstName: "Anna", LastName: secretSurname, Email: secretEmail}
	row.order = r.server.Pay(paid)
	for _, amount := range plan.confirm {
		row.order = r.server.Confirm(row.order.Billnumber, amount)
	}
	row.limit, row.last = limitOf(row.order), len(row.order.Operations)
	for _, owed := range plan.refunds {
		row.refunds = append(row.refunds, &refund{payment: row, index: r.result.Refunds, plan: owed})
		r.result.Refunds++
	}
	r.store.payments = append(r.store.payments, row)
	r.result.Payments++
}

// limitOf is what may go back of an order that nobody has touched since, by
// sums of the checker's own: a confirmation stands for its hold, and for what was
// released of that.
func limitOf(o assist.Order) (minor int64) {
	for _, op := range o.Operations {
		if op.Type == assist.OperationConfirmation {
			return op.Amount.Minor()
		}
	}
	for _, op := range o.Operations {
		if op.Type == assist.OperationCancel {
			minor -= op.Amount.Minor()
		} else {
			minor += op.Amount.Minor()
		}
	}
	return minor
}
