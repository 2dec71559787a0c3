package assist

import (
	"net/netip"
	"time"
)

// CancelReason says who wants the cancel; it may influence the kind of reversal
// (protocol §3). The zero value is ReasonCustomer.
type CancelReason int

// The reasons of protocol §3.
const (
	ReasonCustomer CancelReason = iota
	ReasonShop
	ReasonFraud
)

// wireValue is the number that Assist gives the reason. It is always sent,
// because Assist's default changed between versions.
func (r CancelReason) wireValue() (string, bool) {
	switch r {
	case ReasonCustomer:
		return "2", true
	case ReasonShop:
		return "1", true
	case ReasonFraud:
		return "3", true
	}
	return "", false
}

// String gives "customer", "shop" or "fraud".
func (r CancelReason) String() string {
	switch r {
	case ReasonCustomer:
		return "customer"
	case ReasonShop:
		return "shop"
	case ReasonFraud:
		return "fraud"
	}
	return "unknown reason"
}

// CancelRequest is what [Client.Cancel] and [Client.CancelFull] send (protocol
// §3).
type CancelRequest struct {
	// Billnumber of the payment. Extended, it names the payment operation to
	// reverse, which an order with several needs. Required.
	Billnumber Billnumber
	// OrderNumber is the merchant's number of the order, at most 128
	// characters. Required: without it nothing can be found again.
	OrderNumber string
	// OrderDate is when the order was made at Assist. It bounds the search for
	// what became of the cancel; zero makes every search look back 366 days.
	OrderDate time.Time
	// Amount to give back, in the currency of the payment. Cancel requires it,
	// CancelFull requires Money{}.
	Amount Money
	Reason CancelReason
	// ClientIP is the address of the operator who cancels. Zero is not sent.
	ClientIP netip.Addr
	// ExternalRefundID is the merchant's own number of the refund: 10 to 100 of
	// A-Z a-z 0-9 _ -, unique within the order. Empty is not sent. It helps
	// Assist to refuse a repetition; it is not known to be echoed. A form that
	// asks for CSV or XML can't carry it.
	ExternalRefundID string
	// ChequeItems of the fiscal cheque. Not taken with an extended billnumber.
	ChequeItems []ChequeItem
	// Order is what is known of the order, or nil. It must have the billnumber's
	// payment, a number with the same digits, the same date where both have one, and
	// a payment in the currency of Amount where it lists any. Its operations are taken as older than this cancel.
	Order *Order
}

// CancelRequest makes a request from a fetched order: billnumber, number and
// date are the order's. The amount is that of a partial cancel, or Money{} for
// [Client.CancelFull].
func (o Order) CancelRequest(amount Money) CancelRequest {
	return CancelRequest{Billnumber: o.Billnumber, OrderNumber: o.Number, OrderDate: o.Date, Amount: amount, Order: &o}
}

// withoutPersonal is the request as an [Intent] may keep it.
func (req CancelRequest) withoutPersonal() CancelRequest {
	req.ClientIP = netip.Addr{}
	req.ChequeItems = nil
	if req.Order != nil {
		known := &Order{Billnumber: req.Order.Billnumber, Number: req.Order.Number, Date: req.Order.Date}
		for _, op := range req.Order.Operations {
			known.Operations = append(known.Operations, Operation{Billnumber: op.Billnumber})
		}
		req.Order = known
	}
	return req
}

// ChequeItem is one line of the fiscal cheque of a partial cancel (protocol
// §3). ID, Price, Quantity and Amount are required, and one of Product and Name.
type ChequeItem struct {
	ID       int    // of the item in the payment's cheque, from 1
	Product  string // at most 50 characters
	Name     string // at most 250 characters; newer servers take 128
	Price    Money  // of one unit
	Quantity string // a decimal: "1", "0.250"
	Amount   Money  // price by quantity
	HSCode   string // at most 13 characters
	EANCode  string // at most 14
	GS1Code  string // at most 120
	Measure  string // at most 25
	FURCode  string // at most 20
	UNCode   string // at most 30
}
