package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/assist-go/assist/refunds/internal/pgtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if os.Getenv(envRole) == "worker" {
		work()
		return
	}
	os.Exit(m.Run())
}

func kills(t *testing.T) int {
	if testing.Short() {
		t.Skip("kills processes for a minute")
	}
	if text := os.Getenv("ASSIST_CHAOS_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	return 40
}

func TestKillsOnSQLite(t *testing.T) {
	n := kills(t)
	r, err := run(t.Context(), settings{store: "sqlite:" + filepath.Join(t.TempDir(), "chaos.db"), kills: n, settle: 2 * time.Minute})
	require.NoError(t, err)
	t.Log(r)
	assert.Empty(t, r.Wrong)
	assert.Empty(t, r.Stuck)
}

// The server crashes and connections are cut too, where it is the test's own.
func TestKillsOnPostgres(t *testing.T) {
	n := kills(t)
	s := settings{store: os.Getenv("ASSIST_POSTGRES"), kills: n, settle: 2 * time.Minute, cut: 9}
	if s.store == "" {
		pgtest.Need(t)
		s.restart = 17
	}
	r, err := run(t.Context(), s)
	require.NoError(t, err)
	t.Log(r)
	assert.Empty(t, r.Wrong)
	assert.Empty(t, r.Stuck)
}

// A harness that doesn't see an intent that is stored late sees nothing.
func TestKillsSeeABadHabit(t *testing.T) {
	kills(t)
	r, err := run(t.Context(), settings{store: "sqlite:" + filepath.Join(t.TempDir(), "chaos.db"), kills: 12, settle: 2 * time.Second, badly: true})
	require.NoError(t, err)
	t.Log(r)
	assert.NotEmpty(t, r.Wrong)
}
