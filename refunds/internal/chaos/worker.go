package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// work is one life of a worker process. It makes itself ready, waits to be told
// where to die, and carries.
func work() {
	micros, err := strconv.ParseInt(os.Getenv(envEpoch), 10, 64)
	fatal(err)
	now := clock(time.UnixMicro(micros))
	s, err := open(os.Getenv(envStore))
	fatal(err)
	m := &mortal{Store: s, badly: os.Getenv(envBad) != ""}
	ctx := context.Background()
	b, err := patiently(func() (*refunds.Book, error) { return refunds.NewBook(ctx, m, refunds.Clock(now)) })
	fatal(err)
	client, err := assist.NewClient(os.Getenv(envURL), credentials(), assist.WithClock(now),
		assist.WithHTTPClient(&http.Client{Timeout: 20 * time.Second, Transport: &wire{&http.Transport{DisableKeepAlives: true}, m}}))
	fatal(err)
	c, err := refunds.NewCarrier(b, map[string]*assist.Client{credentials().MerchantID: client}, refunds.Workers(8), refunds.Poll(30*time.Millisecond),
		refunds.Rest(61*time.Second), refunds.PersonAfter(30*time.Minute), refunds.Handle("shop", told))
	fatal(err)
	fmt.Println(ready)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		os.Exit(0) // the harness has ended
	}
	m.at = strings.TrimSpace(line)
	m.left.Store(int64(1 + rand.IntN(3)))
	for { // a database that is away is no reason to end
		_ = c.Run(ctx)
		time.Sleep(50 * time.Millisecond)
	}
}

const ready = "ready"

// patiently tries for as long as a database needs to start again.
func patiently[T any](f func() (T, error)) (v T, err error) {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if v, err = f(); err == nil || time.Now().After(end) {
			return v, err
		}
	}
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

// wire is the way to Assist, on which the process can die too.
type wire struct {
	http.RoundTripper
	m *mortal
}

// RoundTrip is http.RoundTripper's.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.URL.Path, "cancel") {
		return w.RoundTripper.RoundTrip(r)
	}
	w.m.boundary("send: before the first byte")
	if w.m.at == "send: while the answer is awaited" {
		go func() {
			time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			w.m.boundary("send: while the answer is awaited")
		}()
	}
	time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	resp, err := w.RoundTripper.RoundTrip(r)
	w.m.boundary("send: after the answer")
	return resp, err
}

func credentials() assist.Credentials {
	return assist.Credentials{MerchantID: "700027", Login: "test_refunds", Password: assist.NewSecret("TestPassword1")}
}
