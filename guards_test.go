package assist

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These hold guards one by one that a scenario meets too seldom: each test fails
// when its guard is taken out (internal/simulation/mutants).

func TestRepeatedByOneTolerance(t *testing.T) {
	t.Parallel()
	asked := time.Date(2013, time.October, 24, 13, 58, 21, 0, time.UTC)
	for before, want := range map[time.Duration]bool{
		-time.Hour: false, 0: false, 4 * time.Second: false, clockTolerance - time.Second: false, time.Minute: false,
		time.Minute + time.Second: true, 30 * time.Minute: true, 50 * time.Hour: true,
	} {
		err := repeated(asked.Add(-before), asked)
		assert.Equal(t, want, err != nil, "dated %v before: %v", before, err)
	}
	require.NoError(t, repeated(time.Time{}, asked), "no Date")
	require.NoError(t, repeated(asked, time.Time{}), "nothing to compare it with")
}

func TestDatedBeforeLook(t *testing.T) {
	t.Parallel()
	looked := time.Date(2013, time.October, 24, 13, 58, 21, 0, time.UTC)
	in := Intent{LookedAt: looked}
	for name, test := range map[string]struct {
		at   time.Time
		want bool
	}{
		"after":                {looked.Add(time.Minute), false},
		"seconds before":       {looked.Add(-3 * time.Second), false},
		"within the tolerance": {looked.Add(-time.Minute), false},
		"before that":          {looked.Add(-time.Minute - time.Second), true},
		"hours before":         {looked.Add(-3 * time.Hour), true},
		"not dated":            {time.Time{}, true},
	} {
		assert.Equal(t, test.want, in.datedBeforeLook(&Operation{Date: test.at}), name)
	}
	assert.True(t, Intent{}.datedBeforeLook(&Operation{}), "neither is dated")
	assert.False(t, Intent{}.datedBeforeLook(&Operation{Date: looked}), "a look without a date")
}

// A candidate that may be another's leaves a doubt about the one beside it.
func TestDoubtfulCandidateLeavesADoubt(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	x := inProcess(t)
	in := x.Intent
	lookedFirst(".1", ".2")(&in)
	done := func(number string, at time.Time) Operation {
		return Operation{Billnumber: "5700027202722028" + Billnumber(number), Type: OperationCancel, State: OperationSuccess,
			Amount: in.Request.Amount, ResponseCode: ResponseDone, Date: at}
	}
	c := mocked(t, answering(http.StatusOK, ""))
	listed := []Operation{done(".1", now), done(".2", now), done(".3", now)}
	r, _ := c.decide(in, &Order{Billnumber: in.Request.Billnumber, Number: in.Request.OrderNumber, Operations: listed})
	require.Equal(t, Accepted, r.Outcome)
	listed = append(listed, done(".4", now.Add(-time.Hour)))
	r, _ = c.decide(in, &Order{Billnumber: in.Request.Billnumber, Number: in.Request.OrderNumber, Operations: listed})
	assert.Equal(t, Unknown, r.Outcome)
	assert.Len(t, r.Candidates, 2)
}

// The intent keeps what the server's clock showed, and when that was.
func TestIntentKeepsWhenItLooked(t *testing.T) {
	t.Parallel()
	date := time.Date(2013, time.October, 24, 13, 58, 21, 0, time.UTC)
	var in Intent
	now := time.Now()
	in.sentAt(now, &look{date: date, began: now.Add(-2 * time.Second), ended: now})
	assert.Equal(t, date, in.LookedAt)
	assert.WithinDuration(t, date, in.ServerSentAt, 30*time.Second)
	assert.Equal(t, 3*time.Second, in.ServerSlack)
	in = Intent{}
	in.sentAt(now, nil)
	assert.Zero(t, in.LookedAt, "without a look it isn't known")
}

func TestProvesRefusal(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusInternalServerError} {
		assert.True(t, provesRefusal(5, 108, status), "%d", status)
		assert.False(t, provesRefusal(5, 1, status), "%d: unexpected", status)
		assert.False(t, provesRefusal(3, 3, status), "%d: attempt 3/3", status)
		assert.False(t, provesRefusal(2, 108, status), "%d: not a refusal", status)
	}
	for _, status := range []int{http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		assert.False(t, provesRefusal(5, 108, status), "%d", status)
	}
}

