package assist

import (
	"cmp"
	"fmt"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// verdict is what one complete answer proves about a cancel. Everything that is
// not proved is Unknown: a new code, a new state or two texts that disagree
// must never become a success or a refusal.
type verdict struct {
	outcome      Outcome
	cancellation *Cancellation // Accepted
	own          []Operation   // the cancel's operations: Accepted, or declined
	err          error         // of the other outcomes
}

func doubt(err error) verdict { return verdict{outcome: Unknown, err: err} }

func contradiction(format string, args ...any) verdict {
	return doubt(fmt.Errorf("%w: "+format, append([]any{ErrContradiction}, args...)...))
}

func foreign(reason string) verdict { return doubt(fmt.Errorf("%w: %s", ErrOtherAnswer, reason)) }

// judge reads the answer to the cancel.
func (a *cancelAttempt) judge(r *reply) verdict {
	c, in := a.client, a.intent
	// What was made before the request says nothing about it, whatever it shows.
	if err := a.replayed(r); err != nil {
		return doubt(err)
	}
	refusal, err := c.refusalIn(r)
	if err != nil {
		return doubt(err)
	}
	orders := r.answer.Orders
	if refusal != nil {
		refusal.Billnumber, refusal.Wallet, refusal.At = in.Request.Billnumber, a.known.walletOf(in.Request.Billnumber), r.received.UTC()
		switch {
		case len(orders) > 0:
			return contradiction("an order stands beside the refusal: %w", refusal)
		case refusal.Outcome() == Rejected:
			return verdict{outcome: Rejected, err: refusal}
		}
		return doubt(refusal)
	}
	if len(orders) != 1 {
		return foreign(fmt.Sprintf("%d orders in the answer to a cancel", len(orders)))
	}
	order, err := orderOf(&orders[0])
	if err != nil {
		return doubt(err)
	}
	if order.Billnumber != in.Request.Billnumber.Payment() {
		return foreign("the billnumber of another payment")
	}
	if err := onlyOnce([]Order{order}); err != nil {
		return doubt(err)
	}
	if a.look != nil {
		if err := a.look.outdated(r, &order); err != nil {
			return doubt(err)
		}
	}
	own, err := a.ownOperations(&order, r)
	if err != nil {
		return doubt(err)
	}
	// What is not proved to be Assist's proves nothing, neither success nor
	// refusal.
	if err := c.verifiers.signedFor(in.Request.OrderNumber, &order); err != nil {
		return doubt(err)
	}
	if err := c.verifiers.verify(wire.Cancel.String(), &orders[0], own); err != nil {
		return doubt(err)
	}
	return c.judgeOperations(in, order, own, stageOf)
}

// replayed tells an answer that was made before the request, by the server's own
// clock: as this cancel's look showed it, and as earlier answers confirm it.
func (a *cancelAttempt) replayed(r *reply) error {
	if err := a.client.clock.check(r); err != nil {
		return err
	}
	if a.look == nil || a.look.date.IsZero() {
		return nil
	}
	return repeated(r.date, a.look.reading(r.began))
}

// judgeOperations decides by the operations that are ours. An order whose
// payments fared differently is Unknown: part of the money moved.
func (c *Client) judgeOperations(in Intent, order Order, own []Operation, stageOf func(Operation) stage) verdict {
	var succeeded, inProcess, declined int
	for i := range own {
		op := &own[i]
		switch stageOf(*op) {
		case stageSucceeded:
			succeeded++
		case stageInProcess:
			inProcess++
		case stageDeclined:
			declined++
		default:
			return contradiction("operation %s has response code %q and state %q",
				op.Billnumber, c.keys.scrub(string(op.ResponseCode)), c.keys.scrub(string(op.State)))
		}
	}
	newest := newestOf(own)
	switch {
	case declined == len(own):
		return verdict{outcome: Rejected, err: c.declined(newest), own: own}
	case declined > 0:
		return contradiction("%d of %d operations were declined, so part of the money may have moved", declined, len(own))
	}
	x := &Cancellation{Status: InProcess, Operation: newest, Operations: own, Order: order, Intent: in}
	if succeeded == len(own) {
		x.Status = Succeeded
	}
	return verdict{outcome: Accepted, cancellation: x, own: own}
}

// oldestOperation is how long before its packet an operation of ours may be
// dated, in an answer to a cancel that was sent without a look. A later one is
// never refused: the documents' own sample is dated a day after its packet
// (protocol §7).
const oldestOperation = time.Hour

// ownOperations finds the operations that the cancel made, in its own answer: all
// that fit of a full cancel, and the one that fits of a part. After a look what is
// new is known by its number, and dates don't decide: the answer is about this
// request. Without it, and without a number, ours must not be older than the send.
func (a *cancelAttempt) ownOperations(order *Order, r *reply) ([]Operation, error) {
	var (
		own                []Operation
		plain              bool
		cancels            int
		seen, stale, other error
		latest             int // number of those that are too old
	)
	known, newest, claimed := a.intent.known(), a.intent.newestKnown(), a.client.payments.claimedByOthers(a.intent)
	for i := range order.Operations {
		op := &order.Operations[i]
		if op.Type != OperationCancel {
			continue
		}
		cancels++
		switch {
		case known[op.Billnumber]:
			seen = fmt.Errorf("%w: the operation %s was there before", ErrOtherAnswer, op.Billnumber)
			continue
		case op.numberedBefore(newest):
			seen = fmt.Errorf("%w: the operation %s has a lower number than one that was there before, so it is older than the request", ErrOtherAnswer, op.Billnumber)
			continue
		case claimed[op.Billnumber]:
			seen = fmt.Errorf("%w: the operation %s belongs to another cancel", ErrOtherAnswer, op.Billnumber)
			continue
		case op.Amount.IsZero():
			other = fmt.Errorf("%w: a cancel of nothing", ErrContradiction)
			continue
		case !a.intent.possibleAmount(op.Amount):
			other = fmt.Errorf("%w: the operation %s is of another amount", ErrOtherAnswer, op.Billnumber)
			continue
		}
		if err := a.tooOld(op, order, r); err != nil {
			stale, latest = err, max(latest, op.Billnumber.Operation())
			continue
		}
		plain = plain || op.Billnumber.Operation() == 0
		if own == nil && a.intent.Full {
			own = make([]Operation, 0, len(order.Operations)-i)
		}
		own = append(own, *op)
	}
	switch {
	case len(own) == 0:
		return nil, cmp.Or(stale, seen, other, fmt.Errorf("%w: no operation of type 300", ErrOtherAnswer))
	case latest > newestOf(own).Billnumber.Operation():
		// Numbers grow: the later operation is not the older one, so the clocks are
		// apart, and it may be ours.
		return nil, stale
	case plain && cancels > 1:
		return nil, fmt.Errorf("%w: several cancels, one of them without its number", ErrContradiction)
	case a.intent.Full && a.look != nil && len(own) > mostOperationsOf(a.look.order):
		return nil, fmt.Errorf("%w: %d operations, %s and others, are more than the order has payments", ErrOtherAnswer, len(own), own[0].Billnumber)
	case a.intent.Full:
		return own, a.checkSum(own, order)
	case len(own) > 1:
		return nil, fmt.Errorf("%w: %d operations, %s and others, may each be this cancel's", ErrOtherAnswer, len(own), own[0].Billnumber)
	}
	return own, nil
}

// tooOld tells an operation that was made before the send. What the server's
// clock showed then is told by the answer's own Date, and by the look's.
func (a *cancelAttempt) tooOld(op *Operation, order *Order, r *reply) error {
	if a.look != nil && op.Billnumber.Operation() != 0 {
		return nil
	}
	if !op.Date.IsZero() && order.PacketDate.Sub(op.Date) > oldestOperation {
		return fmt.Errorf("%w: the operation %s is dated %s, %v before its packet, so it is older than the request",
			ErrOtherAnswer, op.Billnumber, moment(op.Date), order.PacketDate.Sub(op.Date).Round(time.Second))
	}
	sent, by := a.sentByServer(r)
	if sent.IsZero() {
		return nil
	}
	for _, dated := range [...]struct {
		what string
		at   time.Time
	}{{"the operation " + string(op.Billnumber), op.Date}, {"the packet", order.PacketDate}} {
		if dated.at.IsZero() || !dated.at.Before(sent.Add(-clockTolerance)) {
			continue
		}
		return fmt.Errorf("%w: %s is dated %s, %v before the send, which was at %s by the Date header of %s: "+
			"it was made before the request, or the server's clocks are apart. With LookFirst the number of the operation would tell",
			ErrOtherAnswer, dated.what, moment(dated.at), sent.Sub(dated.at).Round(time.Second), moment(sent), by)
	}
	return nil
}

// sentByServer is the send on the server's clock, at the earliest: the Date of the
// answer, less the time that the whole exchange took. An answer that was long on its
// way makes it too early, never too late.
func (a *cancelAttempt) sentByServer(r *reply) (sent time.Time, by string) {
	if !r.date.IsZero() {
		sent, by = r.date.Add(-r.ended.Sub(r.began)), "the answer"
	}
	if a.look != nil && !a.look.date.IsZero() {
		if looked := a.look.reading(r.began); looked.After(sent) {
			sent, by = looked, "the look"
		}
	}
	return sent, by
}

func moment(t time.Time) string { return t.UTC().Format(time.DateTime) + " GMT" }

// checkSum compares the operations of a full cancel with what the payments of the
// order held: by the look all of that, whatever becomes of cancels that are still
// in process; by the answer alone, where it lists payments, no more than that. The
// amount of the order says nothing (protocol §4).
func (a *cancelAttempt) checkSum(own []Operation, order *Order) error {
	if a.look != nil {
		return compareSum(own, a.look.holdings(&a.req), true)
	}
	if a.req.Billnumber.Operation() != 0 && paymentsOf(order) > 1 {
		return nil
	}
	return compareSum(own, holdingsOf(order.Operations, namesOf(own)), false)
}

// compareSum compares sums per currency. A currency that can't be computed isn't
// compared.
func compareSum(own []Operation, holdings map[string]holding, all bool) error {
	for currency, h := range holdings {
		sum := sumOf(own, currency)
		if sum > h.most() || all && sum < h.left() {
			return fmt.Errorf("%w: the cancels add up to %s, and the payments held %s", ErrContradiction, h.money(sum), h.money(h.left()))
		}
	}
	return nil
}

// declined is the error of an operation that was declined, without personal
// data and with the server's texts made fit for an error.
func (c *Client) declined(op Operation) *DeclinedError {
	shown := op.withoutPersonal()
	shown.Message, shown.CustomerMessage, shown.Recommendation = c.keys.scrub(op.Message), c.keys.scrub(op.CustomerMessage), c.keys.scrub(op.Recommendation)
	return &DeclinedError{ResponseCode: ResponseCode(c.keys.scrub(string(op.ResponseCode))), Operation: shown}
}
