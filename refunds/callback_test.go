package refunds_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A handler that never returns holds up the housekeeping for its ten seconds, and
// nothing after them.
func TestHandlerThatNeverReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		forever := make(chan struct{})
		var calls, heard atomic.Int64
		c := b.carrier(t, b.server.Client(),
			refunds.Handle("hangs", func(context.Context, *sql.Tx, refunds.Event) error { calls.Add(1); <-forever; return nil }),
			refunds.Handle("works", func(context.Context, *sql.Tx, refunds.Event) error { heard.Add(1); return nil }))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		time.Sleep(time.Second)
		for _, key := range []string{"one", "two", "three", "four", "five"} {
			b.enqueue(t, key)
		}
		time.Sleep(10 * time.Minute)
		assert.Equal(t, int64(3), calls.Load(), "it isn't called for more while three calls hang")
		assert.Equal(t, int64(15), heard.Load(), "another handler hears all")
		s, err := b.book.Stats(t.Context())
		require.NoError(t, err)
		assert.Zero(t, s.Unsealed, "the chain goes on")
		assert.Zero(t, s.Pending)
		assert.Equal(t, 15, s.Undelivered, "they wait for the one that hangs")
		stop()
		began := time.Now()
		err = <-ended
		assert.LessOrEqual(t, time.Since(began), 15*time.Second)
		var hanging *refunds.HangingError
		require.ErrorAs(t, err, &hanging)
		assert.Equal(t, []string{"hangs"}, hanging.Handlers)
		assert.ErrorIs(t, err, context.Canceled)
		close(forever)
	})
}

// A panic of the merchant's own parts ends neither the process nor the rest of
// the housekeeping, wherever it happens.
func TestPanicsInHousekeeping(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		opts []refunds.CarrierOption
	}{
		{"while a closed attempt is watched", nil},
		{"while results by date are asked for", []refunds.CarrierOption{refunds.ReconcileEvery(10 * time.Minute)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := storetest.NewWorld(t, refunds.Memory())
			w.Server.Next(assisttest.DieBefore())
			id := w.Enqueue(w.Of(w.Pay(), "10.00"))
			var panics atomic.Bool
			asked := 0
			next := w.Server.HTTPClient().Transport
			client := w.Client(assist.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				if panics.Load() {
					asked++
					panic("a transport's bug")
				}
				return next.RoundTrip(r)
			})}))
			c := w.CarrierWith(client, append(tt.opts, refunds.Alert(func(context.Context, *refunds.Record) { panic("an alert's bug") }))...)
			w.Until(c, id, 20*time.Hour, storetest.NeedsPerson)
			_, err := w.Book.ProposeDecision(t.Context(), id, refunds.Decision{Kind: refunds.GiveUp}, storetest.Person("anna"))
			require.NoError(t, err)
			require.Equal(t, refunds.GivenUp, w.Until(c, id, time.Hour, storetest.Final).State)
			w.Pass(2 * time.Hour)
			panics.Store(true)
			_, err = c.Step(t.Context())
			assert.ErrorContains(t, err, "a transport's bug")
			assert.NotZero(t, asked)
			panics.Store(false)
			w.Pass(9 * time.Hour)
			_, err = c.Step(t.Context())
			assert.NoError(t, err, "it is asked again")
		})
	}
}

// The error says which.
func TestHangingErrorNames(t *testing.T) {
	t.Parallel()
	err := error(&refunds.HangingError{Handlers: []string{"mail", "shop"}})
	assert.EqualError(t, errors.Join(err), "refunds: handlers that haven't returned: mail, shop")
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
