package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A slip in the store's name makes no file, and shows no password.
func TestASlipInTheStoresNameMakesNoStore(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"user=app password=secret77 host=127.0.0.1 dbname=refunds", "Postgres://app:secret77@127.0.0.1:1/refunds", "mysql://app:secret77@db/refunds", ":memory:"} {
		for _, flag := range []bool{false, true} {
			s := newShop(t)
			before, err := os.ReadDir(s.dir)
			require.NoError(t, err)
			args := []string{"list"}
			if flag {
				args = append(args, "--store", store)
			} else {
				s.more = append(s.more, "ASSIST_STORE="+store)
			}
			code, out, errs := s.run(t, args...)
			assert.Equal(t, 2, code, "%q: %s", store, errs)
			assert.NotContains(t, out+errs, "secret77")
			after, err := os.ReadDir(s.dir)
			require.NoError(t, err)
			assert.Len(t, after, len(before), "%q made something", store)
		}
	}
}

// The same key is the same refund in whatever folder the command runs.
func TestARelativeStoreIsTheSameInEveryFolder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.payAll(t)
	s.more = append(s.more, "ASSIST_STORE=refunds.db", "HOME="+s.dir)
	home := s.dir
	args := []string{"refund", "A-20490", "--amount", "100.00", "--note", "n", "--key", "K", "--yes", "--wait", "0s"}
	s.Next(assisttest.DieAfter())
	code, out, errs := s.run(t, args...)
	require.Equal(t, 20, code, out+errs)
	assert.FileExists(t, filepath.Join(home, ".config", "assist", "refunds.db"), "beside the file of settings")
	s.dir = t.TempDir()
	code, out, errs = s.run(t, args...)
	assert.Equal(t, 20, code, errs)
	assert.Contains(t, out, "R-1  unknown")

	// --store begins where the person is, and is said.
	code, _, errs = s.run(t, "list", "--store", "refunds.db")
	assert.Equal(t, 0, code)
	assert.Contains(t, errs, "the store "+filepath.Join(s.dir, "refunds.db")+" isn't that of the settings")
	assert.Contains(t, errs, "made empty")
	code, _, errs = s.run(t, "list", "--store", filepath.Join(home, ".config", "assist", "refunds.db"))
	assert.Equal(t, 0, code)
	assert.Empty(t, errs)
}
