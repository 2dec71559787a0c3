package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/pgtest"
)

type settings struct {
	store  string
	kills  int
	settle time.Duration
	badly  bool
	// least is how often each boundary must have been hit, restart after how many
	// kills the server is restarted, cut after how many a connection is cut.
	least, restart, cut int
}

type harness struct {
	settings
	server *assisttest.Server
	book   *refunds.Book
	db     *sql.DB
	url    string
	epoch  time.Time
	orders []assist.Order
	ids    []refunds.ID
	of     map[refunds.ID]assist.Billnumber
	asked  map[refunds.ID]assist.Money

	aim            *aim
	alive, standby []*worker
	postgres       *pgtest.Server // of the harness's own
	restarts, cuts int
	faulty         atomic.Bool
}

func run(ctx context.Context, s settings) (*Report, error) {
	h := &harness{settings: s, epoch: time.Now(), of: map[refunds.ID]assist.Billnumber{}, asked: map[refunds.ID]assist.Money{}, aim: newAim()}
	if h.restart > 0 || h.store == "" {
		server, err := pgtest.Start("")
		if err != nil {
			return nil, err
		}
		defer server.Stop()
		h.postgres, h.store = server, server.DSN
	}
	if err := h.prepare(ctx); err != nil {
		return nil, err
	}
	defer h.endAll()
	began := time.Now()
	h.faulty.Store(true)
	if err := h.kills(ctx); err != nil {
		return nil, err
	}
	killing := time.Since(began)
	h.faulty.Store(false)
	if err := h.settleDown(ctx); err != nil {
		return nil, err
	}
	h.endAll() // what is still sent while it is counted would be counted wrong
	r, err := h.count(ctx)
	if r != nil {
		r.Kills, r.Killing, r.Took, r.At, r.Restarts, r.Cuts = s.kills, killing, time.Since(began), h.aim.hits, h.restarts, h.cuts
		r.Rare = h.aim.rare(s.least)
	}
	return r, err
}

// settleDown waits for what is under way, with two persons who decide, until
// the refunds that are left need a person. What then isn't decided waits for
// evidence that may never come.
func (h *harness) settleDown(ctx context.Context) error {
	began := time.Now()
	for end := began.Add(h.settle); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		st, err := patiently(func() (refunds.Stats, error) { return h.book.Stats(ctx) })
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
	go func() { _ = http.Serve(listener, http.HandlerFunc(h.serve)) }()
	h.url = "http://" + listener.Addr().String()
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

// serve is Assist. Each request meets its own fault: more of them than requests would
// leave no question answered after a while.
func (h *harness) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case !h.faulty.Load():
	case strings.HasPrefix(r.URL.Path, "/cancel/"):
		h.server.Next(fault())
	case rand.IntN(24) == 0:
		h.server.Next(assisttest.Refuse(2, 1).For(assisttest.OrderResults))
	}
	h.server.ServeHTTP(w, r)
}

// feed keeps enough to do, so that a kill finds work under way.
func (h *harness) feed(ctx context.Context) error {
	st, err := patiently(func() (refunds.Stats, error) { return h.book.Stats(ctx) })
	if err != nil {
		return err
	}
	// What waits for a payment whose outcome isn't known is nothing to do, so some come anew.
	for n := min(st.Pending, 37); n < 40; n++ {
		o := h.server.Pay(assisttest.Payment{PaidAt: h.server.Now().Add(-48 * time.Hour)})
		h.orders = append(h.orders, o)
		for range 1 + rand.IntN(3) {
			amount, err := assist.NewMoney(int64(1000*(1+rand.IntN(2))), "RUB")
			if err != nil {
				return err
			}
			r := refunds.Refund{Key: fmt.Sprint("r", len(h.ids)), MerchantID: credentials().MerchantID, Request: o.CancelRequest(amount)}
			// An error leaves open whether it happened: the same key says it again.
			id, err := patiently(func() (refunds.ID, error) { return h.book.Enqueue(ctx, r) })
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
	switch rand.IntN(23) {
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
		return assisttest.Refuse(17, 3)
	}
	return assisttest.Fault{}
}
