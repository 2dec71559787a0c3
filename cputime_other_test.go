//go:build !linux

package assist

import "time"

// cpuTime is how long a function took, where nothing better is known.
func cpuTime(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}
