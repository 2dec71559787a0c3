package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ASSIST_BINARY names a program as it is released: static, under 25 MB, and started
// within 50 ms.
func TestReleasedBinary(t *testing.T) {
	path := os.Getenv("ASSIST_BINARY")
	if path == "" {
		t.Skip("ASSIST_BINARY isn't set")
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(25<<20))
	f, err := elf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	for _, p := range f.Progs {
		assert.NotEqual(t, elf.PT_INTERP, p.Type, "a static program needs no loader")
	}
	best := time.Hour // the others are the machine's doing
	for range 20 {
		began := time.Now()
		require.NoError(t, exec.CommandContext(t.Context(), path, "version").Run())
		best = min(best, time.Since(began))
	}
	assert.Less(t, best, 50*time.Millisecond)
	t.Logf("%.1f MB, started in %s", float64(info.Size())/(1<<20), best.Round(100*time.Microsecond))
}
