package assist_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

// refundHandler gives money back at the checkout. The customer's patience is not
// the refund's: the cancel gets a minute of its own, and a customer who leaves
// doesn't make an Unknown of it.
type refundHandler struct {
	client   *assist.Client
	orders   func(number string) (assist.CancelRequest, error)
	store    *tokenStore
	patience time.Duration  // 2 s in a shop
	followed sync.WaitGroup // to be waited for at shutdown
	wait     []assist.WaitOption
}

func (h *refundHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := h.orders(r.URL.Query().Get("order"))
	if err != nil {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	type result struct {
		cancellation *assist.Cancellation
		err          error
	}
	done := make(chan result, 1)
	h.followed.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
		defer cancel()
		x, err := h.client.Cancel(ctx, request, assist.LookFirst(), assist.SaveIntent(h.store.saveIntent))
		done <- result{x, err}
		h.finish(context.WithoutCancel(r.Context()), x, err)
	})
	select {
	case got := <-done:
		switch {
		case got.err == nil && got.cancellation.Status == assist.Succeeded:
			fmt.Fprintln(w, "the money is on its way back")
		case assist.OutcomeOf(got.err) == assist.Rejected, assist.OutcomeOf(got.err) == assist.NotSent:
			http.Error(w, "the refund was refused, no money has moved", http.StatusConflict)
		default:
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprintln(w, "the refund is being worked on")
		}
	case <-time.After(h.patience):
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintln(w, "the refund is being worked on")
	}
}

// finish follows the cancel until it is known what became of it.
func (h *refundHandler) finish(ctx context.Context, x *assist.Cancellation, err error) {
	var unknown *assist.UnknownOutcomeError
	if errors.As(err, &unknown) {
		x, err = h.resolve(ctx, unknown.Intent)
	}
	if err == nil && x.Status == assist.InProcess {
		h.store.saveCancellation(x)
		x, err = h.client.Wait(ctx, x, 24*time.Hour, h.wait...)
	}
	if err != nil {
		h.store.note(assist.OutcomeOf(err).String())
		return
	}
	h.store.note(fmt.Sprint(x.Operation.Billnumber.Payment(), " ", x.Status))
}

func (h *refundHandler) resolve(ctx context.Context, intent assist.Intent) (*assist.Cancellation, error) {
	resolution, err := h.client.ResolveWait(ctx, intent, 24*time.Hour, h.wait...)
	switch {
	case err != nil:
		return nil, err
	case resolution.Outcome == assist.Unknown:
		return nil, errors.New("a person has to look at intent " + intent.ID)
	}
	return resolution.Cancellation, resolution.Err
}

// A checkout handler: the answer comes at once where Assist is quick, 202 where
// it is not, and the refund is followed in the background.
func Example_checkoutHandler() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{OrderNumber: "A-1"})
	amount, err := assist.ParseMoney("10.00", "RUB")
	if err != nil {
		log.Fatal(err)
	}
	handler := &refundHandler{
		client:   server.Client(),
		orders:   func(string) (assist.CancelRequest, error) { return order.CancelRequest(amount), nil },
		store:    &tokenStore{},
		patience: 2 * time.Second,
		wait:     []assist.WaitOption{assist.PollEvery(time.Second, time.Second)},
	}
	ask := func() string {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/refund?order=A-1", nil))
		return fmt.Sprint(w.Code, ": ", strings.TrimSpace(w.Body.String()))
	}

	fmt.Println(ask())
	handler.followed.Wait()

	server.Next(assisttest.DieAfter()) // the money moves, the answer is lost
	fmt.Println(ask())
	handler.followed.Wait()

	server.Next(assisttest.AnswerLate(300 * time.Millisecond))
	handler.patience = 10 * time.Millisecond
	fmt.Println(ask())
	handler.followed.Wait()

	fmt.Println(strings.Join(handler.store.notes, "\n"))
	fmt.Println("moved:", server.Moved(order.Billnumber))
	// Output:
	// 200: the money is on its way back
	// 202: the refund is being worked on
	// 202: the refund is being worked on
	// 5100000000000001 succeeded
	// 5100000000000001 succeeded
	// 5100000000000001 succeeded
	// moved: 30.00 RUB
}
