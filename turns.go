package assist

import (
	"context"
	"sync"
)

// claimsLocked gives the claims of a payment, made anew where there are none.
func (p *payments) claimsLocked(payment Billnumber) *claims {
	known := p.knownClaimsLocked(payment)
	if known == nil {
		known = &claims{intents: make(map[int]string)}
	}
	p.memory.keep(payment, known)
	return known
}

// knownClaimsLocked gives what is known of a payment, or nil. While a cancel of
// it is open its state keeps that from being forgotten, however many others come.
func (p *payments) knownClaimsLocked(payment Billnumber) *claims {
	if state := p.known[payment]; state != nil && state.claims != nil {
		return state.claims
	}
	return p.memory.of(payment)
}

// claim notes whose the operations are: whoever has proved it, by whichever way.
// An operation stays with the intent that was first proved to have made it.
func (p *payments) claim(in Intent, operations []Operation) {
	if len(operations) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.claimsLocked(in.Request.Billnumber.Payment())
	numbered := false
	for _, op := range operations {
		number := op.Billnumber.Operation()
		if number == 0 {
			continue // a plain billnumber names the payment, not an operation
		}
		numbered = true
		if _, taken := known.intents[number]; !taken {
			known.intents[number] = kept(in.ID)
		}
	}
	switch {
	case numbered:
		known.unnumbered = without(known.unnumbered, in)
	case !contains(known.unnumbered, in) && !known.has(in):
		known.unnumbered = append(known.unnumbered, in)
	}
}

// neverCame settles a cancel by a person's word. It stays a rival of every equal
// one: should it come after all, its operation is nobody else's.
func (p *payments) neverCame(in Intent) {
	p.mu.Lock()
	known := p.claimsLocked(in.Request.Billnumber.Payment())
	if !contains(known.unnumbered, in) {
		known.unnumbered = append(known.unnumbered, in)
	}
	known.decided = true
	p.mu.Unlock()
	p.forget(in)
}

// decidedAbout tells whether a person has decided about an earlier cancel of the
// payment, as far as is known here.
func (p *payments) decidedAbout(payment Billnumber) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	state, known := p.known[payment], p.knownClaimsLocked(payment)
	return state != nil && len(state.passedOver) > 0 || known != nil && known.decided
}

// claimedBy gives the operations that are known to belong to the cancel.
func (p *payments) claimedBy(in Intent) map[Billnumber]bool {
	return p.claimedIf(in, func(id string) bool { return id == in.ID })
}

// claimedByOthers gives the operations that are known to belong to other
// cancels of the payment.
func (p *payments) claimedByOthers(in Intent) map[Billnumber]bool {
	return p.claimedIf(in, func(id string) bool { return id != in.ID })
}

func (p *payments) claimedIf(in Intent, wanted func(id string) bool) map[Billnumber]bool {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.knownClaimsLocked(payment)
	if known == nil {
		return nil
	}
	claimed := make(map[Billnumber]bool, len(known.intents))
	for number, id := range known.intents {
		if !wanted(id) {
			continue
		}
		if operation, err := numberOf(payment, number); err == nil {
			claimed[operation] = true
		}
	}
	return claimed
}

// payments holds what the client knows of the payments that it is cancelling:
// whose turn it is, which cancels are unresolved, and which operations belong to
// which cancel. The zero value is ready.
type payments struct {
	mu     sync.Mutex
	known  map[Billnumber]*paymentState
	memory memory
}

// paymentState is what is known of one payment. It is kept while a cancel of it waits
// or is under way, and while something is unresolved.
type paymentState struct {
	turn       chan struct{} // holds one token while no cancel is under way
	waiting    int           // cancels, with the one under way
	unresolved []Intent
	passedOver []Intent // unresolved, but cancelled again despite it
	claims     *claims  // kept from being forgotten, while something is unresolved
}

// enter waits for the payment's turn and gives the function that ends it. Two
// cancels of one payment must not overlap: of two equal partial cancels each
// could take the other's operation for its own.
func (p *payments) enter(ctx context.Context, payment Billnumber) (leave func(), err error) {
	p.mu.Lock()
	state := p.stateLocked(payment)
	state.waiting++
	p.mu.Unlock()

	select {
	case <-state.turn:
		return func() { state.turn <- struct{}{}; p.left(payment, state) }, nil
	case <-ctx.Done():
		p.left(payment, state)
		return nil, contextError(ctx)
	}
}

func (p *payments) left(payment Billnumber, state *paymentState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state.waiting--
	p.dropLocked(payment, state)
}

