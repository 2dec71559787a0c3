//go:build !race

package assist

const slowdown = 1
