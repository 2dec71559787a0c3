package refunds

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// errStalled: the machine stood still between the stored intent and the send.
var errStalled = errors.New("refunds: too much time has passed since the intent was stored")

// sendWithin is how soon after the intent is stored the send must begin. A
// process that stood still for longer can't know whether somebody has passed
// its cancel over meanwhile.
const sendWithin = 30 * time.Second

// carry does what is to be done with a claimed refund now.
func (c *Carrier) carry(ctx context.Context, v *view) {
	r := v.r
	// What has begun is brought to its end, also when Run is told to stop.
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), lease-time.Minute)
	defer end()
	defer func() {
		// A client's transport, verifier or logger may panic. The refund is due
		// again when its lease is over; if it was sent, it is asked about.
		if p := recover(); p != nil {
			c.book.complain(ctx, "refunds: a panic while carrying", "refund", r.ID, "panic", fmt.Sprint(p))
		}
	}()
	var err error
	switch State(r.State) {
	case Pending:
		err = c.cancel(ctx, v)
	case Sent:
		err = c.resolve(ctx, r)
	case InProcess:
		err = c.follow(ctx, r)
	}
	if err != nil {
		c.book.log.ErrorContext(ctx, "refunds: carrying", "refund", r.ID, "err", err)
	}
}

func (c *Carrier) later(ctx context.Context, r *storage.Refund, d time.Duration, w Waits, detail string) error {
	return c.book.later(ctx, r, c.book.now().Add(d), w, detail)
}

// cancel sends a pending refund, where nothing speaks against it.
func (c *Carrier) cancel(ctx context.Context, v *view) error {
	r := v.r
	if decided, err := c.decide(ctx, r, nil); decided || err != nil {
		return err
	}
	now := c.book.now()
	rested := instant(v.payment.FreeSince).Add(c.rest)
	switch {
	case r.NotBefore > micros(now):
		return c.book.later(ctx, r, instant(r.NotBefore), ForTime, "")
	case v.merchant.Held != 0:
		return c.later(ctx, r, time.Minute, ForPerson, "the merchant is held: "+v.merchant.HeldWhy)
	case v.open != nil:
		// Whoever ends it wakes this one; asking is for a wake that was lost.
		return c.later(ctx, r, min(c.pace(now.Sub(instant(v.open.Begun))), 10*time.Minute), ForPayment, "")
	case v.earlier:
		return c.later(ctx, r, min(c.pace(now.Sub(instant(r.Created))), 5*time.Minute), ForEarlier, "")
	case v.payment.Version > 0 && v.payment.LastClient != c.name && now.Before(rested):
		return c.book.later(ctx, r, rested, ForRest, "")
	}
	return c.send(ctx, v)
}

