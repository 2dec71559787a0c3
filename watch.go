package assist

import (
	"context"
	"sync"
)

// watches lets everybody who waits for one payment share the questions about
// it. The zero value is ready.
type watches struct {
	mu    sync.Mutex
	known map[Billnumber]*watch
}

// watch is the shared question about one payment. All but key is guarded by the
// mutex of watches.
type watch struct {
	waiting int
	asking  bool
	turned  chan struct{} // closed when the asking ended; then replaced
	last    *sighting
	number  int // of answers so far
	unseen  int // how many still have to look at the last one
}

func (w *watches) join(payment Billnumber) *watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	shared := w.known[payment]
	if shared == nil {
		if w.known == nil {
			w.known = make(map[Billnumber]*watch)
		}
		shared = &watch{turned: make(chan struct{})}
		w.known[payment] = shared
	}
	shared.waiting++
	return shared
}

func (w *watches) leave(payment Billnumber, shared *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shared.waiting--
	if shared.waiting == 0 {
		delete(w.known, payment)
	}
}

// state gives the newest answer, its number, and the channel that tells of the
// next turn.
func (w *watches) state(shared *watch) (last *sighting, number int, turned <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return shared.last, shared.number, shared.turned
}

// looked says that one of the waiting has seen an answer. When all have, it
// needn't be kept.
func (w *watches) looked(shared *watch, number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if shared.number != number {
		return
	}
	if shared.unseen--; shared.unseen <= 0 {
		shared.last = nil
	}
}

// ask lets one of the waiting ask for all. It reports false when another one is
// asking. An answer that only shows that the asker's own time was over is not
// shared: the next one asks.
func (w *watches) ask(ctx context.Context, shared *watch, question func(context.Context) *sighting) bool {
	w.mu.Lock()
	if shared.asking {
		w.mu.Unlock()
		return false
	}
	shared.asking = true
	w.mu.Unlock()

	var s *sighting
	// Deferred, so that a transport that panics doesn't leave the others waiting
	// for an asker that is gone.
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		shared.asking = false
		if s != nil && (s.err == nil || ctx.Err() == nil) {
			shared.last, shared.unseen = s, shared.waiting
			shared.number++
		}
		close(shared.turned)
		shared.turned = make(chan struct{})
	}()
	s = question(ctx)
	return true
}

// questionsAtOnce bounds the questions that the waits of one client ask at the
// same time: thousands of cancellations taken up after a restart must not come
// upon the server together.
const questionsAtOnce = 16

// gate lets so many through.
type gate chan struct{}

func (g gate) enter(ctx context.Context) bool {
	select {
	case g <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g gate) leave() { <-g }