func (p *payments) stateLocked(payment Billnumber) *paymentState {
	if state := p.known[payment]; state != nil {
		return state
	}
	if p.known == nil {
		p.known = make(map[Billnumber]*paymentState)
	}
	state := &paymentState{turn: make(chan struct{}, 1)}
	state.turn <- struct{}{}
	p.known[payment] = state
	return state
}

// settled tells that no cancel of the payment is unresolved.
func (d *paymentState) settled() bool { return len(d.unresolved) == 0 && len(d.passedOver) == 0 }

func (p *payments) dropLocked(payment Billnumber, state *paymentState) {
	if state.settled() {
		state.claims = nil
		if state.waiting == 0 {
			delete(p.known, payment)
		}
	}
}

// openLocked notes a cancel whose outcome is unknown.
func (p *payments) openLocked(state *paymentState, in Intent) {
	state.claims = p.claimsLocked(in.Request.Billnumber.Payment())
	state.unresolved = append(state.unresolved, in)
}

// remember closes the payment for a cancel whose outcome is unknown. One that
// was passed over stays so, and one that is settled stays settled: it may be
// asked about by somebody who doesn't know.
func (p *payments) remember(in Intent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.memory.isSettled(in.ID) {
		return
	}
	state := p.stateLocked(in.Request.Billnumber.Payment())
	if !contains(state.unresolved, in) && !contains(state.passedOver, in) {
		p.openLocked(state, in)
	}
}

// reopen closes the payment for a cancel that was settled and isn't any more.
func (p *payments) reopen(in Intent) {
	p.mu.Lock()
	p.memory.unsettle(in.ID)
	p.mu.Unlock()
	p.remember(in)
}

// begin closes the payment for a cancel that is about to be sent, and lets those
// that a person has decided about be passed over. It does nothing and gives the
// cancel that is in the way where there is another one: it may have become known
// while the intent was saved.
func (p *payments) begin(in Intent, passedOver []Intent) (earlier Intent, inTheWay bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.stateLocked(in.Request.Billnumber.Payment())
	if earlier, found := state.unresolvedBut(passedOver); found {
		return earlier, true
	}
	for _, other := range passedOver {
		p.passOverLocked(state, other)
	}
	p.openLocked(state, in)
	return Intent{}, false
}

// forget drops a cancel that is settled.
func (p *payments) forget(in Intent) {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory.settle(in.ID)
	state := p.known[payment]
	if state == nil {
		return
	}
	state.unresolved = without(state.unresolved, in)
	state.passedOver = without(state.passedOver, in)
	p.dropLocked(payment, state)
}

// passOver lets the payment be cancelled again although the cancel is
// unresolved. It is still remembered, so that the operations of later cancels
// are not taken for its own.
func (p *payments) passOver(in Intent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passOverLocked(p.stateLocked(in.Request.Billnumber.Payment()), in)
}

func (p *payments) passOverLocked(state *paymentState, in Intent) {
	if p.memory.isSettled(in.ID) || contains(state.passedOver, in) {
		return
	}
	state.claims = p.claimsLocked(in.Request.Billnumber.Payment())
	state.unresolved = without(state.unresolved, in)
	state.passedOver = append(state.passedOver, in)
}

// unresolvedBut gives the first unresolved cancel of the payment that is none of
// those to be passed over.
func (p *payments) unresolvedBut(payment Billnumber, passedOver []Intent) (Intent, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state := p.known[payment]; state != nil {
		return state.unresolvedBut(passedOver)
	}
	return Intent{}, false
}

func (d *paymentState) unresolvedBut(passedOver []Intent) (Intent, bool) {
	for _, in := range d.unresolved {
		if !contains(passedOver, in) {
			return in, true
		}
	}
	return Intent{}, false
}

// rivals gives the other cancels of the payment that may have made an operation
// which looks like the intent's: those that were not sent before it and whose
// outcome isn't known, and those that were accepted without a number.
func (p *payments) rivals(in Intent) (rivals []Intent) {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	if state := p.known[payment]; state != nil {
		for _, open := range [...][]Intent{state.unresolved, state.passedOver} {
			for _, other := range open {
				if other.ID != in.ID && !other.SentAt.Before(in.SentAt) {
					rivals = append(rivals, other)
				}
			}
		}
	}
	if known := p.knownClaimsLocked(payment); known != nil {
		for _, other := range known.unnumbered {
			if other.ID != in.ID {
				rivals = append(rivals, other)
			}
		}
	}
	return rivals
}
