package assist

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Refresh asks once what became of a cancel in process, by order result, and
// never sends anything. It gives a new Cancellation and leaves x as it is; a
// finished one is given back without asking.
//
// A cancel that was declined meanwhile is a [*DeclinedError], outcome Rejected.
// An operation that isn't listed yet, or in a state that isn't known, is still
// InProcess. When the payments of an order fared differently, the error is an
// [*UnknownOutcomeError]. A question that failed is a [*FollowError]; it says
// nothing about the money, and x still holds what is known.
func (c *Client) Refresh(ctx context.Context, x *Cancellation) (*Cancellation, error) {
	if err := c.owns(x); err != nil {
		return nil, err
	}
	if x.Status == Succeeded {
		return x, nil
	}
	s := c.look(ctx, &x.Intent, x.window(c))
	return c.follow(ctx, x, s)
}

// owns refuses what this client can't ask about.
func (c *Client) owns(x *Cancellation) error {
	switch {
	case x == nil || x.Intent.MerchantID == "" || len(x.Operations) == 0:
		return questionError(errors.New("a Cancellation must come from Cancel, CancelFull, Resume or Resolve"))
	case x.Intent.MerchantID != c.keys.merchantID:
		return questionError(fmt.Errorf("the cancellation belongs to merchant %s", x.Intent.MerchantID))
	}
	return nil
}

// window reaches back before the order's date: the request's or the answer's,
// whichever is earlier.
func (x *Cancellation) window(c *Client) window {
	date := x.Intent.Request.OrderDate
	if d := x.Order.Date; !d.IsZero() && (date.IsZero() || d.Before(date)) {
		date = d
	}
	return windowOf(date)
}

// follow reads the state of the cancel's own operations out of a listing. The
// order's state is never the answer: Approved, PartialCanceled and even
// Canceled can stand beside an operation in process (protocol §6).
func (c *Client) follow(ctx context.Context, x *Cancellation, s *sighting) (*Cancellation, error) {
	if err := s.of(x.Intent); err != nil {
		return nil, err
	}
	listed, err := c.listed(x, s.order)
	if err != nil {
		return nil, err
	}
	own := slices.Clone(x.Operations)
	var succeeded, declined int
	for i := range own {
		op, found := listed[own[i].Billnumber]
		if !found {
			// Not listed yet: in process, not gone.
			continue
		}
		own[i] = op
		switch followedStage(op) {
		case stageSucceeded:
			succeeded++
		case stageDeclined:
			declined++
		}
	}
	c.payments.claim(x.Intent, own)
	newest := newestOf(own)
	switch {
	case declined == len(own):
		c.payments.forget(x.Intent)
		c.settle(ctx, x.Intent.ID, Rejected, nil)
		return nil, c.declined(newest)
	case declined > 0 && declined+succeeded == len(own):
		c.payments.reopen(x.Intent)
		return nil, &UnknownOutcomeError{Intent: x.Intent, Err: fmt.Errorf(
			"%w: %d of %d operations were declined, the others gave money back", ErrContradiction, declined, len(own))}
	}
	followed := &Cancellation{Status: InProcess, Operation: newest, Operations: own, Order: *s.order, Intent: x.Intent, seenAt: c.now()}
	if succeeded == len(own) {
		followed.Status = Succeeded
	}
	// In process too: a day balance learns the operations, which a resumed token
	// or a flat answer may not have told it.
	c.settle(ctx, x.Intent.ID, Accepted, followed)
	return followed, nil
}

// listed finds the cancel's operations in the listing, by the billnumbers under
// which they are known.
func (c *Client) listed(x *Cancellation, order *Order) (map[Billnumber]Operation, error) {
	amounts := make(map[Billnumber]Money, len(x.Operations))
	for _, op := range x.Operations {
		amounts[op.Billnumber] = op.Amount
	}
	found := make(map[Billnumber]Operation, len(x.Operations))
	for _, op := range order.Operations {
		amount, ours := amounts[op.Billnumber]
		if !ours || op.Billnumber.Operation() == 0 {
			continue
		}
		if op.Type != OperationCancel || op.Amount != amount {
			return nil, questionError(fmt.Errorf("%w: operation %s is listed with another type or amount", ErrContradiction, op.Billnumber))
		}
		found[op.Billnumber] = op
	}
	if plain := x.Intent.Request.Billnumber.Payment(); amounts[plain] != (Money{}) {
		// A flat answer gave no number: the operation is found by what is new.
		f := c.sift(x.Intent, order)
		if len(f.certain) == 1 && len(f.doubtful) == 0 && len(f.missing) == 0 && f.certain[0].Amount == amounts[plain] &&
			x.Intent.mayEndWith(&f.certain[0]) {
			found[plain] = f.certain[0]
		}
	}
	return found, nil
}

// Resume makes a cancellation out of its token. It asks nothing. The client knows
// from then on whose the operations are. The cancellation holds only
// what the token does: no customer, and of each operation its billnumber,
// amount, and state and code where these are known. Another merchant's token is refused. Errors are
// [ErrToken].
func (c *Client) Resume(token string) (*Cancellation, error) {
	var t cancellationToken
	if err := openToken(cancellationTokenKind, token, &t); err != nil {
		return nil, err
	}
	in, err := t.Intent.intent()
	if err != nil {
		return nil, err
	}
	if in.MerchantID != c.keys.merchantID {
		return nil, fmt.Errorf("%w: it belongs to merchant %s", ErrToken, in.MerchantID)
	}
	if t.Status != InProcess && t.Status != Succeeded || len(t.Operations) == 0 {
		return nil, fmt.Errorf("%w: damaged", ErrToken)
	}
	payment := in.Request.Billnumber.Payment()
	x := &Cancellation{
		Status: t.Status,
		Intent: in,
		Order:  Order{Billnumber: payment, Number: in.Request.OrderNumber, Date: timeOf(t.OrderDate)},
	}
	for _, op := range t.Operations {
		b, err := numberOf(payment, op.Number)
		if err != nil {
			return nil, err
		}
		x.Operations = append(x.Operations, Operation{
			Billnumber: b, Type: OperationCancel, State: op.State, Amount: op.Amount, ResponseCode: op.Code,
		})
	}
	x.Order.Operations = x.Operations
	x.Operation = newestOf(x.Operations)
	// A token is proof of whose the operations are.
	c.payments.claim(in, x.Operations)
	return x, nil
}
