package refunds

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// askEvery is how often Assist takes a question for results by date (protocol
// §5), whoever asks.
const askEvery = 10 * time.Minute

// Report is what a reconciliation found.
type Report struct {
	// Strange are cancels at Assist that no attempt owns: made by hand, or lost
	// with a database.
	Strange []assist.Payment
	// Missing are refunds that are done here, and not listed there.
	Missing []ID
	// Differing are refunds of which another amount, or another end, is listed.
	Differing []ID
	// Late are refunds of which money moved by an attempt that a person had
	// closed.
	Late []ID
	// Complete says that every window of the period was answered.
	Complete bool
}

// Reconcile compares the store with Assist's results of a period of at most 366
// days. Assist takes one question for 24 hours in ten minutes, so a month takes
// five hours; questions of other processes with the same store count. A strange
// cancel is first offered to the open attempts of its payment, and to those that a
// person has closed; a pending refund of the payment that it may be calls a
// person at once.
//
// Of a held merchant it also notes since when strange cancels are there: a refund
// that is asked for after them and may be one of them calls a person before it is
// sent.
//
// A complete one that began before the last thing the store knows of, and
// reaches to the moment of the hold, lets [Book.Release] go after the store has
// held a merchant by itself.
func (c *Carrier) Reconcile(ctx context.Context, merchantID string, from, to time.Time) (*Report, error) {
	if c.clients[merchantID] == nil {
		return nil, &InvalidError{Field: "merchantID", Reason: "this carrier has no client of it"}
	}
	if !from.Before(to) || to.Sub(from) > 366*24*time.Hour {
		return nil, &InvalidError{Field: "from, to", Reason: "must be a period of at most 366 days"}
	}
	r := &Report{}
	from, to = from.Truncate(time.Minute), to.Truncate(time.Minute)
	listed := map[string]bool{}
	for start := from; start.Before(to); {
		end := start.Add(24 * time.Hour)
		if end.After(to) {
			end = to
		}
		rows, asked, err := c.results(ctx, merchantID, start, end)
		if err != nil {
			return r, err
		}
		if !asked { // somebody else has just asked
			c.wait(ctx, 15*time.Second, nil)
			if ctx.Err() != nil {
				return r, context.Cause(ctx)
			}
			continue
		}
		for _, row := range rows {
			listed[string(row.Operation.Billnumber)] = true
			if err := c.compare(ctx, merchantID, row, r); err != nil {
				return r, err
			}
		}
		start = end
	}
	if err := c.missing(ctx, merchantID, from, to, listed, r); err != nil {
		return r, err
	}
	r.Complete = true
	return r, c.reconciled(ctx, merchantID, from, to, r.Strange)
}

// results asks for a window, where nobody has in the last ten minutes, and
// stores what is told.
func (c *Carrier) results(ctx context.Context, merchantID string, from, to time.Time) (rows []assist.Payment, asked bool, err error) {
	err = c.book.update(ctx, func(tx storage.Tx) error {
		lease := &storage.Lease{Name: "results " + merchantID}
		if _, err := tx.Insert(ctx, lease); err != nil {
			return err
		}
		if _, err := tx.Get(ctx, lease, storage.ForUpdate); err != nil {
			return err
		}
		now := c.book.now()
		if lease.Until > micros(now) {
			return errNothing
		}
		asked = true
		lease.Holder, lease.Until = c.name, micros(now.Add(askEvery))
		return tx.Save(ctx, lease)
	})
	if err != nil || !asked {
		return nil, false, err
	}
	question, end := context.WithTimeout(ctx, questionTime)
	defer end()
	rows, err = c.clients[merchantID].ResultsByDate(question, assist.PeriodQuery{From: from, To: to})
	if errors.Is(err, assist.ErrOrderNotFound) { // nothing happened in that window
		rows, err = nil, nil
	}
	if err != nil {
		return nil, false, err
	}
	seen := micros(c.book.now())
	for rest := rows; len(rest) > 0; { // in batches, so that nobody waits for long
		n := min(len(rest), 200)
		if err := c.book.store.Update(ctx, func(tx storage.Tx) error { return c.mirror(ctx, tx, merchantID, rest[:n], seen) }); err != nil {
			return nil, false, err
		}
		rest = rest[n:]
	}
	return rows, true, nil
}

