package assist

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// check applies every limit of protocol §3. It fills OrderDate from Order.
func (req *CancelRequest) check(full bool, p Protocol) error {
	if _, err := ParseBillnumber(string(req.Billnumber)); err != nil {
		return &ValidationError{Field: "Billnumber", Reason: "must be 15 or 16 digits, with the operation behind a point if any", Err: err}
	}
	if err := checkOrderNumber(req.OrderNumber); err != nil {
		return err
	}
	switch {
	case full && req.Amount != (Money{}):
		return invalid("Amount", "must be Money{} for CancelFull; use Cancel for a part")
	case !full && req.Amount.IsZero():
		return invalid("Amount", "is required for Cancel; use CancelFull for all of the payment")
	}
	if _, ok := req.Reason.wireValue(); !ok {
		return invalid("Reason", "must be ReasonCustomer, ReasonShop or ReasonFraud")
	}
	if req.ClientIP.Zone() != "" {
		return invalid("ClientIP", "must have no zone")
	}
	if err := checkExternalRefundID(req.ExternalRefundID, p); err != nil {
		return err
	}
	if len(req.ChequeItems) > 0 && req.Billnumber.Operation() != 0 {
		return invalid("ChequeItems", "are not taken with an extended billnumber")
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
	switch {
	case o.Billnumber.Payment() != req.Billnumber.Payment():
		return invalid("Order", "has another billnumber than the request")
	// The billnumber names the order, so the number may be spelled in another way.
	// With other digits the request would never be found again by it.
	case digitsOf(o.Number) != digitsOf(req.OrderNumber):
		return invalid("Order", "has another number than the request")
	case !o.Date.IsZero() && !req.OrderDate.IsZero() && !o.Date.Equal(req.OrderDate):
		return invalid("Order", "has another date than the request")
	case req.Amount != (Money{}) && !o.paidIn(req.Amount.Currency()):
		return invalid("Order", "lists no payment in the currency of the request")
	case req.Billnumber.Operation() != 0 && len(o.Operations) > 0 &&
		!slices.ContainsFunc(o.Operations, func(op Operation) bool { return op.Billnumber == req.Billnumber }):
		return invalid("Order", "doesn't list the operation to reverse")
	}
	if req.OrderDate.IsZero() {
		req.OrderDate = o.Date
	}
	return nil
}

func checkOrderNumber(number string) error {
	switch {
	case number == "":
		return invalid("OrderNumber", "is required: without it nothing can be found again")
	case utf8.RuneCountInString(number) > 128:
		return invalid("OrderNumber", "has at most 128 characters")
	case hasControl(number):
		return invalid("OrderNumber", "must hold no control characters and be UTF-8")
	}
	return nil
}

func checkExternalRefundID(id string, p Protocol) error {
	if id == "" {
		return nil
	}
	if p.isFlatForm() {
		return invalid("ExternalRefundID", "can't be sent by a form that asks for CSV or XML")
	}
	if len(id) < 10 || len(id) > 100 {
		return invalid("ExternalRefundID", "must have 10 to 100 characters")
	}
	for i := range len(id) {
		c := id[i]
		if !isCapital(c) && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return invalid("ExternalRefundID", "must be of A-Z a-z 0-9 _ -")
		}
	}
	return nil
}

// check wants the limits of protocol §3, and money of the cancel's currency.
func (item ChequeItem) check(field, currency string) error {
	switch {
	case item.ID < 1:
		return invalid(field+".ID", "must be 1 or more")
	case item.Product == "" && item.Name == "":
		return invalid(field+".Name", "Product or Name is required")
	case item.Amount == (Money{}):
		return invalid(field+".Amount", "is required")
	case currency != "" && item.Amount.Currency() != currency:
		return invalid(field+".Amount", "must be in the currency of the cancel")
	case item.Price == (Money{}):
		return invalid(field+".Price", "is required")
	case item.Price.Currency() != item.Amount.Currency():
		return invalid(field+".Price", "must be in the currency of the amount")
	case len(item.Price.Amount()) > len("9999999999.99"):
		return invalid(field+".Price", "has at most 10 digits before the point")
	case !isDecimal(item.Quantity):
		return invalid(field+".Quantity", `must be a decimal like "1" or "0.250"`)
	}
	for _, text := range item.texts() {
		if utf8.RuneCountInString(text.value) > text.limit {
			return invalid(field+"."+text.field, fmt.Sprintf("has at most %d characters", text.limit))
		}
		if hasControl(text.value) {
			return invalid(field+"."+text.field, "must hold no control characters and be UTF-8")
		}
	}
	return nil
}

type chequeText struct {
	field, name, value string
	limit              int
}

func (item ChequeItem) texts() []chequeText {
	return []chequeText{
		{"Product", "product", item.Product, 50},
		{"Name", "name", item.Name, 250},
		{"HSCode", "hscode", item.HSCode, 13},
		{"EANCode", "eancode", item.EANCode, 14},
		{"GS1Code", "gs1code", item.GS1Code, 120},
		{"Measure", "measure", item.Measure, 25},
		{"FURCode", "furcode", item.FURCode, 20},
		{"UNCode", "uncode", item.UNCode, 30},
	}
}
