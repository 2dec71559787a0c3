package refunds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// ending is what is known of an attempt.
type ending struct {
	outcome       assist.Outcome
	state         State // Pending: it may be sent anew at next
	next          time.Time
	waits         Waits
	cancellation  string
	operations    []assist.Operation
	codes, detail string
	renew         bool // Assist has refused it, so it knows the external refund id
	person        string
	actor         string
	of            *storage.Refund // whose attempt it is, where the caller knows
	data          string
}

// finish notes what became of an attempt. It goes by the intent, never by a
// lease: an outcome is precious, and who learned it may be late. The first who
// knows closes the attempt; who finds out later changes nothing. An intent that
// isn't stored was never sent: then nothing happens either.
func (b *Book) finish(ctx context.Context, intentID string, e ending) error {
	purpose := storage.Purpose{Name: storage.Finishes}
	if e.of != nil {
		purpose.Merchant, purpose.Payment = e.of.Merchant, e.of.Payment
	}
	return b.update(storage.For(ctx, purpose), func(tx storage.Tx) error {
		e := e // the function may be run again
		c, err := b.lockAttempt(ctx, tx, intentID, e)
		if err != nil {
			return err
		}
		r, a := c.refund, c.attempt
		from := State(r.State)
		if r.Attempt != intentID || from != Sent && from != InProcess {
			return b.late(ctx, tx, c, e)
		}
		if err := c.own(ctx, tx, e.operations); err != nil {
			return err
		}
		if err := b.close(ctx, tx, c, e); err != nil {
			return err
		}
		if e.renew {
			if e.renew, err = b.renews(ctx, tx, r); err != nil {
				return err
			}
		}
		if e.state != InProcess {
			if err := b.settled(ctx, tx, &c.reserved, e.state == Done); err != nil {
				return err
			}
		}
		if e.state == Pending || e.state == Refused {
			if moved, err := b.movedBefore(ctx, tx, r); err != nil {
				return err
			} else if moved {
				e = doneBefore(e)
			}
		}
		called := e.person != "" && r.Person == 0
		b.settle(r, e)
		if err := tx.Save(ctx, r); err != nil {
			return err
		}
		if from == e.state {
			return nil
		}
		event := about(r, Known, from)
		event.Actor, event.IntentID, event.Reason, event.Data = e.actor, a.IntentID, e.outcome.String(), strings.TrimSpace(e.codes+" "+e.data)
		if err := b.note(ctx, tx, event); err != nil || !called {
			return err
		}
		return b.noteNeeded(ctx, tx, r, a.IntentID, e.actor)
	})
}

// closing is what an attempt's end changes, locked.
type closing struct {
	payment  *storage.Payment
	refund   *storage.Refund
	attempt  *storage.Attempt
	reserved storage.Reservation
	waiting  []*storage.Refund // of the payment, for its being free
	owned    map[assist.Billnumber]*storage.Operation
}

// lockAttempt reads and locks all of it, from the payment down, in one round
// trip where the caller knows whose attempt it is.
func (b *Book) lockAttempt(ctx context.Context, tx storage.Tx, intentID string, e ending) (*closing, error) {
	c := &closing{attempt: &storage.Attempt{IntentID: intentID}, reserved: storage.Reservation{IntentID: intentID}, owned: map[assist.Billnumber]*storage.Operation{}}
	if e.of == nil {
		if found, err := tx.Get(ctx, c.attempt, storage.NoLock); err != nil || !found {
			return nil, firstOf(err, errNothing)
		}
		e.of = &storage.Refund{ID: c.attempt.Refund, Merchant: c.attempt.Merchant, Payment: c.attempt.Payment}
	}
	c.payment, c.refund = &storage.Payment{Merchant: e.of.Merchant, Payment: e.of.Payment}, &storage.Refund{ID: e.of.ID}
	var payment, refund, attempt bool
	// The payment first: a begin whose commit reported an error may still be
	// committing, and is waited for by its lock, so that it is seen or never
	// happens.
	asks := []storage.Ask{storage.One(c.payment, storage.ForUpdate, &payment), storage.One(c.refund, storage.ForUpdate, &refund),
		storage.One(c.attempt, storage.ForUpdate, &attempt), storage.One(&c.reserved, storage.ForUpdate, nil),
		storage.Many(&c.waiting, b.waitingFor(c.payment, e.of.ID))}
	for _, op := range e.operations {
		if op.Billnumber.Operation() == 0 {
			continue // a plain billnumber names the payment
		}
		row := &storage.Operation{Merchant: e.of.Merchant, Operation: string(op.Billnumber)}
		asks = append(asks, storage.Ask{Row: row, Lock: storage.ForUpdate, Found: func(yes bool) {
			if yes {
				c.owned[op.Billnumber] = row
			}
		}})
	}
	if err := tx.Read(ctx, asks...); err != nil {
		return nil, err
	}
	switch {
	case !attempt:
		return nil, errNothing
	case !payment, !refund:
		return nil, ErrNotFound
	}
	return c, nil
}

