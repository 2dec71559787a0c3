package assist

import (
	"context"
	"time"
)

// CancelOptions is what the options of one cancel ask for. The client reads them
// by itself; this is for a test that puts a fake in the client's place and has to
// do what the client would: call SaveIntent before it "sends". A field that no
// option sets is zero.
type CancelOptions struct {
	SaveIntent     func(context.Context, Intent) error
	LookFirst      bool
	CheckOrder     func(*Order) error
	SendBy         time.Time
	DespiteUnknown []Intent
}

// CancelOptionsOf reads the options of a cancel. Nil ones, which the client
// refuses, are passed over.
func CancelOptionsOf(opts ...CancelOption) CancelOptions {
	var o cancelOptions
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return CancelOptions{SaveIntent: o.saveIntent, LookFirst: o.lookFirst, CheckOrder: o.checkOrder, SendBy: o.sendBy, DespiteUnknown: o.passedOver}
}

// CancelOption changes how one cancel is made.
type CancelOption func(*cancelOptions)

type cancelOptions struct {
	saveIntent func(context.Context, Intent) error
	lookFirst  bool
	checkOrder func(*Order) error
	sendBy     time.Time
	passedOver []Intent
}

// SaveIntent calls the function with the Intent before the first byte is sent.
// Store it durably there: whatever happens later, it can be resolved. An error
// of the function stops the cancel, with outcome [NotSent]. The function runs
// while other cancels of the payment wait, so it must not cancel the same
// payment with the same client. The cancel may still end [NotSent] afterwards, and
// no send then ever comes: the stored intent is to be discarded.
func SaveIntent(save func(context.Context, Intent) error) CancelOption {
	return func(o *cancelOptions) { o.saveIntent = save }
}

// LookFirst asks for the order before the send, so that the Intent knows the
// operations there were. A lost answer can then be resolved, even when the cancel
// was declined; without it [Client.Resolve] only shows what there is, because no
// date proves that an operation is new. If the question fails, if the order isn't
// found, or if the answer lacks an operation that is known, nothing is sent.
func LookFirst() CancelOption {
	return func(o *cancelOptions) { o.lookFirst = true }
}

// CheckOrder shows the order that [LookFirst] has found to the function, before
// the intent is saved: to compare it with the merchant's own books. Its error
// stops the cancel, with outcome [NotSent]. What the function changes in the order
// changes nothing. It runs while other cancels of the payment wait. Without
// LookFirst it is refused with a [*ValidationError].
func CheckOrder(check func(*Order) error) CancelOption {
	return func(o *cancelOptions) { o.checkOrder = check }
}

// SendBy stops a cancel that would be sent later than t, by the client's clock
// ([WithClock]; without it the wall clock of the machine), read after [SaveIntent]: a machine that slept, or a store that took its
// time, then sends nothing that somebody else has taken up meanwhile. The outcome
// is [NotSent], as a [*NotSentError] with [ErrTooLate], and the stored intent is to
// be discarded. The zero time sets no bound.
func SendBy(t time.Time) CancelOption {
	return func(o *cancelOptions) { o.sendBy = t }
}

// DespiteUnknown lets a payment be cancelled again although the given earlier
// cancel of it is unresolved. It is for a person who has looked and decided:
// the earlier cancel may still move money. The client then no longer waits for
// that intent to be resolved.
func DespiteUnknown(in Intent) CancelOption {
	return func(o *cancelOptions) { o.passedOver = append(o.passedOver, in) }
}