// order asks for the refund's order, for a person's decision.
func (c *Carrier) order(ctx context.Context, r *storage.Refund) (*assist.Order, error) {
	q := assist.OrderQuery{OrderNumber: r.OrderNumber}
	if date := instant(r.OrderDate); !date.IsZero() {
		q.From = date.Add(-24 * time.Hour) // the merchant may keep it in another zone
	}
	orders, err := c.clients[r.Merchant].OrderResult(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range orders {
		if string(orders[i].Billnumber.Payment()) == r.Payment {
			return &orders[i], nil
		}
	}
	return nil, &assist.FollowError{Service: "orderresult", Err: assist.ErrOrderNotFound}
}

// answered notes that Assist takes the merchant's settings.
func (c *Carrier) answered(ctx context.Context, v *view) {
	c.reached(v.r.Merchant, true)
	if v.merchant.Paused == 0 {
		return
	}
	if err := c.book.resume(ctx, v.r.Merchant, c.name); err != nil {
		c.book.log.ErrorContext(ctx, "refunds: ending a pause", "merchant", v.r.Merchant, "err", err)
	}
}

func (c *Carrier) reached(merchant string, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if yes {
		delete(c.misses, merchant)
	} else {
		c.misses[merchant]++
	}
}

// send makes the one cancel of an attempt.
func (c *Carrier) send(ctx context.Context, v *view) error {
	r := v.r
	req, err := requestOf(r)
	if err != nil {
		return err
	}
	req.ExternalRefundID = externalRefundID(r)
	req.Order = c.known(v)
	var order *assist.Order // as Assist showed it just before the intent
	var intent assist.Intent
	var begun, tried bool
	account := c.clients[r.Merchant]
	check := func(o *assist.Order) error {
		if err := account.answered(ctx); err != nil {
			return err
		}
		order = o
		if why := objection(v, o, c.book.now()); why != "" {
			return &objectionError{why}
		}
		return nil
	}
	save := func(ctx context.Context, in assist.Intent) error {
		mean, email := c.facts(v, order)
		intent, tried = in, true
		started := c.book.now()
		by := sender{c.name, account.server()}
		if err := c.book.nameServer(ctx, v, by); err != nil {
			return err
		}
		if err := c.book.begin(ctx, v, in, by, mean, email); err != nil {
			return err
		}
		begun = true
		if c.book.now().Sub(started) > sendWithin {
			return errStalled
		}
		return nil
	}
	opts, err := c.despite(v)
	if err != nil {
		return err
	}
	// Who stood still for longer than its lease can't know what others have done.
	opts = append(opts, assist.LookFirst(), assist.CheckOrder(check), assist.SaveIntent(save), assist.SendBy(c.book.now().Add(lease-time.Minute)))
	cancel := account.Cancel
	if r.Whole == 1 {
		cancel, req.Amount = account.CancelFull, assist.Money{}
	}
	x, err := cancel(account.watched(ctx), req, opts...)
	if !tried { // a look that failed may have failed at another server
		err = firstOf(account.answered(ctx), err)
	}
	if order != nil {
		c.answered(ctx, v)
	}
	switch {
	case begun:
		c.forgetClosed(r.Payment)
		return c.ended(ctx, r, intent, x, err)
	case otherServer(err):
		return c.cantAsk(ctx, r, account.tell(ctx, err))
	case errors.Is(err, errTaken):
		return c.later(ctx, r, 5*time.Second, ForTurn, "")
	case errors.Is(err, errElsewhere):
		return errors.Join(c.book.moved(ctx), c.later(ctx, r, time.Minute, ForPerson, err.Error()))
	case tried:
		// A commit that reported an error may have happened. That nothing was sent
		// is known to us alone, so the attempt, if there is one, is ended here.
		return errors.Join(c.ended(ctx, r, intent, nil, err), c.later(ctx, r, 30*time.Second, ForConnection, err.Error()))
	}
	return c.notBegun(ctx, v, err)
}

// known are the operations that can't be the cancel's own, because the store
// has them.
func (c *Carrier) known(v *view) *assist.Order {
	if len(v.owned) == 0 {
		return nil
	}
	o := &assist.Order{Billnumber: assist.Billnumber(v.r.Payment), Number: v.r.OrderNumber, Date: instant(v.r.OrderDate)}
	for b := range v.owned {
		o.Operations = append(o.Operations, assist.Operation{Billnumber: b})
	}
	slices.SortFunc(o.Operations, func(x, y assist.Operation) int { return strings.Compare(string(x.Billnumber), string(y.Billnumber)) })
	return o
}

// despite passes over what the store has closed: by a person's decision, or by
// another process's knowledge.
func (c *Carrier) despite(v *view) (opts []assist.CancelOption, err error) {
	for _, token := range v.passed {
		in, err := assist.ParseIntent(token)
		if err != nil {
			return nil, err
		}
		opts = append(opts, assist.DespiteUnknown(in))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, in := range c.closed {
		if string(in.Request.Billnumber.Payment()) == v.r.Payment {
			opts = append(opts, assist.DespiteUnknown(in))
		}
	}
	return opts, nil
}

// forgetClosed drops what the client no longer holds for unknown: a cancel that
// has begun despite it has told the client so.
func (c *Carrier) forgetClosed(payment string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.closed, func(_ string, in assist.Intent) bool { return string(in.Request.Billnumber.Payment()) == payment })
}

// notBegun is about an error before anything was stored: nothing was sent, and
// nothing of it has to be remembered.
func (c *Carrier) notBegun(ctx context.Context, v *view, err error) error {
	r := v.r
	var closed *assist.UnresolvedError
	if errors.As(err, &closed) {
		return c.reopen(ctx, r, closed.Intent)
	}
	var objects *objectionError
	switch {
	case errors.As(err, &objects):
		return c.needPerson(ctx, r, objects.why)
	case errors.Is(err, errHeld):
		return c.later(ctx, r, time.Minute, ForPerson, errHeld.Error())
	}
	if errors.As(err, new(*assist.FollowError)) {
		return c.cantAsk(ctx, r, err)
	}
	switch remedyOf(err) {
	case assist.RemedyNothing:
		return c.book.refuse(ctx, r, c.name, err)
	case assist.RemedyTime:
		return c.book.later(ctx, r, c.whenBanned(err), ForTime, err.Error())
	case assist.RemedyMoney:
		if why := tooLongForMoney(r, c.book.now()); why != "" {
			return c.needPersonAt(ctx, r, c.nextForMoney(r), why)
		}
		return c.book.later(ctx, r, c.nextForMoney(r), ForMoney, err.Error())
	case assist.RemedyResolveFirst:
		if errors.Is(err, assist.ErrCancelInDoubt) {
			return c.needPerson(ctx, r, err.Error())
		}
	}
	return c.cantAsk(ctx, r, err)
}

// whenBanned is when a ban is over, with a margin for clocks and so that not all
// come at midnight at once. A ban that is met in the first minutes of a day is
// the old day's still, on Assist's clock.
func (c *Carrier) whenBanned(err error) time.Time {
	now := c.book.now()
	at, ok := assist.NotBefore(err)
	if !ok || sinceMidnight(now) < 10*time.Minute && at.Sub(now) > 20*time.Hour {
		return now.Add(3*time.Minute + c.jitter(2*time.Minute))
	}
	return at.Add(30*time.Second + c.jitter(10*time.Minute))
}

// cantAsk puts a refund off because a question failed, which says nothing about
// the money.
func (c *Carrier) cantAsk(ctx context.Context, r *storage.Refund, err error) error {
	if otherServer(err) { // another carrier's client may be of the right one
		return c.later(ctx, r, 0, Waits(r.Waits), r.Detail)
	}
	if remedyOf(err) == assist.RemedySettings {
		if e := c.book.pause(ctx, r.Merchant, c.name, err.Error()); e != nil {
			return e
		}
		return c.later(ctx, r, probeEvery, ForSettings, err.Error())
	}
	c.reached(r.Merchant, false)
	age := c.book.now().Sub(instant(r.Created))
	if State(r.State) == Pending && age > c.personAfter {
		switch {
		case errors.Is(err, assist.ErrOrderNotFound):
			return c.needPersonAt(ctx, r, c.book.now().Add(c.pace(age)), "Assist knows no such order")
		case Waits(r.Waits) == ForConnection || r.Person != 0: // not only just now
			return c.needPersonAt(ctx, r, c.book.now().Add(c.pace(age)), "its order can't be asked for: "+err.Error())
		}
	}
	return c.later(ctx, r, c.pace(age), waitsFor(r, ForConnection), err.Error())
}

func waitsFor(r *storage.Refund, w Waits) Waits {
	if State(r.State) != Pending {
		return ForOutcome
	}
	return w
}

// pace asks ever more rarely: half a minute to five in the first hour, hourly
// for a day, then three times a day.
func (c *Carrier) pace(age time.Duration) time.Duration {
	d := 8 * time.Hour
	switch {
	case age < time.Hour:
		d = min(max(age/4, 30*time.Second), 5*time.Minute)
	case age < 24*time.Hour:
		d = time.Hour
	}
	return d - d/10 + c.jitter(d/5)
}
