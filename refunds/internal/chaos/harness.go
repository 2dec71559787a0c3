package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
)

type settings struct {
	store  string
	kills  int
	settle time.Duration
	badly  bool
}

// Report is what a run found.
type Report struct {
	Kills, Refunds, Payments, Attempts, Cancels int
	States                                      map[refunds.State]int
	At                                          map[string]int // kills by the process itself, by boundary
	Person                                      int            // refunds that wait for one at the end
	Told                                        int
	Took                                        time.Duration
	Wrong, Stuck                                []string
}

func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d kills in %s: %d refunds of %d payments, %d attempts, %d cancels at Assist, %v, %d wait for a person, %d events handled, %d wrong, %d stuck",
		r.Kills, r.Took.Round(time.Second), r.Refunds, r.Payments, r.Attempts, r.Cancels, r.States, r.Person, r.Told, len(r.Wrong), len(r.Stuck))
	for _, at := range slices.Sorted(maps.Keys(r.At)) {
		fmt.Fprintf(&b, "\n  killed %4d times:%s", r.At[at], " "+at)
	}
	for _, w := range r.Wrong {
		b.WriteString("\n  WRONG " + w)
	}
	for _, w := range r.Stuck {
		b.WriteString("\n  STUCK " + w)
	}
	return b.String()
}

type harness struct {
	settings
	server *assisttest.Server
	book   *refunds.Book
	db     *sql.DB
	url    string
	epoch  time.Time
	note   string
	orders []assist.Order
	ids    []refunds.ID
	of     map[refunds.ID]assist.Billnumber
	asked  map[refunds.ID]assist.Money
}

func run(ctx context.Context, s settings) (*Report, error) {
	h := &harness{settings: s, epoch: time.Now(), of: map[refunds.ID]assist.Billnumber{}, asked: map[refunds.ID]assist.Money{}}
	if err := h.prepare(ctx); err != nil {
		return nil, err
	}
	defer os.RemoveAll(filepath.Dir(h.note))
	began := time.Now()
	var faulty atomic.Bool
	faulty.Store(true)
	go func() {
		for faulty.Load() {
			h.server.Next(fault())
			time.Sleep(time.Duration(rand.IntN(25)) * time.Millisecond)
		}
	}()
	workers := make([]*exec.Cmd, 2)
	for i := range workers {
		workers[i] = h.start()
	}
	defer func() {
		for _, w := range workers {
			_ = w.Process.Kill()
			_ = w.Wait()
		}
	}()
	for range s.kills {
		if err := h.feed(ctx); err != nil {
			return nil, err
		}
		i := rand.IntN(len(workers))
		h.kill(workers[i])
		workers[i] = h.start()
	}
	faulty.Store(false)
	h.server.Next()
	if err := h.settleDown(ctx, workers); err != nil {
		return nil, err
	}
	r, err := h.count(ctx)
	if r != nil {
		r.Kills, r.Took = s.kills, time.Since(began)
	}
	return r, err
}

