package refunds

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// The simulation plays two processes on one store in memory, one statement at a
// time: which of them goes on is drawn, as is when one dies, stands still or is
// told that its commit failed. Time is virtual. At the end the money is counted
// by operation.

// habit is a bad one that is planted, to see that the simulation sees it.
type habit int

const (
	noHabit     habit = iota
	intentLate        // the intent is stored when the answer is there
	leaseWrites       // a lease that is over says that the cancel was not sent
)

type world struct {
	dice    *rand.Rand
	now     time.Time
	server  *assisttest.Server
	store   *memstore.Store
	habit   habit
	faulty  bool
	events  chan happening
	procs   []*process
	effects map[int64]int // of the merchant's handler, by event
	orders  []assist.Order
	owed    map[ID]owed
	operate *Book // a person's
	kills   int
	lies    int

	byDigest map[string]ID // what begins a refund's external id
	sent     map[ID]int
	wrong    []string // seen on the way
}

type owed struct {
	order  assist.Billnumber
	amount int64
}

type happening struct {
	p    *process
	next time.Time // zero: it stands at a boundary
	dead bool
}

// process is one life of one process.
type process struct {
	w       *world
	name    string
	skew    time.Duration
	goOn    chan struct{}
	dies    int // at so many boundaries from now; 0 is never
	dead    bool
	until   time.Time // stands still, or sleeps
	running bool
	pending []int64      // effects of the transaction under way
	late    func() error // the intent that is stored too late
}

// boundary is where a process may be stopped, for a while or for ever.
func (p *process) boundary(mayPause bool) {
	if p.dead {
		runtime.Goexit()
	}
	if p.dies > 0 {
		if p.dies--; p.dies == 0 {
			p.dead = true
			p.w.kills++
			runtime.Goexit()
		}
	}
	if !mayPause {
		return
	}
	p.w.events <- happening{p: p}
	<-p.goOn
	if p.dead {
		runtime.Goexit()
	}
}

// Update is storage.Store's, with what can go wrong.
func (p *process) Update(ctx context.Context, f func(storage.Tx) error) error {
	return p.update(ctx, p.w.store.Update, f)
}

// Deliver is storage.Store's, with what can go wrong.
func (p *process) Deliver(ctx context.Context, f func(storage.Tx) error) error {
	return p.update(ctx, p.w.store.Deliver, f)
}

