package refunds

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/require"
)

// habit is a bad one that somebody had. It is planted beneath the state machine,
// to see that the simulation sees it.
type habit int

const (
	noHabit         habit = iota
	intentLate            // the intent is stored when the answer is there
	leaseWrites           // a lease that is over says that the cancel was not sent
	finishByVersion       // an outcome is stored only by who still has the claim
	renewsUnknown         // a new external refund id after an unknown outcome
	operatorBySums        // a person compares sums, and passes over what has arrived
	handlerInFinish       // the merchant's handler is called within the finish
	restShort             // ten seconds of rest between two clients
	forgetful             // commits of the last moments are lost in a crash
)

var habits = map[string]habit{
	"the intent is stored late": intentLate, "a lease writes outcomes": leaseWrites, "outcomes are stored by the claim": finishByVersion,
	"a new refund id after an unknown outcome": renewsUnknown,
	"an operator compares sums":                operatorBySums, "the handler is called in the finish": handlerInFinish, "a rest of ten seconds": restShort,
	"commits that a crash forgets": forgetful,
}

// Each bad habit is one that somebody had; a simulation that doesn't see it
// proves nothing. Three more are planted elsewhere: what begin compares, in
// TestBeginWithoutItsGuards, since the guards stand behind each other; and an
// outbox that is read by a cursor, in the test of the PostgreSQL store, since it
// loses events only where transactions run side by side.
func TestSimulationSeesBadHabits(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("plays some hundred seeds")
	}
	for name, h := range habits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed < 200; seed++ {
				if wrong, w := simulate(t, seed, h, memstore.New()); len(wrong) > 0 {
					t.Logf("seen with seed %d (%s): %s", seed, w, wrong[0])
					return
				}
			}
			t.Error("not seen in 200 seeds")
		})
	}
}

// miswrite changes what is written.
func (t *watchedTx) miswrite(ctx context.Context, row storage.Row) {
	r, ok := row.(*storage.Refund)
	if !ok || t.p.w.habit != renewsUnknown || State(r.State) != Pending {
		return
	}
	was := &storage.Refund{ID: r.ID}
	if _, err := t.Tx.Get(ctx, was, storage.NoLock); err == nil && State(was.State) == Sent && was.RefundNumber == r.RefundNumber {
		r.RefundNumber++
	}
}

// handles is the handler that is called too early.
func (t *watchedTx) handles(row storage.Row) {
	if e, ok := row.(*storage.Event); ok && t.p.w.habit == handlerInFinish && t.purpose == storage.Finishes && e.Kind == string(Known) {
		t.p.w.effects[e.ID]++
	}
}

// skips leaves an outcome out whose refund somebody else has claimed since.
func (t *watchedTx) skips(ctx context.Context) bool {
	if t.p.w.habit != finishByVersion || t.purpose != storage.Finishes {
		return false
	}
	all, err := storage.Find[storage.Refund](ctx, t.Tx, storage.Query{Where: []storage.Cond{storage.In("state", []int64{int64(Sent), int64(InProcess)})}})
	return err == nil && slices.ContainsFunc(all, func(r *storage.Refund) bool { return r.Version > 1 && slices.Contains(t.p.told, r.Attempt) })
}

func (t *watchedTx) leaseIsOver(ctx context.Context, c storage.Claim, claimed []*storage.Refund) error {
	for _, r := range claimed {
		if State(r.State) != Sent {
			continue
		}
		a := &storage.Attempt{IntentID: r.Attempt}
		if _, err := t.Get(ctx, a, storage.ForUpdate); err != nil {
			return err
		}
		a.Told, a.Ended, a.Outcome = c.Now, c.Now, int64(assist.NotSent)
		r.State, r.Attempt = int64(Pending), ""
		if err := errors.Join(t.Save(ctx, a), t.Save(ctx, r)); err != nil {
			return err
		}
	}
	return nil
}

// forget is the crash of a machine whose disk had not all that was committed.
func (w *world) forget() {
	if w.habit != forgetful || len(w.copies) < 4 {
		return
	}
	lost := 1 + w.dice.IntN(3)
	w.store = w.copies[len(w.copies)-1-lost]
	w.copies = nil
	for _, p := range w.procs {
		p.dies, p.dead = 0, true
	}
}

// comparesSums is an operator who asks whether more has gone back than what is
// known, and passes the cancel over where it hasn't. It goes past the carrier,
// which would ask for operations.
func (w *world) comparesSums(tb testing.TB, rec *Record) {
	if rec.State != Sent {
		return
	}
	expected := int64(0)
	for id, o := range w.owed {
		other, err := w.operate.Get(tb.Context(), id)
		require.NoError(tb, err)
		if id != rec.ID && o.order == rec.Request.Billnumber && other.State.MayHaveMoved() {
			expected += o.amount
		}
	}
	if w.server.Moved(rec.Request.Billnumber).Minor() > expected {
		return
	}
	require.NoError(tb, w.store.Update(tb.Context(), func(tx storage.Tx) error {
		r := &storage.Refund{ID: int64(rec.ID)}
		if _, err := tx.Get(tb.Context(), r, storage.ForUpdate); err != nil {
			return err
		}
		a := &storage.Attempt{IntentID: r.Attempt}
		if _, err := tx.Get(tb.Context(), a, storage.ForUpdate); err != nil {
			return err
		}
		a.Told, a.Ended, a.Outcome, a.ClosedBy = micros(w.now), micros(w.now), int64(assist.Unknown), "operator"
		a.WatchAt, a.WatchUntil = micros(w.now), micros(w.now.Add(watchFor))
		r.State, r.Attempt, r.Person, r.Waits, r.NextAt = int64(Pending), "", 0, 0, micros(w.now)
		r.RefundNumber++ // it is asked for anew
		if err := errors.Join(tx.Save(tb.Context(), a), tx.Save(tb.Context(), r)); err != nil {
			return err
		}
		return tx.Add(tb.Context(), &storage.Event{Refund: r.ID, Merchant: r.Merchant, At: micros(w.now), Kind: string(Decided), FromState: int64(Sent), ToState: int64(Pending),
			Actor: "operator", Reason: "sums"})
	}))
}
