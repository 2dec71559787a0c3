package assist

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

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
