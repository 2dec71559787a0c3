package assist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const paymentXML = `<payment><ordernumber>n-7</ordernumber><billnumber>5700027202722028.1</billnumber><orderstate>Approved</orderstate>` +
	`<orderamount>1.00</orderamount><ordercurrency>RUB</ordercurrency><amount>1.00</amount><currency>RUB</currency><meantype_id>36</meantype_id>` +
	`<responsecode>AS000</responsecode><protocolname>HTTPS</protocolname><operationtype>100</operationtype><operationdate>23.10.2013 12:30:00</operationdate></payment>`

func TestResultsByDate(t *testing.T) {
	t.Parallel()
	from := time.Date(2013, 10, 23, 12, 0, 0, 0, time.UTC)
	var sent url.Values
	rows := `<result firstcode="0" secondcode="0" count="1">` + paymentXML + `</result>`
	ask := func(query PeriodQuery, answer string) ([]Payment, error) {
		return asked(t, func(form url.Values) string { sent = form; return answer }, WithProtocol(SOAP)).ResultsByDate(t.Context(), query)
	}
	payments, err := ask(PeriodQuery{From: from, To: from.Add(24 * time.Hour), MeanTypeID: 36}, rows)
	require.NoError(t, err)
	require.Len(t, payments, 1)
	assert.Equal(t, Billnumber("5700027202722028"), payments[0].Order.Billnumber)
	assert.Empty(t, payments[0].Order.Operations)
	assert.Equal(t, Billnumber("5700027202722028.1"), payments[0].Operation.Billnumber)
	assert.Equal(t, "HTTPS", payments[0].Operation.ProtocolTypeName)
	assert.Equal(t, rub(t, "1.00"), payments[0].Operation.Amount)
	assert.Equal(t, "36", sent.Get("MeanType_ID"))
	assert.Equal(t, "3", sent.Get("Format"), "by form and XML, whatever the protocol")
	assert.Equal(t, []string{"2013", "10", "24", "12", "0"}, momentOf(sent, "End"))

	payments, err = ask(PeriodQuery{From: from, To: from.Add(time.Hour)}, codesXML(0, 0))
	require.NoError(t, err)
	assert.Empty(t, payments)

	_, err = ask(PeriodQuery{From: from.Add(-3 * time.Hour), To: from}, rows)
	require.ErrorIs(t, err, ErrOtherAnswer, "a row outside the period: the server answered about its own three hours")
	_, err = ask(PeriodQuery{From: from, To: from.Add(time.Hour)}, codesXML(5, 3))
	var failed *FollowError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "resultbydate", failed.Service)
	_, err = ask(PeriodQuery{From: from, To: from.Add(time.Hour)}, "<result></result>")
	require.ErrorIs(t, err, ErrUnreadable, "nothing at all is not an empty period")
	_, err = ask(PeriodQuery{From: from, To: from.Add(time.Hour)}, strings.Replace(rows, "5700027202722028.1", "x", 1))
	require.ErrorIs(t, err, ErrUnreadable)

	for name, query := range map[string]PeriodQuery{
		"no start":      {To: from},
		"no end":        {From: from},
		"backwards":     {From: from, To: from.Add(-time.Hour)},
		"over 24 hours": {From: from, To: from.Add(24*time.Hour + time.Second)},
		"mean type":     {From: from, To: from.Add(time.Hour), MeanTypeID: -1},
	} {
		_, err := ask(query, rows)
		assert.ErrorAs(t, err, new(*ValidationError), name)
		assert.Equal(t, Unknown, OutcomeOf(err), name)
	}
}

// resultRow is a row of results by date with a comment of some length.
func resultRow(n int, at time.Time, padding int) string {
	return fmt.Sprintf(`<payment><ordernumber>n-%d</ordernumber><billnumber>57%014d.1</billnumber><ordercomment>%s</ordercomment><orderstate>Approved</orderstate>`+
		`<amount>1.00</amount><currency>RUB</currency><meantype_id>36</meantype_id><responsecode>AS000</responsecode><operationtype>100</operationtype>`+
		`<operationdate>%s</operationdate></payment>`, n, n, strings.Repeat("x", padding), at.UTC().Format(layoutSeconds))
}

