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

// Two transactions hold the money: begin, before the one send, and finish, after
// it. All else here and in the carrier (claims, leases, rests, clocks) is about
// speed, and may fail or be late without paying anything twice.

var (
	// errTaken: somebody else has begun, ended or changed something meanwhile.
	errTaken = errors.New("refunds: the refund or its payment has changed meanwhile")
	errHeld  = errors.New("refunds: the merchant is held")
	// errOwned: an operation belongs to another attempt.
	errOwned = errors.New("refunds: the operation belongs to another attempt")
)

// afterSend is when a cancel is looked at that nobody has told the end of: its
// process has died, as a cancel takes at most 90 seconds.
const afterSend = 2 * time.Minute

// view is what must be known of a refund before its order is asked for.
type view struct {
	r        *storage.Refund
	merchant storage.Merchant
	payment  storage.Payment
	open     *storage.Attempt // an attempt of the payment whose outcome isn't known
	passed   []string         // tokens of closed attempts that are still watched
	owned    map[assist.Billnumber]*storage.Operation
	earlier  bool // an earlier refund of the payment goes first
}

func (b *Book) look(ctx context.Context, r *storage.Refund) (*view, error) {
	v := &view{r: r, owned: map[assist.Billnumber]*storage.Operation{}}
	err := b.store.View(ctx, func(tx storage.Tx) error {
		v.merchant, v.payment = storage.Merchant{Merchant: r.Merchant}, storage.Payment{Merchant: r.Merchant, Payment: r.Payment}
		if _, err := tx.Get(ctx, &v.merchant, storage.NoLock); err != nil {
			return err
		}
		// The version first: whatever is read after it is at least as new.
		if _, err := tx.Get(ctx, &v.payment, storage.NoLock); err != nil {
			return err
		}
		of := []storage.Cond{storage.Eq("merchant", r.Merchant), storage.Eq("payment", r.Payment)}
		others, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Where: append(of[:2:2], storage.Less("id", r.ID), storage.In("state", []int64{int64(Pending)}))})
		if err != nil {
			return err
		}
		for _, o := range others {
			v.earlier = v.earlier || goesFirst(o)
		}
		operations, err := storage.Find[storage.Operation](ctx, tx, storage.Query{Where: of})
		if err != nil {
			return err
		}
		for _, o := range operations {
			v.owned[assist.Billnumber(o.Operation)] = o
		}
		if v.payment.Version == 0 {
			return nil // nobody has ever cancelled it
		}
		attempts, err := storage.Find[storage.Attempt](ctx, tx, storage.Query{Where: of})
		if err != nil {
			return err
		}
		for _, a := range attempts {
			switch {
			case a.Told == 0:
				v.open = a
			case a.WatchUntil > 0 && a.Outcome == int64(assist.Unknown):
				v.passed = append(v.passed, a.Intent)
			}
		}
		return nil
	})
	return v, err
}

// goesFirst tells whether a pending refund keeps later ones of its payment
// waiting: all but those that wait for a time, for money or for a person.
func goesFirst(r *storage.Refund) bool {
	switch Waits(r.Waits) {
	case ForTime, ForMoney, ForPerson:
		return false
	}
	return true
}

// begin is what SaveIntent calls: the one arbiter of sending. It commits only
// for the newest claim of a pending refund, on a payment that is as it was
// looked at, of which no cancel is open. After its commit nobody ever sends this
// attempt again: there is no way back from Sent but by what became of it.
func (b *Book) begin(ctx context.Context, v *view, in assist.Intent, client string, facts *Mean, email string) error {
	return b.store.Update(ctx, func(tx storage.Tx) error {
		if err := tx.Durable(ctx); err != nil {
			return err
		}
		// Locks go from the merchant down to the refund, here and in finish.
		m := storage.Merchant{Merchant: v.r.Merchant}
		if _, err := tx.Get(ctx, &m, storage.ForShare); err != nil {
			return err
		}
		if m.Held != 0 {
			return errHeld
		}
		p := storage.Payment{Merchant: v.r.Merchant, Payment: v.r.Payment}
		if found, err := tx.Get(ctx, &p, storage.ForUpdate); err != nil || !found || p.Version != v.payment.Version {
			return errors.Join(err, errTaken)
		}
		r, err := lockRefund(ctx, tx, ID(v.r.ID))
		if err != nil || r.Version != v.r.Version || State(r.State) != Pending {
			return errors.Join(err, errTaken)
		}
		now := b.now()
		p.Version++
		if facts != nil {
			p.MeanType, p.MeanLast4, p.PaidAt, p.PaidMinor, p.PaidCurrency = int64(facts.TypeID), facts.Last4, micros(facts.PaidAt), facts.Paid.Minor(), facts.Paid.Currency()
			p.Email = email
		}
		if err := tx.Save(ctx, &p); err != nil {
			return err
		}
		r.State, r.Attempt, r.Waits, r.NextAt = int64(Sent), in.ID, int64(ForOutcome), micros(now.Add(afterSend))
		r.Attempts++
		inserted, err := tx.Insert(ctx, &storage.Attempt{IntentID: in.ID, Refund: r.ID, Merchant: r.Merchant, Payment: r.Payment, Number: r.Attempts,
			Intent: in.Token(), Client: client, Minor: r.Minor, Currency: r.Currency, Begun: micros(now)})
		if err != nil || !inserted {
			return errors.Join(err, errTaken)
		}
		if err := tx.Save(ctx, r); err != nil {
			return err
		}
		e := about(r, Sending, Pending)
		e.Actor = client
		return b.note(ctx, tx, e)
	})
}

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
			Minor: op.Amount.Minor(), Currency: op.Amount.Currency(), At: micros(op.Date), Approval: op.ApprovalCode, Slip: op.SlipNumber}
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
	}
	return nil
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
	a.Outcome, a.Codes, a.Detail, a.WatchAt = int64(e.outcome), e.codes, e.detail, 0
	if err := tx.Save(ctx, a); err != nil || e.outcome != assist.Accepted {
		return err
	}
	event := about(r, MovedLate, State(r.State))
	event.Actor, event.IntentID, event.Data = e.actor, a.IntentID, e.data
	event.Reason = "money moved by a cancel that a person had closed"
	return b.note(ctx, tx, event)
}

// later puts a refund off. What has happened meanwhile stands above it.
func (b *Book) later(ctx context.Context, r *storage.Refund, at time.Time, w Waits, detail string) error {
	return b.update(ctx, func(tx storage.Tx) error {
		now, err := lockRefund(ctx, tx, ID(r.ID))
		if err != nil {
			return err
		}
		if now.Version != r.Version || now.State != r.State {
			return errNothing
		}
		now.NextAt, now.Waits, now.Detail = micros(at), int64(w), detail
		if now.Person != 0 {
			now.Waits = int64(ForPerson)
		}
		return tx.Save(ctx, now)
	})
}

// refuse ends a pending refund of which nothing was sent.
func (b *Book) refuse(ctx context.Context, r *storage.Refund, actor string, err error) error {
	return b.update(ctx, func(tx storage.Tx) error {
		now, e := lockRefund(ctx, tx, ID(r.ID))
		if e != nil {
			return e
		}
		if now.Version != r.Version || State(now.State) != Pending {
			return errNothing
		}
		now.Codes, now.Detail = codesOf(err), err.Error()
		b.end(now, Refused)
		if e := tx.Save(ctx, now); e != nil {
			return e
		}
		event := about(now, Known, Pending)
		event.Actor, event.Reason, event.Data = actor, assist.OutcomeOf(err).String(), now.Codes
		return b.note(ctx, tx, event)
	})
}
