package assist

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// diary is a day balance that writes down what it is told.
type diary struct {
	entries           []string
	id                string
	reserveErr        error
	settleErr         error
	bookErr           error
	settledWithoutEnd bool
}

func (d *diary) Reserve(_ context.Context, id string, w Wallet, amount Money, _ time.Time) error {
	d.id = id
	d.entries = append(d.entries, "reserve "+w.String()+" "+amount.String())
	return d.reserveErr
}

func (d *diary) Settle(ctx context.Context, id string, moved bool) error {
	_, bounded := ctx.Deadline()
	d.settledWithoutEnd = !bounded
	entry := "settle not moved"
	if moved {
		entry = "settle moved"
	}
	if id != d.id {
		entry += " of another cancel"
	}
	if ctx.Err() != nil {
		entry += " too late"
	}
	d.entries = append(d.entries, entry)
	return d.settleErr
}

func (d *diary) BookOperations(_ context.Context, _ string, operations []Operation) error {
	d.entries = append(d.entries, "name "+string(operations[0].Billnumber))
	return d.bookErr
}

// paidByWebMoney is the order of the documents' sample, paid by a wallet.
func paidByWebMoney(t testing.TB) *Order {
	return &Order{
		Billnumber: testPayment, Number: "2013.10.23-700027-5", Date: utc(t, "2013-10-23 12:59:44"),
		Operations: []Operation{op(t, "1", OperationPayment, 30, "1.00", dated(utc(t, "2013-10-23 12:59:44")))},
	}
}

func TestCancelReservesAndSettles(t *testing.T) {
	t.Parallel()
	const reserved, named, moved, notMoved = "reserve WebMoney 0.10 RUB", "name 5700027202722028.3", "settle moved", "settle not moved"
	answer := func(body string) http.RoundTripper { return answering(http.StatusOK, body) }
	noRoute := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") })
	tests := []struct {
		name      string
		transport http.RoundTripper
		outcome   Outcome
		want      []string
	}{
		{"succeeded", answer(soapAnswer(cancelled())), Accepted, []string{reserved, named, moved}},
		{"in process keeps it", answer(soapAnswer(coded("In Process", "AS300"))), Accepted, []string{reserved, named}},
		{"declined", answer(soapAnswer(coded("Declined", "AS100"))), Rejected, []string{reserved, notMoved}},
		{"refused", answer(codesFault(5, 108)), Rejected, []string{reserved, notMoved}},
		{"unknown keeps it", answer("<html>"), Unknown, []string{reserved}},
		{"broken off keeps it", noRoute, Unknown, []string{reserved}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := &diary{}
			c := mocked(t, test.transport, WithWalletRules(d), WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") }))
			req := webMoneyRequest(t)
			req.Order = paidByWebMoney(t)
			_, err := c.Cancel(t.Context(), req)
			assert.Equal(t, test.outcome, OutcomeOf(err), err)
			assert.Equal(t, test.want, d.entries)
			assert.False(t, d.settledWithoutEnd)
		})
	}
}

func TestCancelThatBreaksARuleIsNotSent(t *testing.T) {
	t.Parallel()
	full := func(req *CancelRequest) { req.Amount = Money{} }
	tests := []struct {
		name    string
		balance DayBalance
		now     string
		change  func(*CancelRequest)
		is      error
	}{
		{"part on the day", nil, "2013-10-23 19:59:59", nil, ErrPartialSameDay},
		{"more than is left", nil, "2013-10-23 20:00:00", func(req *CancelRequest) { req.Amount.minor = 101 }, ErrExceedsPayment},
		{"the balance", &diary{reserveErr: &WalletRuleError{Rule: ErrDayBalance}}, "2013-10-23 20:00:00", nil, ErrDayBalance},
		{"the balance, all of it", &diary{reserveErr: &WalletRuleError{Rule: ErrDayBalance}}, "2013-10-23 12:00:00", full, ErrDayBalance},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mock := answering(http.StatusOK, soapAnswer(cancelled()))
			c := mocked(t, mock, WithWalletRules(test.balance), WithClock(func() time.Time { return utc(t, test.now) }))
			req := webMoneyRequest(t)
			req.Order = paidByWebMoney(t)
			send := c.Cancel
			if test.change != nil {
				test.change(&req)
				if req.Amount == (Money{}) {
					send = c.CancelFull
				}
			}
			_, err := send(t.Context(), req, SaveIntent(func(context.Context, Intent) error {
				t.Error("a cancel that isn't sent leaves no intent")
				return nil
			}))
			require.ErrorIs(t, err, test.is)
			assert.Equal(t, testPayment, broken(t, err).Billnumber)
			assert.Zero(t, mock.GetTotalCallCount())
			if d, ok := test.balance.(*diary); ok {
				assert.Len(t, d.entries, 1, "what was refused is not settled")
			}
		})
	}
}

