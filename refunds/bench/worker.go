package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// work carries from one line of the standard input to the next, and prints the
// CPU time that it took.
func work() error {
	store, err := open(os.Getenv(envStore))
	if err != nil {
		return err
	}
	workers, err := strconv.Atoi(os.Getenv(envWorkers))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	book, err := refunds.NewBook(ctx, store)
	if err != nil {
		return err
	}
	client, err := newClient()
	if err != nil {
		return err
	}
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{credentials().MerchantID: client}, refunds.Workers(workers))
	if err != nil {
		return err
	}
	return measured(bufio.NewReader(os.Stdin), func() { _ = carrier.Run(ctx) })
}

// measured runs f from one line of the standard input to the next, and prints
// the CPU time, the allocations and the bytes of that time.
func measured(in *bufio.Reader, f func()) error {
	fmt.Println("ready")
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	if path := os.Getenv(envProfile); path != "" {
		f, err := os.Create(fmt.Sprint(path, ".", os.Getpid()))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpu()
	go f()
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	used := cpu() - began
	pprof.StopCPUProfile()
	runtime.ReadMemStats(&after)
	fmt.Println(used.Nanoseconds(), after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc)
	_, _ = in.ReadString('\n')
	return nil
}

// order is what a cancel has to know of one.
type order struct {
	Billnumber assist.Billnumber
	Number     string
	Date       time.Time
}

// floor makes the same cancels without a store, as a program does that keeps
// nothing: what the module's own share is measured against.
func floor() error {
	workers, err := strconv.Atoi(os.Getenv(envWorkers))
	if err != nil {
		return err
	}
	client, err := newClient()
	if err != nil {
		return err
	}
	amount, err := assist.NewMoney(1000, "RUB")
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var orders []order
	if err := json.Unmarshal(line, &orders); err != nil {
		return err
	}
	return measured(in, func() {
		next := make(chan order)
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for o := range next {
					req := assist.CancelRequest{Billnumber: o.Billnumber, OrderNumber: o.Number, OrderDate: o.Date, Amount: amount}
					if _, err := client.Cancel(context.Background(), req, assist.LookFirst()); err != nil {
						fmt.Fprintln(os.Stderr, "bench: the floor:", err)
						os.Exit(1)
					}
				}
			})
		}
		for _, o := range orders {
			next <- o
		}
		close(next)
		all.Wait()
		fmt.Println("done")
	})
}

// newClient makes a client as most merchants have it, with the SDK's own
// transport: each cancel on a fresh connection. With -keepalive it is one on
// whose connections the merchant decides.
func newClient() (*assist.Client, error) {
	if os.Getenv(envKeep) != "true" {
		return assist.NewClient(os.Getenv(envURL), credentials())
	}
	kept := &http.Transport{MaxIdleConnsPerHost: 64}
	return assist.NewClient(os.Getenv(envURL), credentials(), assist.WithHTTPClient(&http.Client{Transport: kept}))
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
