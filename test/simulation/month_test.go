package simulation

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What a shop's turnover allows goes back within the month, through the Moscow
// days and the changes of their length.
func TestAMonthOfWallets(t *testing.T) {
	t.Parallel()
	first, n := *firstSeed, monthsByDefault
	if *oneSeed != 0 {
		first, n = *oneSeed, 1
	}
	var owed, returned, bans, balances atomic.Int64
	var longest atomic.Int64
	for i := range n {
		synctest.Test(t, func(t *testing.T) {
			m := PlanMonth(first + uint64(i)).Play()
			for _, f := range m.Findings {
				t.Errorf("%v\nreplay it: go test ./test/simulation -run TestAMonthOfWallets -seed %d", f, f.Seed)
			}
			owed.Add(int64(m.Owed))
			returned.Add(int64(m.Returned))
			bans.Add(int64(m.Bans))
			balances.Add(int64(m.Balances))
			longest.Store(max(longest.Load(), int64(m.Longest)))
		})
	}
	t.Logf("%d refunds owed, %d went back, at the latest after %v; %d times kept by a ban, %d times by the day balance",
		owed.Load(), returned.Load(), time.Duration(longest.Load()).Round(time.Minute), bans.Load(), balances.Load())
	if bans.Load() == 0 || balances.Load() == 0 {
		t.Error("no refund had to wait: the months prove nothing")
	}
}
