package assist

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lostIntent is a cancel that was sent now and whose answer was lost.
func lostIntent(t testing.TB, change ...func(*Intent)) Intent {
	in := Intent{ID: "INTENT", MerchantID: "515089", SentAt: time.Now().UTC(),
		Request: CancelRequest{Billnumber: "5700027202722028", OrderNumber: "n-7", Amount: rub(t, "0.10")}}
	for _, f := range change {
		f(&in)
	}
	return in
}

// lookedFirst is a look at a server whose clock shows what ours does.
func lookedFirst(numbers ...string) func(*Intent) {
	return func(in *Intent) {
		in.LookedAt, in.ServerSentAt, in.ServerSlack = in.SentAt, in.SentAt, time.Second
		in.Before = []Billnumber{}
		for _, n := range numbers {
			in.Before = append(in.Before, in.Request.Billnumber+Billnumber(n))
		}
	}
}

func full(in *Intent) { in.Full, in.Request.Amount = true, Money{} }

func TestResolve(t *testing.T) {
	t.Parallel()
	type dated struct {
		answerOperation
		at time.Duration // from the send
	}
	at := func(op answerOperation, d time.Duration) dated { return dated{op, d} }
	payment := numbered(".1").with(func(op *answerOperation) { op.kind, op.amount = "100", "0.80" })
	bonus := numbered(".2").with(func(op *answerOperation) { op.kind, op.amount = "100", "0.20" })
	whole := func(n, amount string) answerOperation {
		return numbered(n).with(func(op *answerOperation) { op.amount = amount })
	}
	dollars := func(n, kind string) answerOperation {
		return numbered(n).with(func(op *answerOperation) { op.kind, op.currency = kind, "USD" })
	}
	refuse := func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }
	declined := cancelled().with(refuse)
	looked := func(numbers ...string) []func(*Intent) { return []func(*Intent){lookedFirst(numbers...)} }
	tests := []struct {
		name       string
		in         []func(*Intent)
		operations []dated
		want       Outcome
		status     CancelStatus
		candidates int
	}{
		{name: "nothing seen"},
		{name: "nothing seen, looked first", in: looked(".1")},
		{name: "not looked first", operations: []dated{at(cancelled(), time.Second)}, candidates: 1},
		{name: "not looked first, declined", operations: []dated{at(declined, time.Second)}, candidates: 1},
		{name: "not looked first, dated long before", operations: []dated{at(cancelled(), -time.Hour)}, candidates: 1},
		{name: "not looked first, several", operations: []dated{at(numbered(".2"), -2*time.Minute), at(cancelled(), time.Second)}, candidates: 2},
		{name: "not looked first, in the order given to the cancel", in: []func(*Intent){func(in *Intent) {
			in.Request.Order = &Order{Operations: []Operation{{Billnumber: "5700027202722028.3"}}}
		}}, operations: []dated{at(cancelled(), time.Second)}},

		{name: "performed", in: looked(".2"), operations: []dated{at(cancelled(), time.Second)}, want: Accepted, status: Succeeded},
		{name: "performed much later", in: looked(".2"), operations: []dated{at(cancelled(), 10*time.Minute)}, want: Accepted, status: Succeeded},
		{name: "in process", in: looked(".2"), operations: []dated{at(coded("In Process", "AS300"), time.Second)}, want: Accepted},
		{name: "known before", in: looked(".3"), operations: []dated{at(cancelled(), time.Second)}},
		{name: "known before, and a new one", in: looked(".2"), operations: []dated{at(numbered(".2"), time.Second), at(cancelled(), time.Second)}, want: Accepted, status: Succeeded},
		{name: "dated within the tolerance before the look", in: looked(".2"), operations: []dated{at(cancelled(), -clockTolerance)}, want: Accepted, status: Succeeded},
		{name: "dated before that", in: looked(".2"), operations: []dated{at(cancelled(), -clockTolerance-time.Second)}, candidates: 1},
		{name: "two new ones", in: looked(".1"), operations: []dated{at(payment, -time.Hour), at(numbered(".2"), time.Second), at(declined, time.Second)}, candidates: 2},
		{name: "a new one and one from before the look", in: looked(".1"), operations: []dated{at(payment, -time.Hour), at(numbered(".2"), -time.Hour), at(cancelled(), time.Second)}, candidates: 2},
		{name: "two new ones that make up the rest", in: append(looked(".1"), func(in *Intent) { in.Request.Amount = rub(t, "0.40") }),
			operations: []dated{at(payment, -time.Hour), at(whole(".2", "0.40"), time.Second), at(whole(".3", "0.40"), time.Second)}, candidates: 2},
		{name: "another amount", in: looked(".2"), operations: []dated{at(whole(".3", "0.20"), time.Second)}},
		{name: "another currency", in: looked(".2"), operations: []dated{at(cancelled().with(func(op *answerOperation) { op.currency = "USD" }), time.Second)}},
		{name: "a payment operation", in: looked(".2"), operations: []dated{at(cancelled().with(func(op *answerOperation) { op.kind = "100" }), time.Second)}},
		{name: "an unknown code", in: looked(".2"), operations: []dated{at(coded("Success", "AS777"), time.Second)}, candidates: 1},

		{name: "declined", in: looked(".2"), operations: []dated{at(declined, time.Second)}, want: Rejected},
		{name: "declined whatever its code", in: looked(".2"), operations: []dated{at(coded("Declined", "AS300"), time.Second)}, want: Rejected},
		{name: "refusal code with success", in: looked(".2"), operations: []dated{at(coded("Success", "AS100"), time.Second)}, candidates: 1},
		{name: "declined at the end of the answer's time", in: looked(".2"), operations: []dated{at(declined, answerTime+clockTolerance+time.Second)}, want: Rejected},
		{name: "declined after it", in: looked(".2"), operations: []dated{at(declined, answerTime+clockTolerance+2*time.Second)}, candidates: 1},
		{name: "declined just before the send", in: looked(".2"), operations: []dated{at(declined, -clockTolerance)}, want: Rejected},
		{name: "declined, and the send isn't known by the server's clock", in: append(looked(".2"), func(in *Intent) { in.ServerSentAt = time.Time{} }),
			operations: []dated{at(declined, time.Second)}, candidates: 1},

		{name: "full, not looked first", in: []func(*Intent){full}, operations: []dated{at(payment, -time.Hour), at(whole(".3", "0.80"), time.Second)}, candidates: 1},
		{name: "full, one payment", in: append(looked(".1", ".2"), full), operations: []dated{at(payment, -time.Hour), at(whole(".3", "0.80"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, and a part by hand", in: append(looked(".1", ".2"), full), operations: []dated{at(payment, -time.Hour), at(cancelled(), time.Second)}, candidates: 1},
		{name: "full, and a declined part by hand", in: append(looked(".1", ".2"), full), operations: []dated{at(payment, -time.Hour), at(declined, time.Second)}, candidates: 1},
		{name: "full, more than was paid", in: append(looked(".1", ".2"), full), operations: []dated{at(payment, -time.Hour), at(whole(".3", "0.81"), time.Second)}, candidates: 1},
		{name: "full, a cancel of nothing", in: append(looked(".1", ".2"), full), operations: []dated{at(payment, -time.Hour), at(whole(".3", "0.00"), time.Second)}},
		{name: "full, no payment listed", in: append(looked(".2"), full), operations: []dated{at(whole(".3", "1.00"), time.Second)}, candidates: 1},
		{name: "full, declined", in: append(looked(".1", ".2"), full), operations: []dated{at(payment, -time.Hour), at(whole(".3", "0.80").with(refuse), time.Second)}, want: Rejected},
		{name: "full, declined long after", in: append(looked(".1", ".2"), full), operations: []dated{at(payment, -time.Hour), at(whole(".3", "0.80").with(refuse), time.Hour)}, candidates: 1},
		{name: "full, confirmed below its authorisation", in: append(looked(".1", ".2"), full),
			operations: []dated{at(payment, -time.Hour), at(whole(".2", "0.60").with(func(op *answerOperation) { op.kind = "200" }), -time.Minute), at(whole(".3", "0.60"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, one of two payments", in: append(looked(".1", ".2"), full),
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second)}, candidates: 1},
		{name: "full, both payments", in: append(looked(".1", ".2"), full),
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second), at(whole(".4", "0.20"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, both payments, one declined", in: append(looked(".1", ".2"), full),
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second), at(whole(".4", "0.20").with(refuse), time.Second)}, candidates: 2},
		{name: "full, both payments, not looked first", in: []func(*Intent){full},
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second), at(whole(".4", "0.20"), time.Second)}, candidates: 2},
		{name: "full, both payments after a part", in: append(looked(".1", ".2", ".3"), full),
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.30"), -time.Minute), at(whole(".4", "0.50"), time.Second), at(whole(".5", "0.20"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, both payments after a declined part", in: append(looked(".1", ".2", ".3"), full),
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(declined, -time.Minute), at(whole(".4", "0.80"), time.Second), at(whole(".5", "0.20"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, of one of two payments", in: append(looked(".1", ".2"), full, func(in *Intent) { in.Request.Billnumber += ".1" }),
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second)}, candidates: 1},
		{name: "full, of one of two payments, and as much as both", in: append(looked(".1", ".2"), full, func(in *Intent) { in.Request.Billnumber += ".1" }),
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "1.00"), time.Second)}, candidates: 1},
		{name: "full, and what is left in another currency can't be told", in: append(looked(".1", ".2", ".3", ".4", ".5"), full),
			operations: []dated{at(payment, -time.Hour), at(dollars(".2", "100"), -time.Hour), at(dollars(".3", "200"), -time.Hour), at(dollars(".4", "300"), -time.Hour), at(dollars(".5", "200"), -time.Hour),
				at(whole(".6", "0.80"), time.Second)}, candidates: 1},
		{name: "full, of the only payment by its number", in: append(looked(".1", ".2"), full, func(in *Intent) { in.Request.Billnumber += ".1" }),
			operations: []dated{at(payment, -time.Hour), at(whole(".3", "0.80"), time.Second)}, want: Accepted, status: Succeeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				in := lostIntent(t, test.in...)
				for _, op := range test.operations {
					l.operations = append(l.operations, listed{op.with(func(o *answerOperation) { o.date = "" }), time.Time{}, in.SentAt.Add(op.at)})
				}
				time.Sleep(15 * time.Minute)
				c := l.client(t)
				c.payments.remember(in)
				r, err := c.Resolve(t.Context(), in)
				require.NoError(t, err)
				require.Equal(t, test.want, r.Outcome)
				assert.Len(t, r.Candidates, test.candidates)
				assert.Equal(t, 1, l.questions())
				require.NotNil(t, r.Order)
				_, stillUnresolved := c.payments.unresolvedBut(in.Request.Billnumber.Payment(), nil)
				assert.Equal(t, test.want == Unknown, stillUnresolved, "the payment opens when it is resolved")
				after := l.client(t)
				_, err = after.Resolve(t.Context(), in)
				require.NoError(t, err)
				_, stillUnresolved = after.payments.unresolvedBut(in.Request.Billnumber.Payment(), nil)
				assert.Equal(t, test.want == Unknown, stillUnresolved, "a client that didn't send it closes the payment too")
				switch test.want {
				case Accepted:
					assert.Equal(t, test.status, r.Cancellation.Status)
					assert.Equal(t, in, r.Cancellation.Intent)
					assert.NoError(t, r.Err)
				case Rejected:
					assert.Equal(t, Rejected, OutcomeOf(r.Err))
					assert.Nil(t, r.Cancellation)
				default:
					assert.Nil(t, r.Cancellation)
					assert.NoError(t, r.Err)
				}
			})
		})
	}
}

