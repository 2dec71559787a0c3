package assist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/assist-go/assist/form"
	"github.com/assist-go/assist/internal/wire"
)

// PeriodQuery asks for the operations of a period (protocol §5).
type PeriodQuery struct {
	// From and To are required and at most 24 hours apart, in whole minutes.
	From, To   time.Time
	MeanTypeID int // 0 asks for all
}

// maxResultsSize bounds an answer of results by date, in bytes. A day of a hundred
// thousand operations fits. It is read row by row, so that it needs no more memory
// than the rows that are kept of it.
const maxResultsSize = 256 << 20

// ResultsByDate asks for all operations of a period, one row each, always by
// form and XML. The service takes few requests: one in ten minutes (protocol
// §5), which this method doesn't watch over. A wrong period would silently be
// answered with the last three hours, so it is refused here by a
// [*ValidationError] inside. Errors are otherwise as with [Client.OrderResult]; a
// period without operations is an empty list.
//
// A row that is dated outside of the period is [Payment.Misdated]: the dates of a
// row contradict each other at times (protocol §7). Where all are, the answer is
// refused as [ErrOtherAnswer].
//
// The limit of [WithMaxResponseSize] isn't for these answers: they have one of
// their own, of 256 MiB and of 64 KiB for one row, beyond which they are
// [ErrTooLarge]. A merchant of many operations uses [Client.EachResult], which
// keeps none of them.
func (c *Client) ResultsByDate(ctx context.Context, q PeriodQuery) ([]Payment, error) {
	rows := []Payment{}
	err := c.EachResult(ctx, q, func(p Payment) error {
		rows = append(rows, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// EachResult asks as [Client.ResultsByDate] does, and gives each row to the
// function as it comes in, in the order of the answer. Only when EachResult has
// given no error was there a whole answer: until then rows may be missing, so
// nothing may be decided by those that came. An error of the function ends the
// question and comes back inside a [*FollowError].
//
// A text of a row keeps all of the row's text in memory; clone what is to be kept
// of many rows.
func (c *Client) EachResult(ctx context.Context, q PeriodQuery, each func(Payment) error) error {
	return c.eachResult(ctx, q, maxResultsSize, each)
}

func (c *Client) eachResult(ctx context.Context, q PeriodQuery, limit int64, each func(Payment) error) error {
	failed := func(err error) error { return &FollowError{Service: wire.ResultByDate.String(), Err: err} }
	p, err := q.period()
	if err != nil {
		return failed(err)
	}
	cred, err := c.credentials(ctx)
	if err != nil {
		return failed(err)
	}
	request := c.wireRequest(cred, wire.ResultByDate, wire.Param{})
	request.Params = appendMoment(request.Params, "Start", p.from)
	request.Params = appendMoment(request.Params, "End", p.to)
	request.Params = append(request.Params, wire.Param{Name: "Language", Value: c.language.String()})
	if q.MeanTypeID != 0 {
		request.Params = append(request.Params, wire.Param{Name: "MeanType_ID", Value: strconv.Itoa(q.MeanTypeID)})
	}
	rows := rowReader{client: c, period: p, limit: limit, each: each}
	r, err := c.askBy(ctx, &request, 1, rows.read)
	switch {
	case err != nil:
		return err
	case r.answer.Codes == nil && rows.count == 0:
		// Nothing at all is not "no operations": a day balance may hang on it.
		return failed(fmt.Errorf("%w: neither rows nor codes", ErrUnreadable))
	case rows.misdated > 0 && rows.dated == 0:
		return failed(fmt.Errorf("%w: operations of another period than was asked for", ErrOtherAnswer))
	}
	return nil
}

// resultsPeriod is a period in whole minutes.
type resultsPeriod struct{ from, to time.Time }

func (q PeriodQuery) period() (resultsPeriod, error) {
	p := resultsPeriod{q.From.Truncate(time.Minute), upToMinute(q.To)}
	switch {
	case q.From.IsZero():
		return p, invalid("From", "is required")
	case !p.to.After(p.from):
		return p, invalid("To", "must be after From")
	case p.to.Sub(p.from) > 24*time.Hour:
		return p, invalid("To", "must be at most 24 hours after From, in whole minutes")
	case q.MeanTypeID < 0:
		return p, invalid("MeanTypeID", "must not be negative")
	}
	return p, nil
}

// holds allows for a minute of rounding on either side.
func (p resultsPeriod) holds(t time.Time) bool {
	return !t.Before(p.from.Add(-time.Minute)) && !t.After(p.to.Add(time.Minute))
}

// rowReader reads the rows of one answer.
type rowReader struct {
	client *Client
	period resultsPeriod
	limit  int64
	each   func(Payment) error

	count, dated, misdated int
	failed                 error // of a row, and of each
}

// read is an [answerReader].
func (rows *rowReader) read(ctx context.Context, s wire.Service, resp *http.Response, r *reply) error {
	body := &rowBody{in: resp.Body}
	answer, err := form.DecodeRows(body, resp.Header.Get("Content-Type"), rows.limit, rows.row)
	switch {
	case err == nil:
		r.answer = *answer
	case rows.count == 0 && rows.failed == nil && body.err == nil:
		// A refusal may come in any shape (protocol §4).
		err = rows.readOther(body, s, resp, r)
	}
	r.received, r.size = rows.client.now(), body.size
	switch {
	case err == nil:
		return nil
	case rows.failed != nil:
		return rows.failed
	case body.err != nil:
		return rows.client.causeOf(ctx, fmt.Errorf("reading the answer: %w", body.err))
	case errors.Is(err, form.ErrTooLarge):
		err = ErrTooLarge
	}
	return fmt.Errorf("%w (%d bytes): %w", ErrUnreadable, r.size, err)
}

// readOther reads an answer that has no rows in XML as a whole, if it is short.
func (rows *rowReader) readOther(body *rowBody, s wire.Service, resp *http.Response, r *reply) error {
	_, err := io.Copy(io.Discard, io.LimitReader(body, rowBodyHead))
	if err != nil || body.size > rowBodyHead {
		return ErrTooLarge
	}
	text := string(body.head)
	if err := rows.client.protocol.forService(s).read(text, resp.Header.Get("Content-Type"), s, &r.answer); err != nil {
		return err
	}
	if err := r.answer.Complete(s); err != nil {
		return err
	}
	for i := range r.answer.Orders {
		if err := rows.row(&r.answer.Orders[i]); err != nil {
			return err
		}
	}
	return nil
}

func (rows *rowReader) row(o *wire.Order) error {
	rows.count++
	rows.failed = rows.give(o)
	return rows.failed
}

func (rows *rowReader) give(o *wire.Order) error {
	order, err := orderOf(o)
	if err != nil {
		return err
	}
	if len(order.Operations) != 1 {
		return fmt.Errorf("%w: a row that is no operation", ErrUnreadable)
	}
	if err := rows.client.verifiers.verify(wire.ResultByDate.String(), o, nil); err != nil {
		return err
	}
	p := Payment{Order: order, Operation: order.Operations[0]}
	p.Order.Operations = nil
	if d := p.Operation.Date; !d.IsZero() {
		rows.dated++
		if p.Misdated = !rows.period.holds(d); p.Misdated {
			rows.dated--
			rows.misdated++
		}
	}
	return rows.each(p)
}

// rowBodyHead is how much of an answer is kept that may turn out to have no rows.
const rowBodyHead = 64 << 10

// rowBody keeps the beginning of a body, and what ended its reading.
type rowBody struct {
	in   io.Reader
	head []byte
	size int
	err  error // of the connection
}

func (b *rowBody) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.size += n
	b.head = append(b.head, p[:min(n, rowBodyHead-len(b.head))]...)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
