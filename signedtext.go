package assist

import (
	"iter"
	"strings"
)

// SignedTexts gives every text that a signature of this answer may cover
// (protocol §8): the short one, and the nine fields joined by a comma or by
// nothing, with the operation's or the order's amount and currency. Assist's
// documents disagree about the layout, so each is right. A [Verifier] accepts an
// answer when the text that was signed equals one of them.
func (a SignedAnswer) SignedTexts() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, orderAmount := range amountTexts(a.OrderAmount) {
			if !yield(a.OrderNumber + orderAmount + a.OrderCurrency + a.OrderState + a.PacketDate) {
				return
			}
		}
		for i := range a.Operations {
			if !a.yieldNine(&a.Operations[i], yield) {
				return
			}
		}
	}
}

// yieldNine gives the layouts of nine fields for one operation.
func (a SignedAnswer) yieldNine(op *SignedOperation, yield func(string) bool) (more bool) {
	both := func(amount, currency string) bool {
		fields := []string{
			op.Billnumber, a.OrderNumber, op.ResponseCode, amount, currency,
			op.MeanNumber, op.ApprovalCode, a.OrderState, a.PacketDate,
		}
		return yield(strings.Join(fields, ",")) && yield(strings.Join(fields, ""))
	}
	for _, amount := range amountTexts(op.Amount) {
		if !both(amount, op.Currency) {
			return false
		}
	}
	if a.OrderAmount == op.Amount && a.OrderCurrency == op.Currency {
		return true
	}
	for _, amount := range amountTexts(a.OrderAmount) {
		if !both(amount, a.OrderCurrency) {
			return false
		}
	}
	return true
}

// amountTexts gives the ways in which an amount may stand in a signed text:
// with two decimals, which a JSON number may have lost, and as it was sent
// (protocol §8). Both are the same money.
func amountTexts(sent string) []string {
	whole, fraction, pointed := strings.Cut(sent, ".")
	if whole == "" || !allDigits(whole) || !allDigits(fraction) || len(fraction) >= 2 || pointed && fraction == "" {
		return []string{sent}
	}
	return []string{whole + "." + fraction + "00"[len(fraction):], sent}
}
