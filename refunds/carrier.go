package refunds

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	mrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Carrier carries the refunds of a [Book] to their ends. Any number of
// processes may have one on the same store; a refund is carried by whichever
// has a client of its merchant. It is safe for concurrent use; make one with
// [NewCarrier].
type Carrier struct {
	book      *Book
	clients   map[string]*assist.Client
	merchants []string
	name      string // of this carrier: never used twice
	carrying

	mu       sync.Mutex
	misses   map[string]int           // of a merchant: not sent, in a row
	closed   map[string]assist.Intent // closed in the store while this client holds them for unknown
	turn     int
	clockAt  time.Time // when it was compared
	clockErr error
	servedAt time.Time // when it said whom it serves
	// merchants of which the last claim has found something
	busyWith map[string]bool
	busy     sync.WaitGroup
}

type carrying struct {
	workers        int
	rest           time.Duration
	personAfter    time.Duration
	poll           time.Duration
	reconcileEvery time.Duration
	handlers       []handler
	alert          func(context.Context, *Record)
	random         func(n int64) int64
	wait           func(ctx context.Context, d time.Duration, nudge <-chan struct{})
}

// CarrierOption changes a Carrier. An option that can't be met makes
// [NewCarrier] fail with an [*InvalidError].
type CarrierOption func(*carrying) error

// Workers bounds the cancels and questions under way in this process. The
// default is 8.
func Workers(n int) CarrierOption {
	return func(c *carrying) error {
		if n < 1 || n > 1000 {
			return &InvalidError{Field: "Workers", Reason: "must be 1 to 1000"}
		}
		c.workers = n
		return nil
	}
}

// Rest is how long a payment rests between the cancels of two carriers. The
// default is 90 seconds; less than 61 is refused: for a minute an operation of
// the one could pass for the other's.
func Rest(d time.Duration) CarrierOption {
	return func(c *carrying) error {
		if d < 61*time.Second {
			return &InvalidError{Field: "Rest", Reason: "must be 61 seconds or more"}
		}
		c.rest = d
		return nil
	}
}

// PersonAfter is how long an unknown outcome is asked about before a person is
// called; the asking goes on. The default is 12 hours.
func PersonAfter(d time.Duration) CarrierOption {
	return func(c *carrying) error {
		if d <= 0 {
			return &InvalidError{Field: "PersonAfter", Reason: "must be more than nothing"}
		}
		c.personAfter = d
		return nil
	}
}

// Poll is how often [Carrier.Run] looks for what other processes have stored.
// The default is a second.
func Poll(d time.Duration) CarrierOption {
	return func(c *carrying) error {
		if d <= 0 {
			return &InvalidError{Field: "Poll", Reason: "must be more than nothing"}
		}
		c.poll = d
		return nil
	}
}

// Alert is called when a refund begins to need a person, in this process and
// after it was stored. It must not block. A call can be lost in a crash: what
// must not be lost is a [PersonNeeded] event, see [Handle].
func Alert(f func(context.Context, *Record)) CarrierOption {
	return func(c *carrying) error {
		if f == nil {
			return &InvalidError{Field: "Alert", Reason: "must not be nil"}
		}
		c.alert = f
		return nil
	}
}

// lease is how long a claimed refund is left to its carrier: longer than the
// questions and the cancel can take. Nothing is proved by it: when it is over
// under a carrier that is alive, begin still lets one of two through.
const lease = 6 * time.Minute

