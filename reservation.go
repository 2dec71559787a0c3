package assist

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/assist-go/assist/internal/moscow"
)

// settleTimeout bounds a day balance that keeps its books far away.
const settleTimeout = 5 * time.Second

// settle tells the day balance how a cancel stands. Only what is final ends a
// reservation: Accepted and succeeded, Rejected, NotSent. x is read of Accepted
// alone.
//
// A day balance that fails or panics changes nothing about the money, so it never
// turns a result into an error: it is logged, and the reservation stays, which is
// the careful side.
func (c *Client) settle(ctx context.Context, id string, outcome Outcome, x *Cancellation) {
	if c.dayBalance == nil {
		return
	}
	// The caller may have gone by now, and its result would be lost to the books.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	tell := func(where, failed string, f func() error) {
		err := errBooksPanicked
		c.guarded(ctx, where, func() { err = f() })
		if err == nil || c.logger == nil {
			return
		}
		// The text of the error is the store's own and may hold a password.
		c.guarded(ctx, "log handler", func() {
			c.logger.LogAttrs(ctx, slog.LevelError, failed, slog.String("intent", id), slog.String("outcome", outcome.String()))
		})
	}
	if book, ok := c.dayBalance.(OperationBook); ok && outcome == Accepted {
		tell("DayBalance.BookOperations", "assist day balance not told of operations", func() error { return book.BookOperations(ctx, id, slices.Clone(x.Operations)) })
	}
	if outcome == Unknown || outcome == Accepted && x.Status != Succeeded {
		return
	}
	tell("DayBalance.Settle", "assist day balance not settled", func() error { return c.dayBalance.Settle(ctx, id, outcome == Accepted) })
}

var errBooksPanicked = errors.New("assist: the day balance panicked")

// admit applies the wallet rules to a cancel that is about to be sent, and
// reserves from the day balance. An error means that nothing is sent and nothing
// stays reserved. Decided says that a person has decided about the payment's
// earlier cancels, so that a doubt about one stands in the way no longer.
func (c *Client) admit(ctx context.Context, id string, req CancelRequest, order *Order, decided bool) error {
	if !c.walletRules {
		return nil
	}
	if order == nil {
		return invalid("Order", "is required by the wallet rules: set it, or pass LookFirst")
	}
	known := *order
	if decided {
		known.Operations = slices.DeleteFunc(slices.Clone(order.Operations), func(op Operation) bool {
			return op.Type == OperationCancel && isInDoubt(op)
		})
	}
	facts, err := WalletFactsOf(known, req, c.now())
	if err != nil {
		return err
	}
	if err := CheckWallet(facts); err != nil {
		return ofCancel(err, req.Billnumber, facts.Now)
	}
	if c.dayBalance == nil || facts.Wallet == NotWallet {
		return nil
	}
	answered := false
	defer func() {
		if !answered {
			// It panicked, which is the caller's to see. Nothing will be sent.
			c.settle(ctx, id, NotSent, nil)
		}
	}()
	err = c.dayBalance.Reserve(ctx, id, facts.Wallet, facts.Cancel, facts.Now)
	answered = true
	if err == nil {
		return nil
	}
	if _, refused := err.(*WalletRuleError); refused {
		return ofCancel(err, req.Billnumber, facts.Now)
	}
	// It may have been set aside before the error, and nothing will be sent.
	c.settle(ctx, id, NotSent, nil)
	return &NotSentError{Step: "reserving from the day balance", Billnumber: req.Billnumber, Err: err}
}

// ofCancel completes a copy of a rule's error: a day balance of the caller's own
// knows neither the payment nor when to try again.
func ofCancel(err error, b Billnumber, now time.Time) error {
	rule, ok := err.(*WalletRuleError)
	if !ok {
		return err
	}
	complete := *rule
	complete.Billnumber = b
	if complete.Rule == ErrDayBalance && complete.NotBefore.IsZero() {
		complete.NotBefore = moscow.Late(now)
	}
	return &complete
}
