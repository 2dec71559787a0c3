//go:build !race

package assist

// slowdown is what the race detector costs at most, in time. It is off.
const slowdown = 1
