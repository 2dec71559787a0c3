package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/examples/internal/postgrestest"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test's binary is the shop too, on a clock that runs faster: a refund whose
// process was killed is taken up when minutes have passed.
const (
	envAssist = "CHECKOUT_TEST_ASSIST"
	envEpoch  = "CHECKOUT_TEST_EPOCH"
	speed     = 60
)

func TestMain(m *testing.M) {
	if os.Getenv(envAssist) == "" {
		os.Exit(m.Run())
	}
	if err := fastShop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func fastShop(ctx context.Context) error {
	micros, err := strconv.ParseInt(os.Getenv(envEpoch), 10, 64)
	if err != nil {
		return err
	}
	now := fast(time.UnixMicro(micros))
	client, err := assist.NewClient(os.Getenv(envAssist), simulatedMerchant(), assist.WithClock(now))
	if err != nil {
		return err
	}
	s, carrier, err := newShop(ctx, os.Getenv("DATABASE_URL"), client, refunds.Clock(now))
	if err != nil {
		return err
	}
	return s.serve(ctx, os.Getenv("ADDRESS"), carrier)
}

func fast(epoch time.Time) func() time.Time {
	return func() time.Time { return epoch.Add(time.Since(epoch) * speed) }
}

// databases are an empty one of each kind. That of SQLite is in the working
// directory.
func databases(t *testing.T, f func(t *testing.T, dsn string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Chdir(t.TempDir())
		f(t, "")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		dsn := postgrestest.DSN(t)
		t.Chdir(t.TempDir())
		f(t, dsn)
	})
}

type played struct {
	t       *testing.T
	server  *assisttest.Server
	address string
	env     []string
	shop    *shop
	process *exec.Cmd
}

// play is a simulated Assist, which outlives the shop, and a shop that isn't
// started yet.
func play(t *testing.T, dsn string) *played {
	epoch := time.Now()
	now := fast(epoch)
	server := assisttest.New(assisttest.WithMerchant(simulatedMerchant()), assisttest.WithClock(now))
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	p := &played{t: t, server: server, address: listener.Addr().String()}
	p.env = append(os.Environ(), envAssist+"="+web.URL, fmt.Sprintf("%s=%d", envEpoch, epoch.UnixMicro()), "ADDRESS="+p.address, "DATABASE_URL="+dsn)
	client, err := assist.NewClient(web.URL, simulatedMerchant(), assist.WithClock(now))
	require.NoError(t, err)
	p.shop, _, err = newShop(t.Context(), dsn, client, refunds.Clock(now))
	require.NoError(t, err)
	t.Cleanup(func() { p.shop.db.Close() })
	return p
}

func (p *played) start() {
	p.process = exec.Command(os.Args[0])
	p.process.Env, p.process.Stderr = p.env, os.Stderr
	require.NoError(p.t, p.process.Start())
	p.t.Cleanup(p.kill)
}

func (p *played) kill() {
	_ = p.process.Process.Kill() // SIGKILL
	_ = p.process.Wait()
}

func (p *played) pay() assist.Order {
	o := p.server.Pay(assisttest.Payment{PaidAt: p.server.Now().Add(-48 * time.Hour)})
	require.NoError(p.t, paid(p.t.Context(), p.shop.db, o))
	return o
}

// post asks once: 0 is no answer.
func (p *played) post(key, number, amount string) (int, string) {
	client := &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.PostForm("http://"+p.address+"/refund", url.Values{"key": {key}, "order": {number}, "amount": {amount}})
	if err != nil {
		return 0, ""
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, ""
	}
	return r.StatusCode, string(body)
}

// insist asks until there is an answer.
func (p *played) insist(key, number, amount string) string {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		switch status, body := p.post(key, number, amount); status {
		case http.StatusAccepted:
			return body
		case 0, http.StatusInternalServerError:
		default:
			require.Fail(p.t, "another answer", "%d: %s", status, body)
		}
	}
	require.Fail(p.t, "no answer in a minute")
	return ""
}

func (p *played) order(number string) (o order) {
	r, err := http.Get("http://" + p.address + "/orders/" + number)
	require.NoError(p.t, err)
	defer r.Body.Close()
	require.Equal(p.t, http.StatusOK, r.StatusCode)
	require.NoError(p.t, json.NewDecoder(r.Body).Decode(&o))
	return o
}

// read reads an order from the database.
func (p *played) read(number string) *order {
	o, err := readOrder(p.t.Context(), p.shop.db, number)
	require.NoError(p.t, err)
	return o
}

// The shop is killed at random moments. Each refund that it has promised is paid
// once, and the shop's own sums have it once.
func TestKilled(t *testing.T) {
	databases(t, func(t *testing.T, dsn string) {
		p := play(t, dsn)
		var orders []assist.Order
		answers := map[string]string{}
		kills := 12
		if testing.Short() {
			kills = 4
		}
		for round := range kills {
			p.start()
			p.server.Next(assisttest.Fault{}, assisttest.DieAfter())
			for range 3 {
				o := p.pay()
				orders = append(orders, o)
				answers[o.Number] = p.insist("refund of "+o.Number, o.Number, "10.00")
			}
			time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
			go p.post("refund of "+orders[round].Number, orders[round].Number, "10.00") // one is on its way
			p.kill()
		}
		p.start()
		for _, o := range orders {
			assert.Equal(t, answers[o.Number], p.insist("refund of "+o.Number, o.Number, "10.00"), "a repetition has the first answer")
		}
		p.settle(orders)
		p.count(orders)
	})
}

