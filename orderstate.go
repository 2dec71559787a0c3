package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
// Several orders have one number when a payment was tried again: choose by
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
		wrong = invalid("To", "must not be before From")
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
		if err := c.verifiers.signedFor(number, &orders[i]); err != nil {
			return failed(err)
		}
		if err := c.verifiers.verify(s.String(), &r.answer.Orders[i], nil); err != nil {
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

// look asks order result about the payment of an intent.
func (c *Client) look(ctx context.Context, in *Intent, w window) *sighting {
	return c.lookBy(aboutIntent(ctx, in), newSearch(wire.OrderResult, in.Request.OrderNumber, w.regions(c.now())), in.Request.Billnumber)
}

func (c *Client) lookBy(ctx context.Context, by *search, b Billnumber) *sighting {
	order, r, err := c.searchPayment(ctx, by, b)
	s := &sighting{order: order, err: err}
	if r != nil {
		s.date, s.retryAfter = r.date, retryAfter(r.header, r.date)
	}
	return s
}

// questionsPerSearch bounds a search, for a server that takes short intervals
// only: thirty days at once reach back ten months.
const questionsPerSearch = 12

// search looks for the orders of a number, region by region. One that a failed
// question has stopped can be run again and goes on where it was: a server that
// calls questions too frequent would otherwise never let it come to an end.
type search struct {
	service wire.Service
	number  string
	left    []region
	asked   []Period
	longest time.Duration // what the server takes at once; 0 is not known
}

func newSearch(s wire.Service, number string, left []region) *search {
	return &search{service: s, number: number, left: left}
}

// run asks until enough says so, the whole past of the search has been asked
// about, or the questions are used up. Where nothing was enough the error holds
// an [*OrderNotFoundError].
func (s *search) run(ctx context.Context, c *Client, enough func([]Order) bool) (last *reply, err error) {
	for attempt := 1; len(s.left) > 0 && attempt <= questionsPerSearch; attempt++ {
		now := c.now()
		piece, rest, more := s.left[0].cut(s.longest, now)
		var orders []Order
		orders, last, err = c.askOrders(ctx, s.service, s.number, piece, attempt)
		api, refused := codesOf(err)
		switch {
		case refused && api.Second == secondCodeIntervalTooLarge:
			shorter, ok := shorterInterval(piece.length(now))
			if !ok {
				return last, err
			}
			s.longest = shorter
			continue
		case err != nil && !errors.Is(err, ErrOrderNotFound):
			return last, err
		}
		s.asked = append(s.asked, piece.asked(now))
		// By turns with the other region, if there is one.
		s.left = s.left[1:]
		if more {
			s.left = append(slices.Clip(s.left), rest)
		}
		if err == nil && enough(orders) {
			return last, nil
		}
	}
	if len(s.asked) == 0 {
		// Every length was refused.
		return last, err
	}
	none := &OrderNotFoundError{Asked: s.asked, Partial: len(s.left) > 0}
	var failed *FollowError
	if errors.As(err, &failed) && failed.Err != ErrOrderNotFound && errors.Is(err, ErrOrderNotFound) {
		none.Err = failed.Err
	}
	return last, &FollowError{Service: s.service.String(), Err: none}
}

// orderOfPayment asks for the order of one payment, among the orders that have
// its number. A merchant may keep another date for the order than Assist does,
// so where it isn't found behind that date, the search goes on before it.
func (c *Client) orderOfPayment(ctx context.Context, number string, b Billnumber, w window) (*Order, *reply, error) {
	return c.searchPayment(ctx, newSearch(wire.OrderResult, number, w.regions(c.now())), b)
}

func (c *Client) searchPayment(ctx context.Context, s *search, b Billnumber) (order *Order, r *reply, err error) {
	r, err = s.run(aboutPayment(ctx, b), c, func(orders []Order) bool {
		order = findOrder(orders, b)
		return order != nil
	})
	return order, r, err
}

// searchOrders asks for all orders of a number in the caller's own period. One
// without a start reaches back as far as there is nothing to be found.
func (c *Client) searchOrders(ctx context.Context, service wire.Service, q OrderQuery) ([]Order, error) {
	whole := region{from: q.From, to: q.To}
	if q.From.IsZero() {
		whole = region{from: whole.until(c.now()).Add(-lookBack), to: q.To, next: atEnd}
	}
	s := newSearch(service, q.OrderNumber, []region{whole})
	var found []Order
	_, err := s.run(ctx, c, func(orders []Order) bool {
		for _, o := range orders {
			// Two periods that meet have a minute in common.
			if findOrder(found, o.Billnumber) == nil {
				found = append(found, o)
			}
		}
		return q.From.IsZero() || len(s.left) == 0
	})
	var none *OrderNotFoundError
	switch {
	case err == nil:
		return found, nil
	case len(found) == 0 || !errors.As(err, &none):
		return nil, err
	case none.Partial:
		// A part of the orders must not pass for all of them.
		return nil, &FollowError{Service: service.String(), Err: invalid("From",
			"is too long before To for a server that takes short periods only: ask in several queries")}
	}
	return found, nil
}
