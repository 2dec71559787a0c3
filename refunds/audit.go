package refunds

import (
	"context"
	"iter"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// EventFilter chooses lines of the history. What is empty doesn't choose.
type EventFilter struct {
	MerchantID string
	Kinds      []EventKind
	Before     int64 // numbers below it: where a page went to, the next goes on
}

// Events goes through the whole history, the newest first: of all refunds, and
// of the merchants themselves. It reads pages of a hundred, as [Book.List] does.
func (b *Book) Events(ctx context.Context, f EventFilter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			page, err := b.events(ctx, f)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range page {
				if !yield(eventOf(e), nil) {
					return
				}
				f.Before = e.ID
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

func (b *Book) events(ctx context.Context, f EventFilter) (page []*storage.Event, err error) {
	var where []storage.Cond
	if f.MerchantID != "" {
		where = append(where, storage.Eq("merchant", f.MerchantID))
	}
	if f.Before > 0 {
		where = append(where, storage.Less("id", f.Before))
	}
	switch len(f.Kinds) {
	case 0:
	case 1: // which the index of what moved late serves
		where = append(where, storage.FixedText("kind", string(f.Kinds[0])))
	default:
		kinds := make([]string, len(f.Kinds))
		for i, k := range f.Kinds {
			kinds[i] = string(k)
		}
		where = append(where, storage.In("kind", kinds))
	}
	err = b.store.View(ctx, func(tx storage.Tx) (err error) {
		page, err = storage.Find[storage.Event](ctx, tx, storage.Query{Where: where, Order: "-id", Limit: pageSize})
		return err
	})
	return page, err
}

// Late gives the refunds of which money moved although a person had closed the
// cancel, and that nobody has dealt with yet ([Book.SawLate]), the newest first.
func (b *Book) Late(ctx context.Context, merchantID string) ([]ID, error) {
	var late []ID
	done := map[ID]bool{}
	for e, err := range b.Events(ctx, EventFilter{MerchantID: merchantID, Kinds: []EventKind{MovedLate}}) {
		if err != nil {
			return nil, err
		}
		if done[e.Refund] {
			continue
		}
		done[e.Refund] = true
		history, err := b.History(ctx, e.Refund)
		if err != nil {
			return nil, err
		}
		seen := false
		for _, later := range history {
			seen = seen || later.Kind == LateSeen && later.ID > e.ID
		}
		if !seen {
			late = append(late, e.Refund)
		}
	}
	return late, nil
}

// SawLate notes that a person has dealt with what [MovedLate] raised about a
// refund. Where nothing was raised it is [ErrState].
func (b *Book) SawLate(ctx context.Context, id ID, person Person) error {
	if err := person.check(); err != nil {
		return err
	}
	return b.store.Update(ctx, func(tx storage.Tx) error {
		r, err := lockRefund(ctx, tx, id)
		if err != nil {
			return err
		}
		raised, err := tx.Count(ctx, (&storage.Event{}).Table(), storage.Eq("refund", r.ID), storage.FixedText("kind", string(MovedLate)))
		if err != nil {
			return err
		}
		if raised == 0 {
			return ErrState
		}
		return b.note(ctx, tx, by(about(r, LateSeen, State(r.State)), person))
	})
}

// NoteExport leaves a line in the history that a person takes rows out of the
// store. What says which, without anything personal.
func (b *Book) NoteExport(ctx context.Context, merchantID string, person Person, what string) error {
	if err := person.check(); err != nil {
		return err
	}
	return b.merchant(ctx, merchantID, func(tx storage.Tx, m *storage.Merchant) error {
		e := by(storage.Event{Merchant: m.Merchant, Kind: string(Exported)}, person)
		e.Data = what
		return b.note(ctx, tx, e)
	})
}
