package assist

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// This file turns the codecs' texts into typed values. A text that decides
// about money (billnumber, amount, currency of an operation) must be readable;
// all others are given as they came.

// orderOf makes an order with its operations. A flat record becomes an order
// with one operation.
func orderOf(w *wire.Order) (Order, error) {
	number, err := billnumberOf(&w.Record)
	if err != nil {
		return Order{}, fmt.Errorf("%w: order: %w", ErrUnreadable, err)
	}
	amount, err := orderAmount(&w.Record)
	if err != nil {
		return Order{}, err
	}
	order := Order{
		Billnumber: number.Payment(),
		Number:     textOf(&w.Record, wire.OrderNumber),
		Comment:    textOf(&w.Record, wire.OrderComment),
		TestMode:   textOf(&w.Record, wire.TestMode) == "1",
		Amount:     amount,
		Rate:       textOf(&w.Record, wire.Rate),
		Date:       dateOf(&w.Record, wire.OrderDate),
		State:      spelled(textOf(&w.Record, wire.OrderStateText), orderStates),
		Customer: Customer{
			FirstName:  textOf(&w.Record, wire.FirstName),
			LastName:   textOf(&w.Record, wire.LastName),
			MiddleName: textOf(&w.Record, wire.MiddleName),
			Email:      textOf(&w.Record, wire.Email),
		},
		PacketDate: dateOf(&w.Record, wire.PacketDate),
		Signature:  w.Text(wire.Signature),
		CheckValue: textOf(&w.Record, wire.CheckValue),
	}
	records := w.Operations
	if w.Flat {
		records = []wire.Record{w.Record}
	}
	if len(records) == 0 {
		return order, nil
	}
	order.Operations = make([]Operation, len(records))
	for i := range records {
		if order.Operations[i], err = operationOf(&records[i]); err != nil {
			return Order{}, err
		}
		if order.Operations[i].Billnumber.Payment() != order.Billnumber {
			return Order{}, fmt.Errorf("%w: an operation of another payment", ErrOtherAnswer)
		}
	}
	return order, nil
}

func operationOf(r *wire.Record) (Operation, error) {
	number, err := billnumberOf(r)
	if err != nil {
		return Operation{}, fmt.Errorf("%w: operation: %w", ErrUnreadable, err)
	}
	amount, err := wireMoney(textOf(r, wire.Amount), textOf(r, wire.Currency))
	if err != nil {
		return Operation{}, fmt.Errorf("%w: operation %s: %w", ErrUnreadable, number, err)
	}
	return Operation{
		Billnumber:       number,
		Type:             OperationType(textOf(r, wire.OperationType)),
		State:            spelled(textOf(r, wire.OperationState), operationStates),
		Amount:           amount,
		Date:             dateOf(r, wire.OperationDate),
		ResponseCode:     ResponseCode(textOf(r, wire.ResponseCode)),
		MeanTypeID:       meanTypeOf(r),
		MeanTypeName:     textOf(r, wire.MeanTypeName),
		MeanSubtype:      textOf(r, wire.MeanSubtype),
		MeanNumber:       textOf(r, wire.MeanNumber),
		CardHolder:       textOf(r, wire.CardHolder),
		CardExpiration:   textOf(r, wire.CardExpirationDate),
		IssueBank:        textOf(r, wire.IssueBank),
		BankCountry:      textOf(r, wire.BankCountry),
		IPAddress:        textOf(r, wire.IPAddress, wire.ClientIP),
		Message:          textOf(r, wire.Message),
		CustomerMessage:  textOf(r, wire.CustomerMessage),
		Recommendation:   textOf(r, wire.Recommendation, wire.Recomendation),
		ApprovalCode:     textOf(r, wire.ApprovalCode),
		ProtocolTypeName: textOf(r, wire.ProtocolTypeName, wire.ProtocolName),
		ProcessingName:   textOf(r, wire.ProcessingName),
		SlipNumber:       textOf(r, wire.SlipNumber),
	}, nil
}

// textOf gives a text without the spaces that pad it at times (protocol §4), by
// the first of its names that says something.
func textOf(r *wire.Record, names ...wire.Field) string {
	for _, f := range names {
		if text := strings.TrimSpace(r.Text(f)); text != "" {
			return text
		}
	}
	return ""
}

