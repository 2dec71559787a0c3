package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// boundaries are the places at which a worker can kill itself: before each
// statement of the two transactions that the money hangs on, around their
// commits, and around the send between them.
var boundaries = []string{
	"begin: before reading refund_merchants",
	"begin: before reading refund_payments",
	"begin: before reading refunds",
	"begin: before reading refund_reservations",
	"begin: before writing refund_payments",
	"begin: before adding to refund_attempts",
	"begin: before writing refunds",
	"begin: before adding to refund_events",
	"begin: before the commit",
	"begin: after the commit",
	"send: before the first byte",
	"send: while the answer is awaited",
	"send: after the answer",
	"finish: before reading refund_payments",
	"finish: before reading refunds",
	"finish: before reading refund_attempts",
	"finish: before reading refund_reservations",
	"finish: before looking for waiting refunds",
	"finish: before adding to refund_operations",
	"finish: before writing refund_attempts",
	"finish: before writing refund_payments",
	"finish: before writing refunds",
	"finish: before adding to refund_events",
	"finish: before the commit",
	"finish: after the commit",
	"delivery: before the commit",
	"delivery: after the commit",
}

// fromOutside is what is counted for a kill that no boundary was aimed at.
const fromOutside = "from outside, wherever it was"

// aim chooses where the next worker dies: mostly where the fewest have.
type aim struct {
	always       string // a bad habit is aimed at where it shows
	hits, misses map[string]int
	aimed        map[string]int // workers that are on their way
}

func newAim() *aim {
	return &aim{hits: map[string]int{}, misses: map[string]int{}, aimed: map[string]int{}}
}

func (a *aim) next() string {
	if a.always != "" {
		a.aimed[a.always]++
		return a.always
	}
	if rand.IntN(6) == 0 {
		return fromOutside
	}
	// What isn't reached in time is tried again later.
	rank := func(b string) int { return a.hits[b] + a.aimed[b] + a.misses[b]/2 }
	all := slices.Clone(boundaries)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	b := slices.MinFunc(all, func(x, y string) int { return cmp.Compare(rank(x), rank(y)) })
	a.aimed[b]++
	return b
}

// died notes where one has died.
func (a *aim) died(aimed, at string) {
	if aimed != fromOutside {
		a.aimed[aimed]--
		if at != aimed {
			a.misses[aimed]++
		}
	}
	a.hits[at]++
}

// rare are the boundaries that were hit less often than that.
func (a *aim) rare(least int) (all []string) {
	for _, b := range boundaries {
		if a.hits[b] < least {
			all = append(all, b)
		}
	}
	return all
}
