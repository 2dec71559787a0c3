package assist

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

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

// oldestOperation is how long before its packet an operation of ours may be
// dated. An older one was made by an earlier cancel, or the answer is a replay.
// A later one is never refused: the documents' own sample is dated a day after
// its packet (protocol §7).
const oldestOperation = time.Hour

// judge reads the answer to the cancel.
func (c *Client) judge(in Intent, r *reply, wallet Wallet) verdict {
	a := &r.answer
	refusal, err := c.refusalIn(a)
	if err != nil {
		return doubt(err)
	}
	if refusal != nil {
		refusal.Billnumber, refusal.Wallet, refusal.At = in.Request.Billnumber, wallet, r.received.UTC()
		switch {
		case len(a.Orders) > 0:
			return contradiction("an order stands beside the refusal: %w", refusal)
		case refusal.Outcome() == Rejected:
			return verdict{outcome: Rejected, err: refusal}
		}
		return doubt(refusal)
	}
	if len(a.Orders) != 1 {
		return foreign(fmt.Sprintf("%d orders in the answer to a cancel", len(a.Orders)))
	}
	order, err := orderOf(&a.Orders[0])
	if err != nil {
		return doubt(err)
	}
	switch {
	case order.Billnumber != in.Request.Billnumber.Payment():
		return foreign("the billnumber of another payment")
	case order.Number != "" && order.Number != strings.TrimSpace(in.Request.OrderNumber):
		return foreign("another order number")
	}
	own, err := ownOperations(in, order)
	if err != nil {
		return doubt(err)
	}
	if madeBefore(in, r, order, own) {
		return foreign("an operation or an answer from before the request was sent")
	}
	// What is not proved to be Assist's proves nothing, neither success nor
	// refusal.
	if err := c.verify(wire.Cancel, &a.Orders[0], own); err != nil {
		return doubt(err)
	}
	return c.judgeOperations(in, order, own, stageOf)
}

// staleAnswer is how long before the send, by the server's own clock, an answer
// or its operation may be dated. The clock behind the Date header and the one
// behind the dates are two at times, so it is more than their rounding.
const staleAnswer = time.Minute

// madeBefore tells an answer that was made before the request was sent: another
// cancel's, repeated by something in between. The answer's Date header and, after
// [LookFirst], the look tell what the server's clock showed at the send; the one
// of an answer that was long on its way only shows too little.
func madeBefore(in Intent, r *reply, order Order, own []Operation) bool {
	sent := in.LookedAt
	if !r.date.IsZero() {
		if byDate := in.SentAt.Add(r.date.Sub(r.received)); byDate.After(sent) {
			sent = byDate
		}
	}
	if sent.IsZero() {
		return false
	}
	stale := func(t time.Time) bool { return !t.IsZero() && t.Before(sent.Add(-staleAnswer)) }
	packet := order.PacketDate
	if !packet.IsZero() && packet.Second() == 0 {
		packet = packet.Add(time.Minute) // it may be dated to the minute
	}
	return stale(packet) || stale(newestOf(own).Date)
}

// refusalIn finds first and second code in a result or a fault. Nil, nil is no
// refusal.
func (c *Client) refusalIn(a *wire.Answer) (*APIError, error) {
	var (
		first, second int
		message       string
		readable      bool
	)
	switch {
	case a.Fault != nil && a.Codes != nil:
		return nil, fmt.Errorf("%w: a fault beside the codes of a result", ErrContradiction)
	case a.Fault != nil:
		message = a.Fault.Message
		if message == "" {
			message = a.Fault.Text
		}
		message = c.scrub(message)
		if first, second, readable = a.Fault.Codes(); !readable {
			return nil, fmt.Errorf("%w: a fault without Assist's codes: %q", ErrContradiction, message)
		}
		if first == 0 {
			return nil, fmt.Errorf("%w: a fault that says 0/%d", ErrContradiction, second)
		}
	case a.Codes != nil:
		if first, second, readable = a.Codes.Numbers(); !readable {
			return nil, fmt.Errorf("%w: result codes that are no numbers", ErrUnreadable)
		}
		if first == 0 && second == 0 {
			return nil, nil
		}
		if first == 0 {
			return nil, fmt.Errorf("%w: first code 0 with second code %d", ErrContradiction, second)
		}
	default:
		return nil, nil
	}
	return &APIError{First: first, Second: second, Message: message}, nil
}

// ownOperations finds the operations that this cancel made: for a part the
// newest of type 300, for all of a payment every new one. The newest is always
// ours or the answer is doubtful.
func ownOperations(in Intent, order Order) ([]Operation, error) {
	index, err := newestCancel(order.Operations)
	if err != nil {
		return nil, err
	}
	newest := &order.Operations[index]
	fresh := func(op *Operation) bool {
		return op.Date.IsZero() || order.PacketDate.Sub(op.Date) <= oldestOperation
	}
	switch {
	case in.knownBefore(newest.Billnumber):
		return nil, fmt.Errorf("%w: the operation %s was there before", ErrOtherAnswer, newest.Billnumber)
	case !fresh(newest):
		return nil, fmt.Errorf("%w: the operation %s is older than the request", ErrOtherAnswer, newest.Billnumber)
	case newest.Amount.IsZero():
		return nil, fmt.Errorf("%w: a cancel of nothing", ErrContradiction)
	}
	if !in.Full {
		if newest.Amount != in.Request.Amount {
			return nil, fmt.Errorf("%w: the operation %s is of another amount", ErrOtherAnswer, newest.Billnumber)
		}
		return order.Operations[index : index+1 : index+1], nil
	}
	var own []Operation
	known := in.known()
	for i := range order.Operations {
		op := &order.Operations[i]
		if op.Type == OperationCancel && !known[op.Billnumber] && fresh(op) {
			own = append(own, *op)
		}
	}
	return own, checkSum(own, order.Amount)
}

