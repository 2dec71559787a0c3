package assist_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/assist-go/assist"
)

// A worker asks an error for what heals it, and then it knows what to do with the
// refund.
func ExampleRemedyOf() {
	midnight := time.Date(2026, 7, 1, 21, 0, 0, 0, time.UTC)
	for _, err := range []error{
		&assist.UnknownOutcomeError{Err: errors.New("the connection broke")},
		&assist.WalletRuleError{Rule: assist.ErrQIWISameDay, NotBefore: midnight},
		&assist.APIError{First: 7, Second: 141},
		&assist.DeclinedError{ResponseCode: assist.ResponseDeclined},
	} {
		switch remedy := assist.RemedyOf(err); remedy {
		case assist.RemedyTime, assist.RemedyMoney:
			at, known := assist.NotBefore(err)
			if !known {
				at = time.Now().Add(5 * time.Minute)
			}
			fmt.Println(remedy, "→ again at", at.Format("15:04 MST"))
		case assist.RemedyConnection:
			fmt.Println(remedy, "→ again, at growing pauses")
		case assist.RemedySettings:
			fmt.Println(remedy, "→ pause the merchant and tell somebody")
		case assist.RemedyNothing:
			fmt.Println(remedy, "→ the refund is refused")
		case assist.RemedyWait:
			fmt.Println(remedy, "→ follow the cancel")
		default:
			fmt.Println(remedy, "→ send nothing, resolve the intent")
		}
	}
	// Output:
	// resolve first → send nothing, resolve the intent
	// time → again at 21:00 UTC
	// settings → pause the merchant and tell somebody
	// nothing → the refund is refused
}
