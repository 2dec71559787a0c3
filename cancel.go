package assist

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// CancelStatus tells how far an accepted cancel has come.
type CancelStatus int

const (
	// InProcess: Assist works on it; the result comes from order results, some
	// minutes or hours later (protocol §6). The money may still move.
	InProcess CancelStatus = iota
	// Succeeded: the money was given back.
	Succeeded
)

// String gives "in process" or "succeeded".
func (s CancelStatus) String() string {
	if s == Succeeded {
		return "succeeded"
	}
	return "in process"
}

// Cancellation is a cancel that Assist accepted. It is a value of the moment:
// following an operation makes a new one and leaves this one as it is.
//
// Order and Operation hold personal data; don't log them.
type Cancellation struct {
	Status CancelStatus
	// Operation is the newest of Operations.
	Operation Operation
	// Operations are those that this request made: one, or several for a full
	// cancel of an order with several payments.
	Operations []Operation
	// Order is the order as the answer showed it. Its State doesn't tell what
	// became of the cancel.
	Order Order
	// Intent is what was sent.
	Intent Intent

	seenAt time.Time // by the client's clock; zero after Resume
}

// Cancel gives back part of a payment: Amount is required. The server picks
// void, partial cancel or refund by itself (protocol §3).
//
// A nil error means that Assist accepted the cancel; read [Cancellation.Status]
// for how far it is. Ask every error for its [OutcomeOf]: NotSent and Rejected
// moved no money; Unknown may have, and comes as [*UnknownOutcomeError] with the
// Intent to resolve. A cancel is sent once: nothing is ever repeated by itself.
//
// A context that ends after the send makes an Unknown, so a checkout handler
// gives the cancel a time of its own ([context.WithoutCancel]).
func (c *Client) Cancel(ctx context.Context, req CancelRequest, opts ...CancelOption) (*Cancellation, error) {
	return c.cancel(ctx, req, false, opts)
}

// CancelFull gives back all that is left of a payment: Amount must be Money{}.
// With an extended billnumber it is all of that one payment operation. Errors
// are as with [Client.Cancel].
func (c *Client) CancelFull(ctx context.Context, req CancelRequest, opts ...CancelOption) (*Cancellation, error) {
	return c.cancel(ctx, req, true, opts)
}

func (c *Client) cancel(ctx context.Context, req CancelRequest, full bool, opts []CancelOption) (*Cancellation, error) {
	if err := req.check(full, c.protocol); err != nil {
		return nil, err
	}
	var options cancelOptions
	for _, opt := range opts {
		if opt == nil {
			return nil, &ValidationError{Field: "CancelOption", Reason: "must not be nil"}
		}
		opt(&options)
	}
	for _, earlier := range options.passedOver {
		if earlier.Request.Billnumber.Payment() != req.Billnumber.Payment() {
			return nil, &ValidationError{Field: "DespiteUnknown", Reason: "must be an intent of the same payment"}
		}
	}
	stopped := func(step string, err error) error {
		return &NotSentError{Step: step, Billnumber: req.Billnumber, Err: err}
	}
	if ctx.Err() != nil {
		return nil, stopped("starting", contextError(ctx))
	}
	payment := req.Billnumber.Payment()
	leave, err := c.payments.enter(ctx, payment)
	if err != nil {
		return nil, stopped("waiting for the payment's earlier cancel", err)
	}
	defer leave()
	if earlier, found := c.payments.unresolvedBut(payment, options.passedOver); found {
		return nil, &UnresolvedError{Intent: earlier}
	}

	var (
		before   []Billnumber
		lookedAt time.Time
	)
	known := req.Order
	if options.lookFirst {
		order, look, err := c.orderOfPayment(ctx, req.OrderNumber, req.Billnumber, c.windowOf(req.OrderDate))
		if err != nil {
			return nil, stopped("looking at the order", err)
		}
		before, known, lookedAt = order.billnumbers(), order, look.date
		if req.Order == nil {
			req.Order = order
			// The caller's date served to find the order; Assist's is the right one.
			if !order.Date.IsZero() {
				req.OrderDate = order.Date
			}
			if err := req.checkOrder(); err != nil {
				return nil, err
			}
		}
	}
	body := c.encodeCancel(&req)
	in := c.newIntent(req, full, before)
	in.LookedAt = lookedAt
	// Reserved before it is saved: a cancel that breaks a rule leaves no intent
	// behind.
	if err := c.admit(ctx, in.ID, req, known); err != nil {
		return nil, err
	}
	// The day balance may have taken its time.
	in.SentAt = c.now().UTC()
	if options.saveIntent != nil {
		if err := c.save(ctx, in, options.saveIntent); err != nil {
			return nil, stopped("saving the intent", err)
		}
	}
	for _, earlier := range options.passedOver {
		c.payments.passOver(earlier)
	}
	return c.send(ctx, in, walletOfOrder(known), body)
}

// save hands the intent out. What the day balance set aside is given back when
// that fails, and also when the caller's function panics.
func (c *Client) save(ctx context.Context, in Intent, saveIntent func(context.Context, Intent) error) (err error) {
	saved := false
	defer func() {
		if !saved {
			c.settle(ctx, in.ID, NotSent, nil)
		}
	}()
	err = saveIntent(ctx, in)
	saved = err == nil
	return err
}

// send makes the one exchange of a cancel.
func (c *Client) send(ctx context.Context, in Intent, wallet Wallet, body []byte) (*Cancellation, error) {
	// Remembered before the send, so that even a transport that panics leaves
	// the payment closed.
	c.payments.remember(in)
	start := time.Now()
	r, err := c.exchange(ctx, wire.Cancel, body, true)
	var v verdict
	var never *neverSent
	switch {
	case errors.As(err, &never):
		v = verdict{outcome: NotSent, err: &TransportError{Billnumber: in.Request.Billnumber, Err: never.err}}
	case err != nil:
		v = doubt(err)
	default:
		v = c.judge(in, r, wallet)
	}
	if v.cancellation != nil {
		v.cancellation.seenAt = c.now()
	}
	// A declined operation too could otherwise pass for the next cancel's.
	if len(v.own) > 0 {
		c.payments.claim(in, v.own, c.now())
	}
	if v.outcome == Unknown {
		v.err = &UnknownOutcomeError{Intent: in, Err: v.err}
	} else {
		c.payments.forget(in)
	}
	c.settle(ctx, in.ID, v.outcome, v.cancellation)
	c.logExchange(ctx, exchangeRecord{
		service: wire.Cancel, billnumber: in.Request.Billnumber, outcome: v.outcome,
		cancellation: v.cancellation, reply: r, err: v.err, took: time.Since(start),
	})
	return v.cancellation, v.err
}
