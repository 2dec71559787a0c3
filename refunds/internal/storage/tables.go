package storage

func text(v any) string  { return v.(string) }
func number(v any) int64 { return v.(int64) }

// position finds a column once, when the package starts.
func position(columns []string, name string) int {
	for i, c := range columns {
		if c == name {
			return i
		}
	}
	panic("storage: no column " + name)
}

var metas = &Table{Name: "refund_meta", Keys: 1, Columns: []string{"name", "value"}}

// Table and Fields make each type a Row.
func (*Meta) Table() *Table   { return metas }
func (r *Meta) Fields() []any { return []any{&r.Name, &r.Value} }

var merchants = &Table{Name: "refund_merchants", Keys: 1, Columns: []string{
	"merchant", "held", "held_why", "paused", "paused_why", "probe_at", "reconciled", "reconciled_complete", "lost_since", "server"}}

func (*Merchant) Table() *Table { return merchants }
func (r *Merchant) Fields() []any {
	return []any{&r.Merchant, &r.Held, &r.HeldWhy, &r.Paused, &r.PausedWhy, &r.ProbeAt, &r.Reconciled, &r.ReconciledComplete, &r.LostSince, &r.Server}
}

var payments = &Table{Name: "refund_payments", Keys: 2, Columns: []string{
	"merchant", "payment", "version", "last_client", "free_since", "mean_type", "mean_last4", "paid_at", "paid_minor", "paid_currency", "email"}}

func (*Payment) Table() *Table { return payments }
func (r *Payment) Fields() []any {
	return []any{&r.Merchant, &r.Payment, &r.Version, &r.LastClient, &r.FreeSince, &r.MeanType, &r.MeanLast4, &r.PaidAt, &r.PaidMinor, &r.PaidCurrency, &r.Email}
}

var refundColumns = []string{"id", "merchant", "key", "payment", "billnumber", "order_number", "order_date", "minor", "currency", "whole",
	"request", "content", "refund_number", "state", "waits", "person", "person_why", "taken_by", "next_at", "not_before", "version", "attempts",
	"attempt", "not_sent", "codes", "detail", "asker", "asker_name", "approver", "approver_name", "note", "created", "ended"}

var refunds = &Table{Name: "refunds", Keys: 1, Counted: true, Columns: refundColumns,
	Fixed: []string{"merchant", "key", "payment", "billnumber", "order_number", "order_date", "minor", "currency", "whole", "content",
		"not_before", "asker", "asker_name", "note", "created"},
	Unique: []Unique{{Columns: []int{1, 2}}},
	Check: func(v []any) bool {
		state := number(v[position(refundColumns, "state")])
		underWay := state == 2 || state == 3
		asker, approver := text(v[position(refundColumns, "asker")]), text(v[position(refundColumns, "approver")])
		return underWay == (text(v[position(refundColumns, "attempt")]) != "") &&
			text(v[position(refundColumns, "merchant")]) != "" && (approver == "" || approver != asker)
	}}

func (*Refund) Table() *Table { return refunds }
func (r *Refund) Fields() []any {
	return []any{&r.ID, &r.Merchant, &r.Key, &r.Payment, &r.Billnumber, &r.OrderNumber, &r.OrderDate, &r.Minor, &r.Currency, &r.Whole,
		&r.Request, &r.Content, &r.RefundNumber, &r.State, &r.Waits, &r.Person, &r.PersonWhy, &r.TakenBy, &r.NextAt, &r.NotBefore, &r.Version, &r.Attempts,
		&r.Attempt, &r.NotSent, &r.Codes, &r.Detail, &r.Asker, &r.AskerName, &r.Approver, &r.ApproverName, &r.Note, &r.Created, &r.Ended}
}

var attemptColumns = []string{"intent_id", "refund", "merchant", "payment", "number", "intent", "cancellation", "client", "minor", "currency",
	"begun", "told", "ended", "outcome", "codes", "detail", "asked", "asks", "seen", "watch_at", "watch_until", "closed_by"}

var attempts = &Table{Name: "refund_attempts", Keys: 1, Columns: attemptColumns,
	Fixed: []string{"refund", "merchant", "payment", "number", "client", "minor", "currency", "begun"}, Unique: []Unique{
		{Columns: []int{2, 3, 1, 4}},
		// The rule that the money hangs on: one cancel of a payment whose outcome
		// isn't known.
		{Columns: []int{2, 3}, Where: func(v []any) bool { return number(v[position(attemptColumns, "told")]) == 0 }},
	}}

func (*Attempt) Table() *Table { return attempts }
func (r *Attempt) Fields() []any {
	return []any{&r.IntentID, &r.Refund, &r.Merchant, &r.Payment, &r.Number, &r.Intent, &r.Cancellation, &r.Client, &r.Minor, &r.Currency,
		&r.Begun, &r.Told, &r.Ended, &r.Outcome, &r.Codes, &r.Detail, &r.Asked, &r.Asks, &r.Seen, &r.WatchAt, &r.WatchUntil, &r.ClosedBy}
}

var operations = &Table{Name: "refund_operations", Keys: 2, Columns: []string{
	"merchant", "operation", "payment", "intent_id", "refund", "minor", "currency", "at", "code", "approval", "slip"}}