// meanTypeOf is the means' number, or 0 where the answer has none.
func meanTypeOf(r *wire.Record) int {
	text := textOf(r, wire.MeanTypeID)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// billnumberOf reads a billnumber. One that came as a number proves the payment
// alone: 5700027202722028.1 may have been operation 1, 10 or 100.
func billnumberOf(r *wire.Record) (Billnumber, error) {
	text := textOf(r, wire.Billnumber)
	if r.IsNumber(wire.Billnumber) {
		text, _, _ = strings.Cut(text, ".")
	}
	return ParseBillnumber(text)
}

// orderAmount is the order's amount, or the zero Money where the answer has none
// or no currency to it.
func orderAmount(r *wire.Record) (Money, error) {
	amount, currency := textOf(r, wire.OrderAmount), textOf(r, wire.OrderCurrency)
	if amount == "" || currency == "" {
		return Money{}, nil
	}
	m, err := wireMoney(amount, currency)
	if err != nil {
		return Money{}, fmt.Errorf("%w: order amount: %w", ErrUnreadable, err)
	}
	return m, nil
}

// The two layouts of protocol §7. All dates on the wire are GMT.
const (
	layoutSeconds = "02.01.2006 15:04:05"
	layoutMinutes = "02.01.2006 15:04"
)

func dateOf(r *wire.Record, f wire.Field) time.Time {
	text := textOf(r, f)
	if text == "" {
		return time.Time{}
	}
	layout := layoutSeconds
	if len(text) == len(layoutMinutes) {
		layout = layoutMinutes
	}
	date, err := time.ParseInLocation(layout, text, time.UTC)
	if err != nil {
		return time.Time{}
	}
	return date
}

// wireMoney reads an amount as a server writes it. Assist writes digits, a point
// and two digits, whatever the currency; what else is read here has one meaning
// only. An amount that could be two is no amount, for a wrong one would be taken for
// another cancel's:
//
//   - Zeros that the currency doesn't have, or that a JSON number has lost: "100",
//     "0.1", "0.1000".
//   - Commas between groups of three ahead of a point: "1,000.00". A comma without a
//     point behind it may be either sign: "1,00" and "1,000" are refused.
//   - An exponent of an amount below a million: "1E+2", "1.5e1". Above that some
//     languages write an exponent when they have rounded.
//
// Signs, leading zeros and spaces inside are refused. The currency is three
// letters of any case, or another name of it that [currencyNames] knows.
func wireMoney(amount, currency string) (Money, error) {
	currency = wireCurrency(currency)
	amount = plainAmount(amount)
	if whole, fraction, _ := strings.Cut(amount, "."); fraction != "" {
		exponent := exponentOf(currency)
		for len(fraction) > exponent && fraction[len(fraction)-1] == '0' {
			fraction = fraction[:len(fraction)-1]
		}
		amount = whole
		if fraction != "" {
			amount = whole + "." + fraction
		}
	}
	return ParseMoney(amount, currency)
}

// currencyNames are other names that mean one currency: codes that are still
// written for it, and the numbers of ISO 4217. BYR is not BYN: it was worth a
// ten-thousandth. What people call a currency ("руб.", "$") may be several.
var currencyNames = map[string]string{
	"RUR": "RUB", "643": "RUB", "810": "RUB", "840": "USD", "978": "EUR", "933": "BYN", "974": "BYR", "398": "KZT", "980": "UAH",
	"826": "GBP", "156": "CNY", "392": "JPY", "756": "CHF", "949": "TRY", "944": "AZN", "417": "KGS", "972": "TJS", "860": "UZS",
	"498": "MDL", "981": "GEL", "934": "TMT", "985": "PLN",
}

func wireCurrency(text string) string {
	if len(text) == len("RUB") {
		text = strings.ToUpper(text)
	}
	if name, ok := currencyNames[text]; ok {
		return name
	}
	return text
}

// plainAmount writes an amount without commas and exponent, or gives it back as it
// is for [ParseMoney] to refuse.
func plainAmount(text string) string {
	if n := strings.IndexAny(text, "eE"); n >= 0 {
		return withoutExponent(text, n)
	}
	whole, fraction, pointed := strings.Cut(text, ".")
	if !pointed || !strings.Contains(whole, ",") {
		return text
	}
	groups := strings.Split(whole, ",")
	if first := groups[0]; first == "" || len(first) > 3 || first[0] == '0' {
		return text
	}
	for _, group := range groups[1:] {
		if len(group) != 3 {
			return text
		}
	}
	return strings.Join(groups, "") + "." + fraction
}

// mostWithExponent is the length of the largest whole number that is read from an
// exponent: "%g" of C writes one from seven digits on, and rounds to six.
const mostWithExponent = 6

// withoutExponent moves the point of an amount whose "e" stands at n.
func withoutExponent(text string, n int) string {
	whole, fraction, pointed := strings.Cut(text[:n], ".")
	exponent, err := strconv.Atoi(text[n+1:])
	digits := whole + fraction
	if err != nil || whole == "" || pointed && fraction == "" || !allDigits(digits) || len(digits) > 15 || exponent < -15 || exponent > 15 {
		return text
	}
	point := len(whole) + exponent
	if point < 1 {
		digits, point = strings.Repeat("0", 1-point)+digits, 1
	}
	digits += strings.Repeat("0", max(point-len(digits), 0))
	whole = strings.TrimLeft(digits[:point], "0")
	switch {
	case len(whole) > mostWithExponent:
		return text
	case whole == "":
		whole = "0"
	}
	if point == len(digits) {
		return whole
	}
	return whole + "." + digits[point:]
}
