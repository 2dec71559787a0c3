package assist

import (
	"context"
	"crypto/rand"
	"slices"
	"time"
)

// Intent is one cancel that is about to be sent. It is what has to be stored
// before the first byte, so that a crash loses nothing: with it alone another
// process can find out what became of the cancel.
//
// It holds no personal data and no credential: Request is without ClientIP and
// ChequeItems, and its Order is cut down to billnumbers,
// to which those are added that the client's own recent cancels made.
type Intent struct {
	ID         string // random, made by the SDK
	MerchantID string
	Request    CancelRequest
	Full       bool      // CancelFull
	SentAt     time.Time // UTC, by the client's clock, before the first byte
	// Before are the operations that the order had before the send, asked for by
	// [LookFirst]. Nil means that they aren't known; an empty list that there
	// were none.
	Before []Billnumber
	// LookedAt is what the server's clock showed when it told Before. Zero where
	// that isn't known.
	LookedAt time.Time
}

func (c *Client) newIntent(req CancelRequest, full bool, before []Billnumber) Intent {
	in := Intent{
		ID:         rand.Text(),
		MerchantID: c.merchant.MerchantID,
		Request:    req.withoutPersonal(),
		Full:       full,
		SentAt:     c.now().UTC(),
		Before:     before,
	}
	if known := in.Request.Order; known != nil && before != nil {
		// Before says it already.
		said := setOf(before)
		known.Operations = slices.DeleteFunc(known.Operations, func(op Operation) bool { return said[op.Billnumber] })
		if len(known.Operations) == 0 {
			in.Request.Order = nil
		}
	}
	// What this client's earlier cancels were answered with can't be this one's.
	others := c.payments.claimedByOthers(in)
	if len(others) == 0 {
		return in
	}
	known := in.known()
	for _, operation := range others {
		if known[operation] {
			continue
		}
		if in.Request.Order == nil {
			in.Request.Order = &Order{Billnumber: req.Billnumber.Payment(), Number: req.OrderNumber, Date: req.OrderDate}
		}
		in.Request.Order.Operations = append(in.Request.Order.Operations, Operation{Billnumber: operation})
	}
	return in
}

// knownBefore tells the operations that can't be this intent's, because they
// were seen before it was sent.
func (in Intent) knownBefore(b Billnumber) bool {
	return slices.Contains(in.Before, b) || in.Request.Order != nil && names(in.Request.Order.Operations, b)
}

// known are the operations of knownBefore, for where many are asked for.
func (in Intent) known() map[Billnumber]bool {
	known := setOf(in.Before)
	if in.Request.Order != nil {
		for _, old := range in.Request.Order.Operations {
			known[old.Billnumber] = true
		}
	}
	return known
}

func setOf(billnumbers []Billnumber) map[Billnumber]bool {
	set := make(map[Billnumber]bool, len(billnumbers))
	for _, b := range billnumbers {
		set[b] = true
	}
	return set
}

// mayOwn tells whether the cancel may have made the operation.
func (in Intent) mayOwn(op Operation) bool {
	return (in.Full || in.Request.Amount == op.Amount) && !in.knownBefore(op.Billnumber)
}

// CancelOption changes how one cancel is made.
type CancelOption func(*cancelOptions)

type cancelOptions struct {
	saveIntent func(context.Context, Intent) error
	lookFirst  bool
	passedOver []Intent
}

// SaveIntent calls the function with the Intent before the first byte is sent.
// Store it durably there: whatever happens later, it can be resolved. An error
// of the function stops the cancel, with outcome [NotSent]. The function runs
// while other cancels of the payment wait, so it must not cancel the same
// payment with the same client.
func SaveIntent(save func(context.Context, Intent) error) CancelOption {
	return func(o *cancelOptions) { o.saveIntent = save }
}

// LookFirst asks for the order before the send, so that the Intent knows the
// operations there were. A lost answer can then be resolved for certain, even
// when the cancel was refused. If the question fails or the order isn't found,
// nothing is sent.
func LookFirst() CancelOption {
	return func(o *cancelOptions) { o.lookFirst = true }
}

// DespiteUnknown lets a payment be cancelled again although the given earlier
// cancel of it is unresolved. It is for a person who has looked and decided:
// the earlier cancel may still move money. The client then no longer waits for
// that intent to be resolved.
func DespiteUnknown(in Intent) CancelOption {
	return func(o *cancelOptions) { o.passedOver = append(o.passedOver, in) }
}
