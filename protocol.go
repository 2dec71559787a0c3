package assist

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/assist-go/assist/form"
	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/soap"
)

// Protocol is how a client speaks: [SOAP], [JSON], or a form with one of four
// answer formats. The zero value is none and is refused by [WithProtocol].
// Protocols are comparable with ==.
type Protocol struct {
	kind   protocolKind
	format Format
}

type protocolKind uint8

const (
	kindSOAP protocolKind = iota + 1
	kindJSON
	kindForm
)

// Format is the format of the answer to a form, by Assist's numbers (protocol
// §2).
type Format int

// The formats of protocol §2. A form that asks for CSV or XML goes to the older
// cancel service and gets one operation back; see [WithCancelPath].
const (
	FormatCSV  Format = 1
	FormatXML  Format = 3
	FormatSOAP Format = 4
	FormatJSON Format = 5
)

var (
	// SOAP speaks SOAP 1.1 with the web service wscancel. It is the default.
	SOAP = Protocol{kind: kindSOAP}
	// JSON speaks JSON with the web service wscancel. How a cancel looks in JSON
	// is inferred from Assist's other services (protocol §3).
	JSON = Protocol{kind: kindJSON}
)

// Form speaks url-encoded HTTP POST in UTF-8 and asks for answers in a format.
// An unknown format is refused by [WithProtocol].
func Form(f Format) Protocol { return Protocol{kind: kindForm, format: f} }

// String gives the protocol's name: "soap", "json", "form-xml" …
func (p Protocol) String() string {
	switch p.kind {
	case kindSOAP:
		return "soap"
	case kindJSON:
		return "json"
	case kindForm:
		switch p.format {
		case FormatCSV:
			return "form-csv"
		case FormatXML:
			return "form-xml"
		case FormatSOAP:
			return "form-soap"
		case FormatJSON:
			return "form-json"
		}
	}
	return "no protocol"
}

// ParseProtocol reads what [Protocol.String] gives, for a configuration.
func ParseProtocol(name string) (Protocol, error) {
	for _, p := range []Protocol{SOAP, JSON, Form(FormatCSV), Form(FormatXML), Form(FormatSOAP), Form(FormatJSON)} {
		if p.String() == name {
			return p, nil
		}
	}
	return Protocol{}, invalid("Protocol", "must be soap, json, form-csv, form-xml, form-soap or form-json")
}

func (p Protocol) valid() bool { return p.String() != "no protocol" }

// cancelPath is the default path of the cancel service. Only the older service
// answers in CSV.
func (p Protocol) cancelPath() string {
	if p.isFlatForm() {
		return "/cancel/cancel.cfm"
	}
	return "/cancel/wscancel.cfm"
}

// isFlatForm tells the forms whose cancel answers are flat.
func (p Protocol) isFlatForm() bool {
	return p.kind == kindForm && (p.format == FormatCSV || p.format == FormatXML)
}

// forService is the protocol by which a service is asked. Order services don't
// speak CSV, and result by date is known by form and XML only (protocol §4, §5).
func (p Protocol) forService(s wire.Service) Protocol {
	if s == wire.ResultByDate || s != wire.Cancel && p == Form(FormatCSV) {
		return Form(FormatXML)
	}
	return p
}

// contentType is that of a request.
func (p Protocol) contentType() string {
	switch p.kind {
	case kindJSON:
		return form.ContentTypeJSON
	case kindForm:
		return form.ContentType
	}
	return soap.ContentType
}

// encode writes a request down.
func (p Protocol) encode(q *wire.Request) []byte {
	switch p.kind {
	case kindJSON:
		return form.EncodeJSON(nil, q)
	case kindForm:
		return form.Encode(nil, q)
	}
	return soap.Encode(nil, q)
}

// read makes text of an answer's bytes and reads that. A text that doesn't decide
// may hold anything.
func (p Protocol) read(body, contentType string, s wire.Service, into *wire.Answer) error {
	text, sent := charset.Text(body, contentType)
	err := p.decode(text, s, into)
	for i := range into.Orders {
		into.Orders[i].Charset = sent
	}
	return err
}

// decode reads an answer's text.
func (p Protocol) decode(doc string, s wire.Service, into *wire.Answer) error {
	err := decodeMarkup(doc, s, into)
	// CSV has no mark of its own, so only who asked for it takes it.
	if p == Form(FormatCSV) && errors.Is(err, wire.ErrForeign) {
		*into = wire.Answer{}
		return form.DecodeCSV(doc, s, into)
	}
	return err
}

// decodeMarkup reads what arrived, whatever was asked for: servers have been
// seen answering JSON requests in XML (protocol §2).
func decodeMarkup(doc string, s wire.Service, into *wire.Answer) error {
	switch firstByte(doc) {
	case '<':
		err := soap.Decode(doc, s, into)
		if errors.Is(err, wire.ErrForeign) {
			*into = wire.Answer{}
			return form.DecodeXML(doc, s, into)
		}
		return err
	case '{', '[':
		return form.DecodeJSON(doc, s, into)
	}
	return wire.ErrForeign
}

// firstByte is the first byte behind a byte order mark and white space.
func firstByte(doc string) byte {
	doc = strings.TrimLeft(strings.TrimPrefix(doc, "\ufeff"), " \t\r\n")
	if doc == "" {
		return 0
	}
	return doc[0]
}

// bodyless makes the request of a service, for [Client.request] to copy. It has
// no GetBody, and no header that calls it idempotent. With either, net/http would
// replay it (HTTP/2 after REFUSED_STREAM, PROTOCOL_ERROR or GOAWAY, a redirect 307
// or 308, a connection that dies).
func bodyless(endpoint *url.URL, p Protocol, userAgent string) *http.Request {
	header := http.Header{
		"Content-Type": {p.contentType()},
		// Or a transport of the caller's asks for gzip by itself.
		"Accept-Encoding": {"identity"},
	}
	if p == SOAP {
		header.Set("SOAPAction", `"`+endpoint.String()+`"`)
	}
	if userAgent != "" {
		header.Set("User-Agent", userAgent)
	}
	return &http.Request{
		Method: http.MethodPost, URL: endpoint, Host: endpoint.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
	}
}
