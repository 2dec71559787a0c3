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

type world struct {
	dice    *rand.Rand
	now     time.Time
	server  *assisttest.Server
	store   storage.Store
	habit   habit
	faulty  bool
	events  chan happening
	procs   []*process
	effects map[int64]int // of the merchant's handler, by event
	orders  []assist.Order
	owed    map[ID]owed
	asked   []Refund // in their order
	operate *Book    // a person's
	kills   int
	lies    int

	byDigest map[string]ID // what begins a refund's external id
	sent     map[ID]int
	wrong    []string          // seen on the way
	freed    map[string]freed  // when a payment's last cancel was told, and by whom
	order    map[int64][]int64 // events of a refund as they were handled
	frozen   bool              // nothing may be sent: the store is a restored copy
	copies   []*memstore.Store // of a store that forgets its last commits in a crash
	wallets  bool              // some payments are a wallet's
	scans    bool              // rules are looked through after each commit
}

type freed struct {
	at time.Time
	by string
}

func (w *world) say(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
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
	carrier string       // its name
	told    []string     // intents whose refusal this process has read
	orders  [][2]int64   // refund and event of the effects under way
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
	begins := storage.PurposeOf(ctx).Name == storage.Begins
	if begins && p.w.habit == intentLate {
		p.late = func() error { return do(ctx, f) }
		return nil
	}
	p.pending, p.orders = nil, nil
	t := &watchedTx{p: p, purpose: storage.PurposeOf(ctx).Name}
	err := do(ctx, func(tx storage.Tx) error {
		t.Tx = tx
		if t.skips(ctx) {
			return errNothing
		}
		err := f(t)
		p.boundary(false)
		return err
	})
	if err != nil {
		return err
	}
	p.w.committed(p, t)
	p.boundary(false)
	if p.w.faulty && p.w.dice.IntN(150) == 0 {
		p.w.lies++
		return errors.New("simulated: the connection broke while committing")
	}
	return nil
}

// View is storage.Store's, with what can go wrong.
func (p *process) View(ctx context.Context, f func(storage.Tx) error) error {
	p.boundary(true)
	if p.w.faulty && p.w.dice.IntN(400) == 0 {
		return errors.New("simulated: the database is away")
	}
	return p.w.store.View(ctx, f)
}

func (p *process) Migrate(context.Context) error             { return nil }
func (p *process) Check(context.Context) error               { return nil }
func (p *process) Place(ctx context.Context) (string, error) { return p.w.store.Place(ctx) }
func (p *process) Clock(context.Context) (int64, error)      { return 0, nil }
func (p *process) Close() error                              { return nil }

// watchedTx dies between statements.
type watchedTx struct {
	storage.Tx
	p       *process
	purpose string
	begun   *storage.Attempt
	frees   []*storage.Payment
}

func (t *watchedTx) Get(ctx context.Context, row storage.Row, l storage.Lock) (bool, error) {
	t.p.boundary(false)
	return t.Tx.Get(ctx, row, l)
}

func (t *watchedTx) Select(ctx context.Context, table *storage.Table, q storage.Query, next func() []any) error {
	t.p.boundary(false)
	return t.Tx.Select(ctx, table, q, next)
}

func (t *watchedTx) Insert(ctx context.Context, row storage.Row) (bool, error) {
	t.p.boundary(false)
	return t.Tx.Insert(ctx, row)
}

func (t *watchedTx) Add(ctx context.Context, row storage.Row) error {
	t.p.boundary(false)
	if a, ok := row.(*storage.Attempt); ok {
		t.begun = a
	}
	err := t.Tx.Add(ctx, row)
	t.handles(row)
	return err
}

func (t *watchedTx) Read(ctx context.Context, asks ...storage.Ask) error {
	return storage.ReadEach(ctx, t, asks)
}

func (t *watchedTx) Save(ctx context.Context, row storage.Row) error {
	t.p.boundary(false)
	if pay, ok := row.(*storage.Payment); ok && t.purpose != storage.Begins {
		t.frees = append(t.frees, pay)
	}
	t.miswrite(ctx, row)
	return t.Tx.Save(ctx, row)
}

func (t *watchedTx) Claim(ctx context.Context, c storage.Claim) ([]*storage.Refund, error) {
	t.p.boundary(false)
	claimed, err := t.Tx.Claim(ctx, c)
	if err != nil || t.p.w.habit != leaseWrites {
		return claimed, err
	}
	return claimed, t.leaseIsOver(ctx, c, claimed)
}

