package desk

import (
	"net/http"

	"github.com/assist-go/assist/refunds"
)

// sendingBody shows what the carrier has to do, and the wallets' day balances.
type sendingBody struct {
	Pending, Sent, InProcess, Due int
	Oldest, OldestUnknown         string
	Held, Paused                  bool
	Watched                       int
	Wallets                       []walletRow
	Rates                         bool
}

type walletRow struct{ Wallet, Paid, Back, InFlight, Available, AsOf string }

func (d *desk) sending(w http.ResponseWriter, r *http.Request, p *page) error {
	s, err := d.health(r, p)
	if err != nil {
		return err
	}
	body := sendingBody{Pending: s.Pending, Sent: s.Sent, InProcess: s.InProcess, Due: s.Due, Watched: s.Watched,
		Held: has(s.Held, d.merchant()), Paused: has(s.Paused, d.merchant()), Rates: d.rates != nil}
	if s.OldestDue > tardy {
		body.Oldest = age(s.OldestDue, p.Lang)
	}
	if s.OldestUnknown > 0 {
		body.OldestUnknown = age(s.OldestUnknown, p.Lang)
	}
	if d.rates != nil {
		all, err := d.book.Balances(r.Context(), d.merchant(), d.rates)
		if err != nil {
			return err
		}
		for _, b := range all {
			one := walletRow{Wallet: walletName(b.Wallet) + ", " + b.Paid.Currency(), Paid: sum(b.Paid, p.Lang), Back: sum(b.Back, p.Lang), InFlight: sum(b.InFlight, p.Lang), Available: sum(b.Available, p.Lang), AsOf: at(b.AsOf, p.Lang)}
			if b.AsOf.IsZero() {
				one.AsOf = p.T("Assist ещё не спрашивали", "Assist hasn't been asked yet")
			}
			body.Wallets = append(body.Wallets, one)
		}
	}
	p.Active, p.Title, p.Body = "sending", p.T("Отправка и кошельки", "Sending and wallets"), body
	return d.show(w, r, p, http.StatusOK, "sending")
}

func (d *desk) hold(w http.ResponseWriter, r *http.Request, p *page) error {
	return d.merchantChange(w, r, p, func(person refunds.Person) error { return d.book.Hold(r.Context(), d.merchant(), person) })
}

func (d *desk) release(w http.ResponseWriter, r *http.Request, p *page) error {
	return d.merchantChange(w, r, p, func(person refunds.Person) error { return d.book.Release(r.Context(), d.merchant(), person) })
}

func (d *desk) merchantChange(w http.ResponseWriter, r *http.Request, p *page, do func(refunds.Person) error) error {
	person, err := needWhy(r, p)
	if err != nil {
		return err
	}
	if err := do(person); err != nil {
		return err
	}
	return d.to(w, r, "sending")
}
