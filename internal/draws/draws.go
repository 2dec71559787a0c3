// Package draws turns bytes into choices, for fuzz targets that play sequences of
// calls.
package draws

import (
	"math/rand/v2"
	"testing"
)

// Draws turns bytes into choices, so that a fuzz target can play a sequence of
// calls, and the fuzzer can shorten one that fails. Where the bytes are over,
// every choice is the first.
type Draws struct{ left []byte }

// Play plays the sequences of a target: a hundred by plain "go test", and
// more with -fuzz.
func Play(f *testing.F, play func(*testing.T, *Draws)) {
	random := rand.New(rand.NewPCG(2013, 10))
	for range 100 {
		choices := make([]byte, 50+random.IntN(500))
		for i := range choices {
			choices[i] = byte(random.Uint32())
		}
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) { play(t, &Draws{choices}) })
}

// More tells whether there is anything left to choose by.
func (d *Draws) More() bool { return len(d.left) > 0 }

// Below chooses one of 0 to n-1.
func (d *Draws) Below(n int64) int64 {
	var choice, size uint64 = 0, 1
	for size < uint64(n) && d.More() {
		choice, size = choice<<8|uint64(d.left[0]), size<<8
		d.left = d.left[1:]
	}
	return int64(choice % uint64(n))
}

// Between chooses one of least to most.
func (d *Draws) Between(least, most int64) int64 { return least + d.Below(most-least+1) }

// Yes chooses between yes and no.
func (d *Draws) Yes() bool { return d.Below(2) == 1 }

// Pick chooses one of the values.
func Pick[T any](d *Draws, of ...T) T { return of[d.Below(int64(len(of)))] }
