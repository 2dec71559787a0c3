package assist

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/wire"
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

// check applies every limit of protocol §3. It fills OrderDate from Order.
func (req *CancelRequest) check(full bool, p Protocol) error {
	wrong := func(field, reason string) error { return &ValidationError{Field: field, Reason: reason} }
	if _, err := ParseBillnumber(string(req.Billnumber)); err != nil {
		return &ValidationError{Field: "Billnumber", Reason: "must be 15 or 16 digits, with the operation behind a point if any", Err: err}
	}
	if err := checkOrderNumber(req.OrderNumber); err != nil {
		return err
	}
	switch {
	case full && req.Amount != (Money{}):
		return wrong("Amount", "must be Money{} for CancelFull; use Cancel for a part")
	case !full && req.Amount.IsZero():
		return wrong("Amount", "is required for Cancel; use CancelFull for all of the payment")
	}
	if _, ok := req.Reason.wireValue(); !ok {
		return wrong("Reason", "must be ReasonCustomer, ReasonShop or ReasonFraud")
	}
	if req.ClientIP.Zone() != "" {
		return wrong("ClientIP", "must have no zone")
	}
	if err := checkExternalRefundID(req.ExternalRefundID, p); err != nil {
		return err
	}
	if len(req.ChequeItems) > 0 && req.Billnumber.Operation() != 0 {
		return wrong("ChequeItems", "are not taken with an extended billnumber")
	}
	for i, item := range req.ChequeItems {
		if err := item.check(fmt.Sprintf("ChequeItems[%d]", i), req.Amount.Currency()); err != nil {
			return err
		}
	}
	return req.checkOrder()
}

// checkOrder makes sure that the known order is the one to be cancelled.
func (req *CancelRequest) checkOrder() error {
	o := req.Order
	if o == nil {
		return nil
	}
	wrong := func(reason string) error { return &ValidationError{Field: "Order", Reason: reason} }
	switch {
	case o.Billnumber.Payment() != req.Billnumber.Payment():
		return wrong("has another billnumber than the request")
	// The billnumber names the order, so the number may be spelled in another way.
	// With other digits the request would never be found again by it.
	case digitsOf(o.Number) != digitsOf(req.OrderNumber):
		return wrong("has another number than the request")
	case !o.Date.IsZero() && !req.OrderDate.IsZero() && !o.Date.Equal(req.OrderDate):
		return wrong("has another date than the request")
	case req.Amount != (Money{}) && !o.paidIn(req.Amount.Currency()):
		return wrong("lists no payment in the currency of the request")
	case req.Billnumber.Operation() != 0 && len(o.Operations) > 0 &&
		!slices.ContainsFunc(o.Operations, func(op Operation) bool { return op.Billnumber == req.Billnumber }):
		return wrong("doesn't list the operation to reverse")
	}
	if req.OrderDate.IsZero() {
		req.OrderDate = o.Date
	}
	return nil
}

// paidIn tells whether the order lists a payment in a currency. The order's own
// amount may be in another one than it was paid in (protocol §4), and where no
// payment is listed nothing can be told.
func (o *Order) paidIn(currency string) bool {
	listed := false
	for _, op := range o.Operations {
		if !isPaid(op) {
			continue
		}
		if op.Amount.Currency() == currency {
			return true
		}
		listed = true
	}
	return !listed
}

func checkOrderNumber(number string) error {
	switch {
	case number == "":
		return &ValidationError{Field: "OrderNumber", Reason: "is required: without it nothing can be found again"}
	case utf8.RuneCountInString(number) > 128:
		return &ValidationError{Field: "OrderNumber", Reason: "has at most 128 characters"}
	case hasControl(number):
		return &ValidationError{Field: "OrderNumber", Reason: "must hold no control characters and be UTF-8"}
	}
	return nil
}

func checkExternalRefundID(id string, p Protocol) error {
	if id == "" {
		return nil
	}
	if p.isFlatForm() {
		return &ValidationError{Field: "ExternalRefundID", Reason: "can't be sent by a form that asks for CSV or XML"}
	}
	if len(id) < 10 || len(id) > 100 {
		return &ValidationError{Field: "ExternalRefundID", Reason: "must have 10 to 100 characters"}
	}
	for i := range len(id) {
		c := id[i]
		if !isCapital(c) && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return &ValidationError{Field: "ExternalRefundID", Reason: "must be of A-Z a-z 0-9 _ -"}
		}
	}
	return nil
}

// hasControl tells texts that no format can carry whole.
func hasControl(text string) bool {
	if !utf8.ValidString(text) {
		return true
	}
	for _, r := range text {
		if r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff {
			return true
		}
	}
	return false
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

// encodeCancel writes the request down. It assumes that check passed.
func (c *Client) encodeCancel(cred Credentials, req *CancelRequest) []byte {
	q := c.wireRequest(cred, wire.Cancel, wire.Param{Name: "Billnumber", Value: string(req.Billnumber)})
	var most [6]wire.Param
	q.Params = most[:0]
	if req.Amount != (Money{}) {
		q.Params = append(q.Params,
			wire.Param{Name: "Amount", Value: req.Amount.Amount()},
			wire.Param{Name: "Currency", Value: req.Amount.Currency()})
	}
	reason, _ := req.Reason.wireValue()
	q.Params = append(q.Params,
		wire.Param{Name: "CancelReason", Value: reason},
		wire.Param{Name: "Language", Value: c.language.String()})
	if req.ClientIP.IsValid() {
		q.Params = append(q.Params, wire.Param{Name: "ClientIP", Value: req.ClientIP.Unmap().String()})
	}
	if req.ExternalRefundID != "" {
		q.Params = append(q.Params, wire.Param{Name: "Externalrefundid", Value: req.ExternalRefundID})
	}
	for _, item := range req.ChequeItems {
		q.ChequeItems = append(q.ChequeItems, item.params())
	}
	return c.protocol.encode(&q)
}
