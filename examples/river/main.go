// Command river carries refunds under River (https://riverqueue.com), for who has
// it already: a wake-up job is stored in the transaction that stores the refund,
// and a periodic job is the net under it.
//
//	DATABASE_URL=postgres://… go run .
//
// The jobs say only that there may be something to do. What there is to do stands
// in the table of refunds, and what money hangs on is held there; so a job that is
// lost, late, rescued or run twice does no harm.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
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

// wake is a job without arguments: Step does all that is due.
type wake struct{}

func (wake) Kind() string { return "refunds_wake" }

type worker struct {
	river.WorkerDefaults[wake]
	carrier *refunds.Carrier
}

// Timeout is none: a cancel under way is brought to an end and stored, which can
// take minutes.
func (worker) Timeout(*river.Job[wake]) time.Duration { return -1 }

func (w worker) Work(ctx context.Context, _ *river.Job[wake]) error {
	_, err := w.carrier.Step(ctx)
	return err
}

// engine is a pool of the merchant's own with refunds and River in it.
type engine struct {
	pool  *pgxpool.Pool
	book  *refunds.Book
	river *river.Client[pgx.Tx]
}

// net is how often is looked for what is due at a time of its own: an outcome to
// be asked for, a ban that ends, a process that died. At once, a job is enough.
const net = 5 * time.Second

func newEngine(ctx context.Context, dsn string, client *assist.Client, opts ...refunds.CarrierOption) (*engine, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	store, err := postgres.Open(dsn, "public")
	if err != nil {
		return nil, err
	}
	if err := refunds.Migrate(ctx, store); err != nil {
		return nil, err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	book, err := refunds.NewBook(ctx, store)
	if err != nil {
		return nil, err
	}
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{client.MerchantID(): client}, opts...)
	if err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, worker{carrier: carrier}); err != nil {
		return nil, err
	}
	// One net in each period, whoever asks for it, and also while the job of a process
	// that was killed still stands as running; steps may overlap. Wake-ups aren't
	// unique, since one that is working may have looked already.
	unique := &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByQueue: true, ByPeriod: net}, Queue: "refunds_net"}
	riverClient, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Workers: workers,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}, "refunds_net": {MaxWorkers: 1}},
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(net),
			func() (river.JobArgs, *river.InsertOpts) { return wake{}, unique }, &river.PeriodicJobOpts{RunOnStart: true})},
	})
	if err != nil {
		return nil, err
	}
	return &engine{pool, book, riverClient}, nil
}

// giveBack stores a refund and its wake-up in a transaction of the merchant's own,
// in which further rows can stand.
func (e *engine) giveBack(ctx context.Context, tx pgx.Tx, r refunds.Refund) (refunds.ID, error) {
	id, err := postgres.EnqueueTx(ctx, e.book, tx, r)
	if err != nil {
		return 0, err
	}
	_, err = e.river.InsertTx(ctx, tx, wake{}, nil)
	return id, err
}

func run(ctx context.Context) error {
	client, err := assist.NewClient(os.Getenv("ASSIST_URL"), assist.Credentials{MerchantID: os.Getenv("ASSIST_MERCHANT_ID"),
		Login: os.Getenv("ASSIST_LOGIN"), Password: assist.NewSecret(os.Getenv("ASSIST_PASSWORD"))})
	if err != nil {
		return err
	}
	e, err := newEngine(ctx, os.Getenv("DATABASE_URL"), client)
	if err != nil {
		return err
	}
	if err := e.river.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer stop()
	return e.river.Stop(end)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}