// rowsBody is an answer of so many rows, made as it is read.
type rowsBody struct {
	rows, given int
	row         func(n int) string
	left        string
}

func (b *rowsBody) Read(p []byte) (int, error) {
	for b.left == "" {
		switch {
		case b.given == 0:
			b.left = `<?xml version="1.0"?><result firstcode="0" secondcode="0">`
		case b.given <= b.rows:
			b.left = b.row(b.given)
		case b.given == b.rows+1:
			b.left = `</result>`
		default:
			return 0, io.EOF
		}
		b.given++
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

func (b *rowsBody) Close() error { return nil }

// resultsFrom answers with a body of its own.
func resultsFrom(t testing.TB, body func() io.ReadCloser, opts ...Option) *Client {
	return mocked(t, roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}}, Body: body(), ContentLength: -1}, nil
	}), opts...)
}

// A merchant's day may be far larger than any other answer. It is read under a
// bound of its own, and of each row no more is kept than the caller keeps.
func TestResultsOfABusyDay(t *testing.T) {
	t.Parallel()
	from := utc(t, "2026-07-01 00:00:00")
	for _, test := range []struct{ rows, padding int }{{600, 1600}, {8_000, 3000}} {
		client := resultsFrom(t, func() io.ReadCloser {
			return &rowsBody{rows: test.rows, row: func(n int) string { return resultRow(n, from.Add(time.Hour), test.padding) }}
		}, WithMaxResponseSize(1<<10))
		var last Billnumber
		rows := 0
		err := client.EachResult(t.Context(), PeriodQuery{From: from, To: from.Add(24 * time.Hour)}, func(p Payment) error {
			rows++
			last = p.Operation.Billnumber
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, test.rows, rows)
		assert.Equal(t, Billnumber(fmt.Sprintf("57%014d.1", test.rows)), last)
	}
}

func TestResultsBeyondTheirBounds(t *testing.T) {
	t.Parallel()
	from := utc(t, "2026-07-01 00:00:00")
	query := PeriodQuery{From: from, To: from.Add(24 * time.Hour)}
	for name, body := range map[string]*rowsBody{
		"one row":  {rows: 1, row: func(int) string { return resultRow(1, from, 70_000) }},
		"all rows": {rows: 1000, row: func(n int) string { return resultRow(n, from, 1000) }},
	} {
		given := 0
		err := resultsFrom(t, func() io.ReadCloser { return body }).eachResult(t.Context(), query, 200_000, func(Payment) error { given++; return nil })
		require.ErrorIs(t, err, ErrTooLarge, name)
		require.ErrorIs(t, err, ErrUnreadable, name)
		assert.Equal(t, Unknown, OutcomeOf(err), name)
		assert.Less(t, given, 200)
	}
}

// What ends before its end is no answer, however many rows came.
func TestResultsThatBreakOff(t *testing.T) {
	t.Parallel()
	from := utc(t, "2026-07-01 00:00:00")
	query := PeriodQuery{From: from, To: from.Add(24 * time.Hour)}
	two := `<result firstcode="0" secondcode="0">` + resultRow(1, from, 0) + resultRow(2, from, 0)
	lost := errors.New("connection reset")
	ends := errors.New("enough")
	for name, test := range map[string]struct {
		body io.Reader
		each error
		is   error
	}{
		"cut":                        {strings.NewReader(two), nil, ErrUnreadable},
		"cut in a row":               {strings.NewReader(two[:len(two)-20]), nil, ErrUnreadable},
		"the connection lost":        {io.MultiReader(strings.NewReader(two), failingReader{lost}), nil, lost},
		"something behind":           {strings.NewReader(two + "</result><result/>"), nil, ErrUnreadable},
		"a row that can't be read":   {strings.NewReader(two + strings.Replace(resultRow(3, from, 0), "1.00", "x", 1) + "</result>"), nil, ErrUnreadable},
		"the caller's own end":       {strings.NewReader(two + "</result>"), ends, ends},
		"a refusal in another shape": {strings.NewReader(`{"fault":{"faultcode":"7","faultstring":"102","detail":{"firstcode":"7","secondcode":"102"}}}`), nil, ErrAuthentication},
		"a SOAP fault":               {strings.NewReader(codesFault(7, 102)), nil, ErrAuthentication},
		"an HTML page":               {strings.NewReader("<html><body>502 Bad Gateway</body></html>"), nil, ErrUnreadable},
		"a text":                     {strings.NewReader("Bad Gateway"), nil, ErrUnreadable},
		"nothing":                    {strings.NewReader(""), nil, ErrUnreadable},
		"a long text":                {strings.NewReader(strings.Repeat("Bad Gateway ", 20_000)), nil, ErrUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := resultsFrom(t, func() io.ReadCloser { return io.NopCloser(test.body) })
			err := c.EachResult(t.Context(), query, func(Payment) error { return test.each })
			require.ErrorIs(t, err, test.is)
			var failed *FollowError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, Unknown, OutcomeOf(err))
		})
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func TestResultsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	from := utc(t, "2026-07-01 00:00:00")
	ctx, cancel := context.WithCancel(t.Context())
	c := resultsFrom(t, func() io.ReadCloser {
		return &rowsBody{rows: 1 << 30, row: func(n int) string {
			if n == 10 {
				cancel()
			}
			return resultRow(n, from, 0)
		}}
	})
	err := c.EachResult(ctx, PeriodQuery{From: from, To: from.Add(time.Hour)}, func(Payment) error { return ctx.Err() })
	require.ErrorIs(t, err, context.Canceled)
}

