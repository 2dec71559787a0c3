package assist

import (
	"errors"
	"time"

	"github.com/assist-go/assist/internal/moscow"
)

// NotBefore tells when a refused cancel makes sense again, in UTC. It knows
// [*WalletRuleError], and Assist's own refusal by the day balance (5/108, see
// [ErrDayBalance]).
//
//   - A ban ends at a Moscow midnight, and that is told.
//   - A day balance is healed by the payments of a Moscow day, which begins with
//     nothing. So the moment told is never a midnight: it lies in the day's final
//     hour, when most has come in. It can go earlier: see [NextBalanceTry].
//
// The moment is counted from the refusal, and always behind it. True comes with
// [RemedyTime] and [RemedyMoney] alone. False means that no moment is known, that
// time doesn't heal the error, or that the cancel may have been performed: an
// outcome of Unknown is never to be tried again. [RemedyOf] tells these apart.
func NotBefore(err error) (time.Time, bool) {
	if r := RemedyOf(err); r != RemedyTime && r != RemedyMoney {
		return time.Time{}, false
	}
	var rule *WalletRuleError
	if errors.As(err, &rule) {
		return rule.NotBefore, !rule.NotBefore.IsZero()
	}
	if api, ok := codesOf(err); ok && errors.Is(api, ErrDayBalance) && !api.At.IsZero() {
		return moscow.Late(api.At), true
	}
	return time.Time{}, false
}

const (
	firstBalancePause = 10 * time.Minute
	// longestBalancePause tries a dozen times a day.
	longestBalancePause = 2 * time.Hour
)

// NextBalanceTry paces a refund that waits for the day balance (protocol §6):
// first is when it was first refused, last when it was tried last, and the moment
// given, in UTC, is when to try next. The pauses grow through the Moscow day, from
// ten minutes to two hours; the day's final hour is tried every ten minutes, and
// last five minutes before midnight. A new day's first hour is left out, since
// next to nothing has been paid by then.
//
// A refund that hears of new payments may try at once.
func NextBalanceTry(first, last time.Time) time.Time {
	day := moscow.DayOf(last)
	late := moscow.Late(last)
	switch {
	case moscow.DayOf(late) != day:
		return (day + 1).Early()
	case late.Sub(last) <= firstBalancePause:
		return late
	}
	since := day.Start()
	if first.After(since) {
		since = first
	}
	next := last.Add(min(max(last.Sub(since), firstBalancePause), longestBalancePause))
	if early := day.Early(); next.Before(early) {
		next = early
	}
	if next.After(late) {
		next = late
	}
	return next.UTC()
}
