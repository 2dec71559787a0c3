package assist

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist/internal/stopwatch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// after lists an operation some time from now.
func after(l *listing, op answerOperation, d time.Duration) { l.put(op, time.Now().Add(d)) }

func TestWaitUntilItSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		after(l, cancelled(), 10*time.Minute)
		began := time.Now()
		x, err := l.client(t).Wait(t.Context(), inProcess(t), time.Hour)
		require.NoError(t, err)
		assert.Equal(t, Succeeded, x.Status)
		took := time.Since(began)
		assert.GreaterOrEqual(t, took, 10*time.Minute)
		assert.Less(t, took, 16*time.Minute)
		assert.Equal(t, began, l.asked[0], "a resumed one is asked about at once")
		for i := 1; i < len(l.asked); i++ {
			pause := l.asked[i].Sub(l.asked[i-1])
			assert.GreaterOrEqual(t, pause, 30*time.Second, "pauses grow from about 30 s")
			assert.LessOrEqual(t, pause, 6*time.Minute)
		}
	})
}

func TestWaitAfterACancelPausesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		after(l, cancelled(), 0)
		x := inProcess(t)
		x.seenAt = time.Now()
		began := time.Now()
		_, err := l.client(t).Wait(t.Context(), x, time.Hour)
		require.NoError(t, err)
		assert.InDelta(t, 30, l.asked[0].Sub(began).Seconds(), 6.1)
	})
}

func TestWaitEndsDeclined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		after(l, coded("In Process", "AS300"), 0)
		time.AfterFunc(3*time.Hour, func() { after(l, coded("Declined", "AS102"), 0) })
		var seen []Observation
		x, err := l.client(t).Wait(t.Context(), inProcess(t), 24*time.Hour, Observe(func(o Observation) { seen = append(seen, o) }))
		assert.Nil(t, x)
		var declined *DeclinedError
		require.ErrorAs(t, err, &declined)
		assert.Equal(t, ResponseNoFunds, declined.ResponseCode)
		assert.Equal(t, Rejected, OutcomeOf(err))
		require.Equal(t, l.questions(), len(seen), "every question is observed")
		last := seen[len(seen)-1]
		assert.Equal(t, len(seen), last.Attempt)
		assert.Nil(t, last.Cancellation)
		assert.ErrorAs(t, last.Err, &declined)
		assert.Zero(t, last.Next)
		assert.Equal(t, InProcess, seen[0].Cancellation.Status)
		assert.NotZero(t, seen[0].Next)
	})
}

// requireStillInProcess wants what a wait gives that ended before the cancel:
// Assist has taken it, so there is nothing to resolve.
func requireStillInProcess(t *testing.T, x *Cancellation, err error) *WaitTimeoutError {
	t.Helper()
	var early *WaitTimeoutError
	require.ErrorAs(t, err, &early)
	assert.Equal(t, Accepted, OutcomeOf(err))
	require.NotNil(t, x)
	require.NotNil(t, early.Last)
	assert.Equal(t, InProcess, x.Status)
	assert.Equal(t, early.Last.Token(), x.Token())
	assert.NotSame(t, early.Last, x)
	x.Operations[0].Billnumber = "edited"
	assert.NotEqual(t, x.Operations[0].Billnumber, early.Last.Operations[0].Billnumber)
	return early
}

// 48 hours of a state that no table knows: time never makes a failure.
func TestWaitNeverFailsByTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		after(l, coded("Deferred", "AS300"), 0)
		var states []OperationState
		x, err := l.client(t).Wait(t.Context(), inProcess(t), 48*time.Hour, Observe(func(o Observation) {
			states = append(states, o.Cancellation.Operation.State)
		}))
		timeout := requireStillInProcess(t, x, err)
		assert.Equal(t, 48*time.Hour, timeout.Elapsed)
		assert.Equal(t, l.questions(), timeout.Attempts)
		assert.Greater(t, timeout.Attempts, 48*60/6)
		assert.Equal(t, InProcess, timeout.Last.Status)
		assert.Contains(t, err.Error(), timeout.Last.Token())
		assert.Equal(t, OperationState("Deferred"), states[0], "an unknown state is surfaced")
		assert.Equal(t, 48*time.Hour-lastQuestion, l.asked[len(l.asked)-1].Sub(l.asked[0]), "the last pause is fitted to the time left")

		after(l, cancelled(), 0)
		resumed, err := l.client(t).Resume(timeout.Last.Token())
		require.NoError(t, err)
		x, err = l.client(t).Wait(t.Context(), resumed, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, Succeeded, x.Status)
	})
}

func TestWaitIsSlowedByFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		header http.Header
		err    error
	}{
		{name: "network", err: errors.New("connection reset")},
		{name: "502 with HTML", status: 502, body: "<html>Bad Gateway</html>"},
		{name: "too frequent", status: 200, body: codesXML(5, 3)},
		{name: "internal error", status: 200, body: codesXML(2, 0)},
		{name: "order not found", status: 200, body: codesXML(10, 201)},
		{name: "too frequent by a code that would end it", status: 200, body: codesXML(7, 3)},
		{name: "too frequent, access denied", status: 200, body: codesXML(19, 3)},
		{name: "too frequent, and wait for a year", status: 200, body: codesXML(17, 3), header: http.Header{"Retry-After": {"31536000"}}},
		{name: "too long an interval", status: 200, body: codesXML(19, 4)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				after(l, cancelled(), 0)
				l.fail = func(n int) (int, string, http.Header, error) {
					if n <= 4 && time.Since(l.asked[0]) < time.Hour {
						return test.status, test.body, test.header, test.err
					}
					return 0, "", nil, nil
				}
				x, err := l.client(t).Wait(t.Context(), inProcess(t), 12*time.Hour)
				require.NoError(t, err)
				assert.Equal(t, Succeeded, x.Status)
				assert.GreaterOrEqual(t, l.questions(), 5)
			})
		})
	}
}

// "Too frequent" slows a wait whatever its pace, ever more, and no further than
// ten minutes; when it is over, the pace is as before.
func TestTooFrequentSlowsAWait(t *testing.T) {
	t.Parallel()
	for _, codes := range [][2]int{{17, 3}, {5, 3}, {7, 3}, {19, 3}} {
		t.Run(fmt.Sprint(codes), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				began := time.Now()
				after(l, cancelled(), 3*time.Hour+15*time.Minute)
				l.fail = func(int) (int, string, http.Header, error) {
					if time.Since(began) < 3*time.Hour {
						return 200, codesXML(codes[0], codes[1]), nil, nil
					}
					return 0, "", nil, nil
				}
				_, err := l.client(t).Wait(t.Context(), inProcess(t), 12*time.Hour, PollEvery(time.Second, time.Second))
				require.NoError(t, err)
				var pauses []time.Duration
				for i := 1; i < len(l.asked) && l.asked[i].Sub(began) < 3*time.Hour; i++ {
					pauses = append(pauses, l.asked[i].Sub(l.asked[i-1]))
				}
				assert.Equal(t, []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute}, pauses[:6])
				assert.LessOrEqual(t, slices.Max(pauses), 10*time.Minute)
				assert.Less(t, l.asked[len(l.asked)-1].Sub(l.asked[len(l.asked)-2]), 2*time.Second)
			})
		})
	}
}

func TestWaitEndsWhenItMayNotAsk(t *testing.T) {
	t.Parallel()
	for _, codes := range [][2]int{{7, 102}, {14, 200}, {19, 0}, {10, 100}} {
		t.Run(fmt.Sprint(codes), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{fail: func(int) (int, string, http.Header, error) { return 200, codesXML(codes[0], codes[1]), nil, nil }}
				x, err := l.client(t).Wait(t.Context(), inProcess(t), time.Hour)
				assert.Nil(t, x)
				var failed *FollowError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, Unknown, OutcomeOf(err), "it says nothing about the money")
				assert.Equal(t, 1, l.questions())
			})
		})
	}
}

func TestWaitHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	date := func(d time.Duration) func(time.Time) string {
		return func(server time.Time) string { return server.Add(d).UTC().Format(http.TimeFormat) }
	}
	text := func(s string) func(time.Time) string { return func(time.Time) string { return s } }
	for name, test := range map[string]struct {
		header   func(serverTime time.Time) string
		clock    time.Duration // of the server, ahead of ours
		noDate   bool
		min, max time.Duration // until the second question
	}{
		"seconds":                                {header: text("300"), min: 5 * time.Minute, max: 5 * time.Minute},
		"a date":                                 {header: date(5 * time.Minute), min: 5 * time.Minute, max: 5 * time.Minute},
		"a date of a server that is a day ahead": {header: date(5 * time.Minute), clock: 24 * time.Hour, min: 5 * time.Minute, max: 5 * time.Minute},
		"a date of a server that is a day late":  {header: date(5 * time.Minute), clock: -24 * time.Hour, min: 5 * time.Minute, max: 5 * time.Minute},
		"a date without a Date":                  {header: date(5 * time.Minute), noDate: true, max: time.Minute},
		"a date gone by":                         {header: date(-time.Hour), max: time.Minute},
		"a day":                                  {header: text("86400"), min: 10 * time.Minute, max: 10 * time.Minute},
		"a date in a year":                       {header: date(365 * 24 * time.Hour), min: 10 * time.Minute, max: 10 * time.Minute},
		"more than an integer holds":             {header: text("99999999999999999999"), min: 10 * time.Minute, max: 10 * time.Minute},
		"none":                                   {header: text("0"), max: time.Minute},
		"negative":                               {header: text("-300"), max: time.Minute},
		"a fraction":                             {header: text("300.5"), max: time.Minute},
		"words":                                  {header: text("in an hour"), max: time.Minute},
		"other digits":                           {header: text("\u0663\u0660\u0660"), max: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{clock: test.clock, noDate: test.noDate}
				after(l, cancelled(), 0)
				l.fail = func(n int) (int, string, http.Header, error) {
					if n == 1 {
						return 503, "", http.Header{"Retry-After": {test.header(time.Now().Add(test.clock))}}, nil
					}
					return 0, "", nil, nil
				}
				_, err := l.client(t).Wait(t.Context(), inProcess(t), time.Hour)
				require.NoError(t, err)
				require.Len(t, l.asked, 2)
				assert.GreaterOrEqual(t, l.asked[1].Sub(l.asked[0]), test.min)
				assert.LessOrEqual(t, l.asked[1].Sub(l.asked[0]), test.max)
			})
		})
	}
}

// A wish that reaches beyond the bound doesn't end the questions: the last one
// may show what became of the money.
func TestWaitAsksBeforeItsEndWhateverTheServerWishes(t *testing.T) {
	t.Parallel()
	for _, bound := range []time.Duration{10 * time.Second, time.Minute, 9 * time.Minute, time.Hour, 12 * time.Hour} {
		t.Run(bound.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				after(l, cancelled(), bound*2/3)
				l.fail = func(int) (int, string, http.Header, error) {
					if time.Since(l.asked[0]) < bound*2/3 {
						return 503, "<html/>", http.Header{"Retry-After": {"86400"}}, nil
					}
					return 0, "", nil, nil
				}
				x, err := l.client(t).Wait(t.Context(), inProcess(t), bound)
				require.NoError(t, err)
				assert.Equal(t, Succeeded, x.Status)
			})
		})
	}
}

func TestWaitHonoursItsContext(t *testing.T) {
	t.Parallel()
	shutdown := errors.New("the worker stops")
	for name, delay := range map[string]time.Duration{"in a pause": 0, "in a question": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{delay: delay}
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(10*time.Minute, func() { cancel(shutdown) })
				began := time.Now()
				x, err := l.client(t).Wait(ctx, inProcess(t), 24*time.Hour)
				require.ErrorIs(t, err, shutdown)
				require.ErrorIs(t, err, context.Canceled)
				requireStillInProcess(t, x, err)
				assert.Equal(t, 10*time.Minute, time.Since(began))
			})
		})
	}
}

func TestWaitsShareTheirQuestions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 100 * time.Millisecond}
		for i := 3; i < 103; i++ {
			after(l, numbered(fmt.Sprintf(".%d", i)), time.Hour)
		}
		c := l.client(t)
		var all sync.WaitGroup
		for i := 3; i < 103; i++ {
			all.Go(func() {
				x, err := c.Wait(t.Context(), inProcess(t, fmt.Sprintf(".%d", i)), 2*time.Hour, PollEvery(time.Minute, time.Minute))
				assert.NoError(t, err)
				assert.Equal(t, Succeeded, x.Status)
			})
		}
		all.Wait()
		// Pauses are a minute less up to a fifth, and the earliest asks for all.
		assert.LessOrEqual(t, l.questions(), 60*5/4+2)
		assert.GreaterOrEqual(t, l.questions(), 60)
		// Who comes while the first question is under way asks once more at once.
		for i := 2; i < len(l.asked); i++ {
			assert.GreaterOrEqual(t, l.asked[i].Sub(l.asked[i-1]), 48*time.Second)
		}
		assert.Zero(t, c.watches.Len(), "nothing is kept when nobody waits")
	})
}