// newestCancel finds the operation of type 300 with the highest number. A number
// that stands twice, or is missing among several, leaves it open which is ours.
func newestCancel(operations []Operation) (index int, err error) {
	if twice, found := repeated(operations); found {
		return 0, fmt.Errorf("%w: the operation %s stands twice", ErrContradiction, twice)
	}
	newest, cancels, plain := 0, 0, false
	for i := range operations {
		op := &operations[i]
		if op.Type != OperationCancel {
			continue
		}
		cancels++
		number := op.Billnumber.Operation()
		plain = plain || number == 0
		if cancels == 1 || number > operations[newest].Billnumber.Operation() {
			newest = i
		}
	}
	switch {
	case cancels == 0:
		return 0, fmt.Errorf("%w: no operation of type 300", ErrOtherAnswer)
	case plain && cancels > 1:
		return 0, fmt.Errorf("%w: several cancels, one of them without its number", ErrContradiction)
	}
	return newest, nil
}

// repeated finds a billnumber that stands twice.
func repeated(operations []Operation) (Billnumber, bool) {
	if len(operations) < 2 {
		return "", false
	}
	seen := make(map[Billnumber]bool, len(operations))
	for i := range operations {
		b := operations[i].Billnumber
		if seen[b] {
			return b, true
		}
		seen[b] = true
	}
	return "", false
}

// checkSum refuses cancels that are of another currency than the order or more
// than it.
func checkSum(own []Operation, orderAmount Money) error {
	if orderAmount == (Money{}) {
		return nil
	}
	left := orderAmount
	for _, op := range own {
		var err error
		if left, err = left.Sub(op.Amount); err != nil {
			return fmt.Errorf("%w: the cancels don't fit the order's amount: %w", ErrContradiction, err)
		}
	}
	return nil
}

// judgeOperations decides by the operations that are ours. An order whose
// payments fared differently is Unknown: part of the money moved.
func (c *Client) judgeOperations(in Intent, order Order, own []Operation, stageOf func(Operation) stage) verdict {
	var succeeded, inProcess, declined int
	for _, op := range own {
		switch stageOf(op) {
		case stageSucceeded:
			succeeded++
		case stageInProcess:
			inProcess++
		case stageDeclined:
			declined++
		default:
			return contradiction("operation %s has response code %q and state %q",
				op.Billnumber, c.scrub(string(op.ResponseCode)), c.scrub(string(op.State)))
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

// stage is what one operation's state and code say together.
type stage int

const (
	stageUnknown stage = iota
	stageSucceeded
	stageInProcess
	stageDeclined
)

// stageOf wants state and code to agree. An absent state (flat formats) agrees
// with every code.
func stageOf(op Operation) stage {
	noState := op.State == ""
	switch {
	case op.ResponseCode == ResponseDone && (noState || op.State.meansSuccess()):
		return stageSucceeded
	case op.ResponseCode == ResponseDone && op.State.meansInProcess():
		return stageInProcess
	case op.ResponseCode == ResponseInProcess && (noState || op.State.meansInProcess()):
		return stageInProcess
	case op.ResponseCode.refuses() && (noState || op.State == OperationDeclined):
		return stageDeclined
	}
	return stageUnknown
}

// maxMessage bounds a server's text inside an error, in characters.
const maxMessage = 200

// scrub makes a server's text fit for an error: one line, short, and without
// the credentials that a careless server may repeat.
func (c *Client) scrub(text string) string {
	var b strings.Builder
	written, gap := 0, false
	// Rune by rune, so that a long text costs no more than a short one.
	for _, r := range c.withoutCredentials(text) {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			gap = written > 0
			continue
		case written >= maxMessage:
			b.WriteString("…")
			return b.String()
		case gap:
			b.WriteByte(' ')
			written, gap = written+1, false
		}
		b.WriteRune(r)
		written++
	}
	return b.String()
}

func (c *Client) withoutCredentials(text string) string {
	text = strings.ReplaceAll(text, c.merchant.Password.Reveal(), redacted)
	if len(c.merchant.Login) >= 4 {
		text = strings.ReplaceAll(text, c.merchant.Login, redacted)
	}
	return text
}

// declined is the error of an operation that was declined, without personal
// data and with the server's texts made fit for an error.
func (c *Client) declined(op Operation) *DeclinedError {
	bare := op.bare()
	bare.Message, bare.CustomerMessage, bare.Recommendation = c.scrub(op.Message), c.scrub(op.CustomerMessage), c.scrub(op.Recommendation)
	return &DeclinedError{ResponseCode: ResponseCode(c.scrub(string(op.ResponseCode))), Operation: bare}
}

// codesOf finds the server's codes inside an error.
func codesOf(err error) (*APIError, bool) {
	var api *APIError
	ok := errors.As(err, &api)
	return api, ok
}
