package assist

import (
	"context"
	"strconv"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// encodeCancel writes the request down. It assumes that check passed.
func (c *Client) encodeCancel(cred Credentials, req *CancelRequest) []byte {
	q := c.wireRequest(cred, wire.Cancel, wire.Param{Name: "Billnumber", Value: string(req.Billnumber)})
	var most [6]wire.Param
	q.Params = most[:0]
	if req.Amount != (Money{}) {
		q.Params = append(q.Params,
			wire.Param{Name: "Amount", Value: req.Amount.Amount()},
			wire.Param{Name: "Currency", Value: req.Amount.Currency()})
	}
	reason, _ := req.Reason.wireValue()
	q.Params = append(q.Params,
		wire.Param{Name: "CancelReason", Value: reason},
		wire.Param{Name: "Language", Value: c.language.String()})
	if req.ClientIP.IsValid() {
		q.Params = append(q.Params, wire.Param{Name: "ClientIP", Value: req.ClientIP.Unmap().String()})
	}
	if req.ExternalRefundID != "" {
		q.Params = append(q.Params, wire.Param{Name: "Externalrefundid", Value: req.ExternalRefundID})
	}
	for _, item := range req.ChequeItems {
		q.ChequeItems = append(q.ChequeItems, item.params())
	}
	return c.protocol.encode(&q)
}

// params gives the item as texts; what is empty is not sent.
func (item ChequeItem) params() []wire.Param {
	params := []wire.Param{{Name: "id", Value: strconv.Itoa(item.ID)}}
	add := func(name, value string) {
		if value != "" {
			params = append(params, wire.Param{Name: name, Value: value})
		}
	}
	texts := item.texts()
	add(texts[0].name, texts[0].value)
	add(texts[1].name, texts[1].value)
	add("price", item.Price.Amount())
	add("quantity", item.Quantity)
	add("amount", item.Amount.Amount())
	for _, text := range texts[2:] {
		add(text.name, text.value)
	}
	return params
}

// credentials are those of one request, which keeps them whatever comes later.
func (c *Client) credentials(ctx context.Context) (Credentials, error) {
	k := &c.keys
	if k.source == nil {
		return k.given, nil
	}
	cred, err := k.source(ctx)
	if err == nil {
		err = cred.check()
	}
	if err == nil && cred.MerchantID != k.merchantID {
		err = invalid("Credentials.MerchantID", "must be that of the client")
	}
	if err != nil {
		return Credentials{}, c.causeOf(ctx, err)
	}
	k.remember(cred)
	return cred, nil
}

// wireRequest begins a request with the merchant's credentials.
func (c *Client) wireRequest(cred Credentials, s wire.Service, subject wire.Param) wire.Request {
	q := wire.Request{
		Service:    s,
		Subject:    subject,
		MerchantID: cred.MerchantID,
		Login:      cred.Login,
		Password:   cred.Password.Reveal(),
	}
	if p := c.protocol.forService(s); p.kind == kindForm {
		q.Format = strconv.Itoa(int(p.format))
	}
	return q
}

// appendMoment writes a date as the five parameters of protocol §5, in GMT.
func appendMoment(params []wire.Param, prefix string, t time.Time) []wire.Param {
	t = t.UTC()
	return append(params,
		wire.Param{Name: prefix + "Year", Value: strconv.Itoa(t.Year())},
		wire.Param{Name: prefix + "Month", Value: strconv.Itoa(int(t.Month()))},
		wire.Param{Name: prefix + "Day", Value: strconv.Itoa(t.Day())},
		wire.Param{Name: prefix + "Hour", Value: strconv.Itoa(t.Hour())},
		wire.Param{Name: prefix + "Min", Value: strconv.Itoa(t.Minute())})
}
