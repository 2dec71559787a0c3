package refunds

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// ErrSeen: Assist shows what a decision denies.
var ErrSeen = errors.New("refunds: Assist shows an operation that may be this refund's")

// decide carries out a person's decision, where one waits. Assist is asked first:
// what it shows stands above what a person thinks. It tells whether there was a
// decision.
func (c *Carrier) decide(ctx context.Context, r *storage.Refund, a *storage.Attempt) (bool, error) {
	if r.Person == 0 {
		return false, nil // a decision is about a refund that needs a person
	}
	d, err := c.book.openDecision(ctx, r)
	if err != nil || d == nil {
		return false, err
	}
	if DecisionKind(d.Kind) == Wait {
		return true, c.apply(ctx, r, d, verdict{})
	}
	order, err := c.order(ctx, r)
	if err != nil {
		return true, c.cantAsk(ctx, r, err)
	}
	if a != nil {
		ended, err := c.resolved(ctx, r, a, d)
		if ended || err != nil {
			return true, err
		}
	}
	if moved, err := c.movedMeanwhile(ctx, r); err != nil {
		return true, c.cantAsk(ctx, r, err)
	} else if moved && a == nil { // so it is done
		return true, c.decline(ctx, r, d, errors.New("the money has moved by an earlier cancel of the refund"))
	}
	v, err := c.book.look(ctx, r)
	if err != nil {
		return true, err
	}
	verdict, err := c.judge(v, a, d, order)
	if err != nil {
		return true, c.decline(ctx, r, d, err)
	}
	return true, c.apply(ctx, r, d, verdict)
}

