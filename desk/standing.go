package desk

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// standing is how a payment stands: what Assist lists of it, and what the store
// knows beside that.
type standing struct {
	Order  assist.Order
	Bill   assist.Billnumber
	AsOf   time.Time
	Stale  bool // Assist doesn't answer now
	Wallet assist.Wallet
	PaidAt time.Time
	// Back went back, by hand too; Away is queued, waits, is in process or unknown.
	Paid, Back, Away, Left assist.Money
	MeanType               int
	Last4                  string
	Known                  bool // that the payment has an amount
	// Blocked is a refund of the payment whose outcome isn't known: nothing new may
	// be asked for until it is.
	Blocked *refunds.Record
	All     []*refunds.Record
	Newest  refunds.ID // of the payment's refunds, when it was looked
}

// standingOf adds up Assist's listing and the store's refunds. Whatever isn't
// proved unmoved is counted as gone, once.
func (d *desk) standingOf(ctx context.Context, l lookup, order assist.Order, bill assist.Billnumber) (*standing, error) {
	s := &standing{Order: order, Bill: bill, AsOf: l.AsOf, Stale: l.Stale()}
	facts, err := assist.WalletFactsOf(order, assist.CancelRequest{Billnumber: bill, OrderNumber: order.Number, OrderDate: order.Date}, d.now())
	if err != nil {
		return s, nil // no successful payment: there is nothing to give back
	}
	s.Known, s.Wallet, s.PaidAt, s.Paid = true, facts.Wallet, facts.PaidAt, facts.Paid
	back, away := facts.Refunded.Minor(), int64(0)
	listed := map[assist.Billnumber]bool{}
	for _, op := range order.Operations {
		if op.Type != assist.OperationCancel {
			s.MeanType, s.Last4 = op.MeanTypeID, lastFour(op.MeanNumber)
			continue
		}
		listed[op.Billnumber] = true
		if !op.Declined() && !op.Succeeded() && op.Amount.Currency() == s.Paid.Currency() {
			back, away = back-op.Amount.Minor(), away+op.Amount.Minor()
		}
	}
	more, err := d.claims(ctx, s, listed)
	if err != nil {
		return nil, err
	}
	away += more
	money := func(minor int64) assist.Money {
		m, _ := assist.NewMoney(max(minor, 0), s.Paid.Currency())
		return m
	}
	s.Back, s.Away, s.Left = money(back), money(away), money(s.Paid.Minor()-max(back, 0)-away)
	return s, nil
}

// claims is what the store knows of that Assist doesn't list.
func (d *desk) claims(ctx context.Context, s *standing, listed map[assist.Billnumber]bool) (minor int64, err error) {
	f := refunds.Filter{MerchantID: d.merchant(), Payment: s.Bill}
	for r, err := range d.book.List(ctx, f) {
		if err != nil {
			return 0, err
		}
		s.Newest = max(s.Newest, r.ID)
		if r, err = d.book.Get(ctx, r.ID); err != nil {
			return 0, err
		}
		s.All = append(s.All, r)
		if r.State == refunds.Sent {
			s.Blocked = r
		}
		if r.State.Final() && r.State != refunds.Done || r.Request.Amount.Currency() != s.Paid.Currency() {
			continue
		}
		seen := false
		for _, op := range r.Operations {
			seen = seen || listed[op.Billnumber]
		}
		if !seen {
			minor += r.Request.Amount.Minor()
		}
	}
	p, err := d.book.Payment(ctx, d.merchant(), s.Bill)
	switch {
	case errors.Is(err, refunds.ErrNotFound):
		return minor, nil
	case err != nil:
		return 0, err
	case p.Closed.Currency() == s.Paid.Currency():
		minor += p.Closed.Minor()
	}
	return minor, nil
}

// lastFour are the last digits of a card's or wallet's number, where they are
// shown.
func lastFour(number string) string {
	if len(number) < 8 || !allDigits(number[len(number)-4:]) {
		return ""
	}
	return number[len(number)-4:]
}

// payments finds what a person means: an order's number as it is or with one of
// the known beginnings, or a billnumber of which the store knows the order.
func (d *desk) payments(ctx context.Context, text string, young time.Duration) (l lookup, err error) {
	numbers := []string{text}
	for _, prefix := range d.prefixes {
		numbers = append(numbers, prefix+text)
	}
	if b, e := assist.ParseBillnumber(text); e == nil {
		for r, err := range d.book.List(ctx, refunds.Filter{MerchantID: d.merchant(), Payment: b}) {
			if err != nil {
				return lookup{}, err
			}
			numbers = []string{r.Request.OrderNumber, text}
			break
		}
	}
	for _, number := range numbers {
		l, err = d.lookUp(ctx, number, time.Time{}, young)
		if err != nil && !errors.Is(err, assist.ErrOrderNotFound) {
			return lookup{}, err
		}
		if err == nil && len(l.Orders) > 0 {
			return l, nil
		}
	}
	return lookup{}, assist.ErrOrderNotFound
}