// settleDown waits for what is under way, with two persons who decide, until
// the refunds that are left need a person. What then isn't decided waits for
// evidence that may never come.
func (h *harness) settleDown(ctx context.Context, workers []*exec.Cmd) error {
	began := time.Now()
	for end := began.Add(h.settle); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		st, err := h.book.Stats(ctx)
		if err != nil {
			return err
		}
		if st.Pending+st.Sent+st.InProcess == 0 && st.Undelivered == 0 {
			return nil
		}
		if time.Since(began) > h.settle/6 && st.Undelivered == 0 {
			if r, err := h.count(ctx); err != nil || len(r.Stuck) == 0 {
				return err
			}
		}
		for i, w := range workers { // one that has killed itself is started again
			if gone(w) {
				workers[i] = h.start()
			}
		}
		for rec, err := range h.book.List(ctx, refunds.Filter{NeedsPerson: true}) {
			if err != nil {
				return err
			}
			person := func(name string) refunds.Person { return refunds.Person{ID: name, Name: name, Reason: "looked"} }
			n, err := h.book.ProposeDecision(ctx, rec.ID, refunds.Decision{Kind: refunds.NeverCame}, person("anna"))
			if err != nil {
				continue // too early, or decided already
			}
			if err := h.book.ConfirmDecision(ctx, n, person("boris")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *harness) prepare(ctx context.Context) error {
	s, err := open(h.store)
	if err != nil {
		return err
	}
	if err := refunds.Migrate(ctx, s); err != nil {
		return err
	}
	driver, address := "pgx", h.store
	if path, ok := strings.CutPrefix(h.store, "sqlite:"); ok {
		driver, address = "sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(10000)"
	}
	if h.db, err = sql.Open(driver, address); err != nil {
		return err
	}
	if _, err := h.db.ExecContext(ctx, `CREATE TABLE shop_told (event bigint PRIMARY KEY, refund bigint NOT NULL)`); err != nil {
		return err
	}
	now := clock(h.epoch)
	if h.book, err = refunds.NewBook(ctx, s, refunds.Clock(now)); err != nil {
		return err
	}
	h.server = assisttest.New(assisttest.WithClock(now), assisttest.WithMerchant(credentials()))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(listener, h.server) }()
	h.url = "http://" + listener.Addr().String()
	dir, err := os.MkdirTemp("", "chaos")
	h.note = filepath.Join(dir, "boundaries")
	if err != nil {
		return err
	}
	// The handler is known before the first event.
	client, err := assist.NewClient(h.url, credentials(), assist.WithClock(now))
	if err != nil {
		return err
	}
	c, err := refunds.NewCarrier(h.book, map[string]*assist.Client{credentials().MerchantID: client}, refunds.Handle("shop", told))
	if err != nil {
		return err
	}
	_, err = c.Step(ctx)
	return err
}

func (h *harness) start() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRole+"=worker", envStore+"="+h.store, envURL+"="+h.url, envNote+"="+h.note, fmt.Sprintf("%s=%d", envEpoch, h.epoch.UnixMicro()))
	if h.badly {
		cmd.Env = append(cmd.Env, envBad+"=1")
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	return cmd
}

// kill waits for the worker to kill itself, and does it where it doesn't.
func (h *harness) kill(w *exec.Cmd) {
	gone := make(chan struct{})
	go func() { _ = w.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(200*time.Millisecond + time.Duration(rand.IntN(800))*time.Millisecond):
		_ = w.Process.Kill()
		<-gone
	}
}

func gone(w *exec.Cmd) bool {
	if w.ProcessState != nil {
		return true
	}
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.Process.Pid))
	if err == nil && !strings.Contains(string(state), ") Z ") {
		return false
	}
	_ = w.Wait()
	return true
}

// feed keeps enough to do, so that a kill finds work under way.
func (h *harness) feed(ctx context.Context) error {
	st, err := h.book.Stats(ctx)
	if err != nil {
		return err
	}
	for n := st.Pending; n < 40; n++ {
		o := h.server.Pay(assisttest.Payment{PaidAt: h.server.Now().Add(-48 * time.Hour)})
		h.orders = append(h.orders, o)
		for range 1 + rand.IntN(3) {
			amount, err := assist.NewMoney(int64(1000*(1+rand.IntN(2))), "RUB")
			if err != nil {
				return err
			}
			id, err := h.book.Enqueue(ctx, refunds.Refund{Key: fmt.Sprint("r", len(h.ids)), MerchantID: credentials().MerchantID, Request: o.CancelRequest(amount)})
			if err != nil {
				return err
			}
			h.ids, h.of[id], h.asked[id] = append(h.ids, id), o.Billnumber, amount
		}
	}
	return nil
}

func fault() assisttest.Fault {
	seconds := func(n int) time.Duration { return time.Duration(rand.IntN(n)) * time.Second }
	switch rand.IntN(24) {
	case 0, 1:
		return assisttest.DieAfter()
	case 2:
		return assisttest.DieBefore()
	case 3:
		return assisttest.AnswerLate(time.Duration(rand.IntN(200)) * time.Millisecond)
	case 4, 5, 6, 7:
		return assisttest.InProcess(30*time.Second+seconds(600), "AS000")
	case 8:
		return assisttest.InProcess(30*time.Second+seconds(600), "AS100")
	case 9:
		return assisttest.Decline("AS100")
	case 10:
		return assisttest.HTMLError(502)
	case 11:
		return assisttest.CutShort()
	case 12:
		return assisttest.ListLate(seconds(600)).And(assisttest.DieAfter())
	case 13:
		return assisttest.DieAndDoLater(seconds(900))
	case 14:
		return assisttest.Refuse(2, 1).For(assisttest.OrderResults)
	case 15:
		return assisttest.Refuse(17, 3)
	}
	return assisttest.Fault{}
}

