package refunds

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func seeds(tb testing.TB, usual int) int {
	if text := os.Getenv("ASSIST_REFUND_SEEDS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(tb, err)
		return n
	}
	if testing.Short() {
		return usual / 10
	}
	return usual
}

// playTime is how long seeds are played, where that is set instead of their
// number: ASSIST_REFUND_TIME=60s.
func playTime(tb testing.TB) time.Duration {
	text := os.Getenv("ASSIST_REFUND_TIME")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	require.NoError(tb, err)
	return d
}

// first is the seed to begin with: ASSIST_REFUND_SEED plays that one alone,
// unless ASSIST_REFUND_SEEDS or ASSIST_REFUND_TIME say how many.
func first(tb testing.TB) (seed uint64, alone bool) {
	text := os.Getenv("ASSIST_REFUND_SEED")
	if text == "" {
		return 1, false
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	require.NoError(tb, err)
	return seed, os.Getenv("ASSIST_REFUND_SEEDS") == "" && os.Getenv("ASSIST_REFUND_TIME") == ""
}

// played counts over all seeds.
type played struct {
	sync.Mutex
	seeds, kills, lies, refunds int
	states                      map[State]int
}

func (c *played) add(tb testing.TB, w *world) {
	c.Lock()
	defer c.Unlock()
	c.seeds++
	c.kills += w.kills
	c.lies += w.lies
	c.refunds += len(w.owed)
	for id := range w.owed {
		rec, err := w.operate.Get(context.Background(), id)
		require.NoError(tb, err)
		c.states[rec.State]++
	}
}

// TestSimulation plays seeds on all cores:
//
//	go test -run 'TestSimulation$' .                          # 60 of them
//	ASSIST_REFUND_TIME=60s go test -run 'TestSimulation$' -v .  # for a minute
//	ASSIST_REFUND_SEED=5000 ASSIST_REFUND_SEEDS=100000 go test -run 'TestSimulation$' -v -timeout 0 .
//	ASSIST_REFUND_SEED=17 go test -run 'TestSimulation$' -v .  # that one again
func TestSimulation(t *testing.T) {
	t.Parallel()
	from, alone := first(t)
	n := seeds(t, 60)
	if alone {
		n = 1
	}
	d := playTime(t)
	end := time.Now().Add(d)
	total := &played{states: map[State]int{}}
	var next atomic.Uint64
	next.Store(from)
	var cores sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		cores.Go(func() {
			for !t.Failed() {
				seed := next.Add(1) - 1
				if d > 0 && time.Now().After(end) || d == 0 && seed >= from+uint64(n) {
					return
				}
				wrong, w := simulate(t, seed, noHabit, memstore.New())
				assert.Empty(t, wrong, "ASSIST_REFUND_SEED=%d, %s", seed, w)
				total.add(t, w)
			}
		})
	}
	cores.Wait()
	t.Logf("%d seeds from %d, %d refunds, %d kills, %d commits with an error, %v", total.seeds, from, total.refunds, total.kills, total.lies, total.states)
}

// The same seeds, fewer, on SQLite.
func TestSimulationOnSQLite(t *testing.T) {
	t.Parallel()
	from, _ := first(t)
	n := uint64(10)
	if testing.Short() {
		n = 1
	}
	for seed := from; seed < from+n; seed++ {
		s, err := sqlite.Open(filepath.Join(t.TempDir(), "refunds.db"))
		require.NoError(t, err)
		require.NoError(t, s.Migrate(t.Context()))
		wrong, w := simulate(t, seed, noHabit, s)
		assert.Empty(t, wrong, "ASSIST_REFUND_SEED=%d, %s", seed, w)
		require.NoError(t, s.Close())
	}
}
