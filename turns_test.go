package assist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// workload is a transport that takes a virtual second per cancel and watches
// who is inside at once.
type workload struct {
	mu      sync.Mutex
	inside  map[Billnumber]int
	most    map[Billnumber]int // at once, per payment
	total   int                // inside at once, of all payments
	mostAll int
	sends   int
	takes   time.Duration
	fail    bool
}

func newWorkload(takes time.Duration) *workload {
	return &workload{takes: takes, inside: map[Billnumber]int{}, most: map[Billnumber]int{}}
}

func (w *workload) RoundTrip(req *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	asked := hostile.BillnumberAsked.FindStringSubmatch(string(text))
	payment := Billnumber(asked[1])
	w.enter(payment, +1)
	defer w.enter(payment, -1)
	if w.takes > 0 {
		select {
		case <-time.After(w.takes):
		case <-req.Context().Done():
			return nil, context.Cause(req.Context())
		}
	}
	if w.fail {
		return nil, errPlanned
	}
	return respond(req, hostile.AnswerTo(string(text))), nil
}

func (w *workload) enter(payment Billnumber, step int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if step > 0 {
		w.sends++
	}
	w.inside[payment] += step
	w.total += step
	w.most[payment] = max(w.most[payment], w.inside[payment])
	w.mostAll = max(w.mostAll, w.total)
}

func (w *workload) client(t testing.TB) *Client {
	return reach(t, testBase, WithHTTPClient(&http.Client{Transport: w}))
}

func requestFor(t testing.TB, b Billnumber) CancelRequest {
	req := webMoneyRequest(t)
	req.Billnumber = b
	return req
}

func TestCancelsOfOnePaymentTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := newWorkload(time.Second)
		client := work.client(t)
		start := time.Now()
		// Plain and extended billnumbers of one payment are one payment.
		billnumbers := []Billnumber{"5700027202722028", "5700027202722028.1", "5700027202722028.2", "5700027202722028", "5700027202722028.1"}
		var callers sync.WaitGroup
		for _, b := range billnumbers {
			callers.Go(func() {
				_, err := client.Cancel(t.Context(), requestFor(t, b))
				assert.NoError(t, err)
			})
		}
		callers.Wait()
		assert.Equal(t, 1, work.most["5700027202722028"], "never two at once")
		assert.Equal(t, 5, work.sends)
		assert.Equal(t, 5*time.Second, time.Since(start))
		assert.True(t, client.payments.open("5700027202722028"))
	})
}

func TestFullAndPartialCancelsShareTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := newWorkload(time.Second)
		client := work.client(t)
		var callers sync.WaitGroup
		callers.Go(func() {
			req := requestFor(t, "5700027202722028")
			req.Amount = Money{}
			_, err := client.CancelFull(t.Context(), req)
			assert.NoError(t, err)
		})
		callers.Go(func() {
			_, err := client.Cancel(t.Context(), requestFor(t, "5700027202722028.1"))
			assert.NoError(t, err)
		})
		callers.Wait()
		assert.Equal(t, 1, work.mostAll)
		assert.Equal(t, 2, work.sends)
	})
}

func TestCancelsOfDifferentPaymentsOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := newWorkload(time.Second)
		client := work.client(t)
		start := time.Now()
		var callers sync.WaitGroup
		for n := range 10 {
			callers.Go(func() {
				_, err := client.Cancel(t.Context(), requestFor(t, Billnumber(fmt.Sprintf("570002720272202%d", n))))
				assert.NoError(t, err)
			})
		}
		callers.Wait()
		assert.Equal(t, 10, work.mostAll)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

// Two clients are two: the turn is held inside one.
func TestClientsShareNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := newWorkload(time.Second)
		var callers sync.WaitGroup
		for _, client := range []*Client{work.client(t), work.client(t)} {
			callers.Go(func() { try(t.Context(), t, client).isAccepted(t) })
		}
		callers.Wait()
		assert.Equal(t, 2, work.mostAll)
	})
}

func TestWaitingForTheTurnHonoursTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := newWorkload(time.Minute)
		client := work.client(t)
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := client.Cancel(t.Context(), webMoneyRequest(t))
			assert.NoError(t, err)
		})
		synctest.Wait()

		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a := try(ctx, t, client)
		assert.Equal(t, time.Second, time.Since(start), "at its deadline, to the nanosecond")
		assert.Equal(t, NotSent, OutcomeOf(a.err))
		assert.ErrorIs(t, a.err, context.DeadlineExceeded)
		var stopped *NotSentError
		require.ErrorAs(t, a.err, &stopped)
		assert.Equal(t, Billnumber("5700027202722028"), stopped.Billnumber)
		assert.Empty(t, a.saved, "no intent was made")
		assert.Equal(t, 1, work.sends)

		caused, stop := context.WithCancelCause(t.Context())
		callers.Go(func() {
			_, err := client.Cancel(caused, webMoneyRequest(t))
			assert.ErrorIs(t, err, errPlanned)
			assert.Equal(t, NotSent, OutcomeOf(err))
		})
		synctest.Wait()
		stop(errPlanned)
		callers.Wait()
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Equal(t, 1, work.sends)
		assert.True(t, client.payments.open("5700027202722028"))
	})
}

