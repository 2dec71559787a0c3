package ledger

import "github.com/assist-go/assist"

// Rates are what the bank keeps of the payments on each wallet, in parts per
// million: 35_000 is 3.5 %. They stand in the merchant's contract and in no
// answer of Assist (protocol §5). From a wallet without a rate nothing can be given
// back: its balance isn't known, which is [assist.ErrNoRate]. 0 is a rate.
type Rates map[assist.Wallet]int

// wholeRate is 100 %.
const wholeRate = 1_000_000

// commissions are rates by wallet. Without a rate the bank counts as keeping all.
type commissions struct {
	rates [assist.QIWI + 1]int64
	known [assist.QIWI + 1]bool
}

func (r Rates) commissions() (commissions, error) {
	var all commissions
	for i := range all.rates {
		all.rates[i] = wholeRate
	}
	for w, rate := range r {
		if !isWallet(w) {
			return all, &assist.ValidationError{Field: "Rates", Reason: "must be for WebMoney, YandexMoney or QIWI"}
		}
		if rate < 0 || rate > wholeRate {
			return all, &assist.ValidationError{Field: "Rates", Reason: "must be from 0 to 1,000,000 parts per million"}
		}
		all.rates[w], all.known[w] = int64(rate), true
	}
	return all, nil
}

// on is the commission on one payment, rounded up to a whole minor unit: the
// balance must not come out higher than the bank's. Whole millions and the rest
// are taken apart so that 15 digits don't overflow.
func (c *commissions) on(w assist.Wallet, minor int64) int64 {
	rate := c.rates[w]
	return minor/wholeRate*rate + (minor%wholeRate*rate+wholeRate-1)/wholeRate
}

// has tells whether the wallet has a rate.
func (c *commissions) has(w assist.Wallet) bool { return c.known[w] }

func isWallet(w assist.Wallet) bool { return w > assist.NotWallet && w <= assist.QIWI }
