package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/amount"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
)

// describe shows what is known of the payment.
func (a *app) describe(f *found) string {
	means := ""
	if f.means != "" {
		means = " · " + f.means
	}
	return a.text(" Заказ    %s · %s%s\n Оплачено %s   возвращено %s   в пути %s   остаток %s\n", " Order    %s · %s%s\n Paid     %s   back %s   in flight %s   left %s\n",
		f.order.Number, f.bill, means, f.paid, f.back.Amount(), f.flight.Amount(), f.left.Amount())
}

// mayGo shows the payment, the refund and the rules, and refuses what a rule
// forbids.
func (a *app) mayGo(f *found, wish refunds.Refund, flags refundFlags) error {
	at := a.now()
	if !wish.NotBefore.IsZero() {
		at = wish.NotBefore
	}
	sum := wish.Request.Amount
	broken := f.rule(sum, at)
	rules := a.text("в порядке", "ok")
	if broken != nil {
		rules = a.text("нельзя", "broken")
	}
	text := a.describe(f) + a.text(" Возврат  %s   причина %s   ключ %s\n Правила  %s\n", " Refund   %s   reason %s   key %s\n Rules    %s\n", sum, flags.reason, wish.Key, rules)
	if !wish.NotBefore.IsZero() {
		text += a.text(" Уйдёт    после %s МСК\n", " Goes     after %s Moscow time\n", verdict.Clock(wish.NotBefore))
	}
	_, _ = io.WriteString(a.Err, text)
	if broken == nil {
		return nil
	}
	e := a.explain(broken)
	var rule *assist.WalletRuleError
	if errors.As(broken, &rule) && !rule.NotBefore.IsZero() && !errors.Is(broken, assist.ErrDayBalance) && flags.at == "" {
		e.Then("%s", a.text("отправить, когда станет можно:  %s", "send it by itself then:  %s", fmt.Sprintf("assist refund %s %s --note %q --at midnight", f.order.Number, how(flags), flags.note)))
	}
	return e
}

func how(f refundFlags) string {
	if f.full {
		return "--full"
	}
	return "--amount " + f.amount
}

// midnight is when a queued refund goes: half a minute to ten minutes after the ban
// ends, or after the Moscow day does where nothing is banned.
func (a *app) midnight(f *found, sum assist.Money) time.Time {
	now := a.now().In(verdict.Moscow)
	at := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, verdict.Moscow)
	if ban, ok := assist.NotBefore(f.rule(sum, a.now())); ok && ban.After(at) {
		at = ban
	}
	return at.Add(30*time.Second + rand.N(10*time.Minute)).UTC().Truncate(time.Second)
}

// agree lets a person say yes: about a like refund first, and by the amount. What
// they say holds for as long as the payment has no newer refund than they saw.
func (a *app) agree(ctx context.Context, b *books, wish refunds.Refund, f refundFlags) (refunds.Guard, error) {
	like, guard, err := a.like(ctx, b, wish)
	if err != nil {
		return guard, err
	}
	if like != nil && !f.another {
		if err := a.agreeToAnother(ctx, like, f); err != nil {
			return guard, err
		}
	}
	if f.yes {
		return guard, nil
	}
	sum := wish.Request.Amount
	typed, err := a.Ask(ctx, a.text("Вернуть %s? Отозвать потом нельзя. Наберите сумму: ", "Give back %s? This can't be called back. Type the amount: ", sum))
	if err != nil {
		return guard, a.stopped(err)
	}
	if got, err := amount.Parse(typed, sum.Currency()); err != nil || got != sum {
		return guard, exitcode.New(exitcode.Interrupted, "%s", a.text("это не %s; ничего не сохранено и не отправлено", "that isn't %s; nothing was stored or sent", sum.Amount()))
	}
	return guard, nil
}

