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
	number, err := ParseBillnumber(textOf(&w.Record, wire.Billnumber))
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
	number, err := ParseBillnumber(textOf(r, wire.Billnumber))
	if err != nil {
		return Operation{}, fmt.Errorf("%w: operation: %w", ErrUnreadable, err)
	}
	amount, err := wireMoney(textOf(r, wire.Amount), textOf(r, wire.Currency))
	if err != nil {
		return Operation{}, fmt.Errorf("%w: operation %s: %w", ErrUnreadable, number, err)
	}
	meanType, err := strconv.Atoi(textOf(r, wire.MeanTypeID))
	if err != nil || meanType < 0 {
		meanType = 0
	}
	address := textOf(r, wire.IPAddress)
	if address == "" {
		address = textOf(r, wire.ClientIP)
	}
	return Operation{
		Billnumber:       number,
		Type:             OperationType(textOf(r, wire.OperationType)),
		State:            spelled(textOf(r, wire.OperationState), operationStates),
		Amount:           amount,
		Date:             dateOf(r, wire.OperationDate),
		ResponseCode:     ResponseCode(textOf(r, wire.ResponseCode)),
		MeanTypeID:       meanType,
		MeanTypeName:     textOf(r, wire.MeanTypeName),
		MeanSubtype:      textOf(r, wire.MeanSubtype),
		MeanNumber:       textOf(r, wire.MeanNumber),
		CardHolder:       textOf(r, wire.CardHolder),
		CardExpiration:   textOf(r, wire.CardExpirationDate),
		IssueBank:        textOf(r, wire.IssueBank),
		BankCountry:      textOf(r, wire.BankCountry),
		IPAddress:        address,
		Message:          textOf(r, wire.Message),
		CustomerMessage:  textOf(r, wire.CustomerMessage),
		Recommendation:   textOf(r, wire.Recommendation),
		ApprovalCode:     textOf(r, wire.ApprovalCode),
		ProtocolTypeName: textOf(r, wire.ProtocolTypeName),
		ProcessingName:   textOf(r, wire.ProcessingName),
		SlipNumber:       textOf(r, wire.SlipNumber),
	}, nil
}

// textOf gives a text without the spaces that pad it at times (protocol §4).
func textOf(r *wire.Record, f wire.Field) string { return strings.TrimSpace(r.Text(f)) }

// orderAmount is the order's amount, or the zero Money where the answer has
// none or no currency to it.
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

// wireMoney reads an amount as Assist writes it: always with two digits after
// the point, whatever the currency, or with none from a JSON number. Zeros that
// the currency doesn't have say nothing, so they go.
func wireMoney(amount, currency string) (Money, error) {
	if whole, fraction, ok := strings.Cut(amount, "."); ok {
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

// The two layouts of protocol §7. All dates on the wire are GMT.
const (
	layoutSeconds = "02.01.2006 15:04:05"
	layoutMinutes = "02.01.2006 15:04"
)

func dateOf(r *wire.Record, f wire.Field) time.Time {
	text := textOf(r, f)
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
