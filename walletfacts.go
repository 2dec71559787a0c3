package assist

import "time"

// WalletFacts is all that the wallet rules go by (protocol §6).
type WalletFacts struct {
	// Wallet that the payment was made from. For [NotWallet] only the amounts are
	// looked at.
	Wallet Wallet
	// PaidAt is when the customer paid. Zero counts as today.
	PaidAt time.Time
	// Paid is the payment, Refunded what went back of it or may still go back,
	// Cancel what is to go back now. Refunded may be Money{}: nothing.
	Paid, Refunded, Cancel Money
	// Doubtful is the part of Refunded that ended without a result: it may have
	// gone back or not. DoubtfulAt is when the latest of it was made. Money{} is
	// nothing.
	Doubtful   Money
	DoubtfulAt time.Time
	// Balance is the merchant's day balance on the wallet, or nil where it isn't
	// known or is watched elsewhere.
	Balance *Money
	Now     time.Time
}

// doubtLasts is for how long a cancel without a result counts as gone back. After
// that the rules leave it to Assist, which knows, and to the person who decides
// about its intent: else the payment could never be given back.
const doubtLasts = 30 * 24 * time.Hour

// WalletFactsOf reads the facts out of an order with its operations. The order's
// readings are the careful ones:
//
//   - The payment is what was paid by one means of payment, or from one wallet:
//     the operations of type 100 or 200 with success. Where there are
//     confirmations (200), they are the payment, because an authorisation only held
//     the money; what was cancelled before them reduced the hold alone. The latest
//     says when it was paid. One without a date was made on that of the order.
//   - Every operation of type 300 counts as gone back, unless it was declined:
//     what is in process may still move. One that ended without a result, in the
//     state Timeout for example, is Doubtful, and counts for thirty days.
//   - Amounts are compared in the currency of the payments; the order's own may be
//     another (protocol §4). What was cancelled in another currency, and what can't
//     be told to lie behind the confirmation, isn't counted: Assist knows.
//   - An extended billnumber names its payment. With a plain one, a part of an
//     order with several payments can't be judged, which Assist refuses too
//     (protocol §3). All of it can: what is left of each goes back, and the facts
//     are those of the wallet among them.
//   - Which of two payments by the same means a cancel reversed isn't listed, so it
//     is held against the sum of them; so is one that doesn't say what it was of.
//   - Without an amount, what is left goes back.
//
// An order that doesn't agree with the request, lists no successful payment, or
// leaves open which one is meant, is a [*ValidationError]. The order must list
// all of its operations, as [Client.OrderResult] gives it; the one in an answer
// to a cancel doesn't.
func WalletFactsOf(o Order, req CancelRequest, now time.Time) (WalletFacts, error) {
	// The caller's date of the order is for finding it, and the order's own amount
	// may be in another currency than its payments.
	known := o
	known.Amount = Money{}
	req.Order, req.OrderDate = &known, o.Date
	if err := req.checkOrder(); err != nil {
		return WalletFacts{}, err
	}
	all, err := paidPartsOf(o, now)
	if err != nil {
		return WalletFacts{}, err
	}
	paid, err := all.meant(req)
	if err != nil {
		return WalletFacts{}, err
	}
	money := func(minor int64) Money { return Money{minor: min(minor, maxMinor), currency: paid.currency} }
	facts := WalletFacts{
		Wallet: paid.wallet, PaidAt: paid.at(), Paid: money(paid.paid), Refunded: money(paid.refunded), Cancel: req.Amount, Now: now,
	}
	if paid.doubtful > 0 {
		facts.Doubtful, facts.DoubtfulAt = money(paid.doubtful), paid.doubtfulAt
	}
	if req.Amount == (Money{}) {
		facts.Cancel = money(paid.left())
	}
	return facts, nil
}
