package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
)

// resultsServer answers results by date from a list of rows, and notes when it
// was asked and for what.
type resultsServer struct {
	mu        sync.Mutex
	asked     []time.Time
	windows   []string
	rows      string
	fails     bool
	takes     time.Duration
	lingers   time.Duration                   // after the request was given up
	atMost    time.Duration                   // of a period; a longer one is refused as too long
	byPeriod  func(from, to time.Time) string // the rows, in the place of rows
	panics    any
	cancelled int
}

func (s *resultsServer) RoundTrip(req *http.Request) (*http.Response, error) {
	form, err := formOf(req)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, time.Now())
	s.windows = append(s.windows, strings.Join(momentOf(form, "Start"), "-")+" to "+strings.Join(momentOf(form, "End"), "-"))
	rows, fails, takes, lingers, panics := s.rows, s.fails, s.takes, s.lingers, s.panics
	if s.byPeriod != nil {
		rows = s.byPeriod(momentAt(form, "Start"), momentAt(form, "End"))
	}
	tooLong := s.atMost > 0 && momentAt(form, "End").Sub(momentAt(form, "Start")) > s.atMost
	s.mu.Unlock()
	if panics != nil {
		panic(panics)
	}
	if tooLong {
		return httpmock.NewStringResponse(http.StatusOK, codesXML(5, 4)), nil
	}
	select {
	case <-time.After(takes):
	case <-req.Context().Done():
		time.Sleep(lingers)
		s.set(func(s *resultsServer) { s.cancelled++ })
		return nil, req.Context().Err()
	}
	if fails {
		return nil, errors.New("no route")
	}
	return httpmock.NewStringResponse(http.StatusOK, fmt.Sprintf(
		`<?xml version="1.0"?><result firstcode="0" secondcode="0" count="%d">%s</result>`, strings.Count(rows, "<payment>"), rows)), nil
}

func (s *resultsServer) set(change func(*resultsServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *resultsServer) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// row is one operation as results by date tell it.
func row(billnumber, kind, amount, code string, at time.Time) string {
	return fmt.Sprintf(`<payment><ordernumber>n-7</ordernumber><billnumber>%s</billnumber><orderstate>Approved</orderstate><orderamount>%s</orderamount>`+
		`<ordercurrency>RUB</ordercurrency><amount>%s</amount><currency>RUB</currency><meantype_id>36</meantype_id><responsecode>%s</responsecode>`+
		`<operationtype>%s</operationtype><operationdate>%s</operationdate></payment>`,
		billnumber, amount, amount, code, kind, at.UTC().Format("02.01.2006 15:04:05"))
}

func fromResults(t testing.TB, server *resultsServer, rates Rates, opts ...assist.Option) *ResultsBalance {
	t.Helper()
	r, err := FromResults(askingBy(t, server, opts...), rates)
	require.NoError(t, err)
	return r
}

// until moves virtual time to an instant.
func until(t testing.TB, text string) time.Time {
	t.Helper()
	at := utc(t, text)
	time.Sleep(time.Until(at))
	return at
}

func TestFromResults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, noon := t.Context(), until(t, "2026-03-03 12:00:30")
		server := &resultsServer{rows: row("5700027202722028.1", "100", "100.00", "AS000", noon.Add(-time.Hour)) +
			row("5700027202722028.1", "100", "100.00", "AS000", noon.Add(-time.Hour)) +
			row("5700027202722029.1", "100", "50.00", "AS102", noon) +
			row("5700027202722028.2", "300", "10.00", "AS300", noon) +
			row("5700027202722028.3", "300", "20.00", "AS100", noon)}
		r := fromResults(t, server, Rates{assist.QIWI: 35_000})

		b := r.Balance(assist.QIWI, "RUB", time.Now())
		assert.True(t, b.Stale, "nothing has been asked yet")
		assert.Zero(t, b.AsOf)
		require.NoError(t, r.Refresh(ctx))
		b = r.Balance(assist.QIWI, "RUB", time.Now())
		assert.Equal(t, "100.00 3.50 10.00 0.00 86.50", figures(b))
		assert.Equal(t, utc(t, "2026-03-03 12:00:00"), b.AsOf.UTC())
		assert.False(t, b.Stale)
		assert.Equal(t, []string{"2026-3-2-21-0 to 2026-3-3-12-0"}, server.windows, "the Moscow day so far, in GMT")

		require.NoError(t, r.Reserve(ctx, "a", assist.QIWI, rub(t, "86.50"), time.Now()))
		err := r.Reserve(ctx, "b", assist.QIWI, rub(t, "0.01"), time.Now())
		rule := broken(t, err)
		assert.False(t, rule.Stale)
		assert.Equal(t, utc(t, "2026-03-03 12:00:00"), rule.AsOf.UTC())

		require.NoError(t, r.Paid("5700027202722030.1", assist.QIWI, rub(t, "10.00"), time.Now()), "heard of between two questions")
		require.NoError(t, r.Reserve(ctx, "b", assist.QIWI, rub(t, "9.65"), time.Now()))
		require.NoError(t, r.Settle(ctx, "b", true))
		require.NoError(t, r.Settle(ctx, "a", false))
		require.NoError(t, r.Hold("c", assist.QIWI, rub(t, "1.00"), time.Now()))
		assert.Equal(t, "110.00 3.85 19.65 1.00 85.50", figures(r.Balance(assist.QIWI, "RUB", time.Now())))
		assert.Equal(t, 1, server.questions())
	})
}

