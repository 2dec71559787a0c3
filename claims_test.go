package assist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/assist-go/assist/internal/stopwatch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const claimedPayment = Billnumber("5700027202722028")

func claimant(id string) Intent {
	return Intent{ID: id, Request: CancelRequest{Billnumber: claimedPayment}}
}

func operations(billnumbers ...Billnumber) (all []Operation) {
	for _, b := range billnumbers {
		all = append(all, Operation{Billnumber: b})
	}
	return all
}

func TestClaims(t *testing.T) {
	t.Parallel()
	ours, theirs := claimant("A"), claimant("B")
	theirs.Request.Billnumber += ".1"
	elsewhere := Intent{ID: "C", Request: CancelRequest{Billnumber: "5700027202722029"}}
	const mark = claimedPayment + ".3"

	claimed := func() *payments {
		var p payments
		p.claim(ours, operations(mark))
		return &p
	}
	// others are so many cancels of other payments.
	others := func(p *payments, n int) {
		for i := range n {
			in := Intent{ID: fmt.Sprint("other ", i), Request: CancelRequest{Billnumber: Billnumber(fmt.Sprintf("57000%010d", i))}}
			p.claim(in, operations(in.Request.Billnumber+".2"))
		}
	}
	of := func(p *payments, in Intent) []Billnumber { return sorted(p.claimedByOthers(in)) }

	t.Run("it is another's, not ours", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		assert.Empty(t, of(p, ours))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs), "an extended billnumber is the same payment")
		assert.Empty(t, of(p, elsewhere))
		assert.Zero(t, p.size())
	})
	t.Run("several, each once", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.claim(ours, operations(mark, claimedPayment+".5", claimedPayment+".2"))
		p.claim(theirs, operations(claimedPayment+".4"))
		assert.Equal(t, []Billnumber{claimedPayment + ".2", mark, claimedPayment + ".5"}, of(p, theirs))
		assert.Equal(t, []Billnumber{claimedPayment + ".4"}, of(p, ours))
	})
	t.Run("it stays with the first", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.claim(theirs, operations(mark))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs))
		assert.Empty(t, of(p, ours))
	})
	t.Run("a plain billnumber makes a rival until its number is known", func(t *testing.T) {
		t.Parallel()
		var p payments
		p.claim(ours, operations(claimedPayment))
		p.claim(ours, operations(claimedPayment))
		assert.Empty(t, of(&p, theirs))
		require.Len(t, p.rivals(theirs), 1)
		assert.Empty(t, p.rivals(ours), "not of itself")
		p.claim(ours, operations(mark))
		assert.Empty(t, p.rivals(theirs))
		p.claim(ours, operations(claimedPayment))
		assert.Empty(t, p.rivals(theirs), "its number stays known")
	})
	t.Run("nothing proved is nothing claimed", func(t *testing.T) {
		t.Parallel()
		var p payments
		p.claim(ours, nil)
		assert.Empty(t, p.rivals(theirs))
		assert.Empty(t, p.memory.recent.claims)
	})
	t.Run("kept over many other payments, and not for ever", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		others(p, rememberedCancels)
		assert.Len(t, of(p, theirs), 1)
		others(p, 2*rememberedCancels+1)
		assert.Empty(t, of(p, theirs))
		assert.LessOrEqual(t, len(p.memory.recent.claims)+len(p.memory.older.claims), 2*rememberedCancels)
	})
	t.Run("kept while a cancel is unresolved", func(t *testing.T) {
		t.Parallel()
		for name, open := range map[string]func(*payments, Intent){"unresolved": (*payments).remember, "passed over": (*payments).passOver} {
			before, after := claimed(), &payments{}
			open(before, theirs)
			open(after, theirs)
			after.claim(ours, operations(mark))
			for when, p := range map[string]*payments{"claimed before": before, "claimed after": after} {
				others(p, 3*rememberedCancels)
				assert.Equal(t, []Billnumber{mark}, of(p, theirs), "%s, %s", name, when)
				p.forget(theirs)
				assert.Empty(t, of(p, theirs), "%s, %s", name, when)
			}
		}
	})
	t.Run("kept when one more cancel is unresolved", func(t *testing.T) {
		t.Parallel()
		p := claimed()
		p.passOver(theirs)
		others(p, 3*rememberedCancels)
		p.remember(claimant("D"))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs))
		p.forget(claimant("D"))
		assert.Equal(t, []Billnumber{mark}, of(p, theirs))
	})
	t.Run("without the answer that it was cut out of", func(t *testing.T) {
		t.Parallel()
		var p payments
		answer := strings.Repeat(" ", 2000) + string(claimedPayment)
		in := ours
		in.Request.Billnumber = Billnumber(answer[2000:])
		p.claim(in, operations(mark))
		for payment := range p.memory.recent.claims {
			assert.NotSame(t, unsafe.StringData(answer[2000:]), unsafe.StringData(string(payment)))
		}
	})
}

