package verdict

import (
	"time"

	"github.com/assist-go/assist/refunds"
)

// JSON is a refund for programs. Amounts are texts, times are RFC 3339 in UTC, and
// fields are only ever added.
type JSON struct {
	ID          string    `json:"id"`
	Key         string    `json:"key"`
	Outcome     string    `json:"outcome"`
	MoneyMoved  *bool     `json:"money_moved"`
	Amount      string    `json:"amount,omitempty"`
	Currency    string    `json:"currency,omitempty"`
	Order       string    `json:"order,omitempty"`
	Billnumber  string    `json:"billnumber,omitempty"`
	Merchant    string    `json:"merchant"`
	Note        string    `json:"note,omitempty"`
	Created     time.Time `json:"created_at,omitzero"`
	NotBefore   time.Time `json:"not_before,omitzero"`
	Sent        time.Time `json:"sent_at,omitzero"`
	Ended       time.Time `json:"ended_at,omitzero"`
	IntentID    string    `json:"intent_id,omitempty"`
	Asked       int       `json:"questions_asked,omitempty"`
	Operations  []OpJSON  `json:"operations,omitempty"`
	Candidates  []string  `json:"candidates,omitempty"`
	Codes       string    `json:"codes,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	WaitsFor    string    `json:"waits_for,omitempty"`
	NextLook    time.Time `json:"next_look_at,omitzero"`
	PersonSince time.Time `json:"needs_person_since,omitzero"`
	PersonWhy   string    `json:"needs_person_because,omitempty"`
	MovedLate   bool      `json:"moved_late,omitempty"`  // by a cancel that a person had closed
	PassedOver  bool      `json:"passed_over,omitempty"` // a cancel that a person has closed may move money yet
	AskedBy     string    `json:"asked_by,omitempty"`
	ApprovedBy  string    `json:"approved_by,omitempty"`
	Exit        int       `json:"exit"`
	Next        string    `json:"next,omitempty"`
}

// OpJSON is one operation at Assist that is the refund's.
type OpJSON struct {
	Billnumber   string    `json:"billnumber"`
	Amount       string    `json:"amount"`
	Currency     string    `json:"currency"`
	At           time.Time `json:"at,omitzero"`
	ApprovalCode string    `json:"approval_code,omitempty"`
	RRN          string    `json:"rrn,omitempty"`
}

// JSONOf makes the object of a refund.
func JSONOf(r *refunds.Record) JSON {
	v := Of(r)
	out := JSON{
		ID: ID(r.ID), Key: r.Key, Outcome: v.Outcome, MoneyMoved: v.Moved, Amount: r.Request.Amount.Amount(), Currency: r.Request.Amount.Currency(),
		Order: r.Request.OrderNumber, Billnumber: string(r.Request.Billnumber), Merchant: r.MerchantID, Note: r.Note,
		Created: r.Created.UTC(), NotBefore: r.NotBefore, Ended: r.Ended, Codes: r.Codes, Detail: r.Detail,
		PersonSince: r.NeedsPerson, PersonWhy: r.PersonWhy, MovedLate: r.MovedLate, PassedOver: r.PassedOver, AskedBy: r.AskedBy.ID, ApprovedBy: r.ApprovedBy.ID, Exit: v.Code, Next: v.Next,
	}
	if !r.State.Final() {
		out.WaitsFor, out.NextLook = r.Waits.String(), r.NextAt
	}
	for _, op := range r.Operations {
		out.Operations = append(out.Operations, OpJSON{string(op.Billnumber), op.Amount.Amount(), op.Amount.Currency(), op.At, op.ApprovalCode, op.SlipNumber})
	}
	if n := len(r.Attempts); n > 0 {
		last := r.Attempts[n-1]
		out.Sent, out.IntentID, out.Asked = last.Begun, last.IntentID, last.Asks
		for _, b := range last.Seen {
			out.Candidates = append(out.Candidates, string(b))
		}
	}
	return out
}