func (c *Carrier) mirror(ctx context.Context, tx storage.Tx, merchantID string, rows []assist.Payment, seen int64) error {
	paid := false
	for _, p := range rows {
		op := p.Operation
		if op.Billnumber.Operation() == 0 {
			continue
		}
		row := &storage.Result{Merchant: merchantID, Operation: string(op.Billnumber), Payment: string(op.Billnumber.Payment()), OrderNumber: p.Order.Number,
			Type: typeOf(op.Type), MeanType: int64(op.MeanTypeID), OrderState: string(p.Order.State), Minor: op.Amount.Minor(), Currency: op.Amount.Currency(),
			At: micros(op.Date), Code: string(op.ResponseCode), Seen: seen}
		inserted, err := tx.Insert(ctx, row)
		if err == nil && !inserted {
			if row.Type == 300 { // of which it may have been told that nobody owns it
				old := &storage.Result{Merchant: row.Merchant, Operation: row.Operation}
				if _, err := tx.Get(ctx, old, storage.ForUpdate); err != nil {
					return err
				}
				row.Told = old.Told
			}
			err = tx.Save(ctx, row) // the newer answer knows better
		}
		if err != nil {
			return err
		}
		paid = paid || inserted && row.Type == 100
	}
	if !paid {
		return nil
	}
	return c.book.wakeForMoney(ctx, tx, merchantID)
}

func typeOf(t assist.OperationType) int64 {
	switch t {
	case assist.OperationPayment:
		return 100
	case assist.OperationConfirmation:
		return 200
	case assist.OperationCancel:
		return 300
	}
	return 0
}

// compare holds one listed operation against the store.
func (c *Carrier) compare(ctx context.Context, merchantID string, p assist.Payment, r *Report) error {
	op := p.Operation
	if op.Type != assist.OperationCancel || op.Billnumber.Operation() == 0 {
		return nil
	}
	owner, refund, late, err := c.ownerOf(ctx, merchantID, op.Billnumber)
	if err != nil {
		return err
	}
	if owner == nil && !declinedCode(string(op.ResponseCode)) {
		if err := c.offer(ctx, merchantID, op.Billnumber.Payment()); err != nil {
			return err
		}
		if owner, refund, late, err = c.ownerOf(ctx, merchantID, op.Billnumber); err != nil {
			return err
		}
		if owner == nil {
			r.Strange = append(r.Strange, p)
			return errors.Join(c.offerPending(ctx, merchantID, op), c.raiseStrange(ctx, merchantID, op))
		}
	}
	if owner == nil || refund == nil {
		return nil
	}
	if late {
		r.Late = append(r.Late, ID(refund.ID))
	}
	// A done refund's earlier attempts may have been declined: what counts is
	// what its operations are known as.
	if money(owner.Minor, owner.Currency) != op.Amount || owner.Code != "" && declinedCode(owner.Code) != declinedCode(string(op.ResponseCode)) {
		r.Differing = append(r.Differing, ID(refund.ID))
	}
	return nil
}

func (c *Carrier) ownerOf(ctx context.Context, merchantID string, b assist.Billnumber) (owner *storage.Operation, refund *storage.Refund, late bool, err error) {
	err = c.book.store.View(ctx, func(tx storage.Tx) error {
		o := &storage.Operation{Merchant: merchantID, Operation: string(b)}
		if found, err := tx.Get(ctx, o, storage.NoLock); err != nil || !found {
			return err
		}
		owner = o
		rr := &storage.Refund{ID: o.Refund}
		a := &storage.Attempt{IntentID: o.IntentID}
		var found bool
		if err := tx.Read(ctx, storage.One(rr, storage.NoLock, &found), storage.One(a, storage.NoLock, nil)); err != nil || !found {
			return err
		}
		refund = rr
		late = movedLate(a)
		return nil
	})
	return owner, refund, late, err
}

// offer asks at once about the attempts of a payment that a cancel may belong to,
// which is listed and nobody owns: the open one, and those that a person has
// closed.
func (c *Carrier) offer(ctx context.Context, merchantID string, payment assist.Billnumber) error {
	var open []*storage.Refund
	err := c.book.store.View(ctx, func(tx storage.Tx) (err error) {
		open, err = storage.Find[storage.Refund](ctx, tx, storage.Query{Where: []storage.Cond{
			storage.Eq("merchant", merchantID), storage.Eq("payment", string(payment)), storage.In("state", []int64{int64(Sent)})}})
		return err
	})
	for _, r := range open {
		err = errors.Join(err, c.resolve(ctx, r))
	}
	if err != nil {
		return err
	}
	var closed []*storage.Attempt
	err = c.book.store.View(ctx, func(tx storage.Tx) (err error) {
		closed, err = storage.Find[storage.Attempt](ctx, tx, storage.Query{Where: []storage.Cond{
			storage.Eq("merchant", merchantID), storage.Eq("payment", string(payment)), storage.Fixed("watch_at", ">", 0)}})
		return err
	})
	for _, a := range closed {
		if e := c.askAgain(ctx, a); !errors.As(e, new(*assist.FollowError)) { // else it is asked at its turn
			err = errors.Join(err, e)
		}
	}
	return err
}