// "The WebMoney sample's dates contradict each other (operation a day after the
// packet): never reject on that." (protocol §7) One such row costs no other.
func TestMisdatedResults(t *testing.T) {
	t.Parallel()
	from := utc(t, "2026-07-01 00:00:00")
	query := PeriodQuery{From: from, To: from.Add(24 * time.Hour)}
	inside, outside := from.Add(time.Hour), from.Add(36*time.Hour)
	undated := strings.Replace(resultRow(4, from, 0), "<operationdate>01.07.2026 00:00:00</operationdate>", "", 1)
	ask := func(rows ...string) ([]Payment, error) {
		return resultsFrom(t, func() io.ReadCloser {
			return io.NopCloser(strings.NewReader(`<result firstcode="0" secondcode="0">` + strings.Join(rows, "") + `</result>`))
		}).ResultsByDate(t.Context(), query)
	}
	payments, err := ask(resultRow(1, outside, 0), resultRow(2, inside, 0), resultRow(3, from.Add(-time.Hour), 0), undated,
		resultRow(5, from.Add(-time.Minute), 0), resultRow(6, from.Add(24*time.Hour+time.Minute), 0))
	require.NoError(t, err)
	var misdated []bool
	for _, p := range payments {
		misdated = append(misdated, p.Misdated)
	}
	assert.Equal(t, []bool{true, false, true, false, false, false}, misdated)
	assert.Equal(t, outside, payments[0].Operation.Date.UTC(), "as it was sent")

	_, err = ask(resultRow(1, outside, 0), resultRow(2, outside, 0))
	require.ErrorIs(t, err, ErrOtherAnswer, "the answer is about another period")
	_, err = ask(resultRow(1, outside, 0), undated)
	require.ErrorIs(t, err, ErrOtherAnswer)
	payments, err = ask(undated)
	require.NoError(t, err)
	assert.Len(t, payments, 1)
}
