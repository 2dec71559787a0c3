// Package metrics writes the store's figures in Prometheus' text format.
package metrics

import (
	"io"
	"strconv"
	"strings"

	"github.com/assist-go/assist/refunds"
)

// Write writes the figures. Their names and meanings are a promise:
// docs/assist-worker.md.
func Write(w io.Writer, s refunds.Stats) error {
	var b strings.Builder
	gauge := func(name, help string, value float64) {
		b.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n" + name + " " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
	}
	b.WriteString("# HELP assist_refunds Refunds that are not final, by state.\n# TYPE assist_refunds gauge\n")
	for _, c := range []struct {
		state string
		n     int
	}{{"pending", s.Pending}, {"unknown", s.Sent}, {"in_process", s.InProcess}, {"proposed", s.Proposed}} {
		b.WriteString("assist_refunds{state=\"" + c.state + "\"} " + strconv.Itoa(c.n) + "\n")
	}
	gauge("assist_refunds_need_person", "Refunds that only a person can bring on.", float64(s.NeedPerson))
	gauge("assist_refunds_due", "Refunds that are due and nobody has claimed.", float64(s.Due))
	gauge("assist_refunds_oldest_due_seconds", "How late the latest of them is.", s.OldestDue.Seconds())
	gauge("assist_refunds_oldest_unknown_seconds", "Age of the oldest cancel without a known outcome.", s.OldestUnknown.Seconds())
	gauge("assist_refunds_undelivered_events", "Events that handlers have not had.", float64(s.Undelivered))
	gauge("assist_refunds_unsealed_events", "Events that the chain over the history has not.", float64(s.Unsealed))
	gauge("assist_refunds_watched_attempts", "Cancels that a person has closed and money may still move by.", float64(s.Watched))
	gauge("assist_refunds_paused_merchants", "Merchants whose settings Assist does not take.", float64(len(s.Paused)))
	gauge("assist_refunds_held_merchants", "Merchants whose refunds are held.", float64(len(s.Held)))
	_, err := io.WriteString(w, b.String())
	return err
}
