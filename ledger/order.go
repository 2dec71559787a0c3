package ledger

import (
	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
)

// toldKind is what is known of an operation that paid.
type toldKind int

const (
	toldPaid       toldKind = iota // somebody said that it was paid
	toldHeld                       // a row: authorised, and not confirmed
	toldAuthorised                 // a row of type 100
	toldConfirmed                  // a row of type 200
)

// bookedOperation is one operation that paid, as it is known best.
type bookedOperation struct {
	number            assist.Billnumber
	kind              toldKind
	minor, commission int64
	day               moscow.Day
}

// bookedOrder is all that is known of what paid one order by one wallet.
type bookedOrder struct{ operations []bookedOperation }

func (o *bookedOrder) latest() (latest moscow.Day) {
	for i := range o.operations {
		latest = max(latest, o.operations[i].day)
	}
	return latest
}

// counted are the operations that make up the payment, by the careful reading:
//
//   - Confirmations take the place of authorisations, which only held the money.
//   - What Paid told may be an authorisation or its confirmation, which only a row
//     tells apart. Of several the newest alone counts, and it counts in the place
//     of the rows before it: it may be their confirmation.
//   - A plain billnumber names the order, so it counts where no operation is known.
func (o *bookedOrder) counted() (counted []*bookedOperation) {
	var newest *bookedOperation
	hasConfirmed := false
	for i := range o.operations {
		op := &o.operations[i]
		hasConfirmed = hasConfirmed || op.kind == toldConfirmed
		if newest == nil || op.number.Operation() > newest.number.Operation() {
			newest = op
		}
	}
	if newest != nil && newest.kind == toldPaid && !hasConfirmed {
		return []*bookedOperation{newest}
	}
	for i := range o.operations {
		op := &o.operations[i]
		if op.kind == toldConfirmed || op.kind == toldAuthorised && !hasConfirmed {
			counted = append(counted, op)
		}
	}
	return counted
}

// learn takes in one more telling of an operation. A row knows better than Paid;
// of two that differ otherwise the lower amount and the earlier day count, so that
// nothing is added to today that may belong to yesterday.
func (o *bookedOrder) learn(told bookedOperation) {
	for i := range o.operations {
		known := &o.operations[i]
		if known.number != told.number {
			continue
		}
		switch row := told.kind != toldPaid; {
		case row && known.kind == toldPaid:
			*known = told
		case row || known.kind == toldPaid:
			known.day = min(known.day, told.day)
			if told.minor < known.minor {
				known.minor, known.commission = told.minor, told.commission
			}
			known.kind = told.kind
		}
		return
	}
	o.operations = append(o.operations, told)
}

// pay counts an operation of a payment once, however often and by whom it is told.
func (b *book) pay(told bookedOperation, keeps func(moscow.Day) bool) {
	number := told.number.Payment()
	order := b.payments[number]
	if order == nil {
		if !keeps(told.day) {
			return
		}
		order = new(bookedOrder)
		b.payments[number] = order
	}
	for _, op := range order.counted() {
		if d := b.days[op.day]; d != nil {
			d.paid -= op.minor
			d.commission -= op.commission
		}
	}
	order.learn(told)
	for _, op := range order.counted() {
		if keeps(op.day) {
			d := b.day(op.day)
			b.add(&d.paid, op.minor)
			b.add(&d.commission, op.commission)
		}
	}
}