// The one who asks for all may give up; another one asks then.
func TestWaitGoesOnWhenTheAskerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 30 * time.Second}
		after(l, cancelled(), 0)
		c := l.client(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := c.Wait(ctx, inProcess(t), time.Hour)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		synctest.Wait()
		began := time.Now()
		x, err := c.Wait(t.Context(), inProcess(t), time.Hour)
		require.NoError(t, err)
		assert.Equal(t, Succeeded, x.Status)
		assert.Equal(t, 31*time.Second, time.Since(began), "it asked as soon as the other one had left")
		all.Wait()
	})
}

// However small its bound, a wait asks once and takes the answer.
func TestShortWaits(t *testing.T) {
	t.Parallel()
	bounds := []time.Duration{-time.Hour, -1, 0, 1, time.Millisecond, time.Second, 3 * time.Second, 20 * time.Second}
	for _, bound := range bounds {
		for _, slow := range []time.Duration{0, time.Second, 9 * time.Second} {
			t.Run(fmt.Sprint(bound, " and an answer in ", slow), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := &listing{delay: slow}
					in := lostIntent(t, lookedFirst())
					after(l, cancelled(), 0)
					x, err := l.client(t).Wait(t.Context(), inProcess(t), bound)
					require.NoError(t, err)
					assert.Equal(t, Succeeded, x.Status)
					r, err := l.client(t).ResolveWait(t.Context(), in, bound)
					require.NoError(t, err)
					assert.Equal(t, Accepted, r.Outcome)
					assert.Equal(t, 2, l.questions())
				})
			})
		}
		t.Run(fmt.Sprint(bound, " and nothing to be seen"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				began := time.Now()
				x, err := l.client(t).Wait(t.Context(), inProcess(t), bound)
				requireStillInProcess(t, x, err)
				assert.Equal(t, max(bound, 0), time.Since(began), "what is over after the first answer ends then")
				began, l = time.Now(), &listing{}
				r, err := l.client(t).ResolveWait(t.Context(), lostIntent(t), bound)
				require.NoError(t, err)
				assert.Equal(t, Unknown, r.Outcome)
				assert.Equal(t, max(bound, 0), time.Since(began))
				assert.Positive(t, l.questions())
			})
		})
		t.Run(fmt.Sprint(bound, " and no answer"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{delay: 10 * time.Minute}
				began := time.Now()
				x, err := l.client(t).Wait(t.Context(), inProcess(t), bound, PollEvery(0, 0))
				requireStillInProcess(t, x, err)
				assert.Equal(t, max(bound, firstQuestion), time.Since(began), "the bound holds for a question too")
				r, err := l.client(t).ResolveWait(t.Context(), lostIntent(t), bound)
				assert.Nil(t, r)
				require.ErrorAs(t, err, new(*FollowError))
				assert.Equal(t, Unknown, OutcomeOf(err))
			})
		})
	}
	t.Run("a context that is over", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l := &listing{}
		x, err := l.client(t).Wait(ctx, inProcess(t), 0)
		requireStillInProcess(t, x, err)
		assert.Zero(t, l.questions())
	})
}

func TestPausesAreJittered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		_, err := l.client(t).Wait(t.Context(), inProcess(t), 10*time.Hour, PollEvery(time.Minute, time.Minute))
		require.Error(t, err)
		pauses := make(map[time.Duration]bool)
		for i := 1; i < len(l.asked)-1; i++ {
			pause := l.asked[i].Sub(l.asked[i-1])
			assert.GreaterOrEqual(t, pause, 48*time.Second)
			assert.LessOrEqual(t, pause, 72*time.Second)
			pauses[pause] = true
		}
		assert.Greater(t, len(pauses), 100, "no two waits fall into step")
	})
}

// A restart takes up thousands of cancellations at once; the server meets them a
// few at a time.
func TestFewQuestionsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asking, most := 0, 0
		c := mocked(t, roundTripper(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			asking++
			most = max(most, asking)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			asking--
			return nil, errors.New("busy")
		}))
		var all sync.WaitGroup
		for i := range 200 {
			x := inProcess(t)
			x.Intent.Request.Billnumber = Billnumber(fmt.Sprintf("57%014d", i))
			all.Go(func() { _, _ = c.Wait(t.Context(), x, time.Minute) })
		}
		all.Wait()
		assert.Equal(t, questionsAtOnce, most)
	})
}

