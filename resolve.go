package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Resolution is what [Client.Resolve] found out about an intent.
type Resolution struct {
	// Outcome is Accepted, with Cancellation; Rejected, with Err; or Unknown.
	Outcome      Outcome
	Cancellation *Cancellation
	Err          error
	// Candidates are the operations that may be the intent's, where it can't be
	// told. Empty with Unknown means that nothing has been seen yet.
	Candidates []Operation
	// Claimed are operations that would be candidates, but are known to this client
	// to belong to other cancels.
	Claimed []Operation
	// Missing are numbers that the listing skips, although the order had no gaps
	// before: an operation that isn't listed yet may have one of them, and may be
	// the intent's. At most twenty are named.
	Missing []Billnumber
	// Order is the payment's order as it was listed.
	Order *Order
}

// Resolve finds out what became of a cancel whose outcome is unknown, by what is
// new on its order. It only asks.
//
//   - Accepted: the cancel was performed. Follow the Cancellation if it is in
//     process.
//   - Rejected: Assist declined it; Err is a [*DeclinedError].
//   - Unknown without Candidates: nothing has been seen. The cancel may not have
//     arrived, or may be listed late. Ask again; see [Client.ResolveWait].
//   - Unknown with Candidates: several operations may be ours, or one that can't
//     be told from another's. A person has to choose.
//
// Only an intent made with [LookFirst] can become Accepted or Rejected: what is
// new is known by the numbers of operations, and no date proves it, because the
// clocks behind the answers and those of the machines are several.
//
// Time proves nothing: however long nothing is seen, the SDK never calls the
// cancel failed and never sends it again. When a person has decided, say it by
// [Client.Decide], or cancel again with [DespiteUnknown]. Until then the client refuses to cancel the
// payment, from before the question is asked: an intent that is resolved is
// remembered like one that this client sent, unless the client knows that it is
// settled.
//
// Where a payment has several stored intents, resolve the newest first: an
// operation that a later cancel may have made is no certain candidate for an
// earlier one, and only a client that has met the later one knows of it.
//
// A question that failed is a [*FollowError] and says nothing.
func (c *Client) Resolve(ctx context.Context, in Intent) (*Resolution, error) {
	if err := c.ownsIntent(in); err != nil {
		return nil, err
	}
	c.payments.remember(in)
	s := c.look(ctx, &in, windowOf(in.Request.OrderDate))
	return c.resolution(ctx, in, s)
}

// ResolveWait asks as [Client.Resolve] does, at once and then at the pace of
// [Client.Wait], until the outcome is known or max is over. An answer that came
// too late to be seen at first is found so. The last Resolution is given when
// max is over, with outcome Unknown; the error of the last question when none
// was answered. However small max is, it asks once, and gives that question up to
// ten seconds.
func (c *Client) ResolveWait(ctx context.Context, in Intent, max time.Duration, opts ...WaitOption) (*Resolution, error) {
	if err := c.ownsIntent(in); err != nil {
		return nil, err
	}
	c.payments.remember(in)
	var last *Resolution
	p := c.polling(&in, windowOf(in.Request.OrderDate), max, opts)
	_, err := p.run(ctx, func(ctx context.Context, s *sighting) (bool, *Cancellation, error) {
		r, err := c.resolution(ctx, in, s)
		if err != nil {
			return false, nil, err
		}
		last = r
		return last.Outcome != Unknown, last.Cancellation, last.Err
	})
	switch {
	case err != nil:
		return nil, err
	case last != nil:
		return last, nil
	case p.lastErr != nil:
		return nil, p.lastErr
	}
	return nil, questionError(errors.New("the time was over before the first answer"))
}

func (c *Client) ownsIntent(in Intent) error {
	if in.ID == "" || in.SentAt.IsZero() {
		return questionError(errors.New("an Intent must come from SaveIntent, an UnknownOutcomeError or ParseIntent"))
	}
	if in.MerchantID != c.keys.merchantID {
		return questionError(fmt.Errorf("the intent belongs to merchant %s", in.MerchantID))
	}
	return nil
}

