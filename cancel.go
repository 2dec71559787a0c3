package assist

import (
	"context"
	"time"
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
