package assisttest

import "time"

// wallet is an e-wallet system with rules of its own (protocol §6).
type wallet string

const (
	noWallet    wallet = ""
	webMoney    wallet = "WebMoney"
	yandexMoney wallet = "YandexMoney"
	qiwi        wallet = "QIWI"
)

func walletOf(meanType int) wallet {
	switch {
	case meanType == 30:
		return webMoney
	case meanType == 32:
		return yandexMoney
	case meanType == 36, meanType >= 39 && meanType <= 41:
		return qiwi
	}
	return noWallet
}

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

// commissionOn is what the bank keeps of a payment, rounded up to a whole minor
// unit: the balance must not come out higher than the bank's.
func (s *Server) commissionOn(w wallet, a amount) int64 {
	rate := s.commission[w]
	whole, part := a.minor/10_000, a.minor%10_000
	return whole*rate + (part*rate+9_999)/10_000
}

// balance is what a wallet still allows to give back on the Moscow day of now.
// A refund in process counts as given back: else two of them could pass
// together (inferred; protocol §6 speaks of successful refunds).
func (s *Server) balance(m *merchant, w wallet, now time.Time, currency string) int64 {
	balance := m.ledger[ledgerKey{w, moscowDayOf(now), currency}]
	if opening := s.opening[w]; opening.currency == currency {
		balance += opening.minor
	}
	return balance
}

// walletRefuses applies the rules of protocol §6 to a cancel of one payment.
// The ban lasts for the Moscow day of the payment (inferred).
func walletRefuses(payment *operation, a amount, now time.Time) *refusal {
	w := walletOf(payment.mean)
	if w == noWallet || moscowDayOf(payment.date) != moscowDayOf(now) {
		return nil
	}
	if w == qiwi || a.minor < payment.amount.minor {
		return refuseOfDay()
	}
	return nil
}
