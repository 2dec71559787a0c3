package assist

import (
	"context"
	"slices"
	"sync"
)

// payments holds what the client knows of the payments that it is cancelling:
// whose turn it is, which cancels are unresolved, and which operations belong to
// which cancel. The zero value is ready.
type payments struct {
	mu     sync.Mutex
	known  map[Billnumber]*paymentDesk
	claims claims
}

// paymentDesk serves one payment. It is kept while somebody stands at it, and
// while something is unresolved.
type paymentDesk struct {
	turn       chan struct{} // holds one token while nobody is being served
	standing   int
	unresolved []Intent
	passedOver []Intent // unresolved, but cancelled again despite it
	claimed    []claim  // known since something is unresolved
}

// enter waits for the payment's turn and gives the function that ends it. Two
// cancels of one payment must not overlap: of two equal partial cancels each
// could take the other's operation for its own.
func (p *payments) enter(ctx context.Context, payment Billnumber) (leave func(), err error) {
	p.mu.Lock()
	desk := p.deskLocked(payment)
	desk.standing++
	p.mu.Unlock()

	select {
	case <-desk.turn:
		return func() { desk.turn <- struct{}{}; p.stepBack(payment, desk) }, nil
	case <-ctx.Done():
		p.stepBack(payment, desk)
		return nil, contextError(ctx)
	}
}

func (p *payments) stepBack(payment Billnumber, desk *paymentDesk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk.standing--
	p.dropLocked(payment, desk)
}

func (p *payments) deskLocked(payment Billnumber) *paymentDesk {
	if desk := p.known[payment]; desk != nil {
		return desk
	}
	if p.known == nil {
		p.known = make(map[Billnumber]*paymentDesk)
	}
	desk := &paymentDesk{turn: make(chan struct{}, 1)}
	desk.turn <- struct{}{}
	p.known[payment] = desk
	return desk
}

// settled tells that no cancel of the payment is unresolved.
func (d *paymentDesk) settled() bool { return len(d.unresolved) == 0 && len(d.passedOver) == 0 }

func (p *payments) dropLocked(payment Billnumber, desk *paymentDesk) {
	if desk.standing == 0 && desk.settled() {
		delete(p.known, payment)
	}
}

// remember notes a cancel whose outcome is unknown. One that was passed over
// stays so.
func (p *payments) remember(in Intent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.deskLocked(in.Request.Billnumber.Payment())
	if contains(desk.unresolved, in) || contains(desk.passedOver, in) {
		return
	}
	p.keepClaimsLocked(desk, in)
	desk.unresolved = append(desk.unresolved, in)
}

// forget drops a cancel that is resolved.
func (p *payments) forget(in Intent) {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.known[payment]
	if desk == nil {
		return
	}
	desk.unresolved = without(desk.unresolved, in)
	desk.passedOver = without(desk.passedOver, in)
	p.dropLocked(payment, desk)
}

// passOver lets the payment be cancelled again although the cancel is
// unresolved. It is still remembered, so that the operations of later cancels
// are not taken for its own.
func (p *payments) passOver(in Intent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.deskLocked(in.Request.Billnumber.Payment())
	p.keepClaimsLocked(desk, in)
	desk.unresolved = without(desk.unresolved, in)
	if !contains(desk.passedOver, in) {
		desk.passedOver = append(desk.passedOver, in)
	}
}

// unresolvedBut gives the first unresolved cancel of the payment that is none of
// those to be passed over.
func (p *payments) unresolvedBut(payment Billnumber, passedOver []Intent) (Intent, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.known[payment]
	if desk == nil {
		return Intent{}, false
	}
	for _, in := range desk.unresolved {
		if !contains(passedOver, in) {
			return in, true
		}
	}
	return Intent{}, false
}

// sentAfter gives the cancels of the intent's payment that were not sent before
// it and whose outcome isn't known: those under way among them.
func (p *payments) sentAfter(in Intent) (later []Intent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.known[in.Request.Billnumber.Payment()]
	if desk == nil {
		return nil
	}
	for _, open := range [...][]Intent{desk.unresolved, desk.passedOver} {
		for _, other := range open {
			if other.ID != in.ID && !other.SentAt.Before(in.SentAt) {
				later = append(later, other)
			}
		}
	}
	return later
}

func contains(intents []Intent, in Intent) bool {
	return slices.ContainsFunc(intents, func(other Intent) bool { return other.ID == in.ID })
}

func without(intents []Intent, in Intent) []Intent {
	return slices.DeleteFunc(intents, func(other Intent) bool { return other.ID == in.ID })
}