// resolution judges one listing and keeps the client's memory of unresolved
// cancels in step.
func (c *Client) resolution(ctx context.Context, in Intent, s *sighting) (*Resolution, error) {
	if err := s.of(in); err != nil {
		return nil, err
	}
	r, own := c.decide(in, s.order)
	r.Order = s.order
	if r.Outcome == Unknown {
		return r, nil
	}
	// Claimed before it is forgotten: a cancel that waits for this one must know
	// the operations.
	c.payments.claim(in, own)
	c.payments.forget(in)
	c.settle(ctx, in.ID, r.Outcome, r.Cancellation)
	return r, nil
}

// decide says what a listing proves about an intent, and by which operations.
func (c *Client) decide(in Intent, order *Order) (*Resolution, []Operation) {
	f := c.sift(in, order)
	unknown := &Resolution{Outcome: Unknown, Candidates: f.certain, Claimed: f.claimed, Missing: f.missing}
	if len(f.doubtful) > 0 {
		unknown.Candidates = append(f.certain, f.doubtful...)
	}
	switch {
	case len(f.certain) == 0, len(f.doubtful) > 0, len(f.missing) > 0:
		return unknown, nil
	case in.Full && !in.makeUpTheRest(f.certain, order):
		return unknown, nil
	case !in.Full && len(f.certain) > 1:
		return unknown, nil
	}
	v := c.judgeOperations(in, *order, f.certain, followedStage)
	switch {
	case v.outcome == Accepted:
		return &Resolution{Outcome: Accepted, Cancellation: v.cancellation, Claimed: f.claimed}, v.own
	case v.outcome == Rejected && in.mayEndWithAll(f.certain):
		return &Resolution{Outcome: Rejected, Err: v.err, Claimed: f.claimed}, v.own
	}
	return unknown, nil
}

func (in Intent) mayEndWithAll(operations []Operation) bool {
	for i := range operations {
		if !in.mayEndWith(&operations[i]) {
			return false
		}
	}
	return true
}

// findings are the cancels on an order that may be an intent's.
type findings struct {
	certain  []Operation // new by their numbers, and nothing speaks against them
	doubtful []Operation
	claimed  []Operation // other cancels'
	missing  []Billnumber
}

// sift finds the cancels on the order that may be the intent's: of a possible
// amount, and not known before. Nothing else hides one from the person who may
// have to choose. Doubtful are all of an intent that didn't look, those that
// another cancel may have made, and those numbered or dated before the look: that
// lacked an operation then, or the clocks are apart.
func (c *Client) sift(in Intent, order *Order) (f findings) {
	known, claimed := in.known(), c.payments.claimedByOthers(in)
	newest, rivals := in.newestKnown(), rivalsOf(c.payments.rivals(in))
	for i := range order.Operations {
		op := &order.Operations[i]
		switch {
		case op.Type != OperationCancel, known[op.Billnumber], !in.possibleAmount(op.Amount):
		case claimed[op.Billnumber]:
			f.claimed = append(f.claimed, *op)
		case in.Before == nil, op.numberedBefore(newest), in.datedBeforeLook(op), rivals.mayOwn(op):
			f.doubtful = append(f.doubtful, *op)
		default:
			if f.certain == nil && in.Full {
				f.certain = make([]Operation, 0, len(order.Operations)-i)
			}
			f.certain = append(f.certain, *op)
		}
	}
	f.missing = in.missingIn(order, known, claimed)
	return f
}

// rivals are other cancels of a payment, with what each of them can't have made.
type rivals []rival

type rival struct {
	intent Intent
	known  map[Billnumber]bool
}

func rivalsOf(intents []Intent) rivals {
	all := make(rivals, len(intents))
	for i, in := range intents {
		all[i] = rival{in, in.known()}
	}
	return all
}

