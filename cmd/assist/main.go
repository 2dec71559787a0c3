// Command assist gives money back through the Assist gateway, and says of each
// refund whether the money has moved.
//
//	assist refund A-20490 --amount 1200.00 --note "wrong size"
//	assist wait R-12
//
// A command stores a refund and then carries it; what is killed in between is
// taken up by the same command again, by assist wait, or by assist worker. The
// exit codes tell a script what it may do next: see assist help exit-codes.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // Moscow's days, on machines without zones

	"github.com/assist-go/assist/cmd/assist/internal/terminal"
)

// errInterrupted is why a context has ended that a signal ended.
var errInterrupted = errors.New("interrupted")

func main() {
	os.Exit(start(time.Now))
}

// start runs the program as the system has started it.
func start(now func() time.Time) int {
	ctx, end := context.WithCancelCause(context.Background())
	defer end(nil)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		// Later signals change nothing: what was sent has to be brought to an outcome.
		for range signals {
			end(errInterrupted)
		}
	}()
	a := &app{Terminal: terminal.Standard(), getenv: os.Getenv, now: now}
	return a.run(ctx, os.Args[1:])
}
