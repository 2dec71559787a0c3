package assist

import (
	"sync"
	"time"
)

// The wallet rules go by the calendar day in Moscow (protocol §6 and §7). The
// zone has a history: four hours ahead of GMT from 27 March 2011 to 26 October
// 2014, three hours since. So the zone database is asked, never an offset.

var moscow = sync.OnceValue(func() *time.Location { return moscowBy(time.LoadLocation) })

// moscowBy falls back to three hours where a machine has no zone data, which is
// right for every payment since 26 October 2014. Programs that look further back
// import time/tzdata; a library that did would add half a megabyte to all others.
func moscowBy(load func(string) (*time.Location, error)) *time.Location {
	zone, err := load("Europe/Moscow")
	if err != nil {
		return time.FixedZone("MSK", 3*60*60)
	}
	return zone
}

// moscowDay is a calendar day in Moscow, counted from 1 January 1970.
type moscowDay int64

const secondsOfDay = 24 * 60 * 60

func moscowDayOf(t time.Time) moscowDay {
	_, ahead := t.In(moscow()).Zone()
	seconds := t.Unix() + int64(ahead)
	day := seconds / secondsOfDay
	if seconds%secondsOfDay < 0 {
		day--
	}
	return moscowDay(day)
}

// start is the midnight with which the day begins, in UTC. The zone has never
// changed at midnight since 1992, so it exists once.
func (d moscowDay) start() time.Time {
	date := time.Unix(int64(d)*secondsOfDay, 0).UTC()
	return time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, moscow()).UTC()
}

// nextMoscowMidnight ends the Moscow day of an instant, in UTC.
func nextMoscowMidnight(t time.Time) time.Time { return (moscowDayOf(t) + 1).start() }
