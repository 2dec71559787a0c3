package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
)

// target is the payment that a command is about, as it was typed.
type target struct {
	number     string // of the order
	billnumber assist.Billnumber
	from       time.Time // the order was not made before; zero is a year ago
}

// targetFlags are those that name a payment.
type targetFlags struct{ order, date string }

// target reads what names a payment: an order number, or a billnumber whose order
// the store knows or --order names.
func (a *app) target(ctx context.Context, b *books, args []string, f targetFlags) (target, error) {
	t := target{number: f.order}
	if f.date != "" {
		day, err := time.ParseInLocation(time.DateOnly, f.date, verdict.Moscow)
		if err != nil {
			return t, exitcode.New(exitcode.Usage, "%s", a.text("--date: день пишется так: 2026-11-25", "--date: a day is written 2026-11-25"))
		}
		t.from = day.Add(-24 * time.Hour) // the day may be meant in another zone
	}
	if len(args) == 0 && t.number == "" {
		return t, exitcode.New(exitcode.Usage, "%s", a.text("назовите заказ или billnumber", "name an order or a billnumber"))
	}
	if len(args) == 0 {
		return t, nil
	}
	bill, err := assist.ParseBillnumber(args[0])
	if err != nil {
		if t.number != "" && t.number != args[0] {
			return t, exitcode.New(exitcode.Usage, "%s", a.text("заказ назван дважды: %s и --order %s", "the order is named twice: %s and --order %s", args[0], t.number))
		}
		t.number = args[0]
		return t, nil
	}
	t.billnumber = bill
	if t.number != "" {
		return t, nil
	}
	for r, err := range b.List(ctx, refunds.Filter{Payment: bill}) {
		if err != nil {
			return t, err
		}
		t.number = r.Request.OrderNumber
		return t, nil
	}
	return t, exitcode.New(exitcode.Usage, "%s", a.text("Assist спрашивают по номеру заказа: добавьте --order (если %s и есть номер заказа, напишите --order %s без billnumber)",
		"Assist is asked by order number: add --order (where %s is the order number itself, write --order %s and no billnumber)", args[0], args[0]))
}

// found is an order at Assist, with what the store knows of its payment.
type found struct {
	order assist.Order
	bill  assist.Billnumber // to reverse: the payment, or one operation of it
	facts assist.WalletFacts
	means string
	open  []*refunds.Record // refunds of the payment that aren't final

	// Paid, what went back, what is on its way or may have moved (in process,
	// queued, unknown), and what can still be asked for.
	paid, back, flight, left assist.Money
}

// find asks Assist for the order, and adds up what is known of its payment.
func (a *app) find(ctx context.Context, client *assist.Client, b *books, t target) (*found, error) {
	orders, err := client.OrderResult(ctx, assist.OrderQuery{OrderNumber: t.number, From: t.from})
	if err != nil {
		return nil, err
	}
	f, err := a.choose(orders, t)
	if err != nil {
		return nil, err
	}
	if err := f.sum(ctx, b, client.MerchantID()); err != nil {
		return nil, err
	}
	return f, nil
}

// choose picks the order that was paid: several bear one number when a payment was
// tried again.
func (a *app) choose(orders []assist.Order, t target) (*found, error) {
	var paid []*found
	var why error
	for _, o := range orders {
		if t.billnumber != "" && o.Billnumber != t.billnumber.Payment() {
			continue
		}
		f := &found{order: o, bill: o.Billnumber}
		if t.billnumber != "" {
			f.bill = t.billnumber
		}
		req := o.CancelRequest(assist.Money{})
		req.Billnumber = f.bill
		var err error
		if f.facts, err = assist.WalletFactsOf(o, req, a.now()); err != nil {
			why = errors.Join(why, err)
			continue
		}
		f.means = means(o)
		paid = append(paid, f)
	}
	switch {
	case len(paid) == 1:
		return paid[0], nil
	case len(paid) > 1:
		e := exitcode.New(exitcode.Usage, "%s", a.text("заказ %s оплачен не один раз: назовите billnumber", "order %s was paid more than once: name a billnumber", t.number))
		for _, f := range paid {
			e.Then("%s --order %s   %s   %s", f.order.Billnumber, t.number, f.facts.Paid, verdict.Clock(f.facts.PaidAt))
		}
		return nil, e
	case why != nil:
		return nil, exitcode.New(exitcode.Refused, "%s", a.text("заказ %s: возвращать нечего: %v", "order %s: there is nothing to give back: %v", t.number, why))
	}
	return nil, exitcode.New(exitcode.NotFound, "%s", a.text("в заказе %s нет платежа %s", "order %s has no payment %s", t.number, t.billnumber))
}