// NewCarrier takes one client for each merchant, by merchant number. Nobody else
// may cancel with these clients. A client that belongs to another merchant than
// it is given for is refused.
func NewCarrier(b *Book, clients map[string]*assist.Client, opts ...CarrierOption) (*Carrier, error) {
	c := &Carrier{book: b, clients: maps.Clone(clients), name: "carrier-" + rand.Text()[:10], misses: map[string]int{}, closed: map[string]assist.Intent{}, busyWith: map[string]bool{},
		carrying: carrying{workers: 8, rest: 90 * time.Second, personAfter: 12 * time.Hour, poll: time.Second, random: mrand.Int64N, wait: wait}}
	if b == nil {
		return nil, &InvalidError{Field: "Book", Reason: "must not be nil"}
	}
	for merchant, client := range clients {
		if client == nil || merchant == "" || client.MerchantID() != merchant {
			return nil, &InvalidError{Field: "clients", Reason: "each must be a client of the merchant that it is given for"}
		}
	}
	c.merchants = slices.Sorted(maps.Keys(clients))
	if len(c.merchants) == 0 {
		return nil, &InvalidError{Field: "clients", Reason: "must not be empty"}
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, &InvalidError{Field: "CarrierOption", Reason: "must not be nil"}
		}
		if err := opt(&c.carrying); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Run carries until the context ends. Then it begins nothing more, lets the
// cancels under way end, stores their outcomes and returns: allow it four
// minutes. While the store is away it goes on trying.
func (c *Carrier) Run(ctx context.Context) error {
	if err := c.register(ctx); err != nil {
		return err
	}
	slots := make(chan struct{}, c.workers)
	var house sync.WaitGroup
	house.Go(func() {
		for ctx.Err() == nil {
			if err := c.housekeep(ctx); err != nil && ctx.Err() == nil {
				c.book.log.ErrorContext(ctx, "refunds: housekeeping", "err", err)
			}
			c.wait(ctx, c.poll, nil)
		}
	})
	for ctx.Err() == nil {
		if err := c.checkClock(ctx); err != nil && ctx.Err() == nil {
			c.book.log.ErrorContext(ctx, "refunds: comparing clocks", "err", err)
		}
		free := acquire(ctx, slots)
		n, err := c.pass(ctx, free, func(work func()) {
			c.busy.Go(func() {
				defer func() { <-slots }()
				work()
			})
		})
		for range free - n {
			<-slots
		}
		if err != nil && ctx.Err() == nil {
			c.book.log.ErrorContext(ctx, "refunds: looking for what is due", "err", err)
		}
		if n == 0 {
			c.wait(ctx, c.poll, c.book.nudge)
		}
	}
	house.Wait()
	c.busy.Wait()
	return context.Cause(ctx)
}

// gather is how long a free worker waits for others, so that one claim serves
// several.
const gather = 5 * time.Millisecond

// acquire takes all slots that are free, one at least. Where that is few, the
// others are busy, and it waits a little for some more.
func acquire(ctx context.Context, slots chan struct{}) (n int) {
	select {
	case slots <- struct{}{}:
		n = 1
	case <-ctx.Done():
		return 0
	}
	n += more(slots)
	if n >= cap(slots)/4 {
		return n
	}
	t := time.NewTimer(gather)
	defer t.Stop()
	for n < cap(slots)/4 {
		select {
		case slots <- struct{}{}:
			n++
		case <-t.C:
			return n
		case <-ctx.Done():
			return n
		}
	}
	return n + more(slots)
}

func more(slots chan struct{}) (n int) {
	for {
		select {
		case slots <- struct{}{}:
			n++
		default:
			return n
		}
	}
}

func wait(ctx context.Context, d time.Duration, nudge <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-nudge:
	case <-ctx.Done():
	}
}

// Step does all that is due now, waits for it, and tells when to come again at
// the latest: for cron, a test, or an engine of the merchant's own. With
// [ErrClock] it has followed what was sent, and sent nothing. Steps may overlap, in one process and in several. When the context ends, what was begun
// is still brought to an outcome and stored.
func (c *Carrier) Step(ctx context.Context) (next time.Time, err error) {
	if err := c.register(ctx); err != nil {
		return time.Time{}, err
	}
	apart := c.checkClock(ctx)
	for ctx.Err() == nil {
		var wave sync.WaitGroup
		n, err := c.pass(ctx, c.workers, func(work func()) { wave.Go(work) })
		wave.Wait()
		if err != nil {
			return time.Time{}, err
		}
		if n == 0 {
			break
		}
	}
	if err := c.housekeep(ctx); err != nil {
		return time.Time{}, err
	}
	next, err = c.nextDue(ctx)
	return next, firstOf(err, apart)
}

