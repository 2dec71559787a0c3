package assist

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var searchNow = time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)

// archive is an order service that knows orders by their date, and takes periods
// of a limited length.
type archive struct {
	orders map[Billnumber]time.Time
	takes  time.Duration // 0: any
	asked  []Period
}

func (a *archive) client(t *testing.T) *Client {
	return asked(t, a.answer, WithClock(func() time.Time { return searchNow }))
}

func (a *archive) answer(form url.Values) string {
	p := Period{From: formTime(form, "Start", searchNow), To: formTime(form, "End", searchNow)}
	a.asked = append(a.asked, p)
	if a.takes > 0 && p.To.Sub(p.From) > a.takes {
		return codesXML(17, 4)
	}
	for number, made := range a.orders {
		if !made.Before(p.From) && !made.After(p.To) {
			return orderXML(string(number), "")
		}
	}
	return codesXML(10, 201)
}

func formTime(form url.Values, prefix string, none time.Time) time.Time {
	parts := momentOf(form, prefix)
	if parts[0] == "" {
		return none
	}
	var n [5]int
	for i, part := range parts {
		_, _ = fmt.Sscan(part, &n[i])
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], 0, 0, time.UTC)
}

func TestOrderIsFoundAroundItsDate(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	for name, test := range map[string]struct {
		age   time.Duration
		date  func(made time.Time) time.Time
		takes time.Duration
		most  int // questions
	}{
		"its date":                             {730 * days, func(made time.Time) time.Time { return made }, 0, 1},
		"made three hours earlier":             {2 * days, func(made time.Time) time.Time { return made.Add(3 * time.Hour) }, 0, 1},
		"a week late, two years old":           {730 * days, func(made time.Time) time.Time { return made.Add(7 * days) }, 0, 2},
		"thirty days late, two years old":      {730 * days, func(made time.Time) time.Time { return made.Add(30 * days) }, 0, 2},
		"a week early, two years old":          {730 * days, func(made time.Time) time.Time { return made.Add(-7 * days) }, 0, 1},
		"the date of the refund":               {200 * days, func(time.Time) time.Time { return searchNow }, 0, 2},
		"no date":                              {364 * days, func(time.Time) time.Time { return time.Time{} }, 0, 1},
		"the Unix epoch":                       {2 * days, func(time.Time) time.Time { return time.Unix(0, 0) }, 0, 1},
		"in the future":                        {2 * days, func(time.Time) time.Time { return searchNow.AddDate(70, 0, 0) }, 0, 1},
		"its date, 31 days at once":            {730 * days, func(made time.Time) time.Time { return made }, 31 * days, 4},
		"a week late, 31 days at once":         {730 * days, func(made time.Time) time.Time { return made.Add(7 * days) }, 31 * days, 6},
		"a week late, 7 days at once":          {730 * days, func(made time.Time) time.Time { return made.Add(7 * days) }, 7 * days, 12},
		"two months early, 31 days at once":    {730 * days, func(made time.Time) time.Time { return made.Add(-60 * days) }, 31 * days, 12},
		"date of the refund, 31 days at once":  {100 * days, func(time.Time) time.Time { return searchNow }, 31 * days, 9},
		"the Unix epoch, 31 days at once":      {2 * days, func(time.Time) time.Time { return time.Unix(0, 0) }, 31 * days, 8},
		"in the future, 31 days at once":       {2 * days, func(time.Time) time.Time { return searchNow.AddDate(70, 0, 0) }, 31 * days, 4},
		"no date, 31 days at once, 200 days":   {200 * days, func(time.Time) time.Time { return time.Time{} }, 31 * days, 12},
		"its date, one day at once, not today": {40 * days, func(made time.Time) time.Time { return made }, day, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := searchNow.Add(-test.age).Truncate(time.Second)
			a := &archive{orders: map[Billnumber]time.Time{"5700027202722028": made}, takes: test.takes}
			c := a.client(t)
			order, _, err := c.orderOfPayment(t.Context(), "n-7", "5700027202722028", windowOf(test.date(made)))
			require.NoError(t, err, "%v", a.asked)
			assert.Equal(t, Billnumber("5700027202722028"), order.Billnumber)
			assert.LessOrEqual(t, len(a.asked), test.most, "%v", a.asked)
		})
	}
}

