package assisttest

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"strings"
)

// readJSON takes credentials in "merchant" or beside it and everything else beside
// it, as texts or numbers, under names in any case (protocol §3). Of the customer
// it takes no notice. With format 3 the answer is XML (protocol §2).
func (c *call) readJSON(body []byte) *refusal {
	if c.legacy {
		return refuse(codeValue, aboutFormat)
	}
	var request map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		return refuse(codeFormat, 0)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return refuse(codeFormat, 0)
	}
	merchant, _ := request["merchant"].(map[string]any)
	for _, name := range []string{"merchant_id", "login", "password"} {
		if text, ok := jsonScalar(merchant[name]); ok {
			c.parameters[name] = text
		}
	}
	for name, value := range request {
		name = strings.ToLower(name)
		switch name {
		case "merchant", "customer":
			continue
		case "chequeitem":
			items, ok := jsonItems(value)
			if !ok {
				return refuse(codeFormat, aboutCheque)
			}
			c.parameters["chequeitems"] = chequeText(items)
			continue
		}
		text, ok := jsonScalar(value)
		if !ok {
			return refuse(codeFormat, 0)
		}
		if _, again := c.parameters[name]; again && c.parameters[name] != text {
			return refuse(codeFormat, 0)
		}
		c.parameters[name] = text
	}
	if c.parameters["format"] == formatXML {
		c.format = formatXML
	}
	return nil
}

func jsonScalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	}
	return "", false
}

func jsonItems(value any) ([]map[string]any, bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	items := make([]map[string]any, 0, len(list))
	for _, element := range list {
		item, ok := element.(map[string]any)
		if !ok {
			return nil, false
		}
		items = append(items, item)
	}
	return items, areChequeItems(items)
}

// object is a JSON object under construction.
type object map[string]any

// jsonFields picks fields. As numbers, amounts lose the zeros at their end, as
// Assist's do at times (protocol §4).
func (s *Server) jsonFields(names []string, r record) object {
	o := make(object, len(names)+4)
	for _, name := range names {
		text := r[name]
		if s.jsonNumbers && text != "" && (name == "amount" || name == "orderamount" || name == "meantype_id" || name == "testmode") {
			if strings.Contains(text, ".") {
				text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
			}
			o[name] = json.Number(text)
			continue
		}
		o[name] = text
	}
	return o
}

func (s *Server) jsonOperations(names []string, operations []record) []object {
	list := make([]object, 0, len(operations))
	for _, op := range operations {
		list = append(list, s.jsonFields(names, op))
	}
	return list
}

func (s *Server) jsonCancel(a cancelAnswer) []byte {
	order := s.jsonFields(orderFields, a.order)
	order["customer"] = s.jsonFields(customerFields, a.order)
	order["operations"] = s.jsonOperations(operationFields, a.operations)
	return jsonText(object{"wscancel": object{
		"order":     order,
		"checkdata": object{"packetdate": a.order["packetdate"], "signature": a.order["signature"], "checkvalue": ""},
	}})
}

func (s *Server) jsonOrderResult(orders []orderAnswer) []byte {
	list := make([]object, 0, len(orders))
	for _, o := range orders {
		order := s.jsonFields(resultFields, o.order)
		customer := object{}
		for _, name := range customerFields {
			customer[name] = order[name]
			delete(order, name)
		}
		order["customer"] = customer
		order["operations"] = s.jsonOperations(resultOperationFields, o.operations)
		list = append(list, order)
	}
	return jsonText(object{"orderresult": object{"orders": list}})
}

// jsonOrderState answers one order as Assist does: its fields beside checkdata
// (protocol §5). Several have no known shape; they come as a list under "orders",
// as in order result (inferred).
func (s *Server) jsonOrderState(orders []orderAnswer) []byte {
	list := make([]object, 0, len(orders))
	for _, o := range orders {
		order := s.jsonFields(stateFields[:5], o.order)
		order["checkdata"] = s.jsonFields(stateFields[5:], o.order)
		list = append(list, order)
	}
	if len(list) == 1 {
		return jsonText(object{"orderstate": list[0]})
	}
	return jsonText(object{"orderstate": object{"orders": list}})
}

// jsonByDate is inferred: no document shows result by date in JSON.
func (s *Server) jsonByDate(rows iter.Seq[record]) []byte {
	list := []object{}
	for r := range rows {
		list = append(list, s.jsonFields(dateFields, r))
	}
	return jsonText(object{"resultbydate": object{"payments": list}})
}

// jsonFault writes a refusal. Where the codes stand is inferred (protocol §4).
func (s *Server) jsonFault(r *refusal, language string) []byte {
	text := r.text(language)
	detail := object{"message": text, "recomendation": r.hint}
	switch s.shapeOf(r) {
	case codesAsFault:
		return jsonText(object{"faultcode": number(r.first), "faultstring": number(r.second), "detail": object{}})
	case codesInText:
		text = codePair(r)
	default:
		detail["firstcode"], detail["secondcode"] = r.first, r.second
	}
	return jsonText(object{"faultcode": "Server", "faultstring": text, "detail": detail})
}

func jsonText(o object) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(o); err != nil {
		// The objects hold texts, numbers and their own kind, which always encode.
		panic("assisttest: " + err.Error())
	}
	return out.Bytes()
}
