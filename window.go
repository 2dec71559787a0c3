package assist

import (
	"time"
)

const (
	day = 24 * time.Hour
	// lookBack is how far a search reaches when nothing is known of the order.
	lookBack = 366 * day
	// orderDateMargin lets an order be found whose date the merchant keeps in
	// another zone.
	orderDateMargin = day
	// aroundOrderDate is how far before its date an order is looked for in any
	// case: a date may be a week late, or have its day and month confused.
	aroundOrderDate = 31 * day
	// intervalMargin keeps a piece below a round limit of the server although its
	// ends are rounded to minutes and the server's clock is not ours.
	intervalMargin = time.Hour
)

// intervals are the lengths that a search tries when the server calls its window
// too long (second code 4; no limit is published): round ones, so that few
// questions are lost to finding the server's own.
var intervals = []time.Duration{lookBack, 90 * day, 30 * day, 7 * day, 3 * day, day}

// shorterInterval gives the longest of intervals that is clearly below a length
// which the server has refused.
func shorterInterval(refused time.Duration) (time.Duration, bool) {
	for _, d := range intervals {
		if d < refused/10*9 {
			return d - intervalMargin, true
		}
	}
	return 0, false
}

// Period is what an order service was asked about: the orders made between From
// and To, in UTC, both minutes included (protocol §5).
type Period struct{ From, To time.Time }

// String gives both ends to the minute, in UTC.
func (p Period) String() string {
	const layout = "2006-01-02 15:04"
	return p.From.UTC().Format(layout) + " to " + p.To.UTC().Format(layout)
}

// window is where the order of a cancel is looked for. An order service takes
// the last three days without one, so every question carries it.
type window struct{ orderDate time.Time } // zero: not known

func windowOf(orderDate time.Time) window { return window{orderDate} }

// regions are the parts of the past to ask about, the likeliest first: from a
// day before the order's date until now; then what lies before that, a month at
// least and always the last 366 days.
func (w window) regions(now time.Time) []region {
	if w.orderDate.IsZero() {
		return []region{{from: now.Add(-lookBack), next: atEnd}}
	}
	start := w.orderDate.Add(-orderDateMargin)
	if !start.Before(now) {
		// No order is made in the future: the date is wrong.
		return []region{{from: now.Add(-lookBack), next: atEnd}}
	}
	earliest := start.Add(orderDateMargin - aroundOrderDate)
	if year := now.Add(-lookBack); year.Before(earliest) {
		earliest = year
	}
	return []region{
		// Near the date, and near now in case that the date is nonsense: the first
		// day of an era, a year ago by a slip.
		{from: start, next: atStart, alternate: true},
		{from: earliest, to: start, next: atEnd},
	}
}

// end is one end of a region.
type end int

const (
	atStart end = iota
	atEnd
)

// region is a part of the past that is still to be asked about, in one question
// or in pieces.
type region struct {
	from, to  time.Time // a zero to is the server's own now
	next      end       // where the next piece is cut off
	alternate bool      // the one after that at the other end
}

func (r region) until(now time.Time) time.Time {
	if r.to.IsZero() {
		return now
	}
	return r.to
}

func (r region) length(now time.Time) time.Duration { return r.until(now).Sub(r.from) }

// cut takes off a piece of at most the length (0: any). Piece and rest meet, so
// that nothing between them is passed over.
func (r region) cut(longest time.Duration, now time.Time) (piece, rest region, more bool) {
	if longest == 0 || r.length(now) <= longest {
		return r, region{}, false
	}
	piece, rest = r, r
	if r.next == atStart {
		piece.to = r.from.Add(longest)
		rest.from = piece.to
	} else {
		piece.from = r.until(now).Add(-longest)
		rest.to = piece.from
	}
	if r.alternate {
		rest.next = atStart + atEnd - r.next
	}
	return piece, rest, true
}

// asked is the region as a question carries it, to whole minutes.
func (r region) asked(now time.Time) Period {
	return Period{From: r.from.UTC().Truncate(time.Minute), To: upToMinute(r.until(now).UTC())}
}

// upToMinute rounds up: the last seconds of a period belong to it.
func upToMinute(t time.Time) time.Time {
	if down := t.Truncate(time.Minute); !down.Equal(t) {
		return down.Add(time.Minute)
	}
	return t
}
