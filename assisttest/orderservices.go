package assisttest

import (
	"slices"
	"time"
)

const (
	defaultWindow = 3 * 24 * time.Hour
	byDateMax     = 24 * time.Hour
	byDateDefault = 3 * time.Hour
)

// orders answers order result and order state: the orders of one number that
// were made inside the window, in the order of time (protocol §5).
func (s *Server) orders(m *merchant, c *call, now time.Time) ([]*order, *refusal) {
	number, billnumber := c.parameters["ordernumber"], c.parameters["billnumber"]
	candidates := m.byNumber[number]
	if c.service == OrderResults && billnumber != "" {
		// Two clients ask by billnumber alone (protocol §5). The window holds for
		// them too (inferred).
		billnumber, _, _ = splitBillnumber(billnumber)
		candidates = nil
		if o := m.byBillnumber[billnumber]; o != nil && (number == "" || number == o.number) {
			candidates, number = []*order{o}, o.number
		}
	} else if number == "" {
		return nil, refuse(codeMissing, aboutNumber)
	}
	window := readPeriod(c.parameters, now, defaultWindow)
	if longest := s.longest[c.service]; longest > 0 && window.given && window.to.Sub(window.from) > longest {
		return nil, refuse(codeLimits, aboutInterval)
	}
	if s.tooFrequent(m, c.service, number, now) {
		return nil, refuse(codeLimits, aboutFrequency)
	}
	var found []*order
	for _, o := range candidates {
		if window.holds(o.date) {
			found = append(found, o)
		}
	}
	if len(found) == 0 && !s.emptyNotFound {
		return nil, refuse(codeNone, aboutOrder)
	}
	slices.SortStableFunc(found, func(a, b *order) int { return a.date.Compare(b.date) })
	return found, nil
}

// tooFrequent keeps the pause between two questions. One that is refused
// doesn't begin a new pause.
func (s *Server) tooFrequent(m *merchant, service Service, number string, now time.Time) bool {
	pause := s.pause[service]
	if pause <= 0 {
		return false
	}
	key := string(service) + " " + number
	if last, ok := m.askedAt[key]; ok && now.Sub(last) < pause {
		return true
	}
	m.askedAt[key] = now
	return false
}

// operationsByDate answers result by date: a row for each operation of the
// period. A period that is too long or no period becomes the last three hours,
// silently.
func (s *Server) operationsByDate(m *merchant, c *call, v view) ([]row, *refusal) {
	now := v.now
	window := readPeriod(c.parameters, now, byDateDefault)
	if longest := s.longest[c.service]; longest > 0 && window.given && window.to.Sub(window.from) > longest {
		return nil, refuse(codeLimits, aboutInterval)
	}
	if window.to.Sub(window.from) > byDateMax {
		window = period{from: now.Add(-byDateDefault), to: now}
	}
	if s.tooFrequent(m, c.service, "", now) {
		return nil, refuse(codeLimits, aboutFrequency)
	}
	var found []*operation
	for _, o := range m.orders {
		for _, op := range o.operations {
			if window.holds(op.date) && v.shows(op) && passes(v.row(op), c.parameters) {
				found = append(found, op)
			}
		}
	}
	if len(found) == 0 && !s.emptyNotFound {
		return nil, refuse(codeNone, aboutOrder)
	}
	slices.SortStableFunc(found, func(a, b *operation) int { return a.date.Compare(b.date) })
	return v.rows(found), nil
}

// passes applies the filters of protocol §5. What the letters stand for is
// inferred.
func passes(shown row, p parameters) bool {
	op := shown.op
	if mean := p["meantype_id"]; mean != "" && mean != number(op.mean) {
		return false
	}
	if state := p["operationstate"]; state != "" && state != map[string]string{
		stateInProcess: "P", stateSuccess: "S", stateDeclined: "F",
	}[shown.state] {
		return false
	}
	kind := p["operationtype"]
	return kind == "" || kind == map[string]string{kindPayment: "A", kindConfirm: "C", kindCancel: "R"}[op.kind]
}
