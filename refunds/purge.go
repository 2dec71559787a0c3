package refunds

import (
	"context"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// Purge deletes refunds that ended before an instant, with their attempts, at
// most a thousand at a time, and tells how many. What stays: their keys, so that
// a late retry doesn't pay; their operations, so that these belong to somebody;
// their history, which is only added to and holds nothing personal. A refund
// with an attempt that is still watched, or that a person has closed and that is
// never known not to have moved money, stays whole: it is what says so, and what
// lets the payment's later refunds pass that attempt over. What is known of a payment
// (its mean's last four, the e-mail's hash) goes with its last refund.
func (b *Book) Purge(ctx context.Context, endedBefore time.Time) (int, error) {
	var old []*storage.Refund
	err := b.store.View(ctx, func(tx storage.Tx) (err error) {
		old, err = storage.Find[storage.Refund](ctx, tx, storage.Query{Order: "ended", Limit: 1000, Where: []storage.Cond{
			storage.Fixed("ended", ">", 0), storage.Less("ended", micros(endedBefore))}})
		return err
	})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range old {
		purged := false
		err := b.update(ctx, func(tx storage.Tx) error { return b.purge(ctx, tx, r, &purged) })
		if err != nil {
			return n, err
		}
		if purged {
			n++
		}
	}
	return n, nil
}

func (b *Book) purge(ctx context.Context, tx storage.Tx, r *storage.Refund, purged *bool) error {
	// The payment first, as everywhere; a refund of it that is being enqueued waits
	// for this lock, or this waits for it.
	p := &storage.Payment{Merchant: r.Merchant, Payment: r.Payment}
	var there bool
	if err := tx.Read(ctx, storage.One(p, storage.ForUpdate, nil), storage.One(r, storage.ForUpdate, &there)); err != nil || !there || !State(r.State).Final() {
		return firstOf(err, errNothing)
	}
	attempts, err := attemptsOf(ctx, tx, r)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if a.WatchAt > 0 || passedOver(a) {
			return errNothing
		}
		if err := tx.Delete(ctx, a); err != nil {
			return err
		}
	}
	grave := &storage.Tombstone{Merchant: r.Merchant, Key: r.Key, Content: r.Content, Refund: r.ID, State: r.State, Ended: r.Ended}
	if inserted, err := tx.Insert(ctx, grave); err != nil || !inserted {
		return firstOf(err, errNothing) // without one of its own it stays
	}
	if err := tx.Delete(ctx, r); err != nil {
		return err
	}
	others, err := tx.Count(ctx, r.Table(), storage.Eq("merchant", r.Merchant), storage.Eq("payment", r.Payment))
	if err != nil {
		return err
	}
	if others == 0 {
		if err := tx.Delete(ctx, p); err != nil {
			return err
		}
	}
	*purged = true
	return b.note(ctx, tx, storage.Event{Refund: r.ID, Merchant: r.Merchant, Kind: string(Purged), FromState: r.State, ToState: r.State, Actor: "purge"})
}
