package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// work is one life of a worker process.
func work() {
	micros, err := strconv.ParseInt(os.Getenv(envEpoch), 10, 64)
	fatal(err)
	now := clock(time.UnixMicro(micros))
	s, err := open(os.Getenv(envStore))
	fatal(err)
	suicide := &mortal{Store: s, left: new(atomic.Int64), badly: os.Getenv(envBad) != ""}
	suicide.left.Store(1 << 40)
	switch {
	case suicide.badly: // where the habit shows: sent, and nothing stored
		suicide.left.Store(int64(1 + rand.IntN(3)))
	case rand.IntN(2) == 0: // the other half is killed from outside
		suicide.left.Store(int64(1 + rand.IntN(600)))
	}
	ctx := context.Background()
	b, err := refunds.NewBook(ctx, suicide, refunds.Clock(now))
	fatal(err)
	plain := &http.Transport{DisableKeepAlives: true}
	client, err := assist.NewClient(os.Getenv(envURL), credentials(), assist.WithClock(now), assist.WithHTTPClient(&http.Client{Timeout: 20 * time.Second,
		Transport: wire(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "cancel") {
				suicide.boundary("before the send")
				time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
				defer suicide.boundary(afterSend)
			}
			return plain.RoundTrip(r)
		})}))
	fatal(err)
	c, err := refunds.NewCarrier(b, map[string]*assist.Client{credentials().MerchantID: client}, refunds.Workers(8), refunds.Poll(30*time.Millisecond),
		refunds.Rest(61*time.Second), refunds.PersonAfter(30*time.Minute), refunds.Handle("shop", told))
	fatal(err)
	fatal(c.Run(ctx))
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(2)
	}
}

// told is the merchant's handler: a row of its own for each event, which can't
// be there twice.
func told(ctx context.Context, tx *sql.Tx, e refunds.Event) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO shop_told (event, refund) VALUES ($1, $2)`, e.ID, int64(e.Refund))
	return err
}

type wire func(*http.Request) (*http.Response, error)

func (f wire) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const afterSend = "after the send"

// mortal is a store whose process kills itself at some boundary.
type mortal struct {
	refunds.Store
	left  *atomic.Int64
	badly bool

	mu   sync.Mutex
	late []func() error
}

// boundary kills the process when its time has come, as kill -9 does. Where it
// was is written down first.
func (m *mortal) boundary(name string) {
	if m.badly && name != afterSend {
		return
	}
	if m.left.Add(-1) != 0 {
		return
	}
	if f, err := os.OpenFile(os.Getenv(envNote), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		_, _ = fmt.Fprintln(f, name)
		_ = f.Close()
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	time.Sleep(time.Hour)
}

var errLate = errors.New("not yet")

func (m *mortal) Update(ctx context.Context, f func(storage.Tx) error) error {
	m.mu.Lock()
	late := m.late
	m.late = nil
	m.mu.Unlock()
	for _, f := range late {
		_ = f()
	}
	kind := ""
	err := m.Store.Update(ctx, func(tx storage.Tx) error {
		t := &mortalTx{Tx: tx, m: m}
		err := f(t)
		kind = t.kind
		if err == nil && kind == "begin" && m.badly {
			return errLate
		}
		m.boundary(kind + " before the commit")
		return err
	})
	if errors.Is(err, errLate) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.late = append(m.late, func() error { return m.Store.Update(context.WithoutCancel(ctx), f) })
		return nil
	}
	m.boundary(kind + " after the commit")
	return err
}

type mortalTx struct {
	storage.Tx
	m    *mortal
	kind string
}

func (t *mortalTx) Get(ctx context.Context, row storage.Row, l storage.Lock) (bool, error) {
	t.m.boundary(t.kind + " reading " + row.Table().Name)
	return t.Tx.Get(ctx, row, l)
}

func (t *mortalTx) Insert(ctx context.Context, row storage.Row) (bool, error) {
	if _, ok := row.(*storage.Attempt); ok {
		t.kind = "begin"
	}
	t.m.boundary(t.kind + " adding to " + row.Table().Name)
	return t.Tx.Insert(ctx, row)
}

func (t *mortalTx) Add(ctx context.Context, row storage.Row) error {
	if _, ok := row.(*storage.Attempt); ok {
		t.kind = "begin"
	}
	t.m.boundary(t.kind + " adding to " + row.Table().Name)
	return t.Tx.Add(ctx, row)
}

func (t *mortalTx) Read(ctx context.Context, asks ...storage.Ask) error {
	return storage.ReadEach(ctx, t, asks)
}

func (t *mortalTx) Save(ctx context.Context, row storage.Row) error {
	if _, ok := row.(*storage.Attempt); ok {
		t.kind = "finish"
	}
	t.m.boundary(t.kind + " writing " + row.Table().Name)
	return t.Tx.Save(ctx, row)
}

func (t *mortalTx) Delete(ctx context.Context, row storage.Row) error {
	if _, ok := row.(*storage.Delivery); ok {
		t.kind = "delivery"
	}
	t.m.boundary(t.kind + " deleting from " + row.Table().Name)
	return t.Tx.Delete(ctx, row)
}

func credentials() assist.Credentials {
	return assist.Credentials{MerchantID: "700027", Login: "test_refunds", Password: assist.NewSecret("TestPassword1")}
}
