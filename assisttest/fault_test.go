package assisttest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFaultsOfACancel(t *testing.T) {
	t.Parallel()
	const part, none = "10.00", "0.00"
	for name, test := range map[string]struct {
		fault  assisttest.Fault
		broken bool // the client gets no whole answer
		status int
		has    string
		hasNot string
		moved  string
		worked bool
	}{
		"no fault":                 {assisttest.Fault{}, false, 200, "AS000", "", part, true},
		"die before":               {assisttest.DieBefore(), true, 0, "", "", none, false},
		"die after":                {assisttest.DieAfter(), true, 0, "", "", part, true},
		"garbage":                  {assisttest.Garbage(), false, 200, "ord\xc3er", "AS000", part, true},
		"garbage, undone":          {assisttest.Garbage().WithoutDoing(), false, 200, "ord\xc3er", "AS000", none, false},
		"502 after":                {assisttest.HTMLError(502), false, 502, "<h1>Bad Gateway</h1>", "AS000", part, true},
		"502 before":               {assisttest.HTMLError(502).WithoutDoing(), false, 502, "<h1>Bad Gateway</h1>", "AS000", none, false},
		"own answer":               {assisttest.Answer(202, "text/plain", "soon"), false, 202, "soon", "AS000", part, true},
		"cut short":                {assisttest.CutShort(), true, 0, "", "", part, true},
		"incomplete":               {assisttest.Incomplete(), false, 200, "<?xml", "</result>", part, true},
		"undone":                   {assisttest.Fault{}.WithoutDoing(), false, 502, "<h1>", "AS000", none, false},
		"redirect":                 {assisttest.Redirect(307, "https://other.example/cancel"), false, 307, "", "AS000", none, false},
		"refused":                  {assisttest.Refuse(2, 1), false, 200, "firstcode='2' secondcode='1'", "AS000", none, true},
		"declined":                 {assisttest.Decline("AS102"), false, 200, "<responsecode>AS102</responsecode>", "Success", none, true},
		"claims otherwise":         {assisttest.Claim("AS000", "Declined"), false, 200, "<operationstate>Declined</operationstate>", "Success", part, true},
		"in process, answer lost":  {assisttest.InProcess(0, "AS000").And(assisttest.DieAfter()), true, 0, "", "", part, true},
		"declined, answer is HTML": {assisttest.Decline("AS100").And(assisttest.HTMLError(500)), false, 500, "Internal Server Error", "AS100", none, true},
		"replay without an older":  {assisttest.Replay(), false, 502, "<h1>", "AS000", part, true},
		"twice":                    {assisttest.Twice(), false, 200, ".3</billnumber>", ".2</billnumber>", "20.00", true},
		"twice, then lost":         {assisttest.Twice().And(assisttest.DieAfter()), true, 0, "", "", "20.00", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, assisttest.InMemory())
			order := s.Pay(assisttest.Payment{})
			s.Next(test.fault)
			pairs := []string{"Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB", "Format", "3"}
			answer, err := postForm(s, pathCancel, pairs...)
			if test.broken {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				assert.Equal(t, test.status, answer.status)
				assert.Contains(t, answer.body, test.has)
				if test.hasNot != "" {
					assert.NotContains(t, answer.body, test.hasNot)
				}
			}
			assert.Equal(t, rub(t, test.moved), s.Moved(order.Billnumber))
			requests := s.Requests()
			require.Len(t, requests, 1)
			assert.Equal(t, test.worked, requests[0].Worked)

			// A fault is for one request.
			answer, err = postForm(s, pathCancel, pairs...)
			require.NoError(t, err)
			assert.Contains(t, answer.body, "AS000")
		})
	}
}

func TestRedirectTellsWhere(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	s.Next(assisttest.Redirect(308, "https://other.example/cancel").For(assisttest.AnyService))
	answer, err := postForm(s, pathState, "Ordernumber", "a")
	require.NoError(t, err)
	assert.Equal(t, "https://other.example/cancel", answer.header.Get("Location"))
}

