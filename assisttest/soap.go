package assisttest

import (
	"bytes"
	"encoding/xml"
	"reflect"
	"strings"

	"github.com/assist-go/assist/soap/wsdl"
)

const (
	envelopeSpace = "http://schemas.xmlsoap.org/soap/envelope/"
	serviceSpace  = "http://www.paysecure.ru/ws/"
)

// elementName is the child element that a field of a generated type stands for.
func elementName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("xml"), ",")
	if field.Name == "XMLName" {
		return ""
	}
	return name
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
	detail := `<message>` + escaped(text) + `</message><recomendation>` + escaped(r.hint) + `</recomendation>`
	switch s.shapeOf(r) {
	case codesAsFault:
		return soapFaultOf(number(r.first), number(r.second), "")
	case codesInText:
		return soapFaultOf("soapenv:Server", codePair(r), detail)
	}
	return soapFaultOf("soapenv:Server", text,
		detail+`<firstcode>`+number(r.first)+`</firstcode><secondcode>`+number(r.second)+`</secondcode>`)
}

// soapFaultOf writes a Fault. The detail is XML.
func soapFaultOf(code, text, detail string) []byte {
	return []byte(xml.Header + `<soapenv:Envelope xmlns:soapenv="` + envelopeSpace + `"><soapenv:Body><soapenv:Fault><faultcode>` +
		escaped(code) + `</faultcode><faultstring>` + escaped(text) + `</faultstring><detail>` + detail +
		`</detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`)
}
