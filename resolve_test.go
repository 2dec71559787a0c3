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

func lookedFirst(numbers ...string) func(*Intent) {
	return func(in *Intent) {
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
	declined := coded("Declined", "AS100")
	tests := []struct {
		name       string
		in         []func(*Intent)
		operations []dated
		want       Outcome
		status     CancelStatus
		candidates int
	}{
		{name: "nothing seen"},
		{name: "performed", operations: []dated{at(cancelled(), time.Second)}, want: Accepted, status: Succeeded},
		{name: "performed much later", operations: []dated{at(cancelled(), 10*time.Minute)}, want: Accepted, status: Succeeded},
		{name: "in process", operations: []dated{at(coded("In Process", "AS300"), time.Second)}, want: Accepted},
		{name: "an equal one two minutes earlier", operations: []dated{at(cancelled(), -2*time.Minute)}},
		{name: "an equal one two minutes earlier, and ours", operations: []dated{at(numbered(".2"), -2*time.Minute), at(cancelled(), time.Second)}, want: Accepted, status: Succeeded},
		{name: "two equal ones after the send", operations: []dated{at(numbered(".2"), time.Second), at(cancelled(), time.Minute)}, candidates: 2},
		{name: "another amount", operations: []dated{at(whole(".3", "0.20"), time.Second)}},
		{name: "a payment operation", operations: []dated{at(cancelled().with(func(op *answerOperation) { op.kind = "100" }), time.Second)}},
		{name: "an unknown code", operations: []dated{at(coded("Success", "AS777"), time.Second)}, candidates: 1},
		{name: "declined, operations before unknown", operations: []dated{at(declined, time.Second)}, candidates: 1},

		{name: "declined, operations before known", in: []func(*Intent){lookedFirst()}, operations: []dated{at(declined, time.Second)}, want: Rejected},
		{name: "declined whatever its code", in: []func(*Intent){lookedFirst()}, operations: []dated{at(coded("Declined", "AS300"), time.Second)}, want: Rejected},
		{name: "refusal code with success", in: []func(*Intent){lookedFirst()}, operations: []dated{at(coded("Success", "AS100"), time.Second)}, candidates: 1},
		{name: "known before", in: []func(*Intent){lookedFirst(".3")}, operations: []dated{at(cancelled(), time.Second)}},
		{name: "known before, and a new one", in: []func(*Intent){lookedFirst(".2")}, operations: []dated{at(numbered(".2"), time.Second), at(cancelled(), time.Second)}, want: Accepted, status: Succeeded},
		{name: "two new ones", in: []func(*Intent){lookedFirst()}, operations: []dated{at(numbered(".2"), time.Second), at(declined, time.Second)}, candidates: 2},
		{name: "two new ones that make up the rest", in: []func(*Intent){lookedFirst(), func(in *Intent) { in.Request.Amount = rub(t, "0.50") }},
			operations: []dated{at(whole(".2", "0.50"), time.Second), at(whole(".3", "0.50"), time.Second)}, candidates: 2},
		{name: "in the order given to the cancel", in: []func(*Intent){func(in *Intent) {
			in.Request.Order = &Order{Operations: []Operation{{Billnumber: "5700027202722028.3"}}}
		}}, operations: []dated{at(cancelled(), time.Second)}},

		{name: "full", in: []func(*Intent){full}, operations: []dated{at(whole(".3", "1.00"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, one of two payments", in: []func(*Intent){full, lookedFirst(".1", ".2")},
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second)}, candidates: 1},
		{name: "full, both payments", in: []func(*Intent){full, lookedFirst(".1", ".2")},
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second), at(whole(".4", "0.20"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, both payments, not looked first", in: []func(*Intent){full},
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.80"), time.Second), at(whole(".4", "0.20"), time.Second)}, candidates: 2},
		{name: "full, both payments after a part", in: []func(*Intent){full, lookedFirst(".1", ".2", ".3")},
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(whole(".3", "0.30"), -time.Minute), at(whole(".4", "0.50"), time.Second), at(whole(".5", "0.20"), time.Second)}, want: Accepted, status: Succeeded},
		{name: "full, both payments after a declined part", in: []func(*Intent){full, lookedFirst(".1", ".2", ".3")},
			operations: []dated{at(payment, -time.Hour), at(bonus, -time.Hour), at(declined, -time.Minute), at(whole(".4", "0.80"), time.Second), at(whole(".5", "0.20"), time.Second)}, want: Accepted, status: Succeeded},
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
				_, stillUnresolved := c.payments.unresolvedBut(in.Request.Billnumber, nil)
				assert.Equal(t, test.want == Unknown, stillUnresolved, "the payment opens when it is resolved")
				after := l.client(t)
				_, err = after.Resolve(t.Context(), in)
				require.NoError(t, err)
				_, stillUnresolved = after.payments.unresolvedBut(in.Request.Billnumber, nil)
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

// The server's clock is minutes away from ours. Two equal partial cancels two
// minutes apart, the second's answer lost: only the second may be found.
func TestResolveUnderClockSkew(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-10 * time.Minute, -90 * time.Second, 0, 90 * time.Second, 10 * time.Minute} {
		for _, noDate := range []bool{false, true} {
			for _, arrived := range []bool{true, false} {
				name := skew.String()
				if noDate {
					name += ", no Date header"
				}
				if !arrived {
					name += ", never arrived"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						time.Sleep(17 * time.Second) // off the minute
						l := &listing{clock: skew, noDate: noDate}
						l.put(numbered(".2"), time.Now())
						time.Sleep(2 * time.Minute)
						in := lostIntent(t)
						if arrived {
							l.put(cancelled(), time.Now().Add(500*time.Millisecond))
						}
						time.Sleep(5 * time.Minute)
						r, err := l.client(t).Resolve(t.Context(), in)
						require.NoError(t, err)
						switch {
						case arrived && !noDate:
							require.Equal(t, Accepted, r.Outcome)
							assert.Equal(t, Billnumber("5700027202722028.3"), r.Cancellation.Operation.Billnumber)
						case arrived:
							// The packet date tells the server's clock to the minute: ours may
							// stay doubtful, but the other one is never taken for it.
							if r.Outcome != Unknown {
								assert.Equal(t, Billnumber("5700027202722028.3"), r.Cancellation.Operation.Billnumber)
							} else {
								assert.NotEmpty(t, r.Candidates)
							}
						default:
							assert.Equal(t, Unknown, r.Outcome, "the first one's operation is not ours")
							assert.Empty(t, r.Candidates)
						}
					})
				})
			}
		}
	}
}

// Without a Date header the server's clock is known to the minute. An equal
// cancel half a minute earlier can't be told from ours, and must not be taken
// for it.
func TestResolveToTheMinuteIsDoubtful(t *testing.T) {
	t.Parallel()
	for second := range 6 {
		t.Run(fmt.Sprint(10*second), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Duration(10*second) * time.Second)
				l := &listing{noDate: true}
				l.put(numbered(".2"), time.Now())
				time.Sleep(30 * time.Second)
				in := lostIntent(t)
				time.Sleep(47 * time.Second)
				c := l.client(t)
				r, err := c.Resolve(t.Context(), in)
				require.NoError(t, err)
				assert.Equal(t, Unknown, r.Outcome)

				time.Sleep(5 * time.Minute)
				l.put(cancelled(), time.Now())
				r, err = c.Resolve(t.Context(), in)
				require.NoError(t, err)
				if len(r.Candidates) > 0 || r.Outcome == Unknown {
					assert.Equal(t, Unknown, r.Outcome, "one that is certain beside one that is doubtful")
				} else {
					assert.Equal(t, Billnumber("5700027202722028.3"), r.Cancellation.Operation.Billnumber)
				}
			})
		})
	}
	// Of one certain and one doubtful candidate neither decides.
	c := mocked(t, answering(200, ""))
	sent := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	in := lostIntent(t, func(in *Intent) { in.SentAt = sent })
	op := Operation{Type: OperationCancel, State: OperationSuccess, ResponseCode: ResponseDone, Amount: in.Request.Amount}
	near, far := op, op
	near.Billnumber, near.Date = "5700027202722028.2", sent
	far.Billnumber, far.Date = "5700027202722028.3", sent.Add(10*time.Minute)
	order := &Order{Billnumber: in.Request.Billnumber, PacketDate: sent.Add(20 * time.Minute), Operations: []Operation{near, far}}
	r := c.decide(in, &sighting{order: order, received: sent.Add(20 * time.Minute)})
	assert.Equal(t, Unknown, r.Outcome)
	assert.Len(t, r.Candidates, 2)
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
		in := lostIntent(t)
		time.Sleep(time.Minute)
		r, err := c.Resolve(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, Unknown, r.Outcome)
		assert.Len(t, r.Candidates, 1, "its date can't be compared with anything")

		in = lostIntent(t, lookedFirst())
		r, err = c.Resolve(t.Context(), in)
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
		// Another payment's answer makes the client forget what is old.
		c.payments.claim(Intent{ID: "OTHER", Request: CancelRequest{Billnumber: "5700027202722099"}}, x.Operations, c.now())
		in := unknown.Intent
		in.Request.OrderNumber = "n-7"
		s := &sighting{order: &Order{Billnumber: in.Request.Billnumber, Operations: x.Operations}, serverTime: time.Now(), asked: time.Now(), received: time.Now()}
		r := c.decide(in, s)
		assert.Equal(t, Unknown, r.Outcome, "the later cancel's operation is not the lost one's")
		assert.Empty(t, r.Candidates)
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
		assert.True(t, unknown.Intent.knownBefore(x.Operation.Billnumber), "in the intent itself, so that it outlives this process")

		stored, err := ParseIntent(unknown.Intent.Token())
		require.NoError(t, err)
		later := mocked(t, transport)
		s := &sighting{order: &Order{Billnumber: stored.Request.Billnumber, Operations: x.Operations}, serverTime: time.Now(), asked: time.Now(), received: time.Now()}
		assert.Equal(t, Unknown, later.decide(stored, s).Outcome)
	})
}