func TestReplayRepeatsTheAnswerBefore(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	pairs := []string{"Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB"}
	first, err := postForm(s, pathCancel, pairs...)
	require.NoError(t, err)
	s.Next(assisttest.Replay())
	second, err := postForm(s, pathCancel, pairs...)
	require.NoError(t, err)
	assert.Equal(t, first.body, second.body)
	assert.Equal(t, rub(t, "20.00"), s.Moved(order.Billnumber))
	s.Next(assisttest.Replay().WithoutDoing())
	third, err := postForm(s, pathCancel, pairs...)
	require.NoError(t, err)
	assert.Equal(t, first.body, third.body)
	assert.Equal(t, rub(t, "20.00"), s.Moved(order.Billnumber))
}

func TestTwiceIsHeldByTheExternalRefundID(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	s.Next(assisttest.Twice())
	answer, err := postJSON(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB", "ExternalRefundID", "refund_2024-01")
	require.NoError(t, err)
	assert.Contains(t, answer.body, `"firstcode":11`)
	assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber))
}

func TestFaultsFindTheirService(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	s.Next(
		assisttest.HTMLError(501).For(assisttest.OrderResults), assisttest.HTMLError(502),
		assisttest.HTMLError(503).For(assisttest.OrderStates), assisttest.HTMLError(504).For(assisttest.ResultsByDate),
		assisttest.HTMLError(505).For(assisttest.AnyService), assisttest.Fault{},
	)
	asked := func(path string) int {
		answer, err := postForm(s, path, "Ordernumber", order.Number, "Billnumber", string(order.Billnumber))
		require.NoError(t, err)
		return answer.status
	}
	assert.Equal(t, []int{502, 503, 504, 501, 505, 200, 500}, []int{
		asked(pathCancel), asked(pathState), asked(pathByDate), asked(pathResult),
		asked(pathResult), asked(pathResult), asked(pathCancel),
	}, "each takes the oldest that is for it; the last cancel finds nothing left, in a Fault")
}

func TestAndJoins(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	order := s.Pay(assisttest.Payment{})
	s.Next(assisttest.HTMLError(500).And(assisttest.HTMLError(503)).And(assisttest.Claim("AS999", "?")).
		And(assisttest.Refuse(1, 1)).And(assisttest.Decline("AS100")).And(assisttest.Twice()).And(assisttest.DieBefore().For(assisttest.OrderStates)))
	_, err := postForm(s, pathState, "Ordernumber", order.Number)
	require.Error(t, err, "the last word counts")
}

func TestDoLater(t *testing.T) {
	t.Parallel()
	s := assisttest.NewServer(t, assisttest.InMemory())
	start := time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC)
	s.StandAt(start)
	order := s.Pay(assisttest.Payment{})
	s.Next(assisttest.DieAndDoLater(10 * time.Minute))
	_, err := postForm(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB")
	require.Error(t, err)
	s.Advance(9 * time.Minute)
	assert.True(t, s.Moved(order.Billnumber).IsZero())
	assert.False(t, s.Requests()[0].Worked)
	s.Advance(time.Hour)
	assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber))
	request := s.Requests()[0]
	assert.True(t, request.Worked)
	assert.Equal(t, start, request.Time)
	now, _ := s.Order(order.Billnumber)
	assert.Equal(t, start.Add(10*time.Minute), now.Operations[1].Date, "of when it was done, not of when somebody looked")
}

