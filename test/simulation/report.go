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
	for why := range reasons {
		line(why.String(), r.Reasons[why])
	}
	line("not sent, because another of its payment is unknown", r.Blocked)
	b.WriteString("what persons did\n")
	line("saw nothing, and let it be made again", r.ByPersons)
	line("said which operation it was", r.Chosen)
	line("of those made again, paid twice", r.Doubles)
	line("come after all, and taken for the one sent anew", r.Revived)
	b.WriteString("what numbers can't tell\n")
	line("equal refunds by hand, taken for a cancel not listed", r.Mistaken)
	return b.String()
}
