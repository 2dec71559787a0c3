package form

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/wire"
)

// ContentTypeJSON is that of a request that [EncodeJSON] writes.
const ContentTypeJSON = "application/json"

// EncodeJSON appends the request to dst as JSON (protocol §3): the credentials
// in an object of their own, then the parameters with lower-case names. All
// values are strings, but for the numbers of a cheque.
func EncodeJSON(dst []byte, q *wire.Request) []byte {
	dst = slices.Grow(dst, 512)
	dst = append(dst, `{"merchant":{"merchant_id":`...)
	dst = appendString(dst, q.MerchantID)
	dst = append(dst, `,"login":`...)
	dst = appendString(dst, q.Login)
	dst = append(dst, `,"password":`...)
	dst = appendString(dst, q.Password)
	dst = append(dst, '}')
	if q.Subject.Name != "" {
		dst = appendMember(dst, q.Subject)
	}
	for _, p := range q.Params {
		dst = appendMember(dst, p)
	}
	if len(q.ChequeItems) > 0 {
		dst = append(dst, `,"chequeitem":`...)
		dst = appendChequeItems(dst, q.ChequeItems)
	}
	return append(dst, '}')
}

// appendMember appends a further member with a string as its value.
func appendMember(dst []byte, p wire.Param) []byte {
	dst = append(dst, ',')
	dst = append(dst, '"')
	for i := range len(p.Name) {
		// Names are ASCII letters and underscores.
		c := p.Name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	dst = append(dst, '"', ':')
	return appendString(dst, p.Value)
}

// appendChequeItems appends the items of a cheque as an array.
func appendChequeItems(dst []byte, items [][]wire.Param) []byte {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		for j, p := range item {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, chequeKey(p.Name))
			dst = append(dst, ':')
			if isChequeNumber(p.Name) && isPlainDecimal(p.Value) {
				dst = append(dst, p.Value...)
			} else {
				dst = appendString(dst, p.Value)
			}
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// chequeKey gives the JSON key of a cheque field. That of eancode begins with
// a Cyrillic letter (protocol §3).
func chequeKey(name string) string {
	if name == "eancode" {
		return "\u0435ancode"
	}
	return name
}

func isChequeNumber(name string) bool {
	switch name {
	case "id", "price", "quantity", "amount":
		return true
	}
	return false
}

// isPlainDecimal tells what JSON takes as a number without sign and exponent.
func isPlainDecimal(text string) bool {
	whole, fraction, point := strings.Cut(text, ".")
	return isDigits(whole) && (whole == "0" || whole[0] != '0') && (!point || isDigits(fraction))
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string. What is no UTF-8 comes out as U+FFFD.
func appendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&0xf])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
