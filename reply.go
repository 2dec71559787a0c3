package assist

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// reply is one answer, as far as it came.
type reply struct {
	answer   wire.Answer
	status   int
	size     int
	text     string    // only where bodies are logged
	date     time.Time // of the HTTP Date header; zero where there is none
	received time.Time // by the client's clock
	header   http.Header
	// began and ended bound the exchange by the machine's monotonic clock, which
	// nobody sets. They are set by the caller of exchange.
	began, ended time.Time
}

// neverSent wraps the failure of an exchange that proves that the server has
// nothing of the request, and won't get it.
type neverSent struct{ err error }

func (e *neverSent) Error() string { return e.err.Error() }

func (e *neverSent) Unwrap() error { return e.err }

// failure is an error of this answer.
func (r *reply) failure(err error) error {
	return &HTTPError{Status: r.status, RetryAfter: max(retryAfter(r.header, r.date), 0), Err: err}
}

// longestWish bounds what is believed of a Retry-After: a server that is down
// for a day must not end the questions of a wait, for the next one may show what
// became of the money.
const longestWish = 10 * time.Minute

// retryAfter reads the Retry-After header: seconds, or a date, which is compared
// with the answer's own Date and no other clock. What is neither, or has no Date
// beside it, is no wish.
func retryAfter(header http.Header, date time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text != "" && allDigits(text) {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(longestWish/time.Second) {
			return longestWish
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil || date.IsZero() {
		return 0
	}
	return min(max(at.Sub(date), 0), longestWish)
}