// RoundTrip is the wire: the process can die, or stand still, before the request
// leaves, and after the server has worked it.
func (p *process) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	p.boundary(true)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	intent := p.w.sends(p, body)
	answer, died := p.w.serve(r, body)
	p.boundary(true)
	if died {
		return nil, io.ErrUnexpectedEOF
	}
	if intent != "" && refused.Match(answer.Body.Bytes()) {
		p.told = append(p.told, intent)
	}
	resp = answer.Result()
	resp.Request = r
	return resp, nil
}

// serve lets Assist work a request.
func (w *world) serve(r *http.Request, body []byte) (rec *httptest.ResponseRecorder, died bool) {
	in := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(string(body)))
	in.Header = r.Header.Clone()
	rec, died = httptest.NewRecorder(), true
	func() {
		defer func() {
			if x := recover(); x != nil && x != http.ErrAbortHandler {
				panic(x)
			}
		}()
		w.server.ServeHTTP(rec, in)
		died = false
	}()
	return rec, died
}

var refundID = regexp.MustCompile(`[0-9a-f]{32}-[0-9]+`)

// refused is how a refusal by codes looks. 11/216 is none: that Assist knows the
// external refund id tells nothing of what became of it.
var refused = regexp.MustCompile(`(?i)<[a-z0-9:]*firstcode[^>]*>\s*([2-9]|1[02-9])`)

// sends checks at the moment of each send that its intent is committed, and that
// none is sent twice: a refund has as many attempts as sends. It gives the
// intent of a cancel.
func (w *world) sends(p *process, body []byte) (intent string) {
	id := refundID.Find(body)
	if id == nil {
		return ""
	}
	refund := w.byDigest[string(id[:32])]
	w.sent[refund]++
	if w.frozen {
		w.say("%s sends refund %d although the store is a restored copy that nobody has released", p.name, refund)
	}
	_ = w.store.View(context.Background(), func(tx storage.Tx) error {
		all, err := storage.Find[storage.Attempt](context.Background(), tx, storage.Query{Where: []storage.Cond{storage.Eq("refund", int64(refund))}})
		if len(all) < w.sent[refund] {
			w.say("%s sends refund %d for the %d. time, with %d stored attempts", p.name, refund, w.sent[refund], len(all))
		}
		for _, a := range all {
			if a.Told == 0 {
				intent = a.IntentID
			}
		}
		return err
	})
	return intent
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
	merchant := p.w.server.Credentials().MerchantID
	client, err := assist.NewClient("http://127.0.0.1", p.w.server.Credentials(), assist.WithClock(clock), assist.WithHTTPClient(&http.Client{Transport: p}),
		assist.WithWalletRules(b.DayBalance(merchant, map[assist.Wallet]int{assist.WebMoney: 0})))
	if err != nil {
		panic(err)
	}
	c, err := NewCarrier(b, map[string]*assist.Client{p.w.server.Credentials().MerchantID: client}, Workers(1),
		Handle("shop", func(_ context.Context, _ *sql.Tx, e Event) error {
			if p.w.habit == handlerInFinish && e.Kind == Known {
				return nil // its effect was in the finish
			}
			p.pending = append(p.pending, e.ID)
			p.orders = append(p.orders, [2]int64{int64(e.Refund), e.ID})
			if p.w.faulty && p.w.dice.IntN(40) == 0 {
				return errors.New("simulated: a handler that can't")
			}
			return nil
		}))
	if err != nil {
		panic(err)
	}
	p.carrier = c.name
	c.random = p.w.dice.Int64N
	if p.w.habit == restShort {
		c.rest = 10 * time.Second
	}
	c.wait = func(context.Context, time.Duration, <-chan struct{}) { p.boundary(true) }
	for {
		next, err := c.Step(ctx)
		if err != nil {
			next = clock().Add(5 * time.Second)
		}
		p.w.keptWord(p)
		p.w.events <- happening{p: p, next: next.Add(-p.skew)}
		<-p.goOn
		if p.dead {
			return
		}
	}
}

func (w *world) start(name string) *process {
	p := &process{w: w, name: name, goOn: make(chan struct{}), skew: time.Duration(w.dice.IntN(20000)-10000) * time.Millisecond}
	switch {
	case !w.faulty:
	case w.habit == handlerInFinish: // it takes many deaths to hit the moment
		p.dies = 1 + w.dice.IntN(60)
	case w.dice.IntN(3) > 0:
		p.dies = 1 + w.dice.IntN(400)
	}
	go p.live()
	return p
}

func (w *world) String() string {
	return fmt.Sprintf("%d kills, %d commits with an error", w.kills, w.lies)
}
