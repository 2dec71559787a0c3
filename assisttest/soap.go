package assisttest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"

	"github.com/assist-go/assist/soap/wsdl"
)

const (
	envelopeSpace = "http://schemas.xmlsoap.org/soap/envelope/"
	serviceSpace  = "http://www.paysecure.ru/ws/"
)

// soapRequest is the generated type of a service's request and the name of its
// wrapper.
func soapRequest(service Service) (message any, wrapper string) {
	switch service {
	case OrderResults:
		return new(wsdl.Orderresult), "orderresult"
	case OrderStates:
		return new(wsdl.Orderstate), "orderstate"
	case Cancels:
		return new(wsdl.WSCancelRequestParams), "WSCancelRequestParams"
	}
	return nil, ""
}

// readSOAP reads a request with the generated types. It is strict about the
// shape, stricter than Assist may be: what the client writes shall be what the
// protocol says, to the order of the elements.
func (c *call) readSOAP(body []byte) *refusal {
	message, wrapper := soapRequest(c.service)
	if message == nil || c.legacy {
		return refuse(codeValue, aboutFormat)
	}
	start, decoder, err := soapWrapper(body)
	if err != nil || start.Name.Space != serviceSpace || start.Name.Local != wrapper {
		return refuse(codeFormat, aboutPacket)
	}
	if err := errors.Join(checkSequence(decoder, reflect.TypeOf(message).Elem()), soapEnd(decoder)); err != nil {
		return refuse(codeFormat, aboutPacket)
	}
	start, decoder, err = soapWrapper(body)
	if err == nil {
		err = decoder.DecodeElement(message, &start)
	}
	if err != nil {
		return refuse(codeFormat, aboutPacket)
	}
	c.takeTexts(reflect.ValueOf(message).Elem())
	if cancel, ok := message.(*wsdl.WSCancelRequestParams); ok && len(cancel.Chequeitem) > 0 {
		items, ok := chequeOfSOAP(cancel.Chequeitem)
		if !ok {
			return refuse(codeFormat, aboutCheque)
		}
		c.parameters["chequeitems"] = items
	}
	return nil
}

// soapWrapper reads up to the element inside the Body.
func soapWrapper(body []byte) (xml.StartElement, *xml.Decoder, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for _, want := range []string{"Envelope", "Body", ""} {
		start, err := nextStart(decoder)
		if err != nil {
			return xml.StartElement{}, nil, err
		}
		if want == "" {
			return start, decoder, nil
		}
		if start.Name != (xml.Name{Space: envelopeSpace, Local: want}) {
			return xml.StartElement{}, nil, errShape
		}
	}
	return xml.StartElement{}, nil, errShape
}

var errShape = errors.New("assisttest: not the expected message")

// nextStart passes over white space, comments and the XML declaration.
func nextStart(decoder *xml.Decoder) (xml.StartElement, error) {
	for {
		token, err := decoder.Token()
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

// soapEnd wants Body and Envelope to end and nothing to follow.
func soapEnd(decoder *xml.Decoder) error {
	for {
		token, err := decoder.Token()
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

// checkSequence wants the children of an element to be unqualified, known, in
// the order of the schema and not repeated where they are not a list. It reads
// up to the end of the element.
func checkSequence(decoder *xml.Decoder, message reflect.Type) error {
	at := 0
	for {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return errShape
			}
		case xml.StartElement:
			if token.Name.Space != "" || len(token.Attr) > 0 {
				return errShape
			}
			for at < message.NumField() && elementName(message.Field(at)) != token.Name.Local {
				at++
			}
			if at == message.NumField() {
				return errShape
			}
			kind := message.Field(at).Type
			if kind.Kind() == reflect.Slice {
				if err := checkSequence(decoder, kind.Elem().Elem()); err != nil {
					return err
				}
				continue
			}
			at++
			if err := checkText(decoder); err != nil {
				return err
			}
		}
	}
}

// checkText wants an element without children.
func checkText(decoder *xml.Decoder) error {
	for {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			return errShape
		}
	}
}

// elementName is the child element that a field of a generated type stands for.
func elementName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("xml"), ",")
	if field.Name == "XMLName" {
		return ""
	}
	return name
}

