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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clocks is a server with a clock behind the Date header, one behind the dates of
// operations and one behind those of packets, each ahead of the true one by so
// much. It answers a cancel with ours, and its look with what was before.
type clocks struct {
	date, operation, packet time.Duration
	before, answer          []answerOperation
	kept                    map[string]*http.Response // by the path: repeated as it was
	redated                 bool                      // with a Date header of now
	texts                   map[string]string
	lost                    bool // the answer to the cancel
}

func (k *clocks) RoundTrip(req *http.Request) (*http.Response, error) {
	now := time.Now().UTC()
	operations, text := k.answer, soapAnswer
	if strings.HasSuffix(req.URL.Path, "orderresult.cfm") {
		operations, text = k.before, func(operations ...answerOperation) string {
			return orderAnswer([]Billnumber{"5700027202722028"}, operations...)
		}
	} else if k.lost {
		return nil, errors.New("lost")
	}
	dated := make([]answerOperation, len(operations))
	for i, op := range operations {
		dated[i] = op
		if op.date == "" {
			dated[i].date = now.Add(k.operation).Format(layoutSeconds)
		}
	}
	packet := now.Add(k.packet)
	whole := strings.NewReplacer("23.10.2013 13:58:37", packet.Format(layoutSeconds), "<packetdate>23.10.2013 13:58</packetdate>",
		"<packetdate>"+packet.Format(layoutMinutes)+"</packetdate>").Replace(text(dated...))
	date := now.Add(k.date)
	if earlier, repeats := k.texts[req.URL.Path]; repeats {
		whole = earlier
		if !k.redated {
			date = k.keptDate(req.URL.Path)
		}
	}
	resp := answerOf(req, whole)
	resp.Header.Set("Date", date.Format(http.TimeFormat))
	return resp, nil
}

func (k *clocks) keptDate(path string) time.Time {
	date, _ := http.ParseTime(k.kept[path].Header.Get("Date"))
	return date
}

// keep takes down an answer, which is given again from then on.
func (k *clocks) keep(t testing.TB, path string) {
	req, err := http.NewRequest(http.MethodPost, testBase+path, nil)
	require.NoError(t, err)
	delete(k.texts, path)
	resp, err := k.RoundTrip(req)
	require.NoError(t, err)
	var text strings.Builder
	_, err = fmt.Fprint(&text, readAll(t, resp))
	require.NoError(t, err)
	if k.texts == nil {
		k.texts, k.kept = map[string]string{}, map[string]*http.Response{}
	}
	k.texts[path], k.kept[path] = text.String(), resp
}

func readAll(t testing.TB, resp *http.Response) string {
	text := make([]byte, resp.ContentLength)
	_, err := resp.Body.Read(text)
	require.NoError(t, err)
	return string(text)
}

const (
	cancelPath = "/cancel/wscancel.cfm"
	resultPath = "/orderresult/orderresult.cfm"
)

func undated(op answerOperation) answerOperation {
	op.date = ""
	return op
}

// The cancel's own answer is about this request. After a look what is new is known
// by its number, and no clock decides; without one, the operation must not be
// older than the send, as far as two clocks of the server agree.
func TestOwnAnswerWithClocksApart(t *testing.T) {
	t.Parallel()
	for _, operation := range []time.Duration{-3 * time.Hour, -62 * time.Second, -59 * time.Second, 0, 45 * time.Second, 3 * time.Hour} {
		for _, packet := range []time.Duration{-3 * time.Hour, 0, 3 * time.Hour} {
			for _, look := range []bool{false, true} {
				t.Run(fmt.Sprintf("operations %v, packets %v, looked %v", operation, packet, look), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						time.Sleep(17 * time.Second)
						k := &clocks{operation: operation, packet: packet, before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
						var opts []CancelOption
						if look {
							opts = append(opts, LookFirst())
						}
						_, err := mocked(t, k).Cancel(t.Context(), webMoneyRequest(t), opts...)
						want := Accepted
						if !look && (operation < -clockTolerance || packet < -clockTolerance || packet-operation > oldestOperation) {
							want = Unknown
						}
						require.Equal(t, want, OutcomeOf(err), "%v", err)
					})
				})
			}
		}
	}
}

