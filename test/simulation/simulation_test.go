package simulation

import (
	"flag"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist"
)

var (
	seedCount = flag.Int("seeds", 0, "how many seeds TestSeeds plays; 0: a few thousand")
	firstSeed = flag.Uint64("first", 1, "the first of them")
	untilOne  = flag.Bool("until", false, "stop at the first finding")
	oneSeed   = flag.Uint64("seed", 0, "play this seed alone")
)

// A scenario leaves nothing behind, so collecting its garbage rarely is cheaper.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

// bubble is how many scenarios share a bubble of testing/synctest.
const bubble = 50

// play runs seeds in bubbles, on all processors.
func play(t *testing.T, first uint64, n int, change func(*Scenario)) *Result {
	t.Helper()
	var (
		total Result
		mu    sync.Mutex
		next  atomic.Int64
	)
	t.Run("bubbles", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for {
					from := int(next.Add(bubble)) - bubble
					mu.Lock()
					enough := *untilOne && len(total.Findings) > 0
					mu.Unlock()
					if from >= n || enough {
						return
					}
					synctest.Test(t, func(*testing.T) {
						for i := from; i < min(from+bubble, n); i++ {
							s := Plan(first + uint64(i))
							if change != nil {
								change(s)
							}
							result := Run(s, nil)
							mu.Lock()
							total.add(result)
							mu.Unlock()
						}
					})
				}
			})
		}
	})
	return &total
}

func TestSeeds(t *testing.T) {
	if *oneSeed != 0 {
		synctest.Test(t, func(t *testing.T) {
			result := Run(Plan(*oneSeed), func(line string) { t.Log(line) })
			for _, f := range result.Findings {
				t.Error(f)
			}
		})
		return
	}
	n := *seedCount
	if n == 0 {
		n = seedsByDefault
	}
	start := time.Now()
	total := play(t, *firstSeed, n, nil)
	t.Logf("%s\n%v, %.0f seeds a second", total.Report(), time.Since(start).Round(time.Second/10), float64(n)/time.Since(start).Seconds())
	complain(t, total)
	// A run in which hardly anything happened would prove nothing.
	for kind := noConnection; n >= seedsByDefault && kind < faults; kind++ {
		if total.Faults[kind] == 0 && kind != requestRepeated {
			t.Errorf("no seed met %q", kind)
		}
	}
}

func complain(t *testing.T, total *Result) {
	t.Helper()
	const enough = 10
	for i, f := range total.Findings {
		if i == enough {
			seeds := make(map[uint64]bool)
			for _, f := range total.Findings {
				seeds[f.Seed] = true
			}
			t.Errorf("and %d more; the seeds are %v", len(total.Findings)-enough, slices.Sorted(maps.Keys(seeds)))
			break
		}
		t.Errorf("%v\nreplay it: go test ./test/simulation -run TestSeeds -seed %d -v", f, f.Seed)
	}
}

// A seed is always the same scenario: in another bubble, beside others, at
// another time.
func TestASeedIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	traces := func(first, n uint64) map[uint64]uint64 {
		all := make(map[uint64]uint64)
		synctest.Test(t, func(*testing.T) {
			for seed := first; seed < first+n; seed++ {
				all[seed] = Run(Plan(seed), nil).trace
			}
		})
		return all
	}
	const n = seedsByDefault / 20
	once, again := traces(1, n), traces(n/2, n/2)
	for seed, trace := range again {
		if once[seed] != trace {
			t.Errorf("seed %d went another way", seed)
		}
	}
}

// Every bad habit must be caught by the rule that it breaks.
func TestBadHabits(t *testing.T) {
	t.Parallel()
	caughtBy := map[Habit]string{
		Naive: ruleRefundOnce, ResendsUnknown: ruleRefundOnce, TakesUnknownForFailure: ruleRefusal,
		TakesInProcessForSuccess: ruleSuccess, GoesByOrderState: ruleRefusal, TakesUnseenForFailure: ruleRefusal,
		SavesNoIntent: ruleRefundOnce, HasNoArbiter: ruleRefundOnce, RetriesInTransport: ruleRefundOnce,
	}
	for _, h := range BadHabits() {
		t.Run(h.String(), func(t *testing.T) {
			total := play(t, 1, perHabit, func(s *Scenario) { s.Habit = h })
			inScenarios := make(map[string]int)
			counted := make(map[Finding]bool)
			for _, f := range total.Findings {
				if once := (Finding{Seed: f.Seed, Rule: f.Rule}); !counted[once] {
					counted[once] = true
					inScenarios[f.Rule]++
				}
			}
			if inScenarios[caughtBy[h]] == 0 {
				t.Errorf("not caught: %v", inScenarios)
			}
			t.Logf("%v: in how many of %d scenarios: %v", h, total.Seeds, inScenarios)
		})
	}
}

// A process that was killed with forty cancels in the air, and more, is told of
// them when it starts: it lets no second one through, and finds out about each.
func TestRestartWithFortyOpenIntents(t *testing.T) {
	t.Parallel()
	const forty = 40
	total := play(t, 1, perRestart, func(s *Scenario) { s.restarts(forty + 10) })
	for _, f := range total.Findings {
		t.Error(f)
	}
	if total.MostOpen < forty {
		t.Errorf("at most %d intents were open at a restart", total.MostOpen)
	}
	t.Logf("%d intents open at a restart; %d cancels sent of %d refunds; ends %v", total.MostOpen, total.Cancels, total.Refunds, total.Ends)
}

// A network that repeats requests can only be held by an external refund id.
func TestRepeatedRequests(t *testing.T) {
	t.Parallel()
	const n = 4 * perHabit
	for name, ids := range map[string]refundIDs{"with refund ids": allRefundIDs, "without": noRefundIDs} {
		t.Run(name, func(t *testing.T) {
			total := play(t, 1, n, func(s *Scenario) {
				s.Repeating, s.RefundIDs = true, ids
				for i := range s.merchants {
					if !takesRefundIDs(s.merchants[i].protocol) {
						s.merchants[i].protocol = assist.SOAP
					}
				}
			})
			if ids == allRefundIDs {
				complain(t, total)
				return
			}
			twice := 0
			for _, f := range total.Findings {
				if f.Rule == ruleOnce {
					twice++
				}
			}
			if twice == 0 {
				t.Error("nothing was paid twice: the network repeats nothing")
			}
			t.Logf("%d cancels repeated, %d performed twice", total.Faults[requestRepeated], twice)
		})
	}
}
