package simulation

import (
	"fmt"
	"strings"
)

// Report is the result as a text: what was met, how often, and how it ended.
func (r *Result) Report() string {
	var b strings.Builder
	line := func(name string, n any) { fmt.Fprintf(&b, "  %-52s %v\n", name, n) }
	line("seeds", r.Seeds)
	line("findings", len(r.Findings))
	line("payments, refunds, cancels sent", fmt.Sprint(r.Payments, ", ", r.Refunds, ", ", r.Attempts))
	line("requests at the server, cancels among them", fmt.Sprint(r.Requests, ", ", r.Cancels))
	line("steps at which a process can be killed", r.Steps)
	line("log lines read for secrets", r.LogLines)
	line("days of virtual time", int(r.Days))
	b.WriteString("faults\n")
	for kind := noConnection; kind < faults; kind++ {
		line(kind.String(), r.Faults[kind])
	}
	b.WriteString("what merchants were told of their cancels\n")
	for v := toldUnknown; v < verdicts; v++ {
		line(v.String(), r.Verdicts[v])
	}
	b.WriteString("how refunds ended\n")
	for state := toDo; state <= atPerson; state++ {
		line(state.String(), r.Ends[state])
	}
	b.WriteString("why a person was left with one, faults being over\n")
	line("the cancel left no trace at Assist", r.WithoutTrace)
	line("sent without LookFirst", r.WithoutLook)
	line("its operations fared differently", r.Divided)
	line("equal cancels that can't be told apart", r.Alike)
	line("declined long after its send", r.DeclinedLate)
	line("all of a payment, beside a cancel that was declined later", r.BesideDeclined)
	line("not sent, because another of its payment is unknown", r.Blocked)
	line("closed by a person who asked Assist, sent anew", r.ByPersons)
	return b.String()
}
