package refunds

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Two transactions hold the money: begin, before the one send, and finish, after
// it. All else here and in the carrier (claims, leases, rests, clocks) is about
// speed, and may fail or be late without paying anything twice.

var (
	// errTaken: somebody else has begun, ended or changed something meanwhile.
	errTaken = errors.New("refunds: the refund or its payment has changed meanwhile")
	errHeld  = errors.New("refunds: the merchant is held")
	// errElsewhere: another server has taken over since the Book was opened.
	errElsewhere = errors.New("refunds: the database is another copy than before")
	// errOwned: an operation belongs to another attempt.
	errOwned = errors.New("refunds: the operation belongs to another attempt")
)

// afterSend is when a cancel is looked at that nobody has told the end of: its
// process has died, as a cancel takes at most 90 seconds.
const afterSend = 2 * time.Minute

// view is what must be known of a refund before its order is asked for.
type view struct {
	r        *storage.Refund
	merchant storage.Merchant
	payment  storage.Payment
	open     *storage.Attempt // an attempt of the payment whose outcome isn't known
	passed   []string         // tokens of closed attempts that are still watched
	owned    map[assist.Billnumber]*storage.Operation
	earlier  bool // an earlier refund of the payment goes first
}

func (b *Book) look(ctx context.Context, r *storage.Refund) (v *view, err error) {
	err = b.store.View(ctx, func(tx storage.Tx) error {
		m := storage.Merchant{Merchant: r.Merchant}
		if _, err := tx.Get(ctx, &m, storage.NoLock); err != nil {
			return err
		}
		views, err := b.views(ctx, tx, m, []*storage.Refund{r})
		v = views[r.ID]
		return err
	})
	return v, err
}

// views looks at several refunds of one merchant at once.
func (b *Book) views(ctx context.Context, tx storage.Tx, m storage.Merchant, refunds []*storage.Refund) (map[int64]*view, error) {
	var names []string
	latest := int64(0)
	for _, r := range refunds {
		if !slices.Contains(names, r.Payment) {
			names = append(names, r.Payment)
		}
		latest = max(latest, r.ID)
	}
	of := []storage.Cond{storage.Eq("merchant", m.Merchant), storage.In("payment", names)}
	var payments []*storage.Payment
	var pending []*storage.Refund
	var operations []*storage.Operation
	var attempts []*storage.Attempt
	// The payments' versions first: whatever is read after them is at least as new.
	err := tx.Read(ctx, storage.Many(&payments, storage.Query{Where: of}),
		storage.Many(&pending, storage.Query{Where: append(of[:2:2], storage.Less("id", latest), storage.In("state", []int64{int64(Pending)}))}),
		storage.Many(&operations, storage.Query{Where: of}), storage.Many(&attempts, storage.Query{Where: of}))
	if err != nil {
		return nil, err
	}
	views := map[int64]*view{}
	for _, r := range refunds {
		v := &view{r: r, merchant: m, payment: storage.Payment{Merchant: r.Merchant, Payment: r.Payment}, owned: map[assist.Billnumber]*storage.Operation{}}
		for _, p := range payments {
			if p.Payment == r.Payment {
				v.payment = *p
			}
		}
		for _, o := range pending {
			v.earlier = v.earlier || o.Payment == r.Payment && o.ID < r.ID && goesFirst(o)
		}
		for _, o := range operations {
			if o.Payment == r.Payment {
				v.owned[assist.Billnumber(o.Operation)] = o
			}
		}
		for _, a := range attempts {
			v.tried(a)
		}
		views[r.ID] = v
	}
	return views, nil
}

// tried notes what an attempt means for the next one of its payment.
func (v *view) tried(a *storage.Attempt) {
	switch {
	case a.Payment != v.r.Payment:
	case a.Told == 0:
		v.open = a
	case a.WatchUntil > 0 && a.Outcome == int64(assist.Unknown) && a.Intent != "":
		v.passed = append(v.passed, a.Intent)
	}
}

// goesFirst tells whether a pending refund keeps later ones of its payment
// waiting: all but those that wait for a time, for money or for a person.
func goesFirst(r *storage.Refund) bool {
	switch Waits(r.Waits) {
	case ForTime, ForMoney, ForPerson:
		return false
	}
	return true
}

// sender is who sends a cancel.
type sender struct {
	client string // instance of the carrier
	server string // that its client talks to; empty where it can't be told
}

