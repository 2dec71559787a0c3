package control

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// A fault is written as name:argument,argument. Several of one request are joined
// by "+". A service behind "@" is the one that the fault is for.

// word is one fault by its name. Arguments that are left out have the values of
// usage.
type word struct {
	name, usage, does string
	apply             func(f assisttest.Fault, a *arguments) assisttest.Fault
}

// made is a word whose fault doesn't depend on those before it.
func made(name, usage, does string, make func(a *arguments) assisttest.Fault) word {
	return word{name, usage, does, func(f assisttest.Fault, a *arguments) assisttest.Fault { return f.And(make(a)) }}
}

func words() []word {
	type args = *arguments
	type fault = assisttest.Fault
	return []word{
		made("none", "", "nothing goes wrong with one request", func(args) fault { return fault{} }),
		made("die-before", "", "the connection ends, nothing is done", func(args) fault { return assisttest.DieBefore() }),
		made("die-after", "", "done, and the connection ends without an answer", func(args) fault { return assisttest.DieAfter() }),
		made("do-later", "10m", "the connection ends, and the request is worked later", func(a args) fault { return assisttest.DieAndDoLater(a.duration()) }),
		made("late", "2m", "the answer comes late", func(a args) fault { return assisttest.AnswerLate(a.duration()) }),
		made("cut", "", "the connection ends in the middle of the answer", func(args) fault { return assisttest.CutShort() }),
		made("incomplete", "", "half of the answer, as if it were all", func(args) fault { return assisttest.Incomplete() }),
		made("garbage", "", "an answer that is no document", func(args) fault { return assisttest.Garbage() }),
		made("html", "502", "a page of HTML", func(a args) fault { return assisttest.HTMLError(a.number()) }),
		made("answer", "202,text/plain,soon", "an answer of yours", func(a args) fault { return assisttest.Answer(a.number(), a.text(), a.rest()) }),
		made("gateway", "503,Retries exhausted: 3/3", "a gateway's fault in words", func(a args) fault { return assisttest.GatewayFault(a.number(), a.rest()) }),
		made("prose", "500,attempt 3/5 timed out", "a fault in Assist's shape, without codes", func(a args) fault { return assisttest.ProseFault(a.number(), a.rest()) }),
		made("redirect", "307,https://other.example/", "a redirect; nothing is done", func(a args) fault { return assisttest.Redirect(a.number(), a.rest()) }),
		made("refuse", "5,108", "refused with two codes", func(a args) fault { return assisttest.Refuse(a.number(), a.number()) }),
		made("refuse-documented", "7,102", "refused in the shape of Assist's page", func(a args) fault { return assisttest.RefuseDocumented(a.number(), a.number()) }),
		made("replay", "0", "an earlier answer, dated anew; counted back from the latest", func(a args) fault { return assisttest.Replay().Back(a.number()) }),
		made("replay-verbatim", "0", "an earlier answer with its old Date", func(a args) fault { return assisttest.ReplayVerbatim().Back(a.number()) }),
		made("twice", "", "worked two times", func(args) fault { return assisttest.Twice() }),
		made("in-process", "1h,AS000", "AS300, which settles later", func(a args) fault { return assisttest.InProcess(a.duration(), a.text()) }),
		made("decline", "AS100", "an operation that is declined", func(a args) fault { return assisttest.Decline(a.text()) }),
		made("claim", "AS000,Declined", "the answer says something else than is true", func(a args) fault { return assisttest.Claim(a.text(), a.text()) }),
		made("list-late", "1h", "listed late", func(a args) fault { return assisttest.ListLate(a.duration()) }),
		made("gap", "1", "numbers of the order stay unused", func(a args) fault { return assisttest.LeaveGap(a.number()) }),
		made("list-all", "", "the answer lists all cancels of the order", func(args) fault { return assisttest.ListAllCancels() }),
		made("clocks", "0s,3h,0s", "clocks of Date, operations and packets ahead", func(a args) fault {
			return assisttest.OnHost(assisttest.Offsets{Date: a.duration(), Operation: a.duration(), Packet: a.duration()})
		}),
		made("by-hand-before", "", "somebody refunds by hand before; amount,currency or as much as asked", func(a args) fault { return assisttest.HandRefundBefore(a.money()) }),
		made("by-hand-after", "", "the same after, before the answer", func(a args) fault { return assisttest.HandRefundAfter(a.money()) }),
		made("stale", "10m", "a listing as it stood some time ago", func(a args) fault { return assisttest.Stale(a.duration()) }),
		made("skip", "-1", "a listing without one operation; -1 is the last", func(a args) fault { return assisttest.SkipOperation(a.number()) }),
		made("row-twice", "-1,AS100,Declined", "a listing with one operation twice", func(a args) fault { return assisttest.OperationTwice(a.number(), a.text(), a.text()) }),
		made("order-twice", "Approved", "a listing with the order twice", func(a args) fault { return assisttest.OrderTwice(a.text()) }),
		made("text", "ordernumber,A-1", "another text in the answer, by its wire name", func(a args) fault { return assisttest.TextInstead(a.text(), a.rest()) }),
		made("charset", "windows-1251", "the answer in another character set", func(a args) fault { return assisttest.InCharset(a.text()) }),
		{"header", "Retry-After,120", "a header in the answer", func(f fault, a args) fault { return f.WithHeader(a.text(), a.rest()) }},
		{"without-doing", "", "joined: the request is not worked", func(f fault, _ args) fault { return f.WithoutDoing() }},
		{"after-doing", "", "joined: refused although it was worked", func(f fault, _ args) fault { return f.AfterDoing() }},
	}
}

