package form

import "github.com/assist-go/assist/internal/wire"

// serviceObject reads what stands under the service's own name: orders, or the
// fields of one order in place, or a refusal.
func (r *jsonReader) serviceObject() error {
	var own wire.Order // the fields in place
	orders := false
	err := r.scan.object(func(name string) error {
		switch name {
		case "order", "orders":
			if orders {
				return &wire.NameError{Name: name, Err: wire.ErrDuplicate}
			}
			return r.orNull(func() error {
				orders = true
				return r.scan.each(r.order)
			})
		}
		known, err := r.orderMember(&own, name)
		if !known {
			_, err = r.refusal(name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !orders && (own.Has(wire.Billnumber) || own.Has(wire.ResponseCode) || len(own.Operations) > 0) {
		r.answer.Orders = append(r.answer.Orders, own)
		return own.Identified()
	}
	if len(own.Operations) > 0 {
		return &wire.NameError{Name: "operations", Err: wire.ErrMisplaced}
	}
	// Beside orders only the packet's texts mean something.
	for f := wire.PacketDate; f <= wire.CheckValue; f++ {
		if own.Has(f) {
			if err := r.answer.PutBeside(f, own.Text(f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// order reads one order of a list.
func (r *jsonReader) order() error {
	o, err := r.answer.Row()
	if err != nil {
		return err
	}
	err = r.scan.object(func(name string) error {
		known, err := r.orderMember(o, name)
		if !known {
			err = r.scan.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	return o.Identified()
}

// orderMember reads the value of name if it is one of an order's. The packet's
// texts stand in the order or in its checkdata (protocol §5).
func (r *jsonReader) orderMember(o *wire.Order, name string) (known bool, err error) {
	switch name {
	case "customer", "checkdata":
		return true, r.orNull(func() error { return r.record(&o.Record) })
	case "operation", "operations":
		if len(o.Operations) > 0 {
			return true, &wire.NameError{Name: name, Err: wire.ErrDuplicate}
		}
		return true, r.orNull(func() error {
			return r.scan.each(func() error {
				operation, err := r.answer.Operation(o)
				if err != nil {
					return err
				}
				if err := r.record(operation); err != nil {
					return err
				}
				return operation.Identified()
			})
		})
	}
	return r.field(&o.Record, name)
}

// record reads an object's fields and passes over what is none.
func (r *jsonReader) record(to *wire.Record) error {
	return r.scan.object(func(name string) error {
		known, err := r.field(to, name)
		if !known {
			err = r.scan.skip()
		}
		return err
	})
}

// field reads the value of name if it is a field.
func (r *jsonReader) field(to *wire.Record, name string) (known bool, err error) {
	f, ok := wire.FieldOf(name)
	if !ok {
		return false, nil
	}
	return true, r.orNull(func() error {
		isString := r.scan.peek() == '"'
		text, err := r.scan.scalar()
		if err != nil {
			return err
		}
		if !isString {
			to.MarkNumber(f)
		}
		return to.Put(f, text)
	})
}