func TestPollEveryHasAFloor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		_, err := l.client(t).Wait(t.Context(), inProcess(t), time.Minute, PollEvery(time.Nanosecond, time.Nanosecond), nil)
		require.Error(t, err)
		assert.LessOrEqual(t, l.questions(), 60)
		assert.Greater(t, l.questions(), 40)

		l = &listing{}
		_, err = l.client(t).Wait(t.Context(), inProcess(t), time.Minute, PollEvery(-time.Hour, -time.Hour))
		require.Error(t, err)
		assert.LessOrEqual(t, l.questions(), 60)
	})
}

// waitingCost has many cancellations waited for by one client, each asked about
// twice, and measures what one wait holds in the pause that follows.
func waitingCost(t *testing.T, waits int) (bytes, goroutines float64, questions int64) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			form := bodyOf(t, req)
			_, rest, _ := strings.Cut(form, "Ordernumber=n-")
			number, _, _ := strings.Cut(rest, "&")
			asked.Add(1)
			return answerOf(req, strings.ReplaceAll(strings.ReplaceAll(orderXML("5700027202722028", ""), "5700027202722028", number), "n-7", "n-"+number)), nil
		})
		c := mocked(t, transport, WithProtocol(Form(FormatXML)))
		resumed := make([]*Cancellation, waits)
		for i := range resumed {
			x := inProcess(t)
			payment := Billnumber(fmt.Sprintf("57%014d", i))
			x.Intent.Request.Billnumber, x.Intent.Request.OrderNumber = payment, "n-"+string(payment)
			x.Operation.Billnumber = payment + ".3"
			x.Operations[0] = x.Operation
			back, err := c.Resume(x.Token())
			assert.NoError(t, err)
			resumed[i] = back
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		before, running := held(), runtime.NumGoroutine()
		for _, x := range resumed {
			all.Go(func() {
				_, err := c.Wait(ctx, x, 48*time.Hour)
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
		time.Sleep(70 * time.Second)
		synctest.Wait()
		bytes = float64(held()-before) / float64(waits)
		goroutines = float64(runtime.NumGoroutine()-running) / float64(waits)
		questions = asked.Load()
		cancel()
		all.Wait()
	})
	return bytes, goroutines, questions
}

// held is what heap and stacks hold after a collection. Two of them let the
// stacks shrink that a question has grown.
func held() int64 {
	var m runtime.MemStats
	for range 6 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

var waits = flag.Int("waits", 2000, "how many cancellations TestCostOfWaiting waits for at once")

// It is not parallel: it measures the memory of the process.
func TestCostOfWaiting(t *testing.T) {
	if stopwatch.Slowdown > 1 {
		t.Skip("the race detector's own memory would be measured")
	}
	bytes, goroutines, questions := waitingCost(t, *waits)
	t.Logf("%d waits: %.0f bytes and %.3f goroutines each, %d questions", *waits, bytes, goroutines, questions)
	assert.LessOrEqual(t, bytes, 8192.0)
	assert.LessOrEqual(t, goroutines, 1.001)
	assert.InDelta(t, 2**waits, questions, float64(*waits)/2, "one question per order and interval")
}

// A wait that asks for another spelling of the order number, or around another
// date, finds nothing. The waits that ask rightly go on at their own pace.
func TestHopelessWaitsStarveNobody(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Intent){
		"another order number":         func(in *Intent) { in.Request.OrderNumber = "n-8" },
		"a space behind the number":    func(in *Intent) { in.Request.OrderNumber = "n-7 " },
		"a date that hides it":         func(in *Intent) { in.Request.OrderDate = time.Now().AddDate(-3, 0, 0) },
		"without a date":               func(in *Intent) { in.Request.OrderDate = time.Time{} },
		"an extended number of a part": func(in *Intent) { in.Request.Billnumber += ".1"; in.Request.OrderNumber = "n-8" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				after(l, cancelled(), time.Minute)
				good, bad := inProcess(t), lostIntent(t)
				spoil(&bad)
				rightStart := time.Now().Add(-2 * 24 * time.Hour)
				c := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					form, err := url.ParseQuery(bodyOf(t, req))
					require.NoError(t, err)
					if form.Get("Ordernumber") != "n-7" || formTime(form, "Start", time.Time{}).Before(rightStart) {
						return answerOf(req, codesXML(10, 201)), nil
					}
					return answerOf(req, l.xml()), nil
				}), WithProtocol(Form(FormatXML)))
				var all sync.WaitGroup
				ctx, cancel := context.WithCancel(t.Context())
				for range 50 {
					all.Go(func() { _, _ = c.ResolveWait(ctx, bad, time.Hour, PollEvery(time.Second, time.Second)) })
				}
				synctest.Wait()
				x, err := c.Wait(t.Context(), good, 15*time.Minute)
				require.NoError(t, err)
				assert.Equal(t, Succeeded, x.Status)
				cancel()
				all.Wait()
				assert.Zero(t, c.watches.Len())
			})
		})
	}
}