// Which intents are settled is known for as long as whose the operations are.
func TestSettledIntents(t *testing.T) {
	t.Parallel()
	var p payments
	in := claimant("A")
	p.remember(in)
	p.forget(in)
	p.remember(in)
	p.passOver(in)
	assert.True(t, p.open(claimedPayment), "a question that comes late closes nothing")
	assert.Empty(t, p.rivals(claimant("B")), "nor does a person who comes late")
	p.reopen(in)
	assert.False(t, p.open(claimedPayment), "what turns out to be unknown does")
	p.forget(in)
	assert.True(t, p.open(claimedPayment))
	for i := range 3 * rememberedCancels {
		p.forget(Intent{ID: fmt.Sprint(i), Request: CancelRequest{Billnumber: claimedPayment}})
	}
	assert.LessOrEqual(t, len(p.memory.recent.settled)+len(p.memory.older.settled), 2*rememberedCancels)
	assert.False(t, p.memory.isSettled(in.ID))
}

// till is a server whose order service is a listing, and whose cancels are
// answered one after the other by functions.
type till struct {
	listing
	cancels []func(*http.Request) (*http.Response, error)
	sends   int
}

func (s *till) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.Contains(req.URL.Path, "/cancel/") {
		return s.listing.RoundTrip(req)
	}
	s.sends++
	return s.cancels[s.sends-1](req)
}

func lost(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }

// flat is the answer of the older service without an operation's number.
func flat(code string) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		now := time.Now().UTC()
		text := strings.Replace(flatAnswer(`firstcode="0" secondcode="0" count="1"`, "5700027202722028", code), "23.10.2013 13:58:37", now.Format(layoutSeconds), 1)
		resp := answerOf(req, text)
		resp.Header.Set("Date", now.Format(http.TimeFormat))
		return resp, nil
	}
}

func tillRequest(t testing.TB) CancelRequest {
	req := webMoneyRequest(t)
	req.OrderNumber, req.OrderDate = "n-7", time.Time{}
	return req
}

func paidListing(op answerOperation) answerOperation {
	op.kind, op.amount = "100", "1.00"
	return op
}

// A cancel that was accepted without a number has made one of the operations, and
// which isn't known: none that it may have made is certain for another cancel.
func TestUnnumberedCancelRivalsEveryEqualOne(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"AS000", "AS300"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &till{cancels: []func(*http.Request) (*http.Response, error){flat(code), lost}}
				s.put(paidListing(numbered(".1")), time.Now())
				c := mocked(t, s, WithProtocol(Form(FormatXML)))
				first, err := c.Cancel(t.Context(), tillRequest(t), LookFirst())
				require.NoError(t, err)
				time.Sleep(time.Second)
				_, err = c.Cancel(t.Context(), tillRequest(t), LookFirst())
				var unknown *UnknownOutcomeError
				require.ErrorAs(t, err, &unknown)
				// The first one's is listed only now; the second never arrived.
				s.put(numbered(".2"), time.Now())
				time.Sleep(5 * time.Minute)
				r, err := c.Resolve(t.Context(), unknown.Intent)
				require.NoError(t, err)
				assert.Equal(t, Unknown, r.Outcome, "it is the first one's")
				assert.Len(t, r.Candidates, 1)
				if code == "AS300" {
					// Nor is it certain for the first, as long as the second is unknown.
					followed, err := c.Refresh(t.Context(), first)
					require.NoError(t, err)
					assert.Equal(t, InProcess, followed.Status)
				}
			})
		})
	}
}

// Without a number nothing but its dates tells an answer of before the send, also
// after a look.
func TestUnnumberedAnswerIsJudgedByItsDates(t *testing.T) {
	t.Parallel()
	for _, age := range []time.Duration{0, clockTolerance, clockTolerance + 2*time.Second, time.Hour} {
		for _, look := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := &till{cancels: []func(*http.Request) (*http.Response, error){func(req *http.Request) (*http.Response, error) {
					text := strings.Replace(flatAnswer(`firstcode="0" secondcode="0" count="1"`, "5700027202722028", "AS000"),
						"23.10.2013 13:58:37", time.Now().Add(-age).UTC().Format(layoutSeconds), 1)
					resp := answerOf(req, text)
					if !look { // else the look's clock tells it
						resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
					}
					return resp, nil
				}}}
				s.put(paidListing(numbered(".1")), time.Now())
				var opts []CancelOption
				if look {
					opts = append(opts, LookFirst())
				}
				_, err := mocked(t, s, WithProtocol(Form(FormatXML))).Cancel(t.Context(), tillRequest(t), opts...)
				want := Accepted
				if age > clockTolerance {
					want = Unknown
				}
				assert.Equal(t, want, OutcomeOf(err), "%v, looked %v: %v", age, look, err)
			})
		}
	}
}

