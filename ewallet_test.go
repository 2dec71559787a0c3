package assist

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// "Wallets: WebMoney (meantype_id 30), YandexMoney (32), QIWI (36; 39, 40, 41
// QIWI Beeline, MTS, Megafon)." (protocol §6)
func TestWalletOf(t *testing.T) {
	t.Parallel()
	wallets := map[int]Wallet{30: WebMoney, 32: YandexMoney, 36: QIWI, 39: QIWI, 40: QIWI, 41: QIWI}
	for id := -1; id < 60; id++ {
		assert.Equal(t, wallets[id], WalletOf(id), id)
	}
	for wallet, name := range map[Wallet]string{
		NotWallet: "not a wallet", WebMoney: "WebMoney", YandexMoney: "YandexMoney", QIWI: "QIWI", Wallet(99): "not a wallet",
	} {
		assert.Equal(t, name, wallet.String())
	}
}

// "There is no operationstate, operationdate or meantype_id: judge by
// responsecode, the wallet by meantypename." (protocol §4)
func TestWalletOfFlatOperation(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Wallet{
		"WebMoney": WebMoney, "WEBMONEY": WebMoney, "WebMoney WMR": WebMoney,
		"YandexMoney": YandexMoney, "Yandex.Money": YandexMoney, "Яндекс.Деньги": YandexMoney,
		"QIWI": QIWI, "QIWI Beeline": QIWI, "Qiwi-MTS": QIWI,
		"YooMoney": YandexMoney, "ЮMoney": YandexMoney, "ЮМoney": YandexMoney, "юmoney кошелёк": YandexMoney, "Yandex Money": YandexMoney,
		"Яндекс": YandexMoney, "YANDEX": YandexMoney, "Яндекс Кошелёк": YandexMoney, "ЮМани": YandexMoney,
		"Киви": QIWI, "КИВИ-кошелёк": QIWI, "QIWI Tele2": QIWI, "QIWI Кошелёк": QIWI, "  qiwi  ": QIWI,
		"WebMoney WMZ": WebMoney, "Web Money": WebMoney, "Вебмани": WebMoney,
		"Yandex Pay": NotWallet, "Яндекс Пэй": NotWallet, "Qiwiland": NotWallet, "My QIWI": NotWallet, "WebMoneyish": NotWallet,
		"VISA": NotWallet, "": NotWallet, "Money": NotWallet, "\xff": NotWallet,
	} {
		assert.Equal(t, want, Operation{MeanTypeName: name}.Wallet(), name)
	}
	assert.Equal(t, NotWallet, Operation{MeanTypeID: 1, MeanTypeName: "QIWI"}.Wallet(), "the number knows better")
	assert.Equal(t, QIWI, Operation{MeanTypeID: 36, MeanTypeName: "VISA"}.Wallet())
	assert.Equal(t, QIWI, Operation{MeanTypeID: 42, MeanTypeName: "QIWI Tele2"}.Wallet(), "a number that no table has")
	assert.Equal(t, NotWallet, Operation{MeanTypeID: 42, MeanTypeName: "MIR"}.Wallet())
}

// An extended billnumber names its payment: beside the wallet's there may be
// others.
func TestWalletOfABillnumber(t *testing.T) {
	t.Parallel()
	order := ordered(op(t, "1", OperationPayment, 36, "7.00"), op(t, "2", OperationPayment, 21, "3.00"))
	assert.Equal(t, QIWI, order.walletOf(testPayment))
	assert.Equal(t, QIWI, order.walletOf(testPayment+".1"))
	assert.Equal(t, NotWallet, order.walletOf(testPayment+".2"))
	assert.Equal(t, NotWallet, (*Order)(nil).walletOf(testPayment))
}
