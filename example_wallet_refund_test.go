package assist_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/ledger"
)

// refundDesk gives money back over HTTP. Where a wallet's rule forbids it now,
// it answers with the earliest time, and nothing has been sent.
type refundDesk struct {
	client *assist.Client
	orders func(number string) (assist.Order, bool)
}

func (d refundDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	order, found := d.orders(r.PathValue("order"))
	amount, err := assist.ParseMoney(r.FormValue("amount"), "RUB")
	if !found || err != nil {
		http.Error(w, "no such order, or no amount", http.StatusBadRequest)
		return
	}
	// The cancel ends in its own time, even when the customer goes away.
	ctx, stop := context.WithTimeout(context.WithoutCancel(r.Context()), 2*time.Minute)
	defer stop()
	cancellation, err := d.client.Cancel(ctx, order.CancelRequest(amount), assist.LookFirst())

	status, answer := http.StatusOK, map[string]string{}
	var rule *assist.WalletRuleError
	switch assist.OutcomeOf(err) {
	case assist.Accepted:
		answer["refund"] = cancellation.Status.String()
	case assist.NotSent, assist.Rejected:
		status, answer["refund"] = http.StatusConflict, "not made"
		if errors.As(err, &rule) {
			answer["why"] = rule.Text(assist.LanguageEN)
		}
		if before, heals := assist.NotBefore(err); heals {
			answer["not before"] = before.Format(time.RFC3339)
			w.Header().Set("Retry-After", before.Format(http.TimeFormat))
		}
	default:
		// The money may have moved: an operator resolves it. Never send again.
		status, answer["refund"] = http.StatusAccepted, "being looked into"
	}
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		log.Print(err)
	}
}

// A customer asks for the money back on the day of the payment, and again the
// next day.
func Example_walletRefund() {
	t := &program{} // in a test: t *testing.T
	defer t.end()

	server := assisttest.NewServer(t, assisttest.WithOpeningBalance(assist.QIWI, roubles("1000.00")))
	server.StandAt(time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC))
	order := server.Pay(assisttest.Payment{OrderNumber: "A-17", Amount: roubles("100.00"), MeanTypeID: 36})

	// In a program the balance comes from ledger.FromResults.
	books, err := ledger.New(ledger.Rates{assist.QIWI: 35_000}, server.Now)
	if err != nil {
		log.Fatal(err)
	}
	desk := http.NewServeMux()
	desk.Handle("POST /refund/{order}", refundDesk{
		client: server.Client(assist.WithWalletRules(books), assist.WithClock(server.Now)),
		orders: func(number string) (assist.Order, bool) { return order, number == order.Number },
	})
	ask := func() {
		request := httptest.NewRequest(http.MethodPost, "/refund/A-17", strings.NewReader("amount=100.00"))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		desk.ServeHTTP(answer, request)
		fmt.Print(answer.Code, " ", answer.Body)
	}

	ask()
	server.StandAt(time.Date(2026, 7, 1, 21, 0, 0, 0, time.UTC))
	ask()
	if err := books.Paid("5700027202722028.1", assist.QIWI, roubles("200.00"), server.Now()); err != nil {
		log.Fatal(err)
	}
	ask()
	// Output:
	// 409 {"not before":"2026-07-01T21:00:00Z","refund":"not made","why":"a QIWI payment can't be refunded on the day of the payment; it can be refunded from 2 July 2026, 00:00 Moscow time"}
	// 409 {"not before":"2026-07-02T20:00:00Z","refund":"not made","why":"100.00 RUB can't be refunded through QIWI at the moment; it can be refunded later today, by the end of the day in Moscow, or on the next day"}
	// 200 {"refund":"succeeded"}
}

func roubles(amount string) assist.Money {
	m, err := assist.ParseMoney(amount, "RUB")
	if err != nil {
		log.Fatal(err)
	}
	return m
}