// The one who waits sees what became of the one before.
func TestWaitingBehindAnUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := newWorkload(time.Second)
		work.fail = true
		client := work.client(t)
		var callers sync.WaitGroup
		outcomes := make(chan Outcome, 5)
		for range cap(outcomes) {
			callers.Go(func() {
				_, err := client.Cancel(t.Context(), webMoneyRequest(t))
				outcomes <- OutcomeOf(err)
				if OutcomeOf(err) == NotSent {
					assert.ErrorIs(t, err, ErrUnresolved)
				}
			})
		}
		callers.Wait()
		close(outcomes)
		count := map[Outcome]int{}
		for o := range outcomes {
			count[o]++
		}
		assert.Equal(t, map[Outcome]int{Unknown: 1, NotSent: 4}, count)
		assert.Equal(t, 1, work.sends)
	})
}

// The turn is passed on whatever ends a cancel.
func TestTurnIsPassedOn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		opt  CancelOption
		body string
		want Outcome
	}{
		{"accepted", nil, "", Accepted},
		{"declined", nil, soapAnswer(coded("Declined", "AS102")), Rejected},
		{"refused", nil, codesFault(5, 108), Rejected},
		{"not saved", SaveIntent(func(context.Context, Intent) error { return errPlanned }), "", NotSent},
		{"order not found", LookFirst(), codesFault(10, 201), NotSent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answers := 2
				client := reach(t, testBase, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
					if test.body == "" {
						return respond(req, hostile.AnswerTo("")), nil
					}
					// Every cancel makes an operation of its own.
					answers++
					return respond(req, strings.ReplaceAll(test.body, "2028.3", fmt.Sprint("2028.", answers))), nil
				})}))
				var opts []CancelOption
				if test.opt != nil {
					opts = append(opts, test.opt)
				}
				for range 3 {
					_, err := client.Cancel(t.Context(), webMoneyRequest(t), opts...)
					assert.Equal(t, test.want, OutcomeOf(err), "%v", err)
					assert.True(t, client.payments.open("5700027202722028"))
					if test.want != Accepted && test.name != "declined" {
						assert.Zero(t, client.payments.size(), "nothing is kept of a payment where nothing was done")
					}
				}
			})
		})
	}
}

func TestPanickingSaveIntentPassesTheTurnOn(t *testing.T) {
	t.Parallel()
	work := newWorkload(0)
	client := work.client(t)
	assert.PanicsWithValue(t, errPlanned, func() {
		_, _ = client.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error { panic(errPlanned) }))
	})
	assert.Zero(t, client.payments.size())
	try(t.Context(), t, client).isAccepted(t)
}

// Many callers, few payments, contexts that end anywhere, and each caller goes
// on until its cancel is accepted.
func TestManyCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work := newWorkload(10 * time.Millisecond)
		client := work.client(t)
		var callers sync.WaitGroup
		for n := range 300 {
			callers.Go(func() {
				payment := Billnumber(fmt.Sprintf("570002720272202%d", n%5))
				if n%2 == 0 {
					payment += ".1"
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*5*time.Millisecond+time.Millisecond)
				defer cancel()
				_, err := client.Cancel(ctx, requestFor(t, payment))
				for err != nil {
					var opts []CancelOption
					var unresolved *UnresolvedError
					var unknown *UnknownOutcomeError
					switch {
					case errors.As(err, &unresolved):
						opts = append(opts, DespiteUnknown(unresolved.Intent))
					case errors.As(err, &unknown):
						opts = append(opts, DespiteUnknown(unknown.Intent))
					}
					assert.True(t, opts != nil || errors.Is(err, context.DeadlineExceeded), "%v", err)
					_, err = client.Cancel(t.Context(), requestFor(t, payment), opts...)
				}
			})
		}
		callers.Wait()
		for payment, most := range work.most {
			assert.Equal(t, 1, most, payment)
		}
		assert.Len(t, work.most, 5)
		assert.GreaterOrEqual(t, work.sends, 300)
		for payment := range work.most {
			assert.True(t, client.payments.open(payment))
		}
	})
}

// What is kept of answered cancels goes after a while, so a client can live as
// long as its program.
func TestPaymentsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newWorkload(time.Second).client(t)
		for n := range 200 {
			_, err := client.Cancel(t.Context(), requestFor(t, Billnumber(fmt.Sprintf("5700027202722%03d", n))))
			require.NoError(t, err)
			require.Zero(t, client.payments.size())
		}
	})
}

