package soap

import (
	"fmt"

	"github.com/assist-go/assist/internal/orderxml"
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

// The namespaces of an answer. Prefixes vary between Assist's services.
const (
	envelopeSpace = "http://schemas.xmlsoap.org/soap/envelope/"
	serviceSpace  = "http://www.paysecure.ru/ws/"
)

// Decode reads the answer of service s into a, which it empties first and
// also when it fails. A Fault is an answer, whatever the HTTP status was.
//
// A document that is no SOAP envelope, or an answer of another service, gives
// an error that wraps [wire.ErrForeign]. Children of the answer are taken
// without a namespace, as Assist sends them, and in the service's own; one of
// any other namespace is not ours and passed over.
func Decode(doc string, s wire.Service, a *wire.Answer) error {
	a.Begin(doc, orderxml.Mark)
	scan := xmlscan.New(doc)
	if err := decode(scan, s, a); err != nil {
		*a = wire.Answer{}
		return fmt.Errorf("soap: %w", err)
	}
	return nil
}

func decode(scan *xmlscan.Scanner, s wire.Service, a *wire.Answer) error {
	if _, err := scan.Next(); err != nil {
		return fmt.Errorf("%w: %w", wire.ErrForeign, err)
	}
	if scan.Name() != (xmlscan.Name{Space: envelopeSpace, Local: "Envelope"}) {
		return wire.ErrForeign
	}
	if err := envelope(scan, s, a); err != nil {
		return err
	}
	_, err := scan.Next() // nothing may follow the envelope
	return err
}

// envelope reads an optional Header, which is passed over, and one Body.
func envelope(scan *xmlscan.Scanner, s wire.Service, a *wire.Answer) error {
	header, body := false, false
	for {
		more, err := scan.Child()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		name := scan.Name()
		switch {
		case name.Space != envelopeSpace:
			return &wire.NameError{Name: "Envelope", Err: wire.ErrMisplaced}
		case name.Local == "Header" && !header && !body:
			header = true
			err = scan.Skip()
		case name.Local == "Body" && !body:
			body = true
			err = readBody(scan, s, a)
		default:
			return &wire.NameError{Name: "Envelope", Err: wire.ErrMisplaced}
		}
		if err != nil {
			return err
		}
	}
	if !body {
		return &wire.NameError{Name: "Body", Err: wire.ErrMissing}
	}
	return nil
}

// readBody reads the one child that a Body must have.
func readBody(scan *xmlscan.Scanner, s wire.Service, a *wire.Answer) error {
	more, err := scan.Child()
	if err != nil {
		return err
	}
	if !more {
		return &wire.NameError{Name: "Body", Err: wire.ErrMissing}
	}
	wrapper, container := answerNames(s)
	switch scan.Name() {
	case xmlscan.Name{Space: envelopeSpace, Local: "Fault"}:
		a.Fault = new(wire.Fault)
		err = readFault(scan, a.Fault)
	case xmlscan.Name{Space: serviceSpace, Local: wrapper}:
		r := orderxml.Reader{Scan: scan, Service: s, Space: serviceSpace, Answer: a}
		err = r.Read(container)
	default:
		return wire.ErrForeign
	}
	if err != nil {
		return err
	}
	more, err = scan.Child()
	if more {
		return &wire.NameError{Name: "Body", Err: wire.ErrMisplaced}
	}
	return err
}

// answerNames gives the names of an answer's wrapper and of the container
// around its orders. The SOAP names of resultbydate are unknown (protocol §5).
func answerNames(s wire.Service) (wrapper, container string) {
	if s == wire.Cancel {
		return "WSCancelResponseParams", ""
	}
	return s.String() + "Response", s.String()
}
