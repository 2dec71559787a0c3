package refunds

import (
	"errors"
	"fmt"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// remedyOf is what heals an error of a cancel or of a question.
func remedyOf(err error) assist.Remedy {
	var question *assist.FollowError
	var invalid *assist.ValidationError
	switch {
	case otherServer(err):
		return assist.RemedySettings
	case errors.As(err, &question):
		// A question is no cancel: what heals it is what heals a look before one.
		return assist.RemedyOf(&assist.NotSentError{Err: err})
	case errors.As(err, &invalid) && invalid.Field == "ExternalRefundID" && assist.OutcomeOf(err) == assist.NotSent:
		return assist.RemedySettings // it is the book's own, so the client's protocol can't carry it
	}
	return assist.RemedyOf(err)
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

// sinceMidnight is how much of the Moscow day is over. The zone has changed at
// two or three in the morning, when nothing here is decided.
func sinceMidnight(t time.Time) time.Duration {
	t = t.In(moscow.Location())
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
}

// nextForMoney is when a refund that is more than the day balance is tried again
// (protocol §6). It is counted from the refund's own beginning, which comes before
// the first refusal by little. The margin keeps those that wait for the same money
// apart, and the last try of a day inside of it.
func (c *Carrier) nextForMoney(r *storage.Refund) time.Time {
	return assist.NextBalanceTry(instant(r.Created), c.book.now()).Add(c.jitter(2 * time.Minute))
}
