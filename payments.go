package assist

import (
	"context"
	"slices"
	"sync"
	"time"
)

// payments holds what the client knows of the payments that it is cancelling:
// whose turn it is, which cancels are unresolved, and which operations belong to
// which cancel. The zero value is ready.
type payments struct {
	mu     sync.Mutex
	known  map[Billnumber]*paymentDesk
	claims []recentClaim // oldest first
}

// paymentDesk serves one payment. It is kept while somebody stands at it, while
// something is unresolved, and for a while after an answer.
type paymentDesk struct {
	turn       chan struct{} // holds one token while nobody is being served
	standing   int
	unresolved []Intent
	passedOver []Intent // unresolved, but cancelled again despite it
	claimed    []claim
	recent     int // claims that are not forgotten yet
}

// claim says to which intent an operation belongs.
type claim struct {
	operation Billnumber
	intent    string
}

// recentClaim lets a claim be forgotten when it is old.
type recentClaim struct {
	payment Billnumber
	at      time.Time
}

// claimTime is how long an answered operation is remembered. Of two equal
// partial cancels within the tolerance of two clocks, the first's operation
// would otherwise pass for the second's, whose answer was lost.
const claimTime = time.Minute

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
	if desk.standing == 0 && desk.recent == 0 && len(desk.unresolved) == 0 && len(desk.passedOver) == 0 {
		delete(p.known, payment)
	}
}

// remember notes a cancel whose outcome is unknown. One that was passed over
// stays so.
func (p *payments) remember(in Intent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.deskLocked(in.Request.Billnumber.Payment())
	if !contains(desk.unresolved, in) && !contains(desk.passedOver, in) {
		desk.unresolved = append(desk.unresolved, in)
	}
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
	same := func(other Intent) bool { return other.ID == in.ID }
	desk.unresolved = slices.DeleteFunc(desk.unresolved, same)
	desk.passedOver = slices.DeleteFunc(desk.passedOver, same)
	p.dropLocked(payment, desk)
}

// passOver lets the payment be cancelled again although the cancel is
// unresolved. It is still remembered, so that the operations of later cancels
// are not taken for its own.
func (p *payments) passOver(in Intent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.deskLocked(in.Request.Billnumber.Payment())
	desk.unresolved = slices.DeleteFunc(desk.unresolved, func(other Intent) bool { return other.ID == in.ID })
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

// claim notes whose the operations are.
func (p *payments) claim(in Intent, operations []Operation, now time.Time) {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetOldClaimsLocked(now)
	desk := p.deskLocked(payment)
	for _, op := range operations {
		// A plain billnumber names the payment, not an operation.
		if op.Billnumber.Operation() != 0 {
			desk.claimed = append(desk.claimed, claim{operation: kept(op.Billnumber), intent: in.ID})
		}
	}
	desk.recent++
	p.claims = append(p.claims, recentClaim{payment: payment, at: now})
}

func (p *payments) forgetOldClaimsLocked(now time.Time) {
	old := 0
	for old < len(p.claims) && now.Sub(p.claims[old].at) > claimTime {
		if desk := p.known[p.claims[old].payment]; desk != nil {
			desk.recent--
			p.dropLocked(p.claims[old].payment, desk)
		}
		old++
	}
	p.claims = p.claims[old:]
}

// claimedByOthers gives the operations that are known to belong to other
// cancels of the payment.
func (p *payments) claimedByOthers(in Intent) map[Billnumber]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.known[in.Request.Billnumber.Payment()]
	if desk == nil || len(desk.claimed) == 0 {
		return nil
	}
	others := make(map[Billnumber]bool, len(desk.claimed))
	for _, c := range desk.claimed {
		if c.intent != in.ID {
			others[c.operation] = true
		}
	}
	return others
}

func contains(intents []Intent, in Intent) bool {
	return slices.ContainsFunc(intents, func(other Intent) bool { return other.ID == in.ID })
}