// A cancel that was declined in its own answer has an operation as well, which is
// no other's.
func TestDeclinedOperationIsClaimed(t *testing.T) {
	t.Parallel()
	c := mocked(t, answering(http.StatusOK, soapAnswer(coded("Declined", "AS102"))))
	req := webMoneyRequest(t)
	req.Order = &Order{Billnumber: req.Billnumber, Number: req.OrderNumber, Operations: operations("5700027202722028.2")}
	_, err := c.Cancel(t.Context(), req)
	require.Equal(t, Rejected, OutcomeOf(err), "%v", err)
	other := Intent{ID: "ANOTHER", Request: req}
	assert.Equal(t, map[Billnumber]bool{"5700027202722028.3": true}, c.payments.claimedByOthers(other))
}

// A flat answer names no operation: it is followed by the one that is new, and by
// none where several are, or where one of them may be another's.
func TestFlatAnswerIsFollowedByTheOnlyOne(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	x := inProcess(t, "")
	lookedFirst(".1", ".2")(&x.Intent)
	x.Intent.ServerSentAt = now
	done := func(number string, at time.Time) Operation {
		return Operation{Billnumber: "5700027202722028" + Billnumber(number), Type: OperationCancel, State: OperationSuccess,
			Amount: x.Intent.Request.Amount, ResponseCode: ResponseDone, Date: at}
	}
	declined := func(number string, at time.Time) Operation {
		op := done(number, at)
		op.State, op.ResponseCode = OperationDeclined, ResponseDeclined
		return op
	}
	for name, test := range map[string]struct {
		operations []Operation
		want       bool
	}{
		"one declined beside the send":      {[]Operation{done(".1", now), done(".2", now), declined(".3", now.Add(20*time.Second))}, true},
		"one declined long after the send":  {[]Operation{done(".1", now), done(".2", now), declined(".3", now.Add(3*time.Hour))}, false},
		"one declined before the send":      {[]Operation{done(".1", now), done(".2", now), declined(".3", now.Add(-90*time.Second))}, false},
		"one":                               {[]Operation{done(".1", now), done(".2", now), done(".3", now)}, true},
		"none":                              {[]Operation{done(".1", now), done(".2", now)}, false},
		"two":                               {[]Operation{done(".1", now), done(".2", now), done(".3", now), done(".4", now)}, false},
		"one, and one from before the look": {[]Operation{done(".1", now), done(".2", now), done(".3", now), done(".4", now.Add(-time.Hour))}, false},
		"one behind a gap":                  {[]Operation{done(".1", now), done(".2", now), done(".4", now)}, false},
	} {
		c := mocked(t, answering(http.StatusOK, ""))
		found, err := c.listed(x, &Order{Billnumber: "5700027202722028", Operations: test.operations})
		require.NoError(t, err, name)
		assert.Equal(t, test.want, len(found) == 1, "%s: %v", name, found)
	}
}

// Following an operation makes a new value: the caller's stays as it was.
func TestRefreshLeavesTheCancellationAsItIs(t *testing.T) {
	t.Parallel()
	l := &listing{}
	l.put(cancelled(), time.Now())
	x := inProcess(t)
	kept := *x
	operation := x.Operations[0]
	followed, err := l.client(t).Refresh(t.Context(), x)
	require.NoError(t, err)
	require.Equal(t, Succeeded, followed.Status)
	assert.Equal(t, InProcess, x.Status)
	assert.Equal(t, kept.Operation, x.Operation)
	assert.Equal(t, operation, x.Operations[0])
}

// The bound of a token holds whatever is in it, before anything is decoded.
func TestTokenOfAnySizeIsNotRead(t *testing.T) {
	t.Parallel()
	token := Intent{ID: "A", MerchantID: "515089", SentAt: time.Now(), Request: webMoneyRequest(t)}.Token()
	_, err := ParseIntent(token)
	require.NoError(t, err)
	padded := sealRaw(intentTokenKind, []byte(`{"id":"A"}`+strings.Repeat(" ", maxTokenSize)))
	_, err = ParseIntent(padded)
	require.ErrorIs(t, err, ErrToken)
	assert.ErrorContains(t, err, "too long")
}

