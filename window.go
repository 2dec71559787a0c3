package assist

import (
	"strconv"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

const (
	// lookBack is how far a search reaches when nothing is known of the order.
	lookBack = 366 * 24 * time.Hour
	// orderDateMargin lets an order be found whose date the merchant keeps in
	// another zone.
	orderDateMargin = 24 * time.Hour
	// shortestWindow is what the server itself takes without any dates (protocol
	// §5); a shorter one finds less than asking nothing.
	shortestWindow = 3 * 24 * time.Hour

	secondCodeIntervalTooLarge = 4
)

// window is when an order must have been made to be found. An order service
// takes the last three days without one, so every question carries it.
type window struct {
	from, to time.Time // a zero to is now
	fixed    bool      // the caller's own: it is not ours to shorten
	anchored bool      // from is the order's date: shorten at the other end
}

// windowOf reaches back before the order's date, or 366 days.
func (c *Client) windowOf(orderDate time.Time) window {
	if orderDate.IsZero() {
		return window{from: c.now().Add(-lookBack)}
	}
	return window{from: orderDate.Add(-orderDateMargin), anchored: true}
}

// shorter halves the window, keeping the end at which the order is likely.
func (w window) shorter(now time.Time) (window, bool) {
	end := w.to
	if end.IsZero() {
		end = now
	}
	half := end.Sub(w.from) / 2
	if w.fixed || half < shortestWindow {
		return window{}, false
	}
	if w.anchored {
		w.to = w.from.Add(half)
	} else {
		w.from = end.Add(-half)
	}
	return w, true
}

// appendMoment writes a date as the five parameters of protocol §5, in GMT.
func appendMoment(params []wire.Param, prefix string, t time.Time) []wire.Param {
	t = t.UTC()
	return append(params,
		wire.Param{Name: prefix + "Year", Value: strconv.Itoa(t.Year())},
		wire.Param{Name: prefix + "Month", Value: strconv.Itoa(int(t.Month()))},
		wire.Param{Name: prefix + "Day", Value: strconv.Itoa(t.Day())},
		wire.Param{Name: prefix + "Hour", Value: strconv.Itoa(t.Hour())},
		wire.Param{Name: prefix + "Min", Value: strconv.Itoa(t.Minute())})
}

// upToMinute rounds up: the last seconds of a period belong to it.
func upToMinute(t time.Time) time.Time {
	if down := t.Truncate(time.Minute); !down.Equal(t) {
		return down.Add(time.Minute)
	}
	return t
}
