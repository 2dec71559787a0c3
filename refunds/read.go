package refunds

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Get shows a refund with its attempts, operations and decisions. Of a purged
// one it is [ErrNotFound].
func (b *Book) Get(ctx context.Context, id ID) (*Record, error) {
	var rec *Record
	err := b.store.View(ctx, func(tx storage.Tx) error {
		r := &storage.Refund{ID: int64(id)}
		found, err := tx.Get(ctx, r, storage.NoLock)
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		rec, err = b.full(ctx, tx, r)
		return err
	})
	return rec, err
}

// ByKey shows the refund of a key. Of a purged one only key, number, state and
// end are left, and Purged is set.
func (b *Book) ByKey(ctx context.Context, merchantID, key string) (*Record, error) {
	var rec *Record
	err := b.store.View(ctx, func(tx storage.Tx) error {
		r, err := byKey(ctx, tx, merchantID, key)
		if errors.Is(err, ErrNotFound) {
			grave := storage.Tombstone{Merchant: merchantID, Key: key}
			found, err := tx.Get(ctx, &grave, storage.NoLock)
			if err != nil || !found {
				return firstOf(err, ErrNotFound)
			}
			rec = &Record{Refund: Refund{Key: key, MerchantID: merchantID}, ID: ID(grave.Refund), State: State(grave.State), Ended: instant(grave.Ended), Purged: true}
			return nil
		}
		if err != nil {
			return err
		}
		rec, err = b.full(ctx, tx, r)
		return err
	})
	return rec, err
}

