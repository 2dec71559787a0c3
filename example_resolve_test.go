package assist_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// What became of a cancel whose answer was lost. The intent was stored before
// the send, so this works after a crash too.
func ExampleClient_Resolve() {
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

	for _, fault := range []assisttest.Fault{
		assisttest.DieAfter(), // performed
		assisttest.Decline("AS102").And(assisttest.DieAfter()), // declined
		assisttest.DieBefore(),                                 // never arrived
	} {
		server.Next(fault)
		var stored string
		_, err := client.Cancel(ctx, order.CancelRequest(amount), assist.LookFirst(),
			assist.SaveIntent(func(_ context.Context, in assist.Intent) error {
				stored = in.Token()
				return nil
			}))
		fmt.Println("the cancel:", assist.OutcomeOf(err))
		if _, err := client.Cancel(ctx, order.CancelRequest(amount)); !errors.Is(err, assist.ErrUnresolved) {
			log.Fatal("the payment must be closed until it is known")
		}

		intent, err := assist.ParseIntent(stored)
		if err != nil {
			log.Fatal(err)
		}
		resolution, err := client.Resolve(ctx, intent)
		if err != nil {
			log.Fatal(err)
		}
		switch resolution.Outcome {
		case assist.Accepted:
			fmt.Println("resolved:", resolution.Cancellation.Status)
		case assist.Rejected:
			fmt.Println("resolved: declined, it may be tried again")
		default:
			fmt.Println("not seen yet: ask again, and in the end let a person decide")
		}
	}
	fmt.Println("moved:", server.Moved(order.Billnumber))
	// Output:
	// the cancel: unknown
	// resolved: succeeded
	// the cancel: unknown
	// resolved: declined, it may be tried again
	// the cancel: unknown
	// not seen yet: ask again, and in the end let a person decide
	// moved: 10.00 RUB
}
