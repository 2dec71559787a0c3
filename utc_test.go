package assist

import (
	"testing"
	"time"
	_ "time/tzdata" // a machine without zone data must not change what is tested

	"github.com/stretchr/testify/require"
)

// utc reads an instant as the wire writes it.
func utc(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04:05", text)
	require.NoError(t, err)
	return instant.UTC()
}
