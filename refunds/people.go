package refunds

import (
	"context"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// Propose stores a refund that a person asks for. It waits for [Book.Approve] by
// another person, unless [AloneUpTo] lets it go; keys are as with Enqueue. A
// program that decides by itself enqueues. What Request.Order shows of the
// payment is kept as its [Mean], for who approves.
func (b *Book) Propose(ctx context.Context, r Refund, asker Person) (ID, error) {
	return b.ProposeGuarded(ctx, r, asker, Guard{})
}

// ProposeGuarded is Propose where something must still be so.
func (b *Book) ProposeGuarded(ctx context.Context, r Refund, asker Person, g Guard) (ID, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	if err := asker.check(); err != nil {
		return 0, err
	}
	var id ID
	err := b.store.Update(ctx, func(tx storage.Tx) (err error) {
		row := b.rowOf(r)
		row.Asker, row.AskerName = asker.ID, asker.Name
		if err := b.guarded(ctx, tx, row, g); err != nil {
			return err
		}
		if err := b.keepFacts(ctx, tx, r); err != nil {
			return err
		}
		alone, err := b.goesAlone(ctx, tx, row)
		if err != nil {
			return err
		}
		if !alone {
			row.State, row.Waits = int64(Proposed), int64(ForApproval)
			row.NextAt = row.Created + b.proposalExpiry.Microseconds()
		} else {
			row.State = int64(Pending)
		}
		id, err = b.insert(ctx, tx, row, by(storage.Event{Kind: string(ProposedByPerson)}, asker))
		return err
	})
	if err != nil {
		return 0, err
	}
	b.wake()
	return id, nil
}

// goesAlone counts a person's proposals of one payment over 24 hours together,
// so that splitting a sum doesn't pass the limit.
func (b *Book) goesAlone(ctx context.Context, tx storage.Tx, row *storage.Refund) (bool, error) {
	if b.alone.IsZero() || b.alone.Currency() != row.Currency {
		return false, nil
	}
	// The payment's row is locked, so that two proposals at once count each other.
	if _, err := b.lockPayment(ctx, tx, row.Merchant, row.Payment); err != nil {
		return false, err
	}
	return b.withinLimit(ctx, tx, row)
}

// lockPayment gives the payment's row, which is made where there is none.
func (b *Book) lockPayment(ctx context.Context, tx storage.Tx, merchant, payment string) (*storage.Payment, error) {
	if err := b.newMerchant(ctx, tx, merchant); err != nil {
		return nil, err
	}
	p := &storage.Payment{Merchant: merchant, Payment: payment}
	if _, err := tx.Insert(ctx, p); err != nil {
		return nil, err
	}
	_, err := tx.Get(ctx, p, storage.ForUpdate)
	return p, err
}

// keepFacts keeps what the person saw of the payment, so that who approves sees
// it too. The carrier does where nobody has.
func (b *Book) keepFacts(ctx context.Context, tx storage.Tx, r Refund) error {
	if r.Request.Order == nil {
		return nil
	}
	p, err := b.lockPayment(ctx, tx, r.MerchantID, string(r.Request.Billnumber.Payment()))
	if err != nil || p.PaidAt != 0 {
		return err
	}
	m, email := b.facts(r.Request.Order)
	keep(p, m, email)
	return tx.Save(ctx, p)
}

func (b *Book) withinLimit(ctx context.Context, tx storage.Tx, row *storage.Refund) (bool, error) {
	earlier, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Where: []storage.Cond{
		storage.Eq("merchant", row.Merchant), storage.Eq("payment", row.Payment), storage.Eq("asker", row.Asker), storage.NotEmpty("asker"),
		storage.More("created", row.Created-(24*time.Hour).Microseconds())}})
	if err != nil {
		return false, err
	}
	sum := row.Minor
	for _, r := range earlier {
		if countsBeside(r, row) {
			sum += r.Minor
		}
	}
	return sum <= b.alone.Minor(), nil
}

// countsBeside tells whether a refund counts against what the asker of another may ask
// for: not where it ended without money, nor where it is the same one.
func countsBeside(r, other *storage.Refund) bool {
	switch State(r.State) {
	case Denied, Withdrawn, Refused:
		return false
	}
	return r.Key != other.Key
}

// NeedsSecond tells whether a proposal would wait for a second person, as things
// stand: so that a page can say it before. [Book.Propose] decides.
func (b *Book) NeedsSecond(ctx context.Context, r Refund, asker Person) (bool, error) {
	if err := r.check(); err != nil {
		return false, err
	}
	row := b.rowOf(r)
	if row.Asker = asker.ID; b.alone.IsZero() || b.alone.Currency() != row.Currency {
		return true, nil
	}
	alone := false
	err := b.store.View(ctx, func(tx storage.Tx) (err error) {
		alone, err = b.withinLimit(ctx, tx, row)
		return err
	})
	return !alone, err
}

