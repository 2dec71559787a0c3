package verdict_test

import (
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
)

var everyState = []refunds.State{refunds.Pending, refunds.Sent, refunds.InProcess, refunds.Done, refunds.Refused, refunds.Withdrawn, refunds.GivenUp, refunds.Denied, refunds.Proposed}

// Money that moved by a cancel which a person had closed has moved, whatever the
// refund's state is, and in no state does the code let it be paid again.
func TestMoneyThatMovedLateIsSaidInEveryState(t *testing.T) {
	t.Parallel()
	for _, s := range everyState {
		for waits := refunds.ForTurn; waits <= refunds.ForApproval; waits++ {
			for _, passedOver := range []bool{false, true} {
				r := &refunds.Record{ID: 7, State: s, Waits: waits, MovedLate: true, PassedOver: passedOver}
				v := verdict.Of(r)
				assert.Equal(t, new(true), v.Moved, "%s, %s", s, waits)
				assert.Equal(t, exitcode.Unknown, v.Code, "%s, %s", s, waits)
				assert.Equal(t, verdict.MovedLate, v.Outcome)
				assert.Contains(t, v.Text.EN, "moved despite", "%s", s)
				assert.Contains(t, v.Text.RU, "ушли вопреки", "%s", s)
				assert.NotEmpty(t, v.Next)
				j := verdict.JSONOf(r)
				assert.True(t, j.MovedLate)
				assert.Equal(t, passedOver, j.PassedOver)
			}
		}
	}
}

// A record of a list has no attempts, but it has the flag.
func TestWhatMayMoveYetIsNoPlainRefusal(t *testing.T) {
	t.Parallel()
	for _, s := range everyState {
		v := verdict.Of(&refunds.Record{ID: 7, State: s, PassedOver: true})
		if s == refunds.Done {
			assert.Equal(t, new(true), v.Moved)
			assert.Contains(t, v.Text.EN, "or may still")
			continue
		}
		assert.Nil(t, v.Moved, "%s", s)
		assert.Equal(t, exitcode.Unknown, v.Code, "%s", s)
	}
}

// A command that failed beside a refund takes a code that is true of the refund.
func TestACommandThatFailedDoesNotDenyTheMoney(t *testing.T) {
	t.Parallel()
	seen := []refunds.Attempt{{ClosedBy: "anna", Outcome: assist.Unknown}}
	for name, c := range map[string]struct {
		r    refunds.Record
		code int
		want int
	}{
		"refused, the money is back":     {refunds.Record{State: refunds.Done}, exitcode.Refused, exitcode.Unknown},
		"failed, the money is back":      {refunds.Record{State: refunds.Done}, exitcode.Failed, exitcode.Unknown},
		"settings, unknown":              {refunds.Record{State: refunds.Sent}, exitcode.Settings, exitcode.Unknown},
		"interrupted, unknown":           {refunds.Record{State: refunds.Sent}, exitcode.Interrupted, exitcode.Unknown},
		"refused, in process":            {refunds.Record{State: refunds.InProcess}, exitcode.Refused, exitcode.NotFinished},
		"refused, given up":              {refunds.Record{State: refunds.GivenUp}, exitcode.Refused, exitcode.Unknown},
		"refused, it goes by itself":     {refunds.Record{State: refunds.Pending}, exitcode.Refused, exitcode.NotFinished},
		"failed, it goes by itself":      {refunds.Record{State: refunds.Pending}, exitcode.Failed, exitcode.NotFinished},
		"settings, queued":               {refunds.Record{State: refunds.Pending}, exitcode.Settings, exitcode.Settings},
		"refused, queued, one closed":    {refunds.Record{State: refunds.Pending, Attempts: seen}, exitcode.Refused, exitcode.Unknown},
		"refused, refused":               {refunds.Record{State: refunds.Refused}, exitcode.Refused, exitcode.Refused},
		"refused, refused and moved":     {refunds.Record{State: refunds.Refused, MovedLate: true}, exitcode.Refused, exitcode.Unknown},
		"refused, taken back":            {refunds.Record{State: refunds.Withdrawn}, exitcode.Refused, exitcode.Refused},
		"refused, waits for approval":    {refunds.Record{State: refunds.Proposed}, exitcode.Refused, exitcode.Refused},
		"not understood, whatever it is": {refunds.Record{State: refunds.Sent}, exitcode.Usage, exitcode.Usage},
	} {
		c.r.ID = 7
		assert.Equal(t, c.want, verdict.Of(&c.r).Beside(c.code), name)
	}
}