func TestUnnumberedCancelIsNotToldAnothersDecline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &till{cancels: []func(*http.Request) (*http.Response, error){flat("AS300"), flat("AS300")}}
		s.put(paidListing(numbered(".1")), time.Now())
		c := mocked(t, s, WithProtocol(Form(FormatXML)))
		first, err := c.Cancel(t.Context(), tillRequest(t), LookFirst())
		require.NoError(t, err)
		time.Sleep(5 * time.Minute)
		_, err = c.Cancel(t.Context(), tillRequest(t), LookFirst())
		require.NoError(t, err)
		s.put(numbered(".2").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }), time.Now())
		time.Sleep(5 * time.Minute)
		followed, err := c.Refresh(t.Context(), first)
		require.NoError(t, err, "that is the second one's, and the first one's is listed late")
		assert.Equal(t, InProcess, followed.Status)
	})
}

// A flat answer without a number is followed only by an operation that is
// certain.
func TestUnnumberedCancelIsFollowedByWhatIsCertain(t *testing.T) {
	t.Parallel()
	other := func(n string) answerOperation {
		return numbered(n).with(func(op *answerOperation) { op.amount = "0.20" })
	}
	for name, test := range map[string]struct {
		listed []answerOperation
		late   bool // listed as from before the look
		full   bool
		want   CancelStatus
	}{
		"the new one":         {listed: []answerOperation{numbered(".2")}, want: Succeeded},
		"several":             {listed: []answerOperation{numbered(".2"), cancelled()}},
		"behind a gap":        {listed: []answerOperation{cancelled()}},
		"from before":         {listed: []answerOperation{numbered(".2")}, late: true},
		"beside a doubtful":   {listed: []answerOperation{numbered(".2"), cancelled().with(func(op *answerOperation) { op.date = "01.01.1999 00:00:00" })}},
		"all, another amount": {listed: []answerOperation{other(".2")}, full: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				l.put(paidListing(numbered(".1")), time.Now())
				x := inProcess(t, "")
				lookedFirst(".1")(&x.Intent)
				if test.full {
					full(&x.Intent)
				}
				for _, op := range test.listed {
					done := time.Now()
					if test.late || strings.HasSuffix(op.date, "1999 00:00:00") {
						done = done.Add(-time.Hour)
					}
					op.date = ""
					l.operations = append(l.operations, listed{op, time.Time{}, done})
				}
				followed, err := l.client(t).Refresh(t.Context(), x)
				require.NoError(t, err)
				assert.Equal(t, test.want, followed.Status)
				assert.Equal(t, test.want == Succeeded, followed.Operation.Billnumber.Operation() != 0)
			})
		})
	}
}

// Whoever proves an operation claims it, by whichever way, and days later another
// intent still isn't given it.
func TestWhoProvesAnOperationClaimsIt(t *testing.T) {
	t.Parallel()
	proofs := map[string]func(context.Context, *Client, *Cancellation) error{
		"Resume":  func(_ context.Context, c *Client, x *Cancellation) error { _, err := c.Resume(x.Token()); return err },
		"Refresh": func(ctx context.Context, c *Client, x *Cancellation) error { _, err := c.Refresh(ctx, x); return err },
		"Wait": func(ctx context.Context, c *Client, x *Cancellation) error {
			_, err := c.Wait(ctx, x, time.Hour)
			return err
		},
		"Resolve": func(ctx context.Context, c *Client, x *Cancellation) error {
			r, err := c.Resolve(ctx, x.Intent)
			if err == nil && r.Outcome == Unknown {
				err = fmt.Errorf("unknown, %v", r.Candidates)
			}
			return err
		},
	}
	for name, prove := range proofs {
		for _, declined := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, declined %v", name, declined), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := &listing{}
					other := lostIntent(t, lookedFirst(".1", ".2"))
					other.ID = "OTHER"
					x := inProcess(t)
					lookedFirst(".1", ".2")(&x.Intent)
					l.put(numbered(".1").with(func(op *answerOperation) { op.kind, op.amount = "100", "1.00" }), time.Now())
					l.put(cancelled().with(func(op *answerOperation) {
						if declined {
							op.state, op.code = "Declined", "AS100"
						}
					}), time.Now())
					c := l.client(t)
					err := prove(t.Context(), c, x)
					if !declined || name == "Resume" || name == "Resolve" {
						require.NoError(t, err)
					} else {
						require.Equal(t, Rejected, OutcomeOf(err))
					}
					time.Sleep(72 * time.Hour)
					r, err := c.Resolve(t.Context(), other)
					require.NoError(t, err)
					assert.Equal(t, Unknown, r.Outcome)
					assert.Empty(t, r.Candidates)
					require.Len(t, r.Claimed, 1, "and is shown as claimed")
					assert.Equal(t, Billnumber("5700027202722028.3"), r.Claimed[0].Billnumber)
				})
			})
		}
	}
}

