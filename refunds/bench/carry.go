package main

import (
	"bufio"
	"context"
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
)

func credentials() assist.Credentials {
	return assist.Credentials{MerchantID: "700027", Login: "test_refunds", Password: assist.NewSecret("TestPassword1")}
}

// carry stores refunds of as many payments, lets workers loose on them, and
// waits until all are done.
func carry(ctx context.Context, d *database, s settings, processes int) error {
	server := assisttest.New(assisttest.WithMerchant(credentials()))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	go func() { _ = http.Serve(listener, server) }()
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
		p, err := start(d.address, "http://"+listener.Addr().String(), s.workers)
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
	var cpu time.Duration
	for _, p := range all {
		used, err := p.stop()
		if err != nil {
			return err
		}
		cpu += used
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
	fmt.Printf("  end to end, %d process(es): %.0f refunds/s, %.0f per second of a worker's CPU; %.0f bytes per refund, everything\n",
		processes, n/took.Seconds(), n/cpu.Seconds(), float64(after-before)/n)
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

func start(store, url string, workers int) (*process, error) {
	p := &process{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), envRole+"=worker", envStore+"="+store, envURL+"="+url, envWorkers+"="+strconv.Itoa(workers))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	_, err = p.out.ReadString('\n') // it is ready
	return p, err
}

// stop ends the worker and tells what CPU time it used from the start on.
func (p *process) stop() (time.Duration, error) {
	if _, err := io.WriteString(p.in, "stop\n"); err != nil {
		return 0, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(line[:len(line)-1], 10, 64)
	p.kill()
	return time.Duration(ns), err
}

func (p *process) kill() {
	p.end.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}
