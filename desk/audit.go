package desk

import (
	"net/http"
	"strconv"

	"github.com/assist-go/assist/refunds"
)

// auditBody is the history of all, and whether it is as it was written.
type auditBody struct {
	Lines    []line
	More     string
	Checked  bool
	Sealed   int64
	Unsealed int
	Broken   []string
	Anchor   string
}

const auditRows = 100

func (d *desk) audit(w http.ResponseWriter, r *http.Request, p *page) error {
	if _, err := d.health(r, p); err != nil {
		return err
	}
	var body auditBody
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	last := int64(0)
	for e, err := range d.book.Events(r.Context(), refunds.EventFilter{MerchantID: d.merchant(), Before: before}) {
		if err != nil {
			return err
		}
		if len(body.Lines) == auditRows {
			body.More = "audit?before=" + strconv.FormatInt(last, 10)
			break
		}
		last = e.ID
		body.Lines = append(body.Lines, lineOf(e, p))
	}
	if r.URL.Query().Get("verify") == "1" {
		v, err := d.book.Verify(r.Context())
		if err != nil {
			return err
		}
		body.Checked, body.Sealed, body.Unsealed, body.Broken = true, v.Sealed, v.Unsealed, v.Broken
		if a, err := d.book.Anchor(r.Context()); err == nil {
			body.Anchor = strconv.FormatInt(a.Number, 10) + " " + a.Hash
		}
	}
	p.Active, p.Title, p.Body = "audit", p.T("История", "History"), body
	return d.show(w, r, p, http.StatusOK, "audit")
}
