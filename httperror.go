package assist

import (
	"fmt"
	"time"
)

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

// failure is an error of this answer.
func (r *reply) failure(err error) error {
	return &HTTPError{Status: r.status, RetryAfter: max(retryAfter(r.header, r.date), 0), Err: err}
}
