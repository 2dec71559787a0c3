package assist

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// PeriodQuery asks for the operations of a period (protocol §5).
type PeriodQuery struct {
	// From and To are required and at most 24 hours apart, in whole minutes.
	From, To   time.Time
	MeanTypeID int // 0 asks for all
}

// ResultsByDate asks for all operations of a period, one row each, always by
// form and XML. The service takes few requests: one in ten minutes (protocol
// §5), which this method doesn't watch over. A wrong period would silently be
// answered with the last three hours, so it is refused here by a
// [*ValidationError] inside, and rows of another period are refused as
// [ErrOtherAnswer]. Errors are otherwise as with [Client.OrderResult]; a period
// without operations is an empty list.
func (c *Client) ResultsByDate(ctx context.Context, q PeriodQuery) ([]Payment, error) {
	failed := func(err error) ([]Payment, error) {
		return nil, &FollowError{Service: wire.ResultByDate.String(), Err: err}
	}
	wrong := func(field, reason string) ([]Payment, error) {
		return failed(&ValidationError{Field: field, Reason: reason})
	}
	from, to := q.From.Truncate(time.Minute), upToMinute(q.To)
	switch {
	case q.From.IsZero():
		return wrong("From", "is required")
	case !to.After(from):
		return wrong("To", "must be after From")
	case to.Sub(from) > 24*time.Hour:
		return wrong("To", "must be at most 24 hours after From, in whole minutes")
	case q.MeanTypeID < 0:
		return wrong("MeanTypeID", "must not be negative")
	}
	cred, err := c.credentials(ctx)
	if err != nil {
		return failed(err)
	}
	request := c.wireRequest(cred, wire.ResultByDate, wire.Param{})
	request.Params = appendMoment(request.Params, "Start", from)
	request.Params = appendMoment(request.Params, "End", to)
	request.Params = append(request.Params, wire.Param{Name: "Language", Value: c.language.String()})
	if q.MeanTypeID != 0 {
		request.Params = append(request.Params, wire.Param{Name: "MeanType_ID", Value: strconv.Itoa(q.MeanTypeID)})
	}
	r, err := c.ask(ctx, &request, 1)
	if err != nil {
		return nil, err
	}
	// Nothing at all is not "no operations": a day balance may hang on it.
	if r.answer.Codes == nil && len(r.answer.Orders) == 0 {
		return failed(fmt.Errorf("%w: neither rows nor codes", ErrUnreadable))
	}
	rows := make([]Payment, len(r.answer.Orders))
	for i := range rows {
		order, err := orderOf(&r.answer.Orders[i])
		if err != nil {
			return failed(err)
		}
		if len(order.Operations) != 1 {
			return failed(fmt.Errorf("%w: a row that is no operation", ErrUnreadable))
		}
		operation := order.Operations[0]
		order.Operations = nil
		if d := operation.Date; !d.IsZero() && (d.Before(from.Add(-time.Minute)) || d.After(to.Add(time.Minute))) {
			return failed(fmt.Errorf("%w: an operation outside the period asked for", ErrOtherAnswer))
		}
		if err := c.verify(wire.ResultByDate, &r.answer.Orders[i], nil); err != nil {
			return failed(err)
		}
		rows[i] = Payment{Order: order, Operation: operation}
	}
	return rows, nil
}
