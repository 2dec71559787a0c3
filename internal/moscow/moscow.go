// Package moscow tells the calendar day in Moscow, by which the wallet rules go
// (protocol §6 and §7). The zone has a history: four hours ahead of GMT from 27
// March 2011 to 26 October 2014, three hours since. So the zone database is
// asked, never an offset.
package moscow

import (
	"sync"
	"time"
)

// Location is the zone. Without zone data on the machine it is three hours ahead
// of GMT, which is right for every payment since 26 October 2014. Programs that
// look further back import time/tzdata; a library that did would add half a
// megabyte to all others.
var Location = sync.OnceValue(func() *time.Location { return locationBy(time.LoadLocation) })

func locationBy(load func(string) (*time.Location, error)) *time.Location {
	zone, err := load("Europe/Moscow")
	if err != nil {
		return time.FixedZone("MSK", 3*60*60)
	}
	return zone
}

// Day is a calendar day in Moscow, counted from 1 January 1970.
type Day int64

const secondsOfDay = 24 * 60 * 60

// DayOf is the day of an instant.
func DayOf(t time.Time) Day {
	_, ahead := t.In(Location()).Zone()
	seconds := t.Unix() + int64(ahead)
	day := seconds / secondsOfDay
	if seconds%secondsOfDay < 0 {
		day--
	}
	return Day(day)
}

// Start is the midnight with which the day begins, in UTC. The zone has never
// changed at midnight since 1992, so it exists once.
func (d Day) Start() time.Time {
	date := time.Unix(int64(d)*secondsOfDay, 0).UTC()
	return time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, Location()).UTC()
}

// End is the midnight with which the next day begins, in UTC.
func (d Day) End() time.Time { return (d + 1).Start() }

// NextMidnight ends the day of an instant, in UTC.
func NextMidnight(t time.Time) time.Time { return DayOf(t).End() }

const (
	finalHour = time.Hour
	finalStep = 10 * time.Minute
	finalRest = 5 * time.Minute
)

// Late is the next moment after t in the final hour of a day, in UTC: the first
// of that hour, or ten minutes on within it, up to five minutes before midnight;
// after that the next day's. What grows over a day is greatest then, and clocks
// that differ by some minutes still agree about the day.
func Late(t time.Time) time.Time {
	end := DayOf(t).End()
	first, last := end.Add(-finalHour), end.Add(-finalRest)
	switch {
	case t.Before(first):
		return first
	case !t.Before(last):
		return DayOf(end).End().Add(-finalHour)
	case t.Add(finalStep).After(last):
		return last
	}
	return t.Add(finalStep).UTC()
}

// Early is an hour after the beginning of the day: what grows over a day is next
// to nothing before.
func (d Day) Early() time.Time { return d.Start().Add(time.Hour) }
