package assist_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

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

// Refunder is what a shop's own code depends on: as much of the client as it
// uses. *assist.Client is one.
type Refunder interface {
	Cancel(context.Context, assist.CancelRequest, ...assist.CancelOption) (*assist.Cancellation, error)
	Resolve(context.Context, assist.Intent) (*assist.Resolution, error)
}

var _ Refunder = (*assist.Client)(nil)

// lostAnswer is a fake: the cancel is sent and its answer never comes.
type lostAnswer struct{ Refunder }

func (lostAnswer) Cancel(ctx context.Context, req assist.CancelRequest, opts ...assist.CancelOption) (*assist.Cancellation, error) {
	in := assist.Intent{ID: "FAKE1", MerchantID: "515089", Request: req}
	if save := assist.CancelOptionsOf(opts...).SaveIntent; save != nil {
		if err := save(ctx, in); err != nil {
			return nil, &assist.NotSentError{Step: "saving the intent", Billnumber: req.Billnumber, Err: err}
		}
	}
	return nil, &assist.UnknownOutcomeError{Intent: in, Err: errors.New("the connection broke")}
}

// refund is the shop's own code, which the fake tests.
func refund(ctx context.Context, refunder Refunder, b assist.Billnumber, keep func(context.Context, assist.Intent) error) (done bool, err error) {
	amount, err := assist.ParseMoney("0.10", "RUB")
	if err != nil {
		return false, err
	}
	_, err = refunder.Cancel(ctx, assist.CancelRequest{Billnumber: b, OrderNumber: "2013.10.23-700027-5", Amount: amount}, assist.SaveIntent(keep))
	if assist.OutcomeOf(err) == assist.Unknown {
		return false, fmt.Errorf("kept for later: %w", err)
	}
	return err == nil, err
}

// A fake of one's own interface does what the client would do: it calls
// SaveIntent first. Errors are built by hand.
func ExampleCancelOptionsOf() {
	var kept []assist.Intent
	keep := func(_ context.Context, in assist.Intent) error { kept = append(kept, in); return nil }
	done, err := refund(context.Background(), lostAnswer{}, "5700027202722028", keep)
	fmt.Println(done, err)
	fmt.Println(len(kept), assist.OutcomeOf(err))

	full := func(context.Context, assist.Intent) error { return errors.New("the disk is full") }
	_, err = refund(context.Background(), lostAnswer{}, "5700027202722028", full)
	fmt.Println(err, "-", assist.OutcomeOf(err))
	// Output:
	// false kept for later: assist: cancel 5700027202722028: outcome unknown, the money may have moved; resolve intent FAKE1, don't send again: the connection broke
	// 1 unknown
	// assist: cancel 5700027202722028: not sent, stopped while saving the intent: the disk is full - not sent
}

// A worker asks an error for what heals it, and then it knows what to do with the
// refund.
func ExampleRemedyOf() {
	midnight := time.Date(2026, 7, 1, 21, 0, 0, 0, time.UTC)
	for _, err := range []error{
		&assist.UnknownOutcomeError{Err: errors.New("the connection broke")},
		&assist.WalletRuleError{Rule: assist.ErrQIWISameDay, NotBefore: midnight},
		&assist.APIError{First: 7, Second: 141},
		&assist.DeclinedError{ResponseCode: assist.ResponseDeclined},
	} {
		switch remedy := assist.RemedyOf(err); remedy {
		case assist.RemedyTime, assist.RemedyMoney:
			at, known := assist.NotBefore(err)
			if !known {
				at = time.Now().Add(5 * time.Minute)
			}
			fmt.Println(remedy, "→ again at", at.Format("15:04 MST"))
		case assist.RemedyConnection:
			fmt.Println(remedy, "→ again, at growing pauses")
		case assist.RemedySettings:
			fmt.Println(remedy, "→ pause the merchant and tell somebody")
		case assist.RemedyNothing:
			fmt.Println(remedy, "→ the refund is refused")
		case assist.RemedyWait:
			fmt.Println(remedy, "→ follow the cancel")
		default:
			fmt.Println(remedy, "→ send nothing, resolve the intent")
		}
	}
	// Output:
	// resolve first → send nothing, resolve the intent
	// time → again at 21:00 UTC
	// settings → pause the merchant and tell somebody
	// nothing → the refund is refused
}

// tokenStore stands in for a table of the merchant's database.
type tokenStore struct {
	mu            sync.Mutex
	intents       map[string]string // by the intent's ID
	cancellations map[string]string
	notes         []string
}

func (s *tokenStore) saveIntent(_ context.Context, in assist.Intent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.intents == nil {
		s.intents = make(map[string]string)
	}
	s.intents[in.ID] = in.Token()
	return nil
}

func (s *tokenStore) saveCancellation(x *assist.Cancellation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancellations == nil {
		s.cancellations = make(map[string]string)
	}
	s.cancellations[x.Intent.ID] = x.Token()
}

func (s *tokenStore) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, text)
}

// A worker takes up the cancels in process after a restart, from their tokens
// alone.
func Example_workerAfterRestart() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{MeanTypeID: 30}) // WebMoney
	server.Next(assisttest.InProcess(3*time.Minute, "AS000"))
	ctx := context.Background()
	store := &tokenStore{}

	// Before the restart.
	x, err := server.Client().CancelFull(ctx, order.CancelRequest(assist.Money{}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Operation.ResponseCode, x.Status)
	store.saveCancellation(x)

	// After it: another process, three minutes later.
	server.Advance(3 * time.Minute)
	client := server.Client()
	for _, token := range store.cancellations {
		x, err := client.Resume(token)
		if err != nil {
			log.Fatal(err)
		}
		x, err = client.Wait(ctx, x, time.Hour)
		switch assist.OutcomeOf(err) {
		case assist.Accepted:
			// Where the wait was too short it is still in process.
			store.saveCancellation(x)
			fmt.Println(x.Operation.ResponseCode, x.Status)
		case assist.Rejected:
			fmt.Println("declined after all:", err)
		default:
			fmt.Println("still not known, wait again later:", err)
		}
	}
	// Output:
	// AS300 in process
	// AS000 succeeded
}

// program stands in for the *testing.T of a test, in the examples.
type program struct{ cleanups []func() }

func (p *program) Helper()                           {}
func (p *program) Cleanup(f func())                  { p.cleanups = append(p.cleanups, f) }
func (p *program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func (p *program) end() {
	for _, f := range p.cleanups {
		f()
	}
}

// A lease on a refund ends at a time. A cancel that would be sent later stays
// unsent, so that whoever has the lease now is alone.
func ExampleSendBy() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	amount, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	client := server.Client(assist.WithClock(server.Now))
	leaseEnds := server.Now().Add(time.Minute)

	_, err = client.Cancel(context.Background(), order.CancelRequest(amount), assist.SendBy(leaseEnds),
		assist.SaveIntent(func(context.Context, assist.Intent) error {
			server.Advance(2 * time.Minute) // the machine slept
			return nil
		}))
	fmt.Println(assist.OutcomeOf(err), errors.Is(err, assist.ErrTooLate), client.MerchantID() == server.Credentials().MerchantID)
	fmt.Println("moved:", server.Moved(order.Billnumber).Amount())
	// Output:
	// not sent true true
	// moved: 0.00
}
