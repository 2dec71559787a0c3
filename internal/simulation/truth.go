package simulation

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
)

// attempt is one cancel as the checker sees it: what was sent, what the server
// did, and what the merchant was told.
type attempt struct {
	refund    *refund
	number    int
	lookFirst bool
	intent    assist.Intent

	underWay   int // requests that the network still holds
	operations []assist.Billnumber
	verdict    verdict
	toldBy     *process
	closed     bool // in the store, for good
	divided    bool // told that its operations fared differently
	candidates []assist.Operation
}

// verdict is what a merchant was told about an attempt.
type verdict int

const (
	untold verdict = iota
	toldUnknown
	toldInProcess
	toldDone
	toldRefused
	toldNotSent
	verdicts
)

var verdictNames = [verdicts]string{"untold", "unknown", "in process", "done", "refused", "not sent"}

func (v verdict) String() string { return verdictNames[v] }

// Finding is one broken promise.
type Finding struct {
	Seed uint64
	At   time.Duration // of the scenario
	Rule string
	Text string
}

func (f Finding) String() string {
	return fmt.Sprintf("seed %d, after %v: %s: %s", f.Seed, f.At, f.Rule, f.Text)
}

// The rules.
const (
	ruleOnce       = "money moves at most once per intent"
	ruleRefundOnce = "a refund is paid at most once"
	rulePayment    = "refunds never exceed the payment"
	ruleSuccess    = "reported success: it moved"
	ruleRefusal    = "reported refusal: it did not move and never will"
	ruleOperation  = "the operation reported is the one that was made"
	ruleKnown      = "every intent ends known, or openly unknown"
	ruleLiveness   = "once faults stop, every intent becomes known"
	ruleSecret     = "no secret in a log line, an error or a token"
	ruleClosed     = "a payment is closed while a cancel is unknown"
	rulePanic      = "nothing panics"
)

// found notes a finding. The mutex of the run is held.
func (r *run) found(rule, format string, args ...any) {
	const enough = 5
	r.say("FOUND %s: %s", rule, fmt.Sprintf(format, args...))
	if len(r.result.Findings) < enough {
		r.result.Findings = append(r.result.Findings, Finding{r.scenario.Seed, r.elapsed(), rule, fmt.Sprintf(format, args...)})
	}
}

// newAttempt begins an attempt of a refund.
func (r *run) newAttempt(row *refund, lookFirst bool) *attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	row.attempts++
	a := &attempt{refund: row, number: row.attempts, lookFirst: lookFirst}
	row.truth = append(row.truth, a)
	return a
}

// worked takes note of what a request of an attempt has made, by asking for the
// next numbers of its order: those that aren't listed yet are found as well. The
// mutex of the run is held.
func (r *run) worked(a *attempt) {
	row := a.refund.payment
	made := 0
	for {
		b := assist.Billnumber(fmt.Sprintf("%s.%d", row.order.Billnumber, row.operations+1))
		if r.server.Moved(b) == (assist.Money{}) {
			break
		}
		row.operations++
		a.operations = append(a.operations, b)
		made++
	}
	if made > 0 && len(a.operations) > made && r.live(a) > 0 {
		r.found(ruleOnce, "%v was performed twice: %v", a, a.operations)
	}
	r.checkPayment(row)
}

// live is what an attempt has moved or may still move, in minor units.
func (r *run) live(a *attempt) (sum int64) {
	for _, b := range a.operations {
		sum += r.server.Moved(b).Minor() + r.server.Pending(b).Minor()
	}
	return sum
}

// checkPayment is done after every step that can change it. The mutex of the run
// is held.
func (r *run) checkPayment(row *payment) {
	all := r.server.Moved(row.order.Billnumber).Minor() + r.server.Pending(row.order.Billnumber).Minor()
	if all > row.plan.amount.Minor() {
		r.found(rulePayment, "%d of %d minor units of payment %d", all, row.plan.amount.Minor(), row.number)
	}
	for _, owed := range row.refunds {
		var sum int64
		paid := 0
		for _, a := range owed.truth {
			live := r.live(a)
			sum += live
			if live > 0 {
				paid++
			}
			if told := a.verdict; live > 0 && (told == toldRefused || told == toldNotSent) {
				r.found(ruleRefusal, "%v was told to be %v, and %d minor units moved or are pending", a, told, live)
			}
		}
		if paid > 1 || owed.plan.amount != (assist.Money{}) && sum > owed.plan.amount.Minor() {
			r.found(ruleRefundOnce, "refund %d of %v went back %d times: %d minor units", owed.index, owed.plan.amount, paid, sum)
		}
	}
}

