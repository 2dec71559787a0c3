package assist

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asked is a client with the form protocol whose order services answer by a
// function of the form that was sent.
func asked(t *testing.T, answer func(url.Values) string, opts ...Option) *Client {
	mock := httpmock.NewMockTransport()
	for _, service := range []string{"orderresult", "orderstate", "resultbydate"} {
		mock.RegisterResponder(http.MethodPost, testBase+"/"+service+"/"+service+".cfm", func(req *http.Request) (*http.Response, error) {
			form, err := url.ParseQuery(bodyOf(t, req))
			if err != nil {
				return nil, err
			}
			return httpmock.NewStringResponse(http.StatusOK, answer(form)), nil
		})
	}
	return mocked(t, mock, append([]Option{WithProtocol(Form(FormatXML))}, opts...)...)
}

func orderXML(billnumber, inner string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><result firstcode="0" secondcode="0" count="1"><order><ordernumber>n-7</ordernumber><billnumber>` + billnumber +
		`</billnumber><orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency><orderstate>Approved</orderstate>` + inner +
		`<packetdate>24.10.2013 14:00</packetdate></order></result>`
}

func codesXML(first, second int) string {
	return fmt.Sprintf(`<?xml version="1.0"?><result firstcode='%d' secondcode='%d' count='0'></result>`, first, second)
}

const operationXML = `<operation><billnumber>5700027202722028.1</billnumber><operationtype>100</operationtype><operationstate>Success</operationstate>` +
	`<amount>1.00</amount><currency>RUB</currency><clientip>192.0.2.1</clientip><meantype_id>30</meantype_id><responsecode>AS000</responsecode>` +
	`<operationdate>23.10.2013 13:00:00</operationdate></operation>`

func TestOrderResult(t *testing.T) {
	t.Parallel()
	var sent url.Values
	now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.FixedZone("UTC+5", 5*3600))
	c := asked(t, func(form url.Values) string { sent = form; return orderXML("5700027202722028", operationXML) },
		WithClock(func() time.Time { return now }), WithLanguage(LanguageEN))
	orders, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	require.NoError(t, err)
	require.Len(t, orders, 1)
	assert.Equal(t, "n-7", orders[0].Number)
	assert.Equal(t, OrderApproved, orders[0].State)
	assert.Equal(t, time.Date(2013, 10, 24, 14, 0, 0, 0, time.UTC), orders[0].PacketDate, "a packet date without seconds")
	require.Len(t, orders[0].Operations, 1)
	assert.Equal(t, "192.0.2.1", orders[0].Operations[0].IPAddress)
	assert.Equal(t, WebMoney, orders[0].walletOf("5700027202722028"))

	assert.Equal(t, "n-7", sent.Get("Ordernumber"))
	assert.Equal(t, "3", sent.Get("Format"))
	assert.Equal(t, "EN", sent.Get("Language"))
	assert.Equal(t, []string{"2025", "2", "28", "7", "0"}, momentOf(sent, "Start"), "366 days back, in GMT")
	assert.Equal(t, []string{"", "", "", "", ""}, momentOf(sent, "End"))
}

func momentOf(form url.Values, prefix string) []string {
	var parts []string
	for _, part := range []string{"Year", "Month", "Day", "Hour", "Min"} {
		parts = append(parts, form.Get(prefix+part))
	}
	return parts
}

func TestOrderStateWithAWindow(t *testing.T) {
	t.Parallel()
	var sent url.Values
	c := asked(t, func(form url.Values) string { sent = form; return orderXML("5700027202722028", "") })
	moscow := time.FixedZone("UTC+4", 4*3600)
	orders, err := c.OrderState(t.Context(), OrderQuery{
		OrderNumber: "n-7",
		From:        time.Date(2013, 10, 23, 1, 2, 59, 0, moscow),
		To:          time.Date(2013, 10, 24, 1, 2, 1, 0, moscow),
	})
	require.NoError(t, err)
	assert.Empty(t, orders[0].Operations)
	assert.Equal(t, []string{"2013", "10", "22", "21", "2"}, momentOf(sent, "Start"), "rounded down")
	assert.Equal(t, []string{"2013", "10", "23", "21", "3"}, momentOf(sent, "End"), "rounded up")
}

func TestOrderQuestionsThatFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		is         error
	}{
		{"nothing found", codesXML(0, 0), ErrOrderNotFound},
		{"no such order", codesXML(10, 201), ErrOrderNotFound},
		{"wrong password", codesXML(7, 102), ErrAuthentication},
		{"another order number", strings.Replace(orderXML("5700027202722028", ""), "n-7", "n-8", 1), ErrOtherAnswer},
		{"no billnumber", orderXML("", ""), ErrUnreadable},
		{"a wrong billnumber", orderXML("57", ""), ErrUnreadable},
		{"a wrong order amount", strings.Replace(orderXML("5700027202722028", ""), "1.00", "1,00", 1), ErrUnreadable},
		{"an operation without state", orderXML("5700027202722028", strings.Replace(operationXML, "Success", "", 1)), ErrUnreadable},
		{"an operation of another payment", orderXML("5700027202722028", strings.Replace(operationXML, "2028.1", "2029.1", 1)), ErrOtherAnswer},
		{"HTML", "<html></html>", ErrUnreadable},
		{"nothing", "", ErrUnreadable},
		{"cut", orderXML("5700027202722028", "")[:100], ErrUnreadable},
		{"first code 0 with a second", codesXML(0, 3), ErrContradiction},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := asked(t, func(url.Values) string { return test.body })
			orders, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
			var failed *FollowError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, "orderresult", failed.Service)
			require.ErrorIs(t, err, test.is)
			assert.Equal(t, Unknown, OutcomeOf(err), "a question says nothing about the money")
			assert.Nil(t, orders)
		})
	}
	c := asked(t, func(url.Values) string { return "" })
	for field, query := range map[string]OrderQuery{
		"OrderNumber": {}, "To": {OrderNumber: "n", From: time.Unix(100, 0), To: time.Unix(1, 0)},
	} {
		_, err := c.OrderResult(t.Context(), query)
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, field, wrong.Field)
		assert.Equal(t, Unknown, OutcomeOf(err), "a question that can't be asked says nothing about the money")
	}
}

func TestQuestionThatNeverArrives(t *testing.T) {
	t.Parallel()
	c := mocked(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }))
	_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n"})
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.ErrorContains(t, err, "no route")
}

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

// listing is an order service in memory: it lists the operations of one order
// as they are due. It runs on virtual time.
type listing struct {
	mu         sync.Mutex
	operations []listed
	asked      []time.Time
	starts     []string
	clock      time.Duration // how far the server's clock is ahead
	noDate     bool          // no Date header
	delay      time.Duration // of every answer
	fail       func(n int) (status int, body string, header http.Header, err error)
	before     string // XML of orders of earlier attempts
	state      string
}

// listed is one operation, from a moment on.
type listed struct {
	answerOperation
	from time.Time
	done time.Time // the operation is dated here; zero: from
}

func (l *listing) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.asked = append(l.asked, time.Now())
	l.starts = append(l.starts, string(body))
	n, fail, delay := len(l.asked), l.fail, l.delay
	l.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	status, text, header := http.StatusOK, l.xml(), http.Header{}
	if fail != nil {
		failStatus, failText, failHeader, err := fail(n)
		if err != nil {
			return nil, err
		}
		if failStatus != 0 {
			status, text = failStatus, failText
			if failHeader != nil {
				header = failHeader
			}
		}
	}
	if !l.noDate {
		header.Set("Date", time.Now().Add(l.clock).UTC().Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: req}, nil
}

func (l *listing) xml() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	state := l.state
	if state == "" {
		state = "Approved"
	}
	var b strings.Builder
	b.WriteString(`<result firstcode="0" secondcode="0" count="1">` + l.before + `<order><ordernumber>n-7</ordernumber><billnumber>5700027202722028</billnumber>` +
		`<orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency><orderstate>` + state + `</orderstate>`)
	for _, op := range l.operations {
		if op.from.After(now) {
			continue
		}
		if !op.done.IsZero() {
			op.date = op.done.Add(l.clock).UTC().Format(layoutSeconds)
		} else if op.date == "" {
			op.date = op.from.Add(l.clock).UTC().Format(layoutSeconds)
		}
		fmt.Fprintf(&b, `<operation><billnumber>%s</billnumber><operationtype>%s</operationtype><operationstate>%s</operationstate><amount>%s</amount>`+
			`<currency>%s</currency><responsecode>%s</responsecode><operationdate>%s</operationdate></operation>`,
			op.number, op.kind, op.state, op.amount, op.currency, op.code, op.date)
	}
	b.WriteString(`<packetdate>` + now.Add(l.clock).UTC().Format(layoutMinutes) + `</packetdate></order></result>`)
	return b.String()
}

// put lists an operation from a moment on, in place of an earlier one of the
// same number.
func (l *listing) put(op answerOperation, from time.Time) {
	op.date = ""
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.operations {
		if l.operations[i].number == op.number {
			l.operations[i] = listed{op, from, time.Time{}}
			return
		}
	}
	l.operations = append(l.operations, listed{op, from, time.Time{}})
}

func (l *listing) questions() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

func (l *listing) client(t testing.TB, opts ...Option) *Client {
	return mocked(t, l, append([]Option{WithProtocol(Form(FormatXML))}, opts...)...)
}

// inProcess is a cancellation as a token brings it back: never asked about yet.
func inProcess(t testing.TB, numbers ...string) *Cancellation {
	in := Intent{ID: "INTENT", MerchantID: "515089", SentAt: time.Now().UTC(),
		Request: CancelRequest{Billnumber: "5700027202722028", OrderNumber: "n-7", OrderDate: time.Now().UTC().Truncate(time.Second), Amount: rub(t, "0.10")}}
	x := &Cancellation{Intent: in, Order: Order{Billnumber: "5700027202722028", Number: "n-7"}}
	if len(numbers) == 0 {
		numbers = []string{".3"}
	}
	for _, n := range numbers {
		x.Operations = append(x.Operations, Operation{Billnumber: "5700027202722028" + Billnumber(n), Type: OperationCancel,
			State: OperationInProcess, Amount: rub(t, "0.10"), ResponseCode: ResponseInProcess})
	}
	x.Operation = newestOf(x.Operations)
	require.NotEmpty(t, x.Token())
	return x
}
