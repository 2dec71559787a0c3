package refunds

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// ErrNotReconciled: the merchant is held because the database is another copy
// than before. What was sent since that copy was made must be found first: see
// [Carrier.Reconcile].
var ErrNotReconciled = errors.New("refunds: reconcile first, from before the copy was made")

// needsReconciling stands in Merchant.ReconciledComplete.
const needsReconciling = -1

// probeEvery is how often a paused merchant is tried.
const probeEvery = 5 * time.Minute

// Hold keeps all refunds of a merchant from being sent, in all processes, until
// [Book.Release]. What was sent already is followed on.
func (b *Book) Hold(ctx context.Context, merchantID string, by Person) error {
	if err := by.check(); err != nil {
		return err
	}
	if by.ID == storeActor {
		return &InvalidError{Field: "Person.ID", Reason: "is the store's own"}
	}
	return b.merchant(ctx, merchantID, func(tx storage.Tx, m *storage.Merchant) error { return b.hold(ctx, tx, m, by) })
}

func (b *Book) hold(ctx context.Context, tx storage.Tx, m *storage.Merchant, p Person) error {
	if m.Held == 0 {
		m.Held = micros(b.now())
	}
	m.HeldWhy = p.Reason
	if p.ID == storeActor {
		m.ReconciledComplete = needsReconciling
	}
	if err := tx.Save(ctx, m); err != nil {
		return err
	}
	return b.note(ctx, tx, by(storage.Event{Merchant: m.Merchant, Kind: string(MerchantHeld)}, p))
}

// Release lets a held merchant's refunds go. Where the store held it by itself,
// a complete [Carrier.Reconcile] must have run since: else [ErrNotReconciled].
func (b *Book) Release(ctx context.Context, merchantID string, person Person) error {
	if err := person.check(); err != nil {
		return err
	}
	defer b.wake()
	return b.merchant(ctx, merchantID, func(tx storage.Tx, m *storage.Merchant) error {
		switch {
		case m.Held == 0:
			return ErrState
		case m.ReconciledComplete == needsReconciling:
			return ErrNotReconciled
		}
		m.Held, m.HeldWhy = 0, ""
		if err := tx.Save(ctx, m); err != nil {
			return err
		}
		return b.note(ctx, tx, by(storage.Event{Merchant: m.Merchant, Kind: string(MerchantReleased)}, person))
	})
}

// merchant changes a merchant's row, which is made where there is none.
func (b *Book) merchant(ctx context.Context, id string, f func(storage.Tx, *storage.Merchant) error) error {
	if id == "" || !digits(id) {
		return &InvalidError{Field: "MerchantID", Reason: "must be digits"}
	}
	return b.update(ctx, func(tx storage.Tx) error {
		m := &storage.Merchant{Merchant: id}
		if err := b.newMerchant(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Get(ctx, m, storage.ForUpdate); err != nil {
			return err
		}
		return f(tx, m)
	})
}

// pause stops a merchant whose settings Assist doesn't take. Nothing becomes
// refused by that; one refund is tried every five minutes.
func (b *Book) pause(ctx context.Context, id, actor, why string) error {
	return b.merchant(ctx, id, func(tx storage.Tx, m *storage.Merchant) error {
		now := b.now()
		was := m.Paused
		m.PausedWhy, m.ProbeAt = why, micros(now.Add(probeEvery))
		if was == 0 {
			m.Paused = micros(now)
		}
		if err := tx.Save(ctx, m); err != nil || was != 0 {
			return err
		}
		return b.note(ctx, tx, storage.Event{Merchant: id, Kind: string(MerchantPaused), Actor: actor, Reason: why})
	})
}

// resume ends a pause: Assist has answered.
func (b *Book) resume(ctx context.Context, id, actor string) error {
	return b.merchant(ctx, id, func(tx storage.Tx, m *storage.Merchant) error {
		if m.Paused == 0 {
			return errNothing
		}
		m.Paused, m.PausedWhy, m.ProbeAt = 0, "", 0
		if err := tx.Save(ctx, m); err != nil {
			return err
		}
		// Those that were put off because of the pause needn't wait for their turn.
		waiting, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Lock: storage.SkipLocked, Limit: 1000, Where: []storage.Cond{
			storage.Eq("merchant", id), storage.In("state", []int64{int64(Pending)}), storage.Eq("waits", int64(ForSettings))}})
		if err != nil {
			return err
		}
		for _, r := range waiting {
			r.Waits, r.NextAt = int64(ForTurn), micros(b.now())
			if err := tx.Save(ctx, r); err != nil {
				return err
			}
		}
		return b.note(ctx, tx, storage.Event{Merchant: id, Kind: string(MerchantResumed), Actor: actor, Reason: "Assist has answered"})
	})
}
