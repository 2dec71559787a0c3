package desk

import (
	"net/http"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

const pageRows = 50

// listBody is the first page.
type listBody struct {
	View   view
	States []option
	Tiles  []tile
	Rows   []row
	More   string // the address of what follows
	New    string // the order that a new refund could be about
	Totals []total
}

type option struct {
	Value, Label string
	Chosen       bool
}

type tile struct {
	Count             int
	Label, Tone, Link string
	Chosen            bool
}

// row is a refund in a list.
type row struct {
	ID                        refunds.ID
	Number, Order, Mean       string
	Amount, Paid              string
	Status, Mark, Tone, Moved string
	Created, By               string
	Loud                      bool // a person has to look
}

func (d *desk) list(w http.ResponseWriter, r *http.Request, p *page) error {
	v := d.viewOf(r.URL.Query())
	s, err := d.health(r, p)
	if err != nil {
		return err
	}
	body := listBody{View: v, States: stateOptions(v.State, p.Lang), Tiles: tilesOf(s, v.State, p.Lang)}
	var last refunds.ID
	for rec, err := range d.rows(r.Context(), v) {
		if err != nil {
			return err
		}
		if len(body.Rows) == pageRows {
			body.More = v.address(last)
			break
		}
		last = rec.ID
		body.Rows = append(body.Rows, d.rowOf(rec, p))
	}
	if v.Narrowed() && v.Q == "" && v.Email == "" && v.Before == 0 {
		if body.Totals, err = d.totals(r.Context(), v, p.Lang); err != nil {
			return err
		}
	}
	if p.Operator() && v.id == 0 && v.Q != "" {
		body.New = d.orderMeant(v, body.Rows)
	}
	p.Active, p.Title, p.Query, p.Body = "list", p.T("Возвраты", "Refunds"), v.Q, body
	return d.show(w, r, p, http.StatusOK, "list")
}

// orderMeant is the order that somebody who searched for it may want to give
// money back of.
func (d *desk) orderMeant(v view, rows []row) string {
	orders := map[string]bool{}
	for _, r := range rows {
		orders[r.Order] = true
	}
	if len(orders) == 1 {
		return rows[0].Order
	}
	if _, err := assist.ParseBillnumber(v.Q); err == nil || len(orders) > 1 {
		return ""
	}
	return v.Q
}

func (d *desk) rowOf(r *refunds.Record, p *page) row {
	out := row{ID: r.ID, Number: number(r.ID), Order: r.Request.OrderNumber, Mean: meanName(r.Mean.TypeID, r.Mean.Last4, p.Lang),
		Amount: sum(r.Request.Amount, p.Lang), Status: status(r).in(p.Lang), Mark: mark(r), Tone: tone(r),
		Moved: movedOf(r).cell().in(p.Lang), Created: p.Short(r.Created), By: askedBy(r, p.Lang),
		Loud: tone(r) == "warn" || r.MovedLate}
	if !r.Mean.Paid.IsZero() && r.Mean.Paid != r.Request.Amount {
		out.Paid = p.T("из ", "of ") + sum(r.Mean.Paid, p.Lang)
	}
	return out
}

func askedBy(r *refunds.Record, l assist.Language) string {
	if r.AskedBy.Name == "" {
		return words{"программа магазина", "the shop's program"}.in(l)
	}
	return r.AskedBy.Name
}

func stateOptions(chosen string, l assist.Language) []option {
	var all []option
	for _, o := range []struct {
		value string
		label words
	}{
		{"", words{"все", "all"}}, {"person", words{"нужен человек", "needs a person"}}, {"unknown", words{"неизвестно", "unknown"}},
		{"proposed", words{"ждут подтверждения", "to approve"}}, {"waiting", words{"ждут отправки", "waiting"}},
		{"process", words{"в обработке", "in process"}}, {"done", words{"возвращено", "done"}}, {"refused", words{"отказ", "refused"}},
		{"closed", words{"отозваны и закрыты", "withdrawn and closed"}},
	} {
		all = append(all, option{o.value, o.label.in(l), o.value == chosen})
	}
	return all
}

func tilesOf(s refunds.Stats, chosen string, l assist.Language) []tile {
	var all []tile
	for _, t := range []struct {
		count       int
		tone, state string
		label       words
	}{
		{s.Sent, "warn", "unknown", words{"не известно, ушли ли деньги", "not known whether it moved"}},
		{s.Proposed, "calm", "proposed", words{"ждут подтверждения", "await approval"}},
		{s.InProcess, "busy", "process", words{"в обработке у Assist", "in process at Assist"}},
		{s.Pending, "calm", "waiting", words{"ждут отправки", "wait to be sent"}},
	} {
		one := tile{Count: t.count, Label: t.label.in(l), Tone: t.tone, Link: "?state=" + t.state, Chosen: t.state == chosen}
		if t.count == 0 {
			one.Tone = "none"
		}
		all = append(all, one)
	}
	return all
}
