package desk

import (
	"context"
	"net/http"

	"github.com/assist-go/assist/refunds"
)

// decisionsBody is the queue of what waits for a person.
type decisionsBody struct {
	Late    []queueRow
	Persons []queueRow
	Propose []queueRow
	More    bool
}

type queueRow struct {
	row
	Since, Why, TakenBy, Note string
	Asks                      int
	AmountRaw                 string
	Confirm                   bool // a decision waits for a second person
	Can                       can
}

// queueRows bounds each part of the page.
const queueRows = 100

func (d *desk) decisions(w http.ResponseWriter, r *http.Request, p *page) error {
	if _, err := d.health(r, p); err != nil {
		return err
	}
	var body decisionsBody
	late, err := d.book.Late(r.Context(), d.merchant())
	if err != nil {
		return err
	}
	for _, id := range late {
		row, err := d.queueRow(r.Context(), id, p)
		if err != nil {
			return err
		}
		body.Late = append(body.Late, row)
	}
	for _, part := range []struct {
		rows *[]queueRow
		f    refunds.Filter
	}{
		{&body.Persons, refunds.Filter{MerchantID: d.merchant(), NeedsPerson: true}},
		{&body.Propose, refunds.Filter{MerchantID: d.merchant(), States: []refunds.State{refunds.Proposed}}},
	} {
		for rec, err := range d.book.List(r.Context(), part.f) {
			if err != nil {
				return err
			}
			if len(*part.rows) == queueRows {
				body.More = true
				break
			}
			row, err := d.queueRow(r.Context(), rec.ID, p)
			if err != nil {
				return err
			}
			*part.rows = append(*part.rows, row)
		}
	}
	p.Active, p.Title, p.Body = "decisions", p.T("Решения", "Decisions"), body
	return d.show(w, r, p, http.StatusOK, "decisions")
}

func (d *desk) queueRow(ctx context.Context, id refunds.ID, p *page) (queueRow, error) {
	r, err := d.book.Get(ctx, id)
	if err != nil {
		return queueRow{}, err
	}
	q := queueRow{row: d.rowOf(r, p), Since: p.Ago(r.Created), Why: personText(r, p.Lang), Note: r.Note, AmountRaw: r.Request.Amount.Amount(), Can: d.canOf(r, p.User)}
	if n := len(r.Attempts); n > 0 {
		q.Asks, q.Since = r.Attempts[n-1].Asks, p.Ago(r.Attempts[n-1].Begun)
	}
	if r.TakenBy == "" && !r.MovedLate {
		if open := openDecisionOf(r, p); open != nil {
			q.Confirm = !open.Carrier
		}
		return q, nil
	}
	history, err := d.book.History(ctx, id)
	if err != nil {
		return q, err
	}
	for _, e := range history {
		if e.Kind == refunds.Taken && e.Actor == r.TakenBy {
			q.TakenBy = e.ActorName
		}
	}
	if r.MovedLate {
		q.Why = lateText(r, history, p)
	}
	if open := openDecisionOf(r, p); open != nil {
		q.Confirm = !open.Carrier
	}
	return q, nil
}