// Await gives the refund when it is final or needs a person, or as it stands
// when the context ends. It asks the store once a second.
func (b *Book) Await(ctx context.Context, id ID) (*Record, error) {
	for {
		rec, err := b.Get(context.WithoutCancel(ctx), id)
		if err != nil || rec.State.Final() || !rec.NeedsPerson.IsZero() || ctx.Err() != nil {
			return rec, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// full reads all that belongs to a refund.
func (b *Book) full(ctx context.Context, tx storage.Tx, r *storage.Refund) (*Record, error) {
	rec := recordOf(r)
	attempts, err := attemptsOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		rec.Attempts = append(rec.Attempts, attemptOf(a))
	}
	rec.closedBy(r, attempts)
	operations, err := storage.Find[storage.Operation](ctx, tx, storage.Query{Order: "operation", Where: []storage.Cond{
		storage.Eq("merchant", r.Merchant), storage.Eq("payment", r.Payment), storage.Eq("refund", r.ID)}})
	if err != nil {
		return nil, err
	}
	for _, o := range operations {
		rec.Operations = append(rec.Operations, Operation{Billnumber: assist.Billnumber(o.Operation), Amount: money(o.Minor, o.Currency), At: instant(o.At),
			ApprovalCode: o.Approval, SlipNumber: o.Slip})
	}
	decisions, err := storage.Find[storage.Decision](ctx, tx, storage.Query{Order: "id", Where: []storage.Cond{storage.Eq("refund", r.ID)}})
	if err != nil {
		return nil, err
	}
	for _, d := range decisions {
		rec.Decisions = append(rec.Decisions, decisionOf(d))
	}
	p := storage.Payment{Merchant: r.Merchant, Payment: r.Payment}
	if _, err := tx.Get(ctx, &p, storage.NoLock); err != nil {
		return nil, err
	}
	rec.Mean = meanOf(&p)
	return rec, nil
}

func money(minor int64, currency string) assist.Money {
	m, err := assist.NewMoney(minor, currency)
	if err != nil {
		return assist.Money{}
	}
	return m
}

func recordOf(r *storage.Refund) *Record {
	req, err := requestOf(r)
	rec := &Record{
		Refund: Refund{Key: r.Key, MerchantID: r.Merchant, Request: req, Whole: r.Whole == 1, NotBefore: instant(r.NotBefore), Note: r.Note},
		ID:     ID(r.ID), State: State(r.State), Waits: Waits(r.Waits), NextAt: instant(r.NextAt),
		NeedsPerson: instant(r.Person), PersonWhy: r.PersonWhy, TakenBy: r.TakenBy, Codes: r.Codes, Detail: r.Detail,
		AskedBy: Person{ID: r.Asker, Name: r.AskerName}, ApprovedBy: Person{ID: r.Approver, Name: r.ApproverName},
		Created: instant(r.Created), Ended: instant(r.Ended),
	}
	if err != nil {
		rec.Detail = err.Error()
	}
	return rec
}

func attemptOf(a *storage.Attempt) Attempt {
	out := Attempt{IntentID: a.IntentID, Number: int(a.Number), Begun: instant(a.Begun), Told: instant(a.Told), Ended: instant(a.Ended),
		Outcome: assist.Outcome(a.Outcome), Codes: a.Codes, Detail: a.Detail, Asked: instant(a.Asked), Asks: int(a.Asks),
		WatchedUntil: instant(a.WatchUntil), ClosedBy: a.ClosedBy}
	for _, b := range strings.Fields(a.Seen) {
		out.Seen = append(out.Seen, assist.Billnumber(b))
	}
	return out
}

// History gives all that ever happened to a refund, oldest first: who, when,
// why, and by which attempt. It stays when the refund is purged.
func (b *Book) History(ctx context.Context, id ID) ([]Event, error) {
	var all []Event
	err := b.store.View(ctx, func(tx storage.Tx) error {
		rows, err := storage.Find[storage.Event](ctx, tx, storage.Query{Order: "id", Where: []storage.Cond{storage.Eq("refund", int64(id))}})
		for _, e := range rows {
			all = append(all, eventOf(e))
		}
		return err
	})
	return all, err
}

// Filter chooses refunds. What is empty doesn't choose.
type Filter struct {
	MerchantID  string
	States      []State
	NeedsPerson bool
	Payment     assist.Billnumber // plain or extended: the payment is meant
	OrderNumber string
	Last4       string // of the mean's number
	Email       string // of the customer, whose keyed hash is looked for
	EmailKey    string // that hash itself, as EmailKey gives it
	AskedBy     string // the id of the person who proposed
	From, To    time.Time
	Before      ID // numbers below it: where a page went to, the next goes on
}

const pageSize = 100

// List goes through refunds, the newest first, without their attempts, operations
// and decisions. It reads pages of a hundred, so whatever the caller does in the loop holds up nobody.
func (b *Book) List(ctx context.Context, f Filter) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for {
			page, err := b.page(ctx, f)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, rec := range page {
				if !yield(rec, nil) {
					return
				}
				f.Before = rec.ID
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

func (b *Book) page(ctx context.Context, f Filter) (page []*Record, err error) {
	err = b.store.View(ctx, func(tx storage.Tx) error {
		where, some, err := b.conditions(ctx, tx, f)
		if err != nil || !some {
			return err
		}
		rows, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Where: where, Order: "-id", Limit: pageSize})
		if err != nil {
			return err
		}
		page, err = withMeans(ctx, tx, rows)
		return err
	})
	return page, err
}

// conditions are a filter's, over the refunds. Some is false where no refund can
// be chosen.
func (b *Book) conditions(ctx context.Context, tx storage.Tx, f Filter) (where []storage.Cond, some bool, err error) {
	add := func(use bool, c storage.Cond) {
		if use {
			where = append(where, c)
		}
	}
	states := make([]int64, len(f.States))
	for i, s := range f.States {
		states[i] = int64(s)
	}
	merchant := storage.Eq("merchant", f.MerchantID)
	if f.broad() {
		merchant = storage.Loosely(merchant)
	}
	add(f.MerchantID != "", merchant)
	add(len(states) > 0 && !slices.ContainsFunc(f.States, func(s State) bool { return s.Final() || s == Proposed }),
		storage.In("state", []int64{int64(Pending), int64(Sent), int64(InProcess)})) // as the index of what is open says it
	add(len(states) > 0, storage.In("state", states))
	add(f.NeedsPerson, storage.Fixed("person", ">", 0))
	add(f.Payment != "", storage.Eq("payment", string(f.Payment.Payment())))
	add(f.AskedBy != "", storage.Eq("asker", f.AskedBy))
	add(f.AskedBy != "", storage.NotEmpty("asker"))
	add(f.OrderNumber != "", storage.Eq("order_number", f.OrderNumber))
	if !f.From.IsZero() {
		first, err := b.firstSince(ctx, tx, f.From)
		if err != nil || first == 0 {
			return nil, false, err
		}
		where = append(where, storage.AtLeast("id", first), storage.Loosely(storage.AtLeast("created", micros(f.From))))
	}
	if !f.To.IsZero() {
		where = append(where, storage.Loosely(storage.Less("created", micros(f.To))))
	}
	add(f.Before > 0, storage.Less("id", int64(f.Before)))
	if f.Last4 != "" || f.Email != "" || f.EmailKey != "" {
		payments, err := b.paymentsOf(ctx, tx, f)
		if err != nil || len(payments) == 0 {
			return nil, false, err
		}
		where = append(where, storage.In("payment", payments))
	}
	return where, true, nil
}

// firstSince gives the number from which refunds since an instant are to be
// looked for: numbers grow with time but for what was stored at once, or by
// processes whose clocks are apart.
func (b *Book) firstSince(ctx context.Context, tx storage.Tx, from time.Time) (int64, error) {
	const apart = 1000
	first, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Order: "created", Limit: 1, Where: []storage.Cond{storage.AtLeast("created", micros(from))}})
	if err != nil || len(first) == 0 {
		return 0, err
	}
	return max(first[0].ID-apart, 1), nil
}

