package refunds

import (
	"context"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// LookNow lets a carrier look at a refund at once that it would have looked at
// later, for a person who waits for the answer: what became of a cancel that is Sent
// or InProcess, or whether Assist can be reached again, of one that is Pending and
// waits [ForConnection]. Of any other it is [ErrState]. What may have been sent is
// never sent again by it. A cancel that was begun less than two minutes ago may
// still be under way, and tells its outcome by itself: it isn't asked about sooner.
func (b *Book) LookNow(ctx context.Context, id ID) error {
	defer b.wake()
	return b.update(ctx, func(tx storage.Tx) error {
		r, err := lockRefund(ctx, tx, id)
		if err != nil {
			return err
		}
		at := micros(b.now())
		switch s := State(r.State); {
		case s == Sent, s == InProcess:
			a := &storage.Attempt{IntentID: r.Attempt}
			if _, err := tx.Get(ctx, a, storage.NoLock); err != nil {
				return err
			}
			if a.Told == 0 {
				at = max(at, a.Begun+afterSend.Microseconds())
			}
		case s == Pending && Waits(r.Waits) == ForConnection:
		default:
			return ErrState
		}
		if r.NextAt <= at {
			return errNothing
		}
		r.NextAt = at
		return tx.Save(ctx, r)
	})
}