func TestCancelReleasesWhatIsNotSent(t *testing.T) {
	t.Parallel()
	failed := errors.New("the store is away")
	try := func(d *diary, save error) error {
		mock := answering(http.StatusOK, soapAnswer(cancelled()))
		c := mocked(t, mock, WithWalletRules(d), WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") }))
		req := webMoneyRequest(t)
		req.Order = paidByWebMoney(t)
		_, err := c.Cancel(t.Context(), req, SaveIntent(func(context.Context, Intent) error { return save }))
		assert.Zero(t, mock.GetTotalCallCount())
		return err
	}
	d := &diary{}
	require.ErrorIs(t, try(d, failed), failed)
	assert.Equal(t, []string{"reserve WebMoney 0.10 RUB", "settle not moved"}, d.entries)

	d = &diary{reserveErr: failed}
	err := try(d, nil)
	require.ErrorIs(t, err, failed)
	assert.Equal(t, NotSent, OutcomeOf(err))
	assert.Equal(t, []string{"reserve WebMoney 0.10 RUB", "settle not moved"}, d.entries, "it may have been reserved before it failed")
}

// slowBalance takes a minute of the client's clock to reserve.
type slowBalance struct {
	diary
	clock *testClock
}

func (b *slowBalance) Reserve(context.Context, string, Wallet, Money, time.Time) error {
	b.clock.advance(time.Minute)
	return nil
}

// What happened on the order while the day balance took its time is not ours.
func TestIntentIsDatedAfterTheReservation(t *testing.T) {
	t.Parallel()
	clock := clockAt(t, "2013-10-24 13:57:21")
	c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithWalletRules(&slowBalance{clock: clock}), WithClock(clock.now))
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	var saved Intent
	_, err := c.Cancel(t.Context(), req, SaveIntent(func(_ context.Context, in Intent) error { saved = in; return nil }))
	require.NoError(t, err)
	assert.Equal(t, utc(t, "2013-10-24 13:58:21"), saved.SentAt)
}

// A day balance that can't be settled changes nothing about the money.
func TestSettleThatFails(t *testing.T) {
	t.Parallel()
	d := &diary{settleErr: errors.New("password " + planted + " refused by the store")}
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		defer cancel()
		return answering(http.StatusOK, soapAnswer(cancelled())).RoundTrip(req)
	})
	c := mocked(t, transport, WithWalletRules(d), WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") }))
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	x, err := c.Cancel(ctx, req)
	require.NoError(t, err, "the money has moved, whatever the books say")
	assert.Equal(t, Succeeded, x.Status)
	assert.Equal(t, "settle moved", d.entries[len(d.entries)-1], "though the caller has gone")
	assert.Contains(t, log.String(), "level=ERROR")
	assert.Contains(t, log.String(), "intent="+x.Intent.ID)
	assert.NotContains(t, log.String(), planted)
}

func TestWalletRulesNeedTheOrder(t *testing.T) {
	t.Parallel()
	mock := answering(http.StatusOK, soapAnswer(cancelled()))
	c := mocked(t, mock, WithWalletRules(nil))
	req := webMoneyRequest(t)
	for name, order := range map[string]*Order{
		"no order":      nil,
		"no operations": {Billnumber: testPayment, Number: req.OrderNumber},
	} {
		req.Order = order
		_, err := c.Cancel(t.Context(), req)
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong, name)
		assert.Equal(t, "Order", wrong.Field)
	}
	req.Order = paidByWebMoney(t)
	req.Amount.currency = "USD"
	_, err := c.Cancel(t.Context(), req)
	require.ErrorAs(t, err, new(*ValidationError))
	assert.Equal(t, NotSent, OutcomeOf(err))
	assert.Zero(t, mock.GetTotalCallCount())

	req = webMoneyRequest(t)
	_, err = mocked(t, mock).Cancel(t.Context(), req)
	require.NoError(t, err, "nothing is checked by default")
}