// The clock behind the dates of operations, the one behind the Date header and that
// of the machine are apart by anything. An earlier equal cancel, of which nobody
// here knows, is never taken for ours, and ours is never hidden.
func TestResolveWithClocksApart(t *testing.T) {
	t.Parallel()
	for _, apart := range []time.Duration{-3 * time.Hour, -62 * time.Second, -45 * time.Second, -3 * time.Second, 0, 20 * time.Second, 2 * time.Minute, 3 * time.Hour} {
		for _, machine := range []time.Duration{-5 * time.Minute, 0, 5 * time.Second} {
			for _, look := range []bool{false, true} {
				for _, arrived := range []bool{false, true} {
					t.Run(fmt.Sprintf("operations %v, machine %v, looked %v, arrived %v", apart, machine, look, arrived), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							l := &listing{}
							made := time.Now()
							list := func(op answerOperation) {
								op.date = ""
								l.operations = append(l.operations, listed{op, time.Now(), time.Now().Add(apart)})
							}
							list(numbered(".1").with(func(op *answerOperation) { op.kind, op.amount = "100", "1.00" }))
							list(numbered(".2"))
							time.Sleep(100 * time.Second)
							in := lostIntent(t, func(in *Intent) { in.SentAt = in.SentAt.Add(machine) })
							if look {
								in.Before = []Billnumber{"5700027202722028.1", "5700027202722028.2"}
								in.LookedAt, in.ServerSentAt, in.ServerSlack = time.Now(), time.Now(), time.Second
							}
							if arrived {
								time.Sleep(time.Second)
								list(cancelled())
							}
							time.Sleep(10 * time.Minute)
							require.Greater(t, time.Since(made), 11*time.Minute)
							r, err := l.client(t).Resolve(t.Context(), in)
							require.NoError(t, err)
							var candidates []Billnumber
							for _, op := range r.Candidates {
								candidates = append(candidates, op.Billnumber)
							}
							switch {
							case look && arrived && apart >= -clockTolerance:
								require.Equal(t, Accepted, r.Outcome)
								assert.Equal(t, Billnumber("5700027202722028.3"), r.Cancellation.Operation.Billnumber)
							case arrived:
								require.Equal(t, Unknown, r.Outcome)
								assert.Contains(t, candidates, Billnumber("5700027202722028.3"))
							default:
								require.Equal(t, Unknown, r.Outcome, "it never arrived")
							}
							if look {
								assert.NotContains(t, candidates, Billnumber("5700027202722028.2"))
							}
						})
					})
				}
			}
		}
	}
}

