package refunds

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

const (
	watchFirst     = time.Hour
	watchEvery     = 8 * time.Hour
	handlerTime    = 10 * time.Second
	deliveryWindow = 64
)

// waitFor is how long a person who decided to wait isn't called again.
func (b *Book) waitFor() time.Duration { return 8 * time.Hour }

type handler struct {
	name string
	f    func(ctx context.Context, tx *sql.Tx, e Event) error
}

// Handle calls f for every event, in the order of its refund, in a transaction
// of the store's database that also marks it delivered: what f writes by that
// transaction happens exactly once. A name has its own deliveries, from the
// moment when a carrier first came with it. An error of f, or a panic, puts its
// refund's events off and holds up no other's. f has ten seconds, and its context
// ends with them: then the transaction is rolled back, whether f has returned or
// not, and the event comes again. While f hangs at an event it isn't called for it
// in this process, and not at all while it hangs at three. What it does outside of
// the transaction may happen again, and the transaction isn't f's to end. In SQLite no other transaction can
// write meanwhile, so f must not call the Book but by EnqueueTx.
//
// In [Memory] the transaction is nil.
func Handle(name string, f func(ctx context.Context, tx *sql.Tx, e Event) error) CarrierOption {
	return func(c *carrying) error {
		if name == "" || f == nil {
			return &InvalidError{Field: "Handle", Reason: "needs a name and a function"}
		}
		c.handlers = append(c.handlers, handler{name, f})
		return nil
	}
}

