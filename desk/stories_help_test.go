package desk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds"
)

// discard is a person who has gone.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func midnightAfter(t time.Time) time.Time { return moscow.NextMidnight(t) }

// words is an instant as the Russian pages write it, without the zone.
func words(t time.Time) string { return t.In(moscow.Location()).Format("02.01.2006 15:04") }

// cancels are the cancels that reached Assist.
func cancels(w *demo.World) (all []assisttest.Request) {
	for _, r := range w.Server.Requests() {
		if r.Service == assisttest.Cancels {
			all = append(all, r)
		}
	}
	return all
}

// movedOf is what went back of a refund's payment.
func movedOf(w *demo.World, id refunds.ID) string {
	r, err := w.Book.Get(context.Background(), id)
	if err != nil {
		return err.Error()
	}
	if m := w.Server.Moved(r.Request.Billnumber.Payment()); !m.IsZero() {
		return m.Amount()
	}
	return "0.00"
}

// checkPath is the address of the last question about a refund.
func checkPath(w *demo.World, order, amount string) string {
	for _, o := range w.Server.Orders() {
		if o.Number == order {
			return "/new/check?form=00000000000000000000000000000000&reason=customer&order=" + order + "&bill=" + string(o.Billnumber) + "&amount=" + amount
		}
	}
	return "/"
}