func TestResolveWaitFindsALateListing(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, 30 * time.Second, 10 * time.Minute} {
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				in := lostIntent(t)
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

		r, err = l.client(t).ResolveWait(t.Context(), lostIntent(t), 0)
		assert.Nil(t, r)
		assert.Equal(t, Unknown, OutcomeOf(err))

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

// The Date of an answer that was long on its way tells the server's clock only
// as closely as that: an operation from just before the send could be taken for
// ours.
func TestResolveDoubtsASlowAnswersClock(t *testing.T) {
	t.Parallel()
	c := mocked(t, answering(http.StatusOK, ""))
	sent := time.Date(2013, 10, 23, 13, 58, 0, 0, time.UTC)
	in := Intent{ID: "A", SentAt: sent, Request: webMoneyRequest(t)}
	asked := sent.Add(time.Minute)
	for name, test := range map[string]struct {
		took    time.Duration
		made    time.Duration // after the send
		certain bool
		seen    bool
	}{
		"quick, before the send":       {time.Second, -5 * time.Second, false, false},
		"quick, after the send":        {time.Second, 5 * time.Second, true, true},
		"slow, before the send":        {10 * time.Second, -5 * time.Second, false, true},
		"slow, long before the send":   {10 * time.Second, -15 * time.Second, false, false},
		"slow, long after the send":    {10 * time.Second, 15 * time.Second, true, true},
		"slower, seconds behind it":    {30 * time.Second, -5 * time.Second, false, true},
		"slower, long enough after it": {30 * time.Second, 31 * time.Second, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The answer was made at once, and was late.
			s := &sighting{asked: asked, serverTime: asked, received: asked.Add(test.took), order: &Order{
				Billnumber: in.Request.Billnumber,
				Operations: []Operation{{Billnumber: in.Request.Billnumber + ".3", Type: OperationCancel, Amount: in.Request.Amount, Date: sent.Add(test.made)}},
			}}
			certain, doubtful := c.candidates(in, s)
			assert.Equal(t, test.certain, len(certain) == 1)
			assert.Equal(t, test.seen, len(certain)+len(doubtful) == 1)
		})
	}
}
