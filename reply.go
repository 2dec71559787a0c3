package assist

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

// sighting is what one answer of order result shows of one payment. It keeps
// nothing else of the answer: thousands of waits each hold one.
type sighting struct {
	order      *Order        // nil where err is set
	err        error         // a *FollowError
	date       time.Time     // of the Date header; zero where there is none
	retryAfter time.Duration // wished by the server; 0 is none
}

// of gives why the sighting says nothing about an intent, or nil: the question
// failed, or the answer is one from before the intent was sent.
func (s *sighting) of(in Intent) error {
	if s.err != nil {
		return s.err
	}
	if err := in.madeBefore(s.date); err != nil {
		return questionError(err)
	}
	return nil
}

// Clone is a copy to give away.
func (s *sighting) Clone() *sighting {
	copied := *s
	if s.order != nil {
		order := s.order.clone()
		copied.order = &order
	}
	return &copied
}

// madeBefore tells by the Date header of a listing that it was made before the
// intent was sent: an earlier answer is being repeated.
func (in Intent) madeBefore(dated time.Time) error {
	sent := in.ServerSentAt
	if sent.IsZero() {
		sent = in.LookedAt
	}
	return repeated(dated, sent)
}

// Failed tells that the question failed.
func (s *sighting) Failed() bool { return s.err != nil }

// subject is what a question of order results is about. Only those who would
// ask the very same share their questions: another spelling of the order number
// or another date may find nothing where theirs finds the order.
type subject struct {
	payment Billnumber
	number  string
	date    int64 // of the order, in Unix seconds; of the zero time: not known
}

func subjectOf(payment Billnumber, number string, orderDate time.Time) subject {
	return subject{payment.Payment(), number, orderDate.Unix()}
}

// questionsAtOnce bounds the questions that the waits and notifications of one
// client ask at the same time: thousands of cancellations taken up after a
// restart must not come upon the server together.
const questionsAtOnce = 16

// notificationsAtOnce is how many of them notifications may ask: a flood of
// those must not keep the waits from asking.
const notificationsAtOnce = questionsAtOnce / 2

// clockTolerance is how far two clocks, or two readings of one, may be apart
// before a date counts as earlier than another: of the HTTP Date header, of
// operations, of packets. It is the only allowance of its kind, so that a cancel's
// own answer and a listing are never judged by two measures.
const clockTolerance = time.Minute

// serverClock knows what the server's clock shows, by the Date headers of its
// answers and this machine's monotonic clock. The server's clock never runs
// backwards, so an answer that is dated earlier was made earlier: something in
// between repeats it. The zero value is ready.
type serverClock struct {
	mu        sync.Mutex
	candidate clockMark
	confirmed clockMark
}

// clockMark is what the server's clock showed at a moment of the monotonic one.
type clockMark struct{ shown, at time.Time }

func (m clockMark) isZero() bool { return m.shown.IsZero() }

// reading is what the server's clock shows at another moment.
func (m clockMark) reading(at time.Time) time.Time { return m.shown.Add(at.Sub(m.at)) }

// check refuses an answer that is dated more than the tolerance before what the
// clock showed when it was asked for, and learns from it. It goes by a mark that
// two answers confirm: a Date that is fast or forged, alone, proves nothing about
// those that come later.
func (k *serverClock) check(r *reply) error {
	if r.date.IsZero() {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	confirmed := k.confirmed
	k.learnLocked(r)
	if confirmed.isZero() {
		return nil
	}
	return repeated(r.date, confirmed.reading(r.began))
}

// repeated is the error of an answer that was dated before a moment at which it
// can't have been made yet, or nil.
func repeated(dated, asked time.Time) error {
	if asked.IsZero() || dated.IsZero() || !dated.Before(asked.Add(-clockTolerance)) {
		return nil
	}
	return fmt.Errorf("%w: its Date header says %s, and the server's clock showed %s when it was asked for, %v later: an earlier answer is being repeated",
		ErrOtherAnswer, dated.UTC().Format(http.TimeFormat), asked.UTC().Format(http.TimeFormat), asked.Sub(dated).Round(time.Second))
}

// learnLocked confirms a mark by a second answer that agrees with it by the
// monotonic clock. To move a mark that is confirmed the two must lie two
// tolerances apart: one answer repeated over and over doesn't agree with itself
// for so long, and a server whose clock was put right is believed again.
func (k *serverClock) learnLocked(r *reply) {
	if r.ended.Sub(r.began) > clockTolerance {
		return // it may have been made at any time of these
	}
	next := clockMark{shown: r.date, at: r.ended}
	apart := next.shown.Sub(k.candidate.reading(next.at))
	switch {
	case k.candidate.isZero() || apart.Abs() > clockTolerance:
		k.candidate = next
	case k.confirmed.isZero() || next.at.Sub(k.candidate.at) >= 2*clockTolerance:
		// The lower of the two refuses less.
		k.confirmed = next
		if apart > 0 {
			k.confirmed = k.candidate
		}
		k.candidate = next
	}
}
