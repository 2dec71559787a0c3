package refunds

import (
	"context"
	"slices"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Stats are figures for metrics. They count what isn't final.
type Stats struct {
	Pending, Sent, InProcess, Proposed int
	NeedPerson                         int
	Due                                int           // that nobody has claimed
	OldestDue                          time.Duration // how late the latest is
	OldestUnknown                      time.Duration // since the oldest attempt without an outcome began
	Undelivered                        int           // events that handlers haven't had
	Unsealed                           int           // events that the chain hasn't
	Watched                            int           // attempts that a person has closed and money may still move by
	Paused, Held                       []string      // merchants
	Unserved                           []string      // merchants for which no carrier has been there for a quarter of an hour
}

// Stats counts. It reads indexes of what is open, however many refunds have
// ended.
func (b *Book) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	now := b.now()
	err := b.store.View(ctx, func(tx storage.Tx) error {
		refunds, deliveries := (&storage.Refund{}).Table(), (&storage.Delivery{}).Table()
		open := storage.In("state", []int64{int64(Pending), int64(Sent), int64(InProcess)})
		due := storage.AtMost("next_at", micros(now))
		for _, c := range []struct {
			n     *int
			table *storage.Table
			where []storage.Cond
		}{
			{&s.Pending, refunds, []storage.Cond{open, storage.In("state", []int64{int64(Pending)})}},
			{&s.Sent, refunds, []storage.Cond{open, storage.In("state", []int64{int64(Sent)})}},
			{&s.InProcess, refunds, []storage.Cond{open, storage.In("state", []int64{int64(InProcess)})}},
			{&s.Proposed, refunds, []storage.Cond{storage.Fixed("state", "=", int64(Proposed))}},
			{&s.NeedPerson, refunds, []storage.Cond{storage.Fixed("person", ">", 0)}},
			{&s.Due, refunds, []storage.Cond{open, due}},
			{&s.Undelivered, deliveries, nil},
			{&s.Unsealed, (&storage.Unsealed{}).Table(), nil},
			{&s.Watched, (&storage.Attempt{}).Table(), []storage.Cond{storage.Fixed("watch_at", ">", 0)}},
		} {
			var err error
			if *c.n, err = tx.Count(ctx, c.table, c.where...); err != nil {
				return err
			}
		}
		return s.oldest(ctx, tx, now, open, due)
	})
	return s, err
}

func (s *Stats) oldest(ctx context.Context, tx storage.Tx, now time.Time, open, due storage.Cond) error {
	first, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Order: "next_at", Limit: 1, Where: []storage.Cond{open, due}})
	if err != nil {
		return err
	}
	if len(first) > 0 {
		s.OldestDue = now.Sub(instant(first[0].NextAt))
	}
	unknown, err := storage.Find[storage.Attempt](ctx, tx, storage.Query{Order: "begun", Limit: 1, Where: []storage.Cond{storage.Fixed("told", "=", 0)}})
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		s.OldestUnknown = now.Sub(instant(unknown[0].Begun))
	}
	var merchants []*storage.Merchant
	var leases []*storage.Lease
	err = tx.Read(ctx, storage.Many(&merchants, storage.Query{Order: "merchant"}), storage.Many(&leases, storage.Query{}))
	served := map[string]bool{}
	for _, l := range leases {
		served[l.Name] = l.Until > micros(now)
	}
	for _, m := range merchants {
		if !served[servesName+m.Merchant] {
			s.Unserved = append(s.Unserved, m.Merchant)
		}
		if m.Paused != 0 {
			s.Paused = append(s.Paused, m.Merchant)
		}
		if m.Held != 0 {
			s.Held = append(s.Held, m.Merchant)
		}
	}
	return err
}

// PaymentRecord is what the store knows of a payment.
type PaymentRecord struct {
	Payment assist.Billnumber
	Mean    Mean // zero until the first refund of it was looked at
	// Moved went back; Claimed is queued, proposed, in process or unknown; Closed
	// was given up or passed over by a person and isn't proved unmoved.
	Moved, Claimed, Closed assist.Money
	// Left is Mean.Paid less all three, never below zero: what can be asked for
	// without asking for anything twice. It knows nothing of what was made by
	// hand; before sending, the carrier looks.
	Left assist.Money
}

// Payment adds up the refunds of one payment, in the currency that was paid;
// of purged ones it knows what they moved. When all are purged it is
// [ErrNotFound].
func (b *Book) Payment(ctx context.Context, merchantID string, payment assist.Billnumber) (*PaymentRecord, error) {
	rec := &PaymentRecord{Payment: payment.Payment()}
	err := b.store.View(ctx, func(tx storage.Tx) error {
		p := storage.Payment{Merchant: merchantID, Payment: string(rec.Payment)}
		if found, err := tx.Get(ctx, &p, storage.NoLock); err != nil || !found {
			return firstOf(err, ErrNotFound)
		}
		of := []storage.Cond{storage.Eq("merchant", merchantID), storage.Eq("payment", p.Payment)}
		all, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Where: of})
		if err != nil {
			return err
		}
		attempts, err := storage.Find[storage.Attempt](ctx, tx, storage.Query{Where: of})
		if err != nil {
			return err
		}
		operations, err := storage.Find[storage.Operation](ctx, tx, storage.Query{Where: of})
		if err != nil {
			return err
		}
		rec.add(p, all, attempts)
		return rec.addPurged(all, operations)
	})
	if err != nil {
		return nil, err
	}
	return rec, nil
}

func (rec *PaymentRecord) add(p storage.Payment, all []*storage.Refund, attempts []*storage.Attempt) {
	var moved, claimed, closed int64
	currency := p.PaidCurrency
	accepted, late := map[int64]int64{}, map[int64]int64{} // attempts of a refund
	for _, a := range attempts {
		if a.Outcome == int64(assist.Accepted) {
			accepted[a.Refund]++
		}
		if movedLate(a) {
			late[a.Refund]++
		}
	}
	for _, r := range all {
		if currency == "" {
			currency = r.Currency
		}
		switch s := State(r.State); {
		case r.Currency != currency:
		case s == Done:
			moved += r.Minor * max(1, accepted[r.ID]) // more than once by what moved late
		default:
			moved += r.Minor * late[r.ID]
			if !s.Final() {
				claimed += r.Minor
			}
		}
	}
	for _, a := range attempts {
		if passedOver(a) && a.Currency == currency {
			closed += a.Minor
		}
	}
	rec.Mean = meanOf(&p)
	rec.Moved, rec.Claimed, rec.Closed = money(moved, currency), money(claimed, currency), money(closed, currency)
	rec.Left = money(max(p.PaidMinor-moved-claimed-closed, 0), currency)
}

// addPurged adds what refunds moved of which only the operations are left.
func (rec *PaymentRecord) addPurged(all []*storage.Refund, operations []*storage.Operation) (err error) {
	for _, o := range operations {
		kept := slices.ContainsFunc(all, func(r *storage.Refund) bool { return r.ID == o.Refund })
		if kept || o.Code == "" || declinedCode(o.Code) || o.Currency != rec.Left.Currency() {
			continue
		}
		moved := money(o.Minor, o.Currency)
		if rec.Moved, err = rec.Moved.Add(moved); err != nil {
			return err
		}
		if moved.Minor() > rec.Left.Minor() {
			moved = rec.Left
		}
		if rec.Left, err = rec.Left.Sub(moved); err != nil {
			return err
		}
	}
	return nil
}
