//go:build !linux

package stopwatch

import "time"

// CPUTime is how long a function took, where nothing better is known.
func CPUTime(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}
