package refunds

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// DayBalance is a merchant's cap on wallet refunds (protocol §6), kept in the
// store and shared by all processes: give it to assist.WithWalletRules. The
// rates are what the bank keeps of the payments on each wallet, in parts per
// million; a wallet without a rate gives back nothing.
//
// It counts what [Carrier.Reconcile] and [ReconcileEvery] have learned of the
// Moscow day, and what [Book.Paid] tells. Where the documents leave a choice it
// takes the lower balance: the commission is rounded up on each payment; a
// reservation counts until it is settled, and on the days of its making and its
// end; a cancel that no attempt owns counts unless it was declined. Two
// reservations never fit together where only one fits, whichever processes make
// them.
func (b *Book) DayBalance(merchantID string, rates map[assist.Wallet]int) assist.DayBalance {
	return &dayBalance{b, merchantID, rates}
}

type dayBalance struct {
	b        *Book
	merchant string
	rates    map[assist.Wallet]int
}

// unbegun is how long a reservation waits for its attempt. What begins later
// finds it settled and isn't sent.
const unbegun = 10 * time.Minute

// Reserve implements assist.DayBalance.
func (d *dayBalance) Reserve(ctx context.Context, id string, w assist.Wallet, amount assist.Money, at time.Time) error {
	if id == "" {
		return &InvalidError{Field: "id", Reason: "must be the intent's"}
	}
	return d.b.store.Update(ctx, func(tx storage.Tx) error {
		row := &storage.Balance{Merchant: d.merchant, Wallet: int64(w), Currency: amount.Currency()}
		if _, err := tx.Insert(ctx, row); err != nil {
			return err
		}
		if _, err := tx.Get(ctx, row, storage.ForUpdate); err != nil {
			return err
		}
		mine := &storage.Reservation{IntentID: id}
		if found, err := tx.Get(ctx, mine, storage.NoLock); err != nil || found && mine.Settled == 0 {
			return err
		}
		available, err := d.available(ctx, tx, w, amount.Currency(), at)
		if err != nil {
			return err
		}
		if amount.Minor() > available {
			return &assist.WalletRuleError{Rule: assist.ErrDayBalance, Wallet: w, Cancel: amount, Available: money(max(available, 0), amount.Currency())}
		}
		inserted, err := tx.Insert(ctx, &storage.Reservation{IntentID: id, Merchant: d.merchant, Wallet: int64(w), Currency: amount.Currency(), Minor: amount.Minor(), Made: micros(at)})
		if err == nil && !inserted {
			err = errors.New("refunds: the reservation is settled already")
		}
		return err
	})
}

