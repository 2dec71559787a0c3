//go:build !unix

package assist

import "time"

var started = time.Now()

// cpuTime is the time that has passed, where nothing better is known.
func cpuTime() time.Duration { return time.Since(started) }
