package assisttest

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
)

// SignedTexts are the texts of an answer that a signature can cover (protocol
// §8), as they stand in the answer. Where an answer has no operation, or
// several, those of the first operation or none are meant.
type SignedTexts struct {
	OrderNumber, OrderAmount, OrderCurrency, OrderState, PacketDate      string
	Billnumber, ResponseCode, Amount, Currency, MeanNumber, ApprovalCode string
}

// Short joins order number, order amount, order currency, order state and packet
// date by nothing: the layout of the QIWI sample.
func (t SignedTexts) Short() string {
	return t.OrderNumber + t.OrderAmount + t.OrderCurrency + t.OrderState + t.PacketDate
}

// Nine joins the nine fields of protocol §8 by a comma or by nothing, with the
// operation's amount and currency.
func (t SignedTexts) Nine(separator string) string {
	return strings.Join([]string{
		t.Billnumber, t.OrderNumber, t.ResponseCode, t.Amount, t.Currency,
		t.MeanNumber, t.ApprovalCode, t.OrderState, t.PacketDate,
	}, separator)
}

func (s *Server) sign(order record, operations []record) {
	if s.signer == nil {
		return
	}
	operation := record{}
	if len(operations) > 0 {
		operation = operations[0]
	}
	order["signature"] = s.signer(SignedTexts{
		OrderNumber: order["ordernumber"], OrderAmount: order["orderamount"], OrderCurrency: order["ordercurrency"],
		OrderState: order["orderstate"], PacketDate: order["packetdate"],
		Billnumber: operation["billnumber"], ResponseCode: operation["responsecode"],
		Amount: operation["amount"], Currency: operation["currency"],
		MeanNumber: operation["meannumber"], ApprovalCode: operation["approvalcode"],
	})
}

// checkValue covers an order of the order services (protocol §8).
func checkValue(secret, merchantID string, order record) string {
	texts := merchantID + order["ordernumber"] + order["orderamount"] + order["ordercurrency"] + order["orderstate"]
	return upperMD5(upperMD5OfPair(secret, texts))
}

func upperMD5OfPair(secret, texts string) string {
	return strings.ToUpper(md5Of(secret) + md5Of(texts))
}

func upperMD5(text string) string { return strings.ToUpper(md5Of(text)) }

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
