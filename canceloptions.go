package assist

import (
	"context"
	"time"
)

// CancelOptions is what the options of one cancel ask for. The client reads them
// by itself; this is for a test that puts a fake in the client's place and has to
// do what the client would: call SaveIntent before it "sends". A field that no
// option sets is zero.
type CancelOptions struct {
	SaveIntent     func(context.Context, Intent) error
	LookFirst      bool
	CheckOrder     func(*Order) error
	SendBy         time.Time
	DespiteUnknown []Intent
}

// CancelOptionsOf reads the options of a cancel. Nil ones, which the client
// refuses, are passed over.
func CancelOptionsOf(opts ...CancelOption) CancelOptions {
	var o cancelOptions
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return CancelOptions{SaveIntent: o.saveIntent, LookFirst: o.lookFirst, CheckOrder: o.checkOrder, SendBy: o.sendBy, DespiteUnknown: o.passedOver}
}
