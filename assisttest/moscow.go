package assisttest

import "time"

// Moscow was four hours ahead of GMT from 27 March 2011 to 26 October 2014, and
// has been three hours ahead since (protocol §7). Before 2011 there was summer
// time; no order of the services is that old, and three hours stand in for it.
var (
	fourHoursFrom  = time.Date(2011, time.March, 26, 23, 0, 0, 0, time.UTC)
	fourHoursUntil = time.Date(2014, time.October, 25, 22, 0, 0, 0, time.UTC)
)

// moscowDay is a calendar day in Moscow, as days since 1 January 1970. It is
// counted by hand from fixed offsets: the client asks the time zone database, so
// the two check each other.
type moscowDay int64

func moscowDayOf(t time.Time) moscowDay {
	ahead := int64(3 * 60 * 60)
	if !t.Before(fourHoursFrom) && t.Before(fourHoursUntil) {
		ahead = 4 * 60 * 60
	}
	const day = 24 * 60 * 60
	seconds := t.Unix() + ahead
	whole := seconds / day
	if seconds%day < 0 {
		whole--
	}
	return moscowDay(whole)
}