// resolved asks once more what became of the attempt. When that is known, there
// is nothing left to decide.
func (c *Carrier) resolved(ctx context.Context, r *storage.Refund, a *storage.Attempt, d *storage.Decision) (bool, error) {
	if State(r.State) == InProcess {
		return false, nil // a person gives up a split outcome, or one that never ends
	}
	in, err := assist.ParseIntent(a.Intent)
	if err != nil {
		return false, err
	}
	found, err := c.clients[r.Merchant].Resolve(ctx, in)
	if err != nil {
		return true, c.cantAsk(ctx, r, err)
	}
	switch found.Outcome {
	case assist.Accepted:
		err = c.ended(ctx, r, in, found.Cancellation, nil)
	case assist.Rejected:
		err = c.ended(ctx, r, in, nil, found.Err)
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	return true, c.decline(ctx, r, d, fmt.Errorf("it is known meanwhile: %s", found.Outcome))
}

// verdict is what a decision comes to.
type verdict struct {
	operation *assist.Operation
	wait      bool // the operation isn't final yet
}

// judge holds a decision against the order as it is now.
func (c *Carrier) judge(v *view, a *storage.Attempt, d *storage.Decision, order *assist.Order) (verdict, error) {
	var before []assist.Billnumber
	if a != nil && a.Intent != "" {
		in, err := assist.ParseIntent(a.Intent)
		if err != nil {
			return verdict{}, err
		}
		before = in.Before
	}
	switch DecisionKind(d.Kind) {
	case NeverCame:
		// By operations and never by sums: two refunds of one amount look alike.
		for _, op := range order.Operations {
			if op.Type == assist.OperationCancel && v.owned[op.Billnumber] == nil && !slices.Contains(before, op.Billnumber) {
				return verdict{}, fmt.Errorf("%w: %s", ErrSeen, op.Billnumber)
			}
		}
		return verdict{}, nil
	case GiveUp:
		return verdict{}, nil
	}
	at := slices.IndexFunc(order.Operations, func(op assist.Operation) bool { return string(op.Billnumber) == d.Operation })
	if at < 0 {
		return verdict{}, fmt.Errorf("operation %s isn't listed", d.Operation)
	}
	op := &order.Operations[at]
	switch {
	case op.Type != assist.OperationCancel:
		return verdict{}, fmt.Errorf("operation %s isn't a cancel", op.Billnumber)
	case v.owned[op.Billnumber] != nil:
		return verdict{}, fmt.Errorf("operation %s belongs to refund %d", op.Billnumber, v.owned[op.Billnumber].Refund)
	case DecisionKind(d.Kind) == NotIts:
		return verdict{operation: op}, nil
	case slices.Contains(before, op.Billnumber):
		return verdict{}, fmt.Errorf("operation %s was there before the cancel was sent", op.Billnumber)
	case op.Amount != money(v.r.Minor, v.r.Currency):
		return verdict{}, fmt.Errorf("operation %s is of another amount", op.Billnumber)
	}
	final := op.State == assist.OperationSuccess || op.State == assist.OperationDeclined
	return verdict{operation: op, wait: !final}, nil
}

// apply does what was decided, in one transaction with the line in the history.
func (c *Carrier) apply(ctx context.Context, r *storage.Refund, d *storage.Decision, v verdict) error {
	if v.wait {
		return c.later(ctx, r, c.pace(0), ForPerson, "the operation isn't final yet")
	}
	return c.book.update(ctx, func(tx storage.Tx) error {
		p := &storage.Payment{Merchant: r.Merchant, Payment: r.Payment}
		if _, err := tx.Get(ctx, p, storage.ForUpdate); err != nil {
			return err
		}
		now, err := lockRefund(ctx, tx, ID(r.ID))
		if err != nil {
			return err
		}
		if now.Version != r.Version || now.State != r.State || now.Attempt != r.Attempt {
			return errNothing // somebody else has found out; the decision is looked at again
		}
		if _, err := tx.Get(ctx, d, storage.ForUpdate); err != nil || d.Ended != 0 {
			return firstOf(err, errNothing)
		}
		from, intent := State(now.State), now.Attempt
		if err := c.book.carryOut(ctx, tx, p, now, d, v); err != nil {
			return err
		}
		if err := tx.Save(ctx, now); err != nil {
			return err
		}
		d.State, d.Ended, d.Result = string(DecisionDone), micros(c.book.now()), State(now.State).String()
		if err := tx.Save(ctx, d); err != nil {
			return err
		}
		e := about(now, Decided, from)
		e.Actor, e.ActorName, e.Reason, e.IntentID, e.Data = d.By, d.ByName, d.Reason, intent, d.Kind+" "+d.Operation
		return c.book.note(ctx, tx, e)
	})
}

// carryOut changes the rows of a decision; the caller saves refund and decision.
func (b *Book) carryOut(ctx context.Context, tx storage.Tx, p *storage.Payment, r *storage.Refund, d *storage.Decision, v verdict) error {
	intent := r.Attempt
	r.Person, r.PersonWhy, r.TakenBy = 0, "", ""
	end := ending{outcome: assist.Unknown}
	switch DecisionKind(d.Kind) {
	case Wait:
		r.NextAt = micros(b.now().Add(b.waitFor()))
		return nil
	case NotIts:
		r.NextAt, r.Waits = micros(b.now()), int64(ForTurn)
		return own(ctx, tx, &storage.Attempt{IntentID: "by hand", Merchant: r.Merchant, Payment: r.Payment}, []assist.Operation{*v.operation})
	case NeverCame:
		r.State, r.Attempt, r.NextAt, r.Waits = int64(Pending), "", micros(b.now()), int64(ForTurn)
	case GiveUp:
		b.end(r, GivenUp)
	case ItWas:
		end.outcome = assist.Accepted
		if v.operation.State == assist.OperationDeclined {
			end.outcome = assist.Rejected
			b.end(r, Refused)
		} else {
			b.end(r, Done)
		}
		end.operations = []assist.Operation{*v.operation}
	}
	switch State(r.State) {
	case Pending, Refused, GivenUp:
		if moved, err := b.movedBefore(ctx, tx, r); err != nil {
			return err
		} else if moved {
			b.end(r, Done)
		}
	}
	if intent == "" {
		return own(ctx, tx, &storage.Attempt{IntentID: fmt.Sprintf("refund %d by hand", r.ID), Merchant: r.Merchant, Payment: r.Payment, Refund: r.ID}, end.operations)
	}
	return b.closeByPerson(ctx, tx, p, intent, d.By, end)
}

// closeByPerson ends an attempt on a person's word. What isn't proved is watched
// for as long as money could still move by it.
func (b *Book) closeByPerson(ctx context.Context, tx storage.Tx, p *storage.Payment, intent, person string, e ending) error {
	a := &storage.Attempt{IntentID: intent}
	if _, err := tx.Get(ctx, a, storage.ForUpdate); err != nil {
		return err
	}
	if err := own(ctx, tx, a, e.operations); err != nil {
		return err
	}
	now := b.now()
	first := a.Told == 0
	if first {
		a.Told = micros(now)
	}
	a.Ended, a.ClosedBy, a.Outcome = micros(now), person, int64(e.outcome)
	if e.outcome == assist.Unknown {
		a.WatchAt, a.WatchUntil = micros(now.Add(watchFirst)), micros(now.Add(watchFor))
	}
	if err := tx.Save(ctx, a); err != nil || !first {
		return err
	}
	// No client's rest is enough here, so none is spared it.
	waiting, err := storage.Find[storage.Refund](ctx, tx, b.waitingFor(p, a.Refund))
	if err != nil {
		return err
	}
	return b.free(ctx, tx, p, "", waiting)
}

// decline ends a decision that Assist contradicts. The refund stays as it is.
func (c *Carrier) decline(ctx context.Context, r *storage.Refund, d *storage.Decision, why error) error {
	return c.book.update(ctx, func(tx storage.Tx) error {
		now, err := lockRefund(ctx, tx, ID(r.ID))
		if err != nil {
			return err
		}
		if _, err := tx.Get(ctx, d, storage.ForUpdate); err != nil || d.Ended != 0 {
			return firstOf(err, errNothing)
		}
		d.State, d.Ended, d.Result = string(DecisionDeclined), micros(c.book.now()), why.Error()
		if err := tx.Save(ctx, d); err != nil {
			return err
		}
		e := about(now, DecisionRefused, State(now.State))
		e.Actor, e.Reason, e.IntentID, e.Data = c.name, why.Error(), d.IntentID, d.Kind+" "+d.Operation
		return c.book.note(ctx, tx, e)
	})
}