// "One request per 10 minutes" (protocol §5), whoever asks.
func TestResultsAreNeverAskedMoreOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		until(t, "2026-03-03 12:00:00")
		server := &resultsServer{takes: 7 * time.Second}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		stop := time.Now().Add(2 * time.Hour)
		var callers sync.WaitGroup
		for n := range 20 {
			callers.Go(func() {
				for i := 0; time.Now().Before(stop); i++ {
					if n%2 == 0 {
						assert.NoError(t, r.Refresh(ctx))
					} else {
						assert.ErrorIs(t, r.Reserve(ctx, fmt.Sprint(n, "-", i), assist.QIWI, rub(t, "1.00"), time.Now()), assist.ErrDayBalance)
					}
					time.Sleep(time.Duration(n+1) * 13 * time.Second)
				}
			})
		}
		callers.Wait()
		assert.Len(t, server.asked, 12)
		for i := 1; i < len(server.asked); i++ {
			assert.GreaterOrEqual(t, server.asked[i].Sub(server.asked[i-1]), 10*time.Minute)
		}
	})
}

func TestResultsThatFailAreStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, noon := t.Context(), until(t, "2026-03-03 12:00:00")
		server := &resultsServer{fails: true, rows: row("5700027202722028.1", "100", "1.00", "AS000", noon)}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		err := r.Reserve(ctx, "a", assist.QIWI, rub(t, "0.50"), time.Now())
		rule := broken(t, err)
		assert.True(t, rule.Stale, "the question failed, and the refusal says so")
		assert.Zero(t, rule.AsOf)
		assert.Contains(t, rule.Error(), "not known yet")
		require.ErrorContains(t, r.Refresh(ctx), "no route", "no question so soon, so the last one's error stands")
		assert.Equal(t, 1, server.questions(), "a question that failed may have arrived")

		server.set(func(s *resultsServer) { s.fails = false })
		time.Sleep(10 * time.Minute)
		require.NoError(t, r.Reserve(ctx, "a", assist.QIWI, rub(t, "0.50"), time.Now()))
		server.set(func(s *resultsServer) { s.fails = true })
		time.Sleep(11 * time.Minute)
		rule = broken(t, r.Reserve(ctx, "b", assist.QIWI, rub(t, "0.60"), time.Now()))
		assert.True(t, rule.Stale)
		assert.Equal(t, utc(t, "2026-03-03 12:10:00"), rule.AsOf.UTC())
		assert.Contains(t, rule.Error(), "as of 3 March 2026, 15:10")

		server.set(func(s *resultsServer) { s.fails = false })
		time.Sleep(10 * time.Minute)
		require.NoError(t, r.Refresh(ctx))
		time.Sleep(14 * time.Minute)
		assert.False(t, r.Balance(assist.QIWI, "RUB", time.Now()).Stale)
		time.Sleep(2 * time.Minute)
		assert.True(t, r.Balance(assist.QIWI, "RUB", time.Now()).Stale, "nobody has asked for a quarter of an hour")
	})
}

