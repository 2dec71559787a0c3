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

// WalletBalance is what a day balance stands at.
type WalletBalance struct {
	Wallet   assist.Wallet
	Currency string
	// Paid came in during the Moscow day, before the commission. Reserved is what
	// was set aside on this day for refunds that went back or may.
	Paid, Reserved assist.Money
	// Available is what could be given back now; zero too where no rate is known.
	Available assist.Money
	// AsOf is until when results by date were asked for; zero is never.
	AsOf time.Time
}

// Balances shows a merchant's day balances, as [Book.DayBalance] counts them:
// those of the wallets that have a rate, or whose payments or refunds of today
// are known. The rates are DayBalance's.
func (b *Book) Balances(ctx context.Context, merchantID string, rates map[assist.Wallet]int) ([]WalletBalance, error) {
	d := &dayBalance{b, merchantID, rates}
	var all []WalletBalance
	// Update and not View: what is available is counted as Reserve does, which
	// drops reservations that were left behind.
	err := b.store.Update(ctx, func(tx storage.Tx) error {
		m := &storage.Merchant{Merchant: merchantID}
		if _, err := tx.Get(ctx, m, storage.NoLock); err != nil {
			return err
		}
		of, err := d.known(ctx, tx)
		if err != nil {
			return err
		}
		all = make([]WalletBalance, 0, len(of))
		for one, paid := range of {
			sums, err := d.sums(ctx, tx, one, paid)
			if err != nil {
				return err
			}
			sums.AsOf = instant(m.Reconciled)
			all = append(all, sums)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b WalletBalance) int {
		return cmp.Or(cmp.Compare(a.Wallet, b.Wallet), cmp.Compare(a.Currency, b.Currency))
	})
	return all, err
}

type walletCurrency struct {
	wallet   assist.Wallet
	currency string
}

// known gives what was paid today on each wallet and currency.
func (d *dayBalance) known(ctx context.Context, tx storage.Tx) (map[walletCurrency]int64, error) {
	day := moscow.DayOf(d.b.now())
	of := map[walletCurrency]int64{}
	for w := range d.rates {
		of[walletCurrency{w, "RUB"}] = 0
	}
	kept, err := storage.Find[storage.Balance](ctx, tx, storage.Query{Where: []storage.Cond{storage.Eq("merchant", d.merchant)}})
	if err != nil {
		return nil, err
	}
	for _, b := range kept {
		of[walletCurrency{assist.Wallet(b.Wallet), b.Currency}] += 0
	}
	rows, err := storage.Find[storage.Result](ctx, tx, storage.Query{Where: []storage.Cond{storage.Eq("merchant", d.merchant),
		storage.AtLeast("at", micros(day.Start())), storage.Less("at", micros(day.End()))}})
	for _, r := range rows {
		w := assist.WalletOf(int(r.MeanType))
		if w != assist.NotWallet && r.Type == 100 && r.Code == string(assist.ResponseDone) {
			of[walletCurrency{w, r.Currency}] += r.Minor
		}
	}
	return of, err
}

func (d *dayBalance) sums(ctx context.Context, tx storage.Tx, of walletCurrency, paid int64) (WalletBalance, error) {
	available, err := d.available(ctx, tx, of.wallet, of.currency, d.b.now())
	if err != nil {
		return WalletBalance{}, err
	}
	open, err := storage.Find[storage.Reservation](ctx, tx, storage.Query{Where: []storage.Cond{storage.Eq("merchant", d.merchant),
		storage.Eq("wallet", int64(of.wallet)), storage.Eq("currency", of.currency), storage.AtLeast("made", micros(moscow.DayOf(d.b.now()).Start()))}})
	if err != nil {
		return WalletBalance{}, err
	}
	var reserved int64
	for _, r := range open {
		if r.Settled == 0 || r.Moved == 1 {
			reserved += r.Minor
		}
	}
	return WalletBalance{Wallet: of.wallet, Currency: of.currency, Paid: money(paid, of.currency), Reserved: money(reserved, of.currency),
		Available: money(max(available, 0), of.currency)}, nil
}
