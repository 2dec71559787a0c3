// Package plainclient is the cancel as a Go developer would write it in an
// afternoon on net/http and encoding/xml: a request with a context, one shared
// client with a timeout, a limit on the answer, a look at the HTTP status, the
// response code and what the answer is about. It is one of the contenders of the
// benchmarks.
package plainclient

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client sends cancels to one URL.
type Client struct {
	URL                         string
	MerchantID, Login, Password string
	HTTP                        *http.Client
}

// New makes a client with a connection pool and a timeout of its own.
func New(url, merchantID, login, password string) *Client {
	return &Client{
		URL: url, MerchantID: merchantID, Login: login, Password: password,
		HTTP: &http.Client{Timeout: 90 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 10 * time.Second}},
	}
}

// Request is a partial cancel.
type Request struct {
	Billnumber, OrderNumber, Amount, Currency string
}

type requestEnvelope struct {
	XMLName xml.Name `xml:"soapenv:Envelope"`
	SOAPEnv string   `xml:"xmlns:soapenv,attr"`
	WS      string   `xml:"xmlns:ws,attr"`
	Params  struct {
		Billnumber   string `xml:"billnumber"`
		MerchantID   string `xml:"merchant_id"`
		Login        string `xml:"login"`
		Password     string `xml:"password"`
		Amount       string `xml:"amount"`
		Currency     string `xml:"currency"`
		CancelReason string `xml:"cancelreason"`
		Language     string `xml:"language"`
	} `xml:"soapenv:Body>ws:WSCancelRequestParams"`
}

// Envelope is the answer to a cancel.
type Envelope struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Fault   *struct {
		Code   string `xml:"faultcode"`
		String string `xml:"faultstring"`
	} `xml:"Body>Fault"`
	Order      Order  `xml:"Body>WSCancelResponseParams>order"`
	PacketDate string `xml:"Body>WSCancelResponseParams>packetdate"`
	Signature  string `xml:"Body>WSCancelResponseParams>signature"`
}

// Order is the order that an answer is about.
type Order struct {
	Billnumber    string `xml:"billnumber"`
	OrderNumber   string `xml:"ordernumber"`
	TestMode      string `xml:"testmode"`
	OrderComment  string `xml:"ordercomment"`
	OrderAmount   string `xml:"orderamount"`
	OrderCurrency string `xml:"ordercurrency"`
	Rate          string `xml:"rate"`
	OrderDate     string `xml:"orderdate"`
	OrderState    string `xml:"orderstate"`
	Customer      struct {
		FirstName  string `xml:"firstname"`
		LastName   string `xml:"lastname"`
		MiddleName string `xml:"middlename"`
		Email      string `xml:"email"`
	} `xml:"customer"`
	Operations []Operation `xml:"operation"`
}

// Operation is one operation of an order.
type Operation struct {
	Billnumber       string `xml:"billnumber"`
	OperationType    string `xml:"operationtype"`
	OperationState   string `xml:"operationstate"`
	Amount           string `xml:"amount"`
	Currency         string `xml:"currency"`
	IPAddress        string `xml:"ipaddress"`
	MeanTypeID       string `xml:"meantype_id"`
	MeanSubtype      string `xml:"meansubtype"`
	MeanNumber       string `xml:"meannumber"`
	CardHolder       string `xml:"cardholder"`
	IssueBank        string `xml:"issuebank"`
	BankCountry      string `xml:"bankcountry"`
	ResponseCode     string `xml:"responsecode"`
	Message          string `xml:"message"`
	CustomerMessage  string `xml:"customermessage"`
	Recommendation   string `xml:"recommendation"`
	ApprovalCode     string `xml:"approvalcode"`
	ProtocolTypeName string `xml:"protocoltypename"`
	ProcessingName   string `xml:"processingname"`
	OperationDate    string `xml:"operationdate"`
}

// Encode writes the SOAP request.
func (c *Client) Encode(r Request) ([]byte, error) {
	e := requestEnvelope{SOAPEnv: "http://schemas.xmlsoap.org/soap/envelope/", WS: "http://www.paysecure.ru/ws/"}
	p := &e.Params
	p.Billnumber, p.Amount, p.Currency = r.Billnumber, r.Amount, r.Currency
	p.MerchantID, p.Login, p.Password = c.MerchantID, c.Login, c.Password
	p.CancelReason, p.Language = "2", "RU"
	return xml.Marshal(e)
}

// Decode reads the SOAP answer.
func Decode(answer []byte) (*Envelope, error) {
	e := new(Envelope)
	if err := xml.Unmarshal(answer, e); err != nil {
		return nil, err
	}
	return e, nil
}

// maxAnswer bounds the answer, in bytes.
const maxAnswer = 1 << 20

// Cancel sends one cancel and gives its operation.
func (c *Client) Cancel(ctx context.Context, r Request) (*Operation, error) {
	body, err := c.Encode(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+c.URL+`"`)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	e, err := Decode(text)
	if err != nil {
		return nil, err
	}
	switch {
	case e.Fault != nil:
		return nil, fmt.Errorf("%s: %s", e.Fault.Code, e.Fault.String)
	case e.Order.Billnumber != r.Billnumber || e.Order.OrderNumber != r.OrderNumber || len(e.Order.Operations) != 1:
		return nil, errors.New("an answer about something else")
	}
	op := &e.Order.Operations[0]
	switch {
	case op.Amount != r.Amount || op.Currency != r.Currency || !strings.HasPrefix(op.Billnumber, r.Billnumber+"."):
		return nil, errors.New("an operation of something else")
	case op.ResponseCode != "AS000" && op.ResponseCode != "AS300":
		return nil, fmt.Errorf("response code %s", op.ResponseCode)
	}
	return op, nil
}
