package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/metrics"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

// workerFlags are what assist worker is told.
type workerFlags struct {
	listen    string
	workers   int
	reconcile bool
	grace     time.Duration
}

func workerCommand(a *app) *cobra.Command {
	var f workerFlags
	c := &cobra.Command{
		Use:   "worker",
		Short: "carry the merchant's refunds, until it is told to stop",
		Long: `Carry the merchant's refunds: send what is queued, ask about what is unknown or in
process, carry out decisions. Any number of workers may run on one store.

SIGTERM stops it gracefully: it begins nothing more, and ends when the outcomes of
what is under way are stored. --listen serves /healthz and /metrics (Prometheus),
on an address that only your monitoring should reach.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.worker(cmd.Context(), f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", "", "address of /healthz and /metrics, such as 127.0.0.1:9464; none when empty")
	flags.IntVar(&f.workers, "workers", 8, "how many cancels and questions at once")
	flags.BoolVar(&f.reconcile, "reconcile", true, "ask for results by date, once in ten minutes")
	flags.DurationVar(&f.grace, "grace", 2*time.Minute, "how long a stop may take")
	return c
}

func (a *app) worker(ctx context.Context, f workerFlags) error {
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	log := slog.New(slog.NewTextHandler(a.Err, nil))
	opts := []refunds.CarrierOption{refunds.Workers(f.workers), refunds.Alert(func(_ context.Context, r *refunds.Record) {
		log.Warn("a person is needed", "refund", verdict.ID(r.ID), "why", r.PersonWhy)
	})}
	if f.reconcile {
		opts = append(opts, refunds.ReconcileEvery(10*time.Minute))
	}
	c, client, err := a.carrier(ctx, b, opts...)
	if err != nil {
		return err
	}
	web, err := a.serveMetrics(b, f.listen)
	if err != nil {
		return exitcode.New(exitcode.Settings, "--listen: %v", err)
	}
	defer web()
	log.Info("carrying", "merchant", client.MerchantID(), "workers", f.workers)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	select {
	case err := <-ended: // before it was told to
		if !errors.Is(err, errInterrupted) {
			return err
		}
	case <-ctx.Done():
		log.Info("stopping: nothing more is begun")
		select {
		case <-ended:
		case <-time.After(f.grace):
			return exitcode.New(exitcode.Failed, "%s", a.text("остановка заняла больше %s; о том, что в пути, спросит следующий worker", "the stop took longer than %s; what is under way is asked about by the next worker", f.grace))
		}
	}
	log.Info("stopped: all outcomes are stored")
	return nil
}

// serveMetrics listens, where that is wanted. What it gives ends it.
func (a *app) serveMetrics(b *books, address string) (func(), error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if _, err := b.Stats(r.Context()); err != nil {
			http.Error(w, "the store gives no answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		s, err := b.Stats(r.Context())
		if err != nil {
			http.Error(w, "the store gives no answer", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = metrics.Write(w, s) // who doesn't read it misses nothing but the figures
	})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = web.Serve(listener) }() // it ends by Close
	a.note("метрики: http://%s/metrics", "metrics: http://%s/metrics", listener.Addr())
	return func() { _ = web.Close() }, nil
}
