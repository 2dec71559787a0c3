package assist

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/internal/sendonce"
)

// Remedy is what heals an error of a cancel: what has to happen before the refund
// can go on.
type Remedy int

const (
	// RemedyResolveFirst: the money may have moved, or an earlier cancel of the
	// payment may have moved it. Send nothing: resolve the intent, and where that
	// leaves it unknown, a person decides ([Client.Decide]). It is what every
	// [Unknown] and [ErrUnresolved] need, [ErrCancelInDoubt] too, and any error that
	// isn't known.
	RemedyResolveFirst Remedy = iota
	// RemedyNothing: no money moved, and the same request is refused again. Correct the
	// request, or end the refund as refused.
	RemedyNothing
	// RemedyTime: no money moved; the same again later. [NotBefore] tells when, and
	// where it doesn't, minutes do.
	RemedyTime
	// RemedyMoney: no money moved; the same again when the day balance of the wallet
	// has grown. [NextBalanceTry] gives the pace.
	RemedyMoney
	// RemedyConnection: nothing was sent, because Assist, or something of the
	// caller's own that comes before the send (a store, a context, a function of an
	// option), failed or was too late. The same again, at growing pauses.
	RemedyConnection
	// RemedySettings: no money moved, and none of the merchant's cancels will pass
	// until somebody mends its settings: credentials, access, a certificate, a rate.
	// Pause the merchant; don't refuse its refunds.
	RemedySettings
	// RemedyWait: Assist has taken the cancel, so there is nothing to resolve and
	// nothing to send. Follow it until it is final: [Client.Wait], [Client.Refresh].
	// A [Cancellation] that [Succeeded] needs no more.
	RemedyWait
)

// String gives the remedy in words, as docs/outcomes.md has them.
func (r Remedy) String() string {
	switch r {
	case RemedyNothing:
		return "nothing"
	case RemedyTime:
		return "time"
	case RemedyMoney:
		return "money"
	case RemedyConnection:
		return "connection"
	case RemedySettings:
		return "settings"
	case RemedyWait:
		return "wait"
	}
	return "resolve first"
}

// RemedyOf reads out of an error of a cancel what heals it, however deep it is
// wrapped. It keeps to [OutcomeOf]: all that is Unknown is to be resolved first,
// and what is Accepted is to be waited for; nil and [*WaitTimeoutError] are. The
// table of docs/outcomes.md §9 has every error and every code.
//
// A question that failed by itself ([*FollowError]) is Unknown, so it is to be
// resolved first, which is to ask again. Of the look before a cancel ([LookFirst])
// it comes inside a [*NotSentError], and there it tells what heals the look.
func RemedyOf(err error) Remedy {
	outcome := OutcomeOf(err)
	switch {
	case outcome == Accepted:
		return RemedyWait
	case outcome == Unknown || leavesDoubt(err):
		return RemedyResolveFirst
	}
	var rule *WalletRuleError
	var invalid *ValidationError
	api, hasCodes := codesOf(err)
	switch {
	case errors.As(err, &rule):
		return rule.remedy()
	case errors.As(err, &invalid):
		return invalid.remedy()
	case errors.Is(err, sendonce.ErrCertificateRefused), errors.Is(err, sendonce.ErrHTTP2Alone):
		return RemedySettings
	case hasCodes && outcome == Rejected:
		return api.remedy()
	case hasCodes:
		return api.remedyOfLook()
	case outcome == Rejected:
		return RemedyNothing
	}
	return RemedyConnection
}

// leavesDoubt finds a doubt inside of an error that proves that this cancel wasn't
// sent: another cancel is in the way, or a function of the caller's met one.
func leavesDoubt(err error) bool {
	return errors.Is(err, ErrUnresolved) || errors.Is(err, ErrCancelInDoubt) ||
		errors.As(err, new(*UnknownOutcomeError)) || errors.As(err, new(*DecisionError))
}

// remedy is by the rule. A rule of a caller's own day balance is healed by time
// where it says so.
func (e *WalletRuleError) remedy() Remedy {
	switch {
	case errors.Is(e.Rule, ErrExceedsPayment):
		return RemedyNothing
	case errors.Is(e.Rule, ErrNoRate):
		return RemedySettings
	case errors.Is(e.Rule, ErrDayBalance):
		return RemedyMoney
	case errors.Is(e.Rule, ErrPartialSameDay), errors.Is(e.Rule, ErrQIWISameDay), !e.NotBefore.IsZero():
		return RemedyTime
	}
	return RemedyNothing
}

// remedy tells the merchant's credentials from a value of the request.
func (e *ValidationError) remedy() Remedy {
	if e.Field == "Credentials" || strings.HasPrefix(e.Field, "Credentials.") {
		return RemedySettings
	}
	return RemedyNothing
}

// remedy is that of a cancel that the codes refuse.
func (e *APIError) remedy() Remedy {
	switch {
	case e.Second == secondCodeTooFrequent:
		return RemedyTime
	case errors.Is(e, ErrDayBalance):
		return RemedyMoney
	case e.deniesAccess():
		return RemedySettings
	case slices.Contains([]int{3, 4, 5, 10}, e.First) && slices.Contains(secondCodesOfAccess, e.Second):
		return RemedySettings
	case e.First == 12: // whatever holds the object lets go of it
		return RemedyTime
	}
	return RemedyNothing
}

// remedyOfLook is that of a question that the codes refuse. Any other code says
// nothing about the cancel, so the look is made again.
func (e *APIError) remedyOfLook() Remedy {
	if r := e.remedy(); r == RemedySettings || r == RemedyTime {
		return r
	}
	return RemedyConnection
}

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