// means names how was paid, by the last four digits alone.
func means(o assist.Order) string {
	for _, op := range o.Operations {
		if op.Type != assist.OperationPayment || op.Declined() {
			continue
		}
		text := op.MeanTypeName
		if n := op.MeanNumber; len(n) >= 8 && strings.Trim(n[len(n)-4:], "0123456789") == "" {
			text += " •• " + n[len(n)-4:]
		}
		return strings.TrimSpace(text)
	}
	return ""
}

// sum adds up. What the store has queued or doesn't know the outcome of counts as
// on its way, also where Assist may list it already: better too little left than
// too much.
func (f *found) sum(ctx context.Context, b *books, merchant string) error {
	currency := f.facts.Paid.Currency()
	var back, flight int64
	owned := map[assist.Billnumber]bool{}
	for r, err := range b.List(ctx, refunds.Filter{MerchantID: merchant, Payment: f.bill}) {
		if err != nil {
			return err
		}
		if r.State.Final() && r.State != refunds.GivenUp && r.State != refunds.Done {
			continue
		}
		full, err := b.Get(ctx, r.ID)
		if err != nil {
			return err
		}
		if !full.State.Final() {
			f.open = append(f.open, full)
		}
		listed := false
		for _, op := range full.Operations {
			owned[op.Billnumber] = true
			listed = listed || lists(f.order, op.Billnumber)
		}
		switch {
		case full.Request.Amount.Currency() != currency:
		case full.State == refunds.Done && !listed:
			back += full.Request.Amount.Minor() // listed late
		case full.State == refunds.Done:
		case listed && full.State == refunds.InProcess: // counted among the operations
		default:
			flight += full.Request.Amount.Minor()
		}
	}
	for _, op := range f.order.Operations {
		if op.Type != assist.OperationCancel || op.Declined() || op.Amount.Currency() != currency {
			continue
		}
		if op.Succeeded() {
			back += op.Amount.Minor()
		} else {
			flight += op.Amount.Minor()
		}
	}
	// Of what Assist counts as gone the listing may show less: what was cancelled
	// before a confirmation, for one.
	paid := f.facts.Paid.Minor()
	left := min(paid-back-flight, paid-f.facts.Refunded.Minor())
	var err error
	for _, m := range []struct {
		to    *assist.Money
		minor int64
	}{{&f.paid, paid}, {&f.back, back}, {&f.flight, flight}, {&f.left, max(left, 0)}} {
		if *m.to, err = assist.NewMoney(m.minor, currency); err != nil {
			return err
		}
	}
	return nil
}

func lists(o assist.Order, b assist.Billnumber) bool {
	for _, op := range o.Operations {
		if op.Billnumber == b {
			return true
		}
	}
	return false
}

// rule says whether an amount may go back at a moment: no more than is left, and
// by the wallets' rules.
func (f *found) rule(amount assist.Money, at time.Time) error {
	facts := f.facts
	facts.Cancel, facts.Now = amount, at
	if err := assist.CheckWallet(facts); err != nil {
		return err
	}
	if over, err := amount.Cmp(f.left); err != nil || over > 0 {
		return &assist.WalletRuleError{Rule: assist.ErrExceedsPayment, Billnumber: f.bill, Wallet: facts.Wallet, Cancel: amount, Available: f.left}
	}
	return nil
}
