// Command bench measures the module: refunds carried from being stored to being
// done by one and by two worker processes, the cost of a tick beside many open
// refunds, and the bytes of a refund.
//
//	go run ./bench                 # both databases, some minutes
//	go run ./bench -only sqlite -open 0
//
// PostgreSQL is a throw-away server of its own, with fsync on; $ASSIST_POSTGRES
// names another. The simulated Assist runs in this process, over TCP, so that the
// workers' own CPU time is what a merchant's process would use.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/pgtest"
	"github.com/assist-go/assist/refunds/postgres"
	"github.com/assist-go/assist/refunds/sqlite"
)

type settings struct {
	refunds, open, workers int
	only, profile          string
	keepAlive              bool
}

func main() {
	switch os.Getenv(envRole) {
	case "worker":
		check(work())
		return
	case "floor":
		check(floor())
		return
	}
	var s settings
	flag.IntVar(&s.refunds, "n", 3000, "refunds to carry in each run")
	flag.IntVar(&s.open, "open", 1_000_000, "open refunds beside which ticks are measured; 0 leaves that out")
	flag.IntVar(&s.workers, "workers", 16, "Workers of each process")
	flag.StringVar(&s.only, "only", "", "sqlite or postgres; empty is both")
	flag.BoolVar(&s.keepAlive, "keepalive", false, "workers give the client an http.Client of their own, which keeps connections, in place of the SDK's transport with a fresh one for each cancel")
	flag.StringVar(&s.profile, "cpuprofile", "", "each worker process writes a profile of its CPU time to this file, with its number behind the name")
	flag.Parse()
	fmt.Printf("%s, %d cores, %d refunds in each run, Workers(%d)\n", runtime.Version(), runtime.NumCPU(), s.refunds, s.workers)
	check(sdkAlone(s))
	for _, name := range []string{"sqlite", "postgres"} {
		if s.only == "" || s.only == name {
			check(measure(context.Background(), name, s))
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure makes a database of each kind for each figure.
func measure(ctx context.Context, name string, s settings) error {
	fmt.Printf("\n%s\n", name)
	for processes := 1; processes <= 2; processes++ {
		if err := on(ctx, name, func(d *database) error { return carry(ctx, d, s, processes) }); err != nil {
			return err
		}
	}
	if s.open == 0 {
		return nil
	}
	return on(ctx, name, func(d *database) error { return ticks(ctx, d, s.open) })
}

// database is an empty one with the module's tables.
type database struct {
	address string // as open takes it
	store   refunds.Store
	db      *sql.DB
	prefix  string
}

func on(ctx context.Context, name string, f func(*database) error) error {
	d := &database{}
	var driver, source string
	if name == "sqlite" {
		dir, err := os.MkdirTemp("", "refunds-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "refunds.db")
		d.address, d.prefix = "sqlite:"+path, "assist_"
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	} else {
		d.address, d.prefix = os.Getenv("ASSIST_POSTGRES"), "public."
		if d.address == "" {
			server, err := pgtest.Start("", "fsync=on")
			if err != nil {
				return err
			}
			defer server.Stop()
			d.address = server.DSN
		}
		driver, source = "pgx", d.address
	}
	var err error
	if d.store, err = open(d.address); err != nil {
		return err
	}
	defer d.store.Close()
	if d.db, err = sql.Open(driver, source); err != nil {
		return err
	}
	defer d.db.Close()
	if err := refunds.Migrate(ctx, d.store); err != nil {
		return err
	}
	return f(d)
}

func open(address string) (refunds.Store, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return sqlite.Open(path)
	}
	return postgres.Open(address, "")
}

// size is all that the module's tables and indexes take, in bytes.
func (d *database) size(ctx context.Context) (n int64, err error) {
	if d.prefix == "public." {
		err = d.db.QueryRowContext(ctx, `SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'refund%'`).Scan(&n)
		return n, err
	}
	if _, err := d.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		return 0, err
	}
	err = d.db.QueryRowContext(ctx, `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`).Scan(&n)
	return n, err
}

// times does something over and over, and prints how long it took.
func times(name string, n int, f func() error) error {
	var all []time.Duration
	for range n {
		began := time.Now()
		if err := f(); err != nil {
			return err
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	fmt.Printf("  %-52s median %8s   95%% %8s\n", name, all[n/2].Round(time.Microsecond), all[n*95/100].Round(time.Microsecond))
	return nil
}
