package assist

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

// has tells whether an operation is known to be the intent's.
func (k *claims) has(in Intent) bool {
	for _, id := range k.intents {
		if id == in.ID {
			return true
		}
	}
	return false
}
