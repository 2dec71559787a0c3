package assisttest

import (
	"time"
)

// Fault is what goes wrong with one request, or how one cancel turns out. The
// zero Fault is no fault: the request goes through as if none were scripted.
//
// A fault is for a cancel unless its function or [Fault.For] says otherwise.
// Unless [Fault.WithoutDoing] says otherwise, the request is worked, whatever
// becomes of its answer. Nothing in a fault is random: a test that scripts the
// same faults plays the same story.
type Fault struct {
	service  Service
	wire     wireFault
	status   int
	media    string
	body     string
	location string
	headers  [][2]string
	verbatim bool // of a replay: with its old Date
	back     int  // of a replay: answers before the latest

	undone  bool
	twice   bool
	later   time.Duration
	late    time.Duration
	refuse  *refusal
	lying   bool // the refusal stands in the answer of a request that was worked
	offsets *Offsets

	settle    *settlement
	decline   string
	claim     *claim
	listAfter time.Duration
	gap       int
	listAll   bool

	handBefore, handAfter []handRefund
	afterwards            func() // does handAfter, once

	staleBy    time.Duration
	skip       []int
	rowsTwice  []rowTwice
	orderTwice *string
	texts      [][2]string
	charset    string
}

// wireFault is what becomes of the answer.
type wireFault int

const (
	wireIntact wireFault = iota
	wireDies
	wireBreaks
	wireIncomplete
	wireReplays
	wireAnswers
	wireGateway
	wireProse
)

// settlement is how a cancel in process ends.
type settlement struct {
	after time.Duration
	code  string
}

// claim is what an answer says instead of the truth.
type claim struct{ code, state string }

// DieBefore closes the connection when the request has arrived and before
// anything is done: no money moves.
func DieBefore() Fault { return DieAfter().WithoutDoing() }

// DieAfter works the request and closes the connection without an answer: the
// money moves and the caller learns nothing.
func DieAfter() Fault { return Fault{wire: wireDies} }

// DieAndDoLater closes the connection without an answer and works the request
// when the server's clock has moved on by d, as if it had been held up on its
// way. Nobody sees it before.
func DieAndDoLater(d time.Duration) Fault {
	return Fault{wire: wireDies, undone: true, later: d}
}

// AnswerLate works the request at once and holds the answer back for d of real
// time (virtual in a bubble of testing/synctest), or until the client is gone.
func AnswerLate(d time.Duration) Fault { return Fault{late: d} }

// CutShort works the request and closes the connection in the middle of the
// answer.
func CutShort() Fault { return Fault{wire: wireBreaks} }

// Incomplete works the request and answers with the first half of the document,
// which HTTP takes for a whole one.
func Incomplete() Fault { return Fault{wire: wireIncomplete} }

// Twice works the request two times, as a network does that repeats it after
// the first answer was lost. The caller sees the second answer.
func Twice() Fault { return Fault{twice: true} }

// InProcess lets a cancel answer AS300. When the server's clock has moved on by
// after, it settles with the response code: "AS000" moves the money, any other
// declines the cancel.
func InProcess(after time.Duration, responseCode string) Fault {
	return Fault{settle: &settlement{after, responseCode}}
}

// Decline lets a cancel make an operation that is declined with a response code,
// such as "AS100". No money moves.
func Decline(responseCode string) Fault { return Fault{decline: responseCode} }

// Claim works a cancel as ever, and answers with another response code and
// operation state than is true. The order services tell the truth.
func Claim(responseCode, operationState string) Fault {
	return Fault{claim: &claim{responseCode, operationState}}
}

// ListLate keeps the operations that a cancel makes out of order results and
// results by date until the server's clock has moved on by d. [Server.Unlist]
// does that for one operation.
func ListLate(d time.Duration) Fault { return Fault{listAfter: d} }

// LeaveGap lets n numbers of the order unused before the operations of a cancel.
// That Assist numbers without holes is inferred (protocol §3), so a client may
// not end up blocked for ever by one.
func LeaveGap(n int) Fault { return Fault{gap: max(n, 0)} }

// ListAllCancels lets one wscancel answer list all cancels of the order, those
// of others too; [WithAllCancelsListed] does that for all answers.
func ListAllCancels() Fault { return Fault{listAll: true} }

// OnHost lets one request be worked by a host with clocks of its own, whatever
// host it was sent to: a load balancer chose another. See [Server.AddHost].
func OnHost(o Offsets) Fault { return Fault{offsets: &o} }

// For gives the same fault for the next request of another service, or of any.
func (f Fault) For(service Service) Fault {
	f.service = service
	return f
}

// WithoutDoing gives the same fault for a request that is not worked.
func (f Fault) WithoutDoing() Fault {
	f.undone = true
	return f
}

// And joins two faults of one request: InProcess(…).And(DieAfter()) loses the
// answer of a cancel that is in process. Where both say something about one
// thing, the second is meant.
func (f Fault) And(g Fault) Fault {
	if g.service != "" {
		f.service = g.service
	}
	if g.wire != wireIntact {
		f.wire, f.status, f.media, f.body, f.location = g.wire, g.status, g.media, g.body, g.location
		f.verbatim, f.back = g.verbatim, g.back
	}
	f.headers = append(f.headers[:len(f.headers):len(f.headers)], g.headers...)
	f.undone, f.twice, f.listAll = f.undone || g.undone, f.twice || g.twice, f.listAll || g.listAll
	f.later, f.late = max(f.later, g.later), max(f.late, g.late)
	f.listAfter, f.gap = max(f.listAfter, g.listAfter), max(f.gap, g.gap)
	if g.refuse != nil {
		f.refuse, f.lying = g.refuse, g.lying
	}
	if g.offsets != nil {
		f.offsets = g.offsets
	}
	if g.settle != nil {
		f.settle = g.settle
	}
	if g.decline != "" {
		f.decline = g.decline
	}
	if g.claim != nil {
		f.claim = g.claim
	}
	f.handBefore = append(f.handBefore[:len(f.handBefore):len(f.handBefore)], g.handBefore...)
	f.handAfter = append(f.handAfter[:len(f.handAfter):len(f.handAfter)], g.handAfter...)
	f.staleBy = max(f.staleBy, g.staleBy)
	f.skip = append(f.skip[:len(f.skip):len(f.skip)], g.skip...)
	f.rowsTwice = append(f.rowsTwice[:len(f.rowsTwice):len(f.rowsTwice)], g.rowsTwice...)
	if g.orderTwice != nil {
		f.orderTwice = g.orderTwice
	}
	f.texts = append(f.texts[:len(f.texts):len(f.texts)], g.texts...)
	if g.charset != "" {
		f.charset = g.charset
	}
	return f
}

func (f Fault) isFor(service Service) bool {
	switch f.service {
	case "":
		return service == Cancels
	case AnyService:
		return true
	}
	return f.service == service
}

// Next scripts faults. Each is used up by one request: a request takes the
// oldest fault that is for its service.
func (s *Server) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// takeFault gives the fault of a request, with the clocks of its host.
func (s *Server) takeFault(service Service, path string) Fault {
	var taken Fault
	for i, f := range s.faults {
		if f.isFor(service) {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			taken = f
			break
		}
	}
	if taken.offsets == nil {
		o := s.offsetsAt(path)
		taken.offsets = &o
	}
	return taken
}
