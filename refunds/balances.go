package refunds

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// WalletBalance is the day balance of one wallet, as the store knows it.
type WalletBalance struct {
	Wallet assist.Wallet
	// Paid came in during the Moscow day, before the bank's commission, and Back went
	// back during it, as Assist told at AsOf. InFlight is set aside for refunds whose result isn't known.
	Paid, Back, InFlight assist.Money
	// Available is what a refund may be of, by the rates. It is never less than
	// zero.
	Available assist.Money
	// AsOf is when Assist was asked last. Zero is never: then Available knows
	// nothing of what was paid.
	AsOf time.Time
}

// Balances gives the day balance of each wallet that has a rate, and of each other
// wallet and currency that the Moscow day of now has anything of, by the same figures as [Book.DayBalance].
func (b *Book) Balances(ctx context.Context, merchantID string, rates map[assist.Wallet]int) (all []WalletBalance, err error) {
	err = b.update(ctx, func(tx storage.Tx) error {
		all, err = b.balances(ctx, tx, &dayBalance{b, merchantID, rates})
		if err != nil {
			return err
		}
		return errNothing // what was dropped for the sum is dropped again by who reserves
	})
	return all, err
}

func (b *Book) balances(ctx context.Context, tx storage.Tx, d *dayBalance) (all []WalletBalance, err error) {
	now := b.now()
	day := moscow.DayOf(now)
	type place struct {
		wallet   assist.Wallet
		currency string
	}
	paid, back, flight := map[place]int64{}, map[place]int64{}, map[place]int64{}
	places := map[place]bool{}
	for wallet := range d.rates {
		places[place{wallet, "RUB"}] = true // also where nothing was paid, which allows nothing
	}
	rows, err := storage.Find[storage.Result](ctx, tx, storage.Query{Where: []storage.Cond{storage.Eq("merchant", d.merchant),
		storage.AtLeast("at", micros(day.Start())), storage.Less("at", micros(day.End()))}})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		at := place{assist.WalletOf(int(r.MeanType)), r.Currency}
		if at.wallet == assist.NotWallet || r.Code != string(assist.ResponseDone) {
			continue
		}
		places[at] = true
		switch r.Type {
		case 100:
			paid[at] += r.Minor
		case 300:
			back[at] += r.Minor
		}
	}
	open, err := storage.Find[storage.Reservation](ctx, tx, storage.Query{Where: []storage.Cond{storage.Eq("merchant", d.merchant), storage.Fixed("settled", "=", 0)}})
	if err != nil {
		return nil, err
	}
	for _, r := range open {
		at := place{assist.Wallet(r.Wallet), r.Currency}
		places[at], flight[at] = true, flight[at]+r.Minor
	}
	asOf, err := b.askedLast(ctx, tx, d.merchant)
	if err != nil {
		return nil, err
	}
	for at := range places {
		available, err := d.available(ctx, tx, at.wallet, at.currency, now)
		if err != nil {
			return nil, err
		}
		all = append(all, WalletBalance{Wallet: at.wallet, Paid: money(paid[at], at.currency), Back: money(back[at], at.currency),
			InFlight: money(flight[at], at.currency), Available: money(max(available, 0), at.currency), AsOf: asOf})
	}
	slices.SortFunc(all, func(x, y WalletBalance) int {
		return cmp.Or(cmp.Compare(x.Wallet, y.Wallet), cmp.Compare(x.Paid.Currency(), y.Paid.Currency()))
	})
	return all, nil
}

// askedLast is when results by date were asked for last, by any process.
func (b *Book) askedLast(ctx context.Context, tx storage.Tx, merchant string) (time.Time, error) {
	lease := &storage.Lease{Name: "results " + merchant}
	found, err := tx.Get(ctx, lease, storage.NoLock)
	if err != nil || !found {
		return time.Time{}, err
	}
	return instant(lease.Until).Add(-askEvery), nil
}
