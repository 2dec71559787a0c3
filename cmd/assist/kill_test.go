package main

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/examples/simulator/control"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A script repeats a command until it is done: "until assist refund --key K …; do :;
// done". Whatever goes wrong at Assist and however often the program is killed, it
// pays once.
func TestUntilLoopPaysOnce(t *testing.T) {
	t.Parallel()
	seeds := 1
	if os.Getenv("ASSIST_KILL_SEEDS") != "" {
		seeds = 20
	}
	for seed := range seeds {
		for _, fault := range everyFault() {
			t.Run(fault, func(t *testing.T) {
				t.Parallel()
				untilDone(t, fault, rand.New(rand.NewPCG(uint64(seed), uint64(len(fault)))))
			})
		}
	}
}

// everyFault are the simulator's own, as it lists them.
func everyFault() (all []string) {
	for line := range strings.Lines(control.FaultHelp()) {
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
		if name == "" || name == "Join" {
			continue
		}
		if name == "late" {
			name = "late:3s" // it waits in real time
		}
		all = append(all, name)
	}
	return all
}

func untilDone(t *testing.T, fault string, random *rand.Rand) {
	s := newShop(t)
	order := s.pay(t, "A-1", 1, "3000.00")
	scripted, err := control.ParseFault(fault)
	require.NoError(t, err)
	s.Next(scripted)
	kills, code := 0, -1
	for try := 0; try < 40 && code != exitcode.Done; try++ {
		c := s.command(t.Context(), "refund", "A-1", "--amount", "1200.00", "--note", "wrong size", "--key", "K", "--yes", "--wait", "0s")
		require.NoError(t, c.Start())
		if kills < 4 {
			kills++
			time.Sleep(time.Duration(random.IntN(90)) * time.Millisecond)
			_ = c.Process.Kill() // it may have ended by itself
		}
		code = exitOf(t, c.Wait())
		// Nothing but the money's own rule: it is one refund or none yet.
		moved := s.Moved(order.Billnumber)
		require.Contains(t, []string{"0.00 RUB", "1200.00 RUB"}, paidByUs(s, fault, moved.Amount()), "after try %d, exit %d", try, code)
		if code == exitcode.Refused || neverByItself(code, try) {
			break
		}
		s.pass(7 * time.Minute)
	}
	t.Logf("ends with %d", code)
	switch moved := paidByUs(s, fault, s.Moved(order.Billnumber).Amount()); code {
	case exitcode.Done:
		assert.Equal(t, "1200.00 RUB", moved, "done means that the money moved")
	case exitcode.Refused:
		assert.Equal(t, "0.00 RUB", moved, "refused means that it didn't")
	default:
		assert.Contains(t, []int{exitcode.Unknown, exitcode.NotFinished}, code, "what can't be told stays unknown, and is never sent again")
	}
}

// neverByItself: an outcome that only a person can decide stays as it is.
func neverByItself(code, try int) bool { return code == exitcode.Unknown && try > 12 }

// paidByUs is what moved less what the fault itself moves: a refund by hand of as
// much, or a cancel that the network works twice.
func paidByUs(_ *shop, fault, moved string) string {
	if (strings.HasPrefix(fault, "by-hand") || fault == "twice") && moved == "2400.00" {
		return "1200.00 RUB"
	}
	return moved + " RUB"
}

func TestKilledRefundIsOneRefund(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.pay(t, "A-1", 1, "3000.00")
	random := rand.New(rand.NewPCG(1, 2))
	args := []string{"refund", "A-1", "--amount", "490", "--note", "1 of 3", "--key", "job-77", "--yes"}
	for range 6 {
		c := s.command(t.Context(), args...)
		require.NoError(t, c.Start())
		time.Sleep(time.Duration(random.IntN(90)) * time.Millisecond)
		_ = c.Process.Kill() // it may have ended by itself
		_ = c.Wait()
		s.pass(7 * time.Minute)
	}
	code, stdout, stderr := s.run(t, append(args, "--json")...)
	assert.Equal(t, exitcode.Done, code, stderr)
	assert.Contains(t, stdout, `"id":"R-1","key":"job-77","outcome":"done","money_moved":true`)
	assert.Equal(t, "490.00 RUB", s.Moved(order.Billnumber).String())
}
