package refunds

import (
	"fmt"
	"slices"
	"time"

	"github.com/assist-go/assist"
)

// objectionError says why an order, as it is, speaks against sending.
type objectionError struct{ why string }

func (e *objectionError) Error() string { return "refunds: " + e.why }

// objection is what of the order speaks against sending: money that may be this
// refund's own and that the store doesn't know of, because it was made by hand,
// or by an attempt that was lost with the database.
func objection(v *view, order *assist.Order, now time.Time) string {
	if why := stranger(v, order.Operations); why != "" || v.r.Whole == 0 {
		return why
	}
	asked := money(v.r.Minor, v.r.Currency)
	_, left, err := paidAndLeft(order, assist.Billnumber(v.r.Billnumber), now)
	switch {
	case err != nil:
		return fmt.Sprintf("all that is left was asked for, which was %s, and what is left can't be told: %s", asked, err)
	case left != asked:
		return fmt.Sprintf("all that is left was asked for, which was %s and is %s", asked, left)
	}
	return ""
}

// stranger finds a cancel that may be the refund, or is.
func stranger(v *view, operations []assist.Operation) string {
	created := v.r.Created
	if lost := v.merchant.LostSince; lost != 0 { // the merchant may have asked for it before, and asks again
		created = min(created, lost)
	}
	since := instant(created).Add(-10 * time.Minute) // clocks may be apart
	asked := money(v.r.Minor, v.r.Currency)
	for _, op := range operations {
		switch {
		case op.Type != assist.OperationCancel, op.State == assist.OperationDeclined:
		case v.owned[op.Billnumber] != nil && v.owned[op.Billnumber].Refund == v.r.ID:
			return fmt.Sprintf("operation %s of %s is this refund's own", op.Billnumber, op.Amount)
		case v.owned[op.Billnumber] != nil:
		case !op.Date.IsZero() && op.Date.Before(since):
		case v.r.Whole == 1, op.Amount == asked:
			return fmt.Sprintf("operation %s of %s may be this refund, and no attempt of it is known", op.Billnumber, op.Amount)
		}
	}
	return ""
}

// paidAndLeft is what the order's payments hold, and what of it can still go
// back. The order's own amount isn't asked: it may be in another currency, with a
// surcharge, and above what was confirmed (protocol §4).
func paidAndLeft(order *assist.Order, b assist.Billnumber, now time.Time) (facts assist.WalletFacts, left assist.Money, err error) {
	facts, err = assist.WalletFactsOf(*order, assist.CancelRequest{Billnumber: b, OrderNumber: order.Number, OrderDate: order.Date}, now)
	if err != nil {
		return assist.WalletFacts{}, assist.Money{}, err
	}
	// A cancel of everything would also take what was paid beside the wallet, and
	// the facts are the wallet's alone.
	beside := func(op assist.Operation) bool {
		return op.Type != assist.OperationCancel && op.Wallet() != facts.Wallet && !op.Declined()
	}
	if b.Operation() == 0 && facts.Wallet != assist.NotWallet && slices.ContainsFunc(order.Operations, beside) {
		return assist.WalletFacts{}, assist.Money{}, &InvalidError{Field: "Whole", Reason: "is for an order that was paid by one means: refund its payments one by one, by their extended billnumbers"}
	}
	return facts, facts.Cancel, nil
}
