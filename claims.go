package assist

import "slices"

// memory is what the client keeps of cancels that are over: to which intent an
// operation belongs, and which intents are settled. Without it the operation of
// one cancel could be taken for that of another, equal one whose answer was lost,
// and a question that was asked early could close a payment again. It holds the
// latest generation of payments and the one before. The zero value is ready.
type memory struct{ recent, older generation }

type generation struct {
	claims  map[Billnumber]*claims
	settled map[string]struct{} // by the intent's ID
}

// rememberedCancels is how many payments and settled intents are remembered at
// least; at twice that the oldest are forgotten. It is counted rather than timed:
// a lost intent may be resolved days later by the client that knows whose the
// operations are.
const rememberedCancels = 1 << 14

// claims says whose the operations of one payment are.
type claims struct {
	intents map[int]string // the intent's ID by the operation's number
	// unnumbered are cancels that may have made an operation whose number isn't
	// known: accepted by an answer without it, or called never come by a person.
	unnumbered []Intent
	decided    bool // a person has said that one never came
}

func (m *memory) turn() {
	if len(m.recent.claims)+len(m.recent.settled) >= rememberedCancels {
		m.older, m.recent = m.recent, generation{}
	}
}

// of gives the claims of a payment, or nil.
func (m *memory) of(payment Billnumber) *claims {
	if known := m.recent.claims[payment]; known != nil {
		return known
	}
	return m.older.claims[payment]
}

// keep makes the claims those of the payment, as the latest.
func (m *memory) keep(payment Billnumber, known *claims) {
	if m.recent.claims[payment] == known {
		return
	}
	m.turn()
	if m.recent.claims == nil {
		m.recent.claims = make(map[Billnumber]*claims)
	}
	m.recent.claims[kept(payment)] = known
}

func (m *memory) settle(id string) {
	m.turn()
	if m.recent.settled == nil {
		m.recent.settled = make(map[string]struct{})
	}
	m.recent.settled[id] = struct{}{}
}

func (m *memory) unsettle(id string) {
	delete(m.recent.settled, id)
	delete(m.older.settled, id)
}

func (m *memory) isSettled(id string) bool {
	_, recent := m.recent.settled[id]
	_, older := m.older.settled[id]
	return recent || older
}

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
// it is open its desk holds on to that, however many others come.
func (p *payments) knownClaimsLocked(payment Billnumber) *claims {
	if desk := p.known[payment]; desk != nil && desk.claims != nil {
		return desk.claims
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
	desk, known := p.known[payment], p.knownClaimsLocked(payment)
	return desk != nil && len(desk.passedOver) > 0 || known != nil && known.decided
}

// has tells whether an operation is known to be the intent's.
func (k *claims) has(in Intent) bool {
	for _, id := range k.intents {
		if id == in.ID {
			return true
		}
	}
	return false
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

// sorted puts billnumbers of one payment in the order of their operations.
func sorted(billnumbers map[Billnumber]bool) []Billnumber {
	all := make([]Billnumber, 0, len(billnumbers))
	for b := range billnumbers {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b Billnumber) int { return a.Operation() - b.Operation() })
	return all
}
