package assist

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/wire"
)

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

// check wants the limits of protocol §3, and money of the cancel's currency.
func (item ChequeItem) check(field, currency string) error {
	wrong := func(name, reason string) error {
		return &ValidationError{Field: field + "." + name, Reason: reason}
	}
	switch {
	case item.ID < 1:
		return wrong("ID", "must be 1 or more")
	case item.Product == "" && item.Name == "":
		return wrong("Name", "Product or Name is required")
	case item.Amount == (Money{}):
		return wrong("Amount", "is required")
	case currency != "" && item.Amount.Currency() != currency:
		return wrong("Amount", "must be in the currency of the cancel")
	case item.Price == (Money{}):
		return wrong("Price", "is required")
	case item.Price.Currency() != item.Amount.Currency():
		return wrong("Price", "must be in the currency of the amount")
	case len(item.Price.Amount()) > len("9999999999.99"):
		return wrong("Price", "has at most 10 digits before the point")
	case !isDecimal(item.Quantity):
		return wrong("Quantity", `must be a decimal like "1" or "0.250"`)
	}
	for _, text := range item.texts() {
		if utf8.RuneCountInString(text.value) > text.limit {
			return wrong(text.field, fmt.Sprintf("has at most %d characters", text.limit))
		}
		if hasControl(text.value) {
			return wrong(text.field, "must hold no control characters and be UTF-8")
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

// params gives the item as texts; what is empty is not sent.
func (item ChequeItem) params() []wire.Param {
	params := []wire.Param{{Name: "id", Value: strconv.Itoa(item.ID)}}
	add := func(name, value string) {
		if value != "" {
			params = append(params, wire.Param{Name: name, Value: value})
		}
	}
	texts := item.texts()
	add(texts[0].name, texts[0].value)
	add(texts[1].name, texts[1].value)
	add("price", item.Price.Amount())
	add("quantity", item.Quantity)
	add("amount", item.Amount.Amount())
	for _, text := range texts[2:] {
		add(text.name, text.value)
	}
	return params
}

func isDecimal(text string) bool {
	whole, fraction, pointed := strings.Cut(text, ".")
	return whole != "" && len(whole) <= 10 && allDigits(whole) && (len(whole) == 1 || whole[0] != '0') &&
		(!pointed || fraction != "" && len(fraction) <= 6 && allDigits(fraction))
}
