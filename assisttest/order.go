package assisttest

import (
	"strconv"
	"time"
)

// Operation types, states and response codes (protocol §9).
const (
	kindPayment = "100"
	kindCancel  = "300"

	stateSuccess   = "Success"
	stateInProcess = "In Process"
	stateDeclined  = "Declined"

	codeDone      = "AS000"
	codeNoFunds   = "AS102"
	codeInProcess = "AS300"
)

// Order states (protocol §9).
const (
	orderApproved        = "Approved"
	orderPartialCanceled = "PartialCanceled"
	orderCanceled        = "Canceled"
	orderDeclined        = "Declined"
)

// order is one order: a payment, or a failed attempt at one.
type order struct {
	merchant   *merchant
	billnumber string
	number     string
	comment    string
	test       bool
	amount     amount
	date       time.Time
	state      string
	ip         string
	first      string
	last       string
	middle     string
	email      string
	operations []*operation
	refundIDs  map[string]bool
}

// operation is one operation on an order.
type operation struct {
	order    *order
	number   int
	kind     string
	state    string
	code     string
	amount   amount
	date     time.Time
	listed   time.Time // not in any list before
	mean     int
	pan      string
	holder   string
	expires  string
	bank     string
	country  string
	approval string
	ip       string

	cancelled *operation // of a cancel: the payment that it reverses
	refunded  int64      // of a payment: minor units given back
	pending   int64      // of a payment: minor units of cancels in process
}

func (o *operation) billnumber() string {
	return o.order.billnumber + "." + strconv.Itoa(o.number)
}

// left is what can still be cancelled of a payment.
func (o *operation) left() int64 { return o.amount.minor - o.refunded - o.pending }

// add gives an operation the next number of its order.
func (o *order) add(op *operation) *operation {
	op.order, op.number = o, len(o.operations)+1
	o.operations = append(o.operations, op)
	return op
}

// payments are the successful ones.
func (o *order) payments() []*operation {
	var payments []*operation
	for _, op := range o.operations {
		if op.kind == kindPayment && op.state == stateSuccess {
			payments = append(payments, op)
		}
	}
	return payments
}

// cancels are all of them, whatever their state.
func (o *order) cancels() []*operation {
	var cancels []*operation
	for _, op := range o.operations {
		if op.kind == kindCancel {
			cancels = append(cancels, op)
		}
	}
	return cancels
}

// refreshState follows a successful cancel. One in process leaves the state as
// it is (protocol §6).
func (o *order) refreshState() {
	paid, refunded := int64(0), int64(0)
	for _, payment := range o.payments() {
		paid += payment.amount.minor
		refunded += payment.refunded
	}
	o.state = orderCanceled
	if refunded < paid {
		o.state = orderPartialCanceled
	}
}

// keep makes the order known to its merchant.
func (m *merchant) keep(o *order) {
	o.merchant = m
	m.orders = append(m.orders, o)
	m.byBillnumber[o.billnumber] = o
	m.byNumber[o.number] = append(m.byNumber[o.number], o)
}
