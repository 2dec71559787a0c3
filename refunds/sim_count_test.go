package refunds

import (
	"fmt"
	"testing"

	"github.com/assist-go/assist"
	"github.com/stretchr/testify/require"
)

// count counts the money by operation: each success at Assist is one refund's,
// and each refund that is done has one.
func (w *world) count(tb testing.TB) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	ctx := tb.Context()
	owners := w.owners(tb)
	moved := map[ID]int{}
	for _, paid := range w.orders {
		o, _ := w.server.Order(paid.Billnumber)
		for _, op := range o.Operations {
			if op.Type != assist.OperationCancel || op.State != assist.OperationSuccess {
				continue
			}
			owner := owners[op.Billnumber]
			if owner == nil {
				if !w.excused(tb, paid.Billnumber, op.Amount) {
					say("%s of %s moved and is nobody's", op.Billnumber, op.Amount)
				}
				continue
			}
			moved[ID(owner.Refund)]++
			if w.owed[ID(owner.Refund)].amount != op.Amount.Minor() {
				say("%s of %s is refund %d's, of another amount", op.Billnumber, op.Amount, owner.Refund)
			}
		}
	}
	for id := range w.owed {
		rec, err := w.operate.Get(ctx, id)
		require.NoError(tb, err)
		switch n := moved[id]; {
		case n > 1:
			say("refund %d was paid %d times", id, n)
		case rec.State == Done && n != 1:
			say("refund %d is done and moved nothing", id)
		case (rec.State == Refused || rec.State == Withdrawn) && n != 0:
			say("refund %d is %s and moved money", id, rec.State)
		case rec.State == GivenUp && n != 0 && !w.movedLate(tb, id):
			say("refund %d is given up and moved money, and nobody was told", id)
		case rec.State == Refused && bySettings(rec.Codes):
			say("refund %d is refused by settings: %s", id, rec.Codes)
		}
		wrong = append(wrong, w.historyOf(tb, rec)...)
		wrong = append(wrong, w.waitsWell(rec)...)
	}
	wrong = append(append(wrong, w.effectsOf(tb)...), w.reservations(tb)...)
	v, err := w.operate.Verify(ctx)
	require.NoError(tb, err)
	for _, b := range v.Broken {
		say("history: %s", b)
	}
	return wrong
}

// excused: a refund of that amount isn't final yet, or was given up by a person.
func (w *world) excused(tb testing.TB, payment assist.Billnumber, amount assist.Money) bool {
	for id, o := range w.owed {
		rec, err := w.operate.Get(tb.Context(), id)
		require.NoError(tb, err)
		if o.order == payment && o.amount == amount.Minor() && (!rec.State.Final() || rec.State == GivenUp) {
			return true
		}
	}
	return false
}

// transitions are those of the state machine.
var transitions = map[[2]State]bool{
	{Pending, Sent}: true, {Pending, Refused}: true, {Pending, Withdrawn}: true, {Pending, Done}: true, {Pending, GivenUp}: true,
	{Sent, Done}: true, {Sent, InProcess}: true, {Sent, Refused}: true, {Sent, Pending}: true, {Sent, GivenUp}: true,
	{InProcess, Done}: true, {InProcess, Refused}: true, {InProcess, Pending}: true, {InProcess, GivenUp}: true,
	{0, Pending}: true,
}

// historyOf checks that a refund's events are gapless, of allowed changes, and
// were each delivered once.
func (w *world) historyOf(tb testing.TB, rec *Record) (wrong []string) {
	events, err := w.operate.History(tb.Context(), rec.ID)
	require.NoError(tb, err)
	at := State(0)
	for _, e := range events {
		if e.From != at && e.Kind != Enqueued {
			wrong = append(wrong, fmt.Sprintf("refund %d: event %s from %s, but it was %s", rec.ID, e.Kind, e.From, at))
		}
		if e.From != e.To && !transitions[[2]State{e.From, e.To}] {
			wrong = append(wrong, fmt.Sprintf("refund %d: %s became %s", rec.ID, e.From, e.To))
		}
		at = e.To
		if n := w.effects[e.ID]; n > 1 || n == 0 && e.Kind != Enqueued && rec.State.Final() {
			wrong = append(wrong, fmt.Sprintf("refund %d: event %d (%s) was delivered %d times", rec.ID, e.ID, e.Kind, n))
		}
	}
	if at != rec.State {
		wrong = append(wrong, fmt.Sprintf("refund %d is %s, its history says %s", rec.ID, rec.State, at))
	}
	return wrong
}
