package refunds

import (
	"context"
	"fmt"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Decision is what a person decides about a refund that needs one. The carrier
// asks Assist before it does what was decided, and refuses what the answer
// contradicts.
type Decision struct {
	Kind DecisionKind
	// Operation is the one that [ItWas] and [NotIts] are about.
	Operation assist.Billnumber
}

// DecisionKind is what is decided.
type DecisionKind string

// The decisions.
const (
	// NeverCame: the cancel won't arrive any more, so the refund is sent anew. It
	// is possible two hours after the send, needs a second person, and is refused
	// when the order shows an operation that no attempt owns. The external refund
	// id stays the same, and the closed attempt is watched for 30 days.
	NeverCame DecisionKind = "never came"
	// ItWas: the operation is the refund's. It must be listed, a cancel of the
	// refund's amount, and nobody else's.
	ItWas DecisionKind = "it was"
	// NotIts: the operation is known to be somebody else's, made by hand, and the
	// refund is still owed. It needs a second person.
	NotIts DecisionKind = "not its own"
	// GiveUp closes it without sending anything more. The attempt is watched for
	// 30 days.
	GiveUp DecisionKind = "give up"
	// Wait: nothing is decided; a person is called again after eight hours, if
	// one is still needed.
	Wait DecisionKind = "wait"
)

// Two times about attempts that a person closes.
const (
	neverCameAfter = 2 * time.Hour
	watchFor       = 30 * 24 * time.Hour
)

// needsSecond tells whether money could move twice by it.
func (k DecisionKind) needsSecond() bool { return k == NeverCame || k == NotIts }

// DecisionRecord is a decision as it stands.
type DecisionRecord struct {
	ID int64
	Decision
	By        Person
	Confirmer Person // empty where none was needed, or none has come yet
	At, Ended time.Time
	State     DecisionState
	Result    string // what became of it, in words
}

// DecisionState is how far a decision has come.
type DecisionState string

// The states of a decision.
const (
	AwaitsConfirmation DecisionState = "awaits confirmation"
	AwaitsCarrier      DecisionState = "awaits the carrier"
	DecisionDone       DecisionState = "done"
	DecisionDeclined   DecisionState = "refused" // what Assist says contradicts it
)

func decisionOf(d *storage.Decision) DecisionRecord {
	return DecisionRecord{ID: d.ID, Decision: Decision{Kind: DecisionKind(d.Kind), Operation: assist.Billnumber(d.Operation)},
		By: Person{d.By, d.ByName, d.Reason}, Confirmer: Person{d.Confirmer, d.ConfirmerName, d.ConfirmerReason},
		At: instant(d.At), Ended: instant(d.Ended), State: DecisionState(d.State), Result: d.Result}
}

// ProposeDecision stores what a person decides about a refund that needs one
// ([ErrState] where it doesn't). It asks nothing and changes nothing yet: the
// carrier does, after a second person's [Book.ConfirmDecision] where money could
// move twice. One decision at a time is open.
func (b *Book) ProposeDecision(ctx context.Context, id ID, d Decision, person Person) (int64, error) {
	if err := person.check(); err != nil {
		return 0, err
	}
	if err := d.check(); err != nil {
		return 0, err
	}
	row := &storage.Decision{Refund: int64(id), Kind: string(d.Kind), Operation: string(d.Operation), State: string(AwaitsCarrier),
		By: person.ID, ByName: person.Name, Reason: person.Reason}
	if d.Kind.needsSecond() {
		row.State = string(AwaitsConfirmation)
	}
	err := b.store.Update(ctx, func(tx storage.Tx) error {
		r, err := lockRefund(ctx, tx, id)
		if err != nil {
			return err
		}
		if State(r.State).Final() || r.Person == 0 {
			return ErrState
		}
		row.IntentID, row.At = subject(r), micros(b.now())
		switch kind := d.Kind; {
		case kind == NeverCame && State(r.State) != Sent, kind == NotIts && State(r.State) != Pending:
			return ErrState
		case kind == NeverCame:
			a := &storage.Attempt{IntentID: r.Attempt}
			if _, err := tx.Get(ctx, a, storage.NoLock); err != nil {
				return err
			}
			if b.now().Sub(instant(a.Begun)) < neverCameAfter {
				return ErrTooEarly
			}
		}
		inserted, err := tx.Insert(ctx, row)
		if err != nil {
			return err
		}
		if !inserted {
			return fmt.Errorf("%w: another decision about it is open", ErrState)
		}
		if !d.Kind.needsSecond() {
			r.NextAt = micros(b.now())
			if err := tx.Save(ctx, r); err != nil {
				return err
			}
		}
		e := by(about(r, DecisionProposed, State(r.State)), person)
		e.Data = string(d.Kind) + " " + string(d.Operation)
		return b.note(ctx, tx, e)
	})
	if err != nil {
		return 0, err
	}
	b.wake()
	return row.ID, nil
}

func (d Decision) check() error {
	switch d.Kind {
	case NeverCame, GiveUp, Wait:
		if d.Operation != "" {
			return &InvalidError{Field: "Decision.Operation", Reason: "goes with ItWas and NotIts alone"}
		}
	case ItWas, NotIts:
		if b, err := assist.ParseBillnumber(string(d.Operation)); err != nil || b.Operation() == 0 {
			return &InvalidError{Field: "Decision.Operation", Reason: "must be an extended billnumber"}
		}
	default:
		return &InvalidError{Field: "Decision.Kind", Reason: "must be one of the kinds"}
	}
	return nil
}

// subject is what a decision is about: the open attempt, or the refund itself.
func subject(r *storage.Refund) string {
	if r.Attempt != "" {
		return r.Attempt
	}
	return fmt.Sprintf("refund %d after %d", r.ID, r.Attempts)
}

// ConfirmDecision is the second person's word: neither who decided nor who asked
// for the refund ([ErrSamePerson]).
func (b *Book) ConfirmDecision(ctx context.Context, decision int64, person Person) error {
	if err := person.check(); err != nil {
		return err
	}
	defer b.wake()
	return b.store.Update(ctx, func(tx storage.Tx) error {
		d := &storage.Decision{ID: decision}
		if found, err := tx.Get(ctx, d, storage.NoLock); err != nil || !found {
			return firstOf(err, ErrNotFound)
		}
		r, err := lockRefund(ctx, tx, ID(d.Refund))
		if err != nil {
			return err
		}
		if _, err := tx.Get(ctx, d, storage.ForUpdate); err != nil {
			return err
		}
		switch {
		case d.State != string(AwaitsConfirmation) || d.IntentID != subject(r):
			return ErrState
		case person.ID == d.By || person.ID == r.Asker:
			return ErrSamePerson
		}
		d.State, d.Confirmer, d.ConfirmerName, d.ConfirmerReason = string(AwaitsCarrier), person.ID, person.Name, person.Reason
		if err := tx.Save(ctx, d); err != nil {
			return err
		}
		r.NextAt = micros(b.now())
		if err := tx.Save(ctx, r); err != nil {
			return err
		}
		e := by(about(r, DecisionConfirmed, State(r.State)), person)
		e.Data = d.Kind + " " + d.Operation
		return b.note(ctx, tx, e)
	})
}

// openDecision gives the decision about a refund that waits for the carrier.
func (b *Book) openDecision(ctx context.Context, r *storage.Refund) (*storage.Decision, error) {
	var open []*storage.Decision
	err := b.store.View(ctx, func(tx storage.Tx) (err error) {
		open, err = storage.Find[storage.Decision](ctx, tx, storage.Query{Where: []storage.Cond{
			storage.Eq("refund", r.ID), storage.Fixed("ended", "=", 0), storage.Eq("state", string(AwaitsCarrier)), storage.Eq("intent_id", subject(r))}})
		return err
	})
	if err != nil || len(open) == 0 {
		return nil, err
	}
	return open[0], nil
}
