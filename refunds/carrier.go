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
	clients   map[string]*account
	merchants []string
	name      string // of this carrier: never used twice
	carrying

	mu       sync.Mutex
	misses   map[string]int           // of a merchant: not sent, in a row
	under    map[string]int           // of a merchant: under way
	closed   map[string]assist.Intent // closed in the store while this client holds them for unknown
	turn     int
	clockAt  time.Time // when it was compared
	clockErr error
	servedAt time.Time // when it said whom it serves
	// calls of handlers that haven't returned
	handlings map[handling]bool
	// merchants of which the last claim has found something
	busyWith map[string]bool
	busy     sync.WaitGroup
}

// lease is how long a claimed refund is left to its carrier: longer than the
// questions and the cancel can take. Nothing is proved by it: when it is over
// under a carrier that is alive, begin still lets one of two through.
const lease = 6 * time.Minute

// NewCarrier takes one client for each merchant, by merchant number. Nobody else
// may cancel with these clients. It sends nothing, and refuses with an
// [*InvalidError] a client of another merchant than it is given for, and one that
// speaks by a form which asks for CSV or XML: such a form can't carry the external
// refund id (docs/protocol.md §3) by which Assist knows a cancel that arrives late
// from the one that was sent in its place. Give that client assist.SOAP,
// assist.JSON, or assist.Form with FormatSOAP or FormatJSON by
// assist.WithProtocol; what it asks and gets back is the same.
func NewCarrier(b *Book, clients map[string]*assist.Client, opts ...CarrierOption) (*Carrier, error) {
	c := &Carrier{book: b, clients: map[string]*account{}, name: "carrier-" + rand.Text()[:10],
		misses: map[string]int{}, under: map[string]int{}, closed: map[string]assist.Intent{}, busyWith: map[string]bool{}, handlings: map[handling]bool{},
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
	for _, merchant := range c.merchants {
		if err := carriesRefundID(clients[merchant]); err != nil {
			return nil, err
		}
		c.clients[merchant] = &account{Client: clients[merchant], carrier: c}
	}
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

// carriesRefundID refuses a client whose protocol has no place for the external
// refund id. With a context that is over a client checks a request and sends
// nothing.
func carriesRefundID(client *assist.Client) error {
	over, end := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer end()
	amount, err := assist.NewMoney(1, "RUB")
	if err != nil {
		return err
	}
	_, err = client.Cancel(over, assist.CancelRequest{Billnumber: "1000000000000000", OrderNumber: "1", Amount: amount, ExternalRefundID: "0123456789-1"})
	var invalid *assist.ValidationError
	if errors.As(err, &invalid) && invalid.Field == "ExternalRefundID" {
		return &InvalidError{Field: "clients", Err: invalid,
			Reason: "each must be able to send an external refund id: choose SOAP, JSON, or a form that asks for one of them, by assist.WithProtocol"}
	}
	return nil
}

// Run carries until the context ends. Then it begins nothing more, lets the
// cancels under way end, stores their outcomes and returns: allow it four
// minutes. While the store is away it goes on trying. Its error is the context's
// cause, joined with a [*HangingError] where a handler hasn't returned.
func (c *Carrier) Run(ctx context.Context) error {
	if err := c.register(ctx); err != nil {
		return err
	}
	slots := make(chan struct{}, c.workers)
	var house sync.WaitGroup
	keep := func(what string, f func(context.Context) error) {
		for ctx.Err() == nil {
			if err := guarded(func() error { return f(ctx) }); err != nil && ctx.Err() == nil && !otherServer(err) {
				c.book.complain(ctx, what, "err", err)
			}
			c.wait(ctx, c.poll, nil)
		}
	}
	house.Go(func() { keep("refunds: housekeeping", c.housekeep) })
	if c.reconcileEvery > 0 { // which waits for Assist, and handlers needn't
		house.Go(func() { keep("refunds: reconciling", c.reconcileDue) })
	}
	for ctx.Err() == nil {
		if err := c.checkClock(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ErrClock) { // which tells of itself
			c.book.complain(ctx, "refunds: comparing clocks", "err", err)
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
		if err != nil && ctx.Err() == nil && !otherServer(err) { // which was told when it was found
			c.book.complain(ctx, "refunds: looking for what is due", "err", err)
		}
		if n == 0 {
			c.wait(ctx, c.poll, c.book.nudge)
		}
	}
	house.Wait()
	c.busy.Wait()
	if err := c.hanging(); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return context.Cause(ctx)
}

// gather is how long a free worker waits for others, so that one claim serves
// several.
const gather = 10 * time.Millisecond

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
	if n >= cap(slots)/2 {
		return n
	}
	t := time.NewTimer(gather)
	defer t.Stop()
	for n < cap(slots)/2 {
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
// [ErrClock] it has followed what was sent, and sent nothing; with a
// [*ServerError] it has done all but what is that merchant's. Steps may overlap, in
// one process and in several. When the context ends, what was begun is still
// brought to an outcome and stored.
func (c *Carrier) Step(ctx context.Context) (next time.Time, err error) {
	if err := c.register(ctx); err != nil {
		return time.Time{}, err
	}
	apart := c.checkClock(ctx)
	for ctx.Err() == nil {
		var wave sync.WaitGroup
		n, err := c.pass(ctx, c.workers, func(work func()) { wave.Go(work) })
		wave.Wait()
		if otherServer(err) {
			apart = firstOf(apart, err)
		} else if err != nil {
			return time.Time{}, err
		}
		if n == 0 {
			break
		}
	}
	if err := errors.Join(guarded(func() error { return c.housekeep(ctx) }), guarded(func() error { return c.reconcileDue(ctx) })); otherServer(err) {
		apart = firstOf(apart, err)
	} else if err != nil {
		return time.Time{}, err
	}
	next, err = c.nextDue(ctx)
	return next, firstOf(err, apart)
}

// claim takes refunds of one merchant, with what must be known of them: of a
// held one those that were sent already, of a paused one a single one every five
// minutes.
func (c *Carrier) claim(ctx context.Context, merchant string, limit int) (views []*view, err error) {
	if !c.wasBusy(merchant, false) {
		if due, err := c.due(ctx, merchant); err != nil || !due {
			return nil, err
		}
	}
	err = c.book.update(ctx, func(tx storage.Tx) error {
		now := c.book.now()
		m := storage.Merchant{Merchant: merchant}
		if found, err := tx.Get(ctx, &m, storage.NoLock); err != nil || !found {
			return firstOf(err, errNothing)
		}
		if err := c.clients[merchant].compare(m); err != nil {
			return err
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
		return nil, c.clients[merchant].tell(ctx, err)
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
