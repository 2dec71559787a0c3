package soap

import (
	"slices"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/wire"
)

// ContentType is that of a request (protocol §3).
const ContentType = "text/xml; charset=utf-8"

const (
	envelopeOpen = `<soapenv:Envelope xmlns:soapenv="` + envelopeSpace + `" xmlns:ws="` + serviceSpace + `"><soapenv:Body>`
	envelopeEnd  = `</soapenv:Body></soapenv:Envelope>`
)

// Encode appends the request to dst: a prefixed wrapper with unqualified
// lower-case children, in the order of protocol §3.
//
// A character that XML can't hold is replaced by U+FFFD, never dropped:
// without it a text could turn into another valid one.
func Encode(dst []byte, q *wire.Request) []byte {
	dst = slices.Grow(dst, size(q))
	wrapper := q.Service.String()
	if q.Service == wire.Cancel {
		wrapper = "WSCancelRequestParams"
	}
	dst = append(dst, envelopeOpen...)
	dst = append(dst, "<ws:"...)
	dst = append(dst, wrapper...)
	dst = append(dst, '>')
	if q.Subject.Name != "" {
		dst = appendElement(dst, q.Subject)
	}
	dst = appendElement(dst, wire.Param{Name: "merchant_id", Value: q.MerchantID})
	dst = appendElement(dst, wire.Param{Name: "login", Value: q.Login})
	dst = appendElement(dst, wire.Param{Name: "password", Value: q.Password})
	dst = appendElements(dst, q.Params)
	for _, item := range q.ChequeItems {
		dst = append(dst, "<chequeitem>"...)
		dst = appendElements(dst, item)
		dst = append(dst, "</chequeitem>"...)
	}
	dst = append(dst, "</ws:"...)
	dst = append(dst, wrapper...)
	dst = append(dst, '>')
	return append(dst, envelopeEnd...)
}

// size is what a request takes when nothing in it needs escaping.
func size(q *wire.Request) int {
	const element = len("<></>")
	params := func(list []wire.Param) (n int) {
		for _, p := range list {
			n += 2*len(p.Name) + len(p.Value) + element
		}
		return n
	}
	n := len(envelopeOpen) + len(envelopeEnd) + 2*len("<ws:WSCancelRequestParams>") + 1
	n += 2*len("merchant_idloginpassword") + len(q.MerchantID) + len(q.Login) + len(q.Password) + 3*element
	n += 2*len(q.Subject.Name) + len(q.Subject.Value) + element + params(q.Params)
	for _, item := range q.ChequeItems {
		n += len("<chequeitem></chequeitem>") + params(item)
	}
	return n
}

func appendElements(dst []byte, params []wire.Param) []byte {
	for _, p := range params {
		dst = appendElement(dst, p)
	}
	return dst
}

func appendElement(dst []byte, p wire.Param) []byte {
	dst = append(dst, '<')
	dst = appendLower(dst, p.Name)
	dst = append(dst, '>')
	dst = appendEscaped(dst, p.Value)
	dst = append(dst, "</"...)
	dst = appendLower(dst, p.Name)
	return append(dst, '>')
}

// appendLower appends an ASCII name in lower case.
func appendLower(dst []byte, name string) []byte {
	for _, c := range []byte(name) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func appendEscaped(dst []byte, text string) []byte {
	for _, r := range text { // what is no UTF-8 comes out as U+FFFD
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '"':
			dst = append(dst, "&quot;"...)
		case r == '\'':
			dst = append(dst, "&apos;"...)
		case r == '\r': // a bare one would be read as a line feed
			dst = append(dst, "&#xD;"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
