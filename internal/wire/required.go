package wire

import "strings"

// What an answer must hold, per service and shape, in one place. An answer
// without one of these texts is incomplete, and an incomplete answer proves
// nothing about the money.
var (
	orderNeeds     = []Field{Billnumber, OrderStateText}
	operationNeeds = []Field{Billnumber, OperationType, Amount, Currency, ResponseCode, OperationState}
	// The flat formats have no operationstate (protocol §4 and §5).
	flatNeeds = []Field{Billnumber, OrderStateText, OperationType, Amount, Currency, ResponseCode}
)

// Complete reports the first required text that an order of the answer lacks,
// as a [*FieldError] with [ErrMissing], or nil. Codes and faults need nothing.
func (a *Answer) Complete(s Service) error {
	for i := range a.Orders {
		o := &a.Orders[i]
		if o.Flat && s != OrderState {
			if err := o.needs(flatNeeds); err != nil {
				return err
			}
			continue
		}
		if err := o.needs(orderNeeds); err != nil {
			return err
		}
		for j := range o.Operations {
			if err := o.Operations[j].needs(operationNeeds); err != nil {
				return err
			}
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
		if strings.TrimSpace(r.texts[f]) == "" {
			return &FieldError{Field: f, Err: ErrMissing}
		}
	}
	return nil
}