// An Unknown by dates says which two disagree, by how much, and what would tell.
func TestUnknownByDatesNamesThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &clocks{operation: -2 * time.Minute, answer: []answerOperation{undated(cancelled())}}
		_, err := mocked(t, k).Cancel(t.Context(), webMoneyRequest(t))
		require.Equal(t, Unknown, OutcomeOf(err))
		for _, said := range []string{"5700027202722028.3", "1999-12-31 23:58:00 GMT", "2000-01-01 00:00:00 GMT", "2m0s", "Date header", "LookFirst"} {
			assert.ErrorContains(t, err, said)
		}
		k = &clocks{packet: -90 * time.Second, answer: []answerOperation{undated(cancelled())}}
		_, err = mocked(t, k).Cancel(t.Context(), webMoneyRequest(t))
		require.Equal(t, Unknown, OutcomeOf(err))
		assert.ErrorContains(t, err, "the packet is dated 1999-12-31 23:58:30 GMT, 1m30s before the send")
	})
}

// A clock of the machine that is set during the call changes nothing.
func TestMachineClockThatIsSetDuringTheCall(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			k := &clocks{answer: []answerOperation{undated(cancelled())}}
			readings := 0
			c := mocked(t, k, WithClock(func() time.Time {
				if readings++; readings > 2 {
					return time.Now().Add(by)
				}
				return time.Now()
			}))
			_, err := c.Cancel(t.Context(), webMoneyRequest(t))
			assert.NoError(t, err)
		})
	}
}

