package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/amount"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

// refundFlags are what assist refund is told.
type refundFlags struct {
	targetFlags
	amount, note, reason, key, at, cheque string
	full, dryRun, yes, another            bool
	wait                                  time.Duration
}

func refundCommand(a *app) *cobra.Command {
	var f refundFlags
	c := &cobra.Command{
		Use:   "refund ORDER|BILL",
		Short: "give money back",
		Long: `Give money back for an order. What is known is shown before it is asked: what
was paid, what went back, what is on its way, what is left, and the rules.

The refund is stored before it is sent, under its key. The same command with the
same key goes on with the same refund, for ever, whatever was killed in between;
it can't pay twice. Exit code 20 means that the money may have moved: then never
make a new refund of it. Exit code 75 means that nothing was sent.`,
		Example: `  assist refund A-20490 --amount 1200.00 --note "wrong size"
  assist refund A-20513 --full --note "changed mind" --at midnight
  assist refund A-20481 --amount 490 --note "1 of 3" --key job-77 --yes --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.refund(cmd.Context(), args, f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.amount, "amount", "", "how much goes back, such as 490.00")
	flags.BoolVar(&f.full, "full", false, "all that is left goes back")
	flags.StringVar(&f.note, "note", "", "why, for your own staff; it never reaches Assist or the customer")
	flags.StringVar(&f.reason, "reason", "customer", "who wants it: customer, shop or fraud")
	flags.StringVar(&f.key, "key", "", "your name of this refund; the same key is the same refund. Required without a terminal")
	flags.StringVar(&f.at, "at", "", "\"midnight\": queue it until the day in Moscow is over")
	flags.DurationVar(&f.wait, "wait", 2*time.Minute, "how long to follow it once it was sent")
	flags.StringVar(&f.cheque, "cheque", "", "file with the cheque's items of a part, as JSON")
	flags.BoolVar(&f.dryRun, "dry-run", false, "ask and check, store and send nothing")
	flags.BoolVar(&f.yes, "yes", false, "don't ask for the amount again. Required without a terminal")
	flags.BoolVar(&f.another, "another", false, "it is meant, although a like refund of the payment was made within 24 hours")
	flags.StringVar(&f.order, "order", "", "order number, beside a billnumber")
	flags.StringVar(&f.date, "date", "", "day of the order, such as 2024-01-30, where that is over a year ago")
	return c
}

func (a *app) refund(ctx context.Context, args []string, f refundFlags) error {
	if err := a.checkRefund(f); err != nil {
		return err
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	p := b.profile
	t, err := a.target(ctx, b, args, f.targetFlags)
	if err != nil {
		return err
	}
	if f.key != "" {
		// What is there already is answered for without asking Assist anything.
		r, err := b.ByKey(ctx, p.Merchant, f.key)
		if err == nil {
			return a.again(ctx, b, r, t, f)
		}
		if !errors.Is(err, refunds.ErrNotFound) {
			return err
		}
	}
	return a.refundNew(ctx, b, t, f)
}

// checkRefund refuses what can't be meant, before anything is opened.
func (a *app) checkRefund(f refundFlags) error {
	bad := func(ru, en string) error { return exitcode.New(exitcode.Usage, "%s", a.text(ru, en)) }
	switch {
	case f.amount == "" && !f.full:
		return bad("нужна сумма: --amount или --full", "an amount is needed: --amount or --full")
	case f.amount != "" && f.full:
		return bad("--amount и --full исключают друг друга", "--amount and --full exclude each other")
	case strings.TrimSpace(f.note) == "" && !f.dryRun:
		return bad("нужна причина для своих: --note", "a note for your own staff is needed: --note")
	case f.at != "" && f.at != "midnight":
		return bad("--at знает только midnight", "--at knows midnight alone")
	case f.wait < 0:
		return bad("--wait не бывает отрицательным", "--wait can't be negative")
	case f.full && f.cheque != "":
		return bad("--cheque бывает у части, не у --full", "--cheque goes with a part, not with --full")
	}
	if _, err := reasonOf(f.reason); err != nil {
		return bad("--reason: customer, shop или fraud", "--reason is customer, shop or fraud")
	}
	if f.dryRun || a.Asks() {
		return nil
	}
	// Nobody can be asked.
	if f.key == "" {
		return exitcode.New(exitcode.Usage, "%s", a.text("без терминала нужен --key: по нему повтор той же команды не платит второй раз",
			"without a terminal --key is needed: by it the same command again doesn't pay twice"))
	}
	if !f.yes {
		return exitcode.New(exitcode.Usage, "%s", a.text("без терминала нужен --yes; ничего не отправлено", "without a terminal --yes is needed; nothing was sent"))
	}
	return nil
}

func reasonOf(name string) (assist.CancelReason, error) {
	for _, r := range []assist.CancelReason{assist.ReasonCustomer, assist.ReasonShop, assist.ReasonFraud} {
		if r.String() == name {
			return r, nil
		}
	}
	return 0, fmt.Errorf("no reason is called %q", name)
}

// again answers for a refund whose key is there already: with what became of it, or
// by going on with it.
func (a *app) again(ctx context.Context, b *books, r *refunds.Record, t target, f refundFlags) error {
	if r.Purged {
		return a.againPurged(ctx, b, r, t, f)
	}
	if err := a.sameRequest(r, t, f); err != nil {
		return err
	}
	if f.dryRun || r.State.Final() || r.State == refunds.Proposed {
		return a.answer(r)
	}
	c, _, err := a.carrier(ctx, b)
	if err != nil {
		return a.beside(err, r)
	}
	r, err = a.carryOn(ctx, b, c, r.ID, f.wait, nil)
	if err != nil {
		return a.lostSight(err)
	}
	return a.answer(r)
}

// againPurged is again for a refund of which the key alone is left.
func (a *app) againPurged(ctx context.Context, b *books, r *refunds.Record, t target, f refundFlags) error {
	client, err := a.client(ctx, b)
	if err == nil {
		err = a.samePurged(ctx, b, client, r, t, f, "")
	}
	if err != nil {
		return err
	}
	return a.answer(r)
}

// sameRequest refuses a key that stands for something else.
func (a *app) sameRequest(r *refunds.Record, t target, f refundFlags) error {
	reason, err := reasonOf(f.reason)
	if err != nil {
		return err
	}
	same := r.Whole == f.full && (t.number == "" || t.number == r.Request.OrderNumber) &&
		(t.billnumber == "" || t.billnumber.Payment() == r.Request.Billnumber.Payment()) &&
		(r.State.Final() || reason == r.Request.Reason) // what has ended doesn't keep it
	if f.amount != "" {
		sum, err := amount.Parse(f.amount, r.Request.Amount.Currency())
		if err != nil {
			return exitcode.New(exitcode.Usage, "--amount: %v", err)
		}
		same = same && sum == r.Request.Amount
	}
	if !same {
		return exitcode.New(exitcode.Refused, "%s", a.text("ключ %s занят другим возвратом: %s, заказ %s, %s; ничего не отправлено", "the key %s belongs to another refund: %s, order %s, %s; nothing was sent",
			f.key, verdict.ID(r.ID), r.Request.OrderNumber, r.Request.Amount)).Then("assist show %s", verdict.ID(r.ID))
	}
	return nil
}

// refundNew asks for the order, shows it, asks the person, stores and carries.
func (a *app) refundNew(ctx context.Context, b *books, t target, f refundFlags) error {
	c, client, err := a.carrier(ctx, b)
	if err != nil {
		return err
	}
	found, err := a.find(ctx, client, b, t)
	if err != nil {
		return err
	}
	wish, err := a.wish(found, client.MerchantID(), f)
	if err != nil {
		return err
	}
	if err := a.mayGo(found, wish, f); err != nil {
		return err
	}
	if f.dryRun {
		a.note("ничего не сохранено и не отправлено", "nothing was stored or sent")
		return nil
	}
	id, err := a.agreeAndStore(ctx, b, wish, f)
	if err != nil {
		return err
	}
	r, err := b.Get(context.WithoutCancel(ctx), id)
	if err != nil {
		return a.lostSight(err)
	}
	if r.State != refunds.Proposed && wish.NotBefore.IsZero() {
		if r, err = a.carryOn(ctx, b, c, id, f.wait, a.takeBack(ctx, b, id)); err != nil {
			return a.lostSight(err)
		}
	}
	if r.State == refunds.Withdrawn && ctx.Err() != nil {
		a.note("%s отозван до отправки, деньги не двигались", "%s was taken back before it was sent, no money moved", verdict.ID(id))
		return exitcode.New(exitcode.Interrupted, "").Because(context.Cause(ctx))
	}
	return a.answer(r)
}

// agreeAndStore asks again where another refund of the payment was stored meanwhile:
// it may be a like one.
func (a *app) agreeAndStore(ctx context.Context, b *books, wish refunds.Refund, f refundFlags) (refunds.ID, error) {
	for {
		guard, err := a.agree(ctx, b, wish, f)
		if err != nil {
			return 0, err
		}
		id, err := a.store(ctx, b, wish, guard)
		if !errors.Is(err, refunds.ErrMeanwhile) {
			return id, err
		}
		a.note("тем временем сохранён ещё один возврат этого платежа", "another refund of this payment has been stored meanwhile")
	}
}

// wish makes the refund that is asked for.
func (a *app) wish(f *found, merchant string, flags refundFlags) (refunds.Refund, error) {
	sum := f.left
	if flags.full && len(f.open) > 0 {
		return refunds.Refund{}, exitcode.New(exitcode.Refused, "%s", a.text("не отправлено: по платежу открыт возврат %s; остаток известен, когда он закончится", "not sent: refund %s of the payment is open; what is left is known when it has ended",
			verdict.ID(f.open[0].ID))).Then("assist wait %s", verdict.ID(f.open[0].ID))
	}
	if !flags.full {
		var err error
		if sum, err = f.amountOf(flags); err != nil {
			return refunds.Refund{}, exitcode.New(exitcode.Usage, "--amount: %v", err)
		}
	}
	if sum.IsZero() {
		return refunds.Refund{}, exitcode.New(exitcode.Refused, "%s", a.text("не отправлено: возвращать нечего", "not sent: there is nothing to give back"))
	}
	wish, err := a.wishOf(f, merchant, flags, sum)
	if err == nil && flags.at == "midnight" {
		wish.NotBefore = a.midnight(f, sum)
	}
	return wish, err
}

// amountOf reads the amount of a part.
func (f *found) amountOf(flags refundFlags) (assist.Money, error) {
	return amount.Parse(flags.amount, f.paid.Currency())
}

// wishOf makes the refund of an amount.
func (a *app) wishOf(f *found, merchant string, flags refundFlags, sum assist.Money) (refunds.Refund, error) {
	reason, err := reasonOf(flags.reason)
	if err != nil {
		return refunds.Refund{}, err
	}
	req := f.order.CancelRequest(sum)
	req.Billnumber, req.Reason = f.bill, reason
	if req.ChequeItems, err = a.cheque(flags.cheque); err != nil {
		return refunds.Refund{}, err
	}
	wish := refunds.Refund{Key: flags.key, MerchantID: merchant, Request: req, Whole: flags.full, Note: flags.note}
	if wish.Key == "" {
		wish.Key = rand.Text()[:12]
	}
	return wish, nil
}

// cheque reads a cheque's items.
func (a *app) cheque(path string) (items []assist.ChequeItem, err error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		err = d.Decode(&items)
	}
	if err != nil {
		return nil, exitcode.New(exitcode.Usage, "--cheque: %v", err)
	}
	return items, nil
}

// takeBack is for an interruption: a refund of which nothing was sent is taken
// back, and one that may have been is waited for.
func (a *app) takeBack(ctx context.Context, b *books, id refunds.ID) func() error {
	return func() error {
		who, err := a.person(a.text("прервано с клавиатуры", "interrupted"))
		if err != nil {
			return err
		}
		err = b.Withdraw(context.WithoutCancel(ctx), id, who)
		if errors.Is(err, refunds.ErrUnderWay) || errors.Is(err, refunds.ErrState) {
			return nil
		}
		return err
	}
}

// lostSight is an error behind the store: what became of the refund isn't known.
func (a *app) lostSight(err error) error {
	return exitcode.New(exitcode.Unknown, "%s", a.text("хранилище не отвечает, исход неизвестен: деньги могли уйти (%v)", "the store gives no answer and the outcome isn't known: the money may have moved (%v)", err)).
		Then("%s", a.text("не делайте новый возврат; повторите эту же команду с тем же ключом", "make no new refund; repeat this very command with the same key")).Because(err)
}
