package refunds

import (
	"context"
	"errors"
	"fmt"
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
	payment       *storage.Payment // by its key, where it is known
	data          string
}

// finish notes what became of an attempt. It goes by the intent, never by a
// lease: an outcome is precious, and who learned it may be late. The first who
// knows closes the attempt; who finds out later changes nothing. An intent that
// isn't stored was never sent: then nothing happens either.
func (b *Book) finish(ctx context.Context, intentID string, e ending) error {
	return b.update(ctx, func(tx storage.Tx) error {
		if err := tx.Durable(ctx); err != nil {
			return err
		}
		if e.payment != nil {
			// A begin whose commit reported an error may still be committing: its lock
			// is waited for, so that it is seen or never happens.
			if _, err := tx.Get(ctx, &storage.Payment{Merchant: e.payment.Merchant, Payment: e.payment.Payment}, storage.ForUpdate); err != nil {
				return err
			}
		}
		a := &storage.Attempt{IntentID: intentID}
		if found, err := tx.Get(ctx, a, storage.NoLock); err != nil || !found {
			return errors.Join(err, errNothing)
		}
		p := &storage.Payment{Merchant: a.Merchant, Payment: a.Payment}
		if _, err := tx.Get(ctx, p, storage.ForUpdate); err != nil {
			return err
		}
		r, err := lockRefund(ctx, tx, ID(a.Refund))
		if err != nil {
			return err
		}
		if _, err := tx.Get(ctx, a, storage.ForUpdate); err != nil {
			return err
		}
		from := State(r.State)
		if r.Attempt != intentID || from != Sent && from != InProcess {
			return b.late(ctx, tx, r, a, e)
		}
		if err := own(ctx, tx, a, e.operations); err != nil {
			return err
		}
		if err := b.close(ctx, tx, p, a, e); err != nil {
			return err
		}
		if e.renew {
			if e.renew, err = b.renews(ctx, tx, r); err != nil {
				return err
			}
		}
		if e.state != InProcess {
			if err := b.settleReservation(ctx, tx, intentID, e.state == Done); err != nil {
				return err
			}
		}
		b.settle(r, e)
		if err := tx.Save(ctx, r); err != nil {
			return err
		}
		if from == e.state {
			return nil
		}
		event := about(r, Known, from)
		event.Actor, event.IntentID, event.Reason, event.Data = e.actor, intentID, e.outcome.String(), strings.TrimSpace(e.codes+" "+e.data)
		return b.note(ctx, tx, event)
	})
}

// renews tells whether the next attempt needs another external refund id, since
// Assist has refused this one. While an earlier attempt may still arrive it keeps
// the old one: better an attempt that Assist calls a repetition than two that
// both pay.
func (b *Book) renews(ctx context.Context, tx storage.Tx, r *storage.Refund) (bool, error) {
	attempts, err := storage.Find[storage.Attempt](ctx, tx, storage.Query{Where: []storage.Cond{
		storage.Eq("merchant", r.Merchant), storage.Eq("payment", r.Payment), storage.Eq("refund", r.ID)}})
	for _, a := range attempts {
		if a.ClosedBy != "" && a.Outcome == int64(assist.Unknown) {
			return false, err
		}
	}
	return true, err
}

// close ends the attempt, frees the payment and wakes who waits for it.
func (b *Book) close(ctx context.Context, tx storage.Tx, p *storage.Payment, a *storage.Attempt, e ending) error {
	now := micros(b.now())
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
	return b.free(ctx, tx, p, a.Client, a.Refund)
}

// free ends a payment's being taken.
func (b *Book) free(ctx context.Context, tx storage.Tx, p *storage.Payment, client string, but int64) error {
	now := micros(b.now())
	p.Version, p.LastClient, p.FreeSince = p.Version+1, client, now
	if err := tx.Save(ctx, p); err != nil {
		return err
	}
	waiting, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Lock: storage.SkipLocked, Where: []storage.Cond{
		storage.Eq("merchant", p.Merchant), storage.Eq("payment", p.Payment), storage.In("state", []int64{int64(Pending)}), storage.Not("id", but),
		storage.In("waits", []int64{int64(ForPayment), int64(ForEarlier)})}})
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if w.NextAt > now {
			w.NextAt = now
			if err := tx.Save(ctx, w); err != nil {
				return err
			}
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
	r.Person, r.PersonWhy, r.TakenBy = 0, "", ""
	if e.person != "" {
		r.Person, r.PersonWhy, r.Waits = micros(b.now()), e.person, int64(ForPerson)
	}
}

// own gives operations to an attempt. That each belongs to one is the primary
// key's to hold.
func own(ctx context.Context, tx storage.Tx, a *storage.Attempt, operations []assist.Operation) error {
	for _, op := range operations {
		if op.Billnumber.Operation() == 0 {
			continue // a plain billnumber names the payment
		}
		row := &storage.Operation{Merchant: a.Merchant, Operation: string(op.Billnumber), Payment: a.Payment, IntentID: a.IntentID, Refund: a.Refund,
			Minor: op.Amount.Minor(), Currency: op.Amount.Currency(), At: micros(op.Date), Code: finalCode(op), Approval: op.ApprovalCode, Slip: op.SlipNumber}
		inserted, err := tx.Insert(ctx, row)
		if err != nil {
			return err
		}
		if inserted {
			continue
		}
		if _, err := tx.Get(ctx, row, storage.NoLock); err != nil {
			return err
		}
		if row.IntentID != a.IntentID {
			return fmt.Errorf("%w: %s", errOwned, op.Billnumber)
		}
		// It was in process when it was first known.
		row.Code, row.At = finalCode(op), max(row.At, micros(op.Date))
		if err := tx.Save(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// finalCode is the code of an operation that is over; one in process has none
// yet.
func finalCode(op assist.Operation) string {
	if op.State == assist.OperationInProcess || op.ResponseCode == assist.ResponseInProcess {
		return ""
	}
	return string(op.ResponseCode)
}

// late is what becomes known of an attempt that isn't the refund's open one any
// more. What a person has closed and money has moved by is raised, and changes
// no state.
func (b *Book) late(ctx context.Context, tx storage.Tx, r *storage.Refund, a *storage.Attempt, e ending) error {
	closed := a.ClosedBy != "" && a.Outcome == int64(assist.Unknown)
	switch {
	case !closed || e.outcome == assist.Unknown:
		return errNothing
	case e.outcome == assist.Accepted && e.state != Done:
		// It may still be declined: the watch goes on and sees its end.
		return errNothing
	}
	if err := own(ctx, tx, a, e.operations); err != nil {
		return err
	}
	if err := b.settleReservation(ctx, tx, a.IntentID, e.outcome == assist.Accepted); err != nil {
		return err
	}
	a.Outcome, a.Codes, a.Detail, a.WatchAt = int64(e.outcome), e.codes, e.detail, 0
	if err := tx.Save(ctx, a); err != nil || e.outcome != assist.Accepted {
		return err
	}
	event := about(r, MovedLate, State(r.State))
	event.Actor, event.IntentID, event.Data = e.actor, a.IntentID, e.data
	event.Reason = "money moved by a cancel that a person had closed"
	return b.note(ctx, tx, event)
}