func (all rivals) mayOwn(op *Operation) bool {
	for _, r := range all {
		if r.intent.possibleAmount(op.Amount) && !r.known[op.Billnumber] {
			return true
		}
	}
	return false
}

// maxMissing bounds how many numbers are named.
const maxMissing = 20

// missingIn finds the numbers that the listing skips and that nobody knows of. An
// order whose operations were numbered without gaps when it was looked at keeps to
// that (protocol §3, inferred), so what is skipped isn't listed yet. Of an order
// that had gaps, or operations without a number, it can't be told.
func (in Intent) missingIn(order *Order, known, claimed map[Billnumber]bool) (missing []Billnumber) {
	if len(in.Before) == 0 || !gapless(in.Before) {
		return nil
	}
	listed := make([]int, 0, len(order.Operations))
	for i := range order.Operations {
		listed = append(listed, order.Operations[i].Billnumber.Operation())
	}
	slices.Sort(listed)
	payment := in.Request.Billnumber.Payment()
	last := 0
	for _, number := range listed {
		for n := last + 1; n < number && len(missing) < maxMissing; n++ {
			b := payment + Billnumber("."+strconv.Itoa(n))
			if !known[b] && !claimed[b] {
				missing = append(missing, b)
			}
		}
		last = max(last, number)
	}
	return missing
}

// gapless tells operations that have all the numbers from 1.
func gapless(operations []Billnumber) bool {
	numbers := make([]int, len(operations))
	for i, b := range operations {
		numbers[i] = b.Operation()
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != i+1 {
			return false
		}
	}
	return true
}

// makeUpTheRest tells whether the operations are all that was left of the
// payments beside the order's other cancels. Less than that is somebody's part,
// and more is not one cancel's.
func (in Intent) makeUpTheRest(own []Operation, o *Order) bool {
	if len(own) > mostOperationsOf(o) {
		return false // one of them is somebody's, even where the sum fits
	}
	if in.Request.Billnumber.Operation() != 0 && paymentsOf(o) > 1 {
		return false // of which of the payments a cancel was isn't listed
	}
	holdings := holdingsOf(o.Operations, namesOf(own))
	for i := range o.Operations {
		// A currency that can't be computed may have anything left.
		op := &o.Operations[i]
		if _, computed := holdings[op.Amount.Currency()]; !computed && isPaid(*op) {
			return false
		}
	}
	for i := range own {
		if _, computed := holdings[own[i].Amount.Currency()]; !computed {
			return false
		}
	}
	for currency, h := range holdings {
		if sumOf(own, currency) != h.left() {
			return false
		}
	}
	return true
}

// answerTime is how long after the send a cancel that arrived at once may still
// be worked on: the SDK's own transport gives up then.
const answerTime = 90 * time.Second

// datedBesideSend tells an operation that is dated, within the tolerance of two
// clocks, between the send and the end of the time in which it is answered.
func (in Intent) datedBesideSend(op *Operation) bool {
	if in.ServerSentAt.IsZero() || op.Date.IsZero() {
		return false
	}
	first := in.ServerSentAt.Add(-clockTolerance)
	last := in.ServerSentAt.Add(in.ServerSlack + answerTime + clockTolerance)
	return !op.Date.Before(first) && !op.Date.After(last)
}

// mayEndWith tells whether an operation that is the cancel's by what is new may say
// how the cancel ended. A declined one may be somebody's attempt while the cancel's
// own isn't listed yet: unless it is dated beside the send, calling it the cancel's
// could be a false "failed".
func (in Intent) mayEndWith(op *Operation) bool {
	return followedStage(*op) != stageDeclined || in.datedBesideSend(op)
}

// datedBeforeLook tells an operation that is dated before the look which didn't
// list it: the look was an old one, or the clocks are apart. One without a date
// can't be told from such a one.
func (in Intent) datedBeforeLook(op *Operation) bool {
	return op.Date.IsZero() || op.Date.Before(in.LookedAt.Add(-clockTolerance))
}
