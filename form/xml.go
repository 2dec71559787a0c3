package form

import (
	"fmt"

	"github.com/assist-go/assist/internal/orderxml"
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

// DecodeXML reads the XML answer of service s (protocol §4 and §5) into a,
// which it empties first and also when it fails. The root is result; an inline
// DTD is passed over. A document with another root gives an error that wraps
// [wire.ErrForeign].
func DecodeXML(doc string, s wire.Service, a *wire.Answer) error {
	a.Begin(doc, orderxml.Mark)
	if err := decodeXML(doc, s, a); err != nil {
		*a = wire.Answer{}
		return fmt.Errorf("form: %w", err)
	}
	return nil
}

func decodeXML(doc string, s wire.Service, a *wire.Answer) error {
	return readResult(doc, func(scan *xmlscan.Scanner) error {
		r := orderxml.Reader{Scan: scan, Service: s, Answer: a}
		return r.Read("orders")
	})
}

// readResult reads a document whose root is result.
func readResult(doc string, read func(*xmlscan.Scanner) error) error {
	scan := xmlscan.New(doc)
	if _, err := scan.Next(); err != nil {
		return fmt.Errorf("%w: %w", wire.ErrForeign, err)
	}
	if scan.Name() != (xmlscan.Name{Local: "result"}) {
		return wire.ErrForeign
	}
	if err := read(scan); err != nil {
		return err
	}
	_, err := scan.Next() // nothing may follow the result
	return err
}
