//go:build race

package assist

// slowdown is what the race detector costs at most.
const slowdown = 20
