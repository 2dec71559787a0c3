package simulation

import (
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// handPlan is a refund that somebody makes in the personal account.
type handPlan struct {
	amount assist.Money // zero: what is left
	at     time.Duration
	end    handEnd
	settle time.Duration
	late   time.Duration // listed
	gap    int
}

type handEnd int

const (
	handDone handEnd = iota
	handDeclined
	handInProcessDone
	handInProcessDeclined
	handEnds
)

func planHand(d *dice) handPlan {
	h := handPlan{
		amount: pick(d, rubles(10_00), rubles(10_00), rubles(10_00), rubles(25_00), rubles(1_00), assist.Money{}),
		at:     pick(d, d.between(0, 5*time.Second), d.between(0, 10*time.Minute), d.between(0, latestStart)),
		end:    handEnd(d.below(int(handEnds))),
		settle: settlement(d),
	}
	if d.percent(25) {
		h.late = d.between(time.Second, longestDelay)
	}
	if d.percent(10) {
		h.gap = 1 + d.below(2)
	}
	return h
}

// turns are what becomes of it, for the server.
func (h handPlan) turns() []assisttest.Fault {
	var turns []assisttest.Fault
	switch h.end {
	case handDeclined:
		turns = append(turns, assisttest.Decline(string(assist.ResponseDeclined)))
	case handInProcessDone:
		turns = append(turns, assisttest.InProcess(h.settle, "AS000"))
	case handInProcessDeclined:
		turns = append(turns, assisttest.InProcess(h.settle, string(assist.ResponseNoFunds)))
	}
	if h.late > 0 {
		turns = append(turns, assisttest.ListLate(h.late))
	}
	if h.gap > 0 {
		turns = append(turns, assisttest.LeaveGap(h.gap))
	}
	return turns
}

// clerk makes the refunds by hand of one payment, each at its time.
func (r *run) clerk(row *payment) {
	// A microsecond of its own, as the workers have.
	const first = 500
	for _, h := range row.plan.byHand {
		until := h.at + time.Duration(first+row.number)*time.Microsecond
		if wait := until - r.elapsed(); wait > 0 {
			time.Sleep(wait)
		}
		r.mu.Lock()
		r.refundByHand(row, h)
		r.mu.Unlock()
	}
}

// refundByHand is one of them. The mutex of the run is held. One that Assist
// refuses is none.
func (r *run) refundByHand(row *payment, h handPlan) {
	made, err := r.server.RefundByHand(row.order.Billnumber, h.amount, h.turns()...)
	if err != nil {
		return
	}
	r.result.Faults[byHand]++
	for _, b := range made {
		row.byHand[b] = true
		row.last = max(row.last, b.Operation())
	}
	row.gaps = row.gaps || h.gap > 0
	r.event("by hand", row.number, len(made), row.last)
	r.say("somebody refunds %v of payment %d by hand: %v, %v", h.amount, row.number, made, r.server.Moved(made[0]))
	r.checkPayment(row)
}
