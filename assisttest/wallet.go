package assisttest

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// wallet is an e-wallet system with rules of its own (protocol §6).
type wallet string

const (
	noWallet    wallet = ""
	webMoney    wallet = "WebMoney"
	yandexMoney wallet = "YandexMoney"
	qiwi        wallet = "QIWI"
)

// walletOf goes by the mean type's id, and by the first word of its name where
// the id is in no table (inferred).
func walletOf(op *operation) wallet { return walletBy(op.mean, op.name()) }

func walletBy(meanType int, name string) wallet {
	switch {
	case meanType == 30:
		return webMoney
	case meanType == 32:
		return yandexMoney
	case meanType == 36, meanType >= 39 && meanType <= 41:
		return qiwi
	case meanName(meanType) != "":
		return noWallet
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(char rune) bool { return !unicode.IsLetter(char) })
	if len(words) == 0 {
		return noWallet
	}
	switch words[0] {
	case "webmoney", "вебмани":
		return webMoney
	case "yandexmoney", "yandex", "yoomoney", "яндекс", "юmoney", "юмани":
		return yandexMoney
	case "qiwi", "киви":
		return qiwi
	}
	return noWallet
}

// option names a wallet as package assist does.
func (w wallet) option() string { return "assist." + string(w) }

// ledgerKey is what a day balance is kept for.
type ledgerKey struct {
	wallet   wallet
	day      moscowDay
	currency string
}

// book adds money to the balance of a wallet's Moscow day, or takes it away.
func (m *merchant) book(w wallet, at time.Time, a amount) {
	if w != noWallet {
		m.ledger[ledgerKey{w, moscowDayOf(at), a.currency}] += a.minor
	}
}

// bookPaid adds a payment without the bank's commission. A hold adds nothing; its
// confirmation does, on the day on which it is made (inferred).
func (s *Server) bookPaid(m *merchant, op *operation) {
	if w := walletOf(op); w != noWallet && !op.isHold() {
		m.book(w, op.at, amount{op.amount.minor - s.commissionOn(w, op.amount), op.amount.currency})
	}
}

// bookCancel takes a cancel out of the day on which it was asked for, or gives it
// back to that day. The release of a hold was never in one.
func (m *merchant) bookCancel(op *operation, sign int64) {
	if !op.reverses.delayed {
		m.book(walletOf(op), op.at, amount{sign * op.amount.minor, op.amount.currency})
	}
}

// commissionOn is what the bank keeps of a payment, rounded up to a whole minor
// unit: the balance must not come out higher than the bank's.
func (s *Server) commissionOn(w wallet, a amount) int64 {
	rate := s.commission[w]
	whole, part := a.minor/1_000_000, a.minor%1_000_000
	return whole*rate + (part*rate+999_999)/1_000_000
}

// balance is what a wallet still allows to give back on the Moscow day of now. It
// begins every day with nothing, or with the opening balance.
// A refund in process counts as given back: else two of them could pass
// together (inferred; protocol §6 speaks of successful refunds).
func (s *Server) balance(m *merchant, w wallet, now time.Time, currency string) int64 {
	balance := m.ledger[ledgerKey{w, moscowDayOf(now), currency}]
	if opening := s.opening[w]; opening.currency == currency {
		balance += opening.minor
	}
	return balance
}

// walletRefuses applies the bans of protocol §6 to a cancel of one payment. They
// last for the Moscow day of the payment (inferred), of its confirmation where it
// was confirmed.
func walletRefuses(payment *operation, a amount, now time.Time) *refusal {
	w := walletOf(payment)
	if w == noWallet || moscowDayOf(payment.at) != moscowDayOf(now) {
		return nil
	}
	if w == qiwi || a.minor < payment.amount.minor {
		return refuseOfDay(w)
	}
	return nil
}

// refuseTurnover is the refusal of protocol §6, in its words.
func refuseTurnover(w wallet, balance, asked amount) *refusal {
	return &refusal{
		first: codeValue, second: aboutAmount,
		russian: "Сумма отмены больше оборота мерчанта за текущий день",
		english: "The amount of cancellation is more than merchant turnover for the current day",
		hint: fmt.Sprintf("assisttest: %s %s are to go back by %s and the Moscow day allows %s: book payments of that day with Pay, "+
			"or give the server WithOpeningBalance(%s, …)", asked.text(), asked.currency, w, balance.text(), w.option()),
	}
}

func refuseOfDay(w wallet) *refusal {
	what := "a part of a payment"
	if w == qiwi {
		what = "a payment"
	}
	return &refusal{
		first: codeProhibited, second: aboutCancel,
		russian: "Операция отмены запрещена в течение календарных суток",
		english: "The cancellation is prohibited during the calendar day",
		hint: fmt.Sprintf("assisttest: %s by %s can't go back on its own Moscow day: let the payment be older with Payment.PaidAt, "+
			"or move the server's clock with Advance", what, w),
	}
}
