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

// errCallTimeout is the cause of a call that the SDK's own limit has ended.
var errCallTimeout = errors.New("assist: no whole answer within the time limit of the client")
