package assist

import (
	"slices"
	"time"
)

// Intent is one cancel that is about to be sent. It is what has to be stored
// before the first byte, so that a crash loses nothing: with it alone another
// process can find out what became of the cancel.
//
// It holds no personal data and no credential: Request has neither ClientIP nor
// ChequeItems. Of Request.Order only the billnumbers of the order and of its
// operations are kept. Operations that this client's own earlier cancels made are
// added to them, so that none is taken for this cancel's.
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

// newestKnown is the highest number of an operation that was seen before the send;
// zero where there is none. The operations of a payment are numbered upwards
// (protocol §3), so one that has a lower number was made before it, also where a
// listing lacks it.
func (in Intent) newestKnown() (newest int) {
	for _, b := range in.Before {
		newest = max(newest, b.Operation())
	}
	if in.Request.Order != nil {
		for i := range in.Request.Order.Operations {
			newest = max(newest, in.Request.Order.Operations[i].Billnumber.Operation())
		}
	}
	return newest
}

// numberedBefore tells an operation that was made before the one of that number.
func (op *Operation) numberedBefore(newest int) bool {
	return op.Billnumber.Operation() != 0 && op.Billnumber.Operation() < newest
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

func contains(intents []Intent, in Intent) bool {
	return slices.ContainsFunc(intents, func(other Intent) bool { return other.ID == in.ID })
}

func without(intents []Intent, in Intent) []Intent {
	return slices.DeleteFunc(intents, func(other Intent) bool { return other.ID == in.ID })
}