// begin is what SaveIntent calls: the one arbiter of sending. It commits only
// for the newest claim of a pending refund, on a payment that is as it was
// looked at, of which no cancel is open. After its commit nobody ever sends this
// attempt again: there is no way back from Sent but by what became of it.
func (b *Book) begin(ctx context.Context, v *view, in assist.Intent, by sender, facts *Mean, email string) error {
	ctx = storage.For(ctx, storage.Purpose{Name: storage.Begins, Merchant: v.r.Merchant, Payment: v.r.Payment})
	err := b.store.Update(ctx, func(tx storage.Tx) error {
		// Locks go from the merchant down to the refund, here and in finish.
		m, r := storage.Merchant{Merchant: v.r.Merchant}, &storage.Refund{ID: v.r.ID}
		p, reserved := storage.Payment{Merchant: v.r.Merchant, Payment: v.r.Payment}, storage.Reservation{IntentID: in.ID}
		var payment, refund bool
		var place string
		if err := tx.Read(ctx, storage.Ask{Place: &place}, storage.One(&m, storage.ForShare, nil), storage.One(&p, storage.ForUpdate, &payment),
			storage.One(r, storage.ForUpdate, &refund), storage.One(&reserved, storage.NoLock, nil)); err != nil {
			return err
		}
		switch {
		case place != "" && place != b.openedAt():
			return errElsewhere
		case m.Held != 0:
			return errHeld
		case by.server != "" && m.Server != "" && m.Server != by.server:
			return &ServerError{MerchantID: m.Merchant, Server: m.Server, Client: by.server}
		case !payment || p.Version != v.payment.Version, !refund || r.Version != v.r.Version || State(r.State) != Pending:
			return errTaken
		case reserved.Settled != 0: // it was dropped meanwhile, and may be somebody else's by now
			return errTaken
		}
		now := b.now()
		p.Version++
		if facts != nil {
			keep(&p, facts, email)
		}
		if err := tx.Save(ctx, &p); err != nil {
			return err
		}
		r.State, r.Attempt, r.Waits, r.NextAt = int64(Sent), in.ID, int64(ForOutcome), micros(now.Add(afterSend))
		r.Attempts++
		err := tx.Add(ctx, &storage.Attempt{IntentID: in.ID, Refund: r.ID, Merchant: r.Merchant, Payment: r.Payment, Number: r.Attempts,
			Intent: in.Token(), Client: by.client, Minor: r.Minor, Currency: r.Currency, Begun: micros(now)})
		if err != nil {
			return err
		}
		if err := tx.Save(ctx, r); err != nil {
			return err
		}
		e := about(r, Sending, Pending)
		e.Actor = by.client
		return b.note(ctx, tx, e)
	})
	if errors.Is(err, storage.ErrThere) { // another attempt of the payment is open
		return errors.Join(errTaken, err)
	}
	return err
}

// attemptsOf gives a refund's attempts, the first one first.
func attemptsOf(ctx context.Context, tx storage.Tx, r *storage.Refund) ([]*storage.Attempt, error) {
	return storage.Find[storage.Attempt](ctx, tx, storage.Query{Order: "number", Where: []storage.Cond{
		storage.Eq("merchant", r.Merchant), storage.Eq("payment", r.Payment), storage.Eq("refund", r.ID)}})
}

// later puts a refund off. What has happened meanwhile stands above it.
func (b *Book) later(ctx context.Context, r *storage.Refund, at time.Time, w Waits, detail string) error {
	return b.update(ctx, func(tx storage.Tx) error {
		now, err := lockRefund(ctx, tx, ID(r.ID))
		if err != nil {
			return err
		}
		if now.Version != r.Version || now.State != r.State {
			return errNothing
		}
		now.NextAt, now.Waits, now.Detail = micros(at), int64(w), detail
		if now.Person != 0 {
			now.Waits = int64(ForPerson)
		}
		return tx.Save(ctx, now)
	})
}

// refuse ends a pending refund of which nothing was sent.
func (b *Book) refuse(ctx context.Context, r *storage.Refund, actor string, err error) error {
	return b.update(ctx, func(tx storage.Tx) error {
		now, e := lockRefund(ctx, tx, ID(r.ID))
		if e != nil {
			return e
		}
		if now.Version != r.Version || State(now.State) != Pending {
			return errNothing
		}
		now.Codes, now.Detail = codesOf(err), err.Error()
		b.end(now, Refused)
		if e := tx.Save(ctx, now); e != nil {
			return e
		}
		event := about(now, Known, Pending)
		event.Actor, event.Reason, event.Data = actor, assist.OutcomeOf(err).String(), now.Codes
		return b.note(ctx, tx, event)
	})
}
