package assist_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// The same cases in every protocol and format, against a server that shares no
// codec with the client. Each case runs in a bubble of virtual time.

// tongue is one way to speak with Assist.
type tongue struct {
	name     string
	options  []assist.Option
	flat     bool // cancel.cfm: the answer has room for one operation, without its state
	worded   bool // a refusal comes with a text and not with codes alone
	refundID bool // ExternalRefundID is a parameter here (protocol §3)
	json     bool // answers are JSON
}

func tongues() []tongue {
	form := func(f assist.Format) []assist.Option {
		return []assist.Option{assist.WithProtocol(assist.Form(f))}
	}
	return []tongue{
		{name: "soap", options: []assist.Option{assist.WithProtocol(assist.SOAP)}, worded: true, refundID: true},
		{name: "json", options: []assist.Option{assist.WithProtocol(assist.JSON)}, worded: true, refundID: true, json: true},
		{name: "form-csv", options: form(assist.FormatCSV), flat: true},
		{name: "form-xml", options: form(assist.FormatXML), flat: true},
		{name: "form-xml to wscancel", options: append(form(assist.FormatXML), assist.WithCancelPath("/cancel/wscancel.cfm"))},
		{name: "form-soap", options: form(assist.FormatSOAP), worded: true},
		{name: "form-json", options: form(assist.FormatJSON), worded: true, json: true},
	}
}

// scene is one case in one tongue: a server and a client of its own.
type scene struct {
	*testing.T
	tongue
	server *assisttest.Server
	client *assist.Client
}

// another is a client of the same tongue that knows nothing, as after a
// restart.
func (s *scene) another(more ...assist.Option) *assist.Client {
	return s.server.Client(append(s.options[:len(s.options):len(s.options)], more...)...)
}

// sent counts the cancels that reached the server.
func (s *scene) sent() int {
	n := 0
	for _, r := range s.server.Requests() {
		if r.Service == assisttest.Cancels {
			n++
		}
	}
	return n
}

// lastCancel is what the server read of the latest cancel.
func (s *scene) lastCancel() assisttest.Request {
	requests := s.server.Requests()
	for i := len(requests) - 1; i >= 0; i-- {
		if requests[i].Service == assisttest.Cancels {
			return requests[i]
		}
	}
	s.Fatal("no cancel reached the server")
	return assisttest.Request{}
}

// pay books a payment of 100.00 RUB two days ago, so that no rule about the day
// of the payment stands in the way.
func (s *scene) pay(meanTypeID int) assist.Order {
	return s.server.Pay(assisttest.Payment{MeanTypeID: meanTypeID, PaidAt: time.Now().Add(-48 * time.Hour)})
}

func (s *scene) requireMoved(b assist.Billnumber, amount string) {
	s.Helper()
	require.Equal(s, rub(s, amount), s.server.Moved(b), "what the server gave back")
}

// refused wants a refusal by these codes, and that nothing was done.
func (s *scene) refused(err error, first, second int) *assist.APIError {
	s.Helper()
	require.Equal(s, assist.Rejected, assist.OutcomeOf(err), "%v", err)
	var api *assist.APIError
	require.ErrorAs(s, err, &api)
	require.Equal(s, [2]int{first, second}, [2]int{api.First, api.Second}, "%v", err)
	return api
}

func rub(t testing.TB, amount string) assist.Money {
	t.Helper()
	m, err := assist.ParseMoney(amount, "RUB")
	require.NoError(t, err)
	return m
}

// conformanceCase is played once in every tongue, or in those that in takes.
type conformanceCase struct {
	name   string
	in     func(tongue) bool
	server []assisttest.Option
	play   func(*scene)
}

func isFlat(t tongue) bool   { return t.flat }
func isNested(t tongue) bool { return !t.flat }
func isJSON(t tongue) bool   { return t.json }
func isWorded(t tongue) bool { return t.worded }

