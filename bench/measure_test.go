package bench

import (
	"runtime"
	"testing"
)

// measured runs a benchmark that also reports the processor time of an
// operation, in nanoseconds. On a machine with other work to do it says more
// than the time by the clock.
func measured(b *testing.B, operation func() error) {
	b.Helper()
	b.ReportAllocs()
	// What earlier benchmarks left must not be collected in the time of this one.
	runtime.GC()
	before := processorTime()
	for b.Loop() {
		if err := operation(); err != nil {
			b.Fatal(err)
		}
	}
	if used := processorTime() - before; used > 0 {
		b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
	}
}
