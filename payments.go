package assist

import (
	"context"
	"slices"
	"sync"
)

// payments holds what the client knows of the payments that it is cancelling:
// whose turn it is, and which cancels are unresolved. The zero value is ready.
type payments struct {
	mu    sync.Mutex
	known map[Billnumber]*paymentDesk
}

// paymentDesk serves one payment. It is kept while somebody stands at it or
// something is unresolved.
type paymentDesk struct {
	turn       chan struct{} // holds one token while nobody is being served
	standing   int
	unresolved []Intent
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

func (p *payments) dropLocked(payment Billnumber, desk *paymentDesk) {
	if desk.standing == 0 && len(desk.unresolved) == 0 {
		delete(p.known, payment)
	}
}

// remember notes a cancel whose outcome is unknown.
func (p *payments) remember(in Intent) {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.deskLocked(payment)
	for _, known := range desk.unresolved {
		if known.ID == in.ID {
			return
		}
	}
	desk.unresolved = append(desk.unresolved, in)
}

// forget drops a cancel that is resolved, or that the caller passes over.
func (p *payments) forget(in Intent) {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.known[payment]
	if desk == nil {
		return
	}
	desk.unresolved = slices.DeleteFunc(desk.unresolved, func(known Intent) bool { return known.ID == in.ID })
	p.dropLocked(payment, desk)
}

// unresolvedBut gives the first unresolved cancel of the payment that is none of
// those passed over.
func (p *payments) unresolvedBut(payment Billnumber, passedOver []Intent) (Intent, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.known[payment]
	if desk == nil {
		return Intent{}, false
	}
	for _, in := range desk.unresolved {
		if !slices.ContainsFunc(passedOver, func(over Intent) bool { return over.ID == in.ID }) {
			return in, true
		}
	}
	return Intent{}, false
}
