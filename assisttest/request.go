package assisttest

import (
	"mime"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Protocols, as [Request.Protocol] names them.
const (
	protocolSOAP = "SOAP"
	protocolJSON = "JSON"
	protocolForm = "form"
)

// Formats of an answer (protocol §2).
const (
	formatCSV  = "1"
	formatXML  = "3"
	formatSOAP = "4"
	formatJSON = "5"
)

// parameters are those of a request under their names in lower case. The
// credentials are among them until the request has been authenticated.
type parameters map[string]string

// call is a request that has been read.
type call struct {
	service    Service
	legacy     bool // cancel.cfm
	protocol   string
	format     string // of the answer
	language   string // of the answer
	parameters parameters
}

// readCall reads a request by its Content-Type. A call comes back even with a
// refusal: it says in which format to refuse.
func readCall(service Service, legacy bool, contentType string, body []byte) (*call, *refusal) {
	c := &call{service: service, legacy: legacy, parameters: parameters{}}
	media, settings, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = ""
	}
	var refused *refusal
	switch media {
	case "text/xml", "application/xml", "application/soap+xml":
		c.protocol, c.format = protocolSOAP, formatSOAP
		refused = c.readSOAP(body)
	case "application/json":
		c.protocol, c.format = protocolJSON, formatJSON
		refused = c.readJSON(body)
	case "application/x-www-form-urlencoded":
		c.protocol = protocolForm
		refused = c.readForm(body)
	default:
		return nil, nil
	}
	c.language = c.parameters["language"]
	if c.language != "RU" && c.language != "EN" {
		c.language = "EN"
		if service == Cancels {
			c.language = "RU"
		}
	}
	charset := settings["charset"]
	switch {
	case refused != nil:
		return c, refused
	case charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8"), !allUTF8(c.parameters):
		return c, refuse(codeFormat, 0)
	case !c.offered():
		return c, refuse(codeValue, aboutFormat)
	}
	return c, nil
}

// offered tells whether the service speaks the protocol and format (protocol
// §2). The SOAP wrapper of result by date is unknown.
func (c *call) offered() bool {
	switch {
	case c.legacy:
		return c.protocol == protocolForm && (c.format == formatCSV || c.format == formatXML)
	case c.service == ResultsByDate:
		return c.protocol != protocolSOAP && (c.format == formatCSV || c.format == formatXML || c.format == formatJSON)
	}
	return c.format == formatXML || c.format == formatSOAP || c.format == formatJSON
}

// readForm takes names in any case, and the first of those that a name is given
// with.
func (c *call) readForm(body []byte) *refusal {
	switch {
	case c.legacy:
		c.format = formatCSV
	case c.service == Cancels:
		c.format = formatSOAP
	default:
		c.format = formatXML
	}
	for pair := range strings.SplitSeq(string(body), "&") {
		name, text, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		text, err2 := url.QueryUnescape(text)
		if err1 != nil || err2 != nil {
			return refuse(codeFormat, 0)
		}
		name = strings.ToLower(name)
		if _, again := c.parameters[name]; name != "" && !again {
			c.parameters[name] = text
		}
	}
	if format := c.parameters["format"]; format != "" {
		c.format = format
	}
	if items := c.parameters["chequeitems"]; items != "" && !isChequeForm(items) {
		return refuse(codeFormat, aboutCheque)
	}
	return nil
}

func allUTF8(p parameters) bool {
	for _, text := range p {
		if !utf8.ValidString(text) {
			return false
		}
	}
	return true
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
