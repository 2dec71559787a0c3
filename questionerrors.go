package assist

import (
	"fmt"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// FollowError says that a question to an order service failed: refused,
// unreachable or unreadable. It says nothing about the money, so its outcome is
// [Unknown]. Asking again is always safe.
type FollowError struct {
	Service string // "orderresult", "orderstate", "resultbydate"
	Err     error
}

func (e *FollowError) Error() string {
	return joined("assist", e.Service, "the question failed, which says nothing about the money", textOfError(e.Err))
}

func (e *FollowError) Unwrap() error { return e.Err }

// Outcome is [Unknown].
func (e *FollowError) Outcome() Outcome { return Unknown }

// OrderNotFoundError says that an order service knows no order of the number,
// or of the payment looked for, in the periods it was asked about. It is
// [ErrOrderNotFound] and comes inside a [*FollowError], so its outcome is
// [Unknown]: an order of another date may be there all the same.
type OrderNotFoundError struct {
	Asked []Period // in the order in which they were asked about
	// Partial says that more was to be asked about than the questions of one
	// search reached, because the server takes short periods only. Give the
	// order's date.
	Partial bool
	Err     error // the last answer's refusal, where it was one
}

func (e *OrderNotFoundError) Error() string {
	var b strings.Builder
	b.WriteString(ErrOrderNotFound.Error())
	for i, p := range e.Asked {
		b.WriteString(map[bool]string{true: ", UTC: ", false: ", "}[i == 0] + p.String())
	}
	if e.Partial {
		b.WriteString("; not all that was to be asked about, as the server takes short periods only: give the order's date")
	} else {
		b.WriteString("; check the order's number and date")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *OrderNotFoundError) Unwrap() error { return e.Err }

// Is makes it [ErrOrderNotFound].
func (e *OrderNotFoundError) Is(target error) bool { return target == ErrOrderNotFound }

// Outcome is [Unknown].
func (e *OrderNotFoundError) Outcome() Outcome { return Unknown }

func questionError(err error) error {
	return &FollowError{Service: wire.OrderResult.String(), Err: err}
}

// HTTPError tells under which HTTP status an answer came that proves nothing
// about a cancel, or that fails a question. It stands inside the
// [*UnknownOutcomeError] or [*FollowError], so read it by [errors.As]. Err tells
// what was wrong with the answer. It says nothing about the money by itself.
type HTTPError struct {
	Status int
	// RetryAfter is how long the server wants to be left alone: its Retry-After,
	// counted by the answer's own Date. Zero is no wish.
	RetryAfter time.Duration
	Err        error
}

func (e *HTTPError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("assist: HTTP %d", e.Status)
	}
	return fmt.Sprintf("HTTP %d: %v", e.Status, e.Err)
}

func (e *HTTPError) Unwrap() error { return e.Err }

// WaitTimeoutError says that a wait ended, by its bound or by its context, while
// the cancel was still in process. Time makes no failure and undoes nothing:
// Assist has taken the cancel, so the outcome is that of Last, [Accepted], and
// there is nothing to resolve. Go on with Last or its token, now or later.
type WaitTimeoutError struct {
	Last     *Cancellation // without personal data and the server's own texts
	Attempts int           // questions that were answered
	Elapsed  time.Duration
	// Err is why the last question failed, if it did, and the cause of the context
	// where that ended the wait.
	Err error
}

func (e *WaitTimeoutError) Error() string {
	text := fmt.Sprintf("assist: still in process after %v and %d questions; wait again, now or later", e.Elapsed.Round(time.Second), e.Attempts)
	if e.Last != nil && e.Last.Operation.Billnumber != "" {
		text = fmt.Sprintf("assist: cancel %s: still in process after %v and %d questions; go on later with %s",
			e.Last.Operation.Billnumber, e.Elapsed.Round(time.Second), e.Attempts, e.Last.Token())
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *WaitTimeoutError) Unwrap() error { return e.Err }

// Outcome is that of Last: [Accepted], which is not "refunded". Without Last
// nothing is known, and it is [Unknown].
func (e *WaitTimeoutError) Outcome() Outcome {
	if e == nil || e.Last == nil {
		return Unknown
	}
	return Accepted
}
