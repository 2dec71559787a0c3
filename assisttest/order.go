package assisttest

import (
	"strconv"
	"time"
)

// Operation types, states and response codes (protocol §9).
const (
	kindPayment = "100"
	kindConfirm = "200"
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
	orderPartialApproved = "PartialApproved"
	orderDelayed         = "Delayed"
	orderPartialDelayed  = "PartialDelayed"
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
	amount     amount // as ordered; what was paid is in the operations
	rate       string
	date       time.Time
	failed     bool
	ip         string
	first      string
	last       string
	middle     string
	email      string
	operations []*operation
	refundIDs  map[string]bool
	unused     int // numbers that no operation has got, below the next one
}

// operation is one operation on an order.
type operation struct {
	order    *order
	number   int
	kind     string
	state    string
	code     string
	amount   amount
	date     time.Time // on the clock that dates operations: what answers tell
	at       time.Time // on the server's clock: what the rules of the day go by
	settled  time.Time // on the server's clock; zero while it is in process
	listed   time.Time // not in any list before
	mean     int
	meanName string // empty: that of the table
	pan      string
	holder   string
	expires  string
	bank     string
	country  string
	approval string
	ip       string

	delayed   bool       // of a payment: it is only a hold, until it is confirmed
	confirmed *operation // of a payment: its confirmation
	reverses  *operation // of a cancel: the payment or the confirmation
	refunded  int64      // of a payment or a confirmation: minor units given back
	pending   int64      // of a payment or a confirmation: minor units of cancels in process
}

func (o *operation) billnumber() string {
	return o.order.billnumber + "." + strconv.Itoa(o.number)
}

// left is what can still be cancelled of a payment or a confirmation.
func (o *operation) left() int64 { return o.amount.minor - o.refunded - o.pending }

// isHold tells a payment that blocks money and has taken none.
func (o *operation) isHold() bool { return o.delayed && o.confirmed == nil }

// payment is the authorisation behind a confirmation, or the operation itself.
func (o *operation) payment() *operation {
	if o.kind == kindConfirm {
		for _, op := range o.order.operations {
			if op.confirmed == o {
				return op
			}
		}
	}
	return o
}

// stateAt is the operation's state and response code at an earlier time.
func (o *operation) stateAt(asOf time.Time) (state, code string) {
	if o.settled.After(asOf) {
		return stateInProcess, codeInProcess
	}
	return o.state, o.code
}

// add gives an operation the next number of its order.
func (o *order) add(op *operation) *operation {
	op.order, op.number = o, len(o.operations)+1+o.unused
	o.operations = append(o.operations, op)
	return op
}

// operation finds one by its number.
func (o *order) operation(number int) *operation {
	for _, op := range o.operations {
		if op.number == number {
			return op
		}
	}
	return nil
}

// payments are what a cancel can reverse: of each successful payment its
// confirmation, else the payment itself (protocol §9, rules of §6 and §3).
func (o *order) payments() []*operation {
	var payments []*operation
	for _, op := range o.operations {
		if op.kind != kindPayment || op.state != stateSuccess {
			continue
		}
		if op.confirmed != nil {
			op = op.confirmed
		}
		payments = append(payments, op)
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

// stateAt is the order's state at a time: it follows what was confirmed and
// what has gone back. A cancel in process leaves it as it is (protocol §6).
// Which state a hold has of which a part was released or confirmed is inferred.
func (o *order) stateAt(asOf time.Time) string {
	if o.failed {
		return orderDeclined
	}
	var held, confirmed, released, refunded int64
	holds := false
	for _, op := range o.operations {
		if op.at.After(asOf) {
			continue
		}
		state, _ := op.stateAt(asOf)
		switch {
		case state != stateSuccess:
		case op.kind == kindPayment:
			hold := op.delayed && (op.confirmed == nil || op.confirmed.at.After(asOf))
			holds = holds || hold
			held += op.amount.minor
			if !op.delayed {
				confirmed += op.amount.minor
			}
		case op.kind == kindConfirm:
			confirmed += op.amount.minor
		case op.reverses.delayed:
			released += op.amount.minor
		default:
			refunded += op.amount.minor
		}
	}
	switch {
	case released+refunded > 0 && (holds && released+refunded >= held || !holds && refunded >= confirmed):
		return orderCanceled
	case refunded > 0:
		return orderPartialCanceled
	case holds && released > 0:
		return orderPartialDelayed
	case holds:
		return orderDelayed
	case confirmed < held:
		return orderPartialApproved
	}
	return orderApproved
}

// keep makes the order known to its merchant.
func (m *merchant) keep(o *order) {
	o.merchant = m
	m.orders = append(m.orders, o)
	m.byBillnumber[o.billnumber] = o
	m.byNumber[o.number] = append(m.byNumber[o.number], o)
}
