package assisttest

import (
	"strconv"
	"time"
)

// period is what a request of an order service asks about, both ends included.
type period struct {
	from, to time.Time
	given    bool // by the request; else it is the default
}

// readPeriod reads Start* and End*, in GMT and to the minute (protocol §5). What
// is missing or no date is not an error: the default takes its place silently.
// A start alone reaches up to now.
func readPeriod(p parameters, now time.Time, byDefault time.Duration) period {
	fallback := period{from: now.Add(-byDefault), to: now}
	from, ok := readDate(p, "start")
	if !ok {
		return fallback
	}
	to := now
	if hasDate(p, "end") {
		if to, ok = readDate(p, "end"); !ok {
			return fallback
		}
	}
	if to.Before(from) {
		return fallback
	}
	return period{from, to, true}
}

var dateParts = []struct {
	name     string
	from, to int
}{{"year", 1000, 9999}, {"month", 1, 12}, {"day", 1, 31}, {"hour", 0, 23}, {"min", 0, 59}}

func hasDate(p parameters, prefix string) bool {
	for _, part := range dateParts {
		if p[prefix+part.name] != "" {
			return true
		}
	}
	return false
}

func readDate(p parameters, prefix string) (time.Time, bool) {
	var values [5]int
	for i, part := range dateParts {
		text := p[prefix+part.name]
		value, err := strconv.Atoi(text)
		if err != nil || !isDigits(text) || value < part.from || value > part.to {
			return time.Time{}, false
		}
		values[i] = value
	}
	date := time.Date(values[0], time.Month(values[1]), values[2], values[3], values[4], 0, 0, time.UTC)
	// time.Date takes the 31st of a short month for a day of the next.
	return date, date.Day() == values[2]
}

func (p period) holds(t time.Time) bool {
	return !t.Before(p.from) && !t.After(p.to)
}
