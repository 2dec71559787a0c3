package assist

import (
	"errors"
	"fmt"
	"strings"

	"github.com/assist-go/assist/internal/wire"
)

// verdict is what one complete answer proves about a cancel. Everything that is
// not proved is Unknown: a new code, a new state or two texts that disagree
// must never become a success or a refusal.
type verdict struct {
	outcome      Outcome
	cancellation *Cancellation // Accepted
	own          []Operation   // the cancel's operations: Accepted, or declined
	err          error         // of the other outcomes
}

func doubt(err error) verdict { return verdict{outcome: Unknown, err: err} }

func contradiction(format string, args ...any) verdict {
	return doubt(fmt.Errorf("%w: "+format, append([]any{ErrContradiction}, args...)...))
}

func foreign(reason string) verdict { return doubt(fmt.Errorf("%w: %s", ErrOtherAnswer, reason)) }

// judge reads the answer to the cancel.
func (a *cancelAttempt) judge(r *reply) verdict {
	c, in := a.client, a.intent
	// What was made before the request says nothing about it, whatever it shows.
	if err := a.replayed(r); err != nil {
		return doubt(err)
	}
	refusal, err := c.refusalIn(r)
	if err != nil {
		return doubt(err)
	}
	orders := r.answer.Orders
	if refusal != nil {
		refusal.Billnumber, refusal.Wallet, refusal.At = in.Request.Billnumber, a.known.walletOf(in.Request.Billnumber), r.received.UTC()
		switch {
		case len(orders) > 0:
			return contradiction("an order stands beside the refusal: %w", refusal)
		case refusal.Outcome() == Rejected:
			return verdict{outcome: Rejected, err: refusal}
		}
		return doubt(refusal)
	}
	if len(orders) != 1 {
		return foreign(fmt.Sprintf("%d orders in the answer to a cancel", len(orders)))
	}
	order, err := orderOf(&orders[0])
	if err != nil {
		return doubt(err)
	}
	if order.Billnumber != in.Request.Billnumber.Payment() {
		return foreign("the billnumber of another payment")
	}
	if err := onlyOnce([]Order{order}); err != nil {
		return doubt(err)
	}
	if a.look != nil {
		if err := a.look.outdated(r, &order); err != nil {
			return doubt(err)
		}
	}
	own, err := a.ownOperations(&order, r)
	if err != nil {
		return doubt(err)
	}
	// What is not proved to be Assist's proves nothing, neither success nor
	// refusal.
	if err := c.signedFor(in.Request.OrderNumber, &order); err != nil {
		return doubt(err)
	}
	if err := c.verify(wire.Cancel, &orders[0], own); err != nil {
		return doubt(err)
	}
	return c.judgeOperations(in, order, own, stageOf)
}

// replayed tells an answer that was made before the request, by the server's own
// clock: as this cancel's look showed it, and as earlier answers confirm it.
func (a *cancelAttempt) replayed(r *reply) error {
	if err := a.client.clock.check(r); err != nil {
		return err
	}
	if a.look == nil || a.look.date.IsZero() {
		return nil
	}
	return repeated(r.date, a.look.reading(r.began))
}

// signedFor binds what is signed to the question: signatures and check values
// cover the order number, some of them nothing else that names the order. Without
// them the number is a text that decides nothing, as the billnumber names the
// order.
func (c *Client) signedFor(number string, order *Order) error {
	if len(c.verifiers) > 0 && order.Number != "" && order.Number != strings.TrimSpace(number) {
		return fmt.Errorf("%w: another order number, and it is the one that is signed", ErrOtherAnswer)
	}
	return nil
}

// judgeOperations decides by the operations that are ours. An order whose
// payments fared differently is Unknown: part of the money moved.
func (c *Client) judgeOperations(in Intent, order Order, own []Operation, stageOf func(Operation) stage) verdict {
	var succeeded, inProcess, declined int
	for i := range own {
		op := &own[i]
		switch stageOf(*op) {
		case stageSucceeded:
			succeeded++
		case stageInProcess:
			inProcess++
		case stageDeclined:
			declined++
		default:
			return contradiction("operation %s has response code %q and state %q",
				op.Billnumber, c.scrub(string(op.ResponseCode)), c.scrub(string(op.State)))
		}
	}
	newest := newestOf(own)
	switch {
	case declined == len(own):
		return verdict{outcome: Rejected, err: c.declined(newest), own: own}
	case declined > 0:
		return contradiction("%d of %d operations were declined, so part of the money may have moved", declined, len(own))
	}
	x := &Cancellation{Status: InProcess, Operation: newest, Operations: own, Order: order, Intent: in}
	if succeeded == len(own) {
		x.Status = Succeeded
	}
	return verdict{outcome: Accepted, cancellation: x, own: own}
}

// stage is what one operation's state and code say together.
type stage int

const (
	stageUnknown stage = iota
	stageSucceeded
	stageInProcess
	stageDeclined
)

// stageOf wants state and code to agree. An absent state (flat formats) agrees
// with every code.
func stageOf(op Operation) stage {
	noState := op.State == ""
	switch {
	case op.ResponseCode == ResponseDone && (noState || op.State.meansSuccess()):
		return stageSucceeded
	case op.ResponseCode == ResponseDone && op.State.meansInProcess():
		return stageInProcess
	case op.ResponseCode == ResponseInProcess && (noState || op.State.meansInProcess()):
		return stageInProcess
	case op.ResponseCode.refuses() && (noState || op.State == OperationDeclined):
		return stageDeclined
	}
	return stageUnknown
}

// codesOf finds the server's codes inside an error.
func codesOf(err error) (*APIError, bool) {
	var api *APIError
	ok := errors.As(err, &api)
	return api, ok
}
