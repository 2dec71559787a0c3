package assist

import (
	"slices"
	"time"
)

// CancelStatus tells how far an accepted cancel has come.
type CancelStatus int

const (
	// InProcess: Assist works on it; the result comes from order results, some
	// minutes or hours later (protocol §6). The money may still move.
	InProcess CancelStatus = iota
	// Succeeded: the money was given back.
	Succeeded
)

// String gives "in process" or "succeeded".
func (s CancelStatus) String() string {
	if s == Succeeded {
		return "succeeded"
	}
	return "in process"
}

// Cancellation is a cancel that Assist accepted. It is a value of the moment:
// following an operation makes a new one and leaves this one as it is.
//
// Order and Operation hold personal data; don't log them.
type Cancellation struct {
	Status CancelStatus
	// Operation is the newest of Operations.
	Operation Operation
	// Operations are those that this request made: one, or several for a full
	// cancel of an order with several payments.
	Operations []Operation
	// Order is the order as the answer showed it. Its State doesn't tell what
	// became of the cancel.
	Order Order
	// Intent is what was sent.
	Intent Intent

	seenAt time.Time // by the client's clock; zero after Resume
}

// clone shares nothing with the cancellation that an observer would write to.
func (x *Cancellation) clone() *Cancellation {
	if x == nil {
		return nil
	}
	copied := *x
	copied.Operations, copied.Order = slices.Clone(x.Operations), x.Order.clone()
	return &copied
}

// withoutPersonal is the cancellation as an error may carry it.
func (x *Cancellation) withoutPersonal() *Cancellation {
	return &Cancellation{
		Status: x.Status, Operation: x.Operation.withoutPersonal(), Operations: operationsWithoutPersonal(x.Operations),
		Order: x.Order.withoutPersonal(), Intent: x.Intent, seenAt: x.seenAt,
	}
}
