package assist

// Outcome is what an error of [Client.Cancel], [Client.CancelFull] or
// [Client.Wait] proves about the money.
type Outcome int

const (
	// Unknown: the money may have moved or may still move. Nothing else is
	// proved. Resolve the intent; don't send again.
	Unknown Outcome = iota
	// NotSent: no byte of the cancel left this process, or none that the server can
	// have read. Sending again is safe.
	NotSent
	// Rejected: Assist refused this cancel, and no money moved or will move by
	// it.
	Rejected
	// Accepted: Assist took the cancel. This is not "refunded": read the
	// [CancelStatus]. Beside an error it is a wait that ended before the cancel
	// ([*WaitTimeoutError]): still in process, and nothing to resolve.
	Accepted
)

// String gives the outcome in words.
func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not sent"
	case Rejected:
		return "rejected"
	case Accepted:
		return "accepted"
	}
	return "unknown"
}

// OutcomeOf reads the outcome out of an error, however deep it is wrapped. Nil
// is Accepted; an error that proves nothing is Unknown. In a tree of several
// errors ([errors.Join]) the branches must agree: a branch that is not about a
// cancel is passed over, and two different outcomes are Unknown.
//
// An error of an order service ([Client.OrderResult] and its sisters) says
// nothing about the money, so it is Unknown.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Accepted
	}
	outcome, _ := outcomeIn(err)
	return outcome
}

// outcomeIn looks from the outside in: the outermost error that knows an
// outcome knows best, because a wrapper may turn a refusal into a doubt.
func outcomeIn(err error) (outcome Outcome, found bool) {
	switch e := err.(type) {
	case interface{ Outcome() Outcome }:
		return e.Outcome(), true
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return outcomeIn(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if inner == nil {
				continue
			}
			o, ok := outcomeIn(inner)
			if !ok {
				continue
			}
			if found && o != outcome {
				return Unknown, true
			}
			outcome, found = o, true
		}
	}
	return outcome, found
}
