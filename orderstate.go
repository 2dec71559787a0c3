package assist

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// OrderQuery asks an order service about an order number (protocol §5).
type OrderQuery struct {
	OrderNumber string // required, at most 128 characters
	// From and To bound when the order was made, to the minute. An order made
	// outside is not found. A zero To is now. A zero From looks back 366 days;
	// where the server calls that too long, piece by piece until something is
	// found, in at most twelve questions.
	From, To time.Time
}

// OrderResult asks for the orders of an order number with their operations.
// Several orders bear one number when a payment was tried again: choose by
// billnumber. A CSV client asks in XML.
//
// Every error is a [*FollowError], whose outcome is Unknown: a question that
// fails, or that can't be asked as it stands ([*ValidationError] inside), says
// nothing about the money. [ErrOrderNotFound] is met where nothing
// was found in the window. One question is asked, or a few where the window has
// to shrink.
func (c *Client) OrderResult(ctx context.Context, q OrderQuery) ([]Order, error) {
	return c.ordersOf(ctx, wire.OrderResult, q)
}

// OrderState asks for the orders of an order number without their operations.
// Errors are as with [Client.OrderResult]. The state of an order never tells
// what became of a cancel.
func (c *Client) OrderState(ctx context.Context, q OrderQuery) ([]Order, error) {
	return c.ordersOf(ctx, wire.OrderState, q)
}

func (c *Client) ordersOf(ctx context.Context, s wire.Service, q OrderQuery) ([]Order, error) {
	wrong := checkOrderNumber(q.OrderNumber)
	if wrong == nil && !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		wrong = &ValidationError{Field: "To", Reason: "must not be before From"}
	}
	if wrong != nil {
		return nil, &FollowError{Service: s.String(), Err: wrong}
	}
	orders, err := c.searchOrders(ctx, s, q)
	for i := range orders {
		// Nothing but the number says here which order is meant. It may come back in
		// another spelling, but not with other digits.
		if got := orders[i].Number; got != "" && digitsOf(got) != digitsOf(q.OrderNumber) {
			return nil, &FollowError{Service: s.String(), Err: fmt.Errorf("%w: another order number", ErrOtherAnswer)}
		}
	}
	return orders, err
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

func (c *Client) askOrders(ctx context.Context, s wire.Service, number string, about region, attempt int) ([]Order, *reply, error) {
	cred, err := c.credentials(ctx)
	if err != nil {
		return nil, nil, &FollowError{Service: s.String(), Err: err}
	}
	q := c.wireRequest(cred, s, wire.Param{Name: "Ordernumber", Value: number})
	q.Params = appendMoment(q.Params, "Start", about.from.Truncate(time.Minute))
	if !about.to.IsZero() {
		q.Params = appendMoment(q.Params, "End", upToMinute(about.to))
	}
	q.Params = append(q.Params, wire.Param{Name: "Language", Value: c.language.String()})
	r, err := c.ask(ctx, &q, attempt)
	if err != nil {
		return nil, r, err
	}
	failed := func(err error) ([]Order, *reply, error) {
		return nil, r, &FollowError{Service: s.String(), Err: err}
	}
	if len(r.answer.Orders) == 0 {
		return failed(ErrOrderNotFound)
	}
	orders := make([]Order, len(r.answer.Orders))
	for i := range orders {
		if orders[i], err = orderOf(&r.answer.Orders[i]); err != nil {
			return failed(err)
		}
		if err := c.signedFor(number, &orders[i]); err != nil {
			return failed(err)
		}
		if err := c.verify(s, &r.answer.Orders[i], nil); err != nil {
			return failed(err)
		}
	}
	if err := onlyOnce(orders); err != nil {
		return failed(err)
	}
	return orders, r, nil
}

// onlyOnce refuses orders of which one stands twice, or an operation of one: which
// of the two is true isn't told, so neither is believed.
func onlyOnce(orders []Order) error {
	known := make(map[Billnumber]bool, len(orders))
	for i := range orders {
		if b := orders[i].Billnumber; known[b] {
			return fmt.Errorf("%w: the order %s stands twice", ErrContradiction, b)
		}
		known[orders[i].Billnumber] = true
		if len(orders[i].Operations) < 2 {
			continue
		}
		seen := make(map[Billnumber]bool, len(orders[i].Operations))
		for j := range orders[i].Operations {
			b := orders[i].Operations[j].Billnumber
			if seen[b] {
				return fmt.Errorf("%w: the operation %s stands twice", ErrContradiction, b)
			}
			seen[b] = true
		}
	}
	return nil
}

// ask makes one exchange with an order service. A refusal by codes is an error.
// The attempt is counted from 1, for the log.
func (c *Client) ask(ctx context.Context, q *wire.Request, attempt int) (*reply, error) {
	return c.askBy(ctx, q, attempt, c.readAnswer)
}

// askBy is ask with an answer that is read in its own way.
func (c *Client) askBy(ctx context.Context, q *wire.Request, attempt int, read answerReader) (*reply, error) {
	start := time.Now()
	r, err := c.exchangeBy(ctx, q.Service, c.protocol.forService(q.Service).encode(q), false, read)
	if r != nil {
		r.began, r.ended = start, time.Now()
	}
	if err == nil {
		err = c.clock.check(r)
	}
	if err == nil {
		var refusal *APIError
		if refusal, err = c.refusalIn(r); refusal != nil {
			refusal.At = r.received.UTC()
			err = refusal
			if r.status/100 != 2 {
				err = r.failure(refusal)
			}
		}
	}
	if err != nil {
		err = &FollowError{Service: q.Service.String(), Err: err}
	}
	c.observed(ctx, exchanged{service: q.Service, attempt: attempt, orderNumber: q.Subject.Value, reply: r, err: err, began: start})
	return r, err
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

// findOrder chooses by billnumber: failed attempts bear the same order number.
func findOrder(orders []Order, b Billnumber) *Order {
	for i := range orders {
		if orders[i].Billnumber == b.Payment() {
			return &orders[i]
		}
	}
	return nil
}

func (o *Order) billnumbers() []Billnumber {
	numbers := make([]Billnumber, 0, len(o.Operations))
	for _, op := range o.Operations {
		numbers = append(numbers, op.Billnumber)
	}
	return numbers
}