// offerPending stops the refunds of a payment that a strange cancel may be, until
// a person has looked: at once, and not when their turn comes, which may be at
// midnight. It asks Assist nothing: the listed cancel is what a look would find.
func (c *Carrier) offerPending(ctx context.Context, merchantID string, op assist.Operation) error {
	var pending []*storage.Refund
	err := c.book.store.View(ctx, func(tx storage.Tx) (err error) {
		pending, err = storage.Find[storage.Refund](ctx, tx, storage.Query{Where: []storage.Cond{
			storage.Eq("merchant", merchantID), storage.Eq("payment", string(op.Billnumber.Payment())), storage.In("state", []int64{int64(Pending)})}})
		return err
	})
	for _, r := range pending {
		if r.Person != 0 {
			continue
		}
		v, e := c.book.look(ctx, r)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		if v.open != nil { // whose it may be
			continue
		}
		if why := stranger(v, []assist.Operation{op}); why != "" {
			err = errors.Join(err, c.needPerson(ctx, r, why))
		}
	}
	return err
}

// raiseStrange notes once that money went back by a cancel which nobody owns: made by
// hand, lost with a backup, or a second one of a refund that is done by another
// operation. Where the payment has a refund, it is raised with its newest.
func (c *Carrier) raiseStrange(ctx context.Context, merchantID string, op assist.Operation) error {
	var beside ID
	err := c.book.update(ctx, func(tx storage.Tx) error {
		row := &storage.Result{Merchant: merchantID, Operation: string(op.Billnumber)}
		owner := &storage.Operation{Merchant: merchantID, Operation: row.Operation}
		var there, owned bool
		if err := tx.Read(ctx, storage.One(row, storage.ForUpdate, &there), storage.One(owner, storage.NoLock, &owned)); err != nil || !there || owned || row.Told != 0 {
			return firstOf(err, errNothing)
		}
		row.Told = micros(c.book.now())
		if err := tx.Save(ctx, row); err != nil {
			return err
		}
		newest, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Order: "-id", Limit: 1, Where: []storage.Cond{
			storage.Eq("merchant", merchantID), storage.Eq("payment", row.Payment)}})
		if err != nil {
			return err
		}
		e := storage.Event{Merchant: merchantID, Kind: string(Strange)}
		if len(newest) > 0 {
			e = about(newest[0], Strange, State(newest[0].State))
			beside = ID(newest[0].ID)
		}
		e.Actor, e.Reason, e.Data = c.name, op.Amount.String()+" went back, and no refund of the store owns it", row.Operation
		return c.book.note(ctx, tx, e)
	})
	if err == nil && beside != 0 {
		c.call(ctx, beside)
	}
	return err
}

// missing finds refunds that are done, by operations that aren't listed.
func (c *Carrier) missing(ctx context.Context, merchantID string, from, to time.Time, listed map[string]bool, r *Report) error {
	return c.book.store.View(ctx, func(tx storage.Tx) error {
		ended, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Order: "ended", Where: []storage.Cond{
			storage.Fixed("ended", ">", 0), storage.AtLeast("ended", micros(from)), storage.Eq("merchant", merchantID), storage.In("state", []int64{int64(Done)})}})
		if err != nil {
			return err
		}
		for _, one := range ended {
			operations, err := storage.Find[storage.Operation](ctx, tx, storage.Query{Where: []storage.Cond{
				storage.Eq("merchant", merchantID), storage.Eq("payment", one.Payment), storage.Eq("refund", one.ID)}})
			if err != nil {
				return err
			}
			for _, o := range operations {
				if o.At >= micros(from) && o.At < micros(to) && !listed[o.Operation] {
					r.Missing = append(r.Missing, ID(one.ID))
					break
				}
			}
		}
		return nil
	})
}

// reconciled notes how far a merchant has been compared.
func (c *Carrier) reconciled(ctx context.Context, merchantID string, from, to time.Time, strange []assist.Payment) error {
	return c.book.merchant(ctx, merchantID, func(tx storage.Tx, m *storage.Merchant) error {
		for _, p := range strange {
			// A person may hold a merchant since the store doesn't see by itself that it
			// is a copy. The shop asks anew for what was lost, long after its cancel.
			if at := micros(p.Operation.Date); m.Held != 0 && at != 0 && (m.LostSince == 0 || at < m.LostSince) {
				m.LostSince = at
			}
		}
		m.Reconciled = max(m.Reconciled, micros(to))
		if m.ReconciledComplete == needsReconciling {
			last, err := storage.Find[storage.Event](ctx, tx, storage.Query{Order: "-id", Limit: 1, Where: []storage.Cond{
				storage.Eq("merchant", merchantID), storage.Less("at", m.Held), storage.More("refund", int64(0))}})
			if err != nil {
				return err
			}
			// A copy lacks nothing that is older than the last thing which it knows of,
			// of whichever merchant: LostSince. 1 is a lost file, which knows of none.
			known := len(last) == 0 || micros(from) <= last[0].At || m.LostSince > 1 && micros(from) <= m.LostSince
			if known && to.Add(time.Minute).After(instant(m.Held)) {
				m.ReconciledComplete = micros(c.book.now())
			}
		}
		return tx.Save(ctx, m)
	})
}
