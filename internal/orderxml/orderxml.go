// Package orderxml reads the orders that SOAP and plain XML answers share
// (protocol §4 and §5) from a scanner into records.
package orderxml

import (
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

// Mark stands ahead of the billnumber of every row, but for a prefix.
const Mark = "<billnumber"

// Reader reads the orders of one answer. All fields of the literal are to be
// set; Space is the namespace that counts as ours beside none.
type Reader struct {
	Scan    *xmlscan.Scanner
	Service wire.Service
	Space   string
	Answer  *wire.Answer

	contains bool // the container was seen
}

// Read reads the element just started, which holds orders, in a container of
// the given name or without one, and ends the answer. Unknown elements are
// passed over: new ones may come.
func (r *Reader) Read(container string) error {
	if err := r.Unfinished(container); err != nil {
		return err
	}
	return r.Answer.Finish(r.Service)
}

// Unfinished is Read of an answer whose rows are read elsewhere.
func (r *Reader) Unfinished(container string) error { return r.rows(container) }

// Row reads the element just started as one row of results by date. Space and
// Service need not be set.
func (r *Reader) Row(o *wire.Order) error {
	r.Service = wire.ResultByDate
	o.Flat = true
	return r.order(o)
}

func (r *Reader) rows(container string) error {
	for _, name := range [...]string{"firstcode", "secondcode", "count"} {
		if text, ok := r.Scan.Attr(name); ok {
			if _, err := r.Answer.PutCode(name, text); err != nil {
				return err
			}
		}
	}
	for {
		more, err := r.Scan.Child()
		if err != nil || !more {
			return err
		}
		if err := r.row(r.local(), container); err != nil {
			return err
		}
	}
}

// local gives the local name of the element just started, or "" for one in a
// foreign namespace.
func (r *Reader) local() string {
	name := r.Scan.Name()
	if name.Space != "" && name.Space != r.Space {
		return ""
	}
	return name.Local
}

func (r *Reader) row(name, container string) error {
	switch name {
	case "":
		return r.Scan.Skip()
	case "order", "payment":
		// Rows of another service are no answer to this one.
		if (name == "payment") != (r.Service == wire.ResultByDate) {
			return &wire.NameError{Name: name, Err: wire.ErrForeign}
		}
		o, err := r.Answer.Row()
		if err != nil {
			return err
		}
		return r.order(o)
	case container:
		if r.contains {
			return &wire.NameError{Name: container, Err: wire.ErrDuplicate}
		}
		r.contains = true
		return r.rows("")
	case "firstcode", "secondcode", "count":
		text, err := r.Scan.Leaf()
		if err != nil {
			return err
		}
		_, err = r.Answer.PutCode(name, text)
		return err
	}
	if f, ok := wire.FieldOf(name); ok && f.Packet() {
		text, err := r.Scan.Leaf()
		if err != nil {
			return err
		}
		return r.Answer.PutBeside(f, text)
	}
	return r.Scan.Skip()
}

func (r *Reader) order(o *wire.Order) error {
	customer := false
	for {
		more, err := r.Scan.Child()
		if err != nil {
			return err
		}
		if !more {
			return o.Identified()
		}
		switch name := r.local(); name {
		case "customer":
			if customer {
				return &wire.NameError{Name: name, Err: wire.ErrDuplicate}
			}
			customer = true
			err = r.record(&o.Record)
		case "operation":
			var operation *wire.Record
			if operation, err = r.Answer.Operation(o); err == nil {
				err = r.record(operation)
			}
			if err == nil {
				err = operation.Identified()
			}
		default:
			err = r.field(&o.Record, name)
		}
		if err != nil {
			return err
		}
	}
}

// record reads all fields of the element just started.
func (r *Reader) record(to *wire.Record) error {
	for {
		more, err := r.Scan.Child()
		if err != nil || !more {
			return err
		}
		if err := r.field(to, r.local()); err != nil {
			return err
		}
	}
}

// field reads one field, or passes over what is none.
func (r *Reader) field(to *wire.Record, name string) error {
	f, ok := wire.FieldOf(name)
	if !ok {
		return r.Scan.Skip()
	}
	text, err := r.Scan.Leaf()
	if err != nil {
		return err
	}
	return to.Put(f, text)
}
