package assist

import (
	"sync/atomic"
	"testing"
	"time"
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
