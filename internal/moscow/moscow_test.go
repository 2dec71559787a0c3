package moscow

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata" // a machine without zone data must not change what is tested

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// utc reads an instant as the wire writes it.
func utc(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04:05", text)
	require.NoError(t, err)
	return instant.UTC()
}

// "Only the e-wallet calendar day is Moscow's: UTC+4 from 2011-03-27 to
// 2014-10-26, UTC+3 since, so use the zone's history." (protocol §7)
func TestMoscowDay(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, last, first string }{
		{"2013, four hours ahead", "2013-10-23 19:59:59", "2013-10-23 20:00:00"},
		{"2014, the midnight before the change", "2014-10-25 19:59:59", "2014-10-25 20:00:00"},
		{"2014, the midnight after the change", "2014-10-26 20:59:59", "2014-10-26 21:00:00"},
		{"2011, the midnight before the change", "2011-03-26 20:59:59", "2011-03-26 21:00:00"},
		{"2011, the midnight after the change", "2011-03-27 19:59:59", "2011-03-27 20:00:00"},
		{"2026, three hours ahead", "2026-07-01 20:59:59", "2026-07-01 21:00:00"},
		{"leap day", "2028-02-29 20:59:59", "2028-02-29 21:00:00"},
		{"new year", "2026-12-31 20:59:59", "2026-12-31 21:00:00"},
		{"before 1970", "1969-12-30 20:59:59", "1969-12-30 21:00:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			last, first := utc(t, test.last), utc(t, test.first)
			assert.Equal(t, DayOf(last)+1, DayOf(first))
			assert.Equal(t, first, DayOf(first).Start())
			assert.Equal(t, first, NextMidnight(last))
			assert.Equal(t, time.UTC, NextMidnight(last.In(time.FixedZone("", -11*3600))).Location())
			assert.Equal(t, first, NextMidnight(last.Add(999_999_999)), "the last nanosecond")
			assert.NotEqual(t, first, NextMidnight(first), "midnight belongs to the day that it begins")
		})
	}
}

func TestMoscowDaysThatAreNot24Hours(t *testing.T) {
	t.Parallel()
	long := func(noon string) time.Duration {
		day := DayOf(utc(t, noon))
		return (day + 1).Start().Sub(day.Start())
	}
	assert.Equal(t, 25*time.Hour, long("2014-10-26 12:00:00"))
	assert.Equal(t, 23*time.Hour, long("2011-03-27 12:00:00"))
	assert.Equal(t, 24*time.Hour, long("2026-10-25 12:00:00"))
}

func TestMoscowWithoutZoneData(t *testing.T) {
	t.Parallel()
	none := locationBy(func(string) (*time.Location, error) { return nil, errors.New("no zone data") })
	_, ahead := utc(t, "2026-07-01 00:00:00").In(none).Zone()
	assert.Equal(t, 3*60*60, ahead)
	asked := ""
	locationBy(func(name string) (*time.Location, error) { asked = name; return time.UTC, nil })
	assert.Equal(t, "Europe/Moscow", asked)
}

func TestLate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ at, want string }{
		"the day's first moment":         {"2026-06-30 21:00:00", "2026-07-01 20:00:00"},
		"noon":                           {"2026-07-01 09:00:00", "2026-07-01 20:00:00"},
		"the last second before":         {"2026-07-01 19:59:59", "2026-07-01 20:00:00"},
		"the final hour begins":          {"2026-07-01 20:00:00", "2026-07-01 20:10:00"},
		"in the final hour":              {"2026-07-01 20:31:00", "2026-07-01 20:41:00"},
		"near the day's end":             {"2026-07-01 20:46:00", "2026-07-01 20:55:00"},
		"nearer":                         {"2026-07-01 20:54:59", "2026-07-01 20:55:00"},
		"too near":                       {"2026-07-01 20:55:00", "2026-07-02 20:00:00"},
		"the last second":                {"2026-07-01 20:59:59", "2026-07-02 20:00:00"},
		"the day of 25 hours":            {"2014-10-25 20:00:00", "2014-10-26 20:00:00"},
		"its repeated hour":              {"2014-10-25 22:30:00", "2014-10-26 20:00:00"},
		"the evening before it":          {"2014-10-25 19:58:00", "2014-10-26 20:00:00"},
		"its own last minutes":           {"2014-10-26 20:58:00", "2014-10-27 20:00:00"},
		"the day of 23 hours":            {"2011-03-26 21:00:00", "2011-03-27 19:00:00"},
		"the evening before that":        {"2011-03-26 20:57:00", "2011-03-27 19:00:00"},
		"in the years four hours ahead":  {"2013-10-23 13:58:37", "2013-10-23 19:00:00"},
		"the last day of a year, nearly": {"2026-12-31 20:56:00", "2027-01-01 20:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Late(utc(t, test.at))
			assert.Equal(t, utc(t, test.want), got)
			assert.Equal(t, time.UTC, Late(utc(t, test.at).In(time.FixedZone("", -11*3600))).Location())
		})
	}
}

// Whoever waits for it again and again gets on, never into a day's first hours,
// and meets the final hour of every day.
func TestLateGetsOn(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"2011-03-25 12:00:00", "2014-10-24 12:00:00", "2026-07-01 12:00:00"} {
		at := utc(t, start)
		days := map[Day]int{}
		for range 40 {
			next := Late(at)
			assert.Greater(t, next.Sub(at), time.Duration(0))
			left := DayOf(next).End().Sub(next)
			assert.LessOrEqual(t, left, finalHour)
			assert.GreaterOrEqual(t, left, finalRest)
			days[DayOf(next)]++
			at = next
		}
		for day := DayOf(utc(t, start)); day < DayOf(at); day++ {
			assert.Equal(t, 7, days[day])
		}
	}
}