// FaultHelp lists the faults as they are written, one a line.
func FaultHelp() string {
	var text strings.Builder
	for _, w := range words() {
		name := w.name
		if w.usage != "" {
			name += ":" + w.usage
		}
		fmt.Fprintf(&text, "%-38s %s\n", name, w.does)
	}
	text.WriteString("\nJoin several with +. Put a service behind @: cancel, orderresult, orderstate, resultbydate or any.\n")
	return text.String()
}

// ParseFault reads a fault: its name, arguments behind a colon, others joined by
// "+", and the service that it is for behind "@".
func ParseFault(text string) (assisttest.Fault, error) {
	var f assisttest.Fault
	joined, service, named := strings.Cut(strings.TrimSpace(text), "@")
	for _, one := range strings.Split(joined, "+") {
		name, given, _ := strings.Cut(one, ":")
		w, ok := wordNamed(name)
		if !ok {
			return f, fmt.Errorf("no fault is called %q", name)
		}
		if given == "" {
			given = w.usage
		}
		a := &arguments{left: given}
		if f = w.apply(f, a); a.err != nil || a.left != "" {
			return f, fmt.Errorf("%s: arguments as in %s:%s", one, w.name, w.usage)
		}
	}
	if !named {
		return f, nil
	}
	switch s := assisttest.Service(service); s {
	case assisttest.Cancels, assisttest.OrderResults, assisttest.OrderStates, assisttest.ResultsByDate, assisttest.AnyService:
		return f.For(s), nil
	}
	return f, fmt.Errorf("no service is called %q", service)
}

func wordNamed(name string) (word, bool) {
	for _, w := range words() {
		if w.name == name {
			return w, true
		}
	}
	return word{}, false
}

// arguments are taken one after the other, up to the first that is none.
type arguments struct {
	left string
	err  error
}

func (a *arguments) text() string {
	text, left, _ := strings.Cut(a.left, ",")
	a.left = left
	return text
}

// rest is all that is left, commas included.
func (a *arguments) rest() string {
	text := a.left
	a.left = ""
	return text
}

func (a *arguments) number() int {
	n, err := strconv.Atoi(a.text())
	a.err = errors.Join(a.err, err)
	return n
}

func (a *arguments) duration() time.Duration {
	d, err := time.ParseDuration(a.text())
	a.err = errors.Join(a.err, err)
	return d
}

// money is the zero Money where none is given.
func (a *arguments) money() assist.Money {
	if a.left == "" {
		return assist.Money{}
	}
	m, err := assist.ParseMoney(a.text(), a.text())
	a.err = errors.Join(a.err, err)
	return m
}
