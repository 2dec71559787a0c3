package assisttest

import (
	"bytes"
	"encoding/xml"
	"iter"
	"strings"
)

// flatFields are those of cancel.cfm in the order of its XML (protocol §4).
var flatFields = strings.Fields(`ordernumber responsecode recommendation message ordercomment orderdate amount
	currency meantypename meannumber lastname firstname middlename issuebank email bankcountry rate approvalcode meansubtype
	cardholder cardexpirationdate ipaddress protocoltypename testmode customermessage orderstate processingname operationtype
	billnumber orderamount ordercurrency slipno packetdate signature pareq acsurl`)

// orderFields and operationFields are those of wscancel (protocol §4).
var (
	orderFields     = strings.Fields(`billnumber ordernumber testmode ordercomment orderamount ordercurrency rate orderdate orderstate`)
	customerFields  = strings.Fields(`firstname lastname middlename email`)
	operationFields = strings.Fields(`billnumber operationtype operationstate amount currency ipaddress meantype_id meansubtype
		meannumber cardholder issuebank bankcountry responsecode message customermessage recommendation approvalcode
		protocoltypename processingname operationdate cardexpirationdate slipno`)
)

// Those of the order services and of result by date (protocol §5).
var (
	resultFields = strings.Fields(`ordernumber billnumber testmode ordercomment orderamount ordercurrency firstname lastname
		middlename email orderdate orderstate packetdate signature checkvalue`)
	resultOperationFields = strings.Fields(`billnumber operationtype operationstate amount currency clientip ipaddress meantype_id
		meantypename meansubtype meannumber cardholder cardexpirationdate issuebank bankcountry responsecode message
		customermessage recommendation approvalcode protocoltypename processingname operationdate authresult authrequired`)
	stateFields = strings.Fields(`ordernumber billnumber orderamount ordercurrency orderstate packetdate signature checkvalue`)
	dateFields  = strings.Fields(`ordernumber billnumber testmode ordercomment orderamount ordercurrency amount currency rate lastname
		firstname middlename email clientip ipaddress meantype_id meantypename meansubtype meannumber cardholder issuebank bankcountry
		orderdate orderstate responsecode message customermessage recommendation approvalcode protocoltypename processingname
		operationtype operationdate authresult authrequired slipno packetdate checkvalue cardexpirationdate`)
)

// xmlWriter writes the XML of form posts. Its document type lacks elements that
// the body has, as Assist's does (protocol §4).
type xmlWriter struct{ bytes.Buffer }

func newXML(root string, known []string, count int) *xmlWriter {
	w := new(xmlWriter)
	w.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<!DOCTYPE result [\n")
	w.WriteString("<!ELEMENT result (" + root + "*)>\n<!ATTLIST result firstcode CDATA #REQUIRED secondcode CDATA #REQUIRED count CDATA #REQUIRED>\n")
	for _, name := range known {
		w.WriteString("<!ELEMENT " + name + " (#PCDATA)>\n")
	}
	w.WriteString("]>\n<result firstcode=\"0\" secondcode=\"0\" count=\"" + number(count) + "\">")
	return w
}

func (w *xmlWriter) open(name string)  { w.WriteString("\n<" + name + ">") }
func (w *xmlWriter) close(name string) { w.WriteString("</" + name + ">") }

func (w *xmlWriter) fields(names []string, r record) {
	for _, name := range names {
		w.WriteString("\n<" + name + ">" + escaped(r[name]) + "</" + name + ">")
	}
}

func (w *xmlWriter) end() []byte {
	w.WriteString("\n</result>\n")
	return w.Bytes()
}

func escaped(text string) string {
	if !strings.ContainsAny(text, "&<>\"'\t\r\n") && isPlain(text) {
		return text
	}
	var out strings.Builder
	// A strings.Builder takes every write.
	_ = xml.EscapeText(&out, []byte(text))
	return out.String()
}

// isPlain tells a text that no XML writer has anything to do with.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// xmlFlatCancel is the answer of cancel.cfm.
func xmlFlatCancel(a cancelAnswer) []byte {
	w := newXML("orders", flatFields[:len(flatFields)-4], len(a.operations))
	w.open("orders")
	for _, op := range a.operations {
		w.open("order")
		w.fields(flatFields, merged(a.order, op))
		w.close("order")
	}
	w.close("orders")
	return w.end()
}

// xmlCancel is the answer of wscancel.cfm, whose shape is inferred.
func xmlCancel(a cancelAnswer) []byte {
	w := newXML("order", orderFields, 1)
	w.open("order")
	w.fields(orderFields, a.order)
	w.open("customer")
	w.fields(customerFields, a.order)
	w.close("customer")
	for _, op := range a.operations {
		w.open("operation")
		w.fields(operationFields, op)
		w.close("operation")
	}
	w.close("order")
	w.fields([]string{"packetdate", "signature"}, a.order)
	return w.end()
}

func xmlOrderResult(orders []orderAnswer) []byte {
	w := newXML("order", resultFields, len(orders))
	for _, o := range orders {
		w.open("order")
		w.fields(resultFields, o.order)
		for _, op := range o.operations {
			w.open("operation")
			w.fields(resultOperationFields, op)
			w.close("operation")
		}
		w.close("order")
	}
	return w.end()
}

func xmlOrderState(orders []orderAnswer) []byte {
	w := newXML("order", stateFields, len(orders))
	for _, o := range orders {
		w.open("order")
		w.fields(stateFields, o.order)
		w.close("order")
	}
	return w.end()
}

func xmlByDate(rows iter.Seq[record], count int) []byte {
	w := newXML("payment", dateFields, count)
	always := dateFields[:len(dateFields)-1]
	for row := range rows {
		names := dateFields
		if row["cardexpirationdate"] == "" {
			names = always
		}
		w.open("payment")
		w.fields(names, row)
		w.close("payment")
	}
	return w.end()
}

// xmlRefusal is as captured: codes and no word (protocol §4).
func xmlRefusal(r *refusal) []byte {
	return []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<result firstcode='" + number(r.first) + "' secondcode='" + number(r.second) + "' count='0'></result>\n")
}

// merged is a flat record: the operation's values over the order's.
func merged(order, operation record) record {
	flat := make(record, len(order)+len(operation))
	for name, text := range order {
		flat[name] = text
	}
	for name, text := range operation {
		flat[name] = text
	}
	return flat
}