// Each of the waits that share an answer owns what it is given. With -race, a
// shared order shows as a race; without it, as an edit that another one sees.
func TestWaitsShareNoOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 300 * time.Millisecond}
		in := lostIntent(t, lookedFirst())
		after(l, cancelled(), 0)
		c := l.client(t)
		edit := func(o *Order) {
			o.Customer, o.Number = Customer{}, "edited"
			for i := range o.Operations {
				assert.NotEqual(t, Billnumber("edited"), o.Operations[i].Billnumber)
				o.Operations[i].Billnumber = "edited"
			}
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				r, err := c.ResolveWait(t.Context(), in, time.Minute)
				require.NoError(t, err)
				require.Equal(t, Accepted, r.Outcome)
				edit(r.Order)
				x, err := c.Wait(t.Context(), inProcess(t), time.Minute, Observe(func(o Observation) { edit(&o.Cancellation.Order) }))
				require.NoError(t, err)
				edit(&x.Order)
			})
		}
		all.Wait()
		assert.Less(t, l.questions(), 10)
	})
}

// An observer that edits what it is shown, or a caller that edits what it has
// given, changes nothing of what is waited for.
func TestObserversEditACopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{fail: func(n int) (int, string, http.Header, error) {
			if n == 1 {
				return 502, "", nil, nil
			}
			return 0, "", nil, nil
		}}
		after(l, cancelled(), time.Hour)
		x := inProcess(t)
		done, err := l.client(t).Wait(t.Context(), x, 2*time.Hour, Observe(func(o Observation) {
			o.Cancellation.Operations[0].Billnumber = "5700027202722028.9"
			x.Operations[0].Billnumber = "5700027202722028.9"
		}))
		require.NoError(t, err)
		assert.Equal(t, Succeeded, done.Status)
		assert.Equal(t, Billnumber("5700027202722028.3"), done.Operations[0].Billnumber)
	})
}

// An observer that panics costs nobody the result.
func TestObserversThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		after(l, cancelled(), time.Minute)
		broken := Observe(func(Observation) { panic("a broken display") })
		x, err := l.client(t).Wait(t.Context(), inProcess(t), time.Hour, broken)
		require.NoError(t, err)
		assert.Equal(t, Succeeded, x.Status)
		r, err := l.client(t).ResolveWait(t.Context(), lostIntent(t), 0, broken)
		require.NoError(t, err)
		assert.NotNil(t, r)
	})
}

// What was asked before a wait came may not show yet what it waits for.
func TestAnswersAreForThoseWhoWereThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 10 * time.Second}
		c := l.client(t)
		var all sync.WaitGroup
		all.Go(func() { _, _ = c.ResolveWait(t.Context(), lostIntent(t), 0) })
		time.Sleep(time.Second)
		seen := 0
		r, err := c.ResolveWait(t.Context(), lostIntent(t), time.Minute, PollEvery(time.Hour, time.Hour), Observe(func(Observation) {
			if seen++; seen == 1 {
				assert.Equal(t, 2, l.questions(), "the first answer it sees is that of a question that began after it came")
			}
		}))
		require.NoError(t, err)
		assert.Equal(t, Unknown, r.Outcome)
		assert.Positive(t, seen)
		all.Wait()
	})
}

// An asker whose own time is over tells the others nothing.
func TestAnAskersOwnEndIsNotShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 2 * time.Second}
		after(l, cancelled(), 0)
		c := l.client(t)
		var all sync.WaitGroup
		x := inProcess(t)
		x.seenAt = time.Now()
		all.Go(func() {
			_, err := c.Wait(t.Context(), x, time.Hour, Observe(func(o Observation) { assert.NoError(t, o.Err) }))
			assert.NoError(t, err)
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Wait(ctx, inProcess(t), time.Hour)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		all.Wait()
		assert.Equal(t, 2, l.questions())
	})
}
