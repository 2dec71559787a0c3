package refunds

import (
	"context"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The database is lost and restored from a copy of hours ago: nothing is sent
// before it was compared with Assist, and afterwards money still moves once.
func TestSimulationOfARestore(t *testing.T) {
	t.Parallel()
	n := uint64(6)
	if testing.Short() {
		n = 1
	}
	for seed := uint64(1); seed <= n; seed++ {
		store := memstore.New()
		w := newWorld(t, seed, noHabit, store)
		w.rounds(t, 2)
		backup := store.Copy()
		effects, order := maps.Clone(w.effects), maps.Clone(w.order)
		w.rounds(t, 1)
		w.stop()

		w.effects, w.order = effects, order
		w.store, w.frozen = backup, true
		backup.SetPlace("another machine")
		w.forgets(t)
		w.opens(t)
		for _, r := range w.asked { // the merchant knows its own keys
			_, err := w.operate.Enqueue(t.Context(), r)
			require.NoError(t, err)
		}
		w.play(3 * time.Hour)
		w.server.Next()
		w.reconcile(t)
		require.NoError(t, w.operate.Release(t.Context(), w.server.Credentials().MerchantID, Person{ID: "anna", Name: "Anna", Reason: "compared"}))
		w.frozen = false
		w.settles(t)
		assert.Empty(t, append(w.wrong, w.count(t)...), "seed %d", seed)
	}
}

// forgets counts anew what the copy knows to have been sent.
func (w *world) forgets(tb testing.TB) {
	clear(w.sent)
	require.NoError(tb, w.store.View(tb.Context(), func(tx storage.Tx) error {
		all, err := storage.Find[storage.Attempt](tb.Context(), tx, storage.Query{})
		for _, a := range all {
			w.sent[ID(a.Refund)]++
		}
		return err
	}))
}

// reconcile compares the store with all that Assist knows.
func (w *world) reconcile(tb testing.TB) {
	client, err := assist.NewClient("http://127.0.0.1", w.server.Credentials(), assist.WithClock(func() time.Time { return w.now }),
		assist.WithHTTPClient(&http.Client{Transport: undisturbed{w}}))
	require.NoError(tb, err)
	merchant := w.server.Credentials().MerchantID
	c, err := NewCarrier(w.operate, map[string]*assist.Client{merchant: client})
	require.NoError(tb, err)
	c.wait = func(_ context.Context, d time.Duration, _ <-chan struct{}) { w.now = w.now.Add(d) }
	_, err = c.Reconcile(tb.Context(), merchant, time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), w.now.Add(time.Minute))
	require.NoError(tb, err)
}

// undisturbed is a wire without faults of its own.
type undisturbed struct{ w *world }

func (u undisturbed) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	answer, died := u.w.serve(r, body)
	if died {
		return nil, io.ErrUnexpectedEOF
	}
	resp := answer.Result()
	resp.Request = r
	return resp, nil
}
