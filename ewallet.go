package assist

import (
	"strings"
	"unicode"
)

// Wallet is an e-wallet system, which has refund rules of its own (protocol
// §6). The zero value is NotWallet: a card or anything else.
type Wallet int

// The wallets with rules of their own.
const (
	NotWallet Wallet = iota
	WebMoney
	YandexMoney
	QIWI
)

// String gives the wallet's name, or "not a wallet".
func (w Wallet) String() string {
	switch w {
	case WebMoney:
		return "WebMoney"
	case YandexMoney:
		return "YandexMoney"
	case QIWI:
		return "QIWI"
	}
	return "not a wallet"
}

// WalletOf tells the wallet behind a mean type (protocol §9): 30 WebMoney, 32
// YandexMoney, 36 and 39-41 QIWI. All others are NotWallet.
func WalletOf(meanTypeID int) Wallet {
	switch meanTypeID {
	case 30:
		return WebMoney
	case 32:
		return YandexMoney
	case 36, 39, 40, 41:
		return QIWI
	}
	return NotWallet
}

// walletNames are the beginnings of wallets' names, as walletOfName compares
// them.
var walletNames = []struct {
	name   string
	wallet Wallet
}{
	{"webmoney", WebMoney}, {"yandexmoney", YandexMoney}, {"яндексденьги", YandexMoney}, {"qiwi", QIWI},
}

// walletOfName tells the wallet by the name of the mean of payment, for flat
// answers, which have no meantype_id (protocol §4). Names are compared by their
// letters alone: "Yandex.Money" and "YandexMoney" have both been seen.
func walletOfName(name string) Wallet {
	letters := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	for _, known := range walletNames {
		if strings.HasPrefix(letters, known.name) {
			return known.wallet
		}
	}
	return NotWallet
}

// wallet is the operation's, by number or, in a flat answer, by name.
func (o Operation) wallet() Wallet {
	if o.MeanTypeID != 0 {
		return WalletOf(o.MeanTypeID)
	}
	return walletOfName(o.MeanTypeName)
}
