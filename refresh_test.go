package assist

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	earlierAttempt := `<order><ordernumber>n-7</ordernumber><billnumber>5700027202722027</billnumber><orderstate>Declined</orderstate>` +
		`<operation><billnumber>5700027202722027.3</billnumber><operationtype>300</operationtype><operationstate>Success</operationstate>` +
		`<amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode></operation></order>`
	tests := []struct {
		name       string
		own        []string
		operations []answerOperation
		state      string
		before     string
		want       Outcome
		status     CancelStatus
	}{
		{name: "success", operations: []answerOperation{cancelled()}, want: Accepted, status: Succeeded},
		{name: "still in process", operations: []answerOperation{coded("In Process", "AS300")}, want: Accepted},
		{name: "in process though the order is canceled", state: "Canceled", operations: []answerOperation{coded("In Process", "AS300")}, want: Accepted},
		{name: "success though the order is approved", state: "Approved", operations: []answerOperation{cancelled()}, want: Accepted, status: Succeeded},
		{name: "not listed yet", operations: nil, want: Accepted},
		{name: "not listed among others", operations: []answerOperation{numbered(".2")}, want: Accepted},
		{name: "others fared differently", operations: []answerOperation{
			numbered(".2").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }), cancelled(),
			numbered(".4").with(func(op *answerOperation) { op.state, op.code = "In Process", "AS300" })}, want: Accepted, status: Succeeded},
		{name: "an earlier attempt under the same number", before: earlierAttempt, operations: []answerOperation{coded("In Process", "AS300")}, want: Accepted},
		{name: "declined", operations: []answerOperation{coded("Declined", "AS102")}, want: Rejected},
		{name: "declined with the code of a process", operations: []answerOperation{coded("Declined", "AS300")}, want: Rejected},
		{name: "declined with an unknown code", operations: []answerOperation{coded("Declined", "AS777")}, want: Rejected},
		{name: "unknown state", operations: []answerOperation{coded("Deferred", "AS300")}, want: Accepted},
		{name: "unknown code", operations: []answerOperation{coded("Success", "AS777")}, want: Accepted},
		{name: "timed out", operations: []answerOperation{coded("Timeout", "AS300")}, want: Accepted},
		{name: "refusal code in process", operations: []answerOperation{coded("In Process", "AS100")}, want: Accepted},
		{name: "refusal code with success", operations: []answerOperation{coded("Success", "AS100")}, want: Accepted},
		{name: "another amount", operations: []answerOperation{cancelled().with(func(op *answerOperation) { op.amount = "0.20" })}, want: Unknown},
		{name: "another type", operations: []answerOperation{cancelled().with(func(op *answerOperation) { op.kind = "100" })}, want: Unknown},
		{name: "both of two", own: []string{".3", ".4"}, operations: []answerOperation{cancelled(), numbered(".4")}, want: Accepted, status: Succeeded},
		{name: "one of two in process", own: []string{".3", ".4"}, operations: []answerOperation{cancelled(), numbered(".4").with(func(op *answerOperation) { op.state, op.code = "In Process", "AS300" })}, want: Accepted},
		{name: "one of two not listed", own: []string{".3", ".4"}, operations: []answerOperation{cancelled()}, want: Accepted},
		{name: "one of two declined", own: []string{".3", ".4"}, operations: []answerOperation{cancelled(), numbered(".4").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" })}, want: Unknown},
		{name: "one declined, one in process", own: []string{".3", ".4"}, operations: []answerOperation{coded("In Process", "AS300"), numbered(".4").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" })}, want: Accepted},
		{name: "both declined", own: []string{".3", ".4"}, operations: []answerOperation{coded("Declined", "AS100"), numbered(".4").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" })}, want: Rejected},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := &listing{state: test.state, before: test.before}
			for _, op := range test.operations {
				l.put(op, time.Time{})
			}
			x := inProcess(t, test.own...)
			was := *x
			was.Operations = slices.Clone(x.Operations)
			followed, err := l.client(t).Refresh(t.Context(), x)
			require.Equal(t, test.want, OutcomeOf(err), "%v", err)
			assert.Equal(t, was, *x, "the given cancellation is left as it is")
			assert.Equal(t, 1, l.questions())
			if test.want != Accepted {
				assert.Nil(t, followed)
				return
			}
			assert.Equal(t, test.status, followed.Status)
			assert.Equal(t, x.Operation.Billnumber, followed.Operation.Billnumber)
			assert.Equal(t, x.Intent, followed.Intent)
		})
	}
}

func TestRefreshOfAFinishedOneAsksNothing(t *testing.T) {
	t.Parallel()
	l := &listing{}
	x := inProcess(t)
	x.Status = Succeeded
	same, err := l.client(t).Refresh(t.Context(), x)
	require.NoError(t, err)
	assert.Same(t, x, same)
	assert.Zero(t, l.questions())
}

func TestRefreshRefusesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	l := &listing{}
	foreign := inProcess(t)
	foreign.Intent.MerchantID = "1"
	for name, x := range map[string]*Cancellation{"nil": nil, "made by hand": {}, "another merchant's": foreign} {
		_, err := l.client(t).Refresh(t.Context(), x)
		assert.Equal(t, Unknown, OutcomeOf(err), name)
		var failed *FollowError
		assert.ErrorAs(t, err, &failed, name)
	}
	assert.Zero(t, l.questions())
}

func TestRefreshThatFailsSaysNothing(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"refused": codesXML(15, 308), "unreadable": "<html>", "not found": codesXML(10, 201), "empty": codesXML(0, 0), "other order": orderXML("5700027202722099", ""),
	} {
		l := &listing{fail: func(int) (int, string, http.Header, error) { return 200, body, nil, nil }}
		x, err := l.client(t).Refresh(t.Context(), inProcess(t))
		assert.Nil(t, x, name)
		var failed *FollowError
		require.ErrorAs(t, err, &failed, name)
		assert.Equal(t, Unknown, OutcomeOf(err), name)
	}
}

func TestQuestionsReachBackBeforeTheOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		start := func(x *Cancellation) string {
			l := &listing{}
			_, err := l.client(t).Refresh(t.Context(), x)
			require.NoError(t, err)
			return l.starts[0]
		}
		x := inProcess(t)
		x.Intent.Request.OrderDate = now.AddDate(0, 0, -10)
		assert.Contains(t, start(x), "StartYear=1999&StartMonth=12&StartDay=21&StartHour=0&StartMin=0", "a day before the request's date")
		x.Order.Date = now.AddDate(0, 0, -20)
		assert.Contains(t, start(x), "StartYear=1999&StartMonth=12&StartDay=11&", "the answer's own date, when it is earlier")
		x.Intent.Request.OrderDate = time.Time{}
		assert.Contains(t, start(x), "StartYear=1999&StartMonth=12&StartDay=11&", "the answer's own date, when there is no other")
		x.Order.Date = time.Time{}
		assert.Contains(t, start(x), "StartYear=1998&StartMonth=12&StartDay=31&", "366 days, when nothing is known")
	})
}