// A number that is skipped is an operation that isn't listed yet, and it may be
// ours. All types count, and only where the order had no gaps before.
func TestResolveByNumbers(t *testing.T) {
	t.Parallel()
	refuse := func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }
	payment := numbered(".1").with(func(op *answerOperation) { op.kind, op.amount = "100", "1.00" })
	confirmed := func(n string) answerOperation {
		return numbered(n).with(func(op *answerOperation) { op.kind, op.amount = "200", "1.00" })
	}
	for name, test := range map[string]struct {
		before  []string
		listed  []answerOperation
		claimed string
		want    Outcome
		missing []Billnumber
	}{
		"no gap":                         {[]string{".1"}, []answerOperation{payment, numbered(".2")}, "", Accepted, nil},
		"a gap before it":                {[]string{".1"}, []answerOperation{payment, cancelled()}, "", Unknown, []Billnumber{".2"}},
		"a gap before a declined one":    {[]string{".1"}, []answerOperation{payment, cancelled().with(refuse)}, "", Unknown, []Billnumber{".2"}},
		"a gap behind it":                {[]string{".1"}, []answerOperation{payment, numbered(".2"), confirmed(".5")}, "", Unknown, []Billnumber{".3", ".4"}},
		"filled by another type":         {[]string{".1"}, []answerOperation{payment, confirmed(".2"), cancelled()}, "", Accepted, nil},
		"the gap is another's":           {[]string{".1"}, []answerOperation{payment, cancelled()}, ".2", Accepted, nil},
		"the gap was listed before":      {[]string{".1", ".2"}, []answerOperation{payment, cancelled()}, "", Accepted, nil},
		"there was a gap before":         {[]string{".1", ".3"}, []answerOperation{payment, numbered(".5")}, "", Accepted, nil},
		"nothing was listed before":      {[]string{}, []answerOperation{cancelled()}, "", Accepted, nil},
		"one was without a number":       {[]string{""}, []answerOperation{cancelled()}, "", Accepted, nil},
		"a gap, and nothing that is new": {[]string{".1"}, []answerOperation{payment, confirmed(".3")}, "", Unknown, []Billnumber{".2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				in := lostIntent(t, lookedFirst(test.before...))
				for _, op := range test.listed {
					l.put(op, in.SentAt.Add(time.Second))
				}
				time.Sleep(10 * time.Minute)
				c := l.client(t)
				if test.claimed != "" {
					c.payments.claim(claimant("OTHER"), operations(claimedPayment+Billnumber(test.claimed)))
				}
				r, err := c.Resolve(t.Context(), in)
				require.NoError(t, err)
				assert.Equal(t, test.want, r.Outcome)
				var missing []Billnumber
				for _, n := range test.missing {
					missing = append(missing, claimedPayment+n)
				}
				assert.Equal(t, missing, r.Missing)
			})
		})
	}
}

