// Package demo is a desk to try: a simulated Assist, a store with a refund in
// every state, a carrier that sends, five persons to be, and faults that a visitor
// can switch on. It needs no account and no settings, and moves no money.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/refunds"
)

// World is a simulated Assist with a merchant, a store and a desk, on one clock.
// Make one with [New].
type World struct {
	Server  *assisttest.Server
	Client  *assist.Client
	Book    *refunds.Book
	Carrier *refunds.Carrier

	handler http.Handler
	http    *http.Server
	users   map[string]desk.User

	mu      sync.Mutex
	offset  time.Duration
	n       int
	away    bool // Assist answers nothing
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Rates are what the bank keeps, in the demo.
func Rates() map[assist.Wallet]int {
	return map[assist.Wallet]int{assist.QIWI: 35_000, assist.WebMoney: 25_000, assist.YandexMoney: 30_000}
}

// limit is what one person may give back alone.
const limit = "5000.00"

// New makes a world on a store whose tables are there. Nothing is in it yet: see
// [World.Fill]. The desk has the given options besides its own.
func New(ctx context.Context, store refunds.Store, opts ...desk.Option) (*World, error) {
	w := &World{users: users()}
	w.Server = assisttest.New(assisttest.WithClock(w.Now), assisttest.WithOpeningBalance(assist.WebMoney, rub("50000.00")),
		assisttest.WithOpeningBalance(assist.QIWI, rub("50000.00")), assisttest.WithOpeningBalance(assist.YandexMoney, rub("50000.00")))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.http = &http.Server{Handler: http.HandlerFunc(w.assist), ReadHeaderTimeout: 10 * time.Second}
	w.running.Go(func() { _ = w.http.Serve(listener) })
	if err := w.build(ctx, store, "http://"+listener.Addr().String(), opts); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) build(ctx context.Context, store refunds.Store, address string, opts []desk.Option) (err error) {
	if w.Client, err = assist.NewClient(address, w.Server.Credentials(), assist.WithClock(w.Now)); err != nil {
		return err
	}
	if w.Book, err = refunds.NewBook(ctx, store, refunds.Clock(w.Now), refunds.AloneUpTo(rub(limit))); err != nil {
		return err
	}
	if w.Carrier, err = refunds.NewCarrier(w.Book, map[string]*assist.Client{w.Client.MerchantID(): w.Client}, refunds.Poll(500*time.Millisecond), refunds.ReconcileEvery(10*time.Minute)); err != nil {
		return err
	}
	opts = append([]desk.Option{desk.Clock(w.Now), desk.WalletRates(Rates()), desk.OrderPrefixes("A-")}, opts...)
	d, err := desk.New(w.Book, w.Client, desk.AuthFunc(w.user), opts...)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo", w.panel)
	mux.Handle("POST /demo", http.NewCrossOriginProtection().Handler(http.HandlerFunc(w.change)))
	mux.Handle("/", d)
	w.handler = mux
	return nil
}

// Handler serves the desk, and the panel with the faults at /demo.
func (w *World) Handler() http.Handler { return w.handler }

// Now is the world's clock: that of the machine, but for what [World.Pass] added.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

// Pass lets time pass for everybody in the world.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset += d
}

// assist is the simulated Assist, unless it is away.
func (w *World) assist(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	away := w.away
	w.mu.Unlock()
	if away {
		http.Error(rw, "away", http.StatusServiceUnavailable)
		return
	}
	w.Server.ServeHTTP(rw, r)
}

// Away lets Assist answer nothing but 503, or answer again.
func (w *World) Away(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = away
}

// Run starts the carrier, unless it runs.
func (w *World) Run() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.running.Go(func() { _ = w.Carrier.Run(ctx) })
}

// Stop ends the carrier, as if the worker were down.
func (w *World) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// Runs tells whether the carrier runs.
func (w *World) Runs() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stop != nil
}

// Close ends all that the world has started, and waits for it.
func (w *World) Close() error {
	w.Stop()
	err := w.http.Close()
	w.running.Wait()
	w.Server.Close()
	if w.Client != nil {
		w.Client.CloseIdleConnections()
	}
	return err
}

func rub(amount string) assist.Money {
	m, err := assist.ParseMoney(amount, "RUB")
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // a literal of this package
	}
	return m
}