func TestConformance(t *testing.T) {
	t.Parallel()
	var cases []conformanceCase
	cases = append(cases, cancelCases()...)
	cases = append(cases, refusalCases()...)
	cases = append(cases, requestCases()...)
	cases = append(cases, faultCases()...)
	cases = append(cases, questionCases()...)
	for _, speaks := range tongues() {
		t.Run(speaks.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range cases {
				if c.in != nil && !c.in(speaks) {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := assisttest.NewServer(t, append([]assisttest.Option{
							assisttest.InMemory(),
							assisttest.WithOpeningBalance(assist.WebMoney, rub(t, "500.00")),
							assisttest.WithOpeningBalance(assist.QIWI, rub(t, "500.00")),
						}, c.server...)...)
						s := &scene{T: t, tongue: speaks, server: server}
						s.client = s.another()
						c.play(s)
					})
				})
			}
		})
	}
}

// cancelCases are cancels that Assist accepts.
func cancelCases() []conformanceCase {
	return []conformanceCase{
		{name: "parts of a card payment", play: func(s *scene) {
			order := s.pay(1)
			for _, part := range []struct {
				amount, moved string
				number        assist.Billnumber
			}{{"10.00", "10.00", ".2"}, {"10.00", "20.00", ".3"}, {"0.01", "20.01", ".4"}} {
				x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, part.amount)))
				require.NoError(s, err)
				assert.Equal(s, assist.Succeeded, x.Status)
				assert.Equal(s, order.Billnumber+part.number, x.Operation.Billnumber)
				assert.Equal(s, assist.OperationCancel, x.Operation.Type)
				assert.Equal(s, assist.ResponseDone, x.Operation.ResponseCode)
				assert.Equal(s, rub(s, part.amount), x.Operation.Amount)
				assert.Equal(s, order.Billnumber, x.Order.Billnumber)
				assert.Equal(s, assist.OrderPartialCanceled, x.Order.State)
				assert.Equal(s, order.Amount, x.Order.Amount)
				assert.Equal(s, order.Date, x.Order.Date)
				assert.Len(s, x.Operations, 1)
				s.requireMoved(order.Billnumber, part.moved)
				s.requireMoved(x.Operation.Billnumber, part.amount)
			}
			assert.Equal(s, 3, s.sent())
		}},
		{name: "all of a card payment", play: func(s *scene) {
			order := s.pay(1)
			x, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}))
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			assert.Equal(s, order.Billnumber+".2", x.Operation.Billnumber)
			assert.Equal(s, order.Amount, x.Operation.Amount)
			assert.Equal(s, assist.OrderCanceled, x.Order.State)
			s.requireMoved(order.Billnumber, "100.00")
			assert.NotContains(s, s.lastCancel().Parameters, "amount")
			assert.NotContains(s, s.lastCancel().Parameters, "currency")
		}},
		{name: "all that is left after a part", play: func(s *scene) {
			order := s.pay(1)
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "30.00")))
			require.NoError(s, err)
			x, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}))
			require.NoError(s, err)
			assert.Equal(s, rub(s, "70.00"), x.Operation.Amount)
			s.requireMoved(order.Billnumber, "100.00")
		}},
		{name: "WebMoney is in process, then done", play: func(s *scene) {
			order := s.pay(30)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			require.Equal(s, assist.InProcess, x.Status)
			assert.Equal(s, assist.ResponseInProcess, x.Operation.ResponseCode)
			assert.Equal(s, assist.OrderApproved, x.Order.State)
			s.requireMoved(order.Billnumber, "0.00")
			assert.Equal(s, rub(s, "10.00"), s.server.Pending(order.Billnumber))

			still, err := s.client.Refresh(s.Context(), x)
			require.NoError(s, err)
			assert.Equal(s, assist.InProcess, still.Status)

			elsewhere := s.another()
			resumed, err := elsewhere.Resume(x.Token())
			require.NoError(s, err)
			done, err := elsewhere.Wait(s.Context(), resumed, time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, done.Status)
			assert.Equal(s, x.Operation.Billnumber, done.Operation.Billnumber)

			orders, err := s.client.OrderResult(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
			require.NoError(s, err)
			require.Len(s, orders, 1)
			assert.Equal(s, assist.OrderPartialCanceled, orders[0].State)
			listed := orders[0].Operations[len(orders[0].Operations)-1]
			assert.Equal(s, x.Operation.Billnumber, listed.Billnumber)
			assert.Equal(s, assist.OperationSuccess, listed.State)
			assert.Equal(s, assist.ResponseDone, listed.ResponseCode)
			s.requireMoved(order.Billnumber, "10.00")
			assert.Equal(s, 1, s.sent())
		}},
		{name: "in process, then declined", play: func(s *scene) {
			order := s.pay(30)
			s.server.Next(assisttest.InProcess(time.Hour, "AS100"))
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			require.Equal(s, assist.InProcess, x.Status)
			_, err = s.client.Wait(s.Context(), x, 2*time.Hour)
			var declined *assist.DeclinedError
			require.ErrorAs(s, err, &declined)
			assert.Equal(s, assist.Rejected, assist.OutcomeOf(err))
			assert.Equal(s, assist.ResponseDeclined, declined.ResponseCode)
			s.requireMoved(order.Billnumber, "0.00")
			assert.Equal(s, 1, s.sent())
		}},
		{name: "in process longer than the wait", play: func(s *scene) {
			order := s.pay(30)
			s.server.Next(assisttest.InProcess(3*time.Hour, "AS000"))
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			_, err = s.client.Wait(s.Context(), x, time.Hour)
			var timeout *assist.WaitTimeoutError
			require.ErrorAs(s, err, &timeout)
			assert.Equal(s, assist.Unknown, assist.OutcomeOf(err))
			resumed, err := s.another().Resume(timeout.Last.Token())
			require.NoError(s, err)
			done, err := s.client.Wait(s.Context(), resumed, 4*time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, done.Status)
		}},
		{name: "in process and not listed yet", play: func(s *scene) {
			order := s.pay(30)
			s.server.Next(assisttest.ListLate(time.Hour))
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			time.Sleep(30 * time.Minute)
			x, err = s.client.Refresh(s.Context(), x)
			require.NoError(s, err)
			assert.Equal(s, assist.InProcess, x.Status, "what isn't listed is not refused")
			x, err = s.client.Wait(s.Context(), x, time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
		}},
		{name: "QIWI", play: func(s *scene) {
			order := s.pay(36)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "0.11")))
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			assert.Equal(s, "QIWI", x.Operation.ProcessingName)
			s.requireMoved(order.Billnumber, "0.11")
		}},
		{name: "QIWI in process", server: []assisttest.Option{assisttest.WithQIWIInProcess()}, play: func(s *scene) {
			order := s.pay(36)
			x, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}))
			require.NoError(s, err)
			require.Equal(s, assist.InProcess, x.Status)
			x, err = s.client.Wait(s.Context(), x, time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			s.requireMoved(order.Billnumber, "100.00")
		}},
		{name: "card and bonus, all of both", in: isNested, play: func(s *scene) {
			order := s.payWithBonus()
			x, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}))
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			require.Len(s, x.Operations, 2)
			assert.Equal(s, rub(s, "80.00"), x.Operations[0].Amount)
			assert.Equal(s, rub(s, "20.00"), x.Operations[1].Amount)
			assert.Equal(s, order.Billnumber+".4", x.Operation.Billnumber, "the newest")
			s.requireMoved(order.Billnumber, "100.00")
		}},
		{name: "card and bonus, one of them in process", in: isNested, play: func(s *scene) {
			order := s.payWithBonus()
			s.server.Next(assisttest.InProcess(time.Hour, "AS000"))
			x, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}))
			require.NoError(s, err)
			require.Equal(s, assist.InProcess, x.Status)
			require.Len(s, x.Operations, 2)
			x, err = s.client.Wait(s.Context(), x, 2*time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			s.requireMoved(order.Billnumber, "100.00")
		}},
		{name: "card and bonus, a part by extended billnumber", play: func(s *scene) {
			order := s.payWithBonus()
			req := order.CancelRequest(rub(s, "5.00"))
			req.Billnumber += ".2"
			x, err := s.client.Cancel(s.Context(), req)
			require.NoError(s, err)
			assert.Equal(s, order.Billnumber+".3", x.Operation.Billnumber)
			assert.Equal(s, order.Billnumber+".2", s.lastCancel().Billnumber)
			s.requireMoved(order.Billnumber+".2", "5.00")
			s.requireMoved(order.Billnumber+".1", "0.00")
		}},
		{name: "card and bonus, all of one by extended billnumber", play: func(s *scene) {
			order := s.payWithBonus()
			req := order.CancelRequest(assist.Money{})
			req.Billnumber += ".1"
			x, err := s.client.CancelFull(s.Context(), req)
			require.NoError(s, err)
			require.Len(s, x.Operations, 1)
			assert.Equal(s, rub(s, "80.00"), x.Operation.Amount)
			s.requireMoved(order.Billnumber+".1", "80.00")
			s.requireMoved(order.Billnumber+".2", "0.00")
		}},
		{name: "all cancels of the order listed", server: []assisttest.Option{assisttest.WithAllCancelsListed()}, play: func(s *scene) {
			order := s.server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour), Cancelled: []assist.Money{rub(s, "5.00")}})
			for i, number := range []assist.Billnumber{".3", ".4"} {
				x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "5.00")))
				require.NoError(s, err)
				assert.Equal(s, order.Billnumber+number, x.Operation.Billnumber)
				require.Len(s, x.Operations, 1, "only its own")
				if !s.flat {
					assert.Len(s, x.Order.Operations, i+2)
				}
			}
			x, err := s.client.CancelFull(s.Context(), s.fetched(order).CancelRequest(assist.Money{}))
			require.NoError(s, err)
			require.Len(s, x.Operations, 1)
			assert.Equal(s, rub(s, "85.00"), x.Operation.Amount)
			s.requireMoved(order.Billnumber, "100.00")
		}},
		{name: "plain billnumber in the answer", in: isFlat, server: []assisttest.Option{assisttest.WithPlainBillnumbers()}, play: func(s *scene) {
			order := s.pay(1)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			assert.Equal(s, order.Billnumber, x.Operation.Billnumber)
			s.requireMoved(order.Billnumber, "10.00")
		}},
		{name: "plain billnumber in the answer, in process", in: isFlat, server: []assisttest.Option{assisttest.WithPlainBillnumbers()}, play: func(s *scene) {
			order := s.pay(30)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			require.Equal(s, assist.InProcess, x.Status)
			x, err = s.client.Wait(s.Context(), x, time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			assert.Equal(s, order.Billnumber+".2", x.Operation.Billnumber, "found by what is new")
			s.requireMoved(order.Billnumber, "10.00")
		}},
		{name: "amounts as numbers", in: isJSON, server: []assisttest.Option{assisttest.WithJSONNumbers()}, play: func(s *scene) {
			order := s.pay(30)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.50")))
			require.NoError(s, err)
			assert.Equal(s, rub(s, "10.50"), x.Operation.Amount)
			assert.Equal(s, rub(s, "100.00"), x.Order.Amount)
			assert.Equal(s, 30, x.Operation.MeanTypeID)
			x, err = s.client.Wait(s.Context(), x, time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
		}},
	}
}