// An operation without a date may be from before the look.
func TestResolveDoubtsAnUndatedOperation(t *testing.T) {
	t.Parallel()
	c, in := mocked(t, answering(200, "")), lostIntent(t, lookedFirst())
	op := Operation{Billnumber: claimedPayment + ".3", Type: OperationCancel, State: OperationSuccess, ResponseCode: ResponseDone, Amount: in.Request.Amount}
	r, _ := c.decide(in, &Order{Billnumber: claimedPayment, Operations: []Operation{op}})
	assert.Equal(t, Unknown, r.Outcome)
	assert.Len(t, r.Candidates, 1)
	op.Date = in.SentAt
	r, _ = c.decide(in, &Order{Billnumber: claimedPayment, Operations: []Operation{op}})
	assert.Equal(t, Accepted, r.Outcome)
}

func TestDatedBesideTheSend(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	in := Intent{ServerSentAt: sent, ServerSlack: 3 * time.Second}
	for at, want := range map[time.Duration]bool{
		-clockTolerance - 1: false, -clockTolerance: true, 0: true,
		answerTime + clockTolerance + 3*time.Second: true, answerTime + clockTolerance + 3*time.Second + 1: false,
	} {
		assert.Equal(t, want, in.datedBesideSend(&Operation{Date: sent.Add(at)}), at)
	}
	assert.False(t, in.datedBesideSend(&Operation{}), "no date")
	assert.False(t, Intent{}.datedBesideSend(&Operation{}), "neither")
	assert.False(t, Intent{}.datedBesideSend(&Operation{Date: sent}), "the send isn't known")
}