func TestListLate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts  []assisttest.Option
		fault assisttest.Fault
	}{
		"one cancel":   {nil, assisttest.ListLate(10 * time.Minute)},
		"every cancel": {[]assisttest.Option{assisttest.WithListingDelay(10 * time.Minute)}, assisttest.Fault{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assisttest.NewServer(t, append(test.opts, assisttest.InMemory())...)
			s.StandAt(time.Date(2024, time.May, 10, 9, 0, 0, 0, time.UTC))
			order := s.Pay(assisttest.Payment{})
			s.Next(test.fault)
			bill := string(order.Billnumber)
			_, made := cancelXML(t, s, "Billnumber", bill, "Amount", "10.00", "Currency", "RUB")
			assert.Equal(t, []string{bill + ".2 AS000 10.00"}, made, "its own answer has it at once")
			assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber))
			s.Advance(10*time.Minute - time.Second)
			state, _, _ := stateOf(t, s, order.Number, bill+".2")
			assert.Equal(t, "(none)", state)
			byDate, err := postForm(s, pathByDate, "Operationtype", "R")
			require.NoError(t, err)
			assert.Equal(t, "10/201", codes(t, byDate))
			now, _ := s.Order(order.Billnumber)
			assert.Len(t, now.Operations, 1)
			s.Advance(time.Second)
			state, _, _ = stateOf(t, s, order.Number, bill+".2")
			assert.Equal(t, "Success", state)
		})
	}
}

func TestAnswerLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := assisttest.NewServer(t, assisttest.InMemory())
		order := s.Pay(assisttest.Payment{})
		s.Next(assisttest.AnswerLate(10 * time.Minute))
		sent := time.Now()
		first, _ := cancelXML(t, s, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB")
		assert.Equal(t, "0/0", first)
		assert.Equal(t, 10*time.Minute, time.Since(sent))
	})
}

func TestAnswerLateEndsWithItsClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := assisttest.NewServer(t, assisttest.InMemory())
		order := s.Pay(assisttest.Payment{})
		s.Next(assisttest.AnswerLate(1000 * time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+pathCancel, strings.NewReader(
			"merchant_id=700027&login=test_refunds&password=TestPassword1&amount=10.00&currency=RUB&billnumber="+string(order.Billnumber)))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, err = s.HTTPClient().Do(request)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, rub(t, "10.00"), s.Moved(order.Billnumber), "it was done at once")
	})
}

func TestHandlerAloneEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := assisttest.New()
		s.Next(assisttest.AnswerLate(time.Hour).For(assisttest.AnyService))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, pathState, strings.NewReader(""))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		began := time.Now()
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { s.ServeHTTP(httptest.NewRecorder(), request) })
		assert.Equal(t, time.Minute, time.Since(began))
	})
}

// A bubble ends only when every goroutine in it has ended: this test would hang
// if Close left one behind.
func TestCloseEndsWhatIsHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := assisttest.NewServer(t, assisttest.InMemory())
		order := s.Pay(assisttest.Payment{})
		s.Next(assisttest.AnswerLate(1000*time.Hour), assisttest.AnswerLate(1000*time.Hour))
		ended := make(chan error)
		for range 2 {
			go func() {
				_, err := postForm(s, pathCancel, "Billnumber", string(order.Billnumber), "Amount", "10.00", "Currency", "RUB")
				ended <- err
			}()
		}
		synctest.Wait()
		s.Close()
		assert.Error(t, <-ended)
		assert.Error(t, <-ended)
		assert.Equal(t, rub(t, "20.00"), s.Moved(order.Billnumber))
		s.Close()
		_, err := postForm(s, pathCancel)
		assert.Error(t, err)
	})
}

func TestHandlerAloneEndsWithClose(t *testing.T) {
	t.Parallel()
	s := assisttest.New()
	s.Next(assisttest.AnswerLate(time.Hour).For(assisttest.AnyService))
	s.Close()
	request := httptest.NewRequest(http.MethodPost, "/shop"+pathState, strings.NewReader(""))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { s.ServeHTTP(httptest.NewRecorder(), request) })
}

func TestRequestThatBreaksOff(t *testing.T) {
	t.Parallel()
	s := assisttest.New()
	request := httptest.NewRequest(http.MethodPost, pathCancel, io.MultiReader(strings.NewReader("a"), broken{}))
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { s.ServeHTTP(httptest.NewRecorder(), request) })
	assert.Empty(t, s.Requests())
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
