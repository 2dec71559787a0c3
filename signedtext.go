package assist

import "strings"

// isSignedText tells whether a signed text is one of the five layouts of
// protocol §8, from the answer's own fields.
func (a SignedAnswer) isSignedText(signed string) bool {
	for _, layout := range a.layouts() {
		if signed == layout {
			return true
		}
	}
	return false
}

// layouts gives every text that a signature of this answer may cover: the short
// one, and the nine fields joined by a comma or by nothing, with the
// operation's or the order's amount and currency. The documents disagree, so
// each is taken.
func (a SignedAnswer) layouts() []string {
	texts := make([]string, 0, 1+4*len(a.Operations))
	for _, orderAmount := range amountTexts(a.OrderAmount) {
		texts = append(texts, a.OrderNumber+orderAmount+a.OrderCurrency+a.OrderState+a.PacketDate)
	}
	for _, op := range a.Operations {
		for _, amount := range amountTexts(op.Amount) {
			texts = a.appendNine(texts, op, amount, op.Currency)
		}
		if a.OrderAmount == op.Amount && a.OrderCurrency == op.Currency {
			continue
		}
		for _, amount := range amountTexts(a.OrderAmount) {
			texts = a.appendNine(texts, op, amount, a.OrderCurrency)
		}
	}
	return texts
}

func (a SignedAnswer) appendNine(texts []string, op SignedOperation, amount, currency string) []string {
	fields := []string{
		op.Billnumber, a.OrderNumber, op.ResponseCode, amount, currency,
		op.MeanNumber, op.ApprovalCode, a.OrderState, a.PacketDate,
	}
	return append(texts, strings.Join(fields, ","), strings.Join(fields, ""))
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
