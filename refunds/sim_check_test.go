package refunds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/require"
)

// What must hold, by number:
//
//	1  a refund moves money at most once: count
//	2  what is sent is stored, and no intent is sent twice: sends
//	3  a payment has one cancel whose outcome isn't known, after every commit: committed
//	4  done is moved by an operation of its own, refused and withdrawn are not; given up only with MovedLate: count
//	5  a final state never changes, events have no gap: historyOf
//	6  a cancel begins after the rest, or by the client that made the last one: committed
//	7  what isn't final waits for something, and is looked at within eight hours: waitsWell
//	8  a commit that reports an error may have happened: lies in update; an answer that was read is stored: keptWord
//	9  a handler's effects happen once for each event, in order: historyOf, effectsOf
//	10 reservations are never more than the balance, and end with their attempts: committed, reservations
//	11 a paused merchant's refunds are never refused by settings: count
//	12 killed anywhere, stalled beyond the lease, with clocks apart: play
//	13 a restored copy sends nothing before it was compared: TestSimulationOfARestore

// committed looks at the store after a commit.
func (w *world) committed(p *process, t *watchedTx) {
	for _, e := range p.pending {
		w.effects[e]++
	}
	for _, o := range p.orders {
		w.order[o[0]] = append(w.order[o[0]], o[1])
	}
	for _, f := range t.frees {
		w.freed[f.Payment] = freed{w.now, f.LastClient}
	}
	if a := t.begun; a != nil {
		// Clocks are up to 20 seconds apart, and the rest is 90.
		if f, ok := w.freed[a.Payment]; ok && f.by != p.carrier && w.now.Sub(f.at) < 61*time.Second {
			w.say("%s begins a cancel of %s %s after the end of another client's", p.name, a.Payment, w.now.Sub(f.at))
		}
	}
	if m, ok := w.store.(*memstore.Store); ok && w.habit == forgetful {
		w.copies = append(w.copies[max(0, len(w.copies)-5):], m.Copy())
	}
	if w.scans {
		w.scan()
	}
}

// scan looks through what the database holds by its own rules too.
func (w *world) scan() {
	ctx := context.Background()
	_ = w.store.View(ctx, func(tx storage.Tx) error {
		open, err := storage.Find[storage.Attempt](ctx, tx, storage.Query{Where: []storage.Cond{storage.Fixed("told", "=", 0)}})
		seen := map[string]bool{}
		for _, a := range open {
			if seen[a.Payment] {
				w.say("two cancels of %s have no outcome", a.Payment)
			}
			seen[a.Payment] = true
		}
		if err != nil {
			return err
		}
		day := moscow.DayOf(w.now)
		if w.now.Sub(day.Start()) < time.Minute || day.End().Sub(w.now) < time.Minute {
			return nil // the processes' clocks are of two days
		}
		in := func(us int64) bool { return us >= micros(day.Start()) && us < micros(day.End()) }
		balance := int64(0)
		paid, err := storage.Find[storage.Result](ctx, tx, storage.Query{})
		for _, r := range paid {
			if in(r.At) {
				balance += r.Minor
			}
		}
		if err != nil {
			return err
		}
		reserved, err := storage.Find[storage.Reservation](ctx, tx, storage.Query{})
		for _, r := range reserved {
			// One that is older than ten minutes may be dropped by the next.
			if r.Settled == 0 && in(r.Made) || r.Moved == 1 && in(r.Made) {
				balance -= r.Minor
			}
		}
		if balance < 0 {
			w.say("reservations are %d more than the day balance", -balance)
		}
		return err
	})
}

// keptWord looks whether what a process has read of Assist is stored, when it
// has done a step and is alive.
func (w *world) keptWord(p *process) {
	ctx := context.Background()
	_ = w.store.View(ctx, func(tx storage.Tx) error {
		for _, intent := range p.told {
			a := &storage.Attempt{IntentID: intent}
			if found, err := tx.Get(ctx, a, storage.NoLock); err != nil || !found || a.Told == 0 {
				w.say("%s was told a refusal of %s, and it isn't stored", p.name, intent)
			}
		}
		return nil
	})
	p.told = nil
}

