package assist

import (
	"context"
	"fmt"
	"time"
)

// look is what [LookFirst] showed.
type look struct {
	order        *Order
	date         time.Time // the server's clock, by the Date header; zero where there is none
	began, ended time.Time // of the question, by the monotonic clock
}

// reading is what the server's clock shows at a moment of the monotonic clock, at
// the earliest.
func (l *look) reading(at time.Time) time.Time { return l.date.Add(at.Sub(l.ended)) }

// slack is how much later the server's clock may be than the reading: a Date is
// cut to the second, and the answer was some time on its way.
func (l *look) slack() time.Duration { return l.ended.Sub(l.began) + time.Second }

// lookFirst asks for the order of a payment before its cancel.
func (c *Client) lookFirst(ctx context.Context, req *CancelRequest) (*look, error) {
	order, r, err := c.orderOfPayment(ctx, req.OrderNumber, req.Billnumber, windowOf(req.OrderDate))
	if err != nil {
		return nil, err
	}
	l := &look{order: order, date: r.date, began: r.began, ended: r.ended}
	known := c.payments.claimedByOthers(Intent{Request: *req})
	if req.Order != nil {
		for _, op := range req.Order.Operations {
			if op.Billnumber.Operation() != 0 {
				if known == nil {
					known = make(map[Billnumber]bool)
				}
				known[op.Billnumber] = true
			}
		}
	}
	for _, op := range order.Operations {
		delete(known, op.Billnumber)
	}
	for _, lacking := range sorted(known) {
		// What is listed late, or shown as it was some time ago, proves of no
		// operation that it is new.
		return nil, questionError(fmt.Errorf("%w: the order is listed without the operation %s, which is known: try again when it is", ErrOtherAnswer, lacking))
	}
	return l, nil
}

// holdings are what the payments of the order hold, or nil where that isn't to be
// compared with the request: of an extended billnumber beside other payments it
// isn't listed which of the cancels were of that one.
func (l *look) holdings(req *CancelRequest) map[string]holding {
	if req.Billnumber.Operation() != 0 && paymentsOf(l.order) > 1 {
		return nil
	}
	return holdingsOf(l.order.Operations, nil)
}

// outdated tells an old answer with a new Date header, in what was looked at or in
// what came to the cancel: its packet lies further before that header than that of
// the other does before its own. The clocks alone may be apart by any time, but not
// by two. (An answer's packet ahead of its header shows no old look, where the
// look's own packet agrees with its header.)
func (l *look) outdated(r *reply, order *Order) error {
	if l.date.IsZero() || l.order.PacketDate.IsZero() || order.PacketDate.IsZero() || r.date.IsZero() {
		return nil
	}
	allowed := clockTolerance + time.Minute // packets of order services have no seconds
	ofLook, ofAnswer := l.date.Sub(l.order.PacketDate), r.date.Sub(order.PacketDate)
	oldAnswer, oldLook := ofAnswer-ofLook > allowed, ofLook > allowed && ofLook-ofAnswer > allowed
	if !oldAnswer && !oldLook {
		return nil
	}
	return fmt.Errorf("%w: the packet of the order that was looked at is dated %v before its Date header, and that of this answer %v: one of the two is an earlier answer that is being repeated",
		ErrOtherAnswer, ofLook.Round(time.Second), ofAnswer.Round(time.Second))
}