// An answer that comes twice can't make two cancels of one.
func TestAnswerOfAnEarlierCancelIsNotOurs(t *testing.T) {
	t.Parallel()
	d := &scripted{cancel: soapAnswer(cancelled())}
	client := d.client(t)
	try(t.Context(), t, client).isAccepted(t)
	again := try(t.Context(), t, client)
	again.isUnknown(t)
	assert.ErrorIs(t, again.err, ErrOtherAnswer)
	assert.Len(t, d.sends, 2)
}

func TestPaymentsRemember(t *testing.T) {
	t.Parallel()
	intent := func(id string, b Billnumber) Intent {
		return Intent{ID: id, Request: CancelRequest{Billnumber: b}}
	}
	const payment = Billnumber("5700027202722028")
	first, second := intent("A", payment), intent("B", payment+".2")

	var p payments
	p.forget(intent("C", payment))
	_, found := p.unresolvedBut(payment, nil)
	assert.False(t, found)
	assert.Zero(t, p.size(), "asking and forgetting keep nothing")

	p.remember(first)
	p.remember(first)
	p.remember(second)
	assert.Equal(t, 1, p.size(), "an extended billnumber is the same payment")
	assert.Len(t, p.known[payment].unresolved, 2, "remembered twice is remembered once")
	earlier, found := p.unresolvedBut(payment, nil)
	assert.True(t, found)
	assert.Equal(t, "A", earlier.ID)
	earlier, found = p.unresolvedBut(payment, []Intent{first})
	assert.True(t, found)
	assert.Equal(t, "B", earlier.ID)
	_, found = p.unresolvedBut(payment, []Intent{second, first})
	assert.False(t, found)
	_, found = p.unresolvedBut("5700027202722029", nil)
	assert.False(t, found)

	p.forget(first)
	_, found = p.unresolvedBut(payment, []Intent{second})
	assert.False(t, found, "remembered twice, forgotten once")
	leave, err := p.enter(t.Context(), payment)
	require.NoError(t, err)
	p.forget(second)
	assert.Equal(t, 1, p.size(), "kept while somebody is served")
	leave()
	assert.Zero(t, p.size())
}

// A cancel that was passed over may still move money, so it is kept until it
// is resolved, but closes the payment no more.
func TestPaymentsPassOver(t *testing.T) {
	t.Parallel()
	const payment = Billnumber("5700027202722028")
	in := Intent{ID: "A", Request: CancelRequest{Billnumber: payment}}
	var p payments
	p.remember(in)
	p.passOver(in)
	p.passOver(in)
	p.remember(in)
	assert.True(t, p.open(payment), "remembering doesn't close it again")
	leave, err := p.enter(t.Context(), payment)
	require.NoError(t, err)
	leave()
	require.Equal(t, 1, p.size())
	assert.Equal(t, []Intent{in}, p.known[payment].passedOver)
	p.forget(in)
	assert.Zero(t, p.size())
}

// What was sent after an intent and isn't known yet may have made what looks
// like the intent's.
func TestPaymentsRivals(t *testing.T) {
	t.Parallel()
	start := time.Date(2013, 10, 23, 13, 58, 0, 0, time.UTC)
	sent := func(id string, after time.Duration) Intent {
		return Intent{ID: id, SentAt: start.Add(after), Request: CancelRequest{Billnumber: claimedPayment}}
	}
	elsewhere := sent("elsewhere", time.Hour)
	elsewhere.Request.Billnumber = "5700027202722029"
	var p payments
	in := sent("this one", 0)
	assert.Empty(t, p.rivals(in))
	for _, open := range []Intent{in, sent("earlier", -1), sent("at once", 0), sent("later", time.Hour), elsewhere} {
		p.remember(open)
	}
	p.passOver(sent("later, and passed over", time.Hour))
	p.passOver(sent("earlier, and passed over", -time.Hour))
	var ids []string
	for _, later := range p.rivals(in) {
		ids = append(ids, later.ID)
	}
	assert.ElementsMatch(t, []string{"at once", "later", "later, and passed over"}, ids)
}

func TestRivalsMayOwn(t *testing.T) {
	t.Parallel()
	op := Operation{Billnumber: claimedPayment + ".3", Amount: rub(t, "0.10")}
	part := Intent{Request: CancelRequest{Billnumber: claimedPayment, Amount: rub(t, "0.10")}}
	another, full, looked, told := part, part, part, part
	another.Request.Amount = rub(t, "0.20")
	full.Request.Amount, full.Full = Money{}, true
	looked.Before = []Billnumber{op.Billnumber}
	told.Request.Order = &Order{Operations: []Operation{{Billnumber: op.Billnumber}}}
	for name, test := range map[string]struct {
		in   Intent
		want bool
	}{
		"of its amount": {part, true}, "of another amount": {another, false}, "all of the payment": {full, true},
		"known before by the look": {looked, false}, "known before by the caller": {told, false},
	} {
		assert.Equal(t, test.want, rivalsOf([]Intent{test.in}).mayOwn(&op), name)
	}
}
