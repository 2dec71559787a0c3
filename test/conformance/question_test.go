package conformance_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// russian is a payment full of what an encoding could spoil.
func russian() assisttest.Payment {
	return assisttest.Payment{
		OrderNumber: `заказ №7 <б> & "в" 'г': ё`,
		Comment:     "Оплата доставки: «Ёлка» & Ко, <2 шт.> — 100 %",
		Customer:    assist.Customer{FirstName: "Пётр", LastName: "Щукин-Ёлкин", MiddleName: "O'Нилович", Email: "shchukin@example.com"},
		PaidAt:      time.Now().Add(-48 * time.Hour),
	}
}

// requestCases look at what the server reads, and at texts in both directions.
func requestCases() []conformanceCase {
	return []conformanceCase{
		{name: "every parameter", play: func(s *scene) {
			req := s.pay(1).CancelRequest(rub(s, "1234567890123.45"))
			req.Reason, req.ClientIP = assist.ReasonFraud, netip.MustParseAddr("192.0.2.7")
			want := map[string]string{"cancelreason": "3", "language": "EN", "clientip": "192.0.2.7", "amount": "1234567890123.45", "currency": "RUB", "billnumber": string(req.Billnumber)}
			if s.refundID {
				req.ExternalRefundID = "A-Za-z_0-9"
				want["externalrefundid"] = req.ExternalRefundID
			}
			_, err := s.another(assist.WithLanguage(assist.LanguageEN)).Cancel(s.Context(), req)
			s.refused(err, 5, 108)
			for name, value := range want {
				assert.Equal(s, value, s.lastCancel().Parameters[name], name)
			}
		}},
		{name: "nothing but what is required", play: func(s *scene) {
			order := s.pay(1)
			_, err := s.client.CancelFull(s.Context(), assist.CancelRequest{Billnumber: order.Billnumber, OrderNumber: order.Number})
			require.NoError(s, err)
			got := s.lastCancel().Parameters
			delete(got, "format")
			assert.Equal(s, map[string]string{
				"merchant_id": s.server.Credentials().MerchantID, "billnumber": string(order.Billnumber), "cancelreason": "2", "language": "RU",
			}, got)
		}},
		{name: "cheque items", play: func(s *scene) {
			order := s.pay(1)
			req := order.CancelRequest(rub(s, "10.00"))
			req.ChequeItems = []assist.ChequeItem{
				{ID: 1, Product: "Чай «Улун» & мёд", Price: rub(s, "4.00"), Quantity: "2", Amount: rub(s, "8.00"), EANCode: "4600000000001", HSCode: "0902"},
				{ID: 2, Name: `Доставка <"до двери">`, Price: rub(s, "8.00"), Quantity: "0.250", Amount: rub(s, "2.00"), Measure: "шт.", GS1Code: "gs1", FURCode: "fur", UNCode: "un"},
			}
			_, err := s.client.Cancel(s.Context(), req)
			require.NoError(s, err)
			assert.Equal(s, []map[string]string{
				{"id": "1", "product": "Чай «Улун» & мёд", "price": "4.00", "quantity": "2", "amount": "8.00", "\u0435ancode": "4600000000001", "hscode": "0902"},
				{"id": "2", "name": `Доставка <"до двери">`, "price": "8.00", "quantity": "0.250", "amount": "2.00", "measure": "шт.", "gs1code": "gs1", "furcode": "fur", "uncode": "un"},
			}, chequeOf(s, s.lastCancel()))
		}},
		{name: "Russian texts", play: func(s *scene) {
			p := russian()
			order := s.server.Pay(p)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			assert.Equal(s, p.OrderNumber, x.Order.Number)
			assert.Equal(s, p.Comment, x.Order.Comment)
			assert.Equal(s, p.Customer, x.Order.Customer)
			assert.Equal(s, "Завершено успешно.", x.Operation.CustomerMessage)
			fetched := s.fetched(order)
			assert.Equal(s, p.OrderNumber, fetched.Number)
			assert.Equal(s, p.Comment, fetched.Comment)
			assert.Equal(s, p.Customer, fetched.Customer)
		}},
		{name: "English texts", play: func(s *scene) {
			order := s.pay(1)
			x, err := s.another(assist.WithLanguage(assist.LanguageEN)).Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			assert.Equal(s, "Completed successfully.", x.Operation.CustomerMessage)
		}},
		{name: "a base URL with a path", play: func(s *scene) {
			order := s.pay(1)
			client, err := assist.NewClient(s.server.URL+"/merchants/gate/", s.server.Credentials(), append(slices.Clone(s.options), assist.WithHTTPClient(s.server.HTTPClient()))...)
			require.NoError(s, err)
			_, err = client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			assert.Contains(s, s.lastCancel().Path, "/merchants/gate/cancel/")
		}},
	}
}

