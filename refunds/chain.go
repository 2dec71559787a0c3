package refunds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

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

// markLength is how much of an event's hash stands in its seal: enough to tell
// which event of a batch was changed. That one was, the seal's own hash tells.
const markLength = 8

// seal links the events that aren't yet, a batch at a time. Events are stored
// without waiting for each other; one transaction at a time links them.
func (b *Book) seal(ctx context.Context) error {
	for ctx.Err() == nil {
		var waiting []*storage.Unsealed
		err := b.store.View(ctx, func(tx storage.Tx) (err error) {
			waiting, err = storage.Find[storage.Unsealed](ctx, tx, storage.Query{Limit: 1})
			return err
		})
		if err != nil || len(waiting) == 0 {
			return err
		}
		n, last := 0, int64(0)
		err = b.update(ctx, func(tx storage.Tx) error {
			head := storage.Meta{Name: "chain"}
			found, err := tx.Get(ctx, &head, storage.SkipLocked)
			if err != nil || !found {
				return firstOf(err, errNothing)
			}
			n, last, err = link(ctx, tx)
			return err
		})
		if m, ok := b.store.(storage.Marker); ok && err == nil && last > 0 {
			err = m.Mark(ctx, last)
		}
		if err != nil || n < sealBatch {
			return err
		}
	}
	return nil
}

// link adds one seal for all events that wait for it.
func link(ctx context.Context, tx storage.Tx) (n int, latest int64, err error) {
	last, err := storage.Find[storage.Seal](ctx, tx, storage.Query{Order: "-number", Limit: 1})
	if err != nil {
		return 0, 0, err
	}
	events, err := tx.Unsealed(ctx, sealBatch)
	if err != nil || len(events) == 0 {
		return 0, 0, firstOf(err, errNothing)
	}
	s := storage.Seal{}
	if len(last) > 0 {
		s.Number, s.Hash = last[0].Number, last[0].Hash
	}
	var text strings.Builder
	for _, e := range events {
		s.Number++
		s.Hash = hashOf(s.Hash, s.Number, e)
		fmt.Fprintf(&text, "%d:%s ", e.ID, s.Hash[:markLength])
	}
	s.Events = strings.TrimSpace(text.String())
	return len(events), events[len(events)-1].ID, tx.Add(ctx, &s)
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
	v := &verifying{anchors: map[int64]string{}, Verification: &Verification{}}
	for _, a := range anchors {
		v.anchors[a.Number] = a.Hash
	}
	for {
		var seals []*storage.Seal
		err := b.store.View(ctx, func(tx storage.Tx) (err error) {
			seals, err = storage.Find[storage.Seal](ctx, tx, storage.Query{Order: "number", Limit: 10, Where: []storage.Cond{storage.More("number", v.Sealed)}})
			for _, s := range seals {
				if err != nil {
					return err
				}
				err = v.seal(ctx, tx, s)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(seals) == 0 {
			break
		}
	}
	for _, a := range anchors {
		if a.Number > v.Sealed {
			v.say("the chain ends at %d, an anchor was at %d", v.Sealed, a.Number)
		} else if a.Number > 0 && !v.passed[a.Number] {
			v.say("no link ends at %d, where an anchor was: the chain was computed anew", a.Number)
		}
	}
	return v.Verification, b.countUnsealed(ctx, v.Verification)
}

// verifying goes along the chain.
type verifying struct {
	*Verification
	hash    string
	anchors map[int64]string
	passed  map[int64]bool // anchors that a seal ends at
}

func (v *verifying) say(format string, args ...any) {
	v.Broken = append(v.Broken, fmt.Sprintf(format, args...))
}

// seal checks one batch.
func (v *verifying) seal(ctx context.Context, tx storage.Tx, s *storage.Seal) error {
	ids, marks := sealed(s.Events)
	if s.Number != v.Sealed+int64(len(ids)) {
		v.say("links %d to %d are missing, or not as they were", v.Sealed+1, s.Number-int64(len(ids)))
		v.Sealed = s.Number - int64(len(ids))
	}
	events, err := storage.Find[storage.Event](ctx, tx, storage.Query{Where: []storage.Cond{storage.In("id", ids)}})
	if err != nil {
		return err
	}
	byID := map[int64]*storage.Event{}
	for _, e := range events {
		byID[e.ID] = e
	}
	blamed := false
	for i, id := range ids {
		v.Sealed++
		e := byID[id]
		if e == nil {
			v.say("event %d is missing", id)
			blamed = true
			break // what comes after it can't be computed
		}
		v.hash = hashOf(v.hash, v.Sealed, e)
		if !strings.HasPrefix(v.hash, marks[i]) {
			v.say("event %d of refund %d isn't as it was", e.ID, e.Refund)
			blamed = true
			break
		}
	}
	if v.hash != s.Hash && !blamed {
		v.say("the link over events %d to %d isn't theirs", ids[0], ids[len(ids)-1])
	}
	if want, ok := v.anchors[s.Number]; ok {
		if want != s.Hash {
			v.say("link %d isn't the anchor's: the chain was computed anew", s.Number)
		}
		if v.passed == nil {
			v.passed = map[int64]bool{}
		}
		v.passed[s.Number] = true
	}
	v.Sealed, v.hash = s.Number, s.Hash
	return nil
}

// sealed takes a seal's events apart. What can't be read isn't as it was, which
// the hash then shows.
func sealed(text string) (ids []int64, marks []string) {
	for _, one := range strings.Fields(text) {
		number, mark, _ := strings.Cut(one, ":")
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil || len(mark) != markLength {
			id, mark = -1, "unreadable"
		}
		ids, marks = append(ids, id), append(marks, mark)
	}
	if len(ids) == 0 {
		return []int64{-1}, []string{"unreadable"}
	}
	return ids, marks
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
		waiting, err := tx.Count(ctx, (&storage.Unsealed{}).Table())
		if err != nil {
			return err
		}
		last, err := storage.Find[storage.Seal](ctx, tx, storage.Query{Order: "-number", Limit: 1})
		if err != nil {
			return err
		}
		linked := 0
		if len(last) > 0 {
			linked = int(last[0].Number)
		}
		v.Unsealed = waiting
		if events-linked > waiting {
			v.Broken = append(v.Broken, fmt.Sprintf("%d events are neither linked nor waiting to be", events-linked-waiting))
		}
		return nil
	})
}
