package refunds_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
)

// The answer to this refund's cancel is lost after the money has moved. It is
// carried to its end all the same, and paid once.
func Example() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "refunds")
	check(err)
	defer os.RemoveAll(dir)

	// A simulated Assist, and a customer who has paid.
	tb := simulated{}
	defer tb.end()
	server := assisttest.NewServer(&tb)
	order := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
	server.Next(assisttest.DieAfter())

	store, err := sqlite.Open(filepath.Join(dir, "refunds.db"))
	check(err)
	defer store.Close()
	check(refunds.Migrate(ctx, store))
	book, err := refunds.NewBook(ctx, store)
	check(err)

	amount, err := assist.ParseMoney("10.00", "RUB")
	check(err)
	id, err := book.Enqueue(ctx, refunds.Refund{Key: "order-17-refund-1", MerchantID: server.Credentials().MerchantID, Request: order.CancelRequest(amount)})
	check(err)

	later := func() time.Time { return time.Now().Add(time.Hour) } // so that nobody has to wait here
	for _, clock := range []func() time.Time{time.Now, later} {
		book, err := refunds.NewBook(ctx, store, refunds.Clock(clock))
		check(err)
		carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{server.Credentials().MerchantID: server.Client()})
		check(err)
		_, err = carrier.Step(ctx) // a program calls Run, which does that over and over
		check(err)
		record, err := book.Get(ctx, id)
		check(err)
		fmt.Println(record.State, "-", server.Moved(order.Billnumber), "moved")
	}
	// Output:
	// outcome unknown - 10.00 RUB moved
	// done - 10.00 RUB moved
}

// simulated is what assisttest needs of a test.
type simulated struct{ ends []func() }

func (s *simulated) Helper()                   {}
func (s *simulated) Cleanup(f func())          { s.ends = append(s.ends, f) }
func (s *simulated) Fatalf(f string, a ...any) { log.Fatalf(f, a...) }
func (s *simulated) end() {
	for _, f := range s.ends {
		f()
	}
}