// like finds a refund of the same payment and amount within 24 hours. The guard holds
// that no newer refund of the payment than was looked at is stored meanwhile, by
// another command or in the desk.
func (a *app) like(ctx context.Context, b *books, wish refunds.Refund) (like *refunds.Record, guard refunds.Guard, err error) {
	guard.Shown = true
	for r, err := range b.List(ctx, refunds.Filter{MerchantID: wish.MerchantID, Payment: wish.Request.Billnumber}) {
		if err != nil {
			return nil, guard, err
		}
		guard.Seen = max(guard.Seen, r.ID)
		switch {
		case r.State == refunds.Refused || r.State == refunds.Withdrawn || r.State == refunds.Denied:
		case like == nil && r.Request.Amount == wish.Request.Amount && r.Key != wish.Key && r.Created.After(a.now().Add(-24*time.Hour)):
			like = r
		}
	}
	return like, guard, nil
}

func (a *app) agreeToAnother(ctx context.Context, like *refunds.Record, f refundFlags) error {
	text := a.text("такой же возврат уже есть: %s, %s, %s МСК, %s", "there is a like refund: %s, %s, %s Moscow time, %s",
		verdict.ID(like.ID), like.Request.Amount, verdict.Clock(like.Created), verdict.Of(like).Outcome)
	if !a.Asks() || f.yes {
		return exitcode.New(exitcode.Refused, "%s", a.text("не отправлено: %s", "not sent: %s", text)).
			Then("%s", a.text("тот же возврат: повторите с его ключом, --key %s", "the same refund: repeat it with its key, --key %s", like.Key)).
			Then("%s", a.text("ещё один возврат: добавьте --another", "one more refund: add --another"))
	}
	typed, err := a.Ask(ctx, text+a.text(". Ещё один? Наберите another: ", ". One more? Type another: "))
	if err != nil {
		return a.stopped(err)
	}
	if typed != "another" {
		return exitcode.New(exitcode.Interrupted, "%s", a.text("ничего не сохранено и не отправлено", "nothing was stored or sent"))
	}
	return nil
}

// stopped is a question that got no answer.
func (a *app) stopped(err error) error {
	if errors.Is(err, io.EOF) {
		return errInterrupted
	}
	return err
}

// store stores the refund as the person's, or finds the one that has its key. With
// refunds.ErrMeanwhile nothing was stored, and what the guard rests on is to be looked
// at anew.
func (a *app) store(ctx context.Context, b *books, wish refunds.Refund, guard refunds.Guard) (refunds.ID, error) {
	who, err := a.person(wish.Note)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, errInterrupted
	}
	book, err := a.proposing(ctx, b, wish.Request.Amount.Currency())
	if err != nil {
		return 0, err
	}
	var id refunds.ID
	_, err = a.surely(ctx, func(ctx context.Context) (err error) {
		id, err = book.ProposeGuarded(ctx, wish, who, guard)
		return err
	})
	switch {
	case err == nil, errors.Is(err, refunds.ErrKeyTaken), errors.Is(err, refunds.ErrMeanwhile), errors.As(err, new(*refunds.InvalidError)):
		return id, err
	case refusedByStore(err):
		return 0, a.notStored(exitcode.Of(a.explain(err), exitcode.Failed), err)
	}
	if _, again := b.ByKey(context.WithoutCancel(ctx), wish.MerchantID, wish.Key); errors.Is(again, refunds.ErrNotFound) && !profile.IsPostgres(b.profile.Store) {
		return 0, a.notStored(exitcode.Failed, err)
	}
	return 0, a.lostSight(err)
}

// notStored is for a refund of which it is proved that the store doesn't have it.
func (a *app) notStored(code int, err error) error {
	return exitcode.New(code, "%s", a.text("возврат не сохранён, ничего не отправлено: %v", "the refund wasn't stored, and nothing was sent: %v", err)).Because(err)
}

// proposing is the book that a person's refunds are stored by. Without a limit in
// the profile a person needs no second one.
func (a *app) proposing(ctx context.Context, b *books, currency string) (*refunds.Book, error) {
	if b.profile.AloneUpTo != "" {
		return b.Book, nil
	}
	most, err := assist.NewMoney(999_999_999_999_999, currency)
	if err != nil {
		return nil, err
	}
	if b.proposers[currency] == nil {
		if b.proposers[currency], err = refunds.NewBook(ctx, b.store, refunds.Clock(a.now), refunds.Logger(a.logger()), refunds.AloneUpTo(most)); err != nil {
			return nil, err
		}
	}
	return b.proposers[currency], nil
}