func (p *process) update(ctx context.Context, do func(context.Context, func(storage.Tx) error) error, f func(storage.Tx) error) error {
	p.boundary(true)
	if p.late != nil { // the bad habit's intent goes with the next transaction
		late := p.late
		p.late = nil
		if err := late(); err != nil {
			return err
		}
	}
	p.pending = nil
	begins := false
	run := func(tx storage.Tx) error {
		t := &watchedTx{Tx: tx, p: p}
		err := f(t)
		begins = t.begins
		if err == nil && begins && p.w.habit == intentLate {
			return errLate
		}
		p.boundary(false)
		return err
	}
	err := do(ctx, run)
	if errors.Is(err, errLate) {
		p.late = func() error { return p.w.store.Update(ctx, f) }
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range p.pending {
		p.w.effects[e]++
	}
	p.boundary(false)
	if p.w.faulty && p.w.dice.IntN(150) == 0 {
		p.w.lies++
		return errors.New("simulated: the connection broke while committing")
	}
	return nil
}

var errLate = errors.New("simulated: not yet")

func (p *process) View(ctx context.Context, f func(storage.Tx) error) error {
	p.boundary(true)
	if p.w.faulty && p.w.dice.IntN(400) == 0 {
		return errors.New("simulated: the database is away")
	}
	return p.w.store.View(ctx, f)
}

func (p *process) Migrate(context.Context) error         { return nil }
func (p *process) Check(context.Context) error           { return nil }
func (p *process) Place(context.Context) (string, error) { return "memory", nil }
func (p *process) Close() error                          { return nil }

// watchedTx dies between statements.
type watchedTx struct {
	storage.Tx
	p      *process
	begins bool
}

func (t *watchedTx) Get(ctx context.Context, row storage.Row, l storage.Lock) (bool, error) {
	t.p.boundary(false)
	return t.Tx.Get(ctx, row, l)
}

func (t *watchedTx) Insert(ctx context.Context, row storage.Row) (bool, error) {
	t.p.boundary(false)
	if _, attempt := row.(*storage.Attempt); attempt {
		t.begins = true
	}
	return t.Tx.Insert(ctx, row)
}

func (t *watchedTx) Add(ctx context.Context, row storage.Row) error {
	t.p.boundary(false)
	if _, attempt := row.(*storage.Attempt); attempt {
		t.begins = true
	}
	return t.Tx.Add(ctx, row)
}

func (t *watchedTx) Read(ctx context.Context, asks ...storage.Ask) error {
	return storage.ReadEach(ctx, t, asks)
}

func (t *watchedTx) Save(ctx context.Context, row storage.Row) error {
	t.p.boundary(false)
	return t.Tx.Save(ctx, row)
}

func (t *watchedTx) Claim(ctx context.Context, c storage.Claim) ([]*storage.Refund, error) {
	t.p.boundary(false)
	claimed, err := t.Tx.Claim(ctx, c)
	if err != nil || t.p.w.habit != leaseWrites {
		return claimed, err
	}
	for _, r := range claimed {
		if State(r.State) != Sent {
			continue
		}
		a := &storage.Attempt{IntentID: r.Attempt}
		if _, err := t.Get(ctx, a, storage.ForUpdate); err != nil {
			return nil, err
		}
		a.Told, a.Ended, a.Outcome = c.Now, c.Now, int64(assist.NotSent)
		r.State, r.Attempt = int64(Pending), ""
		if err := errors.Join(t.Save(ctx, a), t.Save(ctx, r)); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// RoundTrip is the wire: the process can die, or stand still, before the request
// leaves, and after the server has worked it.
func (p *process) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	p.boundary(true)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.w.sends(p, body)
	in := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(string(body)))
	in.Header = r.Header.Clone()
	rec := httptest.NewRecorder()
	died := true
	func() {
		defer func() {
			if x := recover(); x != nil && x != http.ErrAbortHandler {
				panic(x)
			}
		}()
		p.w.server.ServeHTTP(rec, in)
		died = false
	}()
	p.boundary(true)
	if died {
		return nil, io.ErrUnexpectedEOF
	}
	resp = rec.Result()
	resp.Request = r
	return resp, nil
}

var refundID = regexp.MustCompile(`[0-9a-f]{32}-[0-9]+`)

// sends checks at the moment of each send that its intent is committed, and that
// none is sent twice: a refund has as many attempts as sends.
func (w *world) sends(p *process, body []byte) {
	id := refundID.Find(body)
	if id == nil {
		return
	}
	refund := w.byDigest[string(id[:32])]
	w.sent[refund]++
	_ = w.store.View(context.Background(), func(tx storage.Tx) error {
		n, err := tx.Count(context.Background(), (&storage.Attempt{}).Table(), storage.Eq("refund", int64(refund)))
		if n < w.sent[refund] {
			w.wrong = append(w.wrong, fmt.Sprintf("%s sends refund %d for the %d. time, with %d stored attempts", p.name, refund, w.sent[refund], n))
		}
		return err
	})
}

// live runs a process until it dies.
func (p *process) live() {
	defer func() { p.w.events <- happening{p: p, dead: true} }()
	<-p.goOn
	ctx := context.Background()
	clock := func() time.Time { return p.w.now.Add(p.skew) }
	b, err := NewBook(ctx, p, Clock(clock))
	if err != nil {
		return
	}
	client, err := assist.NewClient("http://127.0.0.1", p.w.server.Credentials(), assist.WithClock(clock), assist.WithHTTPClient(&http.Client{Transport: p}))
	if err != nil {
		panic(err)
	}
	c, err := NewCarrier(b, map[string]*assist.Client{p.w.server.Credentials().MerchantID: client}, Workers(1),
		Handle("shop", func(_ context.Context, _ *sql.Tx, e Event) error {
			p.pending = append(p.pending, e.ID)
			if p.w.faulty && p.w.dice.IntN(40) == 0 {
				return errors.New("simulated: a handler that can't")
			}
			return nil
		}))
	if err != nil {
		panic(err)
	}
	c.random = p.w.dice.Int64N
	c.wait = func(context.Context, time.Duration, <-chan struct{}) { p.boundary(true) }
	for {
		next, err := c.Step(ctx)
		if err != nil {
			next = clock().Add(5 * time.Second)
		}
		p.w.events <- happening{p: p, next: next.Add(-p.skew)}
		<-p.goOn
		if p.dead {
			return
		}
	}
}

func (w *world) start(name string) *process {
	p := &process{w: w, name: name, goOn: make(chan struct{}), skew: time.Duration(w.dice.IntN(20000)-10000) * time.Millisecond}
	if w.faulty && w.dice.IntN(3) > 0 {
		p.dies = 1 + w.dice.IntN(400)
	}
	go p.live()
	return p
}

func (w *world) String() string {
	return fmt.Sprintf("%d kills, %d commits with an error", w.kills, w.lies)
}
