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
	repeatedVerbatim
	otherVerbatim
	gatewayFault
	gatewayFaultUndone
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
	refusedAsDocumented
	listedLate
	claimed
	allListed
	gapLeft
	rowTwice
	textsOdd
	questionRefused
	orderTwice
	rowSkipped
	staleListing

	byHand
	clockSkew
	clocksApart
	twoHosts
	killed
	takenTwice
	rotated
	faults
)

var faultNames = [faults]string{
	"none", "no connection", "lost before the request", "lost during the request", "lost after the request",
	"request held up, then delivered", "answer late by minutes", "answer cut, connection lost", "answer incomplete, as if whole",
	"answer garbled", "earlier answer repeated, dated anew, request worked", "earlier answer repeated, dated anew, request not worked",
	"earlier answer repeated verbatim, request worked", "earlier answer repeated verbatim, request not worked",
	"fault in words, request worked", "fault in words, request not worked",
	"5xx with HTML, request worked", "5xx with HTML, request not worked", "redirect to the same service", "doubtful refusal, request worked",
	"request repeated by the network",
	"AS300 that ends in success", "AS300 that ends in refusal", "declined", "5/108 that heals", "refused by codes", "codes as faultcode and faultstring",
	"listed late", "unknown or contradictory code", "answer that lists all cancels", "numbers left out", "operation twice in an answer or a listing",
	"odd texts that decide nothing", "question refused", "order twice in a listing", "operation missing in a listing", "listing from some time ago",
	"refund by hand", "clocks of client and server apart", "clocks of Date, operations and packets apart", "two hosts with clocks of their own", "process killed", "refund taken up by two processes", "password changed",
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

	gap                   int       // numbers that script leaves out
	handBefore, handAfter *handPlan // somebody refunds inside the exchange
}

// asked is what a fault is thrown for.
type asked struct {
	cancel bool
	flat   bool // its answer tells no states
	calm   bool // nothing goes wrong any more
	outage bool // no answer to a cancel arrives
	byHand bool // somebody may refund the payment by hand
}

// throwFault decides about one exchange. Which faults a question and a cancel
// can have differs; calm has none.
func throwFault(d *dice, s *Scenario, about asked) exchangeFault {
	f := exchangeFault{at: d.below(1000), choose: int(d.next() >> 40)}
	// On a good day too, a request takes its time.
	f.delays = [2]time.Duration{d.between(time.Millisecond, 40*time.Millisecond), d.between(time.Millisecond, 40*time.Millisecond)}
	// Where a balancer stands before two hosts, it goes on choosing.
	if s.clocks.balanced && d.percent(50) {
		f.script = append(f.script, assisttest.OnHost(*s.clocks.other))
	}
	f.script = append(f.script, s.oddTexts...)
	if about.calm {
		return f
	}
	if d.percent(s.storm) {
		f.throwNetwork(d, s, about.cancel)
	}
	if about.cancel && about.outage {
		f.throwOutage(d)
	}
	if about.cancel && s.Repeating && d.percent(50) {
		f.kind, f.delay = requestRepeated, pick(d, 0, d.between(time.Millisecond, time.Minute), d.between(time.Minute, time.Hour))
	}
	if about.cancel {
		f.throwTurn(d, s)
		f.throwAnswer(d, s, about)
	} else {
		f.throwListing(d, s)
	}
	return f
}

// throwNetwork is what becomes of the request and its answer on the way.
func (f *exchangeFault) throwNetwork(d *dice, s *Scenario, cancel bool) {
	kinds := []fault{noConnection, lostBefore, lostDuring, lostAfter, answerLate, answerCut, answerIncomplete, answerGarbled,
		answerRepeated, answerOfAnother, repeatedVerbatim, otherVerbatim, htmlError, htmlErrorUndone, gatewayFault, gatewayFaultUndone, redirected}
	if cancel {
		kinds = append(kinds, heldUp, lostAfter, lostAfter, doubtfulRefusal)
	}
	f.kind = pick(d, kinds...)
	f.delay = d.between(time.Minute, 20*time.Minute)
	if f.kind == heldUp {
		f.delay = longAfter(d, s)
	}
}

// longAfter is a time within a worker's patience. Where the storm never ends it
// may be longer: a person has decided by then.
func longAfter(d *dice, s *Scenario) time.Duration {
	if s.calm == 0 && d.percent(40) {
		return d.between(longestDelay, afterAll)
	}
	return pick(d, d.between(time.Second, time.Minute), d.between(time.Minute, time.Hour), d.between(time.Hour, longestDelay))
}

