package main

import (
	"context"
	"errors"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
)

// samePurged tells whether what is asked for is the refund that a key stood for and
// that was purged. Of that the store keeps the key, the end, and a hash of its content;
// so the request is made anew from the order, and the store compares. It gives nil
// where they are the same, and an error that says what isn't sent otherwise.
//
// A key in the graveyard stays there, so nothing can be stored by asking.
func (a *app) samePurged(ctx context.Context, b *books, client *assist.Client, r *refunds.Record, t target, f refundFlags, currency string) error {
	found, err := a.find(ctx, client, b, t)
	if err != nil {
		if e := a.explain(err); e.Code == exitcode.NotSent || e.Code == exitcode.Settings {
			return e // the same command again may tell
		}
		return a.cantTell(r, f.key).Because(err)
	}
	if currency != "" && currency != found.paid.Currency() {
		return a.taken(r, f.key)
	}
	who, err := a.person("a look at a key")
	if err != nil {
		return err
	}
	sums, err := found.mayHaveBeen(f)
	if err != nil {
		return exitcode.New(exitcode.Usage, "--amount: %v", err)
	}
	for _, sum := range sums {
		wish, err := a.wishOf(found, client.MerchantID(), f, sum)
		if err != nil {
			return err
		}
		wish.Request.Order = nil // nothing of it is to be kept
		id, err := b.Propose(ctx, wish, who)
		switch {
		case err == nil && id == r.ID:
			return nil
		case err == nil, !errors.Is(err, refunds.ErrKeyTaken):
			return a.cantTell(r, f.key).Because(err)
		}
	}
	if f.full {
		return a.cantTell(r, f.key) // how much was left at that time isn't known for sure
	}
	return a.taken(r, f.key)
}

// mayHaveBeen are the amounts that a purged refund may have had. All that was left is
// what some cancel of the payment took, or what was paid, or what is left yet.
func (f *found) mayHaveBeen(flags refundFlags) ([]assist.Money, error) {
	if !flags.full {
		sum, err := f.amountOf(flags)
		return []assist.Money{sum}, err
	}
	sums := []assist.Money{f.paid}
	if !f.left.IsZero() {
		sums = append(sums, f.left)
	}
	for _, op := range f.order.Operations {
		if op.Type == assist.OperationCancel && !op.Amount.IsZero() {
			sums = append(sums, op.Amount)
		}
	}
	return sums, nil
}

// taken is a key that stands for another refund, which was purged.
func (a *app) taken(r *refunds.Record, key string) *exitcode.Error {
	return exitcode.New(exitcode.Refused, "%s", a.text("ключ %s занят другим возвратом: %s (%s, данные удалены); ничего не отправлено", "the key %s belongs to another refund: %s (%s, its details are purged); nothing was sent",
		key, verdict.ID(r.ID), a.outcomeWord(verdict.Of(r).Outcome)))
}

// cantTell is a key whose refund was purged, and of which it can't be told any more
// whether it is what is asked for now. Where it moved money, the code is that of what
// must not be repeated under another key.
func (a *app) cantTell(r *refunds.Record, key string) *exitcode.Error {
	v := verdict.Of(r)
	return exitcode.New(v.Beside(exitcode.Refused), "%s", a.text("ключ %s стоит за возвратом %s (%s, данные удалены), и тот ли это возврат, уже не узнать; ничего не отправлено", "the key %s stands for refund %s (%s, its details are purged), and it can't be told any more whether that is this one; nothing was sent",
		key, verdict.ID(r.ID), a.outcomeWord(v.Outcome)))
}
