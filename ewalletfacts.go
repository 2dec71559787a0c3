package assist

import (
	"strings"
	"time"
)

// paidSum is what was paid and what went back of it. Amounts are in minor units.
type paidSum struct {
	wallet                   Wallet
	currency                 string
	paid, refunded, doubtful int64
	doubtfulAt               time.Time // of the latest
	latest                   time.Time // payment
	undated                  bool      // one of the payments has no date
}

func (s *paidSum) left() int64 { return max(s.paid-s.refunded, 0) }

func (s *paidSum) at() time.Time {
	if s.undated {
		return time.Time{}
	}
	return s.latest
}

func (s *paidSum) date(t time.Time) {
	s.undated = s.undated || t.IsZero()
	if t.After(s.latest) {
		s.latest = t
	}
}

// bound allows no more than so much to be left.
func (s *paidSum) bound(left int64) {
	s.refunded = max(s.refunded, s.paid-left)
	s.doubtful = min(s.doubtful, s.refunded)
}

// add puts another payment's sum to this one.
func (s *paidSum) add(o *paidSum) {
	s.paid = min(s.paid+o.paid, maxMinor)
	s.refunded = min(s.refunded+o.refunded, maxMinor)
	s.doubtful = min(s.doubtful+o.doubtful, s.refunded)
	if o.doubtfulAt.After(s.doubtfulAt) {
		s.doubtfulAt = o.doubtfulAt
	}
	s.date(o.at())
}

// paidPart is one means of payment of an order in one currency, or one wallet.
type paidPart struct {
	paidSum
	payments  []Operation
	cancels   []Operation // of this part, and none of another
	confirmed bool
}

// sum fills in the part's sum.
func (p *paidPart) sum() {
	p.paid, p.refunded = p.held(p.cancels)
	var sure []Operation
	for _, op := range p.cancels {
		if !isInDoubt(op) {
			sure = append(sure, op)
		} else if op.Date.After(p.doubtfulAt) {
			p.doubtfulAt = op.Date
		}
	}
	if len(sure) < len(p.cancels) {
		_, known := p.held(sure)
		p.doubtful = max(p.refunded-known, 0)
	}
}

// held is what the part's payments hold. Where that can't be computed, it is the
// most that may be left: the rules forbid nothing by what they don't know.
func (p *paidPart) held(cancels []Operation) (paid, refunded int64) {
	all := append(append([]Operation(nil), p.payments...), cancels...)
	if h, known := holdingsOf(all, nil)[p.currency]; known {
		return h.paid, h.returned
	}
	var last *Operation
	for i := range p.payments {
		op := &p.payments[i]
		if op.Type != OperationConfirmation {
			continue
		}
		if last != nil {
			if before, known := cameBefore(last, op); known && !before {
				continue
			}
		}
		last = op
	}
	confirmed := make(map[meanOfPayment]bool)
	for _, op := range p.payments {
		confirmed[meanOf(op)] = confirmed[meanOf(op)] || op.Type == OperationConfirmation
	}
	for _, op := range p.payments {
		if op.Type == OperationConfirmation || !confirmed[meanOf(op)] {
			paid = min(paid+op.Amount.Minor(), maxMinor)
		}
	}
	for i := range cancels {
		if last != nil {
			if behind, known := cameBefore(last, &cancels[i]); !known || !behind {
				continue
			}
		}
		refunded = min(refunded+cancels[i].Amount.Minor(), maxMinor)
	}
	return paid, refunded
}

// partKey tells the parts of an order apart: one wallet is one part, by whatever
// operator and however it is written.
type partKey struct {
	wallet   Wallet
	mean     meanOfPayment
	currency string
}

// paidParts are an order's payments by their means, in the order of the listing.
type paidParts struct {
	parts []*paidPart
	by    map[partKey]*paidPart
	ids   map[string]int // of the means that are also listed by their number
	// unlinked are the cancels that don't say which of several parts they were of.
	unlinked []Operation
}

