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
	// LookedAt is what the server's clock showed when it told Before, by the HTTP
	// Date header of that answer. Zero where that isn't known.
	LookedAt time.Time
	// ServerSentAt is SentAt on the server's clock: LookedAt and what has passed
	// since by this machine's monotonic clock. The truth may be up to ServerSlack
	// later, as the answer was some time on its way. Zero without LookedAt. SentAt
	// itself is comparable with no date of the server's.
	ServerSentAt time.Time
	ServerSlack  time.Duration
}

// answerTime is how long after the send a cancel that arrived at once may still
// be worked on: the SDK's own transport gives up then.
const answerTime = 90 * time.Second

// madeBefore tells by the Date header of a listing that it was made before the
// intent was sent: an earlier answer is being repeated.
func (in Intent) madeBefore(dated time.Time) error {
	sent := in.ServerSentAt
	if sent.IsZero() {
		sent = in.LookedAt
	}
	return repeated(dated, sent)
}

// datedBesideSend tells an operation that is dated, within the tolerance of two
// clocks, between the send and the end of the time in which it is answered.
func (in Intent) datedBesideSend(op *Operation) bool {
	if in.ServerSentAt.IsZero() || op.Date.IsZero() {
		return false
	}
	first := in.ServerSentAt.Add(-clockTolerance)
	last := in.ServerSentAt.Add(in.ServerSlack + answerTime + clockTolerance)
	return !op.Date.Before(first) && !op.Date.After(last)
}

// mayEndWith tells whether an operation that is the cancel's by what is new may say
// how the cancel ended. A declined one may be somebody's attempt while the cancel's
// own isn't listed yet: unless it is dated beside the send, calling it the cancel's
// could be a false "failed".
func (in Intent) mayEndWith(op *Operation) bool {
	return followedStage(*op) != stageDeclined || in.datedBesideSend(op)
}

// datedBeforeLook tells an operation that is dated before the look which didn't
// list it: the look was an old one, or the clocks are apart. One without a date
// can't be told from such a one.
func (in Intent) datedBeforeLook(op *Operation) bool {
	return op.Date.IsZero() || op.Date.Before(in.LookedAt.Add(-clockTolerance))
}

// sentAt stamps the intent with the moment of the send, by the client's clock, and
// on the server's by the look.
func (in *Intent) sentAt(now time.Time, look *look) {
	in.SentAt = now.UTC()
	if look != nil && !look.date.IsZero() {
		in.LookedAt = look.date.UTC()
		in.ServerSentAt, in.ServerSlack = look.reading(time.Now()).UTC(), look.slack()
	}
}

// newIntent makes the intent of a cancel. Of look, which may be nil, it takes
// what there was before.
func (c *Client) newIntent(req CancelRequest, full bool, look *look) Intent {
	in := Intent{
		ID:         rand.Text(),
		MerchantID: c.keys.merchantID,
		Request:    req.withoutPersonal(),
		Full:       full,
	}
	in.sentAt(c.now(), look)
	if look != nil {
		in.Before = look.order.billnumbers()
	}
	before := in.Before
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
	for _, operation := range sorted(others) {
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

// known are the operations that can't be this intent's, because they were seen
// before it was sent.
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

// possibleAmount tells whether the cancel can have made an operation of that
// amount: a part exactly its own, all of a payment any.
func (in Intent) possibleAmount(amount Money) bool {
	return in.Full && !amount.IsZero() || !in.Full && in.Request.Amount == amount
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

// SendBy stops a cancel that would be sent later than t, by the wall clock of the
// machine, read after [SaveIntent]: a machine that slept, or a store that took its
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
