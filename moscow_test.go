package assist

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
			assert.Equal(t, moscowDayOf(last)+1, moscowDayOf(first))
			assert.Equal(t, first, moscowDayOf(first).start())
			assert.Equal(t, first, nextMoscowMidnight(last))
			assert.Equal(t, time.UTC, nextMoscowMidnight(last.In(time.FixedZone("", -11*3600))).Location())
			assert.Equal(t, first, nextMoscowMidnight(last.Add(999_999_999)), "the last nanosecond")
			assert.NotEqual(t, first, nextMoscowMidnight(first), "midnight belongs to the day that it begins")
		})
	}
}

func TestMoscowDaysThatAreNot24Hours(t *testing.T) {
	t.Parallel()
	long := func(noon string) time.Duration {
		day := moscowDayOf(utc(t, noon))
		return (day + 1).start().Sub(day.start())
	}
	assert.Equal(t, 25*time.Hour, long("2014-10-26 12:00:00"))
	assert.Equal(t, 23*time.Hour, long("2011-03-27 12:00:00"))
	assert.Equal(t, 24*time.Hour, long("2026-10-25 12:00:00"))
}

func TestMoscowWithoutZoneData(t *testing.T) {
	t.Parallel()
	none := moscowBy(func(string) (*time.Location, error) { return nil, errors.New("no zone data") })
	_, ahead := utc(t, "2026-07-01 00:00:00").In(none).Zone()
	assert.Equal(t, 3*60*60, ahead)
	asked := ""
	moscowBy(func(name string) (*time.Location, error) { asked = name; return time.UTC, nil })
	assert.Equal(t, "Europe/Moscow", asked)
}
