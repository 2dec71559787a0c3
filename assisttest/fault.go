package assisttest

import (
	"net/http"
	"time"
)

// Fault is what goes wrong with one request, or how one cancel turns out. The
// zero Fault is no fault: the request goes through as if none were scripted.
//
// A fault is for a cancel unless [Fault.For] says otherwise. Unless
// [Fault.WithoutDoing] says otherwise, the request is worked, whatever becomes
// of its answer.
type Fault struct {
	service   Service
	wire      wireFault
	undone    bool
	twice     bool
	later     time.Duration
	late      time.Duration
	status    int
	media     string
	body      string
	location  string
	refuse    *refusal
	settle    *settlement
	decline   string
	claim     *claim
	listAfter time.Duration
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

// Garbage works the request and answers with bytes that are no document, under
// status 200.
func Garbage() Fault {
	return Answer(http.StatusOK, "application/octet-stream", "\x00\xff\x1f\x8b<ord\xc3er><][{\"\\u00")
}

// HTMLError works the request, and something in between answers with a page of
// HTML and an HTTP status, such as 502.
func HTMLError(status int) Fault {
	return Answer(status, "text/html; charset=utf-8", "<html><head><title>"+http.StatusText(status)+
		"</title></head><body><h1>"+http.StatusText(status)+"</h1></body></html>\n")
}

// Answer works the request and answers with a text of yours.
func Answer(status int, contentType, body string) Fault {
	return Fault{wire: wireAnswers, status: status, media: contentType, body: body}
}

// Redirect answers with a redirect to another address, such as 307, and does
// nothing.
func Redirect(status int, location string) Fault {
	return Fault{wire: wireAnswers, status: status, location: location, media: "text/html; charset=utf-8", undone: true}
}

// CutShort works the request and closes the connection in the middle of the
// answer.
func CutShort() Fault { return Fault{wire: wireBreaks} }

// Incomplete works the request and answers with the first half of the document,
// which HTTP takes for a whole one.
func Incomplete() Fault { return Fault{wire: wireIncomplete} }

// Replay works the request and repeats the answer to an earlier request of the
// same service. Where there is none, it answers 502 and HTML.
func Replay() Fault { return Fault{wire: wireReplays} }

// Twice works the request two times, as a network does that repeats it after
// the first answer was lost. The caller sees the second answer.
func Twice() Fault { return Fault{twice: true} }

// Refuse refuses the request with a first and a second code (protocol §9).
func Refuse(first, second int) Fault { return Fault{refuse: refuse(first, second)} }

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
// results by date until the server's clock has moved on by d.
func ListLate(d time.Duration) Fault { return Fault{listAfter: d} }

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
	}
	f.undone = f.undone || g.undone
	f.twice = f.twice || g.twice
	f.later = max(f.later, g.later)
	f.late = max(f.late, g.late)
	f.listAfter = max(f.listAfter, g.listAfter)
	if g.refuse != nil {
		f.refuse = g.refuse
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

// takeFault gives the fault of a request.
func (s *Server) takeFault(service Service) Fault {
	for i, f := range s.faults {
		if f.isFor(service) {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			return f
		}
	}
	return Fault{}
}
