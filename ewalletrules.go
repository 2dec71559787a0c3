package assist

import (
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
//   - [ErrCancelInDoubt]: it would not be more without what is Doubtful of Refunded.
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
	if nothing := f.Cancel.IsZero() && left.IsZero(); nothing || f.Cancel.Minor() > left.Minor() {
		e := broken(ErrExceedsPayment)
		e.Available = left
		if doubtful := f.Doubtful.Minor(); doubtful > 0 && (nothing || f.Cancel.Minor() <= left.Minor()+doubtful) {
			e.Rule, e.Doubtful, e.DoubtfulAt = ErrCancelInDoubt, f.Doubtful, f.DoubtfulAt
		}
		return e
	}
	if f.Cancel.IsZero() {
		return invalid("Cancel", "must be an amount")
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
		e.Available, e.NotBefore = *f.Balance, moscow.Late(f.Now)
		return e
	}
	return nil
}

// left is what can still go back of the payment. Money{} is nothing, in any
// currency.
func (f WalletFacts) left() (Money, error) {
	amounts := []Money{f.Paid, f.Refunded, f.Cancel, f.Doubtful}
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
	// Rule is ErrPartialSameDay, ErrQIWISameDay, ErrDayBalance, ErrExceedsPayment,
	// ErrCancelInDoubt or ErrNoRate.
	Rule       error
	Billnumber Billnumber // of the cancel; empty outside of one
	Wallet     Wallet
	Cancel     Money // what was to go back
	// NotBefore is when the cancel makes sense again, in UTC. Of a ban it is the
	// Moscow midnight that ends it. With ErrDayBalance it is a moment in the final
	// hour of a Moscow day, when most payments have come in; it can go earlier. Zero
	// where time heals nothing.
	NotBefore time.Time
	// Available is what could go back now, with ErrDayBalance, ErrExceedsPayment and
	// ErrCancelInDoubt.
	Available Money
	// Doubtful is what earlier cancels of the payment may have given back, with
	// ErrCancelInDoubt, and DoubtfulAt when the latest of them was made.
	Doubtful   Money
	DoubtfulAt time.Time
	// AsOf says how fresh the figures of the day balance are; zero where they are
	// kept as things happen. Stale figures are older than they should be, or of
	// no use yet: payments may be missing from them.
	AsOf  time.Time
	Stale bool
}

// Error is for the merchant: unlike Text it tells the balance and how fresh it is.
func (e *WalletRuleError) Error() string {
	subject := "cancel"
	if e.Billnumber != "" {
		subject += " " + string(e.Billnumber)
	}
	text := "assist: " + subject + ": not sent: "
	switch e.Rule {
	case ErrNoRate:
		return text + "no rate is set for the bank's commission on " + e.Wallet.String() + ", so its day balance isn't known"
	case ErrDayBalance:
		text += e.Cancel.String() + " is more than the day balance of " + e.Wallet.String() + ", which is " + e.Available.String() + e.freshness() + "; "
	}
	return text + e.Text(LanguageEN)
}

// freshness is added to figures that are out of date.
func (e *WalletRuleError) freshness() string {
	switch {
	case !e.Stale:
		return ""
	case e.AsOf.IsZero():
		return " (the payments of the day are not known yet)"
	}
	return " (as of " + inMoscow(e.AsOf, LanguageEN) + ", which is out of date)"
}

// Unwrap gives the rule.
func (e *WalletRuleError) Unwrap() error { return e.Rule }

// Outcome is [NotSent].
func (e *WalletRuleError) Outcome() Outcome { return NotSent }

// Text says what is wrong and when it would go, in words that a customer can be
// shown: nothing of the merchant's own affairs is in it. Times are Moscow's.
func (e *WalletRuleError) Text(l Language) string {
	return strings.NewReplacer(
		"{wallet}", e.Wallet.String(), "{cancel}", sumText(e.Cancel, l), "{available}", sumText(e.Available, l),
		"{doubtful}", sumText(e.Doubtful, l), "{midnight}", inMoscow(e.NotBefore, l), "{day}", dayInMoscow(e.DoubtfulAt, l),
	).Replace(e.ruleText().in(l))
}

// ruleText says what a rule means. The words in braces are filled in.
func (e *WalletRuleError) ruleText() words {
	switch e.Rule {
	case ErrPartialSameDay:
		return words{
			"часть платежа {wallet} нельзя вернуть в день оплаты; возврат возможен с {midnight} по московскому времени",
			"part of a {wallet} payment can't be refunded on the day of the payment; it can be refunded from {midnight} Moscow time",
		}
	case ErrQIWISameDay:
		return words{
			"платёж {wallet} нельзя вернуть в день оплаты; возврат возможен с {midnight} по московскому времени",
			"a {wallet} payment can't be refunded on the day of the payment; it can be refunded from {midnight} Moscow time",
		}
	case ErrDayBalance:
		return words{
			"вернуть {cancel} через {wallet} сейчас нельзя; возврат возможен сегодня позже, до конца дня по московскому времени, или на следующий день",
			"{cancel} can't be refunded through {wallet} at the moment; it can be refunded later today, by the end of the day in Moscow, or on the next day",
		}
	case ErrNoRate:
		return words{"возврат через {wallet} сейчас невозможен", "refunds through {wallet} aren't available at the moment"}
	case ErrCancelInDoubt:
		if e.DoubtfulAt.IsZero() {
			return words{
				"результат предыдущего возврата ({doubtful}) по этому платежу ещё неизвестен",
				"the result of an earlier refund of this payment ({doubtful}) isn't known yet",
			}
		}
		return words{
			"результат предыдущего возврата ({doubtful} от {day}) по этому платежу ещё неизвестен",
			"the result of an earlier refund of this payment ({doubtful}, made on {day}) isn't known yet",
		}
	case ErrExceedsPayment:
		if e.Available.IsZero() {
			return words{
				"возвращать нечего: платёж уже возвращён или возвращается",
				"there is nothing left to refund: the payment has been refunded, or its refund is under way",
			}
		}
		return words{
			"сумма возврата {cancel} больше остатка платежа ({available})",
			"{cancel} is more than what is left of the payment ({available})",
		}
	}
	return words{"правило кошелька нарушено", "a wallet rule is broken"}
}

// inMoscow writes an instant as it is written where the language is spoken.
func inMoscow(t time.Time, l Language) string {
	if l == LanguageEN {
		return t.In(moscow.Location()).Format("2 January 2006, 15:04")
	}
	return t.In(moscow.Location()).Format("02.01.2006 15:04")
}

func dayInMoscow(t time.Time, l Language) string {
	if l == LanguageEN {
		return t.In(moscow.Location()).Format("2 January 2006")
	}
	return t.In(moscow.Location()).Format("02.01.2006")
}

// sumText writes an amount for a customer: "12 345,60 ₽" in Russian, with spaces
// that don't break.
func sumText(m Money, l Language) string {
	if l == LanguageEN {
		return m.String()
	}
	sign := m.Currency()
	if sign == "RUB" {
		sign = "₽"
	}
	whole, fraction, broken := strings.Cut(m.Amount(), ".")
	// Four digits stand together in Russian.
	if len(whole) > 4 {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "\u00a0" + whole[i:]
		}
	}
	if broken {
		whole += "," + fraction
	}
	return whole + " " + sign
}
