package assisttest

import (
	"strconv"
	"time"
)

// record is one order or operation as texts, under the names that they have on
// the wire (protocol §4 and §5). Each format picks the names it has.
type record map[string]string

const (
	dateLayout   = "02.01.2006 15:04:05"
	minuteLayout = "02.01.2006 15:04"
)

func dateText(t time.Time) string { return t.UTC().Format(dateLayout) }

func number(n int) string { return strconv.Itoa(n) }

func codePair(r *refusal) string { return number(r.first) + "-" + number(r.second) }

// orderRecord holds what formats tell about an order.
func (s *Server) orderRecord(o *order, v view, packetDate string) record {
	r := record{
		"billnumber": o.billnumber, "ordernumber": o.number, "ordercomment": o.comment,
		"orderamount": o.amount.text(), "ordercurrency": o.amount.currency, "rate": o.rate,
		"orderdate": dateText(o.date), "orderstate": o.stateAt(v.states), "testmode": "0",
		"firstname": o.first, "lastname": o.last, "middlename": o.middle, "email": o.email,
		"packetdate": packetDate,
	}
	if o.test {
		r["testmode"] = "1"
	}
	return r
}

func operationRecord(shown row, language string) record {
	op := shown.op
	return record{
		"billnumber": op.billnumber(), "operationtype": op.kind, "operationstate": shown.state,
		"amount": op.amount.text(), "currency": op.amount.currency,
		"clientip": op.ip, "ipaddress": op.ip,
		"meantype_id": number(op.mean), "meantypename": op.name(),
		"meannumber": op.pan, "cardholder": op.holder, "cardexpirationdate": op.expires,
		"issuebank": op.bank, "bankcountry": op.country, "approvalcode": op.approval,
		"responsecode": shown.code, "customermessage": outcomeText(shown.state, language),
		"processingname": processing(op), "operationdate": dateText(op.date),
	}
}

func outcomeText(state, language string) string {
	english := language == "EN"
	switch {
	case state == stateSuccess && english:
		return "Completed successfully."
	case state == stateSuccess:
		return "Завершено успешно."
	case state == stateInProcess && english:
		return "In process"
	case state == stateInProcess:
		return "В процессе обработки"
	case english:
		return "Declined."
	}
	return "Отказано."
}

// name is that of the operation's mean type, as answers tell it.
func (o *operation) name() string {
	if o.meanName != "" {
		return o.meanName
	}
	return meanName(o.mean)
}

// meanName is the mean type's name of protocol §9, empty where it is unknown.
func meanName(meanType int) string {
	switch meanType {
	case 1:
		return "VISA"
	case 2:
		return "MasterCard"
	case 3:
		return "Diners"
	case 4:
		return "JCB"
	case 5:
		return "AMEX"
	case 6:
		return "MIR"
	case meanBonus:
		return "Discount"
	case 30:
		return "WebMoney"
	case 32:
		return "YandexMoney"
	case 36:
		return "QIWI"
	case 39:
		return "QIWI Beeline"
	case 40:
		return "QIWI MTS"
	case 41:
		return "QIWI Megafon"
	}
	return ""
}

// processing names who works the operation. That of cards differs from bank to
// bank; a test payment says Fake (protocol §1).
func processing(op *operation) string {
	if op.order.test {
		return "Fake"
	}
	if w := walletOf(op); w != noWallet {
		return string(w)
	}
	return "Bank"
}