// count counts the money by operation.
func (h *harness) count(ctx context.Context) (*Report, error) {
	r := &Report{Refunds: len(h.ids), Payments: len(h.orders), States: map[refunds.State]int{}, At: map[string]int{}}
	wrong := func(format string, args ...any) { r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...)) }
	owner := map[assist.Billnumber]refunds.ID{}
	open := map[string]int{} // payment and amount of refunds that aren't final
	records := map[refunds.ID]*refunds.Record{}
	stored := map[assist.Billnumber]int{} // attempts of a payment's refunds
	waits := map[assist.Billnumber]bool{} // payments of which a refund needs a person
	for _, id := range h.ids {
		rec, err := h.book.Get(ctx, id)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("refund %d is lost", id), err)
		}
		records[id] = rec
		r.States[rec.State]++
		r.Attempts += len(rec.Attempts)
		stored[h.of[id]] += len(rec.Attempts)
		for _, op := range rec.Operations {
			owner[op.Billnumber] = id
		}
		if !rec.State.Final() {
			open[string(h.of[id])+h.asked[id].String()]++
			if !rec.NeedsPerson.IsZero() {
				r.Person++
				waits[h.of[id]] = true
			}
		}
	}
	for _, id := range h.ids {
		rec := records[id]
		behind := waits[h.of[id]] && (rec.Waits == refunds.ForPayment || rec.Waits == refunds.ForEarlier)
		if !rec.State.Final() && rec.NeedsPerson.IsZero() && !behind {
			r.Stuck = append(r.Stuck, fmt.Sprintf("refund %d: %s, waits for %s, next at %s, %s", id, rec.State, rec.Waits, rec.NextAt, rec.Detail))
		}
	}
	moved := h.moved(owner, open, wrong)
	for id, rec := range records {
		switch n := moved[id]; {
		case n > 1:
			wrong("refund %d was paid %d times", id, n)
		case rec.State == refunds.Done && n != 1:
			wrong("refund %d is done and moved nothing", id)
		case rec.State == refunds.Refused && n != 0:
			wrong("refund %d is refused and moved money", id)
		}
	}
	h.cancels(r, stored, wrong)
	return r, h.rest(ctx, r, wrong)
}

// cancels compares what arrived at Assist with the attempts stored. An intent
// that was stored late, or not, is seen here even where no money moved twice.
func (h *harness) cancels(r *Report, stored map[assist.Billnumber]int, wrong func(string, ...any)) {
	arrived := map[assist.Billnumber]int{}
	for _, q := range h.server.Requests() {
		if q.Service == assisttest.Cancels {
			r.Cancels++
			arrived[q.Billnumber]++
		}
	}
	for payment, n := range arrived {
		if n > stored[payment] {
			wrong("%d cancels of payment %s at Assist, %d attempts stored", n, payment, stored[payment])
		}
	}
}

// moved counts the successes at Assist of each refund.
func (h *harness) moved(owner map[assist.Billnumber]refunds.ID, open map[string]int, wrong func(string, ...any)) map[refunds.ID]int {
	moved := map[refunds.ID]int{}
	for _, paid := range h.orders {
		o, _ := h.server.Order(paid.Billnumber)
		for _, op := range o.Operations {
			if op.Type != assist.OperationCancel || op.State != assist.OperationSuccess {
				continue
			}
			id, ok := owner[op.Billnumber]
			if !ok {
				if key := string(paid.Billnumber) + op.Amount.String(); open[key] > 0 {
					open[key]-- // its refund's outcome isn't known
				} else {
					wrong("%s of %s moved and is nobody's", op.Billnumber, op.Amount)
				}
				continue
			}
			moved[id]++
		}
	}
	return moved
}

// rest counts what isn't money: events, cancels, boundaries.
func (h *harness) rest(ctx context.Context, r *Report, wrong func(string, ...any)) error {
	events := 0
	for _, id := range h.ids {
		all, err := h.book.History(ctx, id)
		if err != nil {
			return err
		}
		events += len(all)
	}
	if err := h.db.QueryRowContext(ctx, `SELECT count(*) FROM shop_told WHERE refund > 0`).Scan(&r.Told); err != nil {
		return err
	}
	if st, err := h.book.Stats(ctx); err != nil || r.Told+st.Undelivered < events || r.Told > events {
		wrong("%d events, %d handled, %d waiting", events, r.Told, st.Undelivered)
	}
	v, err := h.book.Verify(ctx)
	if err != nil {
		return err
	}
	for _, b := range v.Broken {
		wrong("history: %s", b)
	}
	text, err := os.ReadFile(h.note)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		r.At[strings.TrimSpace(line)]++
	}
	return err
}
