package simulation

import (
	"slices"

	"github.com/assist-go/assist"
)

// learned is what the store tells of another cancel of a payment.
type learned struct {
	intent     assist.Intent
	operations []assist.Billnumber
}

// learn tells the client what other cancels of the payment have made, whichever
// process has found it out.
func (w *worker) learn() {
	if !w.run.scenario.merchants[w.process.host.merchant].learns || w.habit() != Careful {
		return
	}
	known, clean := w.run.learned(w.refund.payment)
	for _, other := range known {
		if err := w.client.Learn(other.intent, other.operations...); err != nil && clean {
			w.note(ruleKnown, "what intent %s has made can't be learned: %v", other.intent.ID, err)
		}
	}
}

// learned gives the cancels of a payment that were reported by the numbers of
// their operations. It isn't clean where refunds by hand were taken for some.
func (r *run) learned(row *payment) (known []learned, clean bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clean = true
	for _, owed := range row.refunds {
		for _, a := range owed.truth {
			clean = clean && a.mistaken == "" && !a.passedOver
			if len(a.reported) > 0 && a.numbered() && a.intent.ID != "" {
				known = append(known, learned{a.intent, slices.Clone(a.reported)})
			}
		}
	}
	return known, clean
}

func (a *attempt) numbered() bool {
	return !slices.ContainsFunc(a.reported, func(b assist.Billnumber) bool { return b.Operation() == 0 })
}

// allLearned tells whether all that was sent of a payment before the attempt is
// known by its operations' numbers, so that no rest is needed between two
// processes. The mutex of the run is held.
func (r *run) allLearned(row *payment, before *attempt) bool {
	if !r.scenario.merchants[row.merchant].learns || !before.lookFirst || len(row.passedOver) > 0 {
		return false
	}
	for _, owed := range row.refunds {
		for _, a := range owed.truth {
			sent := a != before && a.intent.ID != "" && a.verdict != toldNotSent
			if sent && (!a.closed && a.verdict != toldInProcess || !a.numbered() || a.verdict == toldUnknown || a.everUnknown && len(a.reported) == 0) {
				return false
			}
		}
	}
	return true
}
