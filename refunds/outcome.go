package refunds

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// ended stores what a cancel was answered with, or what was found out about it.
func (c *Carrier) ended(ctx context.Context, r *storage.Refund, in assist.Intent, x *assist.Cancellation, err error) error {
	outcome := assist.OutcomeOf(err)
	if outcome == assist.Unknown {
		return c.unclear(ctx, in.ID, doubt{next: 30 * time.Second, detail: err.Error()})
	}
	now := c.book.now()
	e := ending{outcome: outcome, next: now, actor: c.name, codes: codesOf(err), state: Pending}
	if err != nil {
		e.detail = err.Error()
	}
	switch outcome {
	case assist.Accepted:
		e.cancellation, e.operations, e.data = x.Token(), x.Operations, numbersOf(x.Operations)
		e.state, e.next, e.waits = InProcess, now.Add(c.pace(0)), ForOutcome
		if x.Status == assist.Succeeded {
			e.state = Done
		}
	case assist.Rejected:
		var declined *assist.DeclinedError
		if errors.As(err, &declined) && declined.Operation.Billnumber != "" {
			e.operations = []assist.Operation{declined.Operation}
		}
		e.renew = true
		c.refused(r, &e, err)
	case assist.NotSent:
		c.reached(r.Merchant, false)
		e.waits, e.next = ForConnection, now.Add(c.pace(time.Duration(r.NotSent+1)*time.Minute))
		if remedyOf(err) == assist.RemedySettings {
			e.waits, e.next = ForSettings, now.Add(probeEvery)
		}
	}
	if outcome != assist.NotSent {
		c.reached(r.Merchant, true)
	}
	if e.waits == ForSettings {
		if err := c.book.pause(ctx, r.Merchant, c.name, e.detail); err != nil {
			c.book.log.ErrorContext(ctx, "refunds: pausing", "merchant", r.Merchant, "err", err)
		}
	}
	return c.keep(ctx, r, in.ID, e)
}

// refused says what a refusal means for the refund: the end, or another try.
func (c *Carrier) refused(r *storage.Refund, e *ending, err error) {
	now := c.book.now()
	switch remedyOf(err) {
	case assist.RemedyTime:
		e.next, e.waits = c.whenBanned(err), ForTime
		if r.Attempts > 50 {
			e.person = "Assist has refused it fifty times: " + e.codes
		}
	case assist.RemedyMoney:
		e.next, e.waits = c.nextForMoney(r), ForMoney
		e.person = tooLongForMoney(r, now)
	case assist.RemedySettings:
		e.next, e.waits = now.Add(probeEvery), ForSettings
	default:
		e.state = Refused
	}
}

// tooLongForMoney says why a refund that waits for the day balance needs a person:
// three days without enough, and it may be more than any day brings.
func tooLongForMoney(r *storage.Refund, now time.Time) string {
	if now.Sub(instant(max(r.Created, r.NotBefore))) <= 3*24*time.Hour {
		return ""
	}
	return "for three days it has been more than the day balance"
}

func numbersOf(operations []assist.Operation) string {
	var all []string
	for _, op := range operations {
		all = append(all, string(op.Billnumber))
	}
	return strings.Join(all, " ")
}

// keep stores an outcome, and goes on trying for as long as the process lives:
// a refusal by codes leaves no trace at Assist, so it is known to nobody else.
func (c *Carrier) keep(ctx context.Context, r *storage.Refund, intentID string, e ending) error {
	ctx = context.WithoutCancel(ctx)
	e.of = r
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := c.book.finish(ctx, intentID, e)
		switch {
		case err == nil:
			c.tell(ctx, r, e)
			return nil
		case errors.Is(err, errOwned):
			// What was found belongs to another: so this one's isn't known.
			return c.unclear(ctx, intentID, doubt{next: time.Hour, detail: err.Error(), person: err.Error()})
		case errors.Is(err, storage.ErrConstraint):
			return err // trying again gives the same; the refund stays Sent and is asked about
		}
		c.book.log.ErrorContext(ctx, "refunds: storing an outcome", "refund", r.ID, "err", err)
		c.wait(ctx, pause, nil)
	}
}

func (c *Carrier) tell(ctx context.Context, r *storage.Refund, e ending) {
	c.book.log.InfoContext(ctx, "refunds: outcome", "refund", r.ID, "payment", r.Payment, "outcome", e.outcome.String(), "state", e.state.String(), "codes", e.codes)
	c.book.wake() // others of the payment may be free to go
	if e.person != "" {
		c.call(ctx, ID(r.ID))
	}
}

func (c *Carrier) call(ctx context.Context, id ID) {
	if c.alert == nil {
		return
	}
	rec, err := c.book.Get(ctx, id)
	if err != nil {
		return
	}
	limited, end := context.WithTimeout(ctx, handlerTime)
	defer end()
	if err := called(limited, func() error { c.alert(limited, rec); return nil }); err != nil {
		c.book.complain(ctx, "refunds: alerting", "refund", id, "err", err)
	}
}

