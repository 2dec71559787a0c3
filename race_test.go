//go:build race

package assist

// slowdown is what the race detector costs at most, in time.
const slowdown = 20
