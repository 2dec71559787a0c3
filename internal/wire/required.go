package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What an answer must hold, per service and shape, in one place. An answer
// without one of these texts is incomplete, and an incomplete answer proves
// nothing about the money.
var (
	orderNeeds     = []Field{Billnumber, OrderStateText}
	operationNeeds = []Field{Billnumber, OperationType, Amount, Currency, ResponseCode, OperationState}
	// The flat formats have no operationstate (protocol §4 and §5).
	flatNeeds = []Field{Billnumber, OrderStateText, OperationType, Amount, Currency, ResponseCode}
)

// Complete reports the first text that decides and that an order of the answer
// lacks, with [ErrMissing], or that can't be read, with [ErrDamaged], as a
// [*FieldError]; or nil. Codes and faults need nothing.
func (a *Answer) Complete(s Service) error {
	for i := range a.Orders {
		if err := a.Orders[i].Complete(s); err != nil {
			return err
		}
	}
	return nil
}

// Complete is [Answer.Complete] of one order.
func (o *Order) Complete(s Service) error {
	if o.Flat && s != OrderState {
		return o.needs(flatNeeds)
	}
	if err := o.needs(orderNeeds); err != nil {
		return err
	}
	for j := range o.Operations {
		if err := o.Operations[j].needs(operationNeeds); err != nil {
			return err
		}
	}
	return nil
}

// Identified refuses an order or operation without a billnumber. A codec asks at
// once, so that a small document of empty rows can't fill the memory with
// records.
func (r *Record) Identified() error {
	if !r.Has(Billnumber) {
		return &FieldError{Field: Billnumber, Err: ErrMissing}
	}
	return nil
}

func (r *Record) needs(fields []Field) error {
	for _, f := range fields {
		text := strings.TrimSpace(r.texts[f])
		switch {
		case text == "":
			return &FieldError{Field: f, Err: ErrMissing}
		case !isReadable(text, f == OrderStateText || f == OperationState):
			return &FieldError{Field: f, Err: ErrDamaged}
		}
	}
	// A flat row need not have a state, but one that it has decides.
	if !isReadable(strings.TrimSpace(r.texts[OperationState]), true) {
		return &FieldError{Field: OperationState, Err: ErrDamaged}
	}
	return nil
}

// isReadable tells a text that can decide: printable ASCII, or words where words
// may stand. What a codec has replaced, and what it left standing of broken
// mark-up, can't.
func isReadable(text string, words bool) bool {
	for _, r := range text {
		if r == '&' || r == utf8.RuneError || !unicode.IsPrint(r) || r > unicode.MaxASCII && !words {
			return false
		}
	}
	return true
}
