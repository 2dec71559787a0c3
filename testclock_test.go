package assist

import (
	"sync/atomic"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
)

// testClock is a clock that a test sets.
type testClock struct{ at atomic.Int64 }

func clockAt(t testing.TB, text string) *testClock {
	c := &testClock{}
	c.set(utc(t, text))
	return c
}

func (c *testClock) now() time.Time          { return time.Unix(c.at.Load(), 0).UTC() }
func (c *testClock) set(at time.Time)        { c.at.Store(at.Unix()) }
func (c *testClock) advance(d time.Duration) { c.at.Add(int64(d / time.Second)) }

// utc reads an instant as the wire writes it.
func utc(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04:05", text)
	require.NoError(t, err)
	return instant.UTC()
}
