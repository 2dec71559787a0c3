package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// silent is what the simulated Assist asks of a test.
type silent struct{}

func (silent) Helper()               {}
func (silent) Fatalf(string, ...any) {}
func (silent) Cleanup(func())        {}

// ticks measures what a carrier does each second, beside many refunds in
// process that are due later.
func ticks(ctx context.Context, d *database, many int) error {
	server := assisttest.NewServer(silent{}, assisttest.InMemory(), assisttest.WithMerchant(credentials()))
	book, err := refunds.NewBook(ctx, d.store)
	if err != nil {
		return err
	}
	server.Next(assisttest.InProcess(1000*time.Hour, "AS000"))
	if err := enqueue(ctx, book, server, 1); err != nil {
		return err
	}
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{credentials().MerchantID: server.Client()}, refunds.Workers(100))
	if err != nil {
		return err
	}
	if _, err := carrier.Step(ctx); err != nil { // a real one, to be copied
		return err
	}
	began := time.Now()
	due := time.Now().Add(24 * time.Hour)
	if err := d.fill(ctx, many, due); err != nil {
		return err
	}
	fmt.Printf("  %d open refunds, filled in %s\n", many, time.Since(began).Round(time.Second))
	if err := times("idle tick: what Run asks each second", 500, func() error { return isDue(ctx, d.store, began) }); err != nil {
		return err
	}
	if err := times("idle Step, with housekeeping and the next time", 500, func() error { _, err := carrier.Step(ctx); return err }); err != nil {
		return err
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Printf("  the carrier's process beside them, the simulated Assist included: %.1f MB live, %d goroutines\n", float64(memory.HeapAlloc)/1e6, runtime.NumGoroutine())
	now := due
	next := func() time.Time { now = now.Add(time.Second); return now }
	if err := times("due tick: 100 refunds claimed", 60, func() error { return claim(ctx, d.store, next(), false) }); err != nil {
		return err
	}
	return times("due tick: 100 refunds claimed, with what is known", 60, func() error { return claim(ctx, d.store, next(), true) })
}

// isDue is how a carrier looks whether there is anything to claim.
func isDue(ctx context.Context, s refunds.Store, now time.Time) error {
	m := storage.Merchant{Merchant: credentials().MerchantID}
	var first []*storage.Refund
	err := s.View(ctx, func(tx storage.Tx) error {
		return tx.Read(ctx, storage.One(&m, storage.NoLock, nil), storage.Many(&first, storage.Query{Order: "next_at", Limit: 1, Where: []storage.Cond{
			storage.Eq("merchant", m.Merchant), storage.In("state", []int64{1, 2, 3}), storage.AtMost("next_at", now.UnixMicro())}}))
	})
	if err == nil && len(first) > 0 {
		return fmt.Errorf("something is due")
	}
	return err
}

// claim is what a carrier does for 100 refunds that are due, before it asks
// Assist about them.
func claim(ctx context.Context, s refunds.Store, now time.Time, known bool) error {
	merchant := credentials().MerchantID
	return s.Update(ctx, func(tx storage.Tx) error {
		m := storage.Merchant{Merchant: merchant}
		if _, err := tx.Get(ctx, &m, storage.NoLock); err != nil {
			return err
		}
		claimed, err := tx.Claim(ctx, storage.Claim{Merchant: merchant, States: []int64{1, 2, 3}, Now: now.UnixMicro(), Until: now.Add(240 * time.Hour).UnixMicro(), Limit: 100})
		if err != nil {
			return err
		}
		if len(claimed) != 100 {
			return fmt.Errorf("%d claimed", len(claimed))
		}
		if !known {
			return nil
		}
		var names []string
		for _, r := range claimed {
			names = append(names, r.Payment)
		}
		of := []storage.Cond{storage.Eq("merchant", merchant), storage.In("payment", names)}
		var payments []*storage.Payment
		var operations []*storage.Operation
		var attempts []*storage.Attempt
		return tx.Read(ctx, storage.Many(&payments, storage.Query{Where: of}), storage.Many(&operations, storage.Query{Where: of}),
			storage.Many(&attempts, storage.Query{Where: of}))
	})
}

// fill copies the one refund, its payment, attempt and operation.
func (d *database) fill(ctx context.Context, many int, due time.Time) error {
	series := fmt.Sprintf("(SELECT g FROM generate_series(1,%d) AS t(g)) s", many)
	if d.prefix == "assist_" {
		series = fmt.Sprintf("(WITH RECURSIVE c(g) AS (SELECT 1 UNION ALL SELECT g+1 FROM c WHERE g < %d) SELECT g FROM c) s", many)
	}
	payment := "CAST(5200000000000000+g AS text)"
	for _, c := range []struct {
		table *storage.Table
		other map[string]string
	}{
		{(&storage.Payment{}).Table(), map[string]string{"payment": payment}},
		{(&storage.Refund{}).Table(), map[string]string{"payment": payment, "billnumber": payment, "key": "'order-'||g||'-refund-1-copy'", "attempt": "attempt||g",
			"order_number": "'order-'||g", "next_at": fmt.Sprintf("%d+CAST(g AS bigint)*10000", due.UnixMicro())}},
		{(&storage.Attempt{}).Table(), map[string]string{"payment": payment, "intent_id": "intent_id||g", "refund": "refund+g"}},
	} {
		columns := c.table.Columns
		if c.table.Counted {
			columns = columns[1:]
		}
		values := make([]string, len(columns))
		for i, name := range columns {
			values[i] = name
			if text, ok := c.other[name]; ok {
				values[i] = text
			}
		}
		from := d.prefix + c.table.Name
		text := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s, %s", from, strings.Join(columns, ","), strings.Join(values, ","), from, series)
		if _, err := d.db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("filling %s: %w", c.table.Name, err)
		}
	}
	text := "ANALYZE"
	if d.prefix == "public." {
		text = "VACUUM ANALYZE"
	}
	_, err := d.db.ExecContext(ctx, text)
	return err
}
