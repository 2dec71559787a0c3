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
	"text/template"
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

// balancePage shows an operator what each wallet still allows to give back.
type balancePage struct {
	balance *ledger.ResultsBalance
	now     func() time.Time
}

var balanceTemplate = template.Must(template.New("balances").Parse(
	`{{range .}}{{.Wallet}}: paid {{.Paid}}, commission {{.Commission}}, refunded {{.Refunded}}, reserved {{.Reserved}}, available {{.Available}}
{{if .Stale}}  out of date
{{end}}{{end}}`))

func (p balancePage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Asks Assist once in ten minutes at most, however often the page is loaded.
	// When that fails the page says how old its figures are.
	if err := p.balance.Refresh(r.Context()); err != nil {
		log.Print(err)
	}
	var rows []ledger.WalletBalance
	for _, wallet := range []assist.Wallet{assist.WebMoney, assist.YandexMoney, assist.QIWI} {
		rows = append(rows, p.balance.Balance(wallet, "RUB", p.now()))
	}
	if err := balanceTemplate.Execute(w, rows); err != nil {
		log.Print(err)
	}
}

// The balance page of an admin tool, after some payments and two refunds.
func Example_balancePage() {
	t := &program{} // in a test: t *testing.T
	defer t.end()

	server := assisttest.NewServer(t, assisttest.WithOpeningBalance(assist.WebMoney, roubles("1000.00")))
	server.StandAt(time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC))
	yesterday := server.Pay(assisttest.Payment{Amount: roubles("40.00"), MeanTypeID: 30})
	server.StandAt(time.Date(2026, 7, 2, 9, 0, 0, 0, time.UTC))
	server.Pay(assisttest.Payment{Amount: roubles("100.00"), MeanTypeID: 30})
	server.Pay(assisttest.Payment{Amount: roubles("250.00"), MeanTypeID: 36})
	server.Advance(time.Minute)

	// The client that asks is not the one that cancels, which needs the balance.
	balance, err := ledger.FromResults(server.Client(assist.WithClock(server.Now)),
		ledger.Rates{assist.WebMoney: 8_000, assist.YandexMoney: 20_000, assist.QIWI: 35_000})
	if err != nil {
		log.Fatal(err)
	}
	client := server.Client(assist.WithWalletRules(balance), assist.WithClock(server.Now))

	// WebMoney's cancels are in process for some minutes: reserved until then.
	ctx := context.Background()
	first, err := client.Cancel(ctx, yesterday.CancelRequest(roubles("10.00")))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Cancel(ctx, yesterday.CancelRequest(roubles("5.00"))); err != nil {
		log.Fatal(err)
	}
	server.Advance(5 * time.Minute)
	if _, err := client.Refresh(ctx, first); err != nil {
		log.Fatal(err)
	}

	answer := httptest.NewRecorder()
	balancePage{balance: balance, now: server.Now}.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/balance", nil))
	fmt.Print(answer.Body)
	// Output:
	// WebMoney: paid 100.00 RUB, commission 0.80 RUB, refunded 10.00 RUB, reserved 5.00 RUB, available 84.20 RUB
	// YandexMoney: paid 0.00 RUB, commission 0.00 RUB, refunded 0.00 RUB, reserved 0.00 RUB, available 0.00 RUB
	// QIWI: paid 250.00 RUB, commission 8.75 RUB, refunded 0.00 RUB, reserved 0.00 RUB, available 241.25 RUB
}
