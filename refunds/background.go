package refunds

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// ReconcileEvery asks for results by date in the background, one process for
// each merchant: it feeds the day balance, and finds cancels whose answers were
// lost. The default is never; less than ten minutes is refused.
func ReconcileEvery(d time.Duration) CarrierOption {
	return func(c *carrying) error {
		if d < askEvery {
			return &InvalidError{Field: "ReconcileEvery", Reason: "must be ten minutes or more"}
		}
		c.reconcileEvery = d
		return nil
	}
}

// A merchant whose Assist doesn't answer holds up none of the others: so many are
// asked for at once, and a question takes so long at most.
const (
	reconcilers  = 8
	questionTime = 3 * time.Minute
)

// reconcileDue asks for what is new since the last time, where it is time.
func (c *Carrier) reconcileDue(ctx context.Context) error {
	due, err := c.toReconcile(ctx)
	all := []error{err}
	var mu sync.Mutex
	var asking sync.WaitGroup
	slots := make(chan struct{}, reconcilers)
	for _, m := range due {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			err := guarded(func() error { return c.background(ctx, m) }) // one client's panic isn't the others'
			mu.Lock()
			defer mu.Unlock()
			all = append(all, err)
		})
	}
	asking.Wait()
	return errors.Join(all...)
}

// toReconcile gives the merchants whose turn it is.
func (c *Carrier) toReconcile(ctx context.Context) (due []*storage.Merchant, err error) {
	if c.reconcileEvery == 0 {
		return nil, nil
	}
	var asks []storage.Ask
	var all []*storage.Merchant
	for _, id := range c.merchants {
		m := &storage.Merchant{Merchant: id}
		all, asks = append(all, m), append(asks, storage.One(m, storage.NoLock, nil))
	}
	if err := c.book.store.View(ctx, func(tx storage.Tx) error { return tx.Read(ctx, asks...) }); err != nil {
		return nil, err
	}
	until := micros(c.book.now().Add(-c.reconcileEvery))
	for _, m := range all {
		if m.Paused == 0 && m.Reconciled <= until && c.clients[m.Merchant].compare(*m) == nil {
			due = append(due, m)
		}
	}
	return due, nil
}

func (c *Carrier) background(ctx context.Context, m *storage.Merchant) error {
	now, merchantID := c.book.now(), m.Merchant
	from := moscow.DayOf(now).Start()
	if last := instant(m.Reconciled).Add(-time.Hour); last.Before(from) { // the end of the day before, too
		from = now.Add(-24 * time.Hour)
	}
	rows, asked, err := c.results(ctx, merchantID, from.Truncate(time.Minute), now.Truncate(time.Minute))
	if err != nil || !asked {
		return err
	}
	r := &Report{}
	for _, row := range rows {
		if err := c.compare(ctx, merchantID, row, r); err != nil {
			return err
		}
	}
	if len(r.Strange)+len(r.Differing) > 0 {
		c.book.log.WarnContext(ctx, "refunds: reconciling", "merchant", merchantID, "strange", len(r.Strange), "differing", len(r.Differing))
	}
	return c.book.merchant(ctx, merchantID, func(tx storage.Tx, m *storage.Merchant) error {
		m.Reconciled = max(m.Reconciled, micros(now))
		return tx.Save(ctx, m)
	})
}