// The day of 26 October 2014 had 25 hours: more than one question may ask for.
func TestResultsOfADayOf25Hours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Virtual time begins in the year 2000.
		ctx, late := t.Context(), until(t, "2014-10-26 20:30:00")
		server := &resultsServer{}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		server.set(func(s *resultsServer) {
			s.rows = row("5700027202722028.1", "100", "1.00", "AS000", late.Add(-9*time.Hour))
		})
		require.NoError(t, r.Refresh(ctx))
		b := r.Balance(assist.QIWI, "RUB", time.Now())
		assert.Equal(t, rub(t, "1.00"), b.Available)
		assert.Equal(t, utc(t, "2014-10-26 20:00:00"), b.AsOf.UTC(), "the last hour is not known yet")

		time.Sleep(10 * time.Minute)
		server.set(func(s *resultsServer) { s.rows = row("5700027202722029.1", "100", "2.00", "AS000", late) })
		require.NoError(t, r.Refresh(ctx))
		b = r.Balance(assist.QIWI, "RUB", time.Now())
		assert.Equal(t, rub(t, "3.00"), b.Available)
		assert.Equal(t, late, b.AsOf.UTC())
		assert.False(t, b.Stale)
		assert.Equal(t, []string{"2014-10-25-20-0 to 2014-10-26-20-0", "2014-10-26-20-0 to 2014-10-26-20-40"}, server.windows)

		time.Sleep(10 * time.Minute)
		server.set(func(s *resultsServer) { s.rows = "" })
		require.NoError(t, r.Refresh(ctx))
		assert.Equal(t, server.windows[0], server.windows[2], "the older of the two comes next")
		time.Sleep(8 * time.Minute)
		b = r.Balance(assist.QIWI, "RUB", time.Now())
		assert.Equal(t, utc(t, "2014-10-26 20:40:00"), b.AsOf.UTC())
		assert.False(t, b.Stale, "two windows take turns, so each is asked every twenty minutes")

		until(t, "2014-10-26 21:00:30")
		b = r.Balance(assist.QIWI, "RUB", time.Now())
		assert.Equal(t, "0.00 0.00 0.00 0.00 0.00", figures(b), "a new day")
		assert.Equal(t, utc(t, "2014-10-26 21:00:00"), b.AsOf.UTC(), "in its first minute there is nothing to ask for")
		assert.False(t, b.Stale)
		time.Sleep(15 * time.Minute)
		require.NoError(t, r.Refresh(ctx))
		assert.Equal(t, "2014-10-26-21-0 to 2014-10-26-21-15", server.windows[3])
	})
}

func TestResultsInTheDaysFirstMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		until(t, "2026-03-03 21:00:59")
		server := &resultsServer{}
		r := fromResults(t, server, nil)
		require.NoError(t, r.Refresh(t.Context()))
		assert.Zero(t, server.questions())
		time.Sleep(time.Second)
		require.NoError(t, r.Refresh(t.Context()))
		assert.Equal(t, []string{"2026-3-3-21-0 to 2026-3-3-21-1"}, server.windows)
	})
}

func TestOneQuestionServesAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noon := until(t, "2026-03-03 12:00:00")
		server := &resultsServer{takes: time.Minute, rows: row("5700027202722028.1", "100", "50.00", "AS000", noon)}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		var reserved, refused, left int
		var mu sync.Mutex
		var handlers sync.WaitGroup
		for n := range 100 {
			handlers.Go(func() {
				ctx := t.Context()
				if n < 10 {
					// The first ones go before the answer comes; it comes all the same.
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Second)
					defer cancel()
				} else {
					time.Sleep(500 * time.Millisecond)
				}
				err := r.Reserve(ctx, fmt.Sprint(n), assist.QIWI, rub(t, "1.00"), time.Now())
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					reserved++
				case errors.Is(err, assist.ErrDayBalance):
					refused++
				case errors.Is(err, context.DeadlineExceeded):
					left++
				}
			})
		}
		handlers.Wait()
		assert.Equal(t, 1, server.questions())
		assert.Equal(t, []int{50, 40, 10}, []int{reserved, refused, left})
	})
}

// When the last caller goes, the question ends with it: nothing is left running.
func TestQuestionThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		until(t, "2026-03-03 12:00:00")
		server := &resultsServer{takes: time.Hour}
		r := fromResults(t, server, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, r.Refresh(ctx), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, 1, server.cancelled)
		require.ErrorIs(t, r.Refresh(ctx), context.DeadlineExceeded, "a context that is over asks nothing")
		require.Error(t, r.Refresh(t.Context()))
		assert.Equal(t, 1, server.questions(), "what was given up may have arrived")
		time.Sleep(10 * time.Minute)
		server.set(func(s *resultsServer) { s.takes = 0 })
		require.NoError(t, r.Refresh(t.Context()))
	})
}

// Who comes while a question that was given up is still ending neither waits for
// it nor asks another.
func TestQuestionThatIsEnding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		until(t, "2026-03-03 12:00:00")
		server := &resultsServer{takes: time.Hour, lingers: 5 * time.Second}
		r := fromResults(t, server, nil)
		first, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() { assert.ErrorIs(t, r.Refresh(first), context.DeadlineExceeded) })
		time.Sleep(2 * time.Second)
		start := time.Now()
		require.NoError(t, r.Refresh(t.Context()))
		assert.Zero(t, time.Since(start))
		callers.Wait()
		assert.Equal(t, 1, server.questions())
		assert.True(t, r.Balance(assist.QIWI, "RUB", time.Now()).Stale)
	})
}

func TestResultsWithoutOperations(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(http.StatusOK, codesXML(10, 201)))
	c := askingBy(t, mock, assist.WithClock(func() time.Time { return utc(t, "2026-03-03 12:00:00") }))
	r, err := FromResults(c, nil)
	require.NoError(t, err)
	require.NoError(t, r.Refresh(t.Context()), "nothing found is a day without operations")
	assert.False(t, r.Balance(assist.QIWI, "RUB", utc(t, "2026-03-03 12:00:00")).Stale)

	_, err = FromResults(nil, nil)
	assert.Equal(t, assist.NotSent, assist.OutcomeOf(err))
	_, err = FromResults(c, Rates{assist.NotWallet: 1})
	assert.Equal(t, assist.NotSent, assist.OutcomeOf(err))
}

// The client's own cancel and its row in the results are one.
func TestResultsKnowOurOwnCancels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, noon := t.Context(), until(t, "2026-03-03 12:00:00")
		server := &resultsServer{rows: row("5700027202722028.1", "100", "1.00", "AS000", noon) +
			row("5700027202722028.3", "300", "0.10", "AS300", noon)}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		require.NoError(t, r.Hold("ours", assist.QIWI, rub(t, "0.10"), noon))
		require.NoError(t, r.Refresh(ctx))
		assert.Equal(t, "1.00 0.00 0.10 0.10 0.80", figures(r.Balance(assist.QIWI, "RUB", noon)), "not known yet as ours")
		_ = r.BookOperations(ctx, "ours", []assist.Operation{op(t, "3", assist.OperationCancel, 36, "0.10", dated(noon))})
		assert.Equal(t, "1.00 0.00 0.00 0.10 0.90", figures(r.Balance(assist.QIWI, "RUB", noon)))
		require.NoError(t, r.Settle(ctx, "ours", true))
		time.Sleep(10 * time.Minute)
		require.NoError(t, r.Refresh(ctx))
		assert.Equal(t, "1.00 0.00 0.10 0.00 0.90", figures(r.Balance(assist.QIWI, "RUB", noon)))
	})
}