// Many gaps are not many lines.
func TestMissingNumbersAreBounded(t *testing.T) {
	t.Parallel()
	in := lostIntent(t, lookedFirst(".1"))
	order := &Order{Operations: operations(claimedPayment+".1", claimedPayment+".999999")}
	assert.Len(t, in.missingIn(order, in.known(), nil), maxMissing)
}

// A listing from before the send, with its own Date, says nothing about it.
func TestResolveRefusesARepeatedListing(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]func(*Intent){
		"by the send": lookedFirst(".1"),
		"by the look": func(in *Intent) { lookedFirst(".1")(in); in.ServerSentAt = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				l.put(numbered(".2"), time.Now())
				at, text := time.Now(), l.xml()
				time.Sleep(clockTolerance + 2*time.Second)
				in := lostIntent(t, in)
				c := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					resp := answerOf(req, text)
					resp.Header.Set("Date", at.UTC().Format(http.TimeFormat))
					return resp, nil
				}), WithProtocol(Form(FormatXML)))
				_, err := c.Resolve(t.Context(), in)
				require.ErrorIs(t, err, ErrOtherAnswer)
				assert.ErrorContains(t, err, "repeated")
				x := inProcess(t, ".2")
				x.Intent = in
				_, err = c.Refresh(t.Context(), x)
				require.ErrorIs(t, err, ErrOtherAnswer)
				assert.Equal(t, Unknown, OutcomeOf(err))
			})
		})
	}
}

func TestResolveWithoutAnyServerClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noPacket := roundTripper(func(req *http.Request) (*http.Response, error) {
			l := &listing{noDate: true}
			l.put(cancelled(), time.Now())
			resp, err := l.RoundTrip(req)
			if err == nil {
				text := strings.NewReplacer("<packetdate>", "<x>", "</packetdate>", "</x>").Replace(l.xml())
				resp.Body, resp.ContentLength = http.NoBody, 0
				resp = answerOf(req, text)
			}
			return resp, err
		})
		c := mocked(t, noPacket, WithProtocol(Form(FormatXML)))
		in := lostIntent(t, lookedFirst(), func(in *Intent) { in.LookedAt, in.ServerSentAt = time.Time{}, time.Time{} })
		time.Sleep(time.Minute)
		r, err := c.Resolve(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, Accepted, r.Outcome, "what was there before is known, so the date isn't needed")
	})
}

// The late answer of a cancel that was passed over, and the operation of the one
// that was sent despite it: each intent keeps its own.
func TestResolveKnowsTheOtherCancelsOfThisClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		lost := true
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "wscancel.cfm") {
				if lost {
					return nil, errors.New("lost")
				}
				now := time.Now().UTC().Format(layoutSeconds)
				l.put(cancelled(), time.Now())
				text := soapAnswer(cancelled().with(func(op *answerOperation) { op.date = now }))
				text = strings.Replace(text, "23.10.2013 13:58:37", now, 1)
				return answerOf(req, text), nil
			}
			return l.RoundTrip(req)
		})
		c := mocked(t, transport)
		req := webMoneyRequest(t)
		req.OrderNumber, req.OrderDate = "2013.10.23-700027-5", time.Time{}
		_, err := c.Cancel(t.Context(), req)
		var unknown *UnknownOutcomeError
		require.ErrorAs(t, err, &unknown)
		_, err = c.Cancel(t.Context(), req)
		require.ErrorIs(t, err, ErrUnresolved)

		lost = false
		x, err := c.Cancel(t.Context(), req, DespiteUnknown(unknown.Intent))
		require.NoError(t, err)
		assert.Equal(t, Billnumber("5700027202722028.3"), x.Operation.Billnumber)

		time.Sleep(time.Hour)
		in := unknown.Intent
		in.Request.OrderNumber = "n-7"
		r, err := c.Resolve(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, Unknown, r.Outcome, "the later cancel's operation is not the lost one's")
		assert.Empty(t, r.Candidates)
		assert.Len(t, r.Claimed, 1, "and the person sees whose it is")

		later := mocked(t, transport)
		r, err = later.Resolve(t.Context(), in)
		require.NoError(t, err)
		assert.Len(t, r.Candidates, 1, "which another client doesn't know")
		_, err = later.Resume(x.Token())
		require.NoError(t, err)
		r, err = later.Resolve(t.Context(), in)
		require.NoError(t, err)
		assert.Empty(t, r.Candidates, "until it learns it by the token")
	})
}

// A second equal cancel right after the first: were the first's operation taken
// for the lost second's, a refund that never happened would be called done.
func TestResolveTwoEqualCancelsWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			if answers++; answers > 1 {
				return nil, errors.New("lost")
			}
			now := time.Now().UTC().Format(layoutSeconds)
			text := soapAnswer(cancelled().with(func(op *answerOperation) { op.date = now }))
			return answerOf(req, strings.Replace(text, "23.10.2013 13:58:37", now, 1)), nil
		})
		c := mocked(t, transport)
		x, err := c.Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		_, err = c.Cancel(t.Context(), webMoneyRequest(t))
		var unknown *UnknownOutcomeError
		require.ErrorAs(t, err, &unknown)
		assert.True(t, unknown.Intent.known()[x.Operation.Billnumber], "in the intent itself, so that it outlives this process")

		stored, err := ParseIntent(unknown.Intent.Token())
		require.NoError(t, err)
		later := mocked(t, transport)
		r, _ := later.decide(stored, &Order{Billnumber: stored.Request.Billnumber, Operations: x.Operations})
		assert.Equal(t, Unknown, r.Outcome)
		assert.Empty(t, r.Candidates)
	})
}

