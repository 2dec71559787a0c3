package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
)

// Report is what a run found.
type Report struct {
	Kills, Refunds, Payments, Attempts, Cancels int
	States                                      map[refunds.State]int
	At                                          map[string]int // kills, by boundary
	Rare                                        []string       // boundaries with too few
	Person                                      int            // refunds that wait for one at the end
	Told                                        int
	Restarts, Cuts                              int // of the server, of connections
	Killing, Took                               time.Duration
	Wrong, Stuck                                []string
}

func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d kills in %s (%.1f/s), %s with the settling: %d refunds of %d payments, %d attempts, %d cancels at Assist, %v, %d wait for a person, %d events handled, %d restarts of the server, %d connections cut: %d wrong, %d stuck",
		r.Kills, r.Killing.Round(time.Second), float64(r.Kills)/r.Killing.Seconds(), r.Took.Round(time.Second), r.Refunds, r.Payments, r.Attempts, r.Cancels, r.States,
		r.Person, r.Told, r.Restarts, r.Cuts, len(r.Wrong), len(r.Stuck))
	for _, at := range append(slices.Clone(boundaries), fromOutside) {
		fmt.Fprintf(&b, "\n  %4d %s", r.At[at], at)
	}
	for _, w := range r.Rare {
		b.WriteString("\n  TOO FEW " + w)
	}
	for _, w := range r.Wrong {
		b.WriteString("\n  WRONG " + w)
	}
	for _, w := range r.Stuck {
		b.WriteString("\n  STUCK " + w)
	}
	return b.String()
}

// count counts the money by operation.
func (h *harness) count(ctx context.Context) (*Report, error) {
	r := &Report{Refunds: len(h.ids), Payments: len(h.orders), States: map[refunds.State]int{}, At: map[string]int{}}
	wrong := func(format string, args ...any) { r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...)) }
	owner := map[assist.Billnumber]refunds.ID{}
	open := map[string]int{} // payment and amount of refunds that aren't final
	records := map[refunds.ID]*refunds.Record{}
	stored := map[assist.Billnumber]int{} // attempts of a payment's refunds
	waits := map[assist.Billnumber]bool{} // payments of which a refund needs a person
	for _, id := range h.ids {
		rec, err := h.book.Get(ctx, id)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("refund %d is lost", id), err)
		}
		records[id] = rec
		r.States[rec.State]++
		r.Attempts += len(rec.Attempts)
		stored[h.of[id]] += len(rec.Attempts)
		for _, op := range rec.Operations {
			owner[op.Billnumber] = id
		}
		if !rec.State.Final() {
			open[string(h.of[id])+h.asked[id].String()]++
			if !rec.NeedsPerson.IsZero() {
				r.Person++
				waits[h.of[id]] = true
			}
		}
	}
	for _, id := range h.ids {
		rec := records[id]
		behind := waits[h.of[id]] && (rec.Waits == refunds.ForPayment || rec.Waits == refunds.ForEarlier)
		if !rec.State.Final() && rec.NeedsPerson.IsZero() && !behind {
			r.Stuck = append(r.Stuck, fmt.Sprintf("refund %d: %s, waits for %s, next at %s, %s", id, rec.State, rec.Waits, rec.NextAt, rec.Detail))
		}
	}
	moved := h.moved(owner, open, wrong)
	for id, rec := range records {
		switch n := moved[id]; {
		case n > 1:
			wrong("refund %d was paid %d times", id, n)
		case rec.State == refunds.Done && n != 1:
			wrong("refund %d is done and moved nothing", id)
		case rec.State == refunds.Refused && n != 0:
			wrong("refund %d is refused and moved money", id)
		}
	}
	h.cancels(r, stored, wrong)
	return r, h.rest(ctx, r, wrong)
}

// cancels compares what arrived at Assist with the attempts stored. An intent
// that was stored late, or not, is seen here even where no money moved twice.
func (h *harness) cancels(r *Report, stored map[assist.Billnumber]int, wrong func(string, ...any)) {
	arrived := map[assist.Billnumber]int{}
	for _, q := range h.server.Requests() {
		if q.Service == assisttest.Cancels {
			r.Cancels++
			arrived[q.Billnumber]++
		}
	}
	for payment, n := range arrived {
		if n > stored[payment] {
			wrong("%d cancels of payment %s at Assist, %d attempts stored", n, payment, stored[payment])
		}
	}
}

// moved counts the successes at Assist of each refund.
func (h *harness) moved(owner map[assist.Billnumber]refunds.ID, open map[string]int, wrong func(string, ...any)) map[refunds.ID]int {
	moved := map[refunds.ID]int{}
	for _, paid := range h.orders {
		o, _ := h.server.Order(paid.Billnumber)
		for _, op := range o.Operations {
			if op.Type != assist.OperationCancel || op.State != assist.OperationSuccess {
				continue
			}
			id, ok := owner[op.Billnumber]
			if !ok {
				if key := string(paid.Billnumber) + op.Amount.String(); open[key] > 0 {
					open[key]-- // its refund's outcome isn't known
				} else {
					wrong("%s of %s moved and is nobody's", op.Billnumber, op.Amount)
				}
				continue
			}
			moved[id]++
		}
	}
	return moved
}

// rest counts what isn't money: events, cancels, boundaries.
func (h *harness) rest(ctx context.Context, r *Report, wrong func(string, ...any)) error {
	events := 0
	for _, id := range h.ids {
		all, err := h.book.History(ctx, id)
		if err != nil {
			return err
		}
		events += len(all)
	}
	if err := h.db.QueryRowContext(ctx, `SELECT count(*) FROM shop_told WHERE refund > 0`).Scan(&r.Told); err != nil {
		return err
	}
	if st, err := h.book.Stats(ctx); err != nil || r.Told+st.Undelivered < events || r.Told > events {
		wrong("%d events, %d handled, %d waiting", events, r.Told, st.Undelivered)
	}
	v, err := h.book.Verify(ctx)
	if err != nil {
		return err
	}
	for _, b := range v.Broken {
		wrong("history: %s", b)
	}
	return nil
}