// A transport that panics can't kill the process, nor leave anybody waiting.
func TestQuestionThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noon := until(t, "2026-03-03 12:00:00")
		server := &resultsServer{panics: "no transport", rows: row("5700027202722028.1", "100", "1.00", "AS000", noon)}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		var callers sync.WaitGroup
		for n := range 5 {
			callers.Go(func() {
				err := r.Reserve(t.Context(), strconv.Itoa(n), assist.QIWI, rub(t, "0.50"), time.Now())
				assert.True(t, broken(t, err).Stale)
			})
		}
		callers.Wait()
		require.ErrorContains(t, r.Refresh(t.Context()), "no transport")
		server.set(func(s *resultsServer) { s.panics = nil })
		time.Sleep(10 * time.Minute)
		require.NoError(t, r.Reserve(t.Context(), "a", assist.QIWI, rub(t, "0.50"), time.Now()))
	})
}

// goexit ends the goroutine that asks, as a test's FailNow in a transport does.
type goexit struct{}

func (goexit) RoundTrip(*http.Request) (*http.Response, error) {
	runtime.Goexit()
	return nil, nil
}

func TestQuestionThatNeverComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		until(t, "2026-03-03 12:00:00")
		r, err := FromResults(askingBy(t, goexit{}), Rates{assist.QIWI: 0})
		require.NoError(t, err)
		require.ErrorIs(t, r.Refresh(t.Context()), errAskerGone)
		require.ErrorIs(t, r.Refresh(t.Context()), errAskerGone)
	})
}

// A day that is too large for one question is cut into windows, asked in turn and
// never more often than once in ten minutes.
func TestDayTooLargeForOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		until(t, "2026-03-03 09:00:00")
		server := &resultsServer{atMost: 13 * time.Hour}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		require.NoError(t, r.Refresh(ctx))
		until(t, "2026-03-03 11:00:00")
		server.set(func(s *resultsServer) {
			s.rows = row("5700027202722028.1", "100", "5.00", "AS000", time.Now().Add(-time.Minute))
		})
		var refused *assist.APIError
		require.ErrorAs(t, r.Refresh(ctx), &refused, "14 hours")
		assert.True(t, r.Balance(assist.QIWI, "RUB", time.Now()).Stale)
		time.Sleep(10 * time.Minute)
		require.NoError(t, r.Refresh(ctx))
		b := r.Balance(assist.QIWI, "RUB", time.Now())
		assert.Equal(t, rub(t, "5.00"), b.Available)
		assert.Equal(t, utc(t, "2026-03-03 11:00:00"), b.AsOf.UTC(), "the night was known when the morning's question was answered")
		assert.False(t, b.Stale)
		assert.Equal(t, []string{
			"2026-3-2-21-0 to 2026-3-3-9-0", "2026-3-2-21-0 to 2026-3-3-11-0",
			"2026-3-3-4-0 to 2026-3-3-11-0",
		}, server.windows, "halves; the first lies an hour before what is known")

		until(t, "2026-03-04 20:50:00")
		server.set(func(s *resultsServer) {
			s.rows = row("5700027202722029.1", "100", "7.00", "AS000", time.Now().Add(-time.Minute))
		})
		for range 12 {
			_ = r.Refresh(ctx)
			time.Sleep(10 * time.Minute)
		}
		assert.Contains(t, strings.Join(server.windows, ", "), ", 2026-3-4-21-0 to 2026-3-4-21-", "the new day begins with one window")
		for i := 1; i < len(server.asked); i++ {
			assert.GreaterOrEqual(t, server.asked[i].Sub(server.asked[i-1]), 10*time.Minute)
		}
	})
}

