package assist

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// Exchange is what may be told of one exchange with Assist: a cancel that was
// sent, or a question to an order service. All of it is listed here one by one.
// None of it is a text of the server's, a credential, or anything personal;
// OrderNumber is the merchant's own.
//
// Of a question it is told what the exchange itself showed. Whether the orders
// in the answer are the right ones is judged afterwards.
type Exchange struct {
	Service  string // "wscancel", "orderresult", "orderstate" or "resultbydate"
	Protocol string // by which it was asked, as [Protocol.String] gives it
	URL      string // of the service; it never holds a query or a password

	MerchantID  string
	OrderNumber string     // of the cancel, or asked about; empty for results by date
	Billnumber  Billnumber // of the cancel, or of the payment asked about; empty where none is
	IntentID    string     // of the cancel that was sent or is asked about; empty where none is

	// Outcome is what the exchange proves about the money. A question proves
	// nothing by itself: it is always Unknown.
	Outcome Outcome
	// Operation, ResponseCode and Status are those of an Accepted cancel.
	Operation    Billnumber
	ResponseCode ResponseCode
	Status       CancelStatus
	// First and Second are Assist's codes, of a refusal (protocol §9). Both are
	// zero where there was none.
	First, Second int
	// Cause tells why a cancel wasn't accepted, or a question failed.
	Cause Cause

	HTTPStatus int // 0: no answer
	Bytes      int // of the answer's body
	Attempt    int // from 1: a question is asked again in a shorter window
	Start      time.Time
	Duration   time.Duration
}

// IsCancel tells a cancel from a question.
func (x Exchange) IsCancel() bool { return x.Service == wire.Cancel.String() }

// Cause is why an exchange didn't end as it was meant to: one of few classes, so
// that they can be counted.
type Cause string

// The causes of an [Exchange].
const (
	// CauseNone: nothing went wrong.
	CauseNone Cause = ""
	// CauseCodes: Assist refused by its codes.
	CauseCodes Cause = "codes"
	// CauseDeclined: Assist performed the operation, and it was declined.
	CauseDeclined Cause = "declined"
	// CauseTimeout: a time limit, the caller's or the client's, was over.
	CauseTimeout Cause = "timeout"
	// CauseCanceled: the caller ended its context.
	CauseCanceled Cause = "canceled"
	// CauseConnection: there was no connection, or it failed before the whole
	// answer was there.
	CauseConnection Cause = "connection"
	// CauseUnreadable: what came back is no complete answer. See [ErrUnreadable].
	CauseUnreadable Cause = "unreadable"
	// CauseOtherAnswer: the answer is about something else. See [ErrOtherAnswer].
	CauseOtherAnswer Cause = "other_answer"
	// CauseContradiction: the answer contradicts itself or isn't known. See
	// [ErrContradiction].
	CauseContradiction Cause = "contradiction"
	// CauseSignature: the answer isn't proved to be Assist's. See
	// [*SignatureError].
	CauseSignature Cause = "signature"
)

// causeIn finds the class of an error. The order counts: a contradiction may
// hold the codes that it contradicts, and a text that broke off is unreadable
// because the connection did.
func causeIn(err error) Cause {
	var (
		signature *SignatureError
		declined  *DeclinedError
		timeout   interface{ Timeout() bool }
	)
	_, hasCodes := codesOf(err)
	switch {
	case err == nil:
		return CauseNone
	case errors.As(err, &signature):
		return CauseSignature
	case errors.As(err, &declined):
		return CauseDeclined
	case errors.Is(err, ErrContradiction):
		return CauseContradiction
	case errors.Is(err, ErrOtherAnswer):
		return CauseOtherAnswer
	case errors.Is(err, ErrUnreadable):
		return CauseUnreadable
	case hasCodes:
		return CauseCodes
	case errors.Is(err, errCallTimeout), errors.Is(err, context.DeadlineExceeded):
		return CauseTimeout
	case errors.Is(err, context.Canceled):
		return CauseCanceled
	case errors.As(err, &timeout) && timeout.Timeout():
		return CauseTimeout
	}
	return CauseConnection
}

