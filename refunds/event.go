package refunds

import (
	"context"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// Event is one line of the history. Events of a refund are in the order in which
// they happened.
type Event struct {
	ID       int64
	Refund   ID // 0 where it is about a merchant
	Merchant string
	At       time.Time
	Kind     EventKind
	From, To State
	// Actor is the id of a person or the name of a carrier, ActorName the
	// person's name, Reason the person's reason or the outcome in words.
	Actor, ActorName, Reason string
	IntentID                 string
	Data                     string // an operation's billnumber, codes, and so on
}

// EventKind is what happened.
type EventKind string

// The kinds of events.
const (
	Enqueued          EventKind = "enqueued"
	ProposedByPerson  EventKind = "proposed"
	Approved          EventKind = "approved"
	DeniedByPerson    EventKind = "denied"
	Expired           EventKind = "expired"
	WithdrawnByPerson EventKind = "withdrawn"
	Sending           EventKind = "sending" // the cancel is stored; from here on it may be on its way
	Known             EventKind = "known"   // an outcome: read To
	PersonNeeded      EventKind = "person needed"
	Taken             EventKind = "taken"
	DecisionProposed  EventKind = "decision proposed"
	DecisionConfirmed EventKind = "decision confirmed"
	Decided           EventKind = "decided"
	DecisionRefused   EventKind = "decision refused"
	// MovedLate: money moved by a cancel that a person had closed. A refund that
	// would have been sent anew is done by it; otherwise no state changes, and a
	// person has to look whether the customer was paid twice.
	MovedLate EventKind = "moved late"
	// Strange: money went back by a cancel that no refund of the store owns, as
	// results by date show ([ReconcileEvery], [Carrier.Reconcile]). Data is its
	// operation. It is raised once, with the payment's newest refund where there is
	// one: a person has to look whether the customer was paid twice.
	Strange          EventKind = "strange cancel"
	MerchantPaused   EventKind = "merchant paused"
	MerchantResumed  EventKind = "merchant resumed"
	MerchantHeld     EventKind = "merchant held"
	MerchantReleased EventKind = "merchant released"
	// OtherServer: a carrier's client of a merchant talks to another server than
	// the merchant's, and sends nothing: see [ServerError]. It is noted once in a
	// carrier's life. ServerSet: a person has named the merchant's server.
	OtherServer EventKind = "another server"
	ServerSet   EventKind = "server set"
	Purged      EventKind = "purged"
	// LateSeen: a person has dealt with what [MovedLate] raised.
	LateSeen EventKind = "moved late, seen"
	// Exported: a person has taken rows out of the store. It is about a merchant.
	Exported EventKind = "exported"
)

// note adds a line to the history. The store notes who is to hear of it.
func (b *Book) note(ctx context.Context, tx storage.Tx, e storage.Event) error {
	if e.At == 0 {
		e.At = micros(b.now())
	}
	return tx.Add(ctx, &e)
}

func eventOf(e *storage.Event) Event {
	return Event{ID: e.ID, Refund: ID(e.Refund), Merchant: e.Merchant, At: instant(e.At), Kind: EventKind(e.Kind), From: State(e.FromState), To: State(e.ToState),
		Actor: e.Actor, ActorName: e.ActorName, Reason: e.Reason, IntentID: e.IntentID, Data: e.Data}
}

// about begins an event of a refund.
func about(r *storage.Refund, kind EventKind, from State) storage.Event {
	return storage.Event{Refund: r.ID, Merchant: r.Merchant, Kind: string(kind), FromState: int64(from), ToState: r.State, IntentID: r.Attempt}
}

func by(e storage.Event, p Person) storage.Event {
	e.Actor, e.ActorName, e.Reason = p.ID, p.Name, p.Reason
	return e
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
