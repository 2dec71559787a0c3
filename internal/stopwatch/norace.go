//go:build !race

package stopwatch

// Slowdown is what the race detector costs at most, in time. It is off.
const Slowdown = 1