// Whenever a program starts, a large day is known some questions later.
func TestLargeDayIsKnownInTheEnd(t *testing.T) {
	t.Parallel()
	for _, atMost := range []time.Duration{time.Hour, 3 * time.Hour, 13 * time.Hour} {
		for _, start := range []string{"2026-03-03 02:00:00", "2026-03-03 13:00:00", "2014-10-26 12:00:00"} {
			synctest.Test(t, func(t *testing.T) {
				at := until(t, start)
				// One window's only row is misdated: it isn't known, and costs no other.
				odd := moscow.DayOf(at).Start().Add(10 * time.Minute)
				server := &resultsServer{atMost: atMost, byPeriod: func(from, to time.Time) string {
					if !from.After(odd) && odd.Before(to) && to.Sub(from) < 2*time.Hour {
						return row("5700027202722028.1", "300", "5.00", "AS000", odd.Add(24*time.Hour))
					}
					return row("5700027202722029.1", "100", "5.00", "AS000", to)
				}}
				r := fromResults(t, server, Rates{assist.QIWI: 0})
				known := 0
				for n := range 60 {
					_ = r.Refresh(t.Context())
					if !r.Balance(assist.QIWI, "RUB", time.Now()).Paid.IsZero() && known == 0 {
						known = n + 1
					}
					time.Sleep(10*time.Minute + time.Second)
					if moscow.DayOf(time.Now()) != moscow.DayOf(at) {
						break
					}
				}
				assert.Positive(t, known, "%s by %s", start, atMost)
			})
		}
	}
}

// The ten minutes don't begin anew at midnight; until the new day's first answer
// nothing of it is known.
func TestTenMinutesAcrossMidnight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, late := t.Context(), until(t, "2026-03-03 20:58:00")
		server := &resultsServer{rows: row("5700027202722028.1", "100", "5.00", "AS000", late)}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		require.NoError(t, r.Reserve(ctx, "yesterday's", assist.QIWI, rub(t, "2.00"), time.Now()))
		until(t, "2026-03-03 21:05:00")
		rule := broken(t, r.Reserve(ctx, "a", assist.QIWI, rub(t, "1.00"), time.Now()))
		assert.True(t, rule.Stale)
		assert.Equal(t, utc(t, "2026-03-04 20:00:00"), rule.NotBefore)
		assert.Equal(t, 1, server.questions(), "asked seven minutes ago")
		server.set(func(s *resultsServer) {
			s.rows = row("5700027202722029.1", "100", "5.00", "AS000", late.Add(6*time.Minute)) + row("5700027202722028.2", "300", "1.00", "AS300", late.Add(5*time.Minute))
		})
		until(t, "2026-03-03 21:08:00")
		require.NoError(t, r.Reserve(ctx, "a", assist.QIWI, rub(t, "2.00"), time.Now()))
		assert.Equal(t, "2026-3-3-21-0 to 2026-3-3-21-8", server.windows[1])
		b := r.Balance(assist.QIWI, "RUB", time.Now())
		assert.Equal(t, "5.00 0.00 1.00 4.00 0.00", figures(b), "yesterday's is still open")
		assert.False(t, b.Stale)
	})
}

// A question that is on its way over midnight is booked on its own days, and tells
// nothing of the new one.
func TestAnswerThatComesAfterMidnight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := until(t, "2026-03-03 20:59:30")
		server := &resultsServer{takes: time.Minute, rows: row("5700027202722028.1", "100", "5.00", "AS000", late.Add(-time.Hour))}
		r := fromResults(t, server, Rates{assist.QIWI: 0})
		require.NoError(t, r.Refresh(t.Context()))
		assert.Equal(t, rub(t, "5.00"), r.Balance(assist.QIWI, "RUB", late).Paid)
		b := r.Balance(assist.QIWI, "RUB", time.Now().Add(time.Minute))
		assert.Equal(t, "0.00 0.00 0.00 0.00 0.00", figures(b))
		assert.True(t, b.Stale)
	})
}
