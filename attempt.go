package assist

import (
	"context"
	"crypto/rand"
	"slices"
	"time"
)

// cancelAttempt is one cancel on its way: prepare, open, look, admit, save, begin, send,
// judge, settle. Every step before send ends it as NotSent.
type cancelAttempt struct {
	client  *Client
	req     CancelRequest
	full    bool
	options cancelOptions

	look   *look  // with LookFirst
	known  *Order // the order as far as it is known: by the look, else the caller's
	intent Intent
	body   []byte

	reserved bool // from the day balance, by admit
	begun    bool // from here on the outcome settles the reservation
}

// prepare checks what the caller gave.
func (a *cancelAttempt) prepare(opts []CancelOption) error {
	if err := a.req.check(a.full, a.client.protocol); err != nil {
		return err
	}
	for _, opt := range opts {
		if opt == nil {
			return invalid("CancelOption", "must not be nil")
		}
		opt(&a.options)
	}
	if a.options.checkOrder != nil && !a.options.lookFirst {
		return invalid("CheckOrder", "needs LookFirst")
	}
	for _, earlier := range a.options.passedOver {
		if earlier.Request.Billnumber.Payment() != a.req.Billnumber.Payment() {
			return invalid("DespiteUnknown", "must be an intent of the same payment")
		}
	}
	a.known = a.req.Order
	return nil
}

func (a *cancelAttempt) stopped(step string, err error) error {
	return &NotSentError{Step: step, Billnumber: a.req.Billnumber, Err: err}
}

// open stops at an earlier cancel that is unresolved.
func (a *cancelAttempt) open(context.Context) error {
	if earlier, found := a.client.payments.unresolvedBut(a.req.Billnumber.Payment(), a.options.passedOver); found {
		return &UnresolvedError{Intent: earlier}
	}
	return nil
}

// lookAtOrder asks for the order, with LookFirst.
func (a *cancelAttempt) lookAtOrder(ctx context.Context) error {
	if !a.options.lookFirst {
		return nil
	}
	look, err := a.client.lookFirst(ctx, &a.req)
	if err != nil {
		return a.stopped("looking at the order", err)
	}
	a.look, a.known = look, look.order
	if a.options.checkOrder != nil {
		shown := look.order.clone()
		if err := a.options.checkOrder(&shown); err != nil {
			return a.stopped("checking the order", err)
		}
	}
	if a.req.Order != nil {
		return nil
	}
	// It was found by the number of the request, however the answer spells it.
	order := *look.order
	order.Number = a.req.OrderNumber
	a.req.Order = &order
	// The caller's date served to find the order; Assist's is the right one.
	if !order.Date.IsZero() {
		a.req.OrderDate = order.Date
	}
	return a.req.checkOrder()
}

// admit makes the intent and asks the wallet rules. The day balance is reserved
// before the intent is saved: a cancel that breaks a rule leaves none behind.
func (a *cancelAttempt) admit(ctx context.Context) error {
	cred, err := a.client.credentials(ctx)
	if err != nil {
		return a.stopped("asking for the credentials", err)
	}
	a.body = a.client.encodeCancel(cred, &a.req)
	a.intent = a.client.newIntent(a.req, a.full, a.look)
	decided := len(a.options.passedOver) > 0 || a.client.payments.decidedAbout(a.req.Billnumber.Payment())
	err = a.client.admit(ctx, a.intent.ID, a.req, a.known, decided)
	a.reserved = err == nil
	return err
}

// giveBack returns what the day balance set aside for a cancel that isn't sent,
// also when a function of the caller's has panicked.
func (a *cancelAttempt) giveBack(ctx context.Context) {
	if a.reserved && !a.begun {
		a.client.settle(ctx, a.intent.ID, NotSent, nil)
	}
}

// save hands the intent out.
func (a *cancelAttempt) save(ctx context.Context) error {
	// The day balance may have taken its time.
	a.intent.sentAt(a.client.now(), a.look)
	if a.options.saveIntent == nil {
		return nil
	}
	if err := a.options.saveIntent(ctx, a.intent); err != nil {
		return a.stopped("saving the intent", err)
	}
	return nil
}

// begin closes the payment. Another cancel of it may have turned out to be
// unresolved while the intent was saved, so that is looked at once more, under the
// lock that closes it. It comes before the send, so that even a transport that
// panics leaves the payment closed.
func (a *cancelAttempt) begin(context.Context) error {
	// Without the monotonic clock, which stands still while the machine sleeps.
	if t := a.options.sendBy; !t.IsZero() && a.client.now().Round(0).After(t.Round(0)) {
		return a.stopped("sending in time", ErrTooLate)
	}
	if earlier, inTheWay := a.client.payments.begin(a.intent, a.options.passedOver); inTheWay {
		return &UnresolvedError{Intent: earlier}
	}
	a.begun = true
	return nil
}

// sentAt stamps the intent with the moment of the send, by the client's clock, and
// on the server's by the look.
func (in *Intent) sentAt(now time.Time, look *look) {
	in.SentAt = now.UTC()
	if look != nil && !look.date.IsZero() {
		in.LookedAt = look.date.UTC()
		in.ServerSentAt, in.ServerSlack = look.reading(time.Now()).UTC(), look.slack()
	}
}

// newIntent makes the intent of a cancel. Of look, which may be nil, it takes
// what there was before.
func (c *Client) newIntent(req CancelRequest, full bool, look *look) Intent {
	in := Intent{
		ID:         rand.Text(),
		MerchantID: c.keys.merchantID,
		Request:    req.withoutPersonal(),
		Full:       full,
	}
	in.sentAt(c.now(), look)
	if look != nil {
		in.Before = look.order.billnumbers()
	}
	before := in.Before
	if known := in.Request.Order; known != nil && before != nil {
		// Before says it already.
		said := setOf(before)
		known.Operations = slices.DeleteFunc(known.Operations, func(op Operation) bool { return said[op.Billnumber] })
		if len(known.Operations) == 0 {
			in.Request.Order = nil
		}
	}
	// What this client's earlier cancels were answered with can't be this one's.
	others := c.payments.claimedByOthers(in)
	if len(others) == 0 {
		return in
	}
	known := in.known()
	for _, operation := range sorted(others) {
		if known[operation] {
			continue
		}
		if in.Request.Order == nil {
			in.Request.Order = &Order{Billnumber: req.Billnumber.Payment(), Number: req.OrderNumber, Date: req.OrderDate}
		}
		in.Request.Order.Operations = append(in.Request.Order.Operations, Operation{Billnumber: operation})
	}
	return in
}
