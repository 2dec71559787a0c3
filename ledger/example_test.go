package ledger_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/ledger"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The program that the package's documentation begins with.
func Example() {
	books, err := ledger.New(ledger.Rates{assist.QIWI: 35_000}, nil) // the bank keeps 3.5 %
	if err != nil {
		log.Fatal(err)
	}
	paid, err := assist.ParseMoney("1000.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	if err := books.Paid("5700027202722028.1", assist.QIWI, paid, time.Now()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(books.Balance(assist.QIWI, "RUB", time.Now()).Available)
	// Output: 965.00 RUB
}

func TestDocumentationProgram(t *testing.T) {
	t.Parallel()
	doc, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	text := doc.Doc.Text()
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), "example_test.go", source, 0)
	require.NoError(t, err)
	example := file.Scope.Lookup("Example").Decl.(*ast.FuncDecl)
	for _, line := range strings.Split(string(source[example.Body.Lbrace:example.Body.Rbrace-1]), "\n") {
		assert.Contains(t, text, strings.TrimSpace(line))
	}
}

// A worker that waits for the day balance tries at the moments that
// [assist.NextBalanceTry] tells, and gives the money back on the first day on which
// enough is paid.
func ExampleFromResults() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	roubles := func(amount string) assist.Money {
		m, err := assist.ParseMoney(amount, "RUB")
		if err != nil {
			log.Fatal(err)
		}
		return m
	}

	server := assisttest.NewServer(t)
	server.StandAt(time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC))
	order := server.Pay(assisttest.Payment{Amount: roubles("100.00"), MeanTypeID: 32})
	server.StandAt(time.Date(2026, 7, 2, 9, 0, 0, 0, time.UTC))

	balance, err := ledger.FromResults(server.Client(assist.WithClock(server.Now)), ledger.Rates{assist.YandexMoney: 20_000})
	if err != nil {
		log.Fatal(err)
	}
	client := server.Client(assist.WithWalletRules(balance), assist.WithClock(server.Now))
	_, err = client.Cancel(context.Background(), order.CancelRequest(roubles("100.00")))
	when, heals := assist.NotBefore(err)
	fmt.Println(assist.OutcomeOf(err), heals, when.Format(time.DateTime))

	fmt.Println(assist.NextBalanceTry(server.Now(), server.Now()).Format(time.DateTime))
	// The shop sells something in the meantime, and hears of it.
	server.Advance(10 * time.Minute)
	sold := server.Pay(assisttest.Payment{Amount: roubles("500.00"), MeanTypeID: 32})
	if err := balance.Paid(sold.Operations[0].Billnumber, assist.YandexMoney, sold.Amount, sold.Date); err != nil {
		log.Fatal(err)
	}
	_, err = client.Cancel(context.Background(), order.CancelRequest(roubles("100.00")))
	fmt.Println(assist.OutcomeOf(err))
	// Output:
	// not sent true 2026-07-02 20:00:00
	// 2026-07-02 09:10:00
	// accepted
}

// program takes the place of a test in an example.
type program struct{ cleanups []func() }

func (p *program) Helper()                           {}
func (p *program) Cleanup(f func())                  { p.cleanups = append(p.cleanups, f) }
func (p *program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
func (p *program) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (p *program) Logf(string, ...any)               {}
func (p *program) end() {
	for _, f := range p.cleanups {
		f()
	}
}