// Another attempt under the number hides nothing.
func TestOrderIsFoundBehindAnotherAttempt(t *testing.T) {
	t.Parallel()
	date := searchNow.AddDate(0, -2, 0)
	a := &archive{orders: map[Billnumber]time.Time{"5700027202722028": date.AddDate(0, 0, -14), "5700027202722029": date}}
	x := inProcess(t)
	x.Intent.Request.OrderDate = date
	x, err := a.client(t).Refresh(t.Context(), x)
	require.NoError(t, err)
	assert.Equal(t, InProcess, x.Status)
	assert.Len(t, a.asked, 2)
}

// Whatever length the server takes, no minute of the search is left out, as far
// as the questions reach.
func TestSearchLeavesNothingOut(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	for _, takes := range []time.Duration{0, 400 * days, 366 * days, 183 * days, 91 * days, 90 * days, 60 * days, 45 * days, 31 * days, 30 * days} {
		for _, date := range []time.Time{{}, searchNow.Add(-100 * days), searchNow.Add(-45 * days), searchNow} {
			t.Run(fmt.Sprint(takes, " ", date), func(t *testing.T) {
				t.Parallel()
				a := &archive{takes: takes}
				c := a.client(t)
				_, _, err := c.orderOfPayment(t.Context(), "n-7", "5700027202722028", windowOf(date))
				var none *OrderNotFoundError
				require.ErrorAs(t, err, &none)
				require.ErrorIs(t, err, ErrOrderNotFound)
				assert.Equal(t, Unknown, OutcomeOf(err))
				assert.LessOrEqual(t, len(a.asked), questionsPerSearch)
				if takes >= 90*days || takes == 0 {
					assert.False(t, none.Partial)
				}
				from := searchNow.Add(-lookBack)
				if none.Partial {
					from = searchNow.Add(-180 * days)
				}
				for at := from; at.Before(searchNow); at = at.Add(6 * time.Hour) {
					assert.True(t, covered(none.Asked, at), "%v is in none of %v", at, none.Asked)
				}
				for _, p := range none.Asked {
					assert.Equal(t, time.UTC, p.From.Location())
					assert.Contains(t, a.asked, Period{p.From, earlier(p.To, searchNow)}, "what is told was asked")
					assert.Contains(t, err.Error(), p.String())
				}
			})
		}
	}
}

func covered(asked []Period, at time.Time) bool {
	for _, p := range asked {
		if !at.Before(p.From) && !at.After(p.To) {
			return true
		}
	}
	return false
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func TestSearchEndsWhereNoPeriodIsShortEnough(t *testing.T) {
	t.Parallel()
	a := &archive{takes: time.Hour}
	_, err := a.client(t).OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	api, ok := codesOf(err)
	require.True(t, ok)
	assert.Equal(t, 4, api.Second)
	assert.Equal(t, len(intervals), len(a.asked), "each length once: %v", a.asked)
}

func TestOrderResultOfALongPeriod(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	first, second := Billnumber("5700027202722028"), Billnumber("5700027202722029")
	// The first was made in the minute that two pieces have in common.
	made := map[Billnumber]time.Time{first: searchNow.Add(-120*days - time.Hour - 15*time.Second), second: searchNow.Add(-10 * days), "5700027202722030": searchNow.Add(-1090 * days)}
	ask := func(takes time.Duration, from, to time.Time) ([]Order, *archive, error) {
		a := &archive{orders: made, takes: takes}
		orders, err := a.client(t).OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7", From: from, To: to})
		return orders, a, err
	}
	orders, _, err := ask(31*days, searchNow.Add(-150*days), time.Time{})
	require.NoError(t, err)
	require.Len(t, orders, 2, "in pieces, but whole")
	assert.Equal(t, []Billnumber{first, second}, []Billnumber{orders[0].Billnumber, orders[1].Billnumber}, "in order of time")

	orders, a, err := ask(31*days, searchNow.AddDate(-3, 0, 0), time.Time{})
	assert.Nil(t, orders, "a part must not pass for the whole")
	require.ErrorAs(t, err, new(*FollowError))
	assert.LessOrEqual(t, len(a.asked), questionsPerSearch)

	orders, a, err = ask(31*days, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, orders, 1, "without a start: the newest")
	assert.Equal(t, second, orders[0].Billnumber)
	assert.Len(t, a.asked, 3)

	orders, a, err = ask(0, time.Time{}, searchNow.Add(-50*days))
	require.NoError(t, err)
	require.Len(t, orders, 1)
	assert.Equal(t, first, orders[0].Billnumber)
	assert.Equal(t, searchNow.Add(-50*days-lookBack).Truncate(time.Minute), a.asked[0].From, "366 days before the end")
}

// A server that calls the second question of a search too frequent lets a wait
// come to its end all the same: the search goes on where it was stopped.
func TestWaitEndsItsSearchOnAServerThatWantsPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		after(l, cancelled(), 0)
		last := time.Now().Add(-time.Hour)
		questions := 0
		c := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			form, err := url.ParseQuery(bodyOf(t, req))
			require.NoError(t, err)
			questions++
			if time.Since(last) < 10*time.Second {
				return answerOf(req, codesXML(17, 3)), nil
			}
			last = time.Now()
			if formTime(form, "End", time.Now()).After(time.Now().Add(-12 * time.Hour)) {
				return answerOf(req, codesXML(10, 201)), nil
			}
			return answerOf(req, l.xml()), nil
		}), WithProtocol(Form(FormatXML)))
		// The order is a week older than the merchant's date says.
		x, err := c.Wait(t.Context(), inProcess(t), time.Hour)
		require.NoError(t, err, "%d questions", questions)
		assert.Equal(t, Succeeded, x.Status)
		assert.Equal(t, 3, questions)
	})
}