func TestOwnOperationsAfterALook(t *testing.T) {
	t.Parallel()
	refuse := func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }
	amount := func(n, amount string) answerOperation {
		return numbered(n).with(func(op *answerOperation) { op.amount = amount })
	}
	kind := func(n, kind, money string) answerOperation {
		return amount(n, money).with(func(op *answerOperation) { op.kind = kind })
	}
	dollars := func(op *answerOperation) { op.currency = "USD" }
	open := func(op *answerOperation) { op.state, op.code = "In Process", "AS300" }
	payment := kind(".1", "100", "1.00")
	for name, test := range map[string]struct {
		full           bool
		billnumber     Billnumber
		before, answer []answerOperation
		claimed        string
		want           Outcome
		own            int
	}{
		"the one that is new":               {before: []answerOperation{payment}, answer: []answerOperation{numbered(".2")}, want: Accepted, own: 1},
		"with a gap beside it":              {before: []answerOperation{payment}, answer: []answerOperation{numbered(".7")}, want: Accepted, own: 1},
		"beside one that was there":         {before: []answerOperation{payment, numbered(".2")}, answer: []answerOperation{numbered(".2"), cancelled()}, want: Accepted, own: 1},
		"beside another client's newer one": {before: []answerOperation{payment}, answer: []answerOperation{numbered(".2"), cancelled()}, want: Unknown},
		"declined beside such a one":        {before: []answerOperation{payment}, answer: []answerOperation{numbered(".2"), cancelled().with(refuse)}, want: Unknown},
		"beside one that is claimed":        {before: []answerOperation{payment, numbered(".2")}, answer: []answerOperation{numbered(".2"), cancelled()}, claimed: ".2", want: Accepted, own: 1},
		"the one that was there":            {before: []answerOperation{payment, cancelled()}, answer: []answerOperation{cancelled()}, want: Unknown},
		"declined":                          {before: []answerOperation{payment}, answer: []answerOperation{numbered(".2").with(refuse)}, want: Rejected},
		"full":                              {full: true, before: []answerOperation{payment}, answer: []answerOperation{amount(".2", "1.00")}, want: Accepted, own: 1},
		"full, somebody's part":             {full: true, before: []answerOperation{payment}, answer: []answerOperation{numbered(".2")}, want: Unknown},
		"full, more than was paid":          {full: true, before: []answerOperation{payment}, answer: []answerOperation{amount(".2", "1.01")}, want: Unknown},
		"full, after a part":                {full: true, before: []answerOperation{payment, numbered(".2")}, answer: []answerOperation{amount(".3", "0.90")}, want: Accepted, own: 1},
		"full, after a part that is open":   {full: true, before: []answerOperation{payment, numbered(".2").with(open)}, answer: []answerOperation{amount(".3", "0.90")}, want: Accepted, own: 1},
		"full, the open part declined":      {full: true, before: []answerOperation{payment, numbered(".2").with(open)}, answer: []answerOperation{amount(".3", "1.00")}, want: Accepted, own: 1},
		"full, in another currency":         {full: true, before: []answerOperation{payment}, answer: []answerOperation{amount(".2", "1.00").with(dollars)}, want: Unknown},
		"full, paid in another currency": {full: true, before: []answerOperation{kind(".1", "100", "905.50").with(dollars)},
			answer: []answerOperation{amount(".2", "905.50").with(dollars)}, want: Accepted, own: 1},
		"full, with a surcharge":  {full: true, before: []answerOperation{kind(".1", "100", "1.10")}, answer: []answerOperation{amount(".2", "1.10")}, want: Accepted, own: 1},
		"full, confirmed below":   {full: true, before: []answerOperation{payment, kind(".2", "200", "0.60")}, answer: []answerOperation{amount(".3", "0.60")}, want: Accepted, own: 1},
		"full, confirmed above":   {full: true, before: []answerOperation{payment, kind(".2", "200", "1.20")}, answer: []answerOperation{amount(".3", "1.20")}, want: Accepted, own: 1},
		"full, hold released":     {full: true, before: []answerOperation{payment, amount(".2", "0.40"), kind(".3", "200", "0.60")}, answer: []answerOperation{amount(".4", "0.60")}, want: Accepted, own: 1},
		"full, of two payments":   {full: true, before: []answerOperation{kind(".1", "100", "0.80"), kind(".2", "100", "0.20")}, answer: []answerOperation{amount(".3", "0.80"), amount(".4", "0.20")}, want: Accepted, own: 2},
		"full, one of two":        {full: true, before: []answerOperation{kind(".1", "100", "0.80"), kind(".2", "100", "0.20")}, answer: []answerOperation{amount(".3", "0.80")}, want: Unknown},
		"full, incomputable":      {full: true, before: []answerOperation{kind(".1", "500", "0.80")}, answer: []answerOperation{amount(".3", "0.30")}, want: Accepted, own: 1},
		"full, one of two, named": {full: true, billnumber: ".1", before: []answerOperation{kind(".1", "100", "0.80"), kind(".2", "100", "0.20")}, answer: []answerOperation{amount(".3", "0.80")}, want: Accepted, own: 1},
		"full, the only, named":   {full: true, billnumber: ".1", before: []answerOperation{payment}, answer: []answerOperation{amount(".2", "0.80")}, want: Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := mocked(t, &clocks{before: test.before, answer: test.answer})
				if test.claimed != "" {
					c.payments.claim(claimant("OTHER"), operations(claimedPayment+Billnumber(test.claimed)))
				}
				req, cancel := webMoneyRequest(t), c.Cancel
				req.Billnumber += test.billnumber
				if test.full {
					req.Amount, cancel = Money{}, c.CancelFull
				}
				x, err := cancel(t.Context(), req, LookFirst())
				require.Equal(t, test.want, OutcomeOf(err), "%v", err)
				if test.want == Accepted {
					assert.Len(t, x.Operations, test.own)
				}
			})
		})
	}
}

// A look that lacks an operation which is known proves of none that it is new.
func TestStaleLookSendsNothing(t *testing.T) {
	t.Parallel()
	for name, know := range map[string]func(*Client, *CancelRequest){
		"claimed by another cancel": func(c *Client, _ *CancelRequest) {
			c.payments.claim(claimant("OTHER"), operations(claimedPayment+".2"))
		},
		"in the order of the request": func(_ *Client, req *CancelRequest) {
			req.Order = &Order{Billnumber: req.Billnumber, Number: req.OrderNumber, Operations: operations(claimedPayment+".1", claimedPayment+".2")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &clocks{before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
				c, req := mocked(t, k), webMoneyRequest(t)
				know(c, &req)
				_, err := c.Cancel(t.Context(), req, LookFirst())
				require.Equal(t, NotSent, OutcomeOf(err), "%v", err)
				assert.ErrorContains(t, err, "5700027202722028.2")
				k.before = append(k.before, numbered(".2"))
				_, err = c.Cancel(t.Context(), req, LookFirst())
				assert.NoError(t, err, "listed by now")
			})
		})
	}
}

