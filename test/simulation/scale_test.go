//go:build !race

package simulation

// How many seeds the tests play by themselves.
const (
	seedsByDefault = 3000
	perHabit       = 100
	perRestart     = 20

	monthsByDefault = 200
)
