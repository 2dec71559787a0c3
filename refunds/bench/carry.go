package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
)

// A worker's settings come by the environment.
const (
	envRole    = "ASSIST_BENCH_ROLE"
	envStore   = "ASSIST_BENCH_STORE"
	envURL     = "ASSIST_BENCH_URL"
	envWorkers = "ASSIST_BENCH_WORKERS"
	envProfile = "ASSIST_BENCH_PROFILE"
	envKeep    = "ASSIST_BENCH_KEEPALIVE"
)

func credentials() assist.Credentials {
	return assist.Credentials{MerchantID: "700027", Login: "test_refunds", Password: assist.NewSecret("TestPassword1")}
}

// serve lets the simulated Assist answer over TCP.
func serve() (server *assisttest.Server, url string, end func(), err error) {
	server = assisttest.New(assisttest.WithMerchant(credentials()))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	go func() { _ = http.Serve(listener, server) }()
	return server, "http://" + listener.Addr().String(), func() { _ = listener.Close() }, nil
}

// sdkAlone measures the cancels without a store.
func sdkAlone(s settings) error {
	server, url, end, err := serve()
	if err != nil {
		return err
	}
	defer end()
	var orders []order
	for range s.refunds {
		o := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
		orders = append(orders, order{o.Billnumber, o.Number, o.Date})
	}
	p, err := launch("floor", "", url, s)
	if err != nil {
		return err
	}
	defer p.kill()
	if err := json.NewEncoder(p.in).Encode(orders); err != nil {
		return err
	}
	if _, err := p.out.ReadString('\n'); err != nil { // it is ready
		return err
	}
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		return err
	}
	if _, err := p.out.ReadString('\n'); err != nil { // all are done
		return err
	}
	used, err := p.stop()
	if err != nil {
		return err
	}
	fmt.Printf("\nthe SDK alone, no store: %s\n", used.each(s.refunds))
	return nil
}

// use is what a process has used.
type use struct {
	cpu            time.Duration
	mallocs, bytes int64
}

func (u use) each(refunds int) string {
	n := int64(refunds)
	return fmt.Sprintf("%.0f refunds per second of CPU (%d µs each), %d allocations, %d bytes each", float64(n)/u.cpu.Seconds(), u.cpu.Microseconds()/n, u.mallocs/n, u.bytes/n)
}

// carry stores refunds of as many payments, lets workers loose on them, and
// waits until all are done.
func carry(ctx context.Context, d *database, s settings, processes int) error {
	server, url, end, err := serve()
	if err != nil {
		return err
	}
	defer end()
	book, err := refunds.NewBook(ctx, d.store)
	if err != nil {
		return err
	}
	before, err := d.size(ctx)
	if err != nil {
		return err
	}
	if err := enqueue(ctx, book, server, s.refunds); err != nil {
		return err
	}
	var all []*process
	for range processes {
		p, err := start("worker", d.address, url, s)
		if err != nil {
			return err
		}
		defer p.kill()
		all = append(all, p)
	}
	began := time.Now()
	for _, p := range all {
		if _, err := io.WriteString(p.in, "go\n"); err != nil {
			return err
		}
	}
	for {
		st, err := book.Stats(ctx)
		if err != nil {
			return err
		}
		if st.Pending+st.Sent+st.InProcess == 0 && st.Unsealed == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(began)
	var sum use
	for _, p := range all {
		used, err := p.stop()
		if err != nil {
			return err
		}
		sum = use{sum.cpu + used.cpu, sum.mallocs + used.mallocs, sum.bytes + used.bytes}
	}
	done := 0
	for _, err := range book.List(ctx, refunds.Filter{States: []refunds.State{refunds.Done}}) {
		if err != nil {
			return err
		}
		done++
	}
	if done != s.refunds {
		return fmt.Errorf("%d of %d refunds are done", done, s.refunds)
	}
	after, err := d.size(ctx)
	if err != nil {
		return err
	}
	n := float64(s.refunds)
	fmt.Printf("  end to end, %d process(es): %.0f refunds/s; a worker: %s; stored: %.0f bytes per refund, everything\n",
		processes, n/took.Seconds(), sum.each(s.refunds), float64(after-before)/n)
	return nil
}

func enqueue(ctx context.Context, book *refunds.Book, server *assisttest.Server, n int) error {
	amount, err := assist.NewMoney(1000, "RUB")
	if err != nil {
		return err
	}
	began := time.Now()
	for i := range n {
		o := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
		r := refunds.Refund{Key: fmt.Sprintf("order-%d-refund-1", i), MerchantID: credentials().MerchantID, Request: o.CancelRequest(amount)}
		if _, err := book.Enqueue(ctx, r); err != nil {
			return err
		}
	}
	fmt.Printf("  enqueue, one after the other: %.0f/s\n", float64(n)/time.Since(began).Seconds())
	return nil
}

// process is a worker.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	end sync.Once
}

// start waits until the process is ready.
func start(role, store, url string, s settings) (*process, error) {
	p, err := launch(role, store, url, s)
	if err == nil {
		_, err = p.out.ReadString('\n')
	}
	return p, err
}

func launch(role, store, url string, s settings) (*process, error) {
	p := &process{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), envRole+"="+role, envStore+"="+store, envURL+"="+url, envWorkers+"="+strconv.Itoa(s.workers), envProfile+"="+s.profile, envKeep+"="+strconv.FormatBool(s.keepAlive))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// stop ends the worker and tells what it used from the start on.
func (p *process) stop() (u use, err error) {
	if _, err := io.WriteString(p.in, "stop\n"); err != nil {
		return u, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return u, err
	}
	_, err = fmt.Sscan(line, &u.cpu, &u.mallocs, &u.bytes)
	p.kill()
	return u, err
}

func (p *process) kill() {
	p.end.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}
