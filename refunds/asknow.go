package refunds

import (
	"context"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// AskNow lets a carrier ask at once what became of a refund that is Sent or
// InProcess, where it would have asked later; of any other it is [ErrState]. It is
// for a person who waits for the answer. Nothing is ever sent by it. A cancel that
// was begun less than two minutes ago may still be under way, and tells its outcome
// by itself: it isn't asked about sooner.
func (b *Book) AskNow(ctx context.Context, id ID) error {
	defer b.wake()
	return b.update(ctx, func(tx storage.Tx) error {
		r, err := lockRefund(ctx, tx, id)
		if err != nil {
			return err
		}
		if s := State(r.State); s != Sent && s != InProcess {
			return ErrState
		}
		a := &storage.Attempt{IntentID: r.Attempt}
		if _, err := tx.Get(ctx, a, storage.NoLock); err != nil {
			return err
		}
		at := micros(b.now())
		if a.Told == 0 {
			at = max(at, a.Begun+afterSend.Microseconds())
		}
		if r.NextAt <= at {
			return errNothing
		}
		r.NextAt = at
		return tx.Save(ctx, r)
	})
}
