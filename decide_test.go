package assist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// settlements is a day balance that notes how it was settled.
type settlements map[string]bool

func (s settlements) Reserve(context.Context, string, Wallet, Money, time.Time) error { return nil }

func (s settlements) Settle(_ context.Context, id string, moved bool) error {
	s[id] = moved
	return nil
}

func TestDecide(t *testing.T) {
	t.Parallel()
	declined := cancelled().with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" })
	part := func(n, amount string) answerOperation {
		return numbered(n).with(func(op *answerOperation) { op.amount = amount })
	}
	const it = claimedPayment + ".3"
	for name, test := range map[string]struct {
		in      []func(*Intent)
		listed  []answerOperation
		decide  Decision
		claimed string // operation of another cancel
		want    Outcome
		moved   any // what the day balance is told: true, false, or nil for nothing
		refused string
	}{
		"it was the only one":               {nil, []answerOperation{cancelled()}, ItWas(it), "", Accepted, true, ""},
		"it was one of several":             {nil, []answerOperation{numbered(".2"), cancelled()}, ItWas(it), "", Accepted, true, ""},
		"it was one in process":             {nil, []answerOperation{coded("In Process", "AS300")}, ItWas(it), "", Accepted, nil, ""},
		"it was a declined one":             {nil, []answerOperation{declined}, ItWas(it), "", Rejected, false, ""},
		"it was one behind a gap":           {[]func(*Intent){lookedFirst(".1")}, []answerOperation{part(".1", "1.00").with(payment), cancelled()}, ItWas(it), "", Accepted, true, ""},
		"it was what Assist proves":         {[]func(*Intent){lookedFirst()}, []answerOperation{cancelled()}, ItWas(it), "", Accepted, true, ""},
		"it was not what Assist proves":     {[]func(*Intent){lookedFirst(".2")}, []answerOperation{numbered(".2"), cancelled()}, ItWas(claimedPayment + ".2"), "", Unknown, nil, "was there before the send"},
		"it was two, of all of a payment":   {[]func(*Intent){full}, []answerOperation{part(".2", "0.80"), part(".3", "0.20")}, ItWas(claimedPayment+".2", it), "", Accepted, true, ""},
		"it was two, of a part":             {nil, []answerOperation{numbered(".2"), cancelled()}, ItWas(claimedPayment+".2", it), "", Unknown, nil, "makes one operation"},
		"it was one that isn't listed":      {nil, []answerOperation{numbered(".2")}, ItWas(it), "", Unknown, nil, "is not listed"},
		"it was one of another amount":      {nil, []answerOperation{part(".3", "0.20")}, ItWas(it), "", Unknown, nil, "of another amount"},
		"it was a payment":                  {nil, []answerOperation{cancelled().with(payment)}, ItWas(it), "", Unknown, nil, "no cancel"},
		"it was another's":                  {nil, []answerOperation{cancelled()}, ItWas(it), "OTHER", Unknown, nil, "another cancel's"},
		"it was one of two fates":           {[]func(*Intent){full}, []answerOperation{part(".2", "0.80"), declined}, ItWas(claimedPayment+".2", it), "", Unknown, nil, "declined"},
		"it was a plain billnumber":         {nil, []answerOperation{numbered("")}, ItWas(claimedPayment), "", Unknown, nil, "is not listed"},
		"nothing was decided":               {nil, []answerOperation{cancelled()}, Decision{}, "", Unknown, nil, "ItWas or NeverCame"},
		"it never came":                     {nil, []answerOperation{numbered(".2").with(payment)}, NeverCame(), "", Unknown, false, ""},
		"it never came, though one is seen": {nil, []answerOperation{cancelled()}, NeverCame(), "", Unknown, false, ""},
		"it never came, and it did":         {[]func(*Intent){lookedFirst()}, []answerOperation{cancelled()}, NeverCame(), "", Unknown, nil, "lists it as accepted"},
		"it never came, and was declined":   {[]func(*Intent){lookedFirst()}, []answerOperation{declined}, NeverCame(), "", Unknown, nil, "lists it as rejected"},
		"it never came, and is known":       {nil, []answerOperation{cancelled()}, NeverCame(), "INTENT", Unknown, nil, "known to be its"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, books := &listing{}, settlements{}
				in := lostIntent(t, test.in...)
				for _, op := range test.listed {
					l.put(op, in.SentAt.Add(time.Second))
				}
				time.Sleep(10 * time.Minute)
				c := l.client(t, WithWalletRules(books))
				if test.claimed != "" {
					c.payments.claim(claimant(test.claimed), operations(it))
				}
				r, err := c.Decide(t.Context(), in, test.decide)
				if test.refused != "" {
					var refused *DecisionError
					require.ErrorAs(t, err, &refused)
					assert.ErrorContains(t, err, test.refused)
					assert.Equal(t, Unknown, OutcomeOf(err))
					assert.Equal(t, in.ID, refused.Intent.ID)
					assert.Nil(t, r)
					assert.Empty(t, books)
					if test.decide.never || len(test.decide.operations) > 0 {
						assert.False(t, c.payments.open(claimedPayment), "the payment stays closed")
					}
					return
				}
				require.NoError(t, err)
				assert.Equal(t, test.want, r.Outcome)
				assert.NotNil(t, r.Order)
				assert.True(t, c.payments.open(claimedPayment))
				moved, settled := books[in.ID]
				if test.moved == nil {
					assert.False(t, settled)
				} else {
					assert.Equal(t, test.moved, moved)
					assert.True(t, settled)
				}
				switch test.want {
				case Accepted:
					assert.Len(t, r.Cancellation.Operations, len(test.decide.operations))
					other := lostIntent(t, func(in *Intent) { in.ID = "OTHER" })
					r, err = c.Resolve(t.Context(), other)
					require.NoError(t, err)
					for _, op := range r.Candidates {
						assert.NotContains(t, test.decide.operations, op.Billnumber, "nobody else is given it")
					}
				case Rejected:
					assert.Equal(t, Rejected, OutcomeOf(r.Err))
				}
			})
		})
	}
}

