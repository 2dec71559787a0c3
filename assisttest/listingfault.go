package assisttest

import (
	"slices"
	"time"

	"github.com/assist-go/assist"
)

// The faults of this file are about a listing, so they are for the next order
// result unless [Fault.For] says otherwise. Results by date take them too, and the
// answers to cancels all but Stale and OrderTwice.

// Stale answers with the order as it stood d ago on the server's clock, freshly
// dated: a replica that lags behind. Operations that were made or listed since
// are missing, and what has settled since is still in process.
func Stale(d time.Duration) Fault { return Fault{service: OrderResults, staleBy: max(d, 0)} }

// SkipOperation leaves one operation out of a listing: by its number within the
// order, or counted from the end when negative, so that -1 is the last that would
// be listed. Several of them leave out several.
func SkipOperation(number int) Fault { return Fault{service: OrderResults, skip: []int{number}} }

// OperationTwice lists one operation two times, chosen as by [SkipOperation]. The
// row that is too many stands first, and has another response code and operation
// state unless they are empty.
func OperationTwice(number int, responseCode, operationState string) Fault {
	return Fault{service: OrderResults, rowsTwice: []rowTwice{{number, claim{responseCode, operationState}}}}
}

// OrderTwice lists every order two times. The one that is too many stands first,
// and has another order state unless it is empty.
func OrderTwice(orderState string) Fault {
	return Fault{service: OrderResults, orderTwice: &orderState}
}

// Unlist keeps an operation out of order results and results by date until the
// server's clock has moved on by d, or lists it at once when d is not positive.
// An operation that the server does not know is passed over.
func (s *Server) Unlist(operation assist.Billnumber, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	billnumber, number, _ := splitBillnumber(string(operation))
	if o := s.orderOf(billnumber); o != nil {
		if op := o.operation(number); op != nil {
			op.listed = s.now().Add(d)
		}
	}
}

// rowTwice is an operation that a listing shows two times.
type rowTwice struct {
	number int
	claim  claim
}

// row is an operation as one listing shows it.
type row struct {
	op          *operation
	code, state string
}

// view is how one answer sees the orders.
type view struct {
	now    time.Time // on the server's clock
	asOf   time.Time // before now where the answer is stale: what is listed
	states time.Time // what has settled; the end of time where the answer isn't stale
	packet time.Time // of the packet date
	fault  Fault
}

var endOfTime = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

func viewOf(f Fault, now time.Time) view {
	v := view{now: now, asOf: now.Add(-f.staleBy), states: endOfTime, packet: now, fault: f}
	if f.staleBy > 0 {
		v.states = v.asOf
	}
	if f.offsets != nil {
		v.packet = now.Add(f.offsets.Packet)
	}
	return v
}

// shows tells whether an operation is listed.
func (v view) shows(op *operation) bool { return !op.listed.After(v.asOf) }

func (v view) row(op *operation) row {
	state, code := op.stateAt(v.states)
	return row{op, code, state}
}

// rows are those of the operations that are listed by now.
func (v view) rows(operations []*operation) []row {
	rows := make([]row, 0, len(operations))
	for _, op := range operations {
		if v.shows(op) {
			rows = append(rows, v.row(op))
		}
	}
	return v.arranged(rows)
}

// arranged leaves out the rows that the fault skips and repeats those that it
// lists twice.
func (v view) arranged(rows []row) []row {
	shown := slices.Clone(rows)
	for _, number := range v.fault.skip {
		if op := chosen(shown, number); op != nil {
			rows = slices.DeleteFunc(rows, func(r row) bool { return r.op == op })
		}
	}
	for _, twice := range v.fault.rowsTwice {
		op := chosen(shown, twice.number)
		at := slices.IndexFunc(rows, func(r row) bool { return r.op == op })
		if at < 0 {
			continue
		}
		extra := rows[at]
		if twice.claim.code != "" {
			extra.code = twice.claim.code
		}
		if twice.claim.state != "" {
			extra.state = twice.claim.state
		}
		rows = slices.Insert(rows, at, extra)
	}
	return rows
}

// chosen finds an operation by its number, or from the end.
func chosen(rows []row, number int) *operation {
	if number < 0 {
		if at := len(rows) + number; at >= 0 {
			return rows[at].op
		}
		return nil
	}
	for _, r := range rows {
		if r.op.number == number {
			return r.op
		}
	}
	return nil
}
