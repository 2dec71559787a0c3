package refunds

import (
	"time"

	"github.com/assist-go/assist"
)

// Refund is what a customer is to get back.
type Refund struct {
	// Key is the merchant's own name of this refund action, 1 to 200 characters:
	// the same key again is the same refund, for ever. Two refunds of one payment
	// have two keys. Required.
	Key string
	// MerchantID is the account at Assist, in digits. Required.
	MerchantID string
	// Request says what is cancelled. Amount is required; ExternalRefundID stays
	// empty, it is the carrier's to fill. Order may be there, as
	// assist.Order.CancelRequest sets it, and isn't stored: the carrier looks
	// again before it sends.
	Request assist.CancelRequest
	// Whole asks for all that is left of the payment, which must then be Amount:
	// if anything else is left when it would be sent, a person is called.
	Whole bool
	// NotBefore is the earliest moment to send it. Zero is at once.
	NotBefore time.Time
	// Note is for the merchant's own staff and is kept. It never reaches Assist
	// or the customer.
	Note string
}

// ID numbers a refund within its store, from 1.
type ID int64

// State is how far a refund has come.
type State int

// The states. From 10 to 19 they are final: nothing changes them any more.
const (
	// Pending: nothing of it is under way.
	Pending State = 1
	// Sent: its cancel is stored and may have been sent; what became of it isn't
	// known.
	Sent State = 2
	// InProcess: Assist took it, and works on it (AS300).
	InProcess State = 3
	// Done: the money went back.
	Done State = 10
	// Refused: Assist or a rule refused it for good. No money moved.
	Refused State = 11
	// Withdrawn: it was taken back before anything was sent.
	Withdrawn State = 12
	// GivenUp: a person closed it while its outcome was unknown. The money may
	// have moved, or may still; if it is seen to, [MovedLate] is raised.
	GivenUp State = 13
	// Denied: a person proposed it, and nobody approved.
	Denied State = 14
	// Proposed: a person proposed it, and another has to approve.
	Proposed State = 20
)

// Final tells whether the state can't change any more.
func (s State) Final() bool { return s >= 10 && s < 20 }

// MayHaveMoved tells whether money of it has moved, may have, or may still.
func (s State) MayHaveMoved() bool { return s == Sent || s == InProcess || s == Done || s == GivenUp }

// String gives the state in words.
func (s State) String() string {
	switch s {
	case Pending:
		return "pending"
	case Sent:
		return "outcome unknown"
	case InProcess:
		return "in process"
	case Done:
		return "done"
	case Refused:
		return "refused"
	case Withdrawn:
		return "withdrawn"
	case GivenUp:
		return "given up"
	case Denied:
		return "denied"
	case Proposed:
		return "proposed"
	}
	return "no state"
}

// Waits says what a refund that isn't final waits for. The zero value is its
// turn.
type Waits int

// What a refund can wait for.
const (
	ForTurn       Waits = iota
	ForRest             // of the payment, between two clients
	ForPayment          // another cancel of the payment, whose outcome isn't known
	ForEarlier          // an earlier refund of the payment
	ForTime             // a ban that time lifts, or NotBefore
	ForMoney            // the wallet's day balance
	ForConnection       // to Assist
	ForSettings         // the merchant is paused: Assist doesn't take its settings
	ForOutcome          // the outcome of its cancel
	ForPerson           // a decision
	ForApproval         // another person
)

// String gives the reason in words.
func (w Waits) String() string {
	words := [...]string{"its turn", "the payment's rest", "another cancel of the payment", "an earlier refund of the payment", "its time",
		"the day balance", "a connection", "the merchant's settings", "its outcome", "a person", "an approval"}
	if w < 0 || int(w) >= len(words) {
		return "unknown"
	}
	return words[w]
}

// Record is a refund as it stands.
type Record struct {
	Refund // of a refund that has ended without ClientIP and ChequeItems
	ID     ID
	State  State
	Waits  Waits // of a refund that isn't final
	// NextAt is when it is looked at next. Zero once it is final.
	NextAt time.Time
	// NeedsPerson is since when only a person can bring it on, PersonWhy the
	// reason in words, TakenBy who looks at it. Zero where nobody is needed.
	NeedsPerson time.Time
	PersonWhy   string
	TakenBy     string
	// Codes are those of the last refusal ("5/108", "AS100"), Detail the error in
	// words; neither holds anything secret or personal.
	Codes, Detail       string
	AskedBy, ApprovedBy Person // of a proposal
	Created, Ended      time.Time
	Attempts            []Attempt // with Get and ByKey; none in a List
	Decisions           []DecisionRecord
	Mean                Mean
	Operations          []Operation
	// PassedOver says that a person has closed a cancel of it whose outcome isn't
	// known: the money may have moved by that, or may still, whatever the state is.
	// MovedLate says that money did.
	PassedOver, MovedLate bool
	Purged                bool // only key, state and end are known
}

// Attempt is one cancel that was sent, or may have been.
type Attempt struct {
	IntentID string
	Number   int // from 1
	// Begun is when it was stored, Told when its outcome was first known, Ended
	// when it was final. Zero is not yet.
	Begun, Told, Ended time.Time
	Outcome            assist.Outcome
	Codes, Detail      string
	// Asked is the latest question that was answered, Asks how many were.
	Asked time.Time
	Asks  int
	// Seen are operations that may be its own, where that can't be told.
	Seen []assist.Billnumber
	// WatchedUntil is how long an attempt that a person has closed is asked about.
	WatchedUntil time.Time
	ClosedBy     string // the person's id
}

// Operation is one operation at Assist that is known to be the refund's.
type Operation struct {
	Billnumber assist.Billnumber
	Amount     assist.Money
	At         time.Time // on Assist's clock; zero where it didn't tell
	// ApprovalCode and SlipNumber are what a bank asks for when a customer looks
	// for the money. Empty where Assist didn't tell.
	ApprovalCode, SlipNumber string
}

// Mean is what is kept of the payment: enough to find it, and no more.
type Mean struct {
	TypeID int
	Last4  string
	PaidAt time.Time
	Paid   assist.Money
}

// Person is who did something, and why. All three are required and kept for
// ever. The database tells ids apart, not human beings: the ID is for the
// merchant's login to give (issuer and subject).
type Person struct{ ID, Name, Reason string }

func (p Person) check() error {
	for _, f := range []struct{ name, value string }{{"ID", p.ID}, {"Name", p.Name}, {"Reason", p.Reason}} {
		if f.value == "" || len(f.value) > 1000 {
			return &InvalidError{Field: "Person." + f.name, Reason: "must be 1 to 1000 bytes"}
		}
	}
	return nil
}
