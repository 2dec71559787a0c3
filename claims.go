package assist

import (
	"slices"
	"time"
)

// claim says to which intent an operation belongs. Of two equal partial cancels
// within the tolerance of two clocks, the first's operation would otherwise pass
// for the second's, whose answer was lost.
type claim struct {
	operation Billnumber
	intent    string
	earlier   *claim // of the same payment
}

// claims are those of the last minutes, the newest of each payment. The zero
// value is ready.
type claims struct {
	recent, older map[Billnumber]claim
	since         time.Time // of recent
}

// claimTime is how long a claim is kept at least. At twice that it is forgotten.
const claimTime = time.Minute

// forget drops what is old.
func (c *claims) forget(now time.Time) {
	switch age := now.Sub(c.since); {
	case age < 0: // the clock was put back
		c.since = now
	case age > 2*claimTime:
		c.recent, c.older, c.since = nil, nil, now
	case age > claimTime:
		c.recent, c.older, c.since = nil, c.recent, now
	}
}

func (c *claims) add(payment Billnumber, next claim) {
	if c.recent == nil {
		c.recent = make(map[Billnumber]claim)
	}
	if last, found := c.recent[payment]; found {
		next.earlier = &last
	}
	c.recent[payment] = next
}

// has tells whether a claim is known. An intent may be resolved again and again.
// Only the newest claims are looked at, so that an answer full of operations
// stays cheap; what is noted twice does no harm.
func (c *claims) has(payment Billnumber, next claim) bool {
	last := c.recent[payment]
	for one, n := &last, 0; one != nil && n < 16; one, n = one.earlier, n+1 {
		if one.operation == next.operation && one.intent == next.intent {
			return true
		}
	}
	return false
}

// of gives the claims of a payment.
func (c *claims) of(payment Billnumber) (all []claim) {
	for _, generation := range [...]map[Billnumber]claim{c.older, c.recent} {
		if last, found := generation[payment]; found {
			for one := &last; one != nil; one = one.earlier {
				all = append(all, *one)
			}
		}
	}
	return all
}

// claim notes whose the operations are. While another cancel of the payment is
// unresolved, the claim is kept for as long: the operations must never be taken
// for the other one's.
func (p *payments) claim(in Intent, operations []Operation, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims.forget(now)
	desk := p.known[in.Request.Billnumber.Payment()]
	another := func(other Intent) bool { return other.ID != in.ID }
	keep := desk != nil && (slices.ContainsFunc(desk.unresolved, another) || slices.ContainsFunc(desk.passedOver, another))
	for _, op := range operations {
		if op.Billnumber.Operation() == 0 {
			continue // a plain billnumber names the payment, not an operation
		}
		next := claim{operation: kept(op.Billnumber), intent: in.ID}
		payment := next.operation.Payment()
		if p.claims.has(payment, next) {
			continue
		}
		p.claims.add(payment, next)
		if keep {
			desk.claimed = append(desk.claimed, next)
		}
	}
}

// keepClaimsLocked goes before a payment's first unresolved cancel: what is known
// of its operations is kept for as long as there is one.
func (p *payments) keepClaimsLocked(desk *paymentDesk, in Intent) {
	if desk.settled() {
		desk.claimed = p.claims.of(in.Request.Billnumber.Payment())
	}
}

// claimedByOthers gives the operations that are known to belong to other
// cancels of the payment, in order.
func (p *payments) claimedByOthers(in Intent) (others []Billnumber) {
	payment := in.Request.Billnumber.Payment()
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.claims.of(payment)
	if desk := p.known[payment]; desk != nil {
		known = append(known, desk.claimed...)
	}
	for _, c := range known {
		if c.intent != in.ID {
			others = append(others, c.operation)
		}
	}
	slices.Sort(others)
	return slices.Compact(others)
}