func (*Operation) Table() *Table { return operations }
func (r *Operation) Fields() []any {
	return []any{&r.Merchant, &r.Operation, &r.Payment, &r.IntentID, &r.Refund, &r.Minor, &r.Currency, &r.At, &r.Code, &r.Approval, &r.Slip}
}

var events = &Table{Name: "refund_events", Keys: 1, Counted: true, AddOnly: true, Columns: []string{
	"id", "refund", "merchant", "at", "kind", "from_state", "to_state", "actor", "actor_name", "reason", "intent_id", "data"}}

func (*Event) Table() *Table { return events }
func (r *Event) Fields() []any {
	return []any{&r.ID, &r.Refund, &r.Merchant, &r.At, &r.Kind, &r.FromState, &r.ToState, &r.Actor, &r.ActorName, &r.Reason, &r.IntentID, &r.Data}
}

var deliveries = &Table{Name: "refund_deliveries", Keys: 2, Columns: []string{"consumer", "event", "refund", "tries", "next_at"}}

func (*Delivery) Table() *Table { return deliveries }
func (r *Delivery) Fields() []any {
	return []any{&r.Consumer, &r.Event, &r.Refund, &r.Tries, &r.NextAt}
}

var consumers = &Table{Name: "refund_consumers", Keys: 1, Columns: []string{"name", "since"}}

func (*Consumer) Table() *Table   { return consumers }
func (r *Consumer) Fields() []any { return []any{&r.Name, &r.Since} }

var unsealed = &Table{Name: "refund_unsealed", Keys: 1, Columns: []string{"event"}}

func (*Unsealed) Table() *Table   { return unsealed }
func (r *Unsealed) Fields() []any { return []any{&r.Event} }

var seals = &Table{Name: "refund_seals", Keys: 1, AddOnly: true, Columns: []string{"number", "events", "hash"}}

func (*Seal) Table() *Table   { return seals }
func (r *Seal) Fields() []any { return []any{&r.Number, &r.Events, &r.Hash} }

var tombstones = &Table{Name: "refund_tombstones", Keys: 2, AddOnly: true, Columns: []string{"merchant", "key", "content", "refund", "state", "ended"}}

func (*Tombstone) Table() *Table { return tombstones }
func (r *Tombstone) Fields() []any {
	return []any{&r.Merchant, &r.Key, &r.Content, &r.Refund, &r.State, &r.Ended}
}

var leases = &Table{Name: "refund_leases", Keys: 1, Columns: []string{"name", "holder", "until"}}

func (*Lease) Table() *Table   { return leases }
func (r *Lease) Fields() []any { return []any{&r.Name, &r.Holder, &r.Until} }

var decisionColumns = []string{"id", "refund", "intent_id", "kind", "operation", "state", "by_id", "by_name", "reason",
	"confirmer", "confirmer_name", "confirmer_reason", "at", "ended", "result"}

var decisions = &Table{Name: "refund_decisions", Keys: 1, Counted: true, Columns: decisionColumns,
	Unique: []Unique{{Columns: []int{2}, Where: func(v []any) bool { return number(v[position(decisionColumns, "ended")]) == 0 }}},
	Check: func(v []any) bool {
		confirmer := text(v[position(decisionColumns, "confirmer")])
		return confirmer == "" || confirmer != text(v[position(decisionColumns, "by_id")])
	}}

func (*Decision) Table() *Table { return decisions }
func (r *Decision) Fields() []any {
	return []any{&r.ID, &r.Refund, &r.IntentID, &r.Kind, &r.Operation, &r.State, &r.By, &r.ByName, &r.Reason,
		&r.Confirmer, &r.ConfirmerName, &r.ConfirmerReason, &r.At, &r.Ended, &r.Result}
}

var reservations = &Table{Name: "refund_reservations", Keys: 1, Columns: []string{
	"intent_id", "merchant", "wallet", "currency", "minor", "made", "settled", "moved"}}

func (*Reservation) Table() *Table { return reservations }
func (r *Reservation) Fields() []any {
	return []any{&r.IntentID, &r.Merchant, &r.Wallet, &r.Currency, &r.Minor, &r.Made, &r.Settled, &r.Moved}
}

var balances = &Table{Name: "refund_balances", Keys: 3, Columns: []string{"merchant", "wallet", "currency", "version"}}

func (*Balance) Table() *Table   { return balances }
func (r *Balance) Fields() []any { return []any{&r.Merchant, &r.Wallet, &r.Currency, &r.Version} }

var results = &Table{Name: "refund_results", Keys: 2, Columns: []string{
	"merchant", "operation", "payment", "order_number", "type", "mean_type", "order_state", "minor", "currency", "at", "code", "seen", "told"}}

func (*Result) Table() *Table { return results }
func (r *Result) Fields() []any {
	return []any{&r.Merchant, &r.Operation, &r.Payment, &r.OrderNumber, &r.Type, &r.MeanType, &r.OrderState, &r.Minor, &r.Currency, &r.At, &r.Code, &r.Seen, &r.Told}
}

// Tables are all of them.
func Tables() []*Table {
	return []*Table{metas, merchants, payments, refunds, attempts, operations, events, deliveries, consumers, unsealed, seals, tombstones, leases, decisions,
		reservations, balances, results}
}
