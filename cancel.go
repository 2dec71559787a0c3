package assist

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

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
	a := &cancelAttempt{client: c, req: req, full: full}
	if err := a.prepare(opts); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, a.stopped("starting", contextError(ctx))
	}
	leave, err := c.payments.enter(ctx, req.Billnumber.Payment())
	if err != nil {
		return nil, a.stopped("waiting for the payment's earlier cancel", err)
	}
	defer leave()
	defer a.giveBack(ctx)
	for _, step := range [...]func(context.Context) error{a.open, a.lookAtOrder, a.admit, a.save, a.begin} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	v := a.send(ctx)
	return v.cancellation, v.err
}

// send makes the one exchange of a cancel, and settles by what it proves.
func (a *cancelAttempt) send(ctx context.Context) verdict {
	start := time.Now()
	r, err := a.client.exchange(ctx, wire.Cancel, a.body, true)
	if r != nil {
		r.began, r.ended = start, time.Now()
	}
	var v verdict
	var never *neverSent
	switch {
	case errors.As(err, &never):
		v = verdict{outcome: NotSent, err: &TransportError{Billnumber: a.req.Billnumber, Err: never.err}}
	case err != nil:
		v = doubt(err)
	default:
		if v = a.judge(r); v.outcome == Unknown {
			v.err = r.failure(v.err)
		}
	}
	a.settle(ctx, &v)
	a.client.observed(ctx, exchanged{
		service: wire.Cancel, intent: a.intent, outcome: v.outcome, cancellation: v.cancellation, reply: r, err: v.err, began: start,
	})
	return v
}

// settle keeps the client's memory and the day balance in step with a verdict.
func (a *cancelAttempt) settle(ctx context.Context, v *verdict) {
	c := a.client
	if v.cancellation != nil {
		v.cancellation.seenAt = c.now()
	}
	// A declined operation too could otherwise pass for the next cancel's.
	c.payments.claim(a.intent, v.own)
	if v.outcome == Unknown {
		v.err = &UnknownOutcomeError{Intent: a.intent, Err: v.err}
	} else {
		c.payments.forget(a.intent)
	}
	c.settle(ctx, a.intent.ID, v.outcome, v.cancellation)
}
