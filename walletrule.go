package assist

import (
	"errors"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/moscow"
)

// CheckWallet applies the rules of protocol §6, and for cards too that no more
// goes back than is left of the payment. It is pure and takes any facts. Nil
// says that no rule known here forbids the cancel; Assist may still refuse it.
//
// A broken rule is a [*WalletRuleError], the first of:
//
//   - [ErrExceedsPayment]: more than Paid less Refunded, or nothing is left.
//   - [ErrQIWISameDay]: any cancel on QIWI before the Moscow day of the payment
//     is over.
//   - [ErrPartialSameDay]: a partial cancel on any wallet before that. Partial is
//     less than Paid: what is left after an earlier refund is partial too.
//   - [ErrDayBalance]: more than Balance, where that is given.
//
// Facts that can't be compared, because of another currency or because there is
// no amount to cancel, are a [*ValidationError].
func CheckWallet(f WalletFacts) error {
	left, err := f.left()
	if err != nil {
		return err
	}
	broken := func(rule error) *WalletRuleError {
		return &WalletRuleError{Rule: rule, Wallet: f.Wallet, Cancel: f.Cancel}
	}
	if f.Cancel.IsZero() && left.IsZero() || f.Cancel.Minor() > left.Minor() {
		e := broken(ErrExceedsPayment)
		e.Available = left
		return e
	}
	if f.Cancel.IsZero() {
		return &ValidationError{Field: "Cancel", Reason: "must be an amount"}
	}
	if f.Wallet == NotWallet {
		return nil
	}
	// A payment dated after now is one of today, or of a day to come: the ban
	// lasts until its own day is over.
	dayEnds := moscow.NextMidnight(f.PaidAt)
	if f.PaidAt.IsZero() {
		dayEnds = moscow.NextMidnight(f.Now)
	}
	if f.Now.Before(dayEnds) {
		switch {
		case f.Wallet == QIWI:
			e := broken(ErrQIWISameDay)
			e.NotBefore = dayEnds
			return e
		case f.Cancel.Minor() < f.Paid.Minor():
			e := broken(ErrPartialSameDay)
			e.NotBefore = dayEnds
			return e
		}
	}
	if f.Balance != nil && f.Cancel.Minor() > f.Balance.Minor() {
		e := broken(ErrDayBalance)
		e.Available, e.NotBefore = *f.Balance, moscow.NextMidnight(f.Now)
		return e
	}
	return nil
}

// left is what can still go back of the payment. Money{} is nothing, in any
// currency.
func (f WalletFacts) left() (Money, error) {
	amounts := []Money{f.Paid, f.Refunded, f.Cancel}
	if f.Balance != nil {
		amounts = append(amounts, *f.Balance)
	}
	var currency string
	for _, m := range amounts {
		if currency == "" {
			currency = m.Currency()
		}
		if m != (Money{}) && m.Currency() != currency {
			return Money{}, &ValidationError{Field: "Amount", Reason: "must be in the currency of the payment", Err: ErrCurrencyMismatch}
		}
	}
	return Money{minor: max(f.Paid.Minor()-f.Refunded.Minor(), 0), currency: currency}, nil
}

// WalletRuleError says that a cancel breaks a rule of protocol §6, seen before
// anything was sent. Its outcome is [NotSent].
type WalletRuleError struct {
	// Rule is ErrPartialSameDay, ErrQIWISameDay, ErrDayBalance or
	// ErrExceedsPayment.
	Rule       error
	Billnumber Billnumber // of the cancel; empty outside of one
	Wallet     Wallet
	Cancel     Money // what was to go back
	// NotBefore is a Moscow midnight, in UTC, where time heals the error. With
	// ErrDayBalance that is the latest: it can go earlier, once enough payments
	// have come in. Zero with ErrExceedsPayment.
	NotBefore time.Time
	// Available is what could go back now, with ErrDayBalance and
	// ErrExceedsPayment.
	Available Money
	// AsOf says how fresh the figures of the day balance are; zero where they are
	// kept as things happen. Stale figures are older than they should be, or of
	// no use yet: payments may be missing from them.
	AsOf  time.Time
	Stale bool
}