func TestOrderNotFoundErrorMadeByHand(t *testing.T) {
	t.Parallel()
	err := &OrderNotFoundError{}
	assert.NotEmpty(t, err.Error())
	p := Period{time.Date(2026, 1, 2, 3, 4, 0, 0, time.FixedZone("UTC+3", 3*3600)), time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)}
	err = &OrderNotFoundError{Asked: []Period{p}, Partial: true, Err: errors.New("10/201")}
	assert.ErrorIs(t, err, ErrOrderNotFound)
	assert.Contains(t, err.Error(), "2026-01-02 00:04 to 2026-01-02 03:04")
	assert.Contains(t, err.Error(), "order's date")
}

// A wait learns how long a period the server takes, and Assist's own date of the
// order, so that its later questions need no search.
func TestWaitLearnsWhereItsOrderIs(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	for name, test := range map[string]struct {
		late  time.Duration // of the merchant's date
		takes time.Duration
		dated bool // the answer has the order's date
		first int  // questions until it is found at first
	}{
		"a week late":                   {7 * days, 0, true, 2},
		"31 days at once":               {0, 31 * days, false, 4},
		"a week late, 31 days at once":  {7 * days, 31 * days, true, 5},
		"a week late, without its date": {7 * days, 0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				made := time.Now().Add(-730 * days)
				questions, polls := 0, 0
				c := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					form, err := url.ParseQuery(bodyOf(t, req))
					require.NoError(t, err)
					questions++
					from, to := formTime(form, "Start", time.Time{}), formTime(form, "End", time.Now())
					switch {
					case test.takes > 0 && to.Sub(from) > test.takes:
						return answerOf(req, codesXML(17, 4)), nil
					case made.Before(from) || made.After(to):
						return answerOf(req, codesXML(10, 201)), nil
					}
					inner := ""
					if test.dated {
						inner = "<orderdate>" + made.UTC().Format(layoutSeconds) + "</orderdate>"
					}
					return answerOf(req, orderXML("5700027202722028", inner)), nil
				}), WithProtocol(Form(FormatXML)))
				x := inProcess(t)
				x.Intent.Request.OrderDate = made.Add(test.late)
				_, err := c.Wait(t.Context(), x, time.Hour, Observe(func(Observation) {
					if polls++; polls == 1 && test.first > 0 {
						assert.Equal(t, test.first, questions)
					}
				}))
				require.ErrorAs(t, err, new(*WaitTimeoutError))
				require.Greater(t, polls, 5)
				if test.first > 0 {
					assert.Equal(t, test.first+polls-1, questions, "one each")
				} else {
					assert.Equal(t, 2*polls, questions)
				}
			})
		})
	}
}