// doubt is what is known of a cancel whose outcome isn't.
type doubt struct {
	asked  bool // a question was answered
	seen   []assist.Operation
	next   time.Duration
	detail string
	person string // why one is needed; empty where none is
}

// unclear notes a doubt about the refund's open attempt. Nothing of it changes a
// state.
func (c *Carrier) unclear(ctx context.Context, intentID string, d doubt) error {
	var called ID
	err := c.book.update(ctx, func(tx storage.Tx) error {
		a := &storage.Attempt{IntentID: intentID}
		if found, err := tx.Get(ctx, a, storage.NoLock); err != nil || !found {
			return firstOf(err, errNothing)
		}
		r, err := lockRefund(ctx, tx, ID(a.Refund))
		if err != nil {
			return err
		}
		if r.Attempt != intentID {
			return errNothing
		}
		if _, err := tx.Get(ctx, a, storage.ForUpdate); err != nil {
			return err
		}
		now := c.book.now()
		if d.asked {
			a.Asked, a.Asks, a.Seen = micros(now), a.Asks+1, numbersOf(d.seen)
		}
		a.Detail = d.detail
		if err := tx.Save(ctx, a); err != nil {
			return err
		}
		r.NextAt, r.Detail, r.Waits = micros(now.Add(d.next)), d.detail, int64(ForOutcome)
		if d.person != "" && r.Person == 0 {
			called = ID(r.ID)
		}
		return c.book.callPerson(ctx, tx, r, c.name, d.person)
	})
	if err == nil && called != 0 {
		c.call(ctx, called)
	}
	return err
}

// callPerson saves a refund, and notes that it needs a person where it does.
func (b *Book) callPerson(ctx context.Context, tx storage.Tx, r *storage.Refund, actor, why string) error {
	first := why != "" && r.Person == 0
	if first {
		r.Person, r.PersonWhy = micros(b.now()), why
	}
	if r.Person != 0 {
		r.Waits = int64(ForPerson)
	}
	if err := tx.Save(ctx, r); err != nil || !first {
		return err
	}
	return b.noteNeeded(ctx, tx, r, r.Attempt, actor)
}

// noteNeeded adds to the history that a refund needs a person, and why.
func (b *Book) noteNeeded(ctx context.Context, tx storage.Tx, r *storage.Refund, intent, actor string) error {
	e := about(r, PersonNeeded, State(r.State))
	e.IntentID, e.Actor, e.Reason = intent, actor, r.PersonWhy
	return b.note(ctx, tx, e)
}

// needPerson stops a pending refund until a person has decided. It is looked at
// again every hour: what spoke against it may be gone.
func (c *Carrier) needPerson(ctx context.Context, r *storage.Refund, why string) error {
	return c.needPersonAt(ctx, r, c.book.now().Add(time.Hour), why)
}

// needPersonAt calls a person, and says when the refund is looked at again.
func (c *Carrier) needPersonAt(ctx context.Context, r *storage.Refund, at time.Time, why string) error {
	called := false
	err := c.book.update(ctx, func(tx storage.Tx) error {
		now, err := lockRefund(ctx, tx, ID(r.ID))
		if err != nil {
			return err
		}
		if now.Version != r.Version || now.State != r.State {
			return errNothing
		}
		called = now.Person == 0
		now.NextAt, now.Detail = micros(at), why
		return c.book.callPerson(ctx, tx, now, c.name, why)
	})
	if err == nil && called {
		c.call(ctx, ID(r.ID))
	}
	return err
}

// resolve asks what became of a cancel.
func (c *Carrier) resolve(ctx context.Context, r *storage.Refund) error {
	a, err := c.book.attempt(ctx, r.Attempt)
	if err != nil {
		return err
	}
	if decided, err := c.decide(ctx, r, a); decided || err != nil {
		return err
	}
	in, err := assist.ParseIntent(a.Intent)
	if err != nil {
		return c.unclear(ctx, a.IntentID, doubt{next: time.Hour, detail: err.Error(), person: err.Error()})
	}
	found, err := c.clients[r.Merchant].Resolve(ctx, in)
	if age := c.book.now().Sub(instant(a.Begun)); err != nil && age > c.personAfter && remedyOf(err) != assist.RemedySettings {
		return c.unclear(ctx, a.IntentID, doubt{next: c.pace(age), detail: err.Error(), person: "Assist can't be asked about it"})
	}
	if err != nil {
		return c.cantAsk(ctx, r, err)
	}
	c.reached(r.Merchant, true)
	switch found.Outcome {
	case assist.Accepted:
		return c.ended(ctx, r, in, found.Cancellation, nil)
	case assist.Rejected:
		return c.ended(ctx, r, in, nil, found.Err)
	}
	return c.unclear(ctx, a.IntentID, c.doubtAbout(a, found))
}