// A declined operation, too, could pass for the next cancel's.
func TestOwnAnswerClaimsItsOperations(t *testing.T) {
	t.Parallel()
	for _, state := range [][2]string{{"Success", "AS000"}, {"In Process", "AS300"}, {"Declined", "AS100"}} {
		synctest.Test(t, func(t *testing.T) {
			k := &clocks{answer: []answerOperation{undated(coded(state[0], state[1]))}}
			c := mocked(t, k)
			var in Intent
			_, _ = c.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(_ context.Context, saving Intent) error {
				in = saving
				return nil
			}))
			assert.True(t, c.payments.claimedBy(in)[claimedPayment+".3"], state[0])
			k.before = []answerOperation{paid()}
			_, err := c.Cancel(t.Context(), webMoneyRequest(t), LookFirst())
			assert.Equal(t, NotSent, OutcomeOf(err), "a look that lacks it is an old one")
		})
	}
}

// Candidates are claimed by nobody.
func TestCandidatesAreNotClaimed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		l.put(cancelled(), time.Now())
		l.put(numbered(".4"), time.Now())
		c := l.client(t)
		r, err := c.Resolve(t.Context(), lostIntent(t, lookedFirst()))
		require.NoError(t, err)
		require.Len(t, r.Candidates, 2)
		r, err = c.Resolve(t.Context(), lostIntent(t, lookedFirst(), func(in *Intent) { in.ID, in.SentAt = "OTHER", in.SentAt.Add(-time.Hour) }))
		require.NoError(t, err)
		assert.Len(t, r.Candidates, 2)
		assert.Empty(t, r.Claimed)
	})
}

// A question that was asked while the cancel was still on its way closes nothing
// when it is answered late.
func TestLateResolveDoesNotCloseASettledPayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			c  *Client
			in Intent
			s  till
		)
		s.delay = 5 * time.Second
		s.cancels = []func(*http.Request) (*http.Response, error){func(req *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			return flat("AS000")(req)
		}}
		s.put(paidListing(numbered(".1")), time.Now())
		c = mocked(t, &s, WithProtocol(Form(FormatXML)))
		saved, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			<-saved
			_, err := c.Resolve(t.Context(), in) // another worker that found the intent in the store
			assert.NoError(t, err)
		}()
		_, err := c.Cancel(t.Context(), tillRequest(t), SaveIntent(func(_ context.Context, saving Intent) error {
			in = saving
			close(saved)
			return nil
		}))
		require.NoError(t, err)
		<-done
		assert.True(t, c.payments.open(claimedPayment))
		_, err = c.Resolve(t.Context(), in)
		require.NoError(t, err)
		assert.True(t, c.payments.open(claimedPayment), "nor does a question about what is settled")
	})
}

// The payment is closed before the question that may show it open, so a question
// that fails leaves it closed.
func TestResolveClosesThePaymentBeforeItAsks(t *testing.T) {
	t.Parallel()
	for name, resolve := range map[string]func(*Client, context.Context, Intent) error{
		"Resolve": func(c *Client, ctx context.Context, in Intent) error { _, err := c.Resolve(ctx, in); return err },
		"ResolveWait": func(c *Client, ctx context.Context, in Intent) error {
			_, err := c.ResolveWait(ctx, in, time.Minute)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := lostIntent(t)
				var c *Client
				l := &listing{}
				l.fail = func(int) (int, string, http.Header, error) {
					assert.False(t, c.payments.open(claimedPayment), "while the question is asked")
					return 503, "<html>", nil, nil
				}
				c = l.client(t)
				require.Error(t, resolve(c, t.Context(), in))
				_, err := c.Cancel(t.Context(), tillRequest(t))
				assert.ErrorIs(t, err, ErrUnresolved)
			})
		})
	}
}

