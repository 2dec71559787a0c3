package refunds

import (
	"errors"
	"fmt"
	"time"

	"github.com/assist-go/assist"
)

// remedy says what heals an error of a cancel or of a question.
type remedy int

const (
	resolveFirst remedy = iota // the money may have moved: nothing is sent again
	nothing                    // refused for good
	byTime                     // the same again later
	byMoney                    // when the day balance has grown
	byConnection               // when Assist can be reached
	bySettings                 // when somebody has mended the merchant's settings
)

// tooFrequent is a second code of protocol §9; locked a first one.
const (
	tooFrequent = 3
	locked      = 12
)

// remedyOf reads the remedy out of an error. What it doesn't know heals nothing
// where the cancel was refused, and is a doubt everywhere else.
func remedyOf(err error) remedy {
	var unresolved *assist.UnresolvedError
	var rule *assist.WalletRuleError
	var invalid *assist.ValidationError
	var api *assist.APIError
	var question *assist.FollowError
	switch {
	case errors.As(err, &unresolved):
		return resolveFirst
	case errors.As(err, &question):
		return remedyOfQuestion(question)
	case assist.OutcomeOf(err) == assist.Unknown:
		return resolveFirst
	case errors.As(err, &rule):
		switch rule.Rule {
		case assist.ErrPartialSameDay, assist.ErrQIWISameDay:
			return byTime
		case assist.ErrDayBalance:
			return byMoney
		}
		return nothing
	case errors.As(err, &invalid):
		if invalid.Field == "ExternalRefundID" { // the client's protocol can't carry it
			return bySettings
		}
		return nothing
	case errors.As(err, &api):
		return remedyOfCodes(api)
	case assist.OutcomeOf(err) == assist.Rejected:
		return nothing
	}
	return byConnection
}

func remedyOfCodes(api *assist.APIError) remedy {
	switch {
	case errors.Is(api, assist.ErrDayBalance):
		return byMoney
	case api.First == 7, api.First == 19, api.First == 14 && api.Second == 200, api.First == 10 && api.Second == 100:
		return bySettings
	case api.Second == tooFrequent, api.First == locked:
		return byTime
	}
	return nothing
}

// remedyOfQuestion is about a question, which can always be asked again.
func remedyOfQuestion(err *assist.FollowError) remedy {
	var api *assist.APIError
	if errors.As(err, &api) && remedyOfCodes(api) == bySettings {
		return bySettings
	}
	return byConnection
}

// codesOf gives the codes of a refusal: "5/108", "AS100".
func codesOf(err error) string {
	var api *assist.APIError
	var declined *assist.DeclinedError
	switch {
	case errors.As(err, &api):
		return fmt.Sprintf("%d/%d", api.First, api.Second)
	case errors.As(err, &declined):
		return string(declined.ResponseCode)
	}
	return ""
}

var moscow = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		return time.FixedZone("MSK", 3*60*60) // right since October 2014
	}
	return zone
}()

// sinceMidnight is how much of the Moscow day is over. The zone has changed at
// two or three in the morning, when nothing here is decided.
func sinceMidnight(t time.Time) time.Duration {
	t = t.In(moscow)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
}

// nextForMoney is when a refund that is more than the day balance is tried
// again: at growing pauses through the Moscow day, last in its final hour, and
// never in the first moments of a day, when by the rule itself the balance is
// zero (protocol §6).
func nextForMoney(now time.Time) time.Time {
	const firstTry, finalHour = time.Hour, 23 * time.Hour
	day := sinceMidnight(now)
	midnight := now.Add(-day)
	switch {
	case day >= finalHour: // it was tried in the final hour
		return midnight.Add(24*time.Hour + firstTry)
	case day < firstTry:
		return midnight.Add(firstTry)
	}
	next := day + min(max(day/4, 20*time.Minute), 3*time.Hour)
	if next > finalHour {
		next = finalHour + 20*time.Minute
	}
	return midnight.Add(next)
}
