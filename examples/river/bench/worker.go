package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// A worker's settings come by the environment.
const (
	envRole    = "ASSIST_BENCH_ROLE"
	envDSN     = "ASSIST_BENCH_DSN"
	envURL     = "ASSIST_BENCH_URL"
	envWorkers = "ASSIST_BENCH_WORKERS"
	envJobs    = "ASSIST_BENCH_JOBS"
	envCool    = "ASSIST_BENCH_COOLDOWN"
)

// wake is a job for one refund.
type wake struct{}

func (wake) Kind() string { return "refunds_wake" }

type worker struct {
	river.WorkerDefaults[wake]
	carrier *refunds.Carrier
}

func (worker) Timeout(*river.Job[wake]) time.Duration { return -1 }

func (w worker) Work(ctx context.Context, _ *river.Job[wake]) error {
	_, err := w.carrier.Step(ctx)
	return err
}

func migrateRiver(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// newRiver is River with so many jobs at a time. Without a carrier it only inserts.
func newRiver(pool *pgxpool.Pool, carrier *refunds.Carrier, jobs int, cooldown time.Duration) (*river.Client[pgx.Tx], error) {
	config := &river.Config{Workers: river.NewWorkers()}
	if err := river.AddWorkerSafely(config.Workers, worker{carrier: carrier}); err != nil {
		return nil, err
	}
	if carrier != nil {
		config.FetchCooldown, config.FetchPollInterval = cooldown, max(cooldown, time.Second)
		config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobs}}
	}
	return river.NewClient(riverpgxv5.New(pool), config)
}

// work carries until it is killed, and says when asked what CPU time it has used.
func work(ctx context.Context) error {
	workers, err := strconv.Atoi(os.Getenv(envWorkers))
	if err != nil {
		return err
	}
	store, err := postgres.Open(os.Getenv(envDSN), "")
	if err != nil {
		return err
	}
	book, err := refunds.NewBook(ctx, store)
	if err != nil {
		return err
	}
	client, err := assist.NewClient(os.Getenv(envURL), credentials())
	if err != nil {
		return err
	}
	atOnce, err := strconv.Atoi(os.Getenv(envJobs))
	if err != nil {
		return err
	}
	cooldown, err := time.ParseDuration(os.Getenv(envCool))
	if err != nil {
		return err
	}
	own := os.Getenv(envRole) != "River"
	each := max(1, workers/atOnce) // as many cancels at a time as the own loop
	if own {
		each = workers
	}
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{client.MerchantID(): client}, refunds.Workers(each))
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	began := cpu()
	if own {
		go func() { _ = carrier.Run(ctx) }()
	} else {
		pool, err := pgxpool.New(ctx, os.Getenv(envDSN)+"&pool_max_conns=16")
		if err != nil {
			return err
		}
		jobs, err := newRiver(pool, carrier, atOnce, cooldown)
		if err != nil {
			return err
		}
		if err := jobs.Start(ctx); err != nil {
			return err
		}
	}
	for {
		fmt.Println((cpu() - began).Nanoseconds())
		if _, err := in.ReadString('\n'); err != nil {
			return err
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