func (e *WalletRuleError) Error() string {
	subject := "cancel"
	if e.Billnumber != "" {
		subject += " " + string(e.Billnumber)
	}
	text := "assist: " + subject + ": not sent: " + e.Text(LanguageEN)
	if e.Rule == ErrDayBalance {
		text += "; the balance is " + e.Available.String()
	}
	return text
}

// Unwrap gives the rule.
func (e *WalletRuleError) Unwrap() error { return e.Rule }

// Outcome is [NotSent].
func (e *WalletRuleError) Outcome() Outcome { return NotSent }

// ruleText says what a rule means. The words in braces are filled in.
func (e *WalletRuleError) ruleText() words {
	switch e.Rule {
	case ErrPartialSameDay:
		return words{
			"часть платежа {wallet} нельзя вернуть в день оплаты; возврат возможен с {midnight} по московскому времени",
			"part of a {wallet} payment can't go back on the day of the payment; it can from {midnight} Moscow time",
		}
	case ErrQIWISameDay:
		return words{
			"платёж {wallet} нельзя отменить в день оплаты; возврат возможен с {midnight} по московскому времени",
			"a {wallet} payment can't be cancelled on the day of the payment; it can from {midnight} Moscow time",
		}
	case ErrDayBalance:
		return words{
			"возврат {cancel} больше, чем сегодня можно вернуть через {wallet}; он станет возможен, когда поступят новые платежи, " +
				"или на следующий день, с {midnight} по московскому времени",
			"the refund of {cancel} is more than can go back by {wallet} today; it can once more payments have come in, " +
				"or the next day, from {midnight} Moscow time",
		}
	case ErrExceedsPayment:
		if e.Available.IsZero() {
			return words{
				"от платежа ничего не осталось: он уже возвращён или возвращается",
				"nothing is left of the payment: it has gone back or is going back",
			}
		}
		return words{
			"сумма возврата {cancel} больше остатка платежа ({available})",
			"the refund of {cancel} is more than what is left of the payment ({available})",
		}
	}
	return words{"правило кошелька нарушено", "a wallet rule is broken"}
}

// staleText is added to figures that are out of date.
func (e *WalletRuleError) staleText() words {
	switch {
	case !e.Stale:
		return words{}
	case e.AsOf.IsZero():
		return words{"; платежи за день ещё не известны", "; the payments of the day are not known yet"}
	}
	return words{"; данные о платежах устарели: они на {asof}", "; the figures of the day are out of date: they are of {asof}"}
}

// Text says what is wrong and from when it would go, in words that a customer
// can be shown: the merchant's balance isn't in it. Times are Moscow's.
func (e *WalletRuleError) Text(l Language) string {
	// Day and time as both languages write them in Russia.
	moment := func(t time.Time) string { return t.In(moscow.Location()).Format("02.01.2006 15:04") }
	return strings.NewReplacer(
		"{wallet}", e.Wallet.String(), "{cancel}", e.Cancel.String(), "{available}", e.Available.String(),
		"{midnight}", moment(e.NotBefore), "{asof}", moment(e.AsOf),
	).Replace(e.ruleText().in(l) + e.staleText().in(l))
}

// NotBefore tells from when on a refused cancel makes sense again, in UTC. It
// knows [*WalletRuleError], and Assist's own refusal by the day balance (5/108,
// see [ErrDayBalance]): there it is the end of the Moscow day of the answer,
// and an earlier attempt can succeed once enough payments have come in.
//
// False means that time alone doesn't heal the error, or that the cancel may
// have been performed: an outcome of Unknown is never to be tried again.
func NotBefore(err error) (time.Time, bool) {
	if o := OutcomeOf(err); o != NotSent && o != Rejected {
		return time.Time{}, false
	}
	var rule *WalletRuleError
	if errors.As(err, &rule) {
		return rule.NotBefore, !rule.NotBefore.IsZero()
	}
	if api, ok := codesOf(err); ok && errors.Is(api, ErrDayBalance) && !api.At.IsZero() {
		return moscow.NextMidnight(api.At), true
	}
	return time.Time{}, false
}
