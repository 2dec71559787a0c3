package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// Order is the payment's order as it was listed.
	Order *Order
}

// Resolve finds out what became of a cancel whose outcome is unknown, by what is
// new on its order. It only asks.
//
//   - Accepted: the cancel was performed. Follow the Cancellation if it is in
//     process.
//   - Rejected: Assist declined it; Err is a [*DeclinedError]. This can be told
//     only of an intent made with [LookFirst].
//   - Unknown without Candidates: nothing has been seen. The cancel may not have
//     arrived, or may be listed late. Ask again; see [Client.ResolveWait].
//   - Unknown with Candidates: several operations may be ours, or one that can't
//     be told from another's. A person has to choose.
//
// Time proves nothing: however long nothing is seen, the SDK never calls the
// cancel failed and never sends it again. When a person has decided, cancel
// again with [DespiteUnknown]. Until then the client refuses to cancel the
// payment: an intent that stays Unknown here is remembered like one that this
// client sent.
//
// Where a payment has several stored intents, resolve the newest first: an
// operation that a later cancel may have made is no certain candidate for an
// earlier one, and only a client that has met the later one knows of it.
//
// A question that failed is a [*FollowError] and leaves everything as it was.
func (c *Client) Resolve(ctx context.Context, in Intent) (*Resolution, error) {
	if err := c.ownsIntent(in); err != nil {
		return nil, err
	}
	s := c.look(ctx, &in, c.windowOf(in.Request.OrderDate))
	if s.err != nil {
		return nil, s.err
	}
	return c.resolution(ctx, in, s), nil
}