// pass claims up to a number of refunds, the merchants in turn.
func (c *Carrier) pass(ctx context.Context, free int, spawn func(func())) (claimed int, err error) {
	c.mu.Lock()
	first := c.turn
	c.turn++
	c.mu.Unlock()
	for i := range c.merchants {
		merchant := c.merchants[(first+i)%len(c.merchants)]
		if claimed == free || ctx.Err() != nil {
			break
		}
		views, err := c.claim(ctx, merchant, free-claimed)
		if err != nil {
			return claimed, err
		}
		claimed += len(views)
		for _, v := range views {
			spawn(func() { c.carry(ctx, v) })
		}
	}
	return claimed, nil
}

// claim takes refunds of one merchant, with what must be known of them: of a
// held one those that were sent already, of a paused one a single one every five
// minutes.
func (c *Carrier) claim(ctx context.Context, merchant string, limit int) (views []*view, err error) {
	c.mu.Lock()
	if c.misses[merchant] >= 5 { // Assist seems to be away: one tries for all
		limit = 1
	}
	c.mu.Unlock()
	if !c.wasBusy(merchant, false) {
		if due, err := c.due(ctx, merchant); err != nil || !due {
			return nil, err
		}
	}
	err = c.book.update(ctx, func(tx storage.Tx) error {
		now := c.book.now()
		m := storage.Merchant{Merchant: merchant}
		if found, err := tx.Get(ctx, &m, storage.NoLock); err != nil || !found {
			return errors.Join(err, errNothing)
		}
		states := c.states(m)
		if m.Paused != 0 {
			if _, err := tx.Get(ctx, &m, storage.ForUpdate); err != nil {
				return err
			}
			if m.Paused != 0 && m.ProbeAt > micros(now) {
				return errNothing
			}
			limit, m.ProbeAt = 1, micros(now.Add(probeEvery))
			if err := tx.Save(ctx, &m); err != nil {
				return err
			}
		}
		claimed, err := tx.Claim(ctx, storage.Claim{Merchant: merchant, States: states, Now: micros(now), Until: micros(now.Add(lease)), Limit: limit})
		if err != nil || len(claimed) == 0 {
			return firstOf(err, errNothing)
		}
		byID, err := c.book.views(ctx, tx, m, claimed)
		for _, r := range claimed {
			views = append(views, byID[r.ID])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.wasBusy(merchant, len(views) > 0)
	return views, nil
}

// wasBusy tells whether the last claim has found something, and notes whether
// this one has: then the next needn't look before.
func (c *Carrier) wasBusy(merchant string, now bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.busyWith[merchant]
	c.busyWith[merchant] = now
	return was
}

func statesOf(m storage.Merchant) []int64 {
	states := []int64{int64(Pending), int64(Sent), int64(InProcess)}
	if m.Held != 0 {
		return states[1:]
	}
	return states
}

// due tells whether a claim would find something. Looking is cheaper than a
// transaction that writes, and holds up nobody.
func (c *Carrier) due(ctx context.Context, merchant string) (yes bool, err error) {
	err = c.book.store.View(ctx, func(tx storage.Tx) error {
		m := storage.Merchant{Merchant: merchant}
		var first []*storage.Refund
		err := tx.Read(ctx, storage.One(&m, storage.NoLock, &yes), storage.Many(&first, storage.Query{Order: "next_at", Limit: 1, Where: []storage.Cond{
			storage.Eq("merchant", merchant), storage.In("state", statesOf(storage.Merchant{})), storage.AtMost("next_at", micros(c.book.now()))}}))
		yes = yes && len(first) > 0
		return err
	})
	return yes, err
}

// jitter spreads what would otherwise all be due at one moment.
func (c *Carrier) jitter(d time.Duration) time.Duration {
	return time.Duration(c.random(int64(d)))
}
