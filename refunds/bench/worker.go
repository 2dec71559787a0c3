package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime/pprof"
	"strconv"
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
	client, err := assist.NewClient(os.Getenv(envURL), credentials(), assist.WithHTTPClient(&http.Client{Timeout: 60 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: workers}}))
	if err != nil {
		return err
	}
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{credentials().MerchantID: client}, refunds.Workers(workers))
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	fmt.Println("ready")
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	if path := os.Getenv("ASSIST_BENCH_PROFILE"); path != "" {
		f, err := os.Create(fmt.Sprint(path, ".", os.Getpid()))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	began := cpu()
	go func() { _ = carrier.Run(ctx) }()
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	used := cpu() - began
	pprof.StopCPUProfile()
	fmt.Println(used.Nanoseconds())
	_, _ = in.ReadString('\n')
	return nil
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
