package desk

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds"
)

// view is what the list shows, as it stands in the page's address. An e-mail is
// never there, only its keyed hash.
type view struct {
	Q, Email, State string
	From, To        string // days in Moscow: 2026-11-25
	Before          refunds.ID
	id              refunds.ID // where one refund is meant
	filters         []refunds.Filter
}

// mostOfSeveral bounds a search that can mean several things.
const mostOfSeveral = 1000

func (d *desk) viewOf(q url.Values) view {
	v := view{Q: strings.TrimSpace(q.Get("q")), Email: q.Get("email"), State: q.Get("state"), From: q.Get("from"), To: q.Get("to")}
	if len(v.Q) > 128 || strings.Contains(v.Q, "@") { // an e-mail goes by POST
		v.Q = ""
	}
	if before, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil && before > 0 {
		v.Before = refunds.ID(before)
	}
	f := refunds.Filter{MerchantID: d.merchant(), Before: v.Before, EmailKey: v.Email}
	f.States, f.NeedsPerson = statesOf(v.State)
	if f.States == nil && !f.NeedsPerson {
		v.State = ""
	}
	var ok bool
	if f.From, ok = day(v.From, 0); !ok {
		v.From = ""
	}
	if f.To, ok = day(v.To, 1); !ok {
		v.To = ""
	}
	v.filters = d.meanings(f, v.Q)
	v.id, _ = refundNumber(v.Q)
	return v
}

// meanings are what a text in the search box can be.
func (d *desk) meanings(f refunds.Filter, text string) []refunds.Filter {
	if text == "" {
		return []refunds.Filter{f}
	}
	var all []refunds.Filter
	with := func(set func(*refunds.Filter)) {
		one := f
		set(&one)
		all = append(all, one)
	}
	if b, err := assist.ParseBillnumber(text); err == nil {
		with(func(f *refunds.Filter) { f.Payment = b })
	}
	if len(text) == 4 && allDigits(text) {
		with(func(f *refunds.Filter) { f.Last4 = text })
	}
	with(func(f *refunds.Filter) { f.OrderNumber = text })
	for _, prefix := range d.prefixes {
		with(func(f *refunds.Filter) { f.OrderNumber = prefix + text })
	}
	return all
}

func statesOf(name string) (states []refunds.State, person bool) {
	switch name {
	case "person":
		return nil, true
	case "unknown":
		return []refunds.State{refunds.Sent}, false
	case "proposed":
		return []refunds.State{refunds.Proposed}, false
	case "waiting":
		return []refunds.State{refunds.Pending}, false
	case "process":
		return []refunds.State{refunds.InProcess}, false
	case "done":
		return []refunds.State{refunds.Done}, false
	case "refused":
		return []refunds.State{refunds.Refused}, false
	case "closed":
		return []refunds.State{refunds.Withdrawn, refunds.GivenUp, refunds.Denied}, false
	}
	return nil, false
}

// day reads a day in Moscow, and gives its beginning so many days later.
func day(text string, later int) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.ParseInLocation(time.DateOnly, text, moscow.Location())
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}, false
	}
	return t.AddDate(0, 0, later), true
}

// Narrowed tells whether the view leaves anything out.
func (v view) Narrowed() bool {
	return v.Q != "" || v.Email != "" || v.State != "" || v.From != "" || v.To != ""
}

// Filtered tells whether the filter chooses, beside the search box.
func (v view) Filtered() bool { return v.State != "" || v.From != "" || v.To != "" }

// address is the view as an address, from a refund on.
func (v view) address(before refunds.ID) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": v.Q, "email": v.Email, "state": v.State, "from": v.From, "to": v.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(int64(before), 10))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// rows goes through what the view shows, the newest first.
func (d *desk) rows(ctx context.Context, v view) iter.Seq2[*refunds.Record, error] {
	switch {
	case v.id > 0:
		return d.one(ctx, v.id)
	case len(v.filters) == 1:
		return d.book.List(ctx, v.filters[0])
	}
	return d.several(ctx, v.filters)
}

func (d *desk) one(ctx context.Context, id refunds.ID) iter.Seq2[*refunds.Record, error] {
	return func(yield func(*refunds.Record, error) bool) {
		r, err := d.get(ctx, id)
		if errors.Is(err, refunds.ErrNotFound) {
			return
		}
		yield(r, err)
	}
}

// get shows a refund of the desk's own merchant.
func (d *desk) get(ctx context.Context, id refunds.ID) (*refunds.Record, error) {
	r, err := d.book.Get(ctx, id)
	if err == nil && r.MerchantID != d.merchant() {
		return nil, refunds.ErrNotFound
	}
	return r, err
}

func (d *desk) several(ctx context.Context, filters []refunds.Filter) iter.Seq2[*refunds.Record, error] {
	return func(yield func(*refunds.Record, error) bool) {
		found := map[refunds.ID]*refunds.Record{}
		for _, f := range filters {
			n := 0
			for r, err := range d.book.List(ctx, f) {
				if err != nil {
					yield(nil, err)
					return
				}
				found[r.ID] = r
				if n++; n >= mostOfSeveral {
					break
				}
			}
		}
		all := make([]*refunds.Record, 0, len(found))
		for _, r := range found {
			all = append(all, r)
		}
		slices.SortFunc(all, func(a, b *refunds.Record) int { return cmp.Compare(b.ID, a.ID) })
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// search leads to the address of what was typed. It is the way for an e-mail,
// which mustn't stand in an address or a log: its keyed hash does.
func (d *desk) search(w http.ResponseWriter, r *http.Request, p *page) error {
	q := url.Values{}
	for _, name := range []string{"state", "from", "to", "email"} {
		q.Set(name, r.PostForm.Get(name))
	}
	if text := strings.TrimSpace(r.PostForm.Get("q")); strings.Contains(text, "@") {
		q.Set("email", d.book.EmailKey(text))
	} else if q.Set("q", text); text != "" {
		q.Del("email")
	}
	return d.to(w, r, d.viewOf(q).address(0))
}
