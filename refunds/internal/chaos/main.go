// Command chaos plays a merchant and Assist, runs two worker processes on one
// store, kills them with SIGKILL over and over, and counts the money at the end
// by operation.
//
//	go run ./internal/chaos -store sqlite:/tmp/chaos.db -kills 2000 -least 20
//	go run ./internal/chaos -kills 2000 -least 20 -restart 200 -cut 20
//
// Most kills are aimed at a statement boundary, wherever the fewest have died;
// the others come from outside. It ends with 1 where money was wrong, a refund
// is stuck, or a boundary was hit too rarely.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/postgres"
	"github.com/assist-go/assist/refunds/sqlite"
)

// The worker's settings come by the environment, so that a test's binary can be
// one too.
const (
	envRole  = "ASSIST_CHAOS_ROLE"
	envStore = "ASSIST_CHAOS_STORE"
	envURL   = "ASSIST_CHAOS_URL"
	envEpoch = "ASSIST_CHAOS_EPOCH"
	envBad   = "ASSIST_CHAOS_BADLY"
)

// speed is how much faster than the real clock everything goes.
const speed = 60

func main() {
	if os.Getenv(envRole) == "worker" {
		work()
		return
	}
	var s settings
	flag.StringVar(&s.store, "store", "", "sqlite:PATH or a URL of PostgreSQL, empty of refunds; empty is a PostgreSQL of its own")
	flag.IntVar(&s.kills, "kills", 40, "how often to kill")
	flag.IntVar(&s.least, "least", 0, "how often at least at each boundary")
	flag.IntVar(&s.restart, "restart", 0, "let a PostgreSQL of its own crash after so many kills each; 0 is never")
	flag.IntVar(&s.cut, "cut", 0, "cut three connections to PostgreSQL after so many kills each; 0 is never")
	flag.DurationVar(&s.settle, "settle", 5*time.Minute, "how long to wait at most at the end for what is under way")
	flag.BoolVar(&s.badly, "badly", false, "plant a bad habit: the intent is stored late")
	flag.Parse()
	report, err := run(context.Background(), s)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Println(report)
	if len(report.Wrong)+len(report.Stuck)+len(report.Rare) > 0 {
		os.Exit(1)
	}
}

func open(name string) (refunds.Store, error) {
	if path, ok := strings.CutPrefix(name, "sqlite:"); ok {
		return sqlite.Open(path)
	}
	return postgres.Open(name, "")
}

// clock is the real one, made faster from an epoch on.
func clock(epoch time.Time) func() time.Time {
	return func() time.Time { return epoch.Add(time.Since(epoch) * speed) }
}