// takeTexts copies the texts of a generated type into the parameters.
func (c *call) takeTexts(message reflect.Value) {
	for i := range message.NumField() {
		name := elementName(message.Type().Field(i))
		switch text := message.Field(i).Interface().(type) {
		case string:
			if name != "" {
				c.parameters[name] = text
			}
		case *string:
			if text != nil {
				c.parameters[name] = *text
			}
		}
	}
}

// fill copies texts into a generated type, under the names of its elements. An
// optional element stays away when its text is empty.
func fill[T any](message *T, texts record) *T {
	value := reflect.ValueOf(message).Elem()
	for i := range value.NumField() {
		text := texts[elementName(value.Type().Field(i))]
		switch field := value.Field(i).Addr().Interface().(type) {
		case *string:
			*field = text
		case **string:
			if text != "" {
				*field = &text
			}
		}
	}
	return message
}

func soapCancel(a cancelAnswer) []byte {
	order := fill(new(wsdl.CancelOrder), a.order)
	order.Customer = fill(new(wsdl.CancelCustomer), a.order)
	for _, op := range a.operations {
		order.Operation = append(order.Operation, fill(new(wsdl.CancelOperation), op))
	}
	return envelope("soapenv", "WSCancelResponseParams", &wsdl.WSCancelResponseParams{
		Order: order, Packetdate: a.order["packetdate"], Signature: a.order["signature"],
	})
}

func soapOrderResult(orders []orderAnswer) []byte {
	list := new(wsdl.ResultList)
	for _, o := range orders {
		order := fill(new(wsdl.ResultOrder), o.order)
		for _, op := range o.operations {
			order.Operation = append(order.Operation, fill(new(wsdl.ResultOperation), op))
		}
		list.Order = append(list.Order, order)
	}
	return envelope("SOAP-ENV", "orderresultResponse", &wsdl.OrderresultResponse{Orderresult: list})
}

func soapOrderState(orders []orderAnswer) []byte {
	list := new(wsdl.StateList)
	for _, o := range orders {
		list.Order = append(list.Order, fill(new(wsdl.StateOrder), o.order))
	}
	return envelope("SOAP-ENV", "orderstateResponse", &wsdl.OrderstateResponse{Orderstate: list})
}

// envelope writes a message. The wrapper has a prefix and its children have
// none: encoding/xml would make them heirs of a default namespace, so the name
// with its prefix is handed to it as one word.
func envelope(prefix, wrapper string, message any) []byte {
	var out bytes.Buffer
	out.WriteString(xml.Header)
	out.WriteString(`<` + prefix + `:Envelope xmlns:` + prefix + `="` + envelopeSpace + `" xmlns:ws="` + serviceSpace + `"><` + prefix + `:Body>`)
	encoder := xml.NewEncoder(&out)
	err := encoder.EncodeElement(message, xml.StartElement{Name: xml.Name{Local: "ws:" + wrapper}})
	if err != nil {
		// The messages hold texts alone, which always encode.
		panic("assisttest: " + err.Error())
	}
	out.WriteString(`</` + prefix + `:Body></` + prefix + `:Envelope>`)
	return out.Bytes()
}

// soapFault writes a refusal. Where the codes stand is inferred (protocol §4).
func (s *Server) soapFault(r *refusal, language string) []byte {
	text := r.text(language)
	var out bytes.Buffer
	out.WriteString(xml.Header)
	out.WriteString(`<soapenv:Envelope xmlns:soapenv="` + envelopeSpace + `"><soapenv:Body><soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>`)
	if s.codesInText {
		text = codePair(r) + " " + text
	}
	out.WriteString(escaped(text))
	out.WriteString(`</faultstring><detail><message>` + escaped(r.text(language)) + `</message><recomendation></recomendation>`)
	if !s.codesInText {
		out.WriteString(`<firstcode>` + number(r.first) + `</firstcode><secondcode>` + number(r.second) + `</secondcode>`)
	}
	out.WriteString(`</detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`)
	return out.Bytes()
}
