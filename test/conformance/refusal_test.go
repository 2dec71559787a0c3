package conformance_test

import (
	"net/http"
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

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
			stranger, err := assist.NewClient(s.server.URL, credentials, append(slices.Clone(s.options), assist.WithHTTPClient(s.server.HTTPClient()))...)
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
			stranger, err := assist.NewClient(s.server.URL, credentials, append(slices.Clone(s.options), assist.WithHTTPClient(s.server.HTTPClient()))...)
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
			assert.Equal(s, time.Date(2000, time.January, 1, 20, 0, 0, 0, time.UTC), when, "the final hour of the day in Moscow")
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
		{name: "external refund id given twice", in: func(t dialect) bool { return t.refundID }, play: func(s *scene) {
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
		{name: "external refund id on a network that repeats requests", in: func(t dialect) bool { return t.refundID }, play: func(s *scene) {
			order := s.pay(1)
			req := order.CancelRequest(rub(s, "10.00"))
			req.ExternalRefundID = "refund-2000-01-01_2"
			s.server.Next(assisttest.Twice())
			_, err := s.client.Cancel(s.Context(), req, assist.LookFirst())
			require.Equal(s, assist.Unknown, assist.OutcomeOf(err))
			s.requireMoved(order.Billnumber, "10.00")
			r, err := s.client.Resolve(s.Context(), intentOf(s, err))
			require.NoError(s, err)
			assert.Equal(s, assist.Accepted, r.Outcome)
		}},
		{name: "external refund id where it can't be sent", in: func(t dialect) bool { return t.flat }, play: func(s *scene) {
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
