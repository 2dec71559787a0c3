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

// Wallet is the wallet that the operation is of. The number of its mean type
// tells it; where that is in no table or absent, as in flat answers (protocol
// §4), the name of the means does, by its first word and without regard to case.
func (o Operation) Wallet() Wallet {
	if w := WalletOf(o.MeanTypeID); w != NotWallet || isKnownMean(o.MeanTypeID) {
		return w
	}
	return walletOfName(o.MeanTypeName)
}

// isKnownMean tells the mean types of protocol §9 that are no wallets.
func isKnownMean(id int) bool { return id >= 1 && id <= 6 || id == 21 }

// walletNames are the beginnings of wallets' names, word by word. What Yandex
// called its wallet until 2020 is YooMoney since; other means of payment bear
// Yandex's own name too.
var walletNames = walletNamesOf(map[Wallet][]string{
	WebMoney:    {"webmoney", "web money", "вебмани"},
	YandexMoney: {"yandexmoney", "yandex money", "яндексденьги", "яндекс деньги", "яндекс кошелек", "yoomoney", "yoo money", "юmoney", "ю money", "юмани"},
	QIWI:        {"qiwi", "киви"},
})

type walletName struct {
	words  []string
	wallet Wallet
}

func walletNamesOf(table map[Wallet][]string) (names []walletName) {
	for w, texts := range table {
		for _, text := range texts {
			names = append(names, walletName{wordsOf(text), w})
		}
	}
	return names
}

func walletOfName(name string) Wallet {
	words := wordsOf(name)
	if len(words) == 1 && (words[0] == yandexAlone[0] || words[0] == yandexAlone[1]) {
		return YandexMoney
	}
	for _, known := range walletNames {
		if len(words) >= len(known.words) && strings.Join(words[:len(known.words)], " ") == strings.Join(known.words, " ") {
			return known.wallet
		}
	}
	return NotWallet
}

// yandexAlone names the wallet only where nothing follows.
var yandexAlone = [...]string{wordsOf("yandex")[0], wordsOf("яндекс")[0]}

// wordsOf gives a name's words, of letters alone.
func wordsOf(name string) []string {
	return strings.FieldsFunc(strings.Map(lookalike, strings.ToLower(name)), func(r rune) bool { return !unicode.IsLetter(r) })
}

// lookalike makes Latin letters of the Cyrillic ones that look the same: both
// have been typed into one name.
func lookalike(r rune) rune {
	const cyrillic, latin = "асекмотухё", "acekmotyxe"
	if i := strings.IndexRune(cyrillic, r); i >= 0 {
		return rune(latin[i/2]) // each takes two bytes
	}
	return r
}

// walletOf is the wallet that a billnumber's payment was made from, as far as
// the order tells. An extended one names its payment: beside a wallet there may
// be a card or bonus points.
func (o *Order) walletOf(b Billnumber) Wallet {
	if o == nil {
		return NotWallet
	}
	any := NotWallet
	for _, op := range o.Operations {
		if op.Billnumber == b && b.Operation() != 0 {
			return op.Wallet()
		}
		if w := op.Wallet(); w != NotWallet {
			any = w
		}
	}
	return any
}