// Approve lets a proposal go. Who proposed it can't ([ErrSamePerson]), nor can
// it be approved when it has expired ([ErrExpired]).
func (b *Book) Approve(ctx context.Context, id ID, approver Person) error {
	return b.change(ctx, id, approver, Approved, func(r *storage.Refund) error {
		now := micros(b.now())
		switch {
		case State(r.State) != Proposed:
			return ErrState
		case r.Asker == approver.ID:
			return ErrSamePerson
		case r.NextAt <= now:
			return ErrExpired
		}
		r.State, r.Waits, r.Approver, r.ApproverName = int64(Pending), int64(ForTurn), approver.ID, approver.Name
		if r.NextAt = max(now, r.NotBefore); r.NextAt > now {
			r.Waits = int64(ForTime)
		}
		return nil
	})
}

// Deny ends a proposal. Who proposed it may deny it too.
func (b *Book) Deny(ctx context.Context, id ID, by Person) error {
	return b.change(ctx, id, by, DeniedByPerson, func(r *storage.Refund) error {
		if State(r.State) != Proposed {
			return ErrState
		}
		b.end(r, Denied)
		return nil
	})
}

// Withdraw takes a refund back that nothing was sent of. Where something may
// have been, by an earlier attempt too, it is [ErrUnderWay].
func (b *Book) Withdraw(ctx context.Context, id ID, by Person) error {
	if err := by.check(); err != nil {
		return err
	}
	return b.store.Update(ctx, func(tx storage.Tx) error {
		r, err := lockRefund(ctx, tx, id)
		if err != nil {
			return err
		}
		from := State(r.State)
		switch {
		case from.MayHaveMoved() && from != Done:
			return ErrUnderWay
		case from != Pending && from != Proposed:
			return ErrState
		}
		// A cancel that a person has passed over may still move money.
		watched, err := tx.Count(ctx, (&storage.Attempt{}).Table(), storage.Eq("merchant", r.Merchant), storage.Eq("payment", r.Payment),
			storage.Eq("refund", r.ID), storage.Fixed("watch_at", ">", 0))
		if err != nil {
			return err
		}
		if watched > 0 {
			return ErrUnderWay
		}
		b.end(r, Withdrawn)
		return b.saved(ctx, tx, r, from, WithdrawnByPerson, by)
	})
}

// Take says who looks at a refund that needs a person, so that two don't do the
// same. It forbids nobody anything.
func (b *Book) Take(ctx context.Context, id ID, by Person) error {
	return b.change(ctx, id, by, Taken, func(r *storage.Refund) error {
		if r.Person == 0 {
			return ErrState
		}
		r.TakenBy = by.ID
		return nil
	})
}

// change is one person's change of one refund, with its line in the history.
func (b *Book) change(ctx context.Context, id ID, person Person, kind EventKind, f func(*storage.Refund) error) error {
	if err := person.check(); err != nil {
		return err
	}
	defer b.wake()
	return b.store.Update(ctx, func(tx storage.Tx) error {
		r, err := lockRefund(ctx, tx, id)
		if err != nil {
			return err
		}
		from := State(r.State)
		if err := f(r); err != nil {
			return err
		}
		return b.saved(ctx, tx, r, from, kind, person)
	})
}

func (b *Book) saved(ctx context.Context, tx storage.Tx, r *storage.Refund, from State, kind EventKind, person Person) error {
	if err := tx.Save(ctx, r); err != nil {
		return err
	}
	return b.note(ctx, tx, by(about(r, kind, from), person))
}

// end makes a refund final. What of the request is personal goes.
func (b *Book) end(r *storage.Refund, s State) {
	r.State, r.Ended, r.Attempt, r.Request = int64(s), micros(b.now()), "", ""
	r.Waits, r.Person, r.PersonWhy, r.TakenBy, r.NextAt = 0, 0, "", "", 0
}

// expire ends proposals that nobody has approved.
func (b *Book) expire(ctx context.Context) error {
	var old []*storage.Refund
	find := func(tx storage.Tx) (err error) {
		old, err = storage.Find[storage.Refund](ctx, tx, storage.Query{Limit: 50, Order: "next_at", Where: []storage.Cond{
			storage.Fixed("state", "=", int64(Proposed)), storage.AtMost("next_at", micros(b.now()))}})
		return err
	}
	if err := b.store.View(ctx, find); err != nil {
		return err
	}
	for _, one := range old {
		err := b.update(ctx, func(tx storage.Tx) error {
			r, err := lockRefund(ctx, tx, ID(one.ID))
			if err != nil {
				return err
			}
			if State(r.State) != Proposed || r.NextAt > micros(b.now()) {
				return errNothing
			}
			b.end(r, Denied)
			return b.saved(ctx, tx, r, Proposed, Expired, Person{ID: "store", Name: "store", Reason: "nobody approved it in time"})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
