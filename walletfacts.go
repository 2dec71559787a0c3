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
	// Balance is the merchant's day balance on the wallet, or nil where it isn't
	// known or is watched elsewhere.
	Balance *Money
	Now     time.Time
}

// WalletFactsOf reads the facts out of an order with its operations. The order's
// readings are the careful ones:
//
//   - The payment is what was paid by one mean of payment: the operations of type
//     100 or 200 with success. Where there are confirmations (200), they are the
//     payment, because an authorisation only held the money. The latest of them
//     says when it was paid.
//   - Every operation of type 300 counts as gone back, unless it was declined:
//     what is in process may still move. Which of two payments by the same mean
//     it reversed isn't listed, so it is held against the sum of them.
//   - An extended billnumber names its payment. With a plain one, a part of an
//     order with several payments can't be judged, which Assist refuses too
//     (protocol §3). All of it can: what is left of each goes back, and the facts
//     are those of the wallet among them.
//   - Without an amount, what is left goes back.
//
// An order that doesn't agree with the request, lists no successful payment, or
// leaves open which one is meant, is a [*ValidationError]. The order must list
// all of its operations, as [Client.OrderResult] gives it; the one in an answer
// to a cancel doesn't.
func WalletFactsOf(o Order, req CancelRequest, now time.Time) (WalletFacts, error) {
	// The caller's date of the order is for finding it.
	req.Order, req.OrderDate = &o, o.Date
	if err := req.checkOrder(); err != nil {
		return WalletFacts{}, err
	}
	all, err := paidByMean(o.Operations)
	if err != nil {
		return WalletFacts{}, err
	}
	paid, err := meant(all, req)
	if err != nil {
		return WalletFacts{}, err
	}
	facts := WalletFacts{
		Wallet: paid.wallet, PaidAt: paid.paidAt(), Paid: paid.money(paid.paid()), Refunded: paid.money(paid.refunded),
		Cancel: req.Amount, Now: now,
	}
	if req.Amount == (Money{}) {
		facts.Cancel = paid.money(paid.left())
	}
	return facts, nil
}

// paidPart is what was paid by one mean of payment. Amounts are in minor units.
type paidPart struct {
	mean       meanOfPayment
	wallet     Wallet
	latest     time.Time
	undated    bool // one of the payments has no date
	currency   string
	authorised int64 // sum of type 100
	confirmed  int64 // sum of type 200
	refunded   int64
	operations []Operation // the payments
}

// meanOfPayment tells the parts of an order apart. Flat answers have the name
// alone.
type meanOfPayment struct {
	id   int
	name string
}

func meanOf(op Operation) meanOfPayment {
	if op.MeanTypeID != 0 {
		return meanOfPayment{id: op.MeanTypeID}
	}
	return meanOfPayment{name: op.MeanTypeName}
}

func (p *paidPart) paid() int64 {
	if p.confirmed > 0 {
		return p.confirmed
	}
	return p.authorised
}

func (p *paidPart) left() int64 { return max(p.paid()-p.refunded, 0) }

// money is for what was money before, added up within the limit.
func (p *paidPart) money(minor int64) Money { return Money{minor: minor, currency: p.currency} }

func (p *paidPart) paidAt() time.Time {
	if p.undated {
		return time.Time{}
	}
	return p.latest
}

func (p *paidPart) date(t time.Time) {
	p.undated = p.undated || t.IsZero()
	if t.After(p.latest) {
		p.latest = t
	}
}

// paidByMean sorts an order's operations into payments and what went back of
// each.
func paidByMean(operations []Operation) ([]*paidPart, error) {
	var parts []*paidPart
	for _, op := range operations {
		if !isPaid(op) {
			continue
		}
		part := partBy(&parts, op)
		if op.Amount.Currency() != parts[0].currency {
			return nil, twoCurrencies()
		}
		if op.Type == OperationConfirmation {
			part.confirmed = min(part.confirmed+op.Amount.Minor(), maxMinor)
		} else {
			part.authorised = min(part.authorised+op.Amount.Minor(), maxMinor)
		}
		part.date(op.Date)
		part.operations = append(part.operations, op)
	}
	if len(parts) == 0 {
		return nil, &ValidationError{Field: "Order", Reason: "lists no successful payment, so the wallet rules can't be checked"}
	}
	for _, op := range operations {
		if op.Type != OperationCancel || followedStage(op) == stageDeclined {
			continue
		}
		if op.Amount.Currency() != parts[0].currency {
			return nil, twoCurrencies()
		}
		mean := meanOf(op)
		for _, part := range parts {
			// A cancel that doesn't say what it was of may be of any.
			if len(parts) == 1 || mean == part.mean || mean == (meanOfPayment{}) {
				part.refunded = min(part.refunded+op.Amount.Minor(), maxMinor)
			}
		}
	}
	return parts, nil
}

func isPaid(op Operation) bool {
	return (op.Type == OperationPayment || op.Type == OperationConfirmation) && followedStage(op) == stageSucceeded
}

func partBy(parts *[]*paidPart, op Operation) *paidPart {
	mean := meanOf(op)
	for _, part := range *parts {
		if part.mean == mean {
			return part
		}
	}
	part := &paidPart{mean: mean, wallet: op.wallet(), currency: op.Amount.Currency()}
	*parts = append(*parts, part)
	return part
}

func twoCurrencies() error {
	return &ValidationError{Field: "Order", Reason: "lists operations in two currencies"}
}

// meant chooses what the cancel is about.
func meant(parts []*paidPart, req CancelRequest) (*paidPart, error) {
	if req.Billnumber.Operation() != 0 {
		return named(parts, req.Billnumber)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	if req.Amount != (Money{}) {
		return nil, &ValidationError{Field: "Billnumber", Reason: "must be extended for a part of an order with several payments"}
	}
	return together(parts)
}

// named finds the payment of an extended billnumber. Of several by the same mean
// no more is left than of all of them.
func named(parts []*paidPart, b Billnumber) (*paidPart, error) {
	for _, part := range parts {
		for _, op := range part.operations {
			if op.Billnumber != b {
				continue
			}
			if part.confirmed > 0 {
				return part, nil
			}
			one := *part
			one.authorised = op.Amount.Minor()
			one.refunded = one.authorised - min(one.authorised, part.left())
			return &one, nil
		}
	}
	return nil, &ValidationError{Field: "Billnumber", Reason: "doesn't name a successful payment of the order"}
}

// together adds up what a full cancel takes: what is left of the wallet's
// payments, or of all where no wallet is among them. Cards and bonus points
// beside a wallet have no rules of their own.
func together(parts []*paidPart) (*paidPart, error) {
	sum := &paidPart{currency: parts[0].currency}
	for _, part := range parts {
		if part.wallet == NotWallet || part.left() == 0 {
			continue
		}
		if sum.wallet != NotWallet && sum.wallet != part.wallet {
			return nil, &ValidationError{Field: "Billnumber", Reason: "must be extended for an order paid from two wallets: cancel them one by one"}
		}
		sum.wallet = part.wallet
	}
	for _, part := range parts {
		if sum.wallet != NotWallet && (part.wallet != sum.wallet || part.left() == 0) {
			continue
		}
		sum.authorised = min(sum.authorised+part.paid(), maxMinor)
		sum.refunded = min(sum.refunded+part.refunded, maxMinor)
		sum.date(part.paidAt())
	}
	return sum, nil
}
