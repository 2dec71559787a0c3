package assist_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// A cancel whose answer was lost, and that was sent without a look: what is on the
// order may be its operation, and only a person can say so.
func ExampleClient_Decide() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	amount, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	client := server.Client()
	server.Next(assisttest.DieAfter())
	_, err = client.Cancel(ctx, order.CancelRequest(amount))
	var unknown *assist.UnknownOutcomeError
	if !errors.As(err, &unknown) {
		log.Fatal(err)
	}
	found, err := client.Resolve(ctx, unknown.Intent)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("by itself:", found.Outcome)
	for _, op := range found.Candidates {
		fmt.Println("may be it:", op.Billnumber.Operation(), op.Amount, op.State)
	}

	// The person has compared it with the personal account.
	decided, err := client.Decide(ctx, unknown.Intent, assist.ItWas(found.Candidates[0].Billnumber))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("decided:", decided.Outcome, decided.Cancellation.Status)
	// Output:
	// by itself: unknown
	// may be it: 2 10.00 RUB Success
	// decided: accepted succeeded
}

// After a restart the client knows nothing. It is told which cancels are open, and
// what other processes have found out.
func ExampleClient_Remember() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	amount, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	server.Next(assisttest.DieAfter())
	var stored string
	_, err = server.Client().Cancel(ctx, order.CancelRequest(amount), assist.LookFirst(),
		assist.SaveIntent(func(_ context.Context, in assist.Intent) error {
			stored = in.Token()
			return nil
		}))
	fmt.Println(assist.OutcomeOf(err))

	client := server.Client() // after the restart
	intent, err := assist.ParseIntent(stored)
	if err != nil {
		log.Fatal(err)
	}
	client.Remember(intent)
	_, err = client.Cancel(ctx, order.CancelRequest(amount))
	fmt.Println(errors.Is(err, assist.ErrUnresolved))

	// Another process has resolved it meanwhile.
	if err := client.Learn(intent, order.Billnumber+".2"); err != nil {
		log.Fatal(err)
	}
	x, err := client.Cancel(ctx, order.CancelRequest(amount), assist.LookFirst(), assist.CheckOrder(func(o *assist.Order) error {
		fmt.Println("on the order:", len(o.Operations), "operations")
		return nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Status, x.Operation.Billnumber.Operation())
	// Output:
	// unknown
	// true
	// on the order: 2 operations
	// succeeded 3
}