// ResolveWait asks as [Client.Resolve] does, at once and then at the pace of
// [Client.Wait], until the outcome is known or max is over. An answer that came
// too late to be seen at first is found so. The last Resolution is given when
// max is over, with outcome Unknown; the error of the last question when none
// was answered.
func (c *Client) ResolveWait(ctx context.Context, in Intent, max time.Duration, opts ...WaitOption) (*Resolution, error) {
	if err := c.ownsIntent(in); err != nil {
		return nil, err
	}
	var last *Resolution
	p := c.polling(&in, c.windowOf(in.Request.OrderDate), max, opts)
	_, err := p.run(ctx, func(ctx context.Context, s *sighting) (bool, *Cancellation, error) {
		if s.err != nil {
			return false, nil, s.err
		}
		last = c.resolution(ctx, in, s)
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
	return nil, questionError(errors.New("the time was over before the first question"))
}

func (c *Client) ownsIntent(in Intent) error {
	if in.ID == "" || in.SentAt.IsZero() {
		return questionError(errors.New("an Intent must come from SaveIntent, an UnknownOutcomeError or ParseIntent"))
	}
	if in.MerchantID != c.merchant.MerchantID {
		return questionError(fmt.Errorf("the intent belongs to merchant %s", in.MerchantID))
	}
	return nil
}

// resolution judges one listing and keeps the client's memory of unresolved
// cancels in step.
func (c *Client) resolution(ctx context.Context, in Intent, s *sighting) *Resolution {
	r := c.decide(in, s)
	r.Order = s.order
	if r.Outcome == Unknown {
		c.payments.remember(in)
		return r
	}
	// Claimed before it is forgotten: a cancel that waits for this one must know
	// the operations.
	var declined *DeclinedError
	switch {
	case r.Cancellation != nil:
		c.payments.claim(in, r.Cancellation.Operations, c.now())
	case errors.As(r.Err, &declined):
		c.payments.claim(in, []Operation{declined.Operation}, c.now())
	}
	c.payments.forget(in)
	c.settle(ctx, in.ID, r.Outcome, r.Cancellation)
	return r
}

func (c *Client) decide(in Intent, s *sighting) *Resolution {
	certain, doubtful := c.candidates(in, s)
	unknown := &Resolution{Outcome: Unknown, Candidates: append(certain[:len(certain):len(certain)], doubtful...)}
	if len(doubtful) > 0 || len(certain) == 0 {
		return unknown
	}
	if several := len(certain) > 1; several || in.Full && paymentsOf(s.order) > 1 {
		// Only all of a payment can be several operations, and only when they make
		// up what was left can none of them be another's.
		if !in.Full || in.Before == nil || !makeUpTheRest(certain, s.order) {
			return unknown
		}
	}
	v := c.judgeOperations(in, *s.order, certain, followedStage)
	switch {
	case v.outcome == Accepted:
		return &Resolution{Outcome: Accepted, Cancellation: v.cancellation}
	case v.outcome == Rejected && in.Before != nil:
		return &Resolution{Outcome: Rejected, Err: v.err}
	}
	// A declined operation may be another's attempt while ours is not listed yet:
	// without the operations before, calling it ours could be a false "failed".
	return unknown
}

// candidates are the cancels on the order that may be the intent's: new, of our
// amount, and not dated before the send. Of the doubtful ones the date can't be
// compared closely enough, or a later cancel may have made them.
func (c *Client) candidates(in Intent, s *sighting) (certain, doubtful []Operation) {
	earliest, slack, comparable := serverTimeOf(in.SentAt, s)
	// The server showed this time before the send, so nothing of ours is older.
	if looked := in.LookedAt.Add(-clockTolerance); !in.LookedAt.IsZero() && (!comparable || looked.After(earliest)) {
		earliest, slack, comparable = looked, 0, true
	}
	known, claimed, rivals := in.known(), c.payments.claimedByOthers(in), c.payments.sentAfter(in)
	for _, op := range s.order.Operations {
		_, isClaimed := slices.BinarySearch(claimed, op.Billnumber)
		switch {
		case op.Type != OperationCancel, isClaimed, known[op.Billnumber]:
			continue
		case !in.Full && op.Amount != in.Request.Amount:
			continue
		case comparable && !op.Date.IsZero() && op.Date.Before(earliest):
			continue
		case slices.ContainsFunc(rivals, func(rival Intent) bool { return rival.mayOwn(op) }):
			doubtful = append(doubtful, op)
		case in.Before == nil && (!comparable || op.Date.IsZero() || op.Date.Before(earliest.Add(slack))):
			doubtful = append(doubtful, op)
		default:
			certain = append(certain, op)
		}
	}
	return certain, doubtful
}

// clockTolerance is how far two clocks compared by a Date header may be off: a
// second of rounding on each side.
const clockTolerance = 2 * time.Second

// serverTimeOf puts the moment of the send on the server's clock. The Date
// header of the answer tells how far that clock is from ours, as closely as the
// answer was quick: it may have been made at once and been late, or the other
// way round. Without the header the packet date tells it, to the minute. Within
// the slack nothing can be told.
func serverTimeOf(sentAt time.Time, s *sighting) (earliest time.Time, slack time.Duration, comparable bool) {
	if !s.serverTime.IsZero() {
		slack := max(s.received.Sub(s.asked)-clockTolerance, 0)
		return sentAt.Add(s.serverTime.Sub(s.received)).Add(-clockTolerance), slack, true
	}
	packet := s.order.PacketDate
	if packet.IsZero() {
		return time.Time{}, 0, false
	}
	slack = 2 * clockTolerance
	if packet.Second() == 0 {
		slack += time.Minute
	}
	return sentAt.Add(packet.Sub(s.received)).Add(-clockTolerance), slack, true
}

// paymentsOf counts the payments that make up an order: card and bonus points
// are two.
func paymentsOf(o *Order) int {
	n := 0
	for _, op := range o.Operations {
		if op.Type == OperationPayment && stageOf(op) == stageSucceeded {
			n++
		}
	}
	return n
}

// makeUpTheRest tells whether the operations are all that was left of the order
// beside its other cancels.
func makeUpTheRest(own []Operation, o *Order) bool {
	left := o.Amount
	take := func(op Operation) (ok bool) {
		var err error
		left, err = left.Sub(op.Amount)
		return err == nil
	}
	for _, op := range o.Operations {
		if op.Type != OperationCancel || !names(own, op.Billnumber) && followedStage(op) == stageDeclined {
			continue
		}
		if !take(op) {
			return false
		}
	}
	return left.IsZero() && left != (Money{})
}