// A cancel of everything makes one operation of each payment. A part that is
// somebody's isn't its own because the sum fits.
func TestFullCancelMakesOneOperationOfAPayment(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	in := inProcess(t).Intent
	full(&in)
	lookedFirst(".1")(&in)
	op := func(number string, kind OperationType, amount string) Operation {
		return Operation{Billnumber: "5700027202722028" + Billnumber(number), Type: kind, State: OperationSuccess,
			Amount: rub(t, amount), ResponseCode: ResponseDone, Date: now}
	}
	c := mocked(t, answering(http.StatusOK, ""))
	for name, test := range map[string]struct {
		operations []Operation
		want       Outcome
	}{
		"one":                  {[]Operation{op(".1", OperationPayment, "1.00"), op(".2", OperationCancel, "1.00")}, Accepted},
		"two of one payment":   {[]Operation{op(".1", OperationPayment, "1.00"), op(".2", OperationCancel, "0.90"), op(".3", OperationCancel, "0.10")}, Unknown},
		"a hold and its whole": {[]Operation{op(".1", OperationPayment, "1.00"), op(".2", OperationConfirmation, "1.00"), op(".3", OperationCancel, "0.40"), op(".4", OperationCancel, "0.60")}, Unknown},
	} {
		in := in
		if test.operations[1].Type == OperationConfirmation {
			lookedFirst(".1", ".2")(&in)
		}
		r, _ := c.decide(in, &Order{Billnumber: in.Request.Billnumber, Number: in.Request.OrderNumber, Operations: test.operations})
		assert.Equal(t, test.want, r.Outcome, name)
	}
	lookedFirst(".1", ".2")(&in)
	two := []Operation{op(".1", OperationPayment, "0.90"), op(".2", OperationPayment, "0.10"), op(".3", OperationCancel, "0.90"), op(".4", OperationCancel, "0.10")}
	r, _ := c.decide(in, &Order{Billnumber: in.Request.Billnumber, Number: in.Request.OrderNumber, Operations: two})
	assert.Equal(t, Accepted, r.Outcome, "two payments")

	// The same in the cancel's own answer, where it lists all cancels of the order.
	lookedFirst(".1")(&in)
	a := &cancelAttempt{client: c, intent: in, look: &look{order: &Order{Operations: []Operation{op(".1", OperationPayment, "1.00")}}}}
	answer := &Order{Operations: []Operation{op(".2", OperationCancel, "0.90"), op(".3", OperationCancel, "0.10")}}
	_, err := a.ownOperations(answer, &reply{})
	require.ErrorIs(t, err, ErrOtherAnswer)
	answer.Operations = []Operation{op(".2", OperationCancel, "1.00")}
	own, err := a.ownOperations(answer, &reply{})
	require.NoError(t, err)
	assert.Len(t, own, 1)
}

// Without a look ours is the one that isn't older than the send. Where a later
// number bears an older date the clocks are apart, and the dates tell nothing.
func TestLaterNumberWithAnOlderDate(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	in := inProcess(t).Intent
	op := func(number string, code ResponseCode, at time.Time) Operation {
		state := OperationSuccess
		if code != ResponseDone {
			state = OperationDeclined
		}
		return Operation{Billnumber: "5700027202722028" + Billnumber(number), Type: OperationCancel, State: state,
			Amount: in.Request.Amount, ResponseCode: code, Date: at}
	}
	answered := &reply{date: now, began: time.Now(), ended: time.Now()}
	a := &cancelAttempt{client: mocked(t, answering(http.StatusOK, "")), intent: in}
	for name, test := range map[string]struct {
		operations []Operation
		want       Billnumber
	}{
		"an older one, and ours":                    {[]Operation{op(".2", ResponseDone, now.Add(-time.Hour)), op(".3", ResponseDone, now)}, ".3"},
		"declined just now, and a later one behind": {[]Operation{op(".2", ResponseDeclined, now.Add(-30*time.Second)), op(".3", ResponseDone, now.Add(-2*time.Minute))}, ""},
		"done just now, and a later one behind":     {[]Operation{op(".2", ResponseDone, now.Add(-30*time.Second)), op(".3", ResponseDeclined, now.Add(-2*time.Minute))}, ""},
		"the same in another order":                 {[]Operation{op(".3", ResponseDone, now.Add(-2*time.Minute)), op(".2", ResponseDeclined, now.Add(-30*time.Second))}, ""},
	} {
		own, err := a.ownOperations(&Order{Billnumber: in.Request.Billnumber, Operations: test.operations}, answered)
		if test.want == "" {
			assert.ErrorIs(t, err, ErrOtherAnswer, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, in.Request.Billnumber+test.want, own[0].Billnumber, name)
	}
}
