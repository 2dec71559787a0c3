package verdict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var closed = []refunds.Attempt{{ClosedBy: "anna", Outcome: assist.Unknown}, {Outcome: assist.Rejected}}

func TestWhatIsSaidOfEachState(t *testing.T) {
	t.Parallel()
	yes, no := new(true), new(false)
	for name, c := range map[string]struct {
		r       refunds.Record
		code    int
		outcome string
		moved   *bool
	}{
		"done":                         {refunds.Record{State: refunds.Done}, exitcode.Done, verdict.Done, yes},
		"refused":                      {refunds.Record{State: refunds.Refused, Codes: "5/108"}, exitcode.Refused, verdict.Refused, no},
		"refused, but one passed over": {refunds.Record{State: refunds.Refused, Attempts: closed}, exitcode.Unknown, verdict.Refused, nil},
		"withdrawn":                    {refunds.Record{State: refunds.Withdrawn}, exitcode.Refused, verdict.Withdrawn, no},
		"withdrawn, one passed over":   {refunds.Record{State: refunds.Withdrawn, Attempts: closed}, exitcode.Unknown, verdict.Withdrawn, nil},
		"denied":                       {refunds.Record{State: refunds.Denied}, exitcode.Refused, verdict.Denied, no},
		"given up":                     {refunds.Record{State: refunds.GivenUp}, exitcode.Unknown, verdict.GivenUp, nil},
		"proposed":                     {refunds.Record{State: refunds.Proposed}, exitcode.NotFinished, verdict.Approval, no},
		"in process":                   {refunds.Record{State: refunds.InProcess}, exitcode.NotFinished, verdict.InProcess, nil},
		"in process, a person":         {refunds.Record{State: refunds.InProcess, NeedsPerson: time.Now()}, exitcode.Unknown, verdict.Unknown, nil},
		"sent":                         {refunds.Record{State: refunds.Sent}, exitcode.Unknown, verdict.Unknown, nil},
		"sent, a person":               {refunds.Record{State: refunds.Sent, NeedsPerson: time.Now()}, exitcode.Unknown, verdict.Unknown, nil},
		"a state of a newer store":     {refunds.Record{State: 77}, exitcode.Unknown, verdict.Unknown, nil},
		"queued":                       {refunds.Record{State: refunds.Pending}, exitcode.NotFinished, verdict.Queued, no},
		"queued for a time":            {refunds.Record{State: refunds.Pending, Waits: refunds.ForTime}, exitcode.NotFinished, verdict.Queued, no},
		"queued for a connection":      {refunds.Record{State: refunds.Pending, Waits: refunds.ForConnection}, exitcode.NotSent, verdict.Queued, no},
		"the same, one passed over":    {refunds.Record{State: refunds.Pending, Waits: refunds.ForConnection, Attempts: closed}, exitcode.Unknown, verdict.Queued, nil},
		"queued for settings":          {refunds.Record{State: refunds.Pending, Waits: refunds.ForSettings}, exitcode.Settings, verdict.Queued, no},
		"queued, needs a person":       {refunds.Record{State: refunds.Pending, NeedsPerson: time.Now()}, exitcode.NotFinished, verdict.Queued, no},
		"queued, refused before":       {refunds.Record{State: refunds.Pending, Attempts: []refunds.Attempt{{Outcome: assist.Rejected}}}, exitcode.NotFinished, verdict.Queued, no},
	} {
		c.r.ID = 7
		got := verdict.Of(&c.r)
		assert.Equal(t, c.code, got.Code, name)
		assert.Equal(t, c.outcome, got.Outcome, name)
		assert.Equal(t, c.moved, got.Moved, name)
		assert.NotEmpty(t, got.Text.EN, name)
		assert.NotEmpty(t, got.Text.RU, name)
		if c.code == exitcode.Unknown && c.outcome == verdict.Unknown {
			assert.Contains(t, got.Text.EN, "may have moved", name)
			assert.Contains(t, got.Text.EN, "don't repeat", name)
			assert.Contains(t, got.Text.RU, "не повторяйте", name)
			assert.NotEmpty(t, got.Next, name)
		}
		if c.moved == nil {
			assert.Nil(t, verdict.JSONOf(&c.r).MoneyMoved, name)
		}
	}
}

func TestNumbersOfRefunds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"R-12", "r-12", "12"} {
		id, err := verdict.ParseID(text)
		require.NoError(t, err, text)
		assert.Equal(t, "R-12", verdict.ID(id))
	}
	for _, text := range []string{"", "R-", "R-0", "-1", "R--1", "+1", "R-+1", "12a", "R-R-1", strings.Repeat("9", 20)} {
		_, err := verdict.ParseID(text)
		assert.Error(t, err, text)
	}
}