// WithObserver calls the function after every exchange, on the goroutine of the
// call, for metrics and traces (see the module otelassist) or a log of one's
// own. Given several times, each is called, in this order. It must not block: a
// cancel has been sent, and its caller waits for what became of it. A panic in
// it ends there and changes nothing of what is known.
func WithObserver(observe func(context.Context, Exchange)) Option {
	return func(c *config) error {
		if observe == nil {
			return &ValidationError{Field: "Observer", Reason: "must not be nil"}
		}
		c.observers = append(c.observers, observe)
		return nil
	}
}

// exchanged is what an exchange has left behind, to be told as an [Exchange].
type exchanged struct {
	service      wire.Service
	attempt      int    // counted from 1; 0 where there is only one
	orderNumber  string // of a question
	intent       Intent // of a cancel
	outcome      Outcome
	cancellation *Cancellation
	reply        *reply
	err          error
	began        time.Time
	took         time.Duration
}

// told makes public what is known, and nothing else.
func (c *Client) told(ctx context.Context, x *exchanged) Exchange {
	e := Exchange{
		Service: x.service.String(), Protocol: c.protocol.forService(x.service).String(), URL: c.requests[x.service].URL.String(),
		MerchantID: c.keys.merchantID, OrderNumber: x.orderNumber,
		Cause: causeIn(x.err), Attempt: max(x.attempt, 1), Start: x.began, Duration: x.took,
	}
	if x.service == wire.Cancel {
		e.Outcome, e.IntentID = x.outcome, x.intent.ID
		e.OrderNumber, e.Billnumber = x.intent.Request.OrderNumber, x.intent.Request.Billnumber
	} else if about, ok := ctx.Value(exchangeSubjectKey{}).(exchangeSubject); ok {
		e.Billnumber, e.IntentID = about.billnumber, about.intentID
	}
	if x.cancellation != nil {
		// Accepted means that the code is one of the table's, so no foreign text.
		own := x.cancellation.Operation
		e.Operation, e.ResponseCode, e.Status = own.Billnumber, own.ResponseCode, x.cancellation.Status
	}
	if api, ok := codesOf(x.err); ok {
		e.First, e.Second = api.First, api.Second
	}
	if x.reply != nil {
		e.HTTPStatus, e.Bytes = x.reply.status, x.reply.size
	}
	return e
}

// observed tells the logger and the observers of an exchange. Nothing is built
// when nobody listens.
func (c *Client) observed(ctx context.Context, x exchanged) {
	x.took = time.Since(x.began)
	if c.logger != nil {
		c.guarded(ctx, "log handler", func() { c.logExchange(ctx, &x) })
	}
	if len(c.observers) == 0 {
		return
	}
	e := c.told(ctx, &x)
	for _, observe := range c.observers {
		c.guarded(ctx, "observer", func() { observe(ctx, e) })
	}
}

// exchangeSubject is what a question is about, beyond the order number that it names.
type exchangeSubject struct {
	billnumber Billnumber
	intentID   string
}

type exchangeSubjectKey struct{}

// aboutPayment marks the questions of a context as being about a payment, where
// they aren't known to be about an intent.
func aboutPayment(ctx context.Context, b Billnumber) context.Context {
	if _, known := ctx.Value(exchangeSubjectKey{}).(exchangeSubject); known {
		return ctx
	}
	return context.WithValue(ctx, exchangeSubjectKey{}, exchangeSubject{billnumber: b})
}

// aboutIntent marks the questions of a context as being about a cancel.
func aboutIntent(ctx context.Context, in *Intent) context.Context {
	return context.WithValue(ctx, exchangeSubjectKey{}, exchangeSubject{billnumber: in.Request.Billnumber, intentID: in.ID})
}
