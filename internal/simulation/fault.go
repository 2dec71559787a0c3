package simulation

import (
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// fault is one kind of what goes wrong. Most are of the network; the others are
// counted beside them.
type fault int

const (
	noFault fault = iota
	noConnection
	lostBefore
	lostDuring
	lostAfter
	heldUp
	answerLate
	answerCut
	answerIncomplete
	answerGarbled
	answerRepeated
	answerOfAnother
	htmlError
	htmlErrorUndone
	redirected
	doubtfulRefusal
	requestRepeated

	inProcessDone
	inProcessDeclined
	declined
	dayBalance
	refusedByCodes
	listedLate
	claimed
	questionRefused

	clockSkew
	killed
	takenTwice
	faults
)

var faultNames = [faults]string{
	"none", "no connection", "lost before the request", "lost during the request", "lost after the request",
	"request held up, then delivered", "answer late by minutes", "answer cut, connection lost", "answer incomplete, as if whole",
	"answer garbled", "earlier answer repeated, request worked", "earlier answer repeated, request not worked",
	"5xx with HTML, request worked", "5xx with HTML, request not worked", "redirect to the same service", "doubtful refusal, request worked",
	"request repeated by the network",
	"AS300 that ends in success", "AS300 that ends in refusal", "declined", "5/108 that heals", "refused by codes",
	"listed late", "unknown or contradictory code", "question refused",
	"clocks of client and server apart", "process killed", "refund taken up by two processes",
}

func (f fault) String() string { return faultNames[f] }

// exchangeFault is what happens to one request and its answer.
type exchangeFault struct {
	kind   fault
	at     int           // permille of the bytes, where something is cut or garbled
	delay  time.Duration // of heldUp, answerLate, requestRepeated
	choose int           // one of several: statuses, codes, earlier answers
	delays [2]time.Duration
	script []assisttest.Fault // of the server
	counts []fault            // kinds in script
}

// throwFault decides about one exchange. Which faults a question and a cancel
// can have differs; calm has none.
func throwFault(d *dice, s *Scenario, cancel, legacy, calm bool) exchangeFault {
	f := exchangeFault{at: d.below(1000), choose: int(d.next() >> 40)}
	// On a good day too, a request takes its time.
	f.delays = [2]time.Duration{d.between(time.Millisecond, 40*time.Millisecond), d.between(time.Millisecond, 40*time.Millisecond)}
	if calm {
		return f
	}
	if d.percent(s.storm) {
		kinds := []fault{noConnection, lostBefore, lostDuring, lostAfter, answerLate, answerCut, answerIncomplete, answerGarbled,
			answerRepeated, answerOfAnother, htmlError, htmlErrorUndone, redirected}
		if cancel {
			kinds = append(kinds, heldUp, lostAfter, lostAfter, doubtfulRefusal)
		}
		f.kind = pick(d, kinds...)
		f.delay = d.between(time.Minute, 20*time.Minute)
		if f.kind == heldUp {
			f.delay = pick(d, d.between(time.Second, time.Minute), d.between(time.Minute, time.Hour), d.between(time.Hour, longestDelay))
		}
	}
	if cancel && s.Repeating && d.percent(50) {
		f.kind, f.delay = requestRepeated, pick(d, 0, d.between(time.Millisecond, time.Minute), d.between(time.Minute, time.Hour))
	}
	if !cancel {
		if d.percent(s.storm / 4) {
			codes := pick(d, [2]int{2, 1}, [2]int{17, 3}, [2]int{10, 201}, [2]int{19, 0}, [2]int{16, 0})
			f.add(questionRefused, assisttest.Refuse(codes[0], codes[1]).For(assisttest.OrderResults))
		}
		return f
	}
	switch {
	case d.percent(15):
		f.add(inProcessDone, assisttest.InProcess(settlement(d), "AS000"))
	case d.percent(15):
		f.add(inProcessDeclined, assisttest.InProcess(settlement(d), string(pick(d, assist.ResponseDeclined, assist.ResponseNoFunds, assist.ResponseNoPayment))))
	case d.percent(8):
		f.add(declined, assisttest.Decline(string(pick(d, assist.ResponseDeclined, assist.ResponseNoFunds, assist.ResponseAssistLimit))))
	case d.percent(6):
		f.add(dayBalance, assisttest.Refuse(5, 108))
	case d.percent(5):
		codes := pick(d, [2]int{17, 3}, [2]int{15, 308}, [2]int{12, 201}, [2]int{3, 108})
		f.add(refusedByCodes, assisttest.Refuse(codes[0], codes[1]))
	}
	if d.percent(s.storm / 2) {
		f.add(listedLate, assisttest.ListLate(pick(d, d.between(time.Second, time.Minute), d.between(time.Minute, longestDelay))))
	}
	if d.percent(s.storm / 5) {
		// A server that lies consistently is believed by everybody. The flat formats
		// have no state that could contradict the code.
		code, state := pick(d, "AS200", "AS998", "AS777", "AS107"), pick(d, "Success", "Declined", "In Process", "Refunding")
		if !legacy && d.percent(50) {
			odd := pick(d, [2]string{"AS000", "Declined"}, [2]string{"AS300", "Declined"}, [2]string{"AS100", "Success"}, [2]string{"AS000", "Refunding"})
			code, state = odd[0], odd[1]
		}
		f.add(claimed, assisttest.Claim(code, state))
	}
	return f
}

func (f *exchangeFault) add(kind fault, scripted assisttest.Fault) {
	f.counts = append(f.counts, kind)
	f.script = append(f.script, scripted)
}

func settlement(d *dice) time.Duration {
	return pick(d, d.between(time.Minute, 20*time.Minute), d.between(time.Hour, longestDelay))
}
