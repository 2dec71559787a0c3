package storetest

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/require"
)

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Carry measures refunds from being stored to being done, the simulated Assist
// in the same process included.
func Carry(b *testing.B, open Open) {
	w := NewWorld(b, open(b))
	ids := make([]refunds.ID, b.N)
	for i := range ids {
		ids[i] = w.Enqueue(w.Of(w.Pay(), "10.00"))
	}
	c := w.Carrier(refunds.Workers(16))
	began := cpu()
	b.ResetTimer()
	w.Step(c)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/(cpu()-began).Seconds(), "refunds/cpu-s")
	for _, id := range ids {
		require.Equal(b, refunds.Done, w.Get(id).State)
	}
}

// Ticks measures looking for what is due beside many open refunds.
func Ticks(b *testing.B, open Open) {
	const many = 100_000
	w := NewWorld(b, open(b))
	o := w.Pay()
	first := w.Enqueue(w.Of(o, "10.00"))
	fill(b, w, first, many)
	c := w.Carrier(refunds.Workers(100))
	b.Run(fmt.Sprintf("idle beside %d", many), func(b *testing.B) {
		for b.Loop() {
			claim(b, w, w.Now().Add(-time.Hour))
		}
	})
	b.Run(fmt.Sprintf("claim 100 of %d", many), func(b *testing.B) {
		for b.Loop() {
			claim(b, w, w.Now().Add(48*time.Hour))
		}
	})
	_ = c
}

func claim(b *testing.B, w *World, now time.Time) {
	require.NoError(b, w.Store.Update(b.Context(), func(tx storage.Tx) error {
		m := storage.Merchant{Merchant: w.Merchant()}
		if _, err := tx.Get(b.Context(), &m, storage.NoLock); err != nil {
			return err
		}
		_, err := tx.Claim(b.Context(), storage.Claim{Merchant: w.Merchant(), States: []int64{1, 2, 3}, Now: now.UnixMicro(),
			Until: now.Add(time.Hour).UnixMicro(), Limit: 100})
		return err
	}))
}

func fill(b *testing.B, w *World, like refunds.ID, n int) {
	require.NoError(b, w.Store.Update(b.Context(), func(tx storage.Tx) error {
		r := &storage.Refund{ID: int64(like)}
		if _, err := tx.Get(b.Context(), r, storage.NoLock); err != nil {
			return err
		}
		for i := range n {
			one := *r
			one.ID, one.Key, one.NextAt = 0, fmt.Sprint("fill", i), w.Now().Add(24*time.Hour).UnixMicro()+int64(i)
			if _, err := tx.Insert(b.Context(), &one); err != nil {
				return err
			}
		}
		return nil
	}))
}