func (c *Carrier) doubtAbout(a *storage.Attempt, found *assist.Resolution) doubt {
	age := c.book.now().Sub(instant(a.Begun))
	d := doubt{asked: true, seen: found.Candidates, next: c.pace(age), detail: "nothing of it is listed"}
	switch {
	case len(found.Candidates) > 0:
		d.detail = "it may be one of " + numbersOf(found.Candidates)
		if age > 15*time.Minute {
			d.person = d.detail
		}
	case age > c.personAfter:
		d.person = "nothing of it is listed after " + age.Round(time.Minute).String()
	}
	return d
}

func (b *Book) attempt(ctx context.Context, intentID string) (*storage.Attempt, error) {
	a := &storage.Attempt{IntentID: intentID}
	err := b.store.View(ctx, func(tx storage.Tx) error {
		found, err := tx.Get(ctx, a, storage.NoLock)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	return a, err
}

// operationsOf gives what an attempt has made.
func (b *Book) operationsOf(ctx context.Context, a *storage.Attempt) (numbers []assist.Billnumber, err error) {
	err = b.store.View(ctx, func(tx storage.Tx) error {
		all, err := storage.Find[storage.Operation](ctx, tx, storage.Query{Order: "operation", Where: []storage.Cond{
			storage.Eq("merchant", a.Merchant), storage.Eq("payment", a.Payment), storage.Eq("intent_id", a.IntentID)}})
		for _, o := range all {
			numbers = append(numbers, assist.Billnumber(o.Operation))
		}
		return err
	})
	return numbers, err
}

func (b *Book) row(ctx context.Context, id int64) (*storage.Refund, error) {
	r := &storage.Refund{ID: id}
	err := b.store.View(ctx, func(tx storage.Tx) error {
		found, err := tx.Get(ctx, r, storage.NoLock)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	return r, err
}

// follow asks how far a cancel in process is.
func (c *Carrier) follow(ctx context.Context, r *storage.Refund) error {
	a, err := c.book.attempt(ctx, r.Attempt)
	if err != nil {
		return err
	}
	if decided, err := c.decide(ctx, r, a); decided || err != nil {
		return err
	}
	x, err := c.clients[r.Merchant].Resume(a.Cancellation)
	if err != nil {
		return c.unclear(ctx, a.IntentID, doubt{next: time.Hour, detail: err.Error(), person: err.Error()})
	}
	age := c.book.now().Sub(instant(a.Begun))
	y, err := c.clients[r.Merchant].Refresh(ctx, x)
	var question *assist.FollowError
	switch {
	case errors.As(err, &question):
		return c.cantAsk(ctx, r, err)
	case err != nil && assist.OutcomeOf(err) == assist.Unknown:
		return c.unclear(ctx, a.IntentID, doubt{asked: true, next: time.Hour, detail: err.Error(), person: err.Error()})
	case err == nil && y.Status == assist.InProcess:
		d := doubt{asked: true, next: c.pace(age), detail: "in process"}
		if age > 4*24*time.Hour {
			d.person = "in process for " + age.Round(time.Hour).String()
		}
		return c.unclear(ctx, a.IntentID, d)
	}
	c.reached(r.Merchant, true)
	return c.ended(ctx, r, x.Intent, y, err)
}

// reopen resolves the intent for which this client keeps a payment closed.
// Another process may have stored long since what became of it.
func (c *Carrier) reopen(ctx context.Context, r *storage.Refund, in assist.Intent) error {
	a, err := c.book.attempt(ctx, in.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err == nil && a.Told != 0 {
		operations, e := c.book.operationsOf(ctx, a)
		if e == nil && len(operations) > 0 && c.clients[r.Merchant].Learn(in, operations...) == nil {
			return c.later(ctx, r, 0, ForTurn, "")
		}
	}
	found, qerr := c.clients[r.Merchant].Resolve(ctx, in)
	owner := &storage.Refund{ID: a.Refund}
	if err == nil {
		if owner, err = c.book.row(ctx, a.Refund); err != nil {
			return err
		}
	}
	switch {
	case qerr != nil:
		return c.cantAsk(ctx, r, qerr)
	case err == nil && found.Outcome == assist.Accepted:
		err = c.ended(ctx, owner, in, found.Cancellation, nil)
	case err == nil && found.Outcome == assist.Rejected:
		err = c.ended(ctx, owner, in, nil, found.Err)
	case found.Outcome == assist.Unknown && a.Told != 0:
		c.mu.Lock()
		c.closed[in.ID] = in
		c.mu.Unlock()
		err = nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return c.later(ctx, r, 5*time.Second, ForPayment, "")
}
