package simulation

import (
	"net/http"
	"strings"
	"time"
)

// earlier gives one of the latest answers of the service, if there is any: as a
// cache repeats it, with its old Date, or as a server does that has an old copy,
// dated anew.
func (x *exchange) earlier(otherwise answer, verbatim bool) answer {
	x.run.mu.Lock()
	defer x.run.mu.Unlock()
	kept := x.run.answers[x.service]
	if len(kept) == 0 || x.run.scenario.plain && x.attempt != nil && strings.HasSuffix(x.url, "/cancel.cfm") {
		// Without an operation's number nothing tells one cancel's answer from the
		// next one's, a minute later. Only the flat answers are without.
		return otherwise
	}
	a := kept[x.fault.choose%len(kept)]
	if verbatim {
		if !x.canTell(a) {
			return otherwise
		}
		return a
	}
	if w := x.worker; a.row == w.refund.payment {
		// A client that isn't told what another one's cancel has made, and whose look
		// lacks it, has the dates of the packets alone, to some minutes.
		if x.attempt != nil && a.by != w.process && x.run.elapsed()-a.made < 3*time.Minute && !x.run.scenario.merchants[w.process.host.merchant].learns {
			return otherwise
		}
		// Where the look was an old one too, nothing is left to compare with: a host
		// whose packets are dated behind its Date header answers just so.
		if x.attempt != nil && x.attempt.lookFirst && a.by != w.process && w.oldLook {
			return otherwise
		}
		w.oldLook = w.oldLook || x.attempt == nil
	}
	a.header = a.header.Clone()
	a.header.Set("Date", x.run.dateNow().Format(http.TimeFormat))
	return a
}

// canTell tells whether the client has anything that shows an answer about its
// payment to be an earlier one: a look of its own, two answers that agree on the
// time, or what it was told about the operations.
func (x *exchange) canTell(a answer) bool {
	p := x.worker.process
	if a.row != x.worker.refund.payment || p.knowsTheTime() {
		return true
	}
	if x.attempt != nil {
		return x.attempt.lookFirst || a.by == p
	}
	return x.run.scenario.merchants[p.host.merchant].learns
}

// repeat lets the network repeat the request.
func (x *exchange) repeat(body []byte) answer {
	first := x.deliver(body)
	switch {
	case !x.performed():
		// A refusal uses up no refund id: repeated when its reason is gone, the
		// request would be performed, and nothing could hold that.
	case x.fault.delay == 0:
		return x.deliver(body)
	default:
		x.later(x.fault.delay, body)
	}
	return first
}
