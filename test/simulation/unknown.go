package simulation

import (
	"slices"
	"time"

	"github.com/assist-go/assist"
)

// end checks everything once more, when all that was under way has arrived and
// settled.
func (r *run) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range r.store.payments {
		r.checkPayment(row)
		for _, owed := range row.refunds {
			r.result.Ends[owed.state]++
			if owed.state == atPerson && owed.left == nil {
				r.result.Blocked++
			}
			r.countDoubles(owed)
			for _, a := range owed.truth {
				r.endOf(owed, a)
			}
			if r.scenario.Habit == Careful && r.scenario.calm > 0 && !owed.state.final() {
				r.found(ruleLiveness, "refund %d is still %v", owed.index, owed.state)
			}
		}
	}
}

// countDoubles counts what went back twice because a person, who was shown
// nothing, has let it be made again.
func (r *run) countDoubles(owed *refund) {
	paid, excused := 0, false
	for _, a := range owed.truth {
		if r.live(a) > 0 {
			paid++
			excused = excused || a.passedOver
		}
	}
	if paid > 1 && excused {
		r.result.Doubles++
	}
}

func (r *run) endOf(owed *refund, a *attempt) {
	var moved int64
	for _, b := range append(a.operations, a.mistaken) {
		moved += r.server.Moved(b).Minor()
	}
	if a.verdict == toldDone && moved == 0 {
		r.found(ruleSuccess, "%v was told to be done, and at the end nothing has moved", a)
	}
	if owed.left != a || r.scenario.Habit != Careful || r.scenario.calm == 0 {
		return
	}
	if why := r.whyUnknown(a); why < reasons {
		r.result.Reasons[why]++
		return
	}
	r.found(ruleLiveness, "%v was performed as %v and stayed unknown", a, a.operations)
}

// reason is why a cancel may stay unknown for good although nothing goes wrong
// any more: it left nothing on the order that could be told from other operations.
type reason int

const (
	noTrace reason = iota
	noLook
	fared
	severalAlike
	passedBefore
	ofOnePart
	numbersMissing
	datesApart
	declinedLater
	restDiffers
	reasons
)

var reasonNames = [reasons]string{
	"the cancel left no trace at Assist", "sent without LookFirst", "its operations fared differently",
	"several that may be it can't be told apart", "an equal one was passed over by a person", "all of one payment of several",
	"numbers were left out", "clocks are apart",
	"declined long after its send", "all of a payment, beside others that changed what was left",
}

func (f reason) String() string { return reasonNames[f] }

// whyUnknown tells by the truth, not by what the SDK says, which of the reasons
// holds.
func (r *run) whyUnknown(a *attempt) reason {
	row, found := a.refund.payment, a.last
	switch {
	case len(a.operations) == 0:
		return noTrace
	case !a.lookFirst:
		return noLook
	case a.divided:
		return fared
	case found == nil && r.scenario.plain:
		return r.whyUnnumbered(a)
	case found != nil && a.listedIn(&assist.Order{Operations: found.Claimed}) && r.equalPassedOver(a):
		return passedBefore // another process still asked about that one, and took these for its
	case found == nil || !a.listedIn(&assist.Order{Operations: found.Candidates}):
		return reasons
	case len(found.Candidates) > len(a.operations) && r.others(a) > 0, r.otherUnnumbered(a):
		return severalAlike
	case r.equalPassedOver(a):
		return passedBefore
	case a.refund.plan.part > 0 && a.refund.plan.amount == (assist.Money{}):
		return ofOnePart
	case row.gaps && len(found.Missing) > 0:
		return numbersMissing
	case r.scenario.clocks.apart():
		return datesApart
	case declinedLate(a):
		return declinedLater
	case a.refund.plan.amount == (assist.Money{}) && (len(row.byHand) > 0 || r.declinedBeside(a)):
		return restDiffers
	}
	return reasons
}

// whyUnnumbered is of a cancel that was accepted by an answer without its number,
// and whose operation is looked for ever since by what is new.
func (r *run) whyUnnumbered(a *attempt) reason {
	switch {
	case r.equalPassedOver(a):
		return passedBefore
	case r.others(a) > 0:
		return severalAlike
	case a.refund.payment.gaps:
		return numbersMissing
	case r.scenario.clocks.apart():
		return datesApart
	case r.datedLate(a):
		return declinedLater // by the server's clock as the look showed it, which was an earlier answer
	}
	return reasons
}

// datedLate tells a cancel whose operation is dated long after its send, by what
// its client knew of the server's clock.
func (r *run) datedLate(a *attempt) bool {
	order, _ := r.server.Order(a.refund.payment.order.Billnumber)
	return slices.ContainsFunc(order.Operations, func(op assist.Operation) bool {
		return slices.Contains(a.operations, op.Billnumber) && op.Date.Sub(a.intent.ServerSentAt) >= besideSend
	})
}

// others counts the operations of other cancels, and those by hand, that the
// attempt could have made by their amount.
func (r *run) others(a *attempt) (n int) {
	row, amount := a.refund.payment, a.refund.plan.amount
	for _, op := range row.order.Operations {
		if op.Type == assist.OperationCancel && (amount == (assist.Money{}) || op.Amount == amount) {
			n++ // from before all, and missing in the look
		}
	}
	for b := range row.byHand {
		if amount == (assist.Money{}) || r.amountOf(b) == amount {
			n++
		}
	}
	for _, owed := range row.refunds {
		for _, other := range owed.truth {
			if other != a && (amount == (assist.Money{}) || owed.plan.amount == amount || owed.plan.amount == (assist.Money{})) {
				n += len(other.operations)
			}
		}
	}
	return n
}

// equalPassedOver tells whether a person has passed over another cancel that could
// have made the attempt's operations: it may still come.
func (r *run) equalPassedOver(a *attempt) bool {
	for _, owed := range a.refund.payment.refunds {
		for _, other := range owed.truth {
			full := owed.plan.amount == (assist.Money{}) || a.refund.plan.amount == (assist.Money{})
			if other != a && other.passedOver && (full || owed.plan.amount == a.refund.plan.amount) {
				return true
			}
		}
	}
	return false
}

// amountOf is what an operation is of, as the server lists it by now.
func (r *run) amountOf(b assist.Billnumber) assist.Money {
	order, _ := r.server.Order(b)
	at := slices.IndexFunc(order.Operations, func(op assist.Operation) bool { return op.Billnumber == b })
	if at < 0 {
		return assist.Money{}
	}
	return order.Operations[at].Amount
}

// besideSend is what an answer takes, and the tolerance of clocks.
const besideSend = 150 * time.Second

// declinedLate tells a cancel that was held up and then declined. A decline proves
// a refusal only beside its send: a later one may be of somebody who has tried by
// hand.
func declinedLate(a *attempt) bool {
	for _, op := range a.last.Candidates {
		if op.State != assist.OperationDeclined || op.Date.Sub(a.intent.ServerSentAt) < besideSend {
			return false
		}
	}
	return true
}

// declinedBeside tells a payment one of whose other cancels was declined in the
// end. While it was in process less was left for a cancel of all, which is not what
// the listing says now.
func (r *run) declinedBeside(a *attempt) bool {
	for _, owed := range a.refund.payment.refunds {
		for _, other := range owed.truth {
			if other != a && len(other.operations) > 0 && r.live(other) == 0 {
				return true
			}
		}
	}
	return false
}
