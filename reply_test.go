package assist

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What the clock refuses, after a row of answers. Every answer is a moment of the
// monotonic clock and how far its Date was ahead then.
func TestServerClock(t *testing.T) {
	t.Parallel()
	type seen struct{ at, ahead time.Duration }
	const m, h = time.Minute, time.Hour
	for name, test := range map[string]struct {
		before []seen
		last   seen
		want   bool // believed
	}{
		"nothing before":                            {nil, seen{0, 0}, true},
		"one before isn't a mark":                   {[]seen{{0, 0}}, seen{h, -h}, true},
		"two confirm":                               {[]seen{{0, 0}, {1, 0}}, seen{h, -h}, false},
		"within the tolerance":                      {[]seen{{0, 0}, {1, 0}}, seen{h, -m}, true},
		"just beyond it":                            {[]seen{{0, 0}, {1, 0}}, seen{h, -m - time.Second}, false},
		"ahead is never refused":                    {[]seen{{0, 0}, {1, 0}}, seen{h, h}, true},
		"two that disagree confirm nothing":         {[]seen{{0, 0}, {1, h}}, seen{2, -h}, true},
		"a third that agrees does":                  {[]seen{{0, h}, {1, 0}, {2, 0}}, seen{h, -h}, false},
		"a single fast one moves nothing":           {[]seen{{0, 0}, {1, 0}, {m, h}}, seen{2 * m, 0}, true},
		"two fast ones at once move nothing":        {[]seen{{0, 0}, {1, 0}, {m, h}, {m + 1, h}}, seen{2 * m, 0}, true},
		"two fast ones long apart do":               {[]seen{{0, 0}, {1, 0}, {m, h}, {4 * m, h}}, seen{5 * m, 0}, false},
		"one answer repeated and repeated":          {[]seen{{0, 0}, {1, 0}, {h, -h}, {h + m, -h - m}, {h + 3*m, -h - 3*m}}, seen{h + 5*m, -h - 5*m}, false},
		"a clock put back is believed in a while":   {[]seen{{0, 0}, {1, 0}, {h, -h}, {h + 3*m, -h}}, seen{h + 4*m, -h}, true},
		"a clock that drifts is followed":           {[]seen{{0, 0}, {1, 0}, {h, -50 * time.Second}, {h + 3*m, -50 * time.Second}}, seen{2 * h, -100 * time.Second}, true},
		"the lower of the two that confirm is kept": {[]seen{{0, 30 * time.Second}, {1, 0}}, seen{h, -m}, true},
		"the earlier, where that is the lower":      {[]seen{{0, 0}, {1, 30 * time.Second}}, seen{h, -m}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
			var k serverClock
			answer := func(s seen, took time.Duration) error {
				at := start.Add(s.at)
				return k.check(&reply{date: at.Add(s.ahead), began: at.Add(-took), ended: at})
			}
			for _, s := range test.before {
				_ = answer(s, time.Second)
			}
			_ = k.check(&reply{began: start, ended: start}) // without a Date
			_ = answer(seen{test.last.at, -100 * h}, 2*m)   // made at any time of two minutes: nothing is learned
			err := answer(test.last, 0)
			assert.Equal(t, test.want, err == nil, "%v", err)
			if err != nil {
				assert.ErrorIs(t, err, ErrOtherAnswer)
			}
		})
	}
}

// An answer that was long on its way may have been made at any time of it, so it
// moves no mark.
func TestServerClockLearnsNothingFromASlowAnswer(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var k serverClock
	answer := func(at, ahead, took time.Duration) error {
		end := start.Add(at)
		return k.check(&reply{date: end.Add(ahead), began: end.Add(-took), ended: end})
	}
	for _, at := range []time.Duration{0, 1} {
		assert.NoError(t, answer(at, 0, 0))
	}
	for _, at := range []time.Duration{time.Hour, time.Hour + 3*time.Minute} {
		assert.NoError(t, answer(at, -50*time.Second, clockTolerance+1))
	}
	assert.Error(t, answer(2*time.Hour, -100*time.Second, 0))
}

// An answer that was long on its way may have been made when it was asked for.
func TestServerClockAllowsForTheWay(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var k serverClock
	for n := range 2 {
		at := start.Add(time.Duration(n) * time.Second)
		assert.NoError(t, k.check(&reply{date: at, began: at, ended: at}))
	}
	late := start.Add(20 * time.Minute)
	assert.NoError(t, k.check(&reply{date: start.Add(time.Minute), began: start.Add(time.Minute), ended: late}))
	assert.Error(t, k.check(&reply{date: start.Add(time.Minute), began: start.Add(3 * time.Minute), ended: late}))
}