// paidPartsOf sorts an order's operations into payments and what went back of
// each.
func paidPartsOf(o Order, now time.Time) (*paidParts, error) {
	all := &paidParts{by: make(map[partKey]*paidPart), ids: make(map[string]int)}
	for _, op := range o.Operations {
		if op.MeanTypeID != 0 && op.MeanTypeName != "" {
			all.ids[strings.ToLower(op.MeanTypeName)] = op.MeanTypeID
		}
	}
	for _, op := range o.Operations {
		if !isPaid(op) {
			continue
		}
		op = all.named(op)
		part := all.partOf(op)
		if op.Date.IsZero() {
			op.Date = o.Date
		}
		part.payments = append(part.payments, op)
		part.confirmed = part.confirmed || op.Type == OperationConfirmation
		part.date(op.Date)
	}
	if len(all.parts) == 0 {
		return nil, invalid("Order", "lists no successful payment, so the wallet rules can't be checked")
	}
	for _, op := range o.Operations {
		lapsed := isInDoubt(op) && !op.Date.IsZero() && now.Sub(op.Date) > doubtLasts
		if op.Type == OperationCancel && followedStage(op) != stageDeclined && !lapsed {
			all.take(all.named(op))
		}
	}
	for _, part := range all.parts {
		part.sum()
	}
	return all, nil
}

// named gives an operation the number of its means where another one tells it.
func (a *paidParts) named(op Operation) Operation {
	if op.MeanTypeID == 0 {
		op.MeanTypeID = a.ids[strings.ToLower(op.MeanTypeName)]
	}
	return op
}

func keyOf(op Operation) partKey {
	if w := op.Wallet(); w != NotWallet {
		return partKey{wallet: w, currency: op.Amount.Currency()}
	}
	return partKey{mean: meanOf(op), currency: op.Amount.Currency()}
}

func (a *paidParts) partOf(op Operation) *paidPart {
	key := keyOf(op)
	part := a.by[key]
	if part == nil {
		part = &paidPart{paidSum: paidSum{wallet: key.wallet, currency: key.currency}}
		a.by[key] = part
		a.parts = append(a.parts, part)
	}
	return part
}

// take gives a cancel to the part that it was of.
func (a *paidParts) take(op Operation) {
	part := a.by[keyOf(op)]
	if part == nil && len(a.parts) == 1 && a.parts[0].currency == op.Amount.Currency() {
		part = a.parts[0]
	}
	if part == nil {
		a.unlinked = append(a.unlinked, op)
		return
	}
	part.cancels = append(part.cancels, op)
}

// leftOfAll is what can still go back of all parts in a currency together.
func (a *paidParts) leftOfAll(currency string) (left int64) {
	for _, part := range a.parts {
		if part.currency == currency {
			left = min(left+part.left(), maxMinor)
		}
	}
	for _, op := range a.unlinked {
		if op.Amount.Currency() == currency {
			left -= min(op.Amount.Minor(), left)
		}
	}
	return left
}

// chosenBy gives the payment that the cancel is about.
func (a *paidParts) chosenBy(req CancelRequest) (*paidSum, error) {
	if req.Billnumber.Operation() != 0 {
		return a.ofOperation(req.Billnumber)
	}
	if len(a.parts) == 1 {
		return &a.parts[0].paidSum, nil
	}
	if req.Amount != (Money{}) {
		return nil, invalid("Billnumber", "must be extended for a part of an order with several payments")
	}
	return a.ofFullCancel()
}

// ofOperation finds the payment of an extended billnumber. Of several by the same means
// no more is left than of all of them.
func (a *paidParts) ofOperation(b Billnumber) (*paidSum, error) {
	for _, part := range a.parts {
		for _, op := range part.payments {
			if op.Billnumber != b {
				continue
			}
			one := part.paidSum
			if !part.confirmed {
				one.paid, one.refunded = op.Amount.Minor(), 0
				one.latest, one.undated = op.Date, op.Date.IsZero()
				one.bound(part.left())
			}
			one.bound(a.leftOfAll(part.currency))
			return &one, nil
		}
	}
	return nil, invalid("Billnumber", "doesn't name a successful payment of the order")
}

// ofFullCancel adds up what a full cancel takes: what is left of the wallet's
// payments, or of all where no wallet is among them. Cards and bonus points
// beside a wallet have no rules of their own.
func (a *paidParts) ofFullCancel() (*paidSum, error) {
	sum := &paidSum{currency: a.parts[0].currency}
	for _, part := range a.parts {
		if part.currency != sum.currency {
			return nil, invalid("Billnumber", "must be extended for an order paid in two currencies")
		}
		if part.wallet == NotWallet || part.left() == 0 {
			continue
		}
		if sum.wallet != NotWallet && sum.wallet != part.wallet {
			return nil, invalid("Billnumber", "must be extended for an order paid from two wallets: cancel them one by one")
		}
		sum.wallet = part.wallet
	}
	for _, part := range a.parts {
		if sum.wallet == NotWallet || part.wallet == sum.wallet && part.left() > 0 {
			sum.add(&part.paidSum)
		}
	}
	sum.bound(a.leftOfAll(sum.currency))
	return sum, nil
}

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
	paid, err := all.chosenBy(req)
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
