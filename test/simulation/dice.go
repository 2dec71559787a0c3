package simulation

import "time"

// dice gives the numbers that decide a scenario. It is SplitMix64: small enough
// for every actor and every exchange to have its own, so that what one of them
// throws doesn't depend on who is faster.
type dice uint64

const golden = 0x9e3779b97f4a7c15

// diceFor mixes a seed with what tells this dice from the others of its seed.
func diceFor(seed uint64, keys ...int) *dice {
	d := dice(seed)
	for _, key := range keys {
		d = dice(d.next() ^ uint64(key)*golden)
	}
	d.next()
	return &d
}

func (d *dice) next() uint64 {
	*d += golden
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below gives 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// percent is true so many times of a hundred.
func (d *dice) percent(n int) bool { return d.below(100) < n }

// between gives a time from low up to high, in whole milliseconds.
func (d *dice) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.below(int((high-low)/time.Millisecond)+1))*time.Millisecond
}

func pick[T any](d *dice, values ...T) T { return values[d.below(len(values))] }
