package assisttest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"

	"github.com/assist-go/assist/soap/wsdl"
)

// soapRequest is the wrapper of a service's request and the names of its
// children: those of the generated type, and those that clients of Assist's own
// send beside them.
func soapRequest(service Service) (wrapper string, known map[string]bool) {
	switch service {
	case Cancels:
		return "WSCancelRequestParams", elementsOf(wsdl.WSCancelRequestParams{}, "format")
	case OrderResults:
		return "orderresult", elementsOf(wsdl.Orderresult{}, "billnumber")
	case OrderStates:
		return "orderstate", elementsOf(wsdl.Orderstate{})
	}
	return "", nil
}

func elementsOf(message any, more ...string) map[string]bool {
	known := make(map[string]bool)
	kind := reflect.TypeOf(message)
	for i := range kind.NumField() {
		known[elementName(kind.Field(i))] = true
	}
	for _, name := range more {
		known[name] = true
	}
	delete(known, "")
	return known
}

// readSOAP reads a request: any prefixes, a Header or none, the children in any
// order. A child that is unknown or stands twice is refused: a misspelt amount
// would otherwise give back all of a payment.
func (c *call) readSOAP(body []byte) *refusal {
	wrapper, known := soapRequest(c.service)
	if wrapper == "" || c.legacy {
		return refuse(codeValue, aboutFormat)
	}
	reader := soapReader{xml.NewDecoder(bytes.NewReader(body))}
	items, err := reader.request(wrapper, known, c.parameters)
	if err != nil {
		return refuse(codeFormat, aboutPacket)
	}
	if len(items) > 0 {
		if !areChequeItems(items) {
			return refuse(codeFormat, aboutCheque)
		}
		c.parameters["chequeitems"] = chequeText(items)
	}
	return nil
}

var errShape = errors.New("assisttest: not the expected message")

// soapReader walks through a request.
type soapReader struct{ *xml.Decoder }

// request reads the whole document into the parameters, and gives the cheque
// items.
func (r soapReader) request(wrapper string, known map[string]bool, to parameters) ([]map[string]any, error) {
	if start, err := r.start(); err != nil || start.Name != (xml.Name{Space: envelopeSpace, Local: "Envelope"}) {
		return nil, errShape
	}
	start, err := r.start()
	if err == nil && start.Name == (xml.Name{Space: envelopeSpace, Local: "Header"}) {
		if err = r.Skip(); err == nil {
			start, err = r.start()
		}
	}
	if err != nil || start.Name != (xml.Name{Space: envelopeSpace, Local: "Body"}) {
		return nil, errShape
	}
	if start, err = r.start(); err != nil || start.Name != (xml.Name{Space: serviceSpace, Local: wrapper}) {
		return nil, errShape
	}
	items, err := r.children(known, to)
	if err != nil {
		return nil, err
	}
	return items, r.end()
}

// start passes over white space, comments and the XML declaration.
func (r soapReader) start() (xml.StartElement, error) {
	for {
		token, err := r.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			return token, nil
		case xml.EndElement, xml.Directive:
			return xml.StartElement{}, errShape
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return xml.StartElement{}, errShape
			}
		}
	}
}

// children reads up to the end of the wrapper. Its children are unqualified, or
// of the service's namespace.
func (r soapReader) children(known map[string]bool, to parameters) ([]map[string]any, error) {
	var items []map[string]any
	customer := false
	for {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return items, nil
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return nil, errShape
			}
		case xml.StartElement:
			name := token.Name.Local
			_, again := to[name]
			switch {
			case token.Name.Space != "" && token.Name.Space != serviceSpace:
				return nil, errShape
			case name == "customer" && !customer:
				customer = true
				err = r.Skip()
			case name == "chequeitem" && known[name]:
				var item map[string]any
				item, err = r.chequeItem()
				items = append(items, item)
			case !known[name] || again:
				return nil, errShape
			default:
				to[name], err = r.text()
			}
			if err != nil {
				return nil, err
			}
		}
	}
}

// chequeItem reads the children of an item, in the form of a form post.
func (r soapReader) chequeItem() (map[string]any, error) {
	texts := parameters{}
	if _, err := r.children(elementsOf(wsdl.ChequeItem{}), texts); err != nil {
		return nil, err
	}
	item := make(map[string]any)
	for name, text := range texts {
		if name == "eancode" {
			name = eanKey
		}
		item[name] = text
	}
	return item, nil
}

// text reads an element without children.
func (r soapReader) text() (string, error) {
	var text []byte
	for {
		token, err := r.Token()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return string(text), nil
		case xml.StartElement:
			return "", errShape
		case xml.CharData:
			text = append(text, token...)
		}
	}
}

// end wants Body and Envelope to end and nothing to follow.
func (r soapReader) end() error {
	for {
		token, err := r.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement, xml.Directive:
			return errShape
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return errShape
			}
		}
	}
}
