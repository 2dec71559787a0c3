package assist

import "fmt"

// MerchantID is the merchant for whom the client cancels.
func (c *Client) MerchantID() string { return c.keys.merchantID }

// Remember tells the client of cancels that are not settled: after a restart, all
// intents that the store holds as open. Their payments are closed ([ErrUnresolved])
// until each is resolved, decided by a person ([Client.Decide]), or passed over
// ([DespiteUnknown]), just as if this client had sent them. It asks nothing.
//
// Intents that the client knows to be settled, and those of another merchant, are
// passed by. Remember is safe for concurrent use; call it before the first cancel,
// so that none is let through in between.
func (c *Client) Remember(intents ...Intent) {
	for _, in := range intents {
		if c.ownsIntent(in) == nil {
			c.payments.remember(in)
		}
	}
}

// Learn tells the client what another process has found out: these are the
// intent's operations, by their extended billnumbers. The intent is settled, its
// payment is open, and no other cancel is given them; a [LookFirst] whose answer
// lacks one of them sends nothing, because it is an old one.
//
// Where every process that cancels a payment learns what the others' cancels
// have made, from the token of each [Cancellation] or the operation of each
// [DeclinedError], and looks first, no rest is needed between them. It still is
// where an operation isn't known by its number: after an Unknown, also one that a
// person has called never come, and after a flat answer with a plain billnumber.
//
// The day balance is not settled: that is done where the result was found out.
// Errors are [*FollowError], outcome Unknown: another merchant's intent, no
// operation, a billnumber that isn't extended or is of another payment, or an
// operation that is known to be another cancel's. Nothing is learned then.
func (c *Client) Learn(in Intent, operations ...Billnumber) error {
	if err := c.ownsIntent(in); err != nil {
		return err
	}
	if len(operations) == 0 {
		return questionError(&ValidationError{Field: "operations", Reason: "must name an operation at least"})
	}
	others := c.payments.claimedByOthers(in)
	own := make([]Operation, len(operations))
	for i, b := range operations {
		if _, err := ParseBillnumber(string(b)); err != nil || b.Operation() == 0 || b.Payment() != in.Request.Billnumber.Payment() {
			return questionError(&ValidationError{Field: "operations", Reason: "must be extended billnumbers of the intent's payment", Err: err})
		}
		if others[b] {
			return questionError(fmt.Errorf("%w: the operation %s is known to be another cancel's", ErrContradiction, b))
		}
		own[i] = Operation{Billnumber: b}
	}
	c.payments.claim(in, own)
	c.payments.forget(in)
	return nil
}
