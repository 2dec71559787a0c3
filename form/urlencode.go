package form

import (
	"net/url"
	"slices"

	"github.com/assist-go/assist/internal/wire"
)

// ContentType is that of a request that [Encode] writes.
const ContentType = "application/x-www-form-urlencoded; charset=utf-8"

// Encode appends the request to dst, url-encoded in UTF-8, the parameters
// spelled as in the documentation. Cheque items go as JSON text (protocol §3).
func Encode(dst []byte, q *wire.Request) []byte {
	start := len(dst)
	add := func(name, value string) {
		if len(dst) > start {
			dst = append(dst, '&')
		}
		dst = append(dst, url.QueryEscape(name)...)
		dst = append(dst, '=')
		dst = append(dst, url.QueryEscape(value)...)
	}
	dst = slices.Grow(dst, 512)
	if q.Subject.Name != "" {
		add(q.Subject.Name, q.Subject.Value)
	}
	add("Merchant_ID", q.MerchantID)
	add("Login", q.Login)
	add("Password", q.Password)
	for _, p := range q.Params {
		add(p.Name, p.Value)
	}
	if len(q.ChequeItems) > 0 {
		items := append([]byte(`{"items":`), appendChequeItems(nil, q.ChequeItems)...)
		add("ChequeItems", string(append(items, '}')))
	}
	if q.Format != "" {
		add("Format", q.Format)
	}
	return dst
}
