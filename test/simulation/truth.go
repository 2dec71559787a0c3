package simulation

import (
	"encoding/base64"
	"errors"
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

	underWay    int // requests that the network still holds
	operations  []assist.Billnumber
	verdict     verdict
	toldBy      *process
	closed      bool // in the store, for good
	everUnknown bool
	divided     bool // told that its operations fared differently
	last        *assist.Resolution
	passedOver  bool              // by a person who was shown nothing of it
	mistaken    assist.Billnumber // an equal refund by hand that was taken for it
	reported    []assist.Billnumber
	heard       []assist.Billnumber // reported to whichever program, in time or not
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
	ruleShown      = "a person is shown every operation that may be the cancel's"
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
func (r *run) worked(a *attempt, f *exchangeFault, refused bool) {
	row, before := a.refund.payment, len(a.operations)
	reach := 1 + f.gap
	if f.handAfter != nil {
		reach += f.handAfter.gap
	}
	ours := !refused
	for n := row.last + 1; n <= row.last+reach; n++ {
		b := row.order.Billnumber + assist.Billnumber(fmt.Sprintf(".%d", n))
		if r.server.Moved(b) == (assist.Money{}) {
			continue
		}
		row.gaps = row.gaps || n > row.last+1
		row.last = n
		if !ours {
			// Nobody else can have made it but who refunds inside the exchange.
			row.byHand[b] = true
			r.result.Faults[byHand]++
			continue
		}
		a.operations = append(a.operations, b)
		ours = f.handAfter == nil
	}
	if made := len(a.operations) - before; made > 0 && before > 0 && r.live(a) > 0 {
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
	var all int64
	for b := range row.byHand {
		all += r.server.Moved(b).Minor() + r.server.Pending(b).Minor()
	}
	for _, owed := range row.refunds {
		var sum int64
		paid := 0
		for _, a := range owed.truth {
			live := r.live(a)
			all += live
			if live > 0 && !a.excused() {
				sum += live
				paid++
			}
			if told := a.verdict; live > 0 && a.mistaken == "" && (told == toldRefused || told == toldNotSent) {
				r.found(ruleRefusal, "%v was told to be %v, and %d minor units moved or are pending", a, told, live)
			}
		}
		if paid > 1 || owed.plan.amount != (assist.Money{}) && sum > owed.plan.amount.Minor() {
			r.found(ruleRefundOnce, "refund %d of %v went back %d times: %d minor units", owed.index, owed.plan.amount, paid, sum)
		}
	}
	if all > row.limit {
		r.found(rulePayment, "%d of %d minor units of payment %d", all, row.limit, row.number)
	}
}

// excused tells an attempt that nobody but a person has let be made again: one who
// was shown nothing of it, or who has made an equal refund by hand.
func (a *attempt) excused() bool { return a.passedOver || a.mistaken != "" }

// telling is what a merchant's program was told about an attempt.
type telling struct {
	verdict    verdict
	operations []assist.Operation // that were reported as the attempt's
	order      *assist.Order      // that was seen with it; nil: none
	err        error
}

// told takes note of what the merchant's program was told, and checks it.
func (r *run) told(by *process, a *attempt, t telling) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := t.verdict
	for _, op := range t.operations {
		a.heard = append(a.heard, op.Billnumber)
	}
	if v != toldNotSent && a.refund.open != a && a.closed {
		// Somebody else has closed it meanwhile, and what is found out about an
		// intent that isn't open any more goes nowhere.
		return
	}
	r.result.Verdicts[v]++
	r.event("told", a.refund.index, a.number, int(v))
	r.say("%v is told %v, its operations are %v: %v", a, v, a.operations, t.err)
	a.everUnknown = a.everUnknown || v == toldUnknown
	r.checkOperations(a, t)
	r.checkVerdict(a, v)
	was, no := a.verdict, a.verdict == toldRefused || a.verdict == toldNotSent
	switch {
	case a.mistaken != "":
		a.verdict, a.toldBy = v, by
	case was == toldDone && (v == toldRefused || v == toldNotSent), no && v != was && (v != toldInProcess || by == a.toldBy):
		r.found(ruleKnown, "%v was %v and became %v", a, was, v)
	case was != toldDone && !no:
		// Another process may still hear "in process", from an old listing, when one
		// knows better or has died of knowing it. What was known stays.
		a.verdict, a.toldBy = v, by
	}
	r.checkPayment(a.refund.payment)
}

// checkVerdict compares what was told with what has moved.
func (r *run) checkVerdict(a *attempt, v verdict) {
	live := r.live(a)
	switch v {
	case toldDone:
		var moved int64
		for _, b := range append(a.operations, a.mistaken) {
			moved += r.server.Moved(b).Minor()
		}
		if moved == 0 || moved < live {
			r.found(ruleSuccess, "%v was told to be done, and %d of %d minor units moved", a, moved, live)
		}
	case toldInProcess:
		if len(a.operations) == 0 && a.mistaken == "" {
			r.found(ruleSuccess, "%v was told to be in process, and the server knows nothing of it", a)
		}
	case toldRefused, toldNotSent:
		if a.mistaken == "" && (live > 0 || a.underWay > 0) {
			r.found(ruleRefusal, "%v was told to be %v, with %d minor units moved or pending and %d requests under way", a, v, live, a.underWay)
		}
	}
}

// checkOperations holds that the operations which are reported are those that
// were made. One thing can't be told by numbers: an equal refund that somebody
// made by hand after the look, while the cancel's own operation isn't listed.
func (r *run) checkOperations(a *attempt, t telling) {
	reported := t.operations
	var declined *assist.DeclinedError
	if errors.As(t.err, &declined) {
		reported = []assist.Operation{declined.Operation}
	}
	for _, op := range reported {
		b := op.Billnumber
		// A full cancel without LookFirst can't tell another recent cancel in its
		// answer from its own, so of these the newest is looked at.
		if a.refund.plan.amount == (assist.Money{}) && b != reported[len(reported)-1].Billnumber {
			continue
		}
		if b.Operation() == 0 || slices.Contains(a.operations, b) || declined != nil && a.besideAnothersDecline(b) {
			continue
		}
		if a.mistaken == "" && r.ofPassedOver(a, b) {
			r.result.Revived++
			a.mistaken = b
		}
		if a.mistaken == b || a.refund.payment.othersMade(b) && !a.listedIn(t.order) && !a.numbersTell(b) && a.makesUp(reported, t.order) &&
			(declined == nil || a.besideSend(op)) {
			if a.mistaken == "" {
				r.result.Mistaken++
				a.mistaken = b
			}
			continue
		}
		r.found(ruleOperation, "%v was told to be %s, its own are %v", a, b, a.operations)
	}
	for _, op := range reported {
		if !slices.Contains(a.reported, op.Billnumber) {
			a.reported = append(a.reported, op.Billnumber)
		}
	}
}

// besideAnothersDecline tells a true refusal that names another's decline. Without
// LookFirst a cancel of everything can't tell which of the declined operations of its
// answer is its own, and no money hangs on it.
func (a *attempt) besideAnothersDecline(b assist.Billnumber) bool {
	return a.refund.plan.amount == (assist.Money{}) && !a.lookFirst && a.refund.payment.byHand[b]
}

// othersMade tells an operation that is none of the refunds': made by hand, or just
// before all that is played.
func (p *payment) othersMade(b assist.Billnumber) bool {
	return p.byHand[b] || names(p.order.Operations, b)
}

// ofPassedOver tells an operation of a cancel that a person has called never come,
// or for which a refund by hand was taken: of an equal one that is sent later it
// can look like the own.
func (r *run) ofPassedOver(a *attempt, b assist.Billnumber) bool {
	for _, owed := range a.refund.payment.refunds {
		for _, other := range owed.truth {
			if other != a && other.excused() && slices.Contains(other.operations, b) {
				return true
			}
		}
	}
	return false
}

// numbersTell tells whether the operation leaves out a number of the attempt's own:
// the order had no gaps when it was looked at, so the gap says that something isn't
// listed yet.
func (a *attempt) numbersTell(b assist.Billnumber) bool {
	for i, before := range a.intent.Before {
		if before.Operation() != i+1 {
			return false
		}
	}
	return len(a.intent.Before) > 0 && slices.ContainsFunc(a.operations, func(own assist.Billnumber) bool { return own.Operation() < b.Operation() })
}

// besideSend tells a decline that may be the attempt's by its date as well.
func (a *attempt) besideSend(op assist.Operation) bool {
	const answered = 150 * time.Second // what an answer takes, and the tolerance of clocks
	sent := a.intent.ServerSentAt
	return !op.Date.Before(sent.Add(-time.Minute)) && !op.Date.After(sent.Add(a.intent.ServerSlack+answered))
}

// makesUp tells whether what is reported of a cancel of everything is what was left
// beside the other cancels that are listed.
func (a *attempt) makesUp(reported []assist.Operation, o *assist.Order) bool {
	row := a.refund.payment
	if a.refund.plan.amount != (assist.Money{}) || o == nil {
		return true
	}
	left := row.limit
	for _, op := range o.Operations {
		if op.Type == assist.OperationCancel && op.State != assist.OperationDeclined && !names(row.order.Operations, op.Billnumber) && !names(reported, op.Billnumber) {
			left -= op.Amount.Minor()
		}
	}
	var sum int64
	for _, op := range reported {
		sum += op.Amount.Minor()
	}
	return sum == left
}

// listedIn tells whether any of the attempt's operations stands in the order.
func (a *attempt) listedIn(o *assist.Order) bool {
	return o != nil && slices.ContainsFunc(o.Operations, func(op assist.Operation) bool { return slices.Contains(a.operations, op.Billnumber) })
}

func (a *attempt) String() string {
	return fmt.Sprintf("refund %d (%v, %v) attempt %d", a.refund.index, a.refund.payment.order.Billnumber, a.refund.plan.amount, a.number)
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
