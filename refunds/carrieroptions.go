package refunds

import (
	"context"
	"time"
)

type carrying struct {
	workers        int
	perMerchant    int // 0: see share
	rest           time.Duration
	personAfter    time.Duration
	poll           time.Duration
	reconcileEvery time.Duration
	handlers       []handler
	alert          func(context.Context, *Record)
	random         func(n int64) int64
	wait           func(ctx context.Context, d time.Duration, nudge <-chan struct{})
}

// CarrierOption changes a Carrier. An option that can't be met makes
// [NewCarrier] fail with an [*InvalidError].
type CarrierOption func(*carrying) error

// Workers bounds the cancels and questions under way in this process. The
// default is 8.
func Workers(n int) CarrierOption {
	return func(c *carrying) error {
		if n < 1 || n > 1000 {
			return &InvalidError{Field: "Workers", Reason: "must be 1 to 1000"}
		}
		c.workers = n
		return nil
	}
}

// PerMerchant bounds those of one merchant. The default is [Workers] where the
// carrier has one merchant, and three quarters of them where it has several, so
// that one whose refunds are many, or whose Assist is slow, leaves workers to the
// others.
func PerMerchant(n int) CarrierOption {
	return func(c *carrying) error {
		if n < 1 || n > 1000 {
			return &InvalidError{Field: "PerMerchant", Reason: "must be 1 to 1000"}
		}
		c.perMerchant = n
		return nil
	}
}

// Rest is how long a payment rests between the cancels of two carriers. The
// default is 90 seconds; less than 61 is refused: for a minute an operation of
// the one could pass for the other's.
func Rest(d time.Duration) CarrierOption {
	return func(c *carrying) error {
		if d < 61*time.Second {
			return &InvalidError{Field: "Rest", Reason: "must be 61 seconds or more"}
		}
		c.rest = d
		return nil
	}
}

// PersonAfter is how long an unknown outcome is asked about before a person is
// called; the asking goes on. The default is 12 hours.
func PersonAfter(d time.Duration) CarrierOption {
	return func(c *carrying) error {
		if d <= 0 {
			return &InvalidError{Field: "PersonAfter", Reason: "must be more than nothing"}
		}
		c.personAfter = d
		return nil
	}
}

// Poll is how often [Carrier.Run] looks for what other processes have stored.
// The default is a second.
func Poll(d time.Duration) CarrierOption {
	return func(c *carrying) error {
		if d <= 0 {
			return &InvalidError{Field: "Poll", Reason: "must be more than nothing"}
		}
		c.poll = d
		return nil
	}
}

// Alert is called when a refund begins to need a person, or a strange cancel of its
// payment was found ([Strange]), in this process and after it was stored. It must
// not block: after ten seconds its context ends, and it is left behind. A call can
// be lost in a crash: what must not be lost is a [PersonNeeded] event, see [Handle].
func Alert(f func(context.Context, *Record)) CarrierOption {
	return func(c *carrying) error {
		if f == nil {
			return &InvalidError{Field: "Alert", Reason: "must not be nil"}
		}
		c.alert = f
		return nil
	}
}