// An answer repeated as it was shows in its Date header, whatever it says: by this
// cancel's look, or by what two earlier answers showed.
func TestVerbatimReplays(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]answerOperation{
		"done": {undated(cancelled())}, "declined": {undated(cancelled()).with(func(op *answerOperation) { op.state, op.code = "Declined", "AS100" })},
	} {
		for _, look := range []bool{false, true} {
			for _, age := range []time.Duration{clockTolerance + 2*time.Second, 5 * time.Minute, 50 * time.Hour} {
				t.Run(fmt.Sprintf("%s, looked %v, %v", name, look, age), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						k := &clocks{before: []answerOperation{paid()}, answer: body}
						k.keep(t, cancelPath)
						c := mocked(t, k)
						for range 2 {
							_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "2013.10.23-700027-5"})
							require.NoError(t, err)
						}
						time.Sleep(age)
						var opts []CancelOption
						if look {
							opts = append(opts, LookFirst())
						}
						_, err := c.Cancel(t.Context(), webMoneyRequest(t), opts...)
						require.Equal(t, Unknown, OutcomeOf(err), "%v", err)
						assert.ErrorContains(t, err, "repeated")
					})
				})
			}
		}
	}
}

// A refusal names no payment. Only its date shows that it is another cancel's.
func TestReplayedRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &clocks{before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
		k.keep(t, cancelPath)
		k.texts[cancelPath] = codesFault(5, 108)
		time.Sleep(2 * time.Minute)
		_, err := mocked(t, k).Cancel(t.Context(), webMoneyRequest(t), LookFirst())
		assert.Equal(t, Unknown, OutcomeOf(err), "%v", err)
	})
}

// A look that is repeated with a new Date header is told by its packet, which is
// as old as it was, while that of the answer isn't.
func TestRedatedLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &clocks{redated: true, before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
		k.keep(t, resultPath)
		time.Sleep(time.Hour)
		k.keep(t, cancelPath) // another process's
		time.Sleep(2 * time.Minute)
		_, err := mocked(t, k).Cancel(t.Context(), webMoneyRequest(t), LookFirst())
		require.Equal(t, Unknown, OutcomeOf(err), "%v", err)
		assert.ErrorContains(t, err, "packet")
	})
}

// So is an answer to the cancel: another process's, whose operation the listing
// still lacked when this one looked.
func TestRedatedAnswer(t *testing.T) {
	t.Parallel()
	for name, packets := range map[string]time.Duration{"one clock": 0, "packets behind": -3 * time.Hour, "packets ahead": 3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &clocks{redated: true, packet: packets, before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
				k.keep(t, cancelPath)
				time.Sleep(time.Hour)
				_, err := mocked(t, k).Cancel(t.Context(), webMoneyRequest(t), LookFirst())
				require.Equal(t, Unknown, OutcomeOf(err), "%v", err)
				assert.ErrorContains(t, err, "packet")
			})
		})
	}
}

// Numbers grow. An operation that the look lacked, although it showed a later one, was
// made before the request, whatever its dates say: it is not the cancel's in an
// answer that something in between repeats.
func TestNumberedBeforeTheLook(t *testing.T) {
	t.Parallel()
	declined := func(op *answerOperation) { op.state, op.code = "Declined", "AS100" }
	byHand := undated(numbered(".2"))
	for name, test := range map[string]struct {
		before, answer []answerOperation
		want           Outcome
	}{
		"declined":           {[]answerOperation{paid(), undated(numbered(".3"))}, []answerOperation{byHand.with(declined)}, Unknown},
		"done":               {[]answerOperation{paid(), undated(numbered(".3"))}, []answerOperation{byHand}, Unknown},
		"beside a later one": {[]answerOperation{paid(), undated(numbered(".3"))}, []answerOperation{byHand.with(declined), undated(numbered(".3"))}, Unknown},
		"beside our own":     {[]answerOperation{paid(), undated(numbered(".3"))}, []answerOperation{byHand.with(declined), undated(numbered(".3")), undated(numbered(".4"))}, Accepted},
		"ten is behind nine": {[]answerOperation{paid(), undated(numbered(".9"))}, []answerOperation{undated(numbered(".10"))}, Accepted},
		"behind a gap":       {[]answerOperation{paid(), undated(numbered(".3"))}, []answerOperation{undated(numbered(".7"))}, Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, err := mocked(t, &clocks{before: test.before, answer: test.answer}).Cancel(t.Context(), webMoneyRequest(t), LookFirst())
				assert.Equal(t, test.want, OutcomeOf(err), "%v", err)
			})
		})
	}
}