func TestResolveWaitFindsALateListing(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, 30 * time.Second, 10 * time.Minute} {
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				in := lostIntent(t, lookedFirst())
				after(l, cancelled(), late)
				l.operations[0].done = in.SentAt
				seen := 0
				r, err := l.client(t).ResolveWait(t.Context(), in, time.Hour, Observe(func(Observation) { seen++ }))
				require.NoError(t, err)
				assert.Equal(t, Accepted, r.Outcome)
				assert.Equal(t, Succeeded, r.Cancellation.Status)
				assert.Equal(t, l.questions(), seen)
				assert.GreaterOrEqual(t, time.Since(in.SentAt), late)
			})
		})
	}
}

func TestResolveWaitEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		r, err := l.client(t).ResolveWait(t.Context(), lostIntent(t), time.Hour)
		require.NoError(t, err)
		assert.Equal(t, Unknown, r.Outcome, "time proves nothing")

		l = &listing{fail: func(int) (int, string, http.Header, error) { return 0, "", nil, errors.New("no route") }}
		r, err = l.client(t).ResolveWait(t.Context(), lostIntent(t), time.Hour)
		assert.Nil(t, r)
		require.ErrorContains(t, err, "no route")
		assert.Equal(t, Unknown, OutcomeOf(err))
		assert.Greater(t, l.questions(), 10)

		asked := l.questions()
		r, err = l.client(t).ResolveWait(t.Context(), lostIntent(t), 0)
		assert.Nil(t, r)
		assert.Equal(t, Unknown, OutcomeOf(err))
		assert.Equal(t, asked+1, l.questions(), "it asks once all the same")

		l = &listing{}
		after(l, coded("Declined", "AS102"), 0)
		r, err = l.client(t).ResolveWait(t.Context(), lostIntent(t, lookedFirst()), time.Hour)
		require.NoError(t, err)
		assert.Equal(t, Rejected, r.Outcome)
	})
}

func TestResolveRefusesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	l := &listing{}
	foreign := lostIntent(t)
	foreign.MerchantID = "1"
	for name, in := range map[string]Intent{"made by hand": {}, "another merchant's": foreign} {
		_, err := l.client(t).Resolve(t.Context(), in)
		assert.Equal(t, Unknown, OutcomeOf(err), name)
		_, err = l.client(t).ResolveWait(t.Context(), in, time.Hour)
		assert.Equal(t, Unknown, OutcomeOf(err), name)
	}
	assert.Zero(t, l.questions())
}

func TestResolveThatFailsLeavesEverything(t *testing.T) {
	t.Parallel()
	l := &listing{fail: func(int) (int, string, http.Header, error) { return 200, codesXML(0, 0), nil, nil }}
	c := l.client(t)
	in := lostIntent(t)
	c.payments.remember(in)
	r, err := c.Resolve(t.Context(), in)
	assert.Nil(t, r)
	require.ErrorIs(t, err, ErrOrderNotFound)
	_, still := c.payments.unresolvedBut(in.Request.Billnumber, nil)
	assert.True(t, still)
}

// A flat answer may show the plain billnumber: the operation is then found by
// what is new.
func TestFlatAnswerWithAPlainBillnumberIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		x := inProcess(t, "")
		lookedFirst(".2")(&x.Intent)
		require.Equal(t, 0, x.Operation.Billnumber.Operation())
		l.put(numbered(".2"), time.Now().Add(-time.Hour))
		c := l.client(t)
		followed, err := c.Refresh(t.Context(), x)
		require.NoError(t, err)
		assert.Equal(t, InProcess, followed.Status, "nothing new yet")

		l.put(coded("In Process", "AS300"), time.Now())
		followed, err = c.Refresh(t.Context(), followed)
		require.NoError(t, err)
		assert.Equal(t, InProcess, followed.Status)
		assert.Equal(t, Billnumber("5700027202722028.3"), followed.Operation.Billnumber)

		l.put(numbered(".4"), time.Now())
		l.put(cancelled(), time.Now())
		followed, err = c.Refresh(t.Context(), followed)
		require.NoError(t, err)
		assert.Equal(t, Succeeded, followed.Status, "by its number, once it is known")
	})
}

