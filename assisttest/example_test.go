package assisttest_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// program stands in for the *testing.T of a test.
type program struct{ cleanups []func() }

func (p *program) Helper()                           {}
func (p *program) Cleanup(f func())                  { p.cleanups = append(p.cleanups, f) }
func (p *program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func (p *program) end() {
	for _, f := range p.cleanups {
		f()
	}
}

// An answer that is lost after the money has moved.
func Example() {
	t := &program{} // in a test: t *testing.T
	defer t.end()

	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	server.Next(assisttest.DieAfter())

	amount, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	_, err = server.Client().Cancel(context.Background(), order.CancelRequest(amount))

	fmt.Println("the caller knows:", assist.OutcomeOf(err))
	fmt.Println("what happened:", server.Moved(order.Billnumber), "moved")
	// Output:
	// the caller knows: unknown
	// what happened: 10.00 RUB moved
}

// A WebMoney cancel is in process for some minutes.
func ExampleServer_Advance() {
	t := &program{} // in a test: t *testing.T
	defer t.end()

	server := assisttest.NewServer(t, assisttest.WithDocumentedOrders())
	order, _ := server.Order(assisttest.DocumentedWebMoney)

	amount, err := assist.ParseMoney("0.10", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	cancellation, err := server.Client().Cancel(context.Background(), order.CancelRequest(amount))
	if err != nil {
		log.Fatal(err)
	}
	cancel := cancellation.Operation.Billnumber
	fmt.Println(cancel, cancellation.Status, "- moved:", server.Moved(cancel), "- may move:", server.Pending(cancel))

	server.Advance(5 * time.Minute)
	fmt.Println(cancel, "- moved:", server.Moved(cancel), "- may move:", server.Pending(cancel))
	// Output:
	// 5700027202722028.3 in process - moved: 0.00 RUB - may move: 0.10 RUB
	// 5700027202722028.3 - moved: 0.10 RUB - may move: 0.00 RUB
}

// A server behind a listener of one's own.
func ExampleNew() {
	server := assisttest.New()
	defer server.Close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	web := &http.Server{Handler: server}
	go func() { _ = web.Serve(listener) }()
	defer web.Close()

	client, err := assist.NewClient("http://"+listener.Addr().String(), server.Credentials())
	if err != nil {
		log.Fatal(err)
	}
	order := server.Pay(assisttest.Payment{})
	cancellation, err := client.CancelFull(context.Background(), order.CancelRequest(assist.Money{}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cancellation.Status, cancellation.Order.State)
	// Output: succeeded Canceled
}

// The bank refuses an hour later what it took first, and the answer is lost too.
func ExampleFault_And() {
	t := &program{} // in a test: t *testing.T
	defer t.end()

	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	server.Next(assisttest.InProcess(time.Hour, "AS100").And(assisttest.DieAfter()))

	amount, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	_, err = server.Client().Cancel(context.Background(), order.CancelRequest(amount))
	fmt.Println(assist.OutcomeOf(err), "- may move:", server.Pending(order.Billnumber))
	server.Advance(time.Hour)
	fmt.Println("an hour later - may move:", server.Pending(order.Billnumber), "- moved:", server.Moved(order.Billnumber))
	// Output:
	// unknown - may move: 10.00 RUB
	// an hour later - may move: 0.00 RUB - moved: 0.00 RUB
}

// Somebody refunds the same sum in the personal account while the answer to a
// cancel is lost: two equal operations, and one of them is the caller's.
func ExampleServer_RefundByHand() {
	t := &program{} // in a test: t *testing.T
	defer t.end()

	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	server.Next(assisttest.DieAfter())

	amount, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	client := server.Client()
	var intent assist.Intent
	_, err = client.Cancel(context.Background(), order.CancelRequest(amount), assist.LookFirst(),
		assist.SaveIntent(func(_ context.Context, in assist.Intent) error { intent = in; return nil }))
	fmt.Println("the caller knows:", assist.OutcomeOf(err))

	if _, err := server.RefundByHand(order.Billnumber, amount); err != nil {
		log.Fatal(err)
	}
	resolved, err := client.Resolve(context.Background(), intent)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("resolved:", resolved.Outcome, "with", len(resolved.Candidates), "candidates - moved:", server.Moved(order.Billnumber))
	// Output:
	// the caller knows: unknown
	// resolved: unknown with 2 candidates - moved: 20.00 RUB
}

// A hold of 10.00, of which 4.00 are released before the rest is confirmed.
func ExampleServer_Confirm() {
	t := &program{} // in a test: t *testing.T
	defer t.end()

	server := assisttest.NewServer(t)
	ten, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	four, err := assist.ParseMoney("4.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	order := server.Pay(assisttest.Payment{Amount: ten, TwoStage: true})
	fmt.Println(order.State)
	if _, err := server.Client().Cancel(context.Background(), order.CancelRequest(four)); err != nil {
		log.Fatal(err)
	}
	order = server.Confirm(order.Billnumber, assist.Money{})
	for _, op := range order.Operations {
		fmt.Println(op.Billnumber.Operation(), op.Type, op.Amount)
	}
	// Output:
	// Delayed
	// 1 100 10.00 RUB
	// 2 300 4.00 RUB
	// 3 200 6.00 RUB
}
