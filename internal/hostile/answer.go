package hostile

import (
	"fmt"
	"regexp"
	"sync/atomic"
)

// HTTP200 is a whole answer of HTTP/1.1 around a body.
func HTTP200(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// BillnumberAsked finds the payment in the body of a SOAP cancel.
var BillnumberAsked = regexp.MustCompile(`<billnumber>(\d+)`)

// operationsMade numbers the operations of all test servers, so that no two
// cancels are ever answered with the same one.
var operationsMade atomic.Int32

// cancelled is the answer to a cancel of 0.10 RUB that was done.
const cancelled = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/">` +
	`<soapenv:Body><ws:WSCancelResponseParams><order><billnumber>%[1]s</billnumber>` +
	`<ordernumber>2013.10.23-700027-5</ordernumber><orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency>` +
	`<orderdate>23.10.2013 12:59:44</orderdate><orderstate>PartialCanceled</orderstate>` +
	`<operation><billnumber>%[1]s.%[2]d</billnumber><operationtype>300</operationtype><operationstate>Success</operationstate>` +
	`<amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode><operationdate>23.10.2013 13:58:21</operationdate>` +
	`<cardholder>IVAN PETROV</cardholder></operation>` +
	`</order><packetdate>23.10.2013 13:58:37</packetdate></ws:WSCancelResponseParams></soapenv:Body></soapenv:Envelope>`

// AnswerTo is the success that a SOAP cancel of 0.10 RUB asks for.
func AnswerTo(body string) string {
	payment := "5700027202722028"
	if asked := BillnumberAsked.FindStringSubmatch(body); asked != nil {
		payment = asked[1]
	}
	return fmt.Sprintf(cancelled, payment, 2+operationsMade.Add(1))
}