func payment(op *answerOperation) { op.kind = "100" }

// What a person has called never come may come after all. No other cancel is given
// its operation.
func TestNeverCameStaysARival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		l.put(numbered(".1").with(payment), time.Now())
		c, in := l.client(t), lostIntent(t, lookedFirst(".1"))
		_, err := c.Decide(t.Context(), in, NeverCame())
		require.NoError(t, err)
		time.Sleep(time.Hour)
		again := lostIntent(t, lookedFirst(".1"), func(in *Intent) { in.ID = "AGAIN" })
		l.put(numbered(".2"), time.Now())
		time.Sleep(time.Minute)
		r, err := c.Resolve(t.Context(), again)
		require.NoError(t, err)
		assert.Equal(t, Unknown, r.Outcome, "it may be the first one's")
		assert.Len(t, r.Candidates, 1)
		r, err = c.Decide(t.Context(), in, ItWas(claimedPayment+".2"))
		require.NoError(t, err, "a person may be wrong, and learn it")
		assert.Equal(t, Accepted, r.Outcome)
		r, err = c.Resolve(t.Context(), again)
		require.NoError(t, err)
		assert.Empty(t, r.Candidates)
		assert.Len(t, r.Claimed, 1)
	})
}

func TestDecideAsksFirst(t *testing.T) {
	t.Parallel()
	l := &listing{fail: func(int) (int, string, http.Header, error) { return 503, "<html>", nil, nil }}
	c, in := l.client(t), lostIntent(t)
	_, err := c.Decide(t.Context(), in, NeverCame())
	var failed *FollowError
	require.ErrorAs(t, err, &failed)
	assert.False(t, c.payments.open(claimedPayment))
	in.MerchantID = "1"
	_, err = c.Decide(t.Context(), in, NeverCame())
	require.ErrorAs(t, err, &failed)
}

func TestRemember(t *testing.T) {
	t.Parallel()
	l := &listing{}
	c := l.client(t)
	assert.Equal(t, "515089", c.MerchantID())
	one, two, foreign, done := lostIntent(t), lostIntent(t), lostIntent(t), lostIntent(t)
	one.ID, two.ID, two.Request.Billnumber = "ONE", "TWO", "5700027202722029"
	foreign.MerchantID, foreign.Request.Billnumber = "1", "5700027202722030"
	done.ID, done.Request.Billnumber = "DONE", "5700027202722031"
	c.payments.forget(done)
	c.Remember(one, two, foreign, done, Intent{})
	c.Remember(one)
	for payment, open := range map[Billnumber]bool{"5700027202722028": false, "5700027202722029": false, "5700027202722030": true, "5700027202722031": true} {
		assert.Equal(t, open, c.payments.open(payment), payment)
	}
	_, err := c.Cancel(t.Context(), requestFor(t, "5700027202722028.1"))
	assert.ErrorIs(t, err, ErrUnresolved)
	assert.Zero(t, l.questions())
}

