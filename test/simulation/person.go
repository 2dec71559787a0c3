package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/assist-go/assist"
)

// shown takes note of what a person would be shown of an unknown cancel, and holds
// that nothing is hidden: of the operations listed, all that the cancel has made
// are candidates, unless they are known to be another's.
func (r *run) shown(a *attempt, found *assist.Resolution) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.last = found
	for _, op := range found.Order.Operations {
		if !slices.Contains(a.operations, op.Billnumber) || names(found.Candidates, op.Billnumber) {
			continue
		}
		if !names(found.Claimed, op.Billnumber) || !r.reportedOfAnother(a, op.Billnumber) {
			r.found(ruleShown, "%v is unknown, its operation %s is listed, and the candidates are %v", a, op.Billnumber, billnumbers(found.Candidates))
		}
	}
}

// reportedOfAnother tells an operation that somebody was told to be another
// cancel's.
func (r *run) reportedOfAnother(a *attempt, b assist.Billnumber) bool {
	for _, owed := range a.refund.payment.refunds {
		for _, other := range owed.truth {
			if other != a && (slices.Contains(other.reported, b) || slices.Contains(other.heard, b)) {
				return true
			}
		}
	}
	return false
}

func names(operations []assist.Operation, b assist.Billnumber) bool {
	return slices.ContainsFunc(operations, func(op assist.Operation) bool { return op.Billnumber == b })
}

// decision is what a person makes of an unknown cancel.
type decision int

const (
	leaves decision = iota
	neverCame
	itWas
)

// callPerson leaves an unknown cancel to a person. Half of these wait for Assist's
// support; the others decide by what they are shown, and tell the client.
func (w *worker) callPerson(a *attempt, found *assist.Resolution) {
	if w.dice(9, a.number).percent(50) && w.run.elapsed() < latestRetry && w.habit() == Careful {
		switch decided, op := w.run.personDecides(a, found); decided {
		case neverCame:
			if w.tellDecision(a, assist.NeverCame()) != nil && w.run.store.personClosed(a) {
				w.run.count(&w.run.result.ByPersons)
				return
			}
		case itWas:
			if r := w.tellDecision(a, assist.ItWas(op.Billnumber)); r != nil {
				w.run.count(&w.run.result.Chosen)
				w.resolved(a, r)
				return
			}
		}
	}
	w.run.store.close(a, atPerson, "")
}

// tellDecision tells the client what a person has decided. It is refused where
// Assist says otherwise meanwhile.
func (w *worker) tellDecision(a *attempt, d assist.Decision) *assist.Resolution {
	ctx, stop := w.asking()
	defer stop()
	r, err := w.client.Decide(ctx, a.intent, d)
	w.untie()
	w.step()
	w.run.checkError(err)
	return r
}

func (r *run) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

// personDecides plays somebody who sees the candidates, what is claimed and what is
// missing, the order in the personal account, what other cancels were reported
// as, and who knows what was refunded by hand. Where anything else may be it, the
// person decides nothing.
func (r *run) personDecides(a *attempt, found *assist.Resolution) (decision, assist.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row, full := a.refund.payment, a.refund.plan.amount == (assist.Money{})
	if r.otherOpen(a) || r.otherUnnumbered(a) || len(found.Missing) > 0 && !row.gaps {
		return leaves, assist.Operation{}
	}
	account, _ := r.server.Order(row.order.Billnumber)
	var unexplained []assist.Operation
	for _, op := range account.Operations {
		explained := op.Type != assist.OperationCancel || row.byHand[op.Billnumber] || names(row.order.Operations, op.Billnumber) ||
			slices.Contains(a.intent.Before, op.Billnumber) || r.reportedOfAnother(a, op.Billnumber)
		if !explained && (full || op.Amount == a.refund.plan.amount) {
			unexplained = append(unexplained, op)
		}
	}
	switch {
	case len(unexplained) == 0 && len(found.Candidates) == 0:
		return neverCame, assist.Operation{}
	case len(unexplained) == 1 && names(found.Candidates, unexplained[0].Billnumber):
		return itWas, unexplained[0]
	}
	return leaves, assist.Operation{}
}

// otherOpen tells whether another cancel of the payment is unknown as well, or was
// passed over.
func (r *run) otherOpen(a *attempt) bool {
	for _, owed := range a.refund.payment.refunds {
		for _, other := range owed.truth {
			if other != a && other.intent.ID != "" && (!other.closed || other.passedOver || other.refund.left == other) {
				return true
			}
		}
	}
	return false
}

// otherUnnumbered tells whether another cancel of the payment was reported without
// the number of each of its operations, so that any listed one may be that
// cancel's. A refusal names one, also where all of several payments was declined.
func (r *run) otherUnnumbered(a *attempt) bool {
	for _, owed := range a.refund.payment.refunds {
		for _, other := range owed.truth {
			unnamed := !other.numbered() || len(other.operations) > len(other.reported)
			if other != a && len(other.reported) > 0 && unnamed {
				return true
			}
		}
	}
	return false
}

func billnumbers(operations []assist.Operation) (all []string) {
	for _, op := range operations {
		all = append(all, fmt.Sprintf("%s(%s %s %s)", op.Billnumber, op.State, op.Amount, op.Date.Format(time.DateTime)))
	}
	return all
}