// payWithBonus books 80.00 RUB by card and 20.00 RUB in bonus points.
func (s *scene) payWithBonus() assist.Order {
	return s.server.Pay(assisttest.Payment{Bonus: rub(s, "20.00"), PaidAt: time.Now().Add(-48 * time.Hour)})
}

// fetched is the order as the client's own question shows it.
func (s *scene) fetched(order assist.Order) assist.Order {
	s.Helper()
	orders, err := s.client.OrderResult(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
	require.NoError(s, err)
	for _, o := range orders {
		if o.Billnumber == order.Billnumber {
			return o
		}
	}
	s.Fatalf("order %s isn't listed", order.Billnumber)
	return assist.Order{}
}

// refusalCases are cancels that Assist refuses. Whether the codes come in a
// Fault or an attribute or a line, the caller sees the same error.
func refusalCases() []conformanceCase {
	overAmount := func(s *scene) {
		order := s.pay(1)
		_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "100.01")))
		api := s.refused(err, 5, 108)
		assert.NotErrorIs(s, err, assist.ErrDayBalance, "of a card it is just a wrong amount")
		assert.Equal(s, order.Billnumber, api.Billnumber)
		s.requireMoved(order.Billnumber, "0.00")

		_, err = s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
		require.NoError(s, err, "a refusal leaves nothing unresolved")
	}
	return []conformanceCase{
		{name: "wrong password", play: func(s *scene) {
			order := s.pay(1)
			credentials := s.server.Credentials()
			credentials.Password = assist.NewSecret("WrongPassword1")
			stranger, err := assist.NewClient(s.server.URL, credentials, append(s.options[:len(s.options):len(s.options)], assist.WithHTTPClient(s.server.HTTPClient()))...)
			require.NoError(s, err)
			_, err = stranger.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			s.refused(err, 7, 102)
			assert.ErrorIs(s, err, assist.ErrAuthentication)
			_, err = stranger.OrderResult(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
			assert.ErrorIs(s, err, assist.ErrAuthentication)
			assert.Equal(s, assist.Unknown, assist.OutcomeOf(err), "a question says nothing about the money")
			s.requireMoved(order.Billnumber, "0.00")
		}},
		{name: "no such merchant", play: func(s *scene) {
			order := s.pay(1)
			credentials := s.server.Credentials()
			credentials.MerchantID = "1"
			stranger, err := assist.NewClient(s.server.URL, credentials, append(s.options[:len(s.options):len(s.options)], assist.WithHTTPClient(s.server.HTTPClient()))...)
			require.NoError(s, err)
			_, err = stranger.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			s.refused(err, 10, 100)
			assert.NotErrorIs(s, err, assist.ErrOrderNotFound)
		}},
		{name: "no such order", play: func(s *scene) {
			_, err := s.client.Cancel(s.Context(), assist.CancelRequest{Billnumber: "5700027202722028", OrderNumber: "none", Amount: rub(s, "10.00")})
			s.refused(err, 10, 201)
			assert.ErrorIs(s, err, assist.ErrOrderNotFound)
		}},
		{name: "more than was paid", play: overAmount},
		{name: "more than was paid, codes in the text", in: isWorded, server: []assisttest.Option{assisttest.WithCodesInText()}, play: overAmount},
		{name: "more than was paid, another status", server: []assisttest.Option{assisttest.WithFaultStatus(http.StatusOK)}, play: overAmount},
		{name: "another currency", play: func(s *scene) {
			order := s.pay(1)
			req := order.CancelRequest(assist.Money{})
			req.Order = nil
			var err error
			req.Amount, err = assist.ParseMoney("10.00", "USD")
			require.NoError(s, err)
			_, err = s.client.Cancel(s.Context(), req)
			s.refused(err, 5, 105)
		}},
		{name: "more than the wallet's day balance", play: func(s *scene) {
			order := s.server.Pay(assisttest.Payment{MeanTypeID: 30, Amount: rub(s, "900.00"), PaidAt: time.Now().Add(-48 * time.Hour)})
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "500.01")))
			s.refused(err, 5, 108)
			assert.ErrorIs(s, err, assist.ErrDayBalance)
			when, ok := assist.NotBefore(err)
			require.True(s, ok)
			assert.Equal(s, time.Date(2000, time.January, 1, 21, 0, 0, 0, time.UTC), when, "midnight in Moscow")
			s.requireMoved(order.Billnumber, "0.00")

			time.Sleep(time.Until(when))
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "500.00")))
			require.NoError(s, err)
			assert.Equal(s, assist.InProcess, x.Status)
		}},
		{name: "more than the day balance of a wallet that isn't known", in: isWorded, play: func(s *scene) {
			order := s.server.Pay(assisttest.Payment{MeanTypeID: 30, Amount: rub(s, "900.00"), PaidAt: time.Now().Add(-48 * time.Hour)})
			for _, language := range []assist.Language{assist.LanguageRU, assist.LanguageEN} {
				_, err := s.another(assist.WithLanguage(language)).Cancel(s.Context(), assist.CancelRequest{
					Billnumber: order.Billnumber, OrderNumber: order.Number, Amount: rub(s, "500.01"),
				})
				s.refused(err, 5, 108)
				assert.ErrorIs(s, err, assist.ErrDayBalance, "told by its words")
			}
		}},
		{name: "part of a wallet payment on its day", play: func(s *scene) {
			order := s.server.Pay(assisttest.Payment{MeanTypeID: 30})
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			s.refused(err, 15, 308)
			_, err = s.another(assist.WithWalletRules(nil)).Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			assert.ErrorIs(s, err, assist.ErrPartialSameDay)
			assert.Equal(s, assist.NotSent, assist.OutcomeOf(err))
			assert.Equal(s, 1, s.sent(), "the rules know it before anything is sent")
		}},
		{name: "declined", play: func(s *scene) {
			order := s.pay(1)
			s.server.Next(assisttest.Decline("AS102"))
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			var declined *assist.DeclinedError
			require.ErrorAs(s, err, &declined)
			assert.Equal(s, assist.Rejected, assist.OutcomeOf(err))
			assert.Equal(s, assist.ResponseNoFunds, declined.ResponseCode)
			assert.Equal(s, order.Billnumber+".2", declined.Operation.Billnumber)
			s.requireMoved(order.Billnumber, "0.00")
		}},
		{name: "card and bonus, a part of which isn't said", play: func(s *scene) {
			order := s.payWithBonus()
			_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "5.00")))
			s.refused(err, 5, 143)
			s.requireMoved(order.Billnumber, "0.00")
		}},
		{name: "card and bonus on the old service", in: isFlat, play: func(s *scene) {
			order := s.payWithBonus()
			_, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}))
			s.refused(err, 15, 308)
			s.requireMoved(order.Billnumber, "0.00")
		}},
		{name: "codes that mean not performed", play: func(s *scene) {
			order := s.pay(1)
			for _, first := range []int{3, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 19, 20, 21} {
				s.server.Next(assisttest.Refuse(first, 211))
				_, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
				s.refused(err, first, 211)
			}
			s.requireMoved(order.Billnumber, "0.00")
		}},
		{name: "codes that prove nothing", play: func(s *scene) {
			order := s.pay(1)
			for _, codes := range [][2]int{{1, 0}, {2, 0}, {8, 0}, {11, 216}, {16, 0}, {13, 0}, {22, 0}, {5, 1}, {5, 2}, {5, 999}} {
				s.server.Next(assisttest.Refuse(codes[0], codes[1]))
				_, err := s.another().Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
				require.Equal(s, assist.Unknown, assist.OutcomeOf(err), "%v: %v", codes, err)
				var api *assist.APIError
				require.ErrorAs(s, err, &api)
				assert.Equal(s, codes, [2]int{api.First, api.Second})
			}
		}},
		{name: "external refund id given twice", in: func(t tongue) bool { return t.refundID }, play: func(s *scene) {
			order := s.pay(1)
			req := order.CancelRequest(rub(s, "10.00"))
			req.ExternalRefundID = "refund-2000-01-01_1"
			_, err := s.client.Cancel(s.Context(), req)
			require.NoError(s, err)
			assert.Equal(s, req.ExternalRefundID, s.lastCancel().Parameters["externalrefundid"])
			_, err = s.client.Cancel(s.Context(), req)
			require.Equal(s, assist.Unknown, assist.OutcomeOf(err), "the first one moved money")
			var api *assist.APIError
			require.ErrorAs(s, err, &api)
			assert.Equal(s, 11, api.First)
			s.requireMoved(order.Billnumber, "10.00")
		}},
		{name: "external refund id on a network that repeats requests", in: func(t tongue) bool { return t.refundID }, play: func(s *scene) {
			order := s.pay(1)
			req := order.CancelRequest(rub(s, "10.00"))
			req.ExternalRefundID = "refund-2000-01-01_2"
			s.server.Next(assisttest.Twice())
			_, err := s.client.Cancel(s.Context(), req)
			require.Equal(s, assist.Unknown, assist.OutcomeOf(err))
			s.requireMoved(order.Billnumber, "10.00")
			r, err := s.client.Resolve(s.Context(), intentOf(s, err))
			require.NoError(s, err)
			assert.Equal(s, assist.Accepted, r.Outcome)
		}},
		{name: "external refund id where it can't be sent", in: func(t tongue) bool { return t.flat }, play: func(s *scene) {
			req := s.pay(1).CancelRequest(rub(s, "10.00"))
			req.ExternalRefundID = "refund-2000-01-01_3"
			_, err := s.client.Cancel(s.Context(), req)
			var invalid *assist.ValidationError
			require.ErrorAs(s, err, &invalid)
			assert.Equal(s, "ExternalRefundID", invalid.Field)
			assert.Zero(s, s.sent())
		}},
	}
}

// intentOf is the intent inside an error of unknown outcome.
func intentOf(t testing.TB, err error) assist.Intent {
	t.Helper()
	var unknown *assist.UnknownOutcomeError
	if !errors.As(err, &unknown) {
		require.FailNow(t, "no outcome is unknown", "%v", err)
	}
	return unknown.Intent
}
