package assist_test

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

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
