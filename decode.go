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
