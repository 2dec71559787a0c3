package assist

import (
	"context"
	"fmt"
	"slices"
)

// Decision is what a person says about a cancel that Assist's answers leave
// unknown. Made by [ItWas] or [NeverCame]; the zero value is none.
type Decision struct {
	operations []Billnumber
	never      bool
}

// ItWas says that the cancel made this operation, by its extended billnumber; or
// these, where all of an order with several payments was given back.
func ItWas(operation Billnumber, more ...Billnumber) Decision {
	return Decision{operations: append([]Billnumber{operation}, more...)}
}

// NeverCame says that the cancel never reached Assist, and that nothing of it is
// under way any more.
func NeverCame() Decision { return Decision{never: true} }

// DecisionError says that a person's decision contradicts what Assist lists, or
// what the client knows. Nothing was changed: the payment stays closed. Its outcome
// is [Unknown].
type DecisionError struct {
	Intent Intent
	// Resolution is what the listing shows. Nil where the decision itself can't be
	// one.
	Resolution *Resolution
	Reason     string
}

func (e *DecisionError) Error() string {
	intent := "its intent"
	if e.Intent.ID != "" {
		intent = "intent " + e.Intent.ID
	}
	return joined("assist", cancelOf(e.Intent.Request.Billnumber), "the decision about "+intent+" was not taken", e.Reason)
}

// Outcome is [Unknown].
func (e *DecisionError) Outcome() Outcome { return Unknown }

// Decide takes a person's word for what became of a cancel whose outcome is
// unknown. Assist is asked first, as by [Client.Resolve], and what its answer
// contradicts is refused with a [*DecisionError]. A question that fails is a
// [*FollowError], and decides nothing: then, too, the payment stays closed.
//
// [ItWas] makes the Resolution that of the operation: Accepted, or Rejected where
// it was declined. The operation must be listed, of a possible amount, not there
// before the send, and not another cancel's; that its date or a number that isn't
// listed leave a doubt is what the person decides about. The intent is settled,
// the payment open, the day balance settled by the result, and no other cancel is
// given the operation.
//
// [NeverCame] proves nothing, so the Resolution's Outcome stays Unknown and the
// word is the person's alone: the payment is open, the day balance takes the
// reservation back, and the refund may be sent anew. Should the cancel come after
// all, its operation is taken for no other cancel's: in this client the intent
// remains a rival of every equal one, so that of these, if their answers are lost
// too, a person decides again. A decision lives in this client; after a restart
// tell the new one again, or pass the intent by [DespiteUnknown].
func (c *Client) Decide(ctx context.Context, in Intent, d Decision) (*Resolution, error) {
	if err := c.ownsIntent(in); err != nil {
		return nil, err
	}
	if !d.never && len(d.operations) == 0 {
		return nil, &DecisionError{Intent: in, Reason: "it must be made by ItWas or NeverCame"}
	}
	c.payments.remember(in)
	s := c.look(ctx, &in, windowOf(in.Request.OrderDate))
	if err := s.of(in); err != nil {
		return nil, err
	}
	listed, own := c.decide(in, s.order)
	listed.Order = s.order
	refused := func(format string, args ...any) (*Resolution, error) {
		return nil, &DecisionError{Intent: in, Resolution: listed, Reason: fmt.Sprintf(format, args...)}
	}
	for _, b := range sorted(c.payments.claimedBy(in)) {
		if !slices.Contains(d.operations, b) {
			return refused("the operation %s is known to be its", b)
		}
	}
	switch {
	case d.never && listed.Outcome != Unknown:
		return refused("Assist lists it as %s, by the operation %s", listed.Outcome, own[0].Billnumber)
	case d.never:
		c.payments.neverCame(in)
		c.settle(ctx, in.ID, NotSent, nil)
		return listed, nil
	}
	chosen, reason := c.chosen(in, s.order, d.operations)
	if reason != "" {
		return refused("%s", reason)
	}
	if listed.Outcome != Unknown && !sameOperations(chosen, own) {
		return refused("Assist lists it as %s, by the operation %s", listed.Outcome, own[0].Billnumber)
	}
	v := c.judgeOperations(in, *s.order, chosen, followedStage)
	r := &Resolution{Outcome: v.outcome, Cancellation: v.cancellation, Claimed: listed.Claimed, Order: s.order}
	switch v.outcome {
	case Rejected:
		r.Err = v.err
	case Unknown:
		return refused("%v", v.err)
	}
	c.payments.claim(in, chosen)
	c.payments.forget(in)
	c.settle(ctx, in.ID, r.Outcome, r.Cancellation)
	return r, nil
}