// A followed cancel whose operations fared differently is unknown again.
func TestFollowedUnknownClosesThePayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		l.put(cancelled(), time.Now())
		l.put(numbered(".4").with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }), time.Now())
		c := l.client(t)
		x := inProcess(t, ".3", ".4")
		c.payments.forget(x.Intent)
		_, err := c.Refresh(t.Context(), x)
		var unknown *UnknownOutcomeError
		require.ErrorAs(t, err, &unknown)
		_, closed := c.payments.unresolvedBut(claimedPayment, nil)
		assert.True(t, closed)
	})
}

// A listing in which an operation or an order stands twice isn't readable,
// whoever asks.
func TestListedTwiceIsNotReadable(t *testing.T) {
	t.Parallel()
	one, two := coded("Declined", "AS100"), coded("Success", "AS000")
	order := func(operations ...answerOperation) string {
		return orderAnswer([]Billnumber{"5700027202722028"}, operations...)
	}
	twice := order(one)
	twice = strings.Replace(twice, "</order>", "</order>"+twice[strings.Index(twice, "<order>"):strings.Index(twice, "</orderresult>")], 1)
	for name, body := range map[string]string{
		"an operation, contradicting itself": order(one, two), "an operation, the same": order(two, two), "an order": twice,
		"an order of an earlier attempt": orderAnswer([]Billnumber{"5700027202722028", "5700027202722029", "5700027202722029"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &scripted{order: body, cancel: soapAnswer(cancelled())}
				c, in := d.client(t), lostIntent(t, lookedFirst())
				_, err := c.Cancel(t.Context(), webMoneyRequest(t), LookFirst())
				assert.Equal(t, NotSent, OutcomeOf(err))
				assert.ErrorIs(t, err, ErrContradiction)
				_, refreshed := c.Refresh(t.Context(), inProcess(t))
				_, waited := c.Wait(t.Context(), inProcess(t), time.Minute)
				_, resolved := c.Resolve(t.Context(), in)
				_, asked := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
				for _, err := range []error{refreshed, resolved, asked} {
					assert.ErrorIs(t, err, ErrContradiction)
					assert.Equal(t, Unknown, OutcomeOf(err))
				}
				assert.ErrorIs(t, waited, ErrContradiction)
				assert.Equal(t, Accepted, OutcomeOf(waited), "what was known before the wait")
			})
		})
	}
}

// Ten times the operations cost about ten times as much. Were each compared with
// every other one, it would be a hundred.
func TestJudgingGrowsWithTheAnswer(t *testing.T) {
	t.Parallel()
	cost := func(n int) time.Duration {
		in := Intent{ID: "A", Full: true, Before: []Billnumber{}, Request: CancelRequest{Billnumber: claimedPayment}}
		rival := in
		rival.ID, rival.SentAt = "B", time.Now()
		order := &Order{Billnumber: claimedPayment}
		for i := range n {
			op := paidOperation(t, i%50+1, OperationCancel, "0.01", "RUB")
			op.Billnumber = claimedPayment + Billnumber(fmt.Sprint(".", i+2))
			order.Operations = append(order.Operations, op)
			rival.Before = append(rival.Before, op.Billnumber)
			// A cancel of everything makes one operation of each payment.
			paid := paidOperation(t, i%50+1, OperationPayment, "0.01", "RUB")
			paid.Billnumber = claimedPayment + Billnumber(fmt.Sprint(".", n+i+2))
			order.Operations = append(order.Operations, paid)
		}
		least := time.Hour
		for range 5 {
			c := mocked(t, answering(http.StatusOK, ""))
			c.payments.remember(rival)
			least = min(least, stopwatch.CPUTime(func() {
				a := &cancelAttempt{client: c, intent: in, full: true}
				own, err := a.ownOperations(order, &reply{})
				require.NoError(t, err)
				require.Len(t, own, n)
				r, err := c.resolution(t.Context(), in, &sighting{order: order})
				require.NoError(t, err)
				require.Equal(t, Accepted, r.Outcome)
				_, err = c.follow(t.Context(), r.Cancellation, &sighting{order: order})
				require.NoError(t, err)
				require.NoError(t, onlyOnce([]Order{*order}))
			}))
		}
		return least
	}
	few, many := cost(750), cost(7500)
	t.Logf("750 operations %v, 7500 %v", few, many)
	assert.Less(t, many, 40*few)
}
