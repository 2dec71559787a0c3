package assist_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"text/template"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/ledger"
)

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
