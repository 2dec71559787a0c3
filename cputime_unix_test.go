//go:build unix

package assist

import (
	"syscall"
	"time"
)

// cpuTime is what this process has worked so far: a machine that is busy with
// something else doesn't show in it.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
