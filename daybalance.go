package assist

import (
	"context"
	"log/slog"
	"time"
)

// DayBalance keeps the merchant's cap on wallet refunds (protocol §6): what was
// paid on a wallet during the Moscow day, less the bank's commission and what
// went back. [Ledger] keeps it in memory; an implementation of one's own can
// keep it where several processes share it.
//
// A cancel reserves before it is sent and settles when its result is final. A
// result that is unknown or in process settles nothing, so the reservation
// stays and goes on to count: the money may still move. Implementations must be
// safe for concurrent use, and two reservations must never fit together where
// only one of them fits.
type DayBalance interface {
	// Reserve sets the amount aside under the id of the cancel's [Intent], for a
	// cancel that is about to be sent at the instant at. What doesn't fit is a
	// [*WalletRuleError] with [ErrDayBalance]. Any error keeps the cancel from
	// being sent, with outcome [NotSent]. Reserving an id again while it is
	// reserved changes nothing.
	Reserve(ctx context.Context, id string, w Wallet, amount Money, at time.Time) error
	// Settle ends a reservation: moved says whether the money went back. An id
	// that isn't reserved is no error: it belongs to the cancel of a card, is
	// settled twice, or was lost in a restart. An error is logged and changes
	// nothing about the cancel; the reservation stays, and [Client.Resolve] of
	// the intent settles again.
	Settle(ctx context.Context, id string, moved bool) error
}

// operationBook is a day balance that also learns which operations a cancel
// made, so that it knows them again in results by date.
type operationBook interface {
	name(id string, operations []Operation)
}

// settleTimeout bounds a day balance that keeps its books far away.
const settleTimeout = 5 * time.Second

// settle tells the day balance how a cancel stands. Only what is final ends a
// reservation: Accepted and succeeded, Rejected, NotSent. x is read of Accepted
// alone.
//
// A day balance that fails changes nothing about the money, so it never turns a
// result into an error: it is logged, and the reservation stays, which is the
// careful side.
func (c *Client) settle(ctx context.Context, id string, outcome Outcome, x *Cancellation) {
	if c.dayBalance == nil {
		return
	}
	c.guarded(ctx, "DayBalance.Settle", func() { c.tellBalance(ctx, id, outcome, x) })
}

func (c *Client) tellBalance(ctx context.Context, id string, outcome Outcome, x *Cancellation) {
	if book, ok := c.dayBalance.(operationBook); ok && outcome == Accepted {
		book.name(id, x.Operations)
	}
	if outcome == Unknown || outcome == Accepted && x.Status != Succeeded {
		return
	}
	// The caller may have gone by now, and its result would be lost to the books.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := c.dayBalance.Settle(ctx, id, outcome == Accepted); err != nil && c.logger != nil {
		// The text of the error is the store's own and may hold a password.
		c.logger.LogAttrs(ctx, slog.LevelError, "assist day balance not settled",
			slog.String("intent", id), slog.String("outcome", outcome.String()))
	}
}

// admit applies the wallet rules to a cancel that is about to be sent, and
// reserves from the day balance. An error means that nothing is sent and nothing
// stays reserved.
func (c *Client) admit(ctx context.Context, id string, req CancelRequest, order *Order) error {
	if !c.walletRules {
		return nil
	}
	if order == nil {
		return &ValidationError{Field: "Order", Reason: "is required by the wallet rules: set it, or pass LookFirst"}
	}
	facts, err := WalletFactsOf(*order, req, c.now())
	if err != nil {
		return err
	}
	if err := CheckWallet(facts); err != nil {
		return ofCancel(err, req.Billnumber)
	}
	if c.dayBalance == nil || facts.Wallet == NotWallet {
		return nil
	}
	answered := false
	defer func() {
		if !answered {
			// It panicked. Nothing will be sent.
			c.settle(ctx, id, NotSent, nil)
		}
	}()
	err = c.dayBalance.Reserve(ctx, id, facts.Wallet, facts.Cancel, facts.Now)
	answered = true
	if err == nil {
		return nil
	}
	if _, refused := err.(*WalletRuleError); refused {
		return ofCancel(err, req.Billnumber)
	}
	// It may have been set aside before the error, and nothing will be sent.
	c.settle(ctx, id, NotSent, nil)
	return &NotSentError{Step: "reserving from the day balance", Billnumber: req.Billnumber, Err: err}
}

// ofCancel names the payment in a copy of a rule's error.
func ofCancel(err error, b Billnumber) error {
	rule, ok := err.(*WalletRuleError)
	if !ok {
		return err
	}
	named := *rule
	named.Billnumber = b
	return &named
}
