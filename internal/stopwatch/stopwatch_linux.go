package stopwatch

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// CPUTime is how long a function worked on its own thread: neither other tests
// nor a machine that is busy with something else show in it.
func CPUTime(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := threadTime()
	f()
	return threadTime() - began
}

// threadCPUTime is CLOCK_THREAD_CPUTIME_ID. What getrusage tells of a thread is
// brought up to date only when the thread stops running.
const threadCPUTime = 3

func threadTime() time.Duration {
	var used syscall.Timespec
	if _, _, err := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPUTime, uintptr(unsafe.Pointer(&used)), 0); err != 0 {
		panic(err)
	}
	return time.Duration(used.Nano())
}
