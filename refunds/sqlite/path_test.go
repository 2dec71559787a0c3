package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program that changes its working directory must not begin a second file, which
// knows nothing of the refunds in the first.
func TestOneFileWhereverTheProgramStands(t *testing.T) {
	before, after := t.TempDir(), t.TempDir()
	t.Chdir(before)
	store, err := sqlite.Open("refunds.db")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	t.Chdir(after)
	require.NoError(t, refunds.Migrate(t.Context(), store))
	book, err := refunds.NewBook(t.Context(), store)
	require.NoError(t, err)
	_, err = book.Stats(t.Context())
	require.NoError(t, err)
	left, err := os.ReadDir(after)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.FileExists(t, filepath.Join(before, "refunds.db"))
}
