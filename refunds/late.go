package refunds

import (
	"context"
	"slices"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// late is what becomes known of an attempt that isn't the refund's open one any
// more. What a person has closed and money has moved by is raised. A refund that
// would have been sent anew is done by it; no other state changes.
func (b *Book) late(ctx context.Context, tx storage.Tx, c *closing, e ending) error {
	r, a := c.refund, c.attempt
	switch {
	case !passedOver(a) || e.outcome == assist.Unknown:
		return errNothing
	case e.outcome == assist.Accepted && e.state != Done:
		// It may still be declined: the watch goes on and sees its end.
		return errNothing
	}
	if err := c.own(ctx, tx, e.operations); err != nil {
		return err
	}
	if err := b.settled(ctx, tx, &c.reserved, e.outcome == assist.Accepted); err != nil {
		return err
	}
	a.Outcome, a.Codes, a.Detail, a.WatchAt = int64(e.outcome), e.codes, e.detail, 0
	if err := tx.Save(ctx, a); err != nil || e.outcome != assist.Accepted {
		return err
	}
	from := State(r.State)
	if from == Pending {
		// Its version changes, so that nobody who has looked at it before sends it.
		b.end(r, Done)
		if err := tx.Save(ctx, r); err != nil {
			return err
		}
		if err := b.free(ctx, tx, c.payment, "", c.waiting); err != nil {
			return err
		}
	}
	event := about(r, MovedLate, from)
	event.Actor, event.IntentID, event.Data = e.actor, a.IntentID, e.data
	event.Reason = "money moved by a cancel that a person had closed"
	return b.note(ctx, tx, event)
}

// passedOver tells an attempt that a person closed, and of which nothing is known
// since: money may have moved by it, or may still.
func passedOver(a *storage.Attempt) bool {
	return a.ClosedBy != "" && a.Outcome == int64(assist.Unknown)
}

// movedLate tells an attempt that a person closed without knowing its outcome, and
// by which money has moved since.
func movedLate(a *storage.Attempt) bool {
	// What a person has said that it was isn't late: it was never watched.
	return a.ClosedBy != "" && a.WatchUntil > 0 && a.Outcome == int64(assist.Accepted)
}

// movedBefore tells whether the money of a refund has moved by an attempt that a
// person had closed. Then nothing more of it is sent, and it isn't refused, given
// up or withdrawn: it is done.
func (b *Book) movedBefore(ctx context.Context, tx storage.Tx, r *storage.Refund) (bool, error) {
	if r.Attempts == 0 {
		return false, nil
	}
	attempts, err := attemptsOf(ctx, tx, r)
	return slices.ContainsFunc(attempts, movedLate), err
}

// movedMeanwhile asks once more about the cancels of a refund that persons have
// closed: an operation that a decision is about may be theirs. It tells whether one
// of them is known by now to have moved the money.
func (c *Carrier) movedMeanwhile(ctx context.Context, r *storage.Refund) (bool, error) {
	var attempts []*storage.Attempt
	find := func(tx storage.Tx) (err error) {
		attempts, err = attemptsOf(ctx, tx, r)
		return err
	}
	if err := c.book.store.View(ctx, find); err != nil {
		return false, err
	}
	for _, a := range attempts {
		if passedOver(a) && a.WatchAt > 0 {
			if err := c.askAgain(ctx, a); err != nil {
				return false, err
			}
		}
	}
	if err := c.book.store.View(ctx, find); err != nil {
		return false, err
	}
	return slices.ContainsFunc(attempts, movedLate), nil
}

// doneBefore is the ending of a refund whose money has moved before, by whatever
// its last attempt ended.
func doneBefore(e ending) ending {
	e.state, e.renew, e.person = Done, false, ""
	e.data, e.codes, e.detail = e.codes, "", "its money moved by an earlier cancel, which a person had closed"
	return e
}