// chequeOf gives the items as the server read them. It takes texts and numbers
// alike.
func chequeOf(t testing.TB, r assisttest.Request) []map[string]string {
	t.Helper()
	var cheque struct{ Items []map[string]json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(r.Parameters["chequeitems"]), &cheque))
	items := make([]map[string]string, len(cheque.Items))
	for i, item := range cheque.Items {
		items[i] = make(map[string]string)
		for key, raw := range item {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			items[i][key] = text
		}
	}
	return items
}

// questionCases are the order services.
func questionCases() []conformanceCase {
	checkValue := func(s *scene) {
		order := s.pay(1)
		verified := func(word string) *assist.Client {
			v, err := assist.NewCheckValueVerifier(assist.NewSecret(word), s.server.Credentials().MerchantID)
			require.NoError(s, err)
			return s.another(assist.WithVerifier(v))
		}
		right, wrong := verified("word"), verified("another word")
		_, err := right.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
		require.NoError(s, err)
		for _, ask := range []func(*assist.Client) error{
			func(c *assist.Client) error {
				_, err := c.OrderResult(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
				return err
			},
			func(c *assist.Client) error {
				_, err := c.OrderState(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
				return err
			},
			func(c *assist.Client) error {
				_, err := c.ResultsByDate(s.Context(), assist.PeriodQuery{From: order.Date, To: order.Date.Add(time.Hour)})
				return err
			},
		} {
			assert.NoError(s, ask(right))
			err := ask(wrong)
			var signature *assist.SignatureError
			require.ErrorAs(s, err, &signature)
			assert.Equal(s, assist.CheckValueWrong, signature.Reason)
			assert.Equal(s, assist.Unknown, assist.OutcomeOf(err))
		}
	}
	withCheckValue := assisttest.WithCheckValueSecret(assist.NewSecret("word"))
	return []conformanceCase{
		{name: "order result", play: func(s *scene) {
			p := russian()
			p.FailedAttempts, p.TestMode, p.Bonus = 1, true, rub(s, "20.00")
			order := s.server.Pay(p)
			orders, err := s.another(assist.WithLanguage(assist.LanguageEN)).OrderResult(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
			require.NoError(s, err)
			require.Len(s, orders, 2, "a failed attempt is an order of its own")
			assert.Equal(s, assist.OrderDeclined, orders[0].State)
			assert.Equal(s, assist.OperationDeclined, orders[0].Operations[0].State)
			want, ok := s.server.Order(order.Billnumber)
			require.True(s, ok)
			assert.Equal(s, want, orders[1])
		}},
		{name: "order state", play: func(s *scene) {
			order := s.pay(1)
			_, err := s.client.CancelFull(s.Context(), order.CancelRequest(assist.Money{}))
			require.NoError(s, err)
			orders, err := s.client.OrderState(s.Context(), assist.OrderQuery{OrderNumber: order.Number})
			require.NoError(s, err)
			require.Len(s, orders, 1)
			assert.Equal(s, order.Billnumber, orders[0].Billnumber)
			assert.Equal(s, order.Amount, orders[0].Amount)
			assert.Equal(s, assist.OrderCanceled, orders[0].State)
			assert.Empty(s, orders[0].Operations)
		}},
		{name: "results by date", play: func(s *scene) {
			order := s.pay(30)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			rows, err := s.client.ResultsByDate(s.Context(), assist.PeriodQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Minute)})
			require.NoError(s, err)
			require.Len(s, rows, 1)
			assert.Equal(s, x.Operation.Billnumber, rows[0].Operation.Billnumber)
			assert.Equal(s, assist.ResponseInProcess, rows[0].Operation.ResponseCode)
			assert.Equal(s, order.Number, rows[0].Order.Number)
			rows, err = s.client.ResultsByDate(s.Context(), assist.PeriodQuery{From: order.Date, To: order.Date.Add(24 * time.Hour), MeanTypeID: 36})
			if assist.OutcomeOf(err) != assist.Accepted {
				require.ErrorIs(s, err, assist.ErrOrderNotFound)
			}
			assert.Empty(s, rows)
		}},
		{name: "no such order number", play: func(s *scene) {
			for _, ask := range s.questions("none") {
				err := ask()
				require.ErrorIs(s, err, assist.ErrOrderNotFound)
				assert.Equal(s, assist.Unknown, assist.OutcomeOf(err))
			}
		}},
		{name: "no such order number, an empty answer", server: []assisttest.Option{assisttest.WithEmptyNotFound()}, play: func(s *scene) {
			for _, ask := range s.questions("none") {
				require.ErrorIs(s, ask(), assist.ErrOrderNotFound)
			}
		}},
		{name: "an order of last year", play: func(s *scene) {
			order := s.server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-365 * 24 * time.Hour)})
			assert.Equal(s, order.Billnumber, s.fetched(order).Billnumber)
		}},
		{name: "a server with a longest interval", server: []assisttest.Option{assisttest.WithMaxInterval(assisttest.OrderResults, 31*24*time.Hour)}, play: func(s *scene) {
			order := s.pay(30)
			assert.Equal(s, order.Billnumber, s.fetched(order).Billnumber)
			assert.Greater(s, len(s.server.Requests()), 1, "asked again in a shorter window")
		}},
		{name: "check value", server: []assisttest.Option{withCheckValue}, play: checkValue},
		{name: "check value over numbers", in: isJSON, server: []assisttest.Option{withCheckValue, assisttest.WithJSONNumbers()}, play: checkValue},
		{name: "questions under every fault", play: func(s *scene) {
			order := s.pay(30)
			x, err := s.client.Cancel(s.Context(), order.CancelRequest(rub(s, "10.00")))
			require.NoError(s, err)
			for i, fault := range []assisttest.Fault{
				assisttest.DieBefore(), assisttest.DieAfter(), assisttest.CutShort(), assisttest.Incomplete(), assisttest.Garbage(),
				assisttest.HTMLError(http.StatusBadGateway), assisttest.HTMLError(http.StatusOK), assisttest.Redirect(http.StatusFound, "/"),
				assisttest.Refuse(2, 0), assisttest.Refuse(7, 102),
			} {
				for j, ask := range append(s.questions(order.Number), func() error { _, err := s.client.Refresh(s.Context(), x); return err }) {
					s.server.Next(fault.For(assisttest.AnyService))
					err := ask()
					var follow *assist.FollowError
					require.ErrorAs(s, err, &follow, "fault %d, question %d", i, j)
					assert.Equal(s, assist.Unknown, assist.OutcomeOf(err))
				}
			}
			x, err = s.client.Wait(s.Context(), x, time.Hour)
			require.NoError(s, err)
			assert.Equal(s, assist.Succeeded, x.Status)
			assert.Equal(s, 1, s.sent(), "questions never send")
		}},
	}
}

// questions are the two order services about one order number.
func (s *scene) questions(number string) []func() error {
	q := assist.OrderQuery{OrderNumber: number}
	return []func() error{
		func() error { _, err := s.client.OrderResult(s.Context(), q); return err },
		func() error { _, err := s.client.OrderState(s.Context(), q); return err },
	}
}