// told takes note of what the merchant's program was told, and checks it.
func (r *run) told(by *process, a *attempt, v verdict, operations []assist.Operation, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v != toldNotSent && a.refund.open != a && a.closed {
		// Somebody else has closed it meanwhile, and what is found out about an
		// intent that isn't open any more goes nowhere.
		return
	}
	r.result.Verdicts[v]++
	r.event("told", a.refund.index, a.number, int(v))
	live := r.live(a)
	r.say("%v is told %v, its operations are %v: %v", a, v, a.operations, err)
	switch v {
	case toldDone:
		var moved int64
		for _, b := range a.operations {
			moved += r.server.Moved(b).Minor()
		}
		if moved == 0 || moved != live {
			r.found(ruleSuccess, "%v was told to be done, and %d of %d minor units moved", a, moved, live)
		}
	case toldInProcess:
		if len(a.operations) == 0 {
			r.found(ruleSuccess, "%v was told to be in process, and the server knows nothing of it", a)
		}
	case toldRefused, toldNotSent:
		if live > 0 || a.underWay > 0 {
			r.found(ruleRefusal, "%v was told to be %v, with %d minor units moved or pending and %d requests under way", a, v, live, a.underWay)
		}
	}
	for _, op := range operations {
		// A full cancel without LookFirst can't tell another recent cancel in its
		// answer from its own, so of these the newest is looked at.
		if a.refund.plan.amount == (assist.Money{}) && op.Billnumber != operations[len(operations)-1].Billnumber {
			continue
		}
		if op.Billnumber.Operation() != 0 && !slices.Contains(a.operations, op.Billnumber) {
			r.found(ruleOperation, "%v was told to be %s, its own are %v", a, op.Billnumber, a.operations)
		}
	}
	was, no := a.verdict, a.verdict == toldRefused || a.verdict == toldNotSent
	switch {
	case was == toldDone && (v == toldRefused || v == toldNotSent), no && v != was && (v != toldInProcess || by == a.toldBy):
		r.found(ruleKnown, "%v was %v and became %v", a, was, v)
	case was != toldDone && !no:
		// Another process may still hear "in process", from an old listing, when one
		// knows better or has died of knowing it. What was known stays.
		a.verdict, a.toldBy = v, by
	}
	r.checkPayment(a.refund.payment)
}

func (a *attempt) String() string {
	return fmt.Sprintf("refund %d (%v, %v) attempt %d", a.refund.index, a.refund.payment.order.Billnumber, a.refund.plan.amount, a.number)
}

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
			for _, a := range owed.truth {
				r.endOf(owed, a)
			}
			if r.scenario.Habit == Careful && r.scenario.calm > 0 && !owed.state.final() {
				r.found(ruleLiveness, "refund %d is still %v", owed.index, owed.state)
			}
		}
	}
}

func (r *run) endOf(owed *refund, a *attempt) {
	var moved int64
	for _, b := range a.operations {
		moved += r.server.Moved(b).Minor()
	}
	if a.verdict == toldDone && moved == 0 {
		r.found(ruleSuccess, "%v was told to be done, and at the end nothing has moved", a)
	}
	if owed.left != a || r.scenario.Habit != Careful || r.scenario.calm == 0 {
		return
	}
	// Openly unknown for good: only what left nothing on the order that could be
	// told from other operations.
	switch {
	case len(a.operations) == 0:
		r.result.WithoutTrace++
	case !a.lookFirst:
		r.result.WithoutLook++
	case a.divided:
		r.result.Divided++
	case r.alike(a) > 1 && len(a.candidates) > 1:
		r.result.Alike++
	case declinedLate(a):
		r.result.DeclinedLate++
	case a.refund.plan.amount == (assist.Money{}) && r.declinedBeside(a):
		r.result.BesideDeclined++
	default:
		r.found(ruleLiveness, "%v was performed as %v and stayed unknown", a, a.operations)
	}
}

// declinedLate tells a cancel that was held up and then declined. A decline proves
// a refusal only beside its send: a later one may be of somebody who has tried by
// hand.
func declinedLate(a *attempt) bool {
	const beside = 150 * time.Second // what an answer takes, and the tolerance of clocks
	for _, op := range a.candidates {
		if op.State != assist.OperationDeclined || op.Date.Sub(a.intent.ServerSentAt) < beside {
			return false
		}
	}
	return len(a.candidates) > 0
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

// alike counts the cancels of a payment that are as much as this one.
func (r *run) alike(a *attempt) (n int) {
	for _, owed := range a.refund.payment.refunds {
		for _, other := range owed.truth {
			if owed.plan.amount == a.refund.plan.amount {
				n += len(other.operations)
			}
		}
	}
	return n
}

// checkText looks for secrets in what a merchant might log or store.
func (r *run) checkText(where, text string) {
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			r.mu.Lock()
			r.found(ruleSecret, "%s holds %q", where, secret)
			r.mu.Unlock()
		}
	}
}

func (r *run) checkError(err error) {
	if err != nil {
		r.checkText("an error", err.Error())
	}
}

func (r *run) checkToken(token string) {
	r.checkText("a token", token)
	_, packed, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		r.mu.Lock()
		r.found(ruleKnown, "a token that can't be read: %v", err)
		r.mu.Unlock()
	}
	r.checkText("a token", string(raw))
}

// neverArrived is what a person learns who asks Assist about a cancel.
func (r *run) neverArrived(a *attempt) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(a.operations) > 0 || a.underWay > 0 {
		return false
	}
	r.result.ByPersons++
	return true
}

// attemptOf finds the attempt of an intent.
func (r *run) attemptOf(in assist.Intent) *attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range r.store.payments {
		for _, owed := range row.refunds {
			for _, a := range owed.truth {
				if a.intent.ID == in.ID {
					return a
				}
			}
		}
	}
	return nil
}
