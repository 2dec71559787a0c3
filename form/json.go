package form

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/wire"
)

const byteOrderMark = "\ufeff"

var errNotUTF8 = errors.New("not UTF-8")

// DecodeJSON reads the JSON answer of service s (protocol §4 and §5) into a,
// which it empties first and also when it fails. Strings, numbers and truth
// values are taken alike, as the text that stands in the document; null counts
// as absent. A document that is no object, or holds nothing of this service,
// gives an error that wraps [wire.ErrForeign].
func DecodeJSON(doc string, s wire.Service, a *wire.Answer) error {
	a.Begin(doc, `"billnumber"`)
	if err := decodeJSON(doc, s, a); err != nil {
		*a = wire.Answer{}
		return fmt.Errorf("form: %w", err)
	}
	return nil
}

func decodeJSON(doc string, s wire.Service, a *wire.Answer) error {
	doc = strings.TrimPrefix(doc, byteOrderMark)
	r := &jsonReader{scan: jsonScanner{doc: doc}, service: s, answer: a}
	if r.scan.peek() != '{' {
		return wire.ErrForeign
	}
	if !utf8.ValidString(doc) {
		return errNotUTF8
	}
	known := false
	err := r.scan.object(func(name string) error {
		if name == s.String() {
			known = true
			return r.orNull(func() error { return r.scan.each(r.serviceObject) })
		}
		ours, err := r.refusal(name)
		known = known || ours
		return err
	})
	if err == nil {
		err = r.scan.end()
	}
	if err != nil {
		return err
	}
	if !known {
		return wire.ErrForeign
	}
	return a.Finish(s)
}

// jsonReader reads one answer.
type jsonReader struct {
	scan    jsonScanner
	service wire.Service
	answer  *wire.Answer
}

// orNull reads a value, unless it is null.
func (r *jsonReader) orNull(read func() error) error {
	if r.scan.null() {
		return nil
	}
	return read()
}

// refusal reads the value of name if it is one of a refusal's: a fault, in an
// object or in place, or the codes of a result. It passes over any other.
func (r *jsonReader) refusal(name string) (ours bool, err error) {
	switch name {
	case "fault":
		return true, r.orNull(func() error {
			r.fault()
			return r.scan.object(func(name string) error { return r.faultMember(name, 2) })
		})
	case "faultcode", "faultstring", "detail":
		err := r.faultMember(name, 2)
		return r.answer.Fault != nil, err
	case "firstcode", "secondcode", "count":
		return true, r.orNull(func() error {
			text, err := r.scan.scalar()
			if err == nil {
				_, err = r.answer.PutCode(name, text)
			}
			return err
		})
	}
	return false, r.scan.skip()
}

// fault makes sure that the answer has a fault.
func (r *jsonReader) fault() *wire.Fault {
	if r.answer.Fault == nil {
		r.answer.Fault = new(wire.Fault)
	}
	return r.answer.Fault
}

// faultMember reads one member of a fault or of its detail. Objects with other
// names are looked into, levels deep: a vendor may wrap the detail.
func (r *jsonReader) faultMember(name string, levels int) error {
	if r.scan.null() {
		return nil
	}
	if wire.IsFaultText(name) {
		text, err := r.scan.scalar()
		if err != nil {
			return err
		}
		return r.fault().Put(name, text)
	}
	if levels > 0 && r.scan.peek() == '{' {
		return r.scan.object(func(name string) error { return r.faultMember(name, levels-1) })
	}
	return r.scan.skip()
}