func answerOf(req *http.Request, text string) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: readCloser{strings.NewReader(text)}, ContentLength: int64(len(text)), Request: req}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// B was never answered, and a person let C be sent despite it. What C may have
// made must not be told to be B's: B's own request can still arrive.
func TestResolveBesideALaterCancel(t *testing.T) {
	t.Parallel()
	const declined, onItsWay = "declined, and its answer lost", "done, and its answer on its way"
	for _, later := range []string{declined, onItsWay} {
		t.Run(later, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var (
					l     = &listing{}
					c     *Client
					b     Intent
					sends int
				)
				unknownWith := func(candidates int) {
					r, err := c.Resolve(t.Context(), b)
					require.NoError(t, err)
					assert.Equal(t, Unknown, r.Outcome)
					assert.Len(t, r.Candidates, candidates)
				}
				c = mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					if !strings.HasSuffix(req.URL.Path, "wscancel.cfm") {
						return l.RoundTrip(req)
					}
					sends++
					switch {
					case sends == 1:
						return nil, errors.New("lost")
					case later == declined:
						l.put(numbered(".3").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }), time.Now())
						return nil, errors.New("lost")
					}
					l.put(numbered(".3"), time.Now())
					unknownWith(1)
					now := time.Now().UTC().Format(layoutSeconds)
					text := soapAnswer(cancelled().with(func(op *answerOperation) { op.date = now }))
					return answerOf(req, strings.NewReplacer("23.10.2013 13:58:37", now, "2013.10.23-700027-5", "n-7").Replace(text)), nil
				}))
				req := webMoneyRequest(t)
				req.OrderNumber, req.OrderDate = "n-7", time.Time{}
				_, err := c.Cancel(t.Context(), req, LookFirst())
				var unknown *UnknownOutcomeError
				require.ErrorAs(t, err, &unknown)
				b = unknown.Intent

				time.Sleep(30 * time.Minute)
				_, err = c.Cancel(t.Context(), req, LookFirst(), DespiteUnknown(b))
				time.Sleep(time.Minute)
				if later == declined {
					require.ErrorAs(t, err, &unknown)
					unknownWith(1)
					r, err := c.Resolve(t.Context(), unknown.Intent)
					require.NoError(t, err)
					assert.Equal(t, Rejected, r.Outcome, "the later one knows that it was declined")
				} else {
					require.NoError(t, err)
				}
				unknownWith(0)
			})
		})
	}
}

// These hold guards one by one that a scenario meets too seldom: each test fails
// when its guard is taken out (test/simulation/mutants).

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

// A listed operation with a lower number than one that the look showed was made
// before the cancel: a person sees it, and no program takes it for the cancel's.
func TestNumberedBeforeTheLookIsNeverCertain(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	c := mocked(t, answering(http.StatusOK, ""))
	for name, test := range map[string]struct {
		state OperationState
		code  ResponseCode
	}{"done": {OperationSuccess, ResponseDone}, "declined": {OperationDeclined, "AS100"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := inProcess(t).Intent
			lookedFirst(".1", ".3")(&in)
			op := Operation{Billnumber: "5700027202722028.2", Type: OperationCancel, State: test.state, Amount: in.Request.Amount, ResponseCode: test.code, Date: now}
			r, _ := c.decide(in, &Order{Billnumber: in.Request.Billnumber, Number: in.Request.OrderNumber, Operations: []Operation{op}})
			assert.Equal(t, Unknown, r.Outcome)
			assert.Len(t, r.Candidates, 1)
		})
	}
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
