package assist

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

const (
	secondCodeTooFrequent      = 3
	secondCodeIntervalTooLarge = 4
)

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

// orderOfPayment asks for the order of one payment, among the orders that bear
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
		return nil, &FollowError{Service: service.String(), Err: &ValidationError{
			Field: "From", Reason: "is too long before To for a server that takes short periods only: ask in several queries"}}
	}
	return found, nil
}
