package assist

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// brokenText finds what an empty field leaves in a sentence.
var brokenText = regexp.MustCompile(`<nil>|%!|  | ,| :|: :|::|: ?$|, $| $|""|0001-01-01|intent (of|has|,)`)

// A test of a merchant's builds an error with no more than it needs.
func TestErrorsBuiltByHandPrintWell(t *testing.T) {
	t.Parallel()
	const b = Billnumber("5700027202722028")
	cause := errors.New("the disk is full")
	in := Intent{ID: "FAKE1", Request: CancelRequest{Billnumber: b}}
	for want, err := range map[string]error{
		"assist: not a valid value (nothing was sent)":                                                         &ValidationError{},
		"assist: Amount: not a valid value (nothing was sent)":                                                 &ValidationError{Field: "Amount"},
		"assist: must not be empty (nothing was sent)":                                                         &ValidationError{Reason: "must not be empty"},
		"assist: cancel: not sent":                                                                             &NotSentError{},
		"assist: cancel 5700027202722028: not sent":                                                            &NotSentError{Billnumber: b},
		"assist: cancel: not sent: the disk is full":                                                           &NotSentError{Err: cause},
		"assist: cancel: not sent, stopped while saving the intent":                                            &NotSentError{Step: "saving the intent"},
		"assist: cancel: not sent, no connection":                                                              &TransportError{},
		"assist: cancel 5700027202722028: not sent, no connection: the disk is full":                           &TransportError{Billnumber: b, Err: cause},
		"assist: cancel: not sent, an earlier cancel of this payment has an unknown outcome: resolve it first": &UnresolvedError{},
		"assist: cancel 5700027202722028: not sent, the earlier cancel FAKE1 of this payment has an unknown outcome: resolve it first": &UnresolvedError{Intent: in},
		"assist: a refusal without codes":             &APIError{},
		"assist: cancel: declined":                    &DeclinedError{},
		"assist: cancel 5700027202722028.3: declined": &DeclinedError{Operation: Operation{Billnumber: b + ".3"}},
		"assist: cancel: outcome unknown, the money may have moved; resolve its intent, don't send again":                                      &UnknownOutcomeError{},
		"assist: cancel 5700027202722028: outcome unknown, the money may have moved; resolve intent FAKE1, don't send again: the disk is full": &UnknownOutcomeError{Intent: in, Err: cause},
		"assist: the question failed, which says nothing about the money":                                                                      &FollowError{},
		"assist: orderresult: the question failed, which says nothing about the money: the disk is full":                                       &FollowError{Service: "orderresult", Err: cause},
		"assist: the answer is not proved to be Assist's":                                                                                      &SignatureError{},
		"assist: the answer is not proved to be Assist's: a wrong check value":                                                                 &SignatureError{Reason: CheckValueWrong},
		"assist: the answer is not proved to be Assist's: the disk is full":                                                                    &SignatureError{Err: cause},
	} {
		assert.Equal(t, want, err.Error())
		assert.NotRegexp(t, brokenText, err.Error())
	}
	// Those whose texts are put together elsewhere.
	for _, err := range []error{
		&WaitTimeoutError{}, &WaitTimeoutError{Last: &Cancellation{}}, &WaitTimeoutError{Err: cause, Elapsed: time.Minute},
		&WalletRuleError{}, &WalletRuleError{Billnumber: b}, &DecisionError{}, &DecisionError{Intent: in, Reason: "it was another"},
		&APIError{First: 7, Second: 102}, &APIError{First: 999, Second: 999, Message: "no"}, &APIError{Billnumber: b},
		&DeclinedError{ResponseCode: "AS102"}, &DeclinedError{ResponseCode: "unheard"},
	} {
		assert.NotRegexp(t, brokenText, err.Error())
		assert.NotPanics(t, func() { _ = OutcomeOf(err); _, _ = NotBefore(err); _ = errors.Is(err, ErrDayBalance) })
	}
}

// The outcome of an error without any field is the one of its type.
func TestOutcomesOfErrorsBuiltByHand(t *testing.T) {
	t.Parallel()
	for outcome, list := range map[Outcome][]error{
		NotSent:  {&ValidationError{}, &NotSentError{}, &TransportError{}, &UnresolvedError{}, &WalletRuleError{}},
		Rejected: {&DeclinedError{}, &APIError{First: 5, Second: 102}},
		Unknown:  {&APIError{}, &UnknownOutcomeError{}, &FollowError{}, &SignatureError{}, &WaitTimeoutError{}, &DecisionError{}},
	} {
		for _, err := range list {
			assert.Equal(t, outcome, OutcomeOf(err), "%T", err)
		}
	}
}