// chosen finds the operations of a decision in the listing, or says why they
// can't be the intent's.
func (c *Client) chosen(in Intent, order *Order, operations []Billnumber) (chosen []Operation, reason string) {
	known, claimed := in.known(), c.payments.claimedByOthers(in)
	wanted := make(map[Billnumber]bool, len(operations))
	for _, b := range operations {
		wanted[b] = true
	}
	if len(wanted) > 1 && !in.Full {
		return nil, "part of a payment makes one operation"
	}
	for i := range order.Operations {
		op := &order.Operations[i]
		if !wanted[op.Billnumber] || op.Billnumber.Operation() == 0 {
			continue
		}
		delete(wanted, op.Billnumber)
		switch {
		case op.Type != OperationCancel:
			return nil, fmt.Sprintf("the operation %s is no cancel", op.Billnumber)
		case !in.possibleAmount(op.Amount):
			return nil, fmt.Sprintf("the operation %s is of another amount", op.Billnumber)
		case known[op.Billnumber]:
			return nil, fmt.Sprintf("the operation %s was there before the send", op.Billnumber)
		case claimed[op.Billnumber]:
			return nil, fmt.Sprintf("the operation %s is known to be another cancel's", op.Billnumber)
		}
		chosen = append(chosen, *op)
	}
	for _, b := range sorted(wanted) {
		return nil, fmt.Sprintf("the operation %q is not listed", string(b))
	}
	return chosen, ""
}

func sameOperations(some, others []Operation) bool {
	names := namesOf(some)
	for i := range others {
		if !names[others[i].Billnumber] {
			return false
		}
	}
	return len(some) == len(others)
}

// Remember tells the client of cancels that are not settled: after a restart, all
// intents that the store holds as open. Their payments are closed ([ErrUnresolved])
// until each is resolved, decided by a person ([Client.Decide]), or passed over
// ([DespiteUnknown]), just as if this client had sent them. It asks nothing.
//
// Intents that the client knows to be settled, and those of another merchant, are
// passed by. Remember is safe for concurrent use; call it before the first cancel,
// so that none is let through in between.
func (c *Client) Remember(intents ...Intent) {
	for _, in := range intents {
		if c.ownsIntent(in) == nil {
			c.payments.remember(in)
		}
	}
}

// Learn tells the client what another process has found out: these are the
// intent's operations, by their extended billnumbers. The intent is settled, its
// payment is open, and no other cancel is given them; a [LookFirst] whose answer
// lacks one of them sends nothing, because it is an old one.
//
// Where every process that cancels a payment learns what the others' cancels
// have made, from the token of each [Cancellation] or the operation of each
// [DeclinedError], and looks first, no rest is needed between them. It still is
// where an operation isn't known by its number: after an Unknown, also one that a
// person has called never come, and after a flat answer with a plain billnumber.
//
// The day balance is not settled: that is done where the result was found out.
// Errors are [*FollowError], outcome Unknown: another merchant's intent, no
// operation, a billnumber that isn't extended or is of another payment, or an
// operation that is known to be another cancel's. Nothing is learned then.
func (c *Client) Learn(in Intent, operations ...Billnumber) error {
	if err := c.ownsIntent(in); err != nil {
		return err
	}
	if len(operations) == 0 {
		return questionError(invalid("operations", "must name an operation at least"))
	}
	others := c.payments.claimedByOthers(in)
	own := make([]Operation, len(operations))
	for i, b := range operations {
		if _, err := ParseBillnumber(string(b)); err != nil || b.Operation() == 0 || b.Payment() != in.Request.Billnumber.Payment() {
			return questionError(&ValidationError{Field: "operations", Reason: "must be extended billnumbers of the intent's payment", Err: err})
		}
		if others[b] {
			return questionError(fmt.Errorf("%w: the operation %s is known to be another cancel's", ErrContradiction, b))
		}
		own[i] = Operation{Billnumber: b}
	}
	c.payments.claim(in, own)
	c.payments.forget(in)
	return nil
}
