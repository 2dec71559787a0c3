package assist

import (
	"strings"
	"time"

	"github.com/assist-go/assist/internal/moscow"
)

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