// broad tells a filter that chooses no few: the newest of many are wanted. What is
// open is few, and has its index.
func (f Filter) broad() bool {
	for _, s := range f.States {
		if !s.Final() {
			return false
		}
	}
	return !f.NeedsPerson && f.Payment == "" && f.OrderNumber == "" && f.Last4 == "" && f.Email == "" && f.EmailKey == "" && f.AskedBy == ""
}

// Total is the sum of some refunds in one currency.
type Total struct {
	Count int
	Sum   assist.Money
}

// Totals adds up all refunds that a filter chooses, whatever their states, by
// their currencies.
func (b *Book) Totals(ctx context.Context, f Filter) ([]Total, error) {
	var sums map[string]storage.Total
	err := b.store.View(ctx, func(tx storage.Tx) error {
		where, some, err := b.conditions(ctx, tx, f)
		if err == nil && some {
			sums, err = tx.Sum(ctx, (&storage.Refund{}).Table(), "minor", "currency", where...)
		}
		return err
	})
	var all []Total
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		all = append(all, Total{sums[currency].Count, money(sums[currency].Sum, currency)})
	}
	return all, err
}

// withMeans makes the records of a page, with what is kept of their payments.
func withMeans(ctx context.Context, tx storage.Tx, rows []*storage.Refund) ([]*Record, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	payments := map[string]bool{}
	merchants := map[string]bool{}
	for _, r := range rows {
		payments[r.Payment], merchants[r.Merchant] = true, true
	}
	found, err := storage.Find[storage.Payment](ctx, tx, storage.Query{Where: []storage.Cond{
		storage.In("merchant", slices.Sorted(maps.Keys(merchants))), storage.In("payment", slices.Sorted(maps.Keys(payments)))}})
	if err != nil {
		return nil, err
	}
	means := map[[2]string]Mean{}
	for _, p := range found {
		means[[2]string{p.Merchant, p.Payment}] = meanOf(p)
	}
	closed, err := storage.Find[storage.Attempt](ctx, tx, storage.Query{Where: []storage.Cond{
		storage.In("merchant", slices.Sorted(maps.Keys(merchants))), storage.In("payment", slices.Sorted(maps.Keys(payments))), storage.Not("closed_by", "")}})
	if err != nil {
		return nil, err
	}
	page := make([]*Record, len(rows))
	for i, r := range rows {
		page[i] = recordOf(r)
		page[i].Mean = means[[2]string{r.Merchant, r.Payment}]
		page[i].closedBy(r, closed)
	}
	return page, nil
}

// closedBy tells what the attempts that persons have closed mean for the refund.
func (rec *Record) closedBy(r *storage.Refund, attempts []*storage.Attempt) {
	for _, a := range attempts {
		if a.Refund != r.ID {
			continue
		}
		rec.PassedOver = rec.PassedOver || passedOver(a)
		rec.MovedLate = rec.MovedLate || movedLate(a)
	}
}

func meanOf(p *storage.Payment) Mean {
	return Mean{TypeID: int(p.MeanType), Last4: p.MeanLast4, PaidAt: instant(p.PaidAt), Paid: money(p.PaidMinor, p.PaidCurrency)}
}

// EmailKey is what is stored of an e-mail address, and what a page can put into
// its own address where the e-mail has no business: see [Filter].
func (b *Book) EmailKey(address string) string {
	return b.hash("email", strings.ToLower(strings.TrimSpace(address)))
}

// paymentsOf finds payments by what is kept of them, the latest five hundred.
func (b *Book) paymentsOf(ctx context.Context, tx storage.Tx, f Filter) ([]string, error) {
	var where []storage.Cond
	if f.Email != "" {
		where = append(where, storage.Eq("email", b.EmailKey(f.Email)))
	}
	if f.EmailKey != "" {
		where = append(where, storage.Eq("email", f.EmailKey))
	}
	if f.Last4 != "" {
		where = append(where, storage.Eq("mean_last4", f.Last4))
	}
	rows, err := storage.Find[storage.Payment](ctx, tx, storage.Query{Where: where, Order: "-paid_at", Limit: 500})
	var out []string
	for _, p := range rows {
		out = append(out, p.Payment)
	}
	return out, err
}
