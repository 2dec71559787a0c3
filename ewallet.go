package assist

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
