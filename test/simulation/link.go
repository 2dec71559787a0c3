package simulation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// link is the network between one process and the server. What happens to an
// exchange is thrown when it begins.
type link struct{ process *process }

var (
	errNoRoute = errors.New("simulation: no route to host")
	errReset   = errors.New("simulation: connection reset by peer")
)

// exchange is one request and its answer.
type exchange struct {
	run     *run
	worker  *worker
	attempt *attempt // of a cancel
	service assisttest.Service
	fault   exchangeFault
	method  string
	url     string
	header  http.Header
}

// answer is what leaves the server, or what reaches the client.
type answer struct {
	status int
	header http.Header
	body   []byte
	lost   bool          // no answer: the connection ends
	cut    int           // bytes of the body after which the connection ends; -1: none
	late   time.Duration // before it sets out
	// refusal: by codes alone. It names no payment, so nothing in it could tell
	// that it is repeated; repeated answers are those that name one.
	refusal bool
	row     *payment      // that it is about
	by      *process      // that had asked
	made    time.Duration // when it left the server
}

type workerKey struct{}

func (l *link) newExchange(req *http.Request) *exchange {
	w := req.Context().Value(workerKey{}).(*worker)
	r := w.run
	x := &exchange{run: r, worker: w, service: assisttest.OrderResults, method: req.Method, url: req.URL.String(), header: req.Header}
	service := 1
	switch path := strings.TrimPrefix(req.URL.Path, otherPath); {
	case strings.HasPrefix(path, "/cancel/"):
		x.service, x.attempt, service = assisttest.Cancels, w.attempt, 0
	case strings.HasPrefix(path, "/orderstate/"):
		x.service, service = assisttest.OrderStates, 2
	}
	p := l.process
	key := w.refund.payment.number*4 + service
	d := diceFor(r.scenario.Seed, 3, p.host.merchant, p.host.number, p.life, key, p.number(key))
	cancel := service == 0
	if service == 1 {
		w.oldLook = false
	}
	x.fault = throwFault(d, r.scenario, asked{
		cancel: cancel, flat: strings.HasSuffix(req.URL.Path, "/cancel.cfm"), calm: r.isCalm(), outage: r.inOutage(),
		byHand: !w.refund.payment.plan.several() && !r.scenario.plain,
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Faults[x.fault.kind]++
	if cancel {
		r.result.Attempts++
	}
	r.event("request", service, w.refund.payment.number, p.host.number, int(x.fault.kind))
	r.say("%v asks %v of payment %d for refund %d: %v", p, x.service, w.refund.payment.number, w.refund.index, x.fault.kind)
	return x
}

// RoundTrip makes one exchange. The process can be killed before the request,
// when the server has it, and before the answer is seen.
func (l *link) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	ctx.Value(workerKey{}).(*worker).untie()
	x := l.newExchange(req)
	x.worker.step()
	if x.run.sockets != nil {
		return x.run.sockets.roundTrip(x, req)
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(req.URL.Host)
	}
	if x.fault.kind == noConnection {
		if err := x.worker.rest(ctx, x.fault.delays[0]); err != nil {
			return nil, err
		}
		return nil, errNoRoute
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if x.fault.kind == lostBefore {
		return nil, errReset
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	if x.fault.kind == lostDuring {
		// The server has the head of a request that never ends.
		return nil, errReset
	}
	a, err := x.send(ctx, body)
	if err != nil {
		return nil, err
	}
	x.worker.step()
	if a.late += x.fault.delays[1]; a.late > 0 {
		if err := x.worker.rest(ctx, a.late); err != nil {
			return nil, err
		}
	}
	x.worker.step()
	if a.lost {
		return nil, errReset
	}
	x.worker.process.sawDate(a)
	return a.response(req), nil
}

// send lets the request travel. A caller that gives up meanwhile doesn't stop
// it.
func (x *exchange) send(ctx context.Context, body []byte) (answer, error) {
	way := x.fault.delays[0]
	if err := x.worker.rest(ctx, way); err != nil {
		x.later(time.Millisecond, body)
		return answer{}, err
	}
	return x.arrive(body), nil
}

// arrive is the request at the server, and what becomes of its answer.
func (x *exchange) arrive(body []byte) answer {
	f := x.fault
	html := badGateway(f.choose)
	lost := answer{lost: true}
	switch f.kind {
	case heldUp:
		x.later(f.delay, body)
		return lost
	case htmlErrorUndone:
		return html
	case gatewayFaultUndone:
		return x.script(body, inWords(f.choose).WithoutDoing().For(x.service))
	case answerOfAnother:
		return x.earlier(html, false)
	case otherVerbatim:
		return x.earlier(html, true)
	case redirected:
		if f.choose%2 == 0 {
			x.deliver(body)
		}
		status := pick(diceFor(uint64(f.choose), 1), http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect)
		return answer{status: status, cut: -1, header: http.Header{"Location": {x.url}}}
	case doubtfulRefusal:
		refusal := x.script(body, doubtful(f.choose).For(x.service))
		x.deliver(body)
		return refusal
	case requestRepeated:
		return x.repeat(body)
	}
	earlier := x.earlier(html, f.kind == repeatedVerbatim)
	a := x.deliver(body)
	switch f.kind {
	case lostAfter:
		return lost
	case answerLate:
		a.late = f.delay
	case answerCut:
		a.cut = len(a.body) * f.at / 1000
	case answerIncomplete:
		a.body = a.body[:len(a.body)*f.at/1000]
	case answerGarbled:
		a.body = garbled(a.body, f.at)
	case answerRepeated, repeatedVerbatim:
		return earlier
	case gatewayFault:
		return x.script(body, inWords(f.choose).WithoutDoing().For(x.service))
	case htmlError:
		return html
	}
	return a
}

func badGateway(choose int) answer {
	return answer{
		status: pick(diceFor(uint64(choose)), 500, 502, 503, 504), cut: -1, header: http.Header{"Content-Type": {"text/html"}},
		body: []byte("<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>\n"),
	}
}

// doubtful is a refusal that may stand behind money that moved.
func doubtful(choose int) assisttest.Fault {
	codes := pick(diceFor(uint64(choose), 1), [2]int{1, 0}, [2]int{2, 1}, [2]int{8, 0}, [2]int{11, 216}, [2]int{16, 0}, [2]int{5, 1}, [2]int{44, 0})
	refuse := pick(diceFor(uint64(choose), 2), assisttest.Refuse, assisttest.Refuse, assisttest.RefuseDocumented)
	return refuse(codes[0], codes[1])
}

// garbled overwrites some bytes by such as no text holds: what a broken machine
// makes of an answer. A byte that turns into another digit is not simulated: TLS
// keeps it out, and without TLS nothing could tell it.
func garbled(body []byte, at int) []byte {
	damaged := bytes.Clone(body)
	from := len(damaged) * at / 1000
	for i := from; i < min(from+12, len(damaged)); i++ {
		damaged[i] = "\xff\x00\xfe\x1b"[i%4]
	}
	return damaged
}

// later lets the request arrive when nobody waits for it any more.
func (x *exchange) later(d time.Duration, body []byte) {
	r := x.run
	r.flights.Add(1)
	// A repeated request is one too many, not one that is still to come.
	first := x.attempt != nil && x.fault.kind != requestRepeated
	if first {
		r.mu.Lock()
		x.attempt.underWay++
		r.mu.Unlock()
	}
	time.AfterFunc(d, func() {
		defer r.flights.Done()
		x.deliver(body)
		if first {
			r.mu.Lock()
			x.attempt.underWay--
			r.mu.Unlock()
		}
	})
}

// deliver has the server work the request, with the scripted faults of the
// exchange, and with what somebody does by hand meanwhile.
func (x *exchange) deliver(body []byte) answer {
	r, row := x.run, x.worker.refund.payment
	if h := x.fault.handBefore; h != nil {
		r.mu.Lock()
		r.refundByHand(row, x.handPlan(h))
		r.mu.Unlock()
	}
	script := x.fault.script
	if h := x.fault.handAfter; h != nil {
		script = append(script[:len(script):len(script)], assisttest.HandRefundAfter(h.amount, h.turns()...))
	}
	a := x.script(body, script...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Requests++
	for _, kind := range x.fault.counts {
		r.result.Faults[kind]++
	}
	if x.attempt != nil {
		r.result.Cancels++
		r.worked(x.attempt, &x.fault, a.refusal)
		r.event("worked", x.attempt.refund.index, x.attempt.number, len(x.attempt.operations))
		r.say("the server works %v with %v: %v, %d live; answers %d", x.attempt, x.fault.counts, x.attempt.operations, r.live(x.attempt), a.status)
	}
	if a.refusal {
		return a
	}
	a.row, a.by, a.made = row, x.worker.process, r.elapsed()
	const remembered = 8
	if kept := r.answers[x.service]; len(kept) < remembered {
		r.answers[x.service] = append(kept, a)
	} else {
		copy(kept, kept[1:])
		kept[remembered-1] = a
	}
	return a
}

// handPlan gives a refund by hand the amount of the cancel, where it has none of
// its own.
func (x *exchange) handPlan(h *handPlan) handPlan {
	plan := *h
	if plan.amount == (assist.Money{}) {
		plan.amount = x.worker.refund.plan.amount
	}
	return plan
}

// performed tells whether the cancel has made anything.
func (x *exchange) performed() bool {
	x.run.mu.Lock()
	defer x.run.mu.Unlock()
	return len(x.attempt.operations) > 0
}

// script gives the request to the server with faults of its own.
func (x *exchange) script(body []byte, scripted ...assisttest.Fault) answer {
	r := x.run
	r.mu.Lock()
	defer r.mu.Unlock()
	var all assisttest.Fault
	for _, f := range scripted {
		all = all.And(f)
	}
	if len(scripted) > 0 {
		r.server.Next(all.For(x.service))
	}
	req, err := http.NewRequestWithContext(context.Background(), x.method, x.url, bytes.NewReader(body))
	if err != nil {
		panic(err) // the client has made the same request
	}
	req.Header = x.header
	w := &recorder{header: make(http.Header), status: http.StatusOK}
	r.server.ServeHTTP(w, req)
	return answer{status: w.status, header: w.header, body: w.body, cut: -1, refusal: namesNone(w.body)}
}

// namesNone tells the answers that hold no order: refusals by codes.
func namesNone(body []byte) bool {
	return !bytes.Contains(body, []byte("51000000000000"))
}

// response is the answer as the client's transport gives it.
func (a answer) response(req *http.Request) *http.Response {
	resp := &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, ContentLength: int64(len(a.body)), Request: req,
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if a.cut >= 0 {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(a.body[:a.cut]), brokenOff{}))
	} else {
		resp.Body = io.NopCloser(bytes.NewReader(a.body))
	}
	return resp
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
