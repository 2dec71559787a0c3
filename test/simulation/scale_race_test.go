//go:build race

package simulation

// The race detector makes every step ten times as slow.
const (
	seedsByDefault = 300
	perHabit       = 40
	perRestart     = 3

	monthsByDefault = 20
)