// throwTurn is how a cancel turns out at Assist.
func (f *exchangeFault) throwTurn(d *dice, s *Scenario) {
	refuse, shaped := assisttest.Refuse, d.percent(30)
	if shaped {
		refuse = assisttest.RefuseDocumented
	}
	switch {
	case d.percent(15):
		f.add(inProcessDone, assisttest.InProcess(settlement(d), "AS000"))
	case d.percent(15):
		f.add(inProcessDeclined, assisttest.InProcess(settlement(d), string(pick(d, assist.ResponseDeclined, assist.ResponseNoFunds, assist.ResponseNoPayment))))
	case d.percent(8):
		f.add(declined, assisttest.Decline(string(pick(d, assist.ResponseDeclined, assist.ResponseNoFunds, assist.ResponseAssistLimit))))
	case d.percent(6):
		f.add(dayBalance, refuse(5, 108))
	case d.percent(5):
		codes := pick(d, [2]int{17, 3}, [2]int{15, 308}, [2]int{12, 201}, [2]int{3, 108}, [2]int{7, 102}, [2]int{10, 201})
		if codes[1] < 100 {
			refuse, shaped = assisttest.Refuse, false
		}
		f.add(refusedByCodes, refuse(codes[0], codes[1]))
	}
	if shaped && len(f.counts) > 0 && (f.counts[0] == dayBalance || f.counts[0] == refusedByCodes) {
		f.counts = append(f.counts, refusedAsDocumented)
	}
	if d.percent(s.storm / 2) {
		f.add(listedLate, assisttest.ListLate(longAfter(d, s)))
	}
	if d.percent(s.storm / 10) {
		f.gap = 1 + d.below(2)
		f.add(gapLeft, assisttest.LeaveGap(f.gap))
	}
}

// throwAnswer is what the answer to a cancel says.
func (f *exchangeFault) throwAnswer(d *dice, s *Scenario, about asked) {
	if d.percent(s.storm / 5) {
		// A server that lies consistently is believed by everybody. The flat formats
		// have no state that could contradict the code.
		code, state := pick(d, "AS200", "AS998", "AS777", "AS107"), pick(d, "Success", "Declined", "In Process", "Refunding")
		if !about.flat && d.percent(50) {
			odd := pick(d, [2]string{"AS000", "Declined"}, [2]string{"AS300", "Declined"}, [2]string{"AS100", "Success"}, [2]string{"AS000", "Refunding"})
			code, state = odd[0], odd[1]
		}
		f.add(claimed, assisttest.Claim(code, state))
	}
	if d.percent(s.storm / 6) {
		f.add(allListed, assisttest.ListAllCancels())
	}
	// Of a flat answer that ends behind the first of two rows nothing tells that
	// there was a second.
	if d.percent(s.storm/8) && !(about.flat && f.kind == answerIncomplete) {
		f.add(rowTwice, oddRow(d, -1).For(assisttest.Cancels))
	}
	if about.byHand && d.percent(s.storm/5) {
		// Of an equal amount, which is what the zero Money is here.
		h := planHand(d)
		h.amount = pick(d, assist.Money{}, h.amount)
		if d.percent(50) {
			f.handBefore = &h
		} else {
			f.handAfter = &h
		}
	}
}

// throwListing is what an answer of order result says.
func (f *exchangeFault) throwListing(d *dice, s *Scenario) {
	if d.percent(s.storm / 4) {
		codes := pick(d, [2]int{2, 1}, [2]int{17, 3}, [2]int{10, 201}, [2]int{19, 0}, [2]int{16, 0})
		f.add(questionRefused, assisttest.Refuse(codes[0], codes[1]).For(assisttest.OrderResults))
	}
	if d.percent(s.storm / 8) {
		f.add(rowTwice, oddRow(d, pick(d, -1, -2, 1, 2)))
	}
	if d.percent(s.storm / 8) {
		f.add(orderTwice, assisttest.OrderTwice(pick(d, "", "Approved", "Canceled")))
	}
	if d.percent(s.storm / 6) {
		f.add(rowSkipped, assisttest.SkipOperation(pick(d, -1, -1, -2, 2, 3)))
	}
	if d.percent(s.storm / 6) {
		f.add(staleListing, assisttest.Stale(pick(d, d.between(time.Second, time.Minute), d.between(time.Minute, longestDelay))))
	}
}

func oddRow(d *dice, number int) assisttest.Fault {
	odd := pick(d, [2]string{}, [2]string{"AS100", "Declined"}, [2]string{"AS000", "Success"})
	return assisttest.OperationTwice(number, odd[0], odd[1])
}

// inWords is a fault of a gateway, or one in the shape of Assist's, in words with
// numbers that are no codes.
func inWords(choose int) assisttest.Fault {
	d := diceFor(uint64(choose), 2)
	texts := assisttest.GatewayTexts()
	text := pick(d, append(texts, "504 Gateway Time-out 5/108", "error 10-201", "5/108: see 10/201", "3/100 of the quota is left")...)
	fault := pick(d, assisttest.GatewayFault, assisttest.ProseFault)
	return fault(pick(d, 200, 408, 429, 500, 502, 503, 504), text)
}

func (f *exchangeFault) add(kind fault, scripted assisttest.Fault) {
	f.counts = append(f.counts, kind)
	f.script = append(f.script, scripted)
}

func settlement(d *dice) time.Duration {
	return pick(d, d.between(time.Minute, 20*time.Minute), d.between(time.Hour, longestDelay))
}