func TestWalletRulesOfACard(t *testing.T) {
	t.Parallel()
	d := &diary{}
	c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithWalletRules(d))
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	req.Order.Operations[0].MeanTypeID = 1
	_, err := c.Cancel(t.Context(), req)
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(d.entries, " "), "reserve", "a card has no day balance")
}

// LookFirst gives the fresher order, so the rules go by it.
func TestWalletRulesGoByTheOrderLookedAt(t *testing.T) {
	t.Parallel()
	mock := answering(http.StatusOK, soapAnswer(cancelled()))
	listing := strings.NewReplacer(
		"n-7", "2013.10.23-700027-5",
		"</operation>", "</operation><operation><billnumber>5700027202722028.2</billnumber><operationtype>300</operationtype>"+
			"<operationstate>In Process</operationstate><amount>0.95</amount><currency>RUB</currency><meantype_id>30</meantype_id>"+
			"<responsecode>AS300</responsecode></operation>",
	).Replace(orderXML("5700027202722028", operationXML))
	mock.RegisterResponder(http.MethodPost, testBase+"/orderresult/orderresult.cfm", httpmock.NewStringResponder(http.StatusOK, listing))
	c := mocked(t, mock, WithWalletRules(nil), WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") }))
	req := webMoneyRequest(t)
	for name, order := range map[string]*Order{"no order given": nil, "an older order given": paidByWebMoney(t)} {
		req.Order = order
		_, err := c.Cancel(t.Context(), req, LookFirst())
		require.ErrorIs(t, err, ErrExceedsPayment, name)
		assert.Equal(t, rub(t, "0.05"), broken(t, err).Available)
	}
	assert.Equal(t, 2, mock.GetTotalCallCount(), "two questions, no cancel")
}

// panicky is a day balance with an error in it.
type panicky struct {
	diary
	in string
}

func (p *panicky) Reserve(ctx context.Context, id string, w Wallet, amount Money, at time.Time) error {
	err := p.diary.Reserve(ctx, id, w, amount, at)
	if p.in == "Reserve" {
		panic("no books")
	}
	return err
}

func (p *panicky) BookOperations(ctx context.Context, id string, operations []Operation) error {
	err := p.diary.BookOperations(ctx, id, operations)
	operations[0] = Operation{} // a copy, whatever it does with it
	if p.in == "BookOperations" {
		panic("no books")
	}
	return err
}

func (p *panicky) Settle(ctx context.Context, id string, moved bool) error {
	err := p.diary.Settle(ctx, id, moved)
	if p.in == "Settle" {
		panic("no books")
	}
	return err
}

// A day balance that panics changes nothing of what is known. Before the send the
// panic is the caller's, and nothing stays set aside.
func TestDayBalanceThatPanics(t *testing.T) {
	t.Parallel()
	const reserved, named, moved, notMoved = "reserve WebMoney 0.10 RUB", "name 5700027202722028.3", "settle moved", "settle not moved"
	try := func(in string) (*panicky, *Cancellation, error) {
		d := &panicky{in: in}
		c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithWalletRules(d), WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") }),
			WithLogger(slog.New(brokenHandler{Handler: slog.NewTextHandler(&bytes.Buffer{}, nil), broken: always})))
		req := webMoneyRequest(t)
		req.Order = paidByWebMoney(t)
		x, err := c.Cancel(t.Context(), req)
		return d, x, err
	}
	for _, in := range []string{"BookOperations", "Settle"} {
		d, x, err := try(in)
		require.NoError(t, err, in)
		assert.Equal(t, []string{reserved, named, moved}, d.entries)
		assert.Equal(t, Succeeded, x.Status)
		assert.Equal(t, Billnumber("5700027202722028.3"), x.Operation.Billnumber)
	}
	d := &panicky{in: "Reserve"}
	mock := answering(http.StatusOK, soapAnswer(cancelled()))
	c := mocked(t, mock, WithWalletRules(d), WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") }))
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	assert.PanicsWithValue(t, "no books", func() { _, _ = c.Cancel(t.Context(), req) })
	assert.Equal(t, []string{reserved, notMoved}, d.entries)
	assert.Zero(t, mock.GetTotalCallCount())
}

// A day balance of the caller's own need not know when to try again.
func TestDayBalanceNeedNotKnowTheMoment(t *testing.T) {
	t.Parallel()
	d := &diary{reserveErr: &WalletRuleError{Rule: ErrDayBalance}}
	c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithWalletRules(d), WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") }))
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	_, err := c.Cancel(t.Context(), req)
	before, heals := NotBefore(err)
	assert.True(t, heals)
	assert.Equal(t, utc(t, "2013-10-24 19:00:00"), before)
}

// A cancel in process is told to the books by each question: a resumed one has
// never been, and a flat answer had no number.
func TestRefreshTellsTheBooksOfOperationsInProcess(t *testing.T) {
	t.Parallel()
	mock := answering(http.StatusOK, soapAnswer(coded("In Process", "AS300")))
	d := &diary{}
	opts := []Option{WithWalletRules(d), WithClock(func() time.Time { return utc(t, "2013-10-24 13:58:21") })}
	c := mocked(t, mock, opts...)
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	x, err := c.Cancel(t.Context(), req)
	require.NoError(t, err)
	listing := strings.NewReplacer("n-7", "2013.10.23-700027-5", "5700027202722028.1", "5700027202722028.3", ">100<", ">300<", "1.00<", "0.10<",
		"<operationstate>Success", "<operationstate>In Process", "AS000", "AS300").Replace(orderXML("5700027202722028", operationXML))
	mock.RegisterResponder(http.MethodPost, testBase+"/orderresult/orderresult.cfm", httpmock.NewStringResponder(http.StatusOK, listing))
	restarted := mocked(t, mock, opts...)
	y, err := restarted.Resume(x.Token())
	require.NoError(t, err)
	d.entries = nil
	y, err = restarted.Refresh(t.Context(), y)
	require.NoError(t, err)
	require.Equal(t, InProcess, y.Status)
	assert.Equal(t, []string{"name 5700027202722028.3"}, d.entries)
}

// A person who has decided about the earlier cancels says so with DespiteUnknown:
// then a doubt about one stands in the way no longer.
func TestDoubtThatAPersonHasEnded(t *testing.T) {
	t.Parallel()
	now := utc(t, "2013-10-24 13:58:21")
	c := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithWalletRules(nil), WithClock(func() time.Time { return now }))
	req := webMoneyRequest(t)
	req.Order = paidByWebMoney(t)
	timedOut := op(t, "2", OperationCancel, 30, "1.00", result(OperationTimeout, ResponseSystemError), dated(now.Add(-time.Hour)))
	req.Order.Operations = append(req.Order.Operations, timedOut)
	_, err := c.Cancel(t.Context(), req)
	require.ErrorIs(t, err, ErrCancelInDoubt)
	assert.Equal(t, testPayment, broken(t, err).Billnumber)
	earlier := Intent{ID: "earlier", MerchantID: "515089", Request: req, SentAt: now.Add(-time.Hour)}
	_, err = c.Cancel(t.Context(), req, DespiteUnknown(earlier))
	require.NoError(t, err)
	assert.Len(t, req.Order.Operations, 2, "the caller's order is left alone")

	decided := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithWalletRules(nil), WithClock(func() time.Time { return now }))
	decided.payments.neverCame(earlier)
	_, err = decided.Cancel(t.Context(), req)
	require.NoError(t, err, "decided by NeverCame")
}

// testClock is a clock that a test sets.
type testClock struct{ at atomic.Int64 }

func clockAt(t testing.TB, text string) *testClock {
	c := &testClock{}
	c.set(utc(t, text))
	return c
}

func (c *testClock) now() time.Time          { return time.Unix(c.at.Load(), 0).UTC() }
func (c *testClock) set(at time.Time)        { c.at.Store(at.Unix()) }
func (c *testClock) advance(d time.Duration) { c.at.Add(int64(d / time.Second)) }

// utc reads an instant as the wire writes it.
func utc(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04:05", text)
	require.NoError(t, err)
	return instant.UTC()
}
