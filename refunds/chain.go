package refunds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// chainConsumer is the name under which the chain gets its events.
const chainConsumer = "chain"

const sealBatch = 500

// Anchor is the head of the chain at some moment. Kept outside of the database
// (printed, mailed, in another account), it proves later that nothing before it
// was changed, left out or computed anew.
type Anchor struct {
	Number int64
	Hash   string
	At     time.Time
}

// hashOf links an event to those before it.
func hashOf(previous string, number int64, e *storage.Event) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n", previous, number)
	for _, f := range e.Fields() {
		switch v := f.(type) {
		case *string:
			fmt.Fprintf(h, "%d:%s\n", len(*v), *v)
		case *int64:
			fmt.Fprintf(h, "%d\n", *v)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// seal links the events that aren't yet. Events are stored without waiting for
// each other; one transaction at a time links them.
func (b *Book) seal(ctx context.Context) error {
	for ctx.Err() == nil {
		n := 0
		err := b.update(ctx, func(tx storage.Tx) error {
			head := storage.Meta{Name: "chain", Value: ""}
			if _, err := tx.Insert(ctx, &head); err != nil {
				return err
			}
			found, err := tx.Get(ctx, &head, storage.SkipLocked)
			if err != nil || !found {
				return errNothing
			}
			due, err := storage.Find[storage.Delivery](ctx, tx, storage.Query{Order: "event", Limit: sealBatch, Where: []storage.Cond{storage.Eq("consumer", chainConsumer)}})
			if err != nil || len(due) == 0 {
				return firstOf(err, errNothing)
			}
			last, err := storage.Find[storage.Seal](ctx, tx, storage.Query{Order: "-number", Limit: 1})
			if err != nil {
				return err
			}
			s := storage.Seal{}
			if len(last) > 0 {
				s = *last[0]
			}
			for _, d := range due {
				e := storage.Event{ID: d.Event}
				if _, err := tx.Get(ctx, &e, storage.NoLock); err != nil {
					return err
				}
				s = storage.Seal{Number: s.Number + 1, Event: e.ID, Hash: hashOf(s.Hash, s.Number+1, &e)}
				if _, err := tx.Insert(ctx, &s); err != nil {
					return err
				}
				if err := tx.Delete(ctx, d); err != nil {
					return err
				}
			}
			n = len(due)
			return nil
		})
		if err != nil || n < sealBatch {
			return err
		}
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Anchor gives the head of the chain. Export it daily.
func (b *Book) Anchor(ctx context.Context) (Anchor, error) {
	if err := b.seal(ctx); err != nil {
		return Anchor{}, err
	}
	a := Anchor{At: b.now().UTC()}
	err := b.store.View(ctx, func(tx storage.Tx) error {
		last, err := storage.Find[storage.Seal](ctx, tx, storage.Query{Order: "-number", Limit: 1})
		if err == nil && len(last) > 0 {
			a.Number, a.Hash = last[0].Number, last[0].Hash
		}
		return err
	})
	return a, err
}

// Verification is what [Book.Verify] found.
type Verification struct {
	Sealed   int64    // links that were checked
	Unsealed int      // events that aren't linked yet: those of the last seconds
	Broken   []string // what isn't as it was, in words; empty is right
}

// Verify reads the whole history and checks that each event is as it was linked,
// that none is missing, and that the chain goes through the anchors, which were
// exported earlier. Without anchors a chain that was computed anew isn't seen.
//
// Who may also write the anchors can forge everything: a chain proves nothing
// against them.
func (b *Book) Verify(ctx context.Context, anchors ...Anchor) (*Verification, error) {
	v := &Verification{}
	hash := ""
	at := map[int64]string{}
	for _, a := range anchors {
		at[a.Number] = a.Hash
	}
	for {
		var seals []*storage.Seal
		err := b.store.View(ctx, func(tx storage.Tx) (err error) {
			seals, err = storage.Find[storage.Seal](ctx, tx, storage.Query{Order: "number", Limit: sealBatch, Where: []storage.Cond{storage.More("number", v.Sealed)}})
			for _, s := range seals {
				if err != nil {
					return err
				}
				err = v.link(ctx, tx, s, &hash, at)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(seals) < sealBatch {
			break
		}
	}
	for _, a := range anchors {
		if a.Number > v.Sealed {
			v.Broken = append(v.Broken, fmt.Sprintf("the chain ends at %d, an anchor was at %d", v.Sealed, a.Number))
		}
	}
	return v, b.countUnsealed(ctx, v)
}

func (v *Verification) link(ctx context.Context, tx storage.Tx, s *storage.Seal, hash *string, anchors map[int64]string) error {
	if s.Number != v.Sealed+1 {
		v.Broken = append(v.Broken, fmt.Sprintf("links %d to %d are missing", v.Sealed+1, s.Number-1))
	}
	e := storage.Event{ID: s.Event}
	found, err := tx.Get(ctx, &e, storage.NoLock)
	if err != nil {
		return err
	}
	if !found {
		v.Broken = append(v.Broken, fmt.Sprintf("event %d is missing", s.Event))
	} else if want := hashOf(*hash, s.Number, &e); want != s.Hash {
		v.Broken = append(v.Broken, fmt.Sprintf("event %d of refund %d isn't as it was", e.ID, e.Refund))
	}
	if want, ok := anchors[s.Number]; ok && want != s.Hash {
		v.Broken = append(v.Broken, fmt.Sprintf("link %d isn't the anchor's: the chain was computed anew", s.Number))
	}
	v.Sealed, *hash = s.Number, s.Hash
	return nil
}

// countUnsealed also sees events that were put in past the chain: each event is
// linked, or waits to be.
func (b *Book) countUnsealed(ctx context.Context, v *Verification) error {
	return b.store.View(ctx, func(tx storage.Tx) error {
		// In this order what happens meanwhile makes no false alarm: an event goes
		// from waiting to linked.
		events, err := tx.Count(ctx, (&storage.Event{}).Table())
		if err != nil {
			return err
		}
		waiting, err := tx.Count(ctx, (&storage.Delivery{}).Table(), storage.Eq("consumer", chainConsumer))
		if err != nil {
			return err
		}
		seals, err := tx.Count(ctx, (&storage.Seal{}).Table())
		if err != nil {
			return err
		}
		v.Unsealed = waiting
		if events-seals > waiting {
			v.Broken = append(v.Broken, fmt.Sprintf("%d events are neither linked nor waiting to be", events-seals-waiting))
		}
		return nil
	})
}