// available sums the Moscow day up, in minor units.
func (d *dayBalance) available(ctx context.Context, tx storage.Tx, w assist.Wallet, currency string, at time.Time) (int64, error) {
	day := moscow.DayOf(at)
	from, to := day.Start(), day.End()
	reservations, err := storage.Find[storage.Reservation](ctx, tx, storage.Query{Where: []storage.Cond{
		storage.Eq("merchant", d.merchant), storage.Eq("wallet", int64(w)), storage.Eq("currency", currency)}})
	if err != nil {
		return 0, err
	}
	inDay := func(us int64) bool { return us >= micros(from) && us < micros(to) }
	sum := int64(0)
	ours := map[string]bool{}
	for _, r := range reservations {
		ours[r.IntentID] = true
		if r.Settled == 0 && r.Made < micros(at.Add(-unbegun)) {
			if err := dropUnbegun(ctx, tx, r, at); err != nil {
				return 0, err
			}
		}
		if r.Settled == 0 || r.Moved == 1 && (inDay(r.Made) || inDay(r.Settled)) {
			sum -= r.Minor
		}
	}
	rows, err := storage.Find[storage.Result](ctx, tx, storage.Query{Where: []storage.Cond{storage.Eq("merchant", d.merchant), storage.Eq("currency", currency),
		storage.AtLeast("at", micros(from)), storage.Less("at", micros(to))}})
	if err != nil {
		return 0, err
	}
	confirmed := map[string]bool{}
	for _, r := range rows {
		confirmed[r.Payment] = confirmed[r.Payment] || r.Type == 200 && r.Code == string(assist.ResponseDone)
	}
	for _, r := range rows {
		if assist.WalletOf(int(r.MeanType)) != w {
			continue
		}
		n, err := d.worth(ctx, tx, r, w, confirmed[r.Payment], ours)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// worth is what one operation adds to the day.
func (d *dayBalance) worth(ctx context.Context, tx storage.Tx, r *storage.Result, w assist.Wallet, confirmed bool, ours map[string]bool) (int64, error) {
	done := r.Code == string(assist.ResponseDone)
	switch {
	case r.Type == 300 && !declinedCode(r.Code):
		owner := &storage.Operation{Merchant: r.Merchant, Operation: r.Operation}
		if _, err := tx.Get(ctx, owner, storage.NoLock); err != nil {
			return 0, err
		}
		if ours[owner.IntentID] {
			return 0, nil // counted as a reservation
		}
		return -r.Minor, nil
	case r.Type == 200 && done, r.Type == 100 && done && !confirmed && r.OrderState != string(assist.OrderDelayed) && r.OrderState != string(assist.OrderPartialDelayed):
		ppm, known := d.rates[w]
		if !known || ppm < 0 || ppm > 1_000_000 {
			return 0, nil
		}
		const million = 1_000_000
		kept := r.Minor/million*int64(ppm) + (r.Minor%million*int64(ppm)+million-1)/million
		return r.Minor - kept, nil
	}
	return 0, nil
}

// declinedCode tells the response codes by which no money moved (protocol §9).
func declinedCode(code string) bool {
	switch assist.ResponseCode(code) {
	case assist.ResponseDeclined, assist.ResponseCardNumber, assist.ResponseNoFunds, assist.ResponseExpiry, assist.ResponseCardLimit, assist.ResponsePIN,
		assist.ResponseFraudSuspected, assist.ResponseAssistLimit, assist.Response3DSecure, assist.ResponseNoPayment:
		return true
	}
	return false
}

// dropUnbegun ends a reservation whose process has died before the intent was
// stored: begin refuses it from now on.
func dropUnbegun(ctx context.Context, tx storage.Tx, r *storage.Reservation, at time.Time) error {
	a := &storage.Attempt{IntentID: r.IntentID}
	if found, err := tx.Get(ctx, a, storage.NoLock); err != nil || found {
		return err
	}
	if _, err := tx.Get(ctx, r, storage.ForUpdate); err != nil || r.Settled != 0 {
		return err
	}
	r.Settled = micros(at)
	return tx.Save(ctx, r)
}

// Settle implements assist.DayBalance.
func (d *dayBalance) Settle(ctx context.Context, id string, moved bool) error {
	return d.b.store.Update(ctx, func(tx storage.Tx) error { return d.b.settleReservation(ctx, tx, id, moved) })
}

// settleReservation ends a reservation, where there is one that isn't.
func (b *Book) settleReservation(ctx context.Context, tx storage.Tx, id string, moved bool) error {
	r := &storage.Reservation{IntentID: id}
	if _, err := tx.Get(ctx, r, storage.ForUpdate); err != nil {
		return err
	}
	return b.settled(ctx, tx, r, moved)
}

// settled is settleReservation for who has locked it. One of no merchant isn't
// there.
func (b *Book) settled(ctx context.Context, tx storage.Tx, r *storage.Reservation, moved bool) error {
	if r.Merchant == "" || r.Settled != 0 {
		return nil
	}
	r.Settled = micros(b.now())
	if moved {
		r.Moved = 1
	}
	return tx.Save(ctx, r)
}

// Paid tells the day balance of a payment before results by date do, and lets
// refunds that wait for the balance try again. The billnumber is extended; the
// payment is known again in the results by it, and counted once.
func (b *Book) Paid(ctx context.Context, merchantID string, operation assist.Billnumber, meanTypeID int, amount assist.Money, at time.Time) error {
	if operation.Operation() == 0 {
		return &InvalidError{Field: "operation", Reason: "must be an extended billnumber"}
	}
	defer b.wake()
	return b.merchant(ctx, merchantID, func(tx storage.Tx, _ *storage.Merchant) error {
		row := &storage.Result{Merchant: merchantID, Operation: string(operation), Payment: string(operation.Payment()), Type: 100, MeanType: int64(meanTypeID),
			Minor: amount.Minor(), Currency: amount.Currency(), At: micros(at), Code: string(assist.ResponseDone), Seen: micros(b.now())}
		if inserted, err := tx.Insert(ctx, row); err != nil || !inserted {
			return err
		}
		return b.wakeForMoney(ctx, tx, merchantID)
	})
}

// wakeForMoney lets refunds that wait for the day balance try again, the oldest
// first: each that doesn't fit waits on.
func (b *Book) wakeForMoney(ctx context.Context, tx storage.Tx, merchantID string) error {
	now := b.now()
	if sinceMidnight(now) < time.Hour {
		return nil
	}
	waiting, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Order: "id", Limit: 100, Lock: storage.SkipLocked, Where: []storage.Cond{
		storage.Eq("merchant", merchantID), storage.In("state", []int64{int64(Pending)}), storage.Eq("waits", int64(ForMoney))}})
	if err != nil {
		return err
	}
	for i, r := range waiting {
		// A second between them keeps the oldest first.
		if at := micros(now.Add(time.Duration(i) * time.Second)); r.NextAt > at {
			r.NextAt = at
			if err := tx.Save(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}
