package conformance_test

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

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
			x, err = s.client.Wait(s.Context(), x, time.Hour)
			var timeout *assist.WaitTimeoutError
			require.ErrorAs(s, err, &timeout)
			assert.Equal(s, assist.Accepted, assist.OutcomeOf(err), "there is nothing to resolve")
			assert.Equal(s, assist.InProcess, x.Status)
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
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")), assist.LookFirst())
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
