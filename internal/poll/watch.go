// Package poll lets those who wait for the same thing share the questions about it,
// and bounds how many questions are asked at once.
package poll

import (
	"context"
	"sync"
)

// Answer is what a question gives, in a type A of pointers.
type Answer[A any] interface {
	// Clone is a copy to give away, which shares nothing that can be written to.
	Clone() A
	// Failed tells that the question failed.
	Failed() bool
}

// Watches lets everybody who waits for one subject share the questions about
// it. The zero value is ready.
type Watches[K comparable, A Answer[A]] struct {
	mu    sync.Mutex
	known map[K]*Watch[A]
}

// Len is how many subjects are being waited for.
func (w *Watches[K, A]) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.known)
}

// Watch is the shared question about one subject. It is guarded by the mutex of
// Watches. An answer is for those alone who were there when its question began:
// what was asked before they came may not show yet what they wait for.
type Watch[A Answer[A]] struct {
	waiting int
	asking  bool
	turned  chan struct{} // closed when the asking ended; then replaced

	begun     int // questions so far
	expecting int // how many there were when the one that is asked now began

	last     A
	answered int // the number of the question that last answers
	unseen   int // how many still have to look at it
}

// Join gives the number of the newest question that is not for the one who
// joins.
func (w *Watches[K, A]) Join(s K) (shared *Watch[A], seen int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shared = w.known[s]
	if shared == nil {
		if w.known == nil {
			w.known = make(map[K]*Watch[A])
		}
		shared = &Watch[A]{turned: make(chan struct{})}
		w.known[s] = shared
	}
	shared.waiting++
	return shared, shared.begun
}

// Leave is for one who has seen the answers up to a number.
func (w *Watches[K, A]) Leave(s K, shared *Watch[A], seen int) {
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
func (s *Watch[A]) drop() {
	if s.unseen--; s.unseen <= 0 {
		var none A
		s.last = none
	}
}

// State gives the number of the newest answer, and the channel that tells of the
// next turn.
func (w *Watches[K, A]) State(shared *Watch[A]) (answered int, turned <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return shared.answered, shared.turned
}

// Take gives the newest answer to one who has seen those up to a number, to
// keep and to edit: everybody gets a copy, and the last one the original.
func (w *Watches[K, A]) Take(shared *Watch[A]) (answer A, number int) {
	w.mu.Lock()
	answer, number = shared.last, shared.answered
	if shared.unseen <= 1 {
		shared.drop()
		w.mu.Unlock()
		return answer, number
	}
	w.mu.Unlock()
	// A large order takes its time, in which nobody else should stand still. The
	// original isn't handed out before this one is counted.
	answer = answer.Clone()
	w.mu.Lock()
	defer w.mu.Unlock()
	// A newer answer has its own count.
	if shared.answered == number {
		shared.drop()
	}
	return answer, number
}

// Ask lets one of the waiting ask for all, once the gates let the question
// through. It reports false when another one is asking. An answer that only
// shows that the asker's own time was over is given to the asker alone: the next
// one asks.
func (w *Watches[K, A]) Ask(ctx context.Context, shared *Watch[A], through Gates, question func(context.Context) A) (own A, asked bool) {
	w.mu.Lock()
	if shared.asking {
		w.mu.Unlock()
		return own, false
	}
	shared.asking = true
	w.mu.Unlock()

	var answer, none A
	begun, answered := 0, false
	// Deferred, so that a transport that panics doesn't leave the others waiting
	// for an asker that is gone.
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		shared.asking = false
		if answered && (!answer.Failed() || ctx.Err() == nil) {
			shared.last, shared.answered, shared.unseen = answer, begun, shared.expecting
			own = none
		}
		close(shared.turned)
		shared.turned = make(chan struct{})
	}()
	// The others needn't queue behind the gates for the same question.
	if !through.Enter(ctx) {
		return none, true
	}
	defer through.Leave()
	w.mu.Lock()
	shared.begun++
	shared.expecting = shared.waiting
	begun = shared.begun
	w.mu.Unlock()
	answer = question(ctx)
	answered = true
	return answer, true
}