// waitsWell is what a refund that isn't final looks like, when the faults are
// over.
func (w *world) waitsWell(rec *Record) (wrong []string) {
	if rec.State.Final() {
		return nil
	}
	if rec.NextAt.After(w.now.Add(9*time.Hour)) && rec.Waits != ForTime {
		wrong = append(wrong, fmt.Sprintf("refund %d is looked at next in %s", rec.ID, rec.NextAt.Sub(w.now)))
	}
	if rec.NeedsPerson.IsZero() && rec.Waits != ForMoney {
		wrong = append(wrong, fmt.Sprintf("refund %d is stuck: %s, waits for %s, %s", rec.ID, rec.State, rec.Waits, rec.Detail))
	}
	return wrong
}

// effectsOf looks at the handler's effects from their side.
func (w *world) effectsOf(tb testing.TB) (wrong []string) {
	known := map[int64]*storage.Event{}
	require.NoError(tb, w.store.View(tb.Context(), func(tx storage.Tx) error {
		all, err := storage.Find[storage.Event](tb.Context(), tx, storage.Query{})
		for _, e := range all {
			known[e.ID] = e
		}
		return err
	}))
	for id := range w.effects {
		if known[id] == nil {
			wrong = append(wrong, fmt.Sprintf("the handler was told of event %d, which has never happened", id))
		}
	}
	for refund, events := range w.order {
		if refund != 0 && !slices.IsSorted(events) {
			wrong = append(wrong, fmt.Sprintf("refund %d: its events were handled in the order %v", refund, events))
		}
	}
	return wrong
}

// reservations end with their attempts.
func (w *world) reservations(tb testing.TB) (wrong []string) {
	require.NoError(tb, w.store.View(tb.Context(), func(tx storage.Tx) error {
		all, err := storage.Find[storage.Reservation](tb.Context(), tx, storage.Query{Where: []storage.Cond{storage.Eq("settled", int64(0))}})
		if err != nil {
			return err
		}
		for _, r := range all {
			a := &storage.Attempt{IntentID: r.IntentID}
			found, err := tx.Get(tb.Context(), a, storage.NoLock)
			if err != nil {
				return err
			}
			// One of which nothing was stored is dropped by the next reservation.
			if found && a.Ended != 0 && a.ClosedBy == "" {
				wrong = append(wrong, fmt.Sprintf("attempt %s has ended, and its reservation hasn't", a.IntentID))
			}
		}
		return nil
	}))
	return wrong
}

// movedLate tells whether the history says that money moved by a closed attempt.
func (w *world) movedLate(tb testing.TB, id ID) bool {
	events, err := w.operate.History(tb.Context(), id)
	require.NoError(tb, err)
	return slices.ContainsFunc(events, func(e Event) bool { return e.Kind == MovedLate })
}

// bySettings tells a refusal that a setting heals.
func bySettings(codes string) bool {
	return strings.HasPrefix(codes, "7/") || strings.HasPrefix(codes, "19/")
}

// topUp is a wallet payment of today, by which the day balance grows.
func (w *world) topUp(tb testing.TB) {
	if !w.wallets {
		return
	}
	o := w.server.Pay(walletPayment(w.now, 10_000))
	require.NoError(tb, w.operate.Paid(tb.Context(), w.server.Credentials().MerchantID, o.Operations[0].Billnumber, webMoney, o.Operations[0].Amount, w.now))
}

// owners are those of the operations.
func (w *world) owners(tb testing.TB) map[assist.Billnumber]*storage.Operation {
	owners := map[assist.Billnumber]*storage.Operation{}
	require.NoError(tb, w.store.View(tb.Context(), func(tx storage.Tx) error {
		all, err := storage.Find[storage.Operation](tb.Context(), tx, storage.Query{})
		for _, o := range all {
			owners[assist.Billnumber(o.Operation)] = o
		}
		return err
	}))
	return owners
}