func TestLearn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		l.put(cancelled(), time.Now())
		c, in := l.client(t), lostIntent(t)
		c.Remember(in)
		foreign := in
		foreign.MerchantID = "1"
		for name, err := range map[string]error{
			"another merchant's": c.Learn(foreign, claimedPayment+".3"),
			"nothing":            c.Learn(in),
			"no number":          c.Learn(in, claimedPayment),
			"another payment's":  c.Learn(in, "5700027202722029.3"),
			"no billnumber":      c.Learn(in, "7"),
		} {
			assert.Error(t, err, name)
			assert.Equal(t, Unknown, OutcomeOf(err), name)
		}
		assert.False(t, c.payments.open(claimedPayment), "nothing was learned")
		require.NoError(t, c.Learn(in, claimedPayment+".3"))
		require.NoError(t, c.Learn(in, claimedPayment+".3"), "twice is once")
		assert.True(t, c.payments.open(claimedPayment))
		other := lostIntent(t, lookedFirst(), func(in *Intent) { in.ID = "OTHER" })
		assert.ErrorIs(t, c.Learn(other, claimedPayment+".3"), ErrContradiction)
		r, err := c.Resolve(t.Context(), other)
		require.NoError(t, err)
		assert.Empty(t, r.Candidates)
		assert.Len(t, r.Claimed, 1)
	})
}

// The wall clock is read after the intent was saved.
func TestSendBy(t *testing.T) {
	t.Parallel()
	for late, want := range map[time.Duration]Outcome{0: Accepted, time.Minute: Accepted, time.Minute + time.Second: NotSent} {
		synctest.Test(t, func(t *testing.T) {
			earlier := paid()
			earlier.date = "20.12.1999 10:00:00"
			k, books := &clocks{before: []answerOperation{earlier}, answer: []answerOperation{undated(cancelled())}}, settlements{}
			c := mocked(t, k, WithWalletRules(books))
			_, err := c.Cancel(t.Context(), webMoneyRequest(t), LookFirst(), SendBy(time.Now().Add(time.Minute)), SaveIntent(func(context.Context, Intent) error {
				time.Sleep(late)
				return nil
			}))
			assert.Equal(t, want, OutcomeOf(err), "%v", err)
			if want == NotSent {
				assert.ErrorIs(t, err, ErrTooLate)
				assert.Len(t, books, 1, "what was set aside is given back")
				assert.Zero(t, c.payments.size())
			}
		})
	}
}

func TestCheckOrder(t *testing.T) {
	t.Parallel()
	d := &scripted{order: orderAnswer([]Billnumber{"5700027202722028"}, paid()), cancel: soapAnswer(cancelled())}
	c := d.client(t)
	differs := errors.New("the books say 2.00")
	_, err := c.Cancel(t.Context(), webMoneyRequest(t), LookFirst(), CheckOrder(func(o *Order) error {
		return fmt.Errorf("%w, Assist %s", differs, o.Operations[0].Amount)
	}), SaveIntent(func(context.Context, Intent) error {
		t.Error("nothing is saved")
		return nil
	}))
	require.ErrorIs(t, err, differs)
	assert.Equal(t, NotSent, OutcomeOf(err))
	assert.Zero(t, c.payments.size())
	_, err = c.Cancel(t.Context(), webMoneyRequest(t), CheckOrder(func(*Order) error { return nil }))
	var wrong *ValidationError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "CheckOrder", wrong.Field)
	assert.Empty(t, d.sends)
	x, err := c.Cancel(t.Context(), webMoneyRequest(t), LookFirst(), CheckOrder(func(o *Order) error {
		o.Billnumber, o.Operations[0] = "", Operation{}
		return nil
	}))
	require.NoError(t, err)
	assert.Equal(t, []Billnumber{"5700027202722028.1"}, x.Intent.Before, "what the function changes is its own")
}
