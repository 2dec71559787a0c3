package assist

import (
	"context"
	"sync"
	"time"
)

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

// watches lets everybody who waits for one subject share the questions about
// it. The zero value is ready.
type watches struct {
	mu    sync.Mutex
	known map[subject]*watch
}

// watch is the shared question about one subject. It is guarded by the mutex of
// watches. An answer is for those alone who were there when its question began:
// what was asked before they came may not show yet what they wait for.
type watch struct {
	waiting int
	asking  bool
	turned  chan struct{} // closed when the asking ended; then replaced

	begun     int // questions so far
	expecting int // how many there were when the one that is asked now began

	last     *sighting
	answered int // the number of the question that last answers
	unseen   int // how many still have to look at it
}

// join gives the number of the newest question that is not for the one who
// joins.
func (w *watches) join(s subject) (shared *watch, seen int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shared = w.known[s]
	if shared == nil {
		if w.known == nil {
			w.known = make(map[subject]*watch)
		}
		shared = &watch{turned: make(chan struct{})}
		w.known[s] = shared
	}
	shared.waiting++
	return shared, shared.begun
}

// leave is for one who has seen the answers up to a number.
func (w *watches) leave(s subject, shared *watch, seen int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shared.waiting--
	if shared.waiting == 0 {
		delete(w.known, s)
	}
	if seen < shared.answered {
		shared.drop()
	}
	if seen < shared.begun && shared.begun > shared.answered {
		shared.expecting--
	}
}

// drop counts one who has looked. When all have, the answer needn't be kept.
func (s *watch) drop() {
	if s.unseen--; s.unseen <= 0 {
		s.last = nil
	}
}

// state gives the number of the newest answer, and the channel that tells of the
// next turn.
func (w *watches) state(shared *watch) (answered int, turned <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return shared.answered, shared.turned
}

// take gives the newest answer to one who has seen those up to a number, to
// keep and to edit: everybody gets a copy, and the last one the original.
func (w *watches) take(shared *watch) (s *sighting, number int) {
	w.mu.Lock()
	s, number = shared.last, shared.answered
	if shared.unseen <= 1 {
		shared.drop()
		w.mu.Unlock()
		return s, number
	}
	w.mu.Unlock()
	// A large order takes its time, in which nobody else should stand still. The
	// original isn't handed out before this one is counted.
	s = s.clone()
	w.mu.Lock()
	defer w.mu.Unlock()
	// A newer answer has its own count.
	if shared.answered == number {
		shared.drop()
	}
	return s, number
}

// ask lets one of the waiting ask for all, once the gates let the question
// through. It reports false when another one is asking. An answer that only
// shows that the asker's own time was over is given to the asker alone: the next
// one asks.
func (w *watches) ask(ctx context.Context, shared *watch, through gates, question func(context.Context) *sighting) (own *sighting, asked bool) {
	w.mu.Lock()
	if shared.asking {
		w.mu.Unlock()
		return nil, false
	}
	shared.asking = true
	w.mu.Unlock()

	var s *sighting
	begun := 0
	// Deferred, so that a transport that panics doesn't leave the others waiting
	// for an asker that is gone.
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		shared.asking = false
		if s != nil && (s.err == nil || ctx.Err() == nil) {
			shared.last, shared.answered, shared.unseen = s, begun, shared.expecting
			own = nil
		}
		close(shared.turned)
		shared.turned = make(chan struct{})
	}()
	// The others needn't queue behind the gates for the same question.
	if !through.enter(ctx) {
		return nil, true
	}
	defer through.leave()
	w.mu.Lock()
	shared.begun++
	shared.expecting = shared.waiting
	begun = shared.begun
	w.mu.Unlock()
	s = question(ctx)
	return s, true
}

// questionsAtOnce bounds the questions that the waits and notifications of one
// client ask at the same time: thousands of cancellations taken up after a
// restart must not come upon the server together.
const questionsAtOnce = 16

// notificationsAtOnce is how many of them notifications may ask: a flood of
// those must not keep the waits from asking.
const notificationsAtOnce = questionsAtOnce / 2

// gate lets so many through, in the order in which they came.
type gate chan struct{}

func (g gate) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case g <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g gate) leave() { <-g }

// gates are passed one after the other.
type gates []gate

func (all gates) enter(ctx context.Context) bool {
	for i, g := range all {
		if !g.enter(ctx) {
			all[:i].leave()
			return false
		}
	}
	return true
}

func (all gates) leave() {
	for _, g := range all {
		g.leave()
	}
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

// clone is a copy to give away.
func (s *sighting) clone() *sighting {
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