// waitingFor chooses the refunds that a payment's being free wakes.
func (b *Book) waitingFor(p *storage.Payment, but int64) storage.Query {
	return storage.Query{Lock: storage.SkipLocked, Where: []storage.Cond{
		storage.Eq("merchant", p.Merchant), storage.Eq("payment", p.Payment), storage.In("state", []int64{int64(Pending)}), storage.Not("id", but),
		storage.In("waits", []int64{int64(ForPayment), int64(ForEarlier)}), storage.More("next_at", micros(b.now()))}}
}

// renews tells whether the next attempt needs another external refund id, since
// Assist has refused this one. While an earlier attempt may still arrive it keeps
// the old one: better an attempt that Assist calls a repetition than two that
// both pay.
func (b *Book) renews(ctx context.Context, tx storage.Tx, r *storage.Refund) (bool, error) {
	attempts, err := attemptsOf(ctx, tx, r)
	return !slices.ContainsFunc(attempts, passedOver), err
}

// close ends the attempt, frees the payment and wakes who waits for it.
func (b *Book) close(ctx context.Context, tx storage.Tx, c *closing, e ending) error {
	now, a := micros(b.now()), c.attempt
	first := a.Told == 0
	if first {
		a.Told = now
	}
	if e.state != InProcess {
		a.Ended = now
	}
	a.Outcome, a.Codes, a.Detail = int64(e.outcome), e.codes, e.detail
	if e.cancellation != "" { // the token of the cancellation holds the intent
		a.Cancellation, a.Intent = e.cancellation, ""
	}
	if err := tx.Save(ctx, a); err != nil || !first {
		return err
	}
	return b.free(ctx, tx, c.payment, a.Client, c.waiting)
}

// free ends a payment's being taken.
func (b *Book) free(ctx context.Context, tx storage.Tx, p *storage.Payment, client string, waiting []*storage.Refund) error {
	now := micros(b.now())
	p.Version, p.LastClient, p.FreeSince = p.Version+1, client, now
	if err := tx.Save(ctx, p); err != nil {
		return err
	}
	for _, w := range waiting {
		w.NextAt = now
		if err := tx.Save(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// settle moves the refund on.
func (b *Book) settle(r *storage.Refund, e ending) {
	r.Codes, r.Detail = e.codes, e.detail
	switch {
	case e.outcome == assist.NotSent:
		r.NotSent++
	default:
		r.NotSent = 0
	}
	if e.renew {
		r.RefundNumber++
	}
	if e.state.Final() {
		b.end(r, e.state)
		return
	}
	r.State, r.Waits, r.NextAt = int64(e.state), int64(e.waits), micros(e.next)
	if e.state == Pending {
		r.Attempt = ""
	}
	if e.person == "" {
		r.Person, r.PersonWhy, r.TakenBy = 0, "", ""
		return
	}
	if r.Person == 0 { // else it is the one who was called before, and may have taken it
		r.Person = micros(b.now())
	}
	r.PersonWhy, r.Waits = e.person, int64(ForPerson)
}

// own gives operations to the attempt. That each belongs to one is the primary
// key's to hold.
func (c *closing) own(ctx context.Context, tx storage.Tx, operations []assist.Operation) error {
	for _, op := range operations {
		if op.Billnumber.Operation() == 0 {
			continue
		}
		row := c.owned[op.Billnumber]
		if row == nil {
			if err := tx.Add(ctx, operationOf(c.attempt, op)); err != nil {
				return err
			}
			continue
		}
		if row.IntentID != c.attempt.IntentID {
			return fmt.Errorf("%w: %s", errOwned, op.Billnumber)
		}
		// It was in process when it was first known.
		row.Code, row.At = finalCode(op), max(row.At, micros(op.Date))
		if row.Approval == "" {
			row.Approval = op.ApprovalCode
		}
		if row.Slip == "" {
			row.Slip = op.SlipNumber
		}
		if err := tx.Save(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func operationOf(a *storage.Attempt, op assist.Operation) *storage.Operation {
	return &storage.Operation{Merchant: a.Merchant, Operation: string(op.Billnumber), Payment: a.Payment, IntentID: a.IntentID, Refund: a.Refund,
		Minor: op.Amount.Minor(), Currency: op.Amount.Currency(), At: micros(op.Date), Code: finalCode(op), Approval: op.ApprovalCode, Slip: op.SlipNumber}
}

// own is closing.own for who hasn't read the operations.
func own(ctx context.Context, tx storage.Tx, a *storage.Attempt, operations []assist.Operation) error {
	c := &closing{attempt: a, owned: map[assist.Billnumber]*storage.Operation{}}
	for _, op := range operations {
		row := &storage.Operation{Merchant: a.Merchant, Operation: string(op.Billnumber)}
		found, err := tx.Get(ctx, row, storage.ForUpdate)
		if err != nil {
			return err
		}
		if found {
			c.owned[op.Billnumber] = row
		}
	}
	return c.own(ctx, tx, operations)
}

// finalCode is the code of an operation that is over; one in process has none
// yet.
func finalCode(op assist.Operation) string {
	if op.State == assist.OperationInProcess || op.ResponseCode == assist.ResponseInProcess {
		return ""
	}
	return string(op.ResponseCode)
}
