package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
)

// span is how long to ask, and how often: ever more rarely.
func span(age time.Duration) (pause, bound time.Duration) {
	switch {
	case age < 10*time.Minute:
		pause = 3 * time.Minute
	case age < 3*time.Hour:
		pause = 40 * time.Minute
	default:
		pause = 8 * time.Hour
	}
	return pause, 2*pause + pause/2
}

// asking gives the context of one question, or of many.
func (w *worker) asking() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(w.process.ctx, workerKey{}, w), 48*time.Hour+offBeat)
}

// pace is how a worker waits. The SDK jitters its pauses by chance of its own;
// the observer takes longer than the longest of them, so that the next question
// always comes when it is done, and a seed is always the same scenario.
func (w *worker) pace(pause time.Duration) []assist.WaitOption {
	return []assist.WaitOption{assist.PollEvery(pause*3/4, pause*3/4), assist.Observe(func(o assist.Observation) {
		if o.Next > 0 {
			w.sleep(pause)
			w.untie()
		}
	})}
}

// untie brings every worker to a microsecond of its own, so that of two who were
// woken in one instant it is settled who goes first. All that takes time in a
// scenario takes whole milliseconds.
func (w *worker) untie() {
	own := time.Duration(w.id) * time.Microsecond
	w.sleep((time.Millisecond + own - w.run.elapsed()%time.Millisecond) % time.Millisecond)
}

// offBeat keeps the ends of contexts apart from everything else.
const offBeat = 500 * time.Microsecond

// follow asks what became of a cancel in process.
func (w *worker) follow(row refund) {
	a := row.open
	x, err := w.client.Resume(row.cancellation)
	if err != nil {
		w.note(ruleKnown, "a stored cancellation can't be read: %v", err)
		return
	}
	age := time.Since(row.unresolved)
	pause, bound := span(age)
	ctx, stop := w.asking()
	defer stop()
	if w.dice(10, w.tries).percent(30) {
		w.tries++
		w.sleep(pause)
		x, err = w.client.Refresh(ctx, x)
	} else {
		x, err = w.client.Wait(ctx, x, bound, w.pace(pause)...)
	}
	w.untie()
	w.step()
	w.run.checkError(err)
	var late *assist.WaitTimeoutError
	var divided *assist.UnknownOutcomeError
	switch {
	case errors.As(err, &late):
		w.run.say("%v waits on for %v: %v", w.process, a, err)
		w.run.checkToken(late.Last.Token())
		w.run.store.close(a, following, late.Last.Token())
	case errors.As(err, &divided):
		a.divided = true
		w.run.told(w.process, a, telling{verdict: toldUnknown, err: err})
		w.run.store.close(a, atPerson, "")
	case assist.OutcomeOf(err) == assist.Accepted:
		w.accepted(a, x)
	case assist.OutcomeOf(err) == assist.Rejected:
		w.rejected(a, nil, err)
	default:
		w.sleep(time.Minute)
	}
	if age > patience && w.run.store.row(w.refund).state == following {
		w.run.store.close(a, atPerson, "")
	}
}