// register makes the carrier's handlers known, so that events wait for them.
func (c *Carrier) register(ctx context.Context) error {
	if err := c.serves(ctx); err != nil || len(c.handlers) == 0 {
		return err
	}
	return c.book.store.Update(ctx, func(tx storage.Tx) error {
		for _, h := range c.handlers {
			if _, err := tx.Insert(ctx, &storage.Consumer{Name: h.name, Since: micros(c.book.now())}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A carrier says for which merchants it is there, every five minutes; what it
// said a quarter of an hour ago counts no more.
const (
	servesEvery = 5 * time.Minute
	servesFor   = 15 * time.Minute
	servesName  = "serves "
)

func (c *Carrier) serves(ctx context.Context) error {
	now := c.book.now()
	c.mu.Lock()
	due := c.servedAt.IsZero() || now.Sub(c.servedAt).Abs() >= servesEvery
	c.mu.Unlock()
	if !due {
		return nil
	}
	err := c.book.store.Update(ctx, func(tx storage.Tx) error {
		for _, merchant := range c.merchants {
			if c.clients[merchant].refused() {
				continue
			}
			lease := &storage.Lease{Name: servesName + merchant, Holder: c.name, Until: micros(now.Add(servesFor))}
			inserted, err := tx.Insert(ctx, lease)
			if err == nil && !inserted {
				err = tx.Save(ctx, lease)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		c.mu.Lock()
		c.servedAt = now
		c.mu.Unlock()
	}
	return err
}

// housekeep does what isn't about one refund. Looking whether there is anything
// is one round trip.
func (c *Carrier) housekeep(ctx context.Context) error {
	var unsealed []*storage.Unsealed
	var expired []*storage.Refund
	var watched []*storage.Attempt
	waiting := make([][]*storage.Delivery, len(c.handlers))
	now := micros(c.book.now())
	asks := []storage.Ask{
		storage.Many(&unsealed, storage.Query{Limit: 1}),
		storage.Many(&expired, storage.Query{Limit: 1, Where: []storage.Cond{storage.Fixed("state", "=", int64(Proposed)), storage.AtMost("next_at", now)}}),
		storage.Many(&watched, c.watchDue(1)),
	}
	for i, h := range c.handlers {
		asks = append(asks, storage.Many(&waiting[i], storage.Query{Limit: 1, Where: []storage.Cond{storage.Eq("consumer", h.name)}}))
	}
	err := c.book.store.View(ctx, func(tx storage.Tx) error { return tx.Read(ctx, asks...) })
	if err != nil {
		return err
	}
	all := []error{c.serves(ctx)}
	add := func(f func() error) { all = append(all, guarded(f)) }
	for i, h := range c.handlers {
		if len(waiting[i]) > 0 {
			add(func() error { return c.deliver(ctx, h) })
		}
	}
	if len(unsealed) > 0 {
		add(func() error { return c.book.seal(ctx) })
	}
	if len(expired) > 0 {
		add(func() error { return c.book.expire(ctx) })
	}
	if len(watched) > 0 {
		add(func() error { return c.watch(ctx) })
	}
	return errors.Join(all...)
}

// watchDue chooses attempts to be asked about although they are closed.
func (c *Carrier) watchDue(limit int) storage.Query {
	return storage.Query{Order: "watch_at", Limit: limit, Where: []storage.Cond{
		storage.Fixed("watch_at", ">", 0), storage.AtMost("watch_at", micros(c.book.now())), storage.In("merchant", c.merchants)}}
}

// nextDue is when something is due that this carrier can do.
func (c *Carrier) nextDue(ctx context.Context) (next time.Time, err error) {
	next = c.book.now().Add(time.Hour)
	var proposed []*storage.Refund
	var watched []*storage.Attempt
	merchants := make([]storage.Merchant, len(c.merchants))
	first, unheld := make([][]*storage.Refund, len(c.merchants)), make([][]*storage.Refund, len(c.merchants))
	waiting := make([][]*storage.Delivery, len(c.handlers))
	asks := []storage.Ask{
		storage.Many(&proposed, storage.Query{Order: "next_at", Limit: 1, Where: []storage.Cond{storage.Fixed("state", "=", int64(Proposed))}}),
		storage.Many(&watched, storage.Query{Order: "watch_at", Limit: 1, Where: []storage.Cond{storage.Fixed("watch_at", ">", 0)}}),
	}
	for i, h := range c.handlers {
		asks = append(asks, storage.Many(&waiting[i], storage.Query{Order: "next_at", Limit: 1, Where: []storage.Cond{storage.Eq("consumer", h.name)}}))
	}
	for i, id := range c.merchants {
		merchants[i].Merchant = id
		asks = append(asks, storage.One(&merchants[i], storage.NoLock, nil), storage.Many(&first[i], firstDue(id, statesOf(storage.Merchant{}))))
	}
	err = c.book.store.View(ctx, func(tx storage.Tx) error {
		if err := tx.Read(ctx, asks...); err != nil {
			return err
		}
		for i, m := range merchants {
			if m.Held == 0 {
				continue
			}
			if err := tx.Read(ctx, storage.Many(&unheld[i], firstDue(m.Merchant, statesOf(m)))); err != nil {
				return err
			}
			first[i] = unheld[i]
		}
		return nil
	})
	for i, m := range merchants {
		for _, r := range first[i] {
			next = sooner(next, max(r.NextAt, m.ProbeAt))
		}
	}
	for _, p := range proposed {
		next = sooner(next, p.NextAt)
	}
	for _, a := range watched {
		next = sooner(next, a.WatchAt)
	}
	for i := range waiting {
		for _, d := range waiting[i] {
			next = sooner(next, d.NextAt)
		}
	}
	return next, err
}

func firstDue(merchant string, states []int64) storage.Query {
	return storage.Query{Order: "next_at", Limit: 1, Where: []storage.Cond{storage.Eq("merchant", merchant), storage.In("state", states)}}
}

func sooner(t time.Time, us int64) time.Time {
	if at := instant(us); at.Before(t) {
		return at
	}
	return t
}

// deliver calls a handler for the events that it hasn't had.
func (c *Carrier) deliver(ctx context.Context, h handler) error {
	for ctx.Err() == nil && c.mayHandle(handling{handler: h.name}) {
		var due []*storage.Delivery
		err := c.book.store.View(ctx, func(tx storage.Tx) (err error) {
			due, err = storage.Find[storage.Delivery](ctx, tx, storage.Query{Order: "event", Limit: deliveryWindow, Where: []storage.Cond{
				storage.Eq("consumer", h.name), storage.AtMost("next_at", micros(c.book.now()))}})
			return err
		})
		if err != nil {
			return err
		}
		for _, d := range due {
			if err := c.deliverOne(ctx, h, d); err != nil {
				return err
			}
		}
		if len(due) < deliveryWindow {
			return nil
		}
	}
	return nil
}

var errHandler = errors.New("refunds: a handler")

func (c *Carrier) deliverOne(ctx context.Context, h handler, d *storage.Delivery) error {
	if !c.mayHandle(handling{h.name, d.Event}) {
		return nil
	}
	limited, end := context.WithTimeout(ctx, handlerTime)
	defer end()
	err := c.book.deliver(limited, func(tx storage.Tx) error {
		// Whoever has the row delivers it; another process passes it by.
		found, err := tx.Get(limited, d, storage.SkipLocked)
		if err != nil || !found {
			return firstOf(err, errNothing)
		}
		if d.Refund != 0 {
			earlier, err := storage.Find[storage.Delivery](limited, tx, storage.Query{Limit: 1, Order: "event", Where: []storage.Cond{
				storage.Eq("consumer", h.name), storage.Eq("refund", d.Refund), storage.Less("event", d.Event)}})
			if err != nil {
				return err
			}
			if len(earlier) > 0 { // its refund's events go one after the other
				d.NextAt = max(earlier[0].NextAt, micros(c.book.now())) + 1
				return tx.Save(limited, d)
			}
		}
		e := &storage.Event{ID: d.Event}
		if found, err := tx.Get(limited, e, storage.NoLock); err != nil || !found {
			return errors.Join(err, fmt.Errorf("refunds: event %d is gone", d.Event))
		}
		if err := c.handle(limited, h, tx.SQL(), eventOf(e)); err != nil {
			return errors.Join(errHandler, err)
		}
		return tx.Delete(limited, d)
	})
	if err == nil {
		return nil
	}
	c.book.log.ErrorContext(ctx, "refunds: delivering", "handler", h.name, "event", d.Event, "err", err)
	if ctx.Err() != nil {
		return err
	}
	return c.book.update(ctx, func(tx storage.Tx) error {
		found, err := tx.Get(ctx, d, storage.SkipLocked)
		if err != nil || !found {
			return firstOf(err, errNothing)
		}
		d.Tries++
		pause := min(time.Second<<min(d.Tries, 10), 10*time.Minute)
		d.NextAt = micros(c.book.now().Add(pause))
		return tx.Save(ctx, d)
	})
}

// handle calls a handler. One that is left behind keeps a transaction that is
// over: the store ends it with its context, before anything else of this delivery
// happens, and database/sql refuses all that comes by it later, a commit too.
func (c *Carrier) handle(ctx context.Context, h handler, tx *sql.Tx, e Event) error {
	one := handling{h.name, e.ID}
	c.noteHandling(one, true)
	return called(ctx, func() error {
		defer c.noteHandling(one, false)
		return h.f(ctx, tx, e)
	})
}

// watch asks about attempts that a person has closed: money may still move by
// them.
func (c *Carrier) watch(ctx context.Context) error {
	var due []*storage.Attempt
	err := c.book.store.View(ctx, func(tx storage.Tx) (err error) {
		due, err = storage.Find[storage.Attempt](ctx, tx, c.watchDue(20))
		return err
	})
	for _, a := range due {
		if ctx.Err() != nil {
			break
		}
		// It was put off before it is asked about, so one that panics comes again.
		err = errors.Join(err, guarded(func() error { return c.watchOne(ctx, a) }))
	}
	return err
}

func (c *Carrier) watchOne(ctx context.Context, a *storage.Attempt) error {
	if c.clients[a.Merchant].refused() {
		return nil
	}
	mine := false
	err := c.book.update(ctx, func(tx storage.Tx) error {
		found, err := tx.Get(ctx, a, storage.SkipLocked)
		now := c.book.now()
		if err != nil || !found || a.WatchAt == 0 || a.WatchAt > micros(now) {
			return firstOf(err, errNothing)
		}
		mine = true
		if a.WatchAt = micros(now.Add(watchEvery)); a.WatchUntil < a.WatchAt {
			a.WatchAt = 0
			// Nothing was seen of it in a month: what it had set aside goes back.
			if err := c.book.settleReservation(ctx, tx, a.IntentID, false); err != nil {
				return err
			}
		}
		return tx.Save(ctx, a)
	})
	if err != nil || !mine {
		return err
	}
	if err := c.askAgain(ctx, a); !errors.As(err, new(*assist.FollowError)) {
		return err
	}
	return nil // it is asked again at its next turn
}

// askAgain asks what became of a cancel that a person has closed.
func (c *Carrier) askAgain(ctx context.Context, a *storage.Attempt) error {
	in, err := assist.ParseIntent(a.Intent)
	if err != nil {
		// One that was in process when it was closed has only its cancellation.
		x, err := c.clients[a.Merchant].Resume(a.Cancellation)
		if err != nil {
			return err
		}
		y, err := c.clients[a.Merchant].Refresh(ctx, x)
		if errors.As(err, new(*assist.FollowError)) {
			return err
		}
		return c.watched(ctx, a, x.Intent, y, err)
	}
	found, err := c.clients[a.Merchant].Resolve(ctx, in)
	if err != nil {
		return err
	}
	switch found.Outcome {
	case assist.Accepted:
		return c.watched(ctx, a, in, found.Cancellation, nil)
	case assist.Rejected:
		return c.watched(ctx, a, in, nil, found.Err)
	}
	return nil
}

func (c *Carrier) watched(ctx context.Context, a *storage.Attempt, in assist.Intent, x *assist.Cancellation, err error) error {
	if assist.OutcomeOf(err) == assist.Unknown || err == nil && x.Status != assist.Succeeded {
		return nil
	}
	e := ending{outcome: assist.OutcomeOf(err), state: Refused, actor: c.name, codes: codesOf(err)}
	if err == nil {
		e.state, e.operations, e.data = Done, x.Operations, numbersOf(x.Operations)
	}
	err = c.book.finish(ctx, in.ID, e)
	if errors.Is(err, errOwned) { // what belongs to another attempt isn't this one's; it stays unknown
		c.book.log.WarnContext(ctx, "refunds: a closed cancel", "refund", a.Refund, "err", err)
		return nil
	}
	return err
}
