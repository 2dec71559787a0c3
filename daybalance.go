package assist

import (
	"context"
	"time"
)

// DayBalance keeps the merchant's cap on wallet refunds (protocol §6): what was
// paid on a wallet during the Moscow day, less the bank's commission and what
// went back. Package ledger keeps it in memory; your own implementation can
// keep it where several processes share it.
//
// A cancel reserves before it is sent and settles when its result is final. A
// result that is unknown or in process settles nothing, so the reservation
// stays and goes on to count: the money may still move. Implementations must be
// safe for concurrent use, honour their contexts, and never let two reservations fit
// together where only one of them fits. One that also wants to know the cancels'
// operations is an [OperationBook].
type DayBalance interface {
	// Reserve sets the amount aside under the id of the cancel's [Intent], for a
	// cancel that is about to be sent at the instant at. What doesn't fit is a
	// [*WalletRuleError] with [ErrDayBalance], whose NotBefore may be left out. Any
	// error keeps the cancel from being sent, with outcome [NotSent]; a panic does
	// too, and goes through to the caller. Reserving an id again while it is reserved
	// changes nothing.
	Reserve(ctx context.Context, id string, w Wallet, amount Money, at time.Time) error
	// Settle ends a reservation: moved says whether the money went back. An id
	// that isn't reserved is no error: it belongs to the cancel of a card, is
	// settled twice, or was lost in a restart. An error, or a panic, is logged and changes
	// nothing about the cancel; the reservation stays, and [Client.Resolve] of
	// the intent settles again.
	Settle(ctx context.Context, id string, moved bool) error
}

// OperationBook is a [DayBalance] that also learns which operations a cancel made,
// so that it knows them again where it meets them: in results by date, in the
// merchant's own books. A day balance that counts refunds from both sides needs it.
type OperationBook interface {
	// BookOperations tells the operations of the cancel with the intent's id, as
	// soon as an answer or a listing has shown them, and before Settle. They may be
	// in process yet, and they may be told again, with more in them: a flat answer
	// (protocol §4) knows neither the number nor the date that a listing has. Its
	// operation has a plain billnumber then. An error is logged and changes nothing.
	BookOperations(ctx context.Context, id string, operations []Operation) error
}
