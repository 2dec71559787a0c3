package assist_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/assist-go/assist"
)

// Refunder is what a shop's own code depends on: as much of the client as it
// uses. *assist.Client is one.
type Refunder interface {
	Cancel(context.Context, assist.CancelRequest, ...assist.CancelOption) (*assist.Cancellation, error)
	Resolve(context.Context, assist.Intent) (*assist.Resolution, error)
}

var _ Refunder = (*assist.Client)(nil)

// lostAnswer is a fake: the cancel is sent and its answer never comes.
type lostAnswer struct{ Refunder }

func (lostAnswer) Cancel(ctx context.Context, req assist.CancelRequest, opts ...assist.CancelOption) (*assist.Cancellation, error) {
	in := assist.Intent{ID: "FAKE1", MerchantID: "515089", Request: req}
	if save := assist.CancelOptionsOf(opts...).SaveIntent; save != nil {
		if err := save(ctx, in); err != nil {
			return nil, &assist.NotSentError{Step: "saving the intent", Billnumber: req.Billnumber, Err: err}
		}
	}
	return nil, &assist.UnknownOutcomeError{Intent: in, Err: errors.New("the connection broke")}
}

// refund is the shop's own code, which the fake tests.
func refund(ctx context.Context, refunder Refunder, b assist.Billnumber, keep func(context.Context, assist.Intent) error) (done bool, err error) {
	amount, err := assist.ParseMoney("0.10", "RUB")
	if err != nil {
		return false, err
	}
	_, err = refunder.Cancel(ctx, assist.CancelRequest{Billnumber: b, OrderNumber: "2013.10.23-700027-5", Amount: amount}, assist.SaveIntent(keep))
	if assist.OutcomeOf(err) == assist.Unknown {
		return false, fmt.Errorf("kept for later: %w", err)
	}
	return err == nil, err
}

// A fake of one's own interface does what the client would do: it calls
// SaveIntent first. Errors are built by hand.
func ExampleCancelOptionsOf() {
	var kept []assist.Intent
	keep := func(_ context.Context, in assist.Intent) error { kept = append(kept, in); return nil }
	done, err := refund(context.Background(), lostAnswer{}, "5700027202722028", keep)
	fmt.Println(done, err)
	fmt.Println(len(kept), assist.OutcomeOf(err))

	full := func(context.Context, assist.Intent) error { return errors.New("the disk is full") }
	_, err = refund(context.Background(), lostAnswer{}, "5700027202722028", full)
	fmt.Println(err, "-", assist.OutcomeOf(err))
	// Output:
	// false kept for later: assist: cancel 5700027202722028: outcome unknown, the money may have moved; resolve intent FAKE1, don't send again: the connection broke
	// 1 unknown
	// assist: cancel 5700027202722028: not sent, stopped while saving the intent: the disk is full - not sent
}