// One Date that is fast, or forged, is no mark: later cancels are believed.
func TestOneFastDateIsNoMark(t *testing.T) {
	t.Parallel()
	for _, fast := range []time.Duration{5 * time.Minute, 50 * time.Hour, 20 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			k := &clocks{before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
			c := mocked(t, k)
			ask := func() {
				_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "2013.10.23-700027-5"})
				require.NoError(t, err)
				time.Sleep(time.Second)
			}
			ask()
			k.date = fast
			ask()
			k.date = 0
			for n := range 5 {
				k.answer = []answerOperation{undated(numbered(fmt.Sprint(".", n+3)))}
				_, err := c.Cancel(t.Context(), webMoneyRequest(t))
				require.NoError(t, err)
				time.Sleep(3 * time.Minute)
			}
		})
	}
}

// Another unresolved cancel may turn up while the intent is saved.
func TestOpenIntentsAreLookedAtAgainAfterTheSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &clocks{answer: []answerOperation{undated(cancelled())}}
		c := mocked(t, k)
		sent := 0
		other := lostIntent(t)
		_, err := c.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error {
			c.payments.remember(other)
			sent++
			return nil
		}))
		var unresolved *UnresolvedError
		require.ErrorAs(t, err, &unresolved)
		assert.Equal(t, other.ID, unresolved.Intent.ID)
		assert.Equal(t, NotSent, OutcomeOf(err))
	})
}

// What is found out while the cancel is on its way counts, too.
func TestOperationThatIsClaimedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c *Client
		k := &clocks{before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
		c = mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.URL.Path == cancelPath {
				c.payments.claim(claimant("OTHER"), operations(claimedPayment+".3"))
			}
			return k.RoundTrip(req)
		}))
		_, err := c.Cancel(t.Context(), webMoneyRequest(t), LookFirst())
		require.Equal(t, Unknown, OutcomeOf(err), "%v", err)
		assert.ErrorContains(t, err, "belongs to another cancel")
	})
}

// What the intent keeps of the server's clock, to be compared with later.
func TestIntentKeepsTheServersClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ahead = -time.Hour
		k := &clocks{date: ahead, before: []answerOperation{paid()}, answer: []answerOperation{undated(cancelled())}}
		slow := roundTripper(func(req *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			return k.RoundTrip(req)
		})
		var looked time.Time
		x, err := mocked(t, slow).Cancel(t.Context(), webMoneyRequest(t), LookFirst(), CheckOrder(func(*Order) error {
			looked = time.Now()
			time.Sleep(3 * time.Second)
			return nil
		}))
		require.NoError(t, err)
		assert.Equal(t, looked.Add(ahead).UTC(), x.Intent.LookedAt)
		assert.Equal(t, looked.Add(ahead+3*time.Second).UTC(), x.Intent.ServerSentAt)
		assert.Equal(t, 3*time.Second, x.Intent.ServerSlack, "the way of the answer, and the second that a Date is cut to")
		blind, err := mocked(t, &clocks{answer: []answerOperation{undated(numbered(".4"))}}).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		assert.Zero(t, blind.Intent.LookedAt)
		assert.Zero(t, blind.Intent.ServerSentAt)
	})
}

// slowBooks is a day balance far away.
type slowBooks struct{ settlements }

func (s slowBooks) Reserve(context.Context, string, Wallet, Money, time.Time) error {
	time.Sleep(time.Minute)
	return nil
}

// The send comes after the day balance, which may have taken its time.
func TestIntentIsStampedAfterTheDayBalance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		earlier := paid()
		earlier.date = "20.12.1999 10:00:00"
		k := &clocks{before: []answerOperation{earlier}, answer: []answerOperation{undated(cancelled())}}
		start := time.Now()
		x, err := mocked(t, k, WithWalletRules(slowBooks{settlements{}})).Cancel(t.Context(), webMoneyRequest(t), LookFirst())
		require.NoError(t, err)
		assert.Equal(t, start.Add(time.Minute).UTC(), x.Intent.SentAt)
		assert.Equal(t, start.Add(time.Minute).UTC(), x.Intent.ServerSentAt)
	})
}