// settle waits for what is under way. What is left had its cancel killed before
// the first byte: that nothing came of it is for a person to say, after hours.
func (p *played) settle(orders []assist.Order) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		open := 0
		for _, o := range orders {
			if s := p.order(o.Number).Refunds[0].State; s != "done" && (s != "outcome unknown" || !p.server.Moved(o.Billnumber).IsZero()) {
				open++
			}
		}
		if open == 0 {
			return
		}
	}
}

func (p *played) count(orders []assist.Order) {
	unknown := 0
	for _, o := range orders {
		moved := p.server.Moved(o.Billnumber)
		shown := p.order(o.Number)
		require.Len(p.t, shown.Refunds, 1)
		assert.Equal(p.t, moved, shown.Returned, "order %s: %v", o.Number, shown)
		assert.Equal(p.t, "90.00 RUB", shown.Left.String())
		if shown.Refunds[0].State == "done" {
			assert.Equal(p.t, "10.00 RUB", moved.String(), "once")
			continue
		}
		unknown++
		assert.Equal(p.t, "outcome unknown", shown.Refunds[0].State)
		assert.True(p.t, moved.IsZero())
	}
	assert.Less(p.t, unknown, len(orders)/2)
	p.t.Logf("%d refunds, of which %d wait for a person", len(orders), unknown)
}

// What can't be promised is refused, and leaves nothing behind.
func TestAnswers(t *testing.T) {
	databases(t, func(t *testing.T, dsn string) {
		p := play(t, dsn)
		o := p.pay()
		p.start()
		first := p.insist("a", o.Number, "60.00")
		for _, tt := range []struct {
			name, key, order, amount string
			want                     int
		}{
			{"the same again", "a", o.Number, "60.00", http.StatusAccepted},
			{"the same key for another amount", "a", o.Number, "60.01", http.StatusConflict},
			{"more than is left", "b", o.Number, "40.01", http.StatusConflict},
			{"no such order", "c", "none", "1.00", http.StatusNotFound},
			{"no amount", "d", o.Number, "all", http.StatusBadRequest},
			{"nothing", "d", o.Number, "0.00", http.StatusBadRequest},
			{"no key", "", o.Number, "1.00", http.StatusBadRequest},
			{"what is left, by a key that was refused before", "b", o.Number, "40.00", http.StatusAccepted},
		} {
			status, body := p.post(tt.key, tt.order, tt.amount)
			assert.Equal(t, tt.want, status, "%s: %s", tt.name, body)
			if tt.key == "a" && status == http.StatusAccepted {
				assert.Equal(t, first, body)
			}
		}
		require.Eventually(t, func() bool { return p.order(o.Number).Returned.String() == "100.00 RUB" }, 30*time.Second, 50*time.Millisecond)
		assert.Equal(t, "100.00 RUB", p.server.Moved(o.Billnumber).String())

		// A refund that Assist refuses for good is left to be asked for again.
		o = p.pay()
		p.server.Next(assisttest.Decline("AS100"))
		p.insist("e", o.Number, "100.00")
		require.Eventually(t, func() bool { return p.order(o.Number).Left.String() == "100.00 RUB" }, 30*time.Second, 50*time.Millisecond)
		assert.Equal(t, "refused", p.order(o.Number).Refunds[0].State)

		// What the handler writes is the delivery's: undone with it, done once.
		o = p.pay()
		p.kill()
		given, err := p.shop.giveBack(t.Context(), "h", o.Number, "30.00")
		require.NoError(t, err)
		before := p.read(o.Number)
		tx, err := p.shop.db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, p.shop.heard(t.Context(), tx, refunds.Event{Refund: given.ID, From: refunds.Sent, To: refunds.Done}))
		require.NoError(t, tx.Rollback())
		assert.Equal(t, before, p.read(o.Number))
	})
}

// A form that is sent twice is one refund.
func TestPage(t *testing.T) {
	t.Chdir(t.TempDir())
	p := play(t, "")
	o := p.pay()
	get := func(path string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept", "text/html")
		p.shop.routes().ServeHTTP(w, r)
		return w
	}
	_, key, ok := strings.Cut(get("/orders/"+o.Number).Body.String(), `name="key" value="`)
	require.True(t, ok)
	key, _, _ = strings.Cut(key, `"`)
	for range 2 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/refund", strings.NewReader(url.Values{"key": {key}, "order": {o.Number}, "amount": {"10.00"}}.Encode()))
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		p.shop.routes().ServeHTTP(w, r)
		assert.Equal(t, http.StatusSeeOther, w.Code)
	}
	shown, err := readOrder(t.Context(), p.shop.db, o.Number)
	require.NoError(t, err)
	assert.Len(t, shown.Refunds, 1)
	assert.Equal(t, "90.00 RUB", shown.Left.String())
	assert.Contains(t, get("/").Body.String(), "10.00 RUB: pending")
}

func TestShort(t *testing.T) {
	text, err := os.ReadFile("main.go")
	require.NoError(t, err)
	assert.Less(t, strings.Count(string(text), "\n"), 150, "main.go is to be read in one go")
}
