package refunds_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// away is a store whose database can go away, and whose clock can be off.
type away struct {
	refunds.Store
	gone  atomic.Bool
	apart atomic.Int64 // of its clock
}

var errAway = errors.New("connection refused")

func (a *away) Update(ctx context.Context, f func(storage.Tx) error) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.Update(ctx, f)
}

func (a *away) View(ctx context.Context, f func(storage.Tx) error) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.View(ctx, f)
}

func (a *away) Clock(context.Context) (int64, error) {
	return time.Now().Add(time.Duration(a.apart.Load())).UnixMicro(), nil
}

// The database is away for ten minutes, while cancels are under way: outcomes are
// kept until it is back, nothing is lost and nothing moves twice.
func TestDatabaseAwayForTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		store := &away{Store: b.store}
		book, err := refunds.NewBook(t.Context(), store)
		require.NoError(t, err)
		b.book = book
		b.server.Next(assisttest.AnswerLate(20*time.Second), assisttest.AnswerLate(20*time.Second).For(assisttest.Cancels))
		var ids []refunds.ID
		for _, key := range []string{"one", "two", "three"} {
			_, id := b.enqueue(t, key)
			ids = append(ids, id)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		c := b.carrier(t, b.server.Client())
		running.Go(func() { _ = c.Run(ctx) })
		time.Sleep(30 * time.Second)
		store.gone.Store(true)
		_, err = book.Enqueue(t.Context(), refunds.Refund{Key: "four", MerchantID: b.server.Credentials().MerchantID})
		require.Error(t, err)
		time.Sleep(10 * time.Minute)
		store.gone.Store(false)
		for _, id := range ids {
			rec, err := book.Await(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, refunds.Done, rec.State)
			assert.Len(t, rec.Attempts, 1)
			assert.Equal(t, "10.00", b.server.Moved(rec.Request.Billnumber).Amount())
		}
		stop()
		running.Wait()
	})
}

// A clock that is set while a carrier runs: within a minute nothing more is sent,
// until it is right again.
func TestClockSetUnderARun(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]storetest.Open{
		"memory": func(testing.TB) refunds.Store { return refunds.Memory() },
		"SQLite": func(tb testing.TB) refunds.Store {
			s, err := sqlite.Open(filepath.Join(tb.TempDir(), "refunds.db"))
			require.NoError(tb, err)
			require.NoError(tb, refunds.Migrate(tb.Context(), s))
			return s
		},
	} {
		for _, apart := range []time.Duration{21 * time.Second, -21 * time.Second, time.Hour, -time.Hour} {
			t.Run(name+", "+apart.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBubble(t)
					store := &away{Store: open(t)}
					defer store.Close()
					book, err := refunds.NewBook(t.Context(), store)
					require.NoError(t, err)
					b.book = book
					ctx, stop := context.WithCancel(t.Context())
					var running sync.WaitGroup
					c := b.carrier(t, b.server.Client())
					running.Go(func() { _ = c.Run(ctx) })
					_, id := b.enqueue(t, "before")
					_, err = book.Await(t.Context(), id)
					require.NoError(t, err)
					store.apart.Store(int64(apart))
					time.Sleep(2 * time.Minute)
					sent := len(b.server.Requests())
					o, id := b.enqueue(t, "meanwhile")
					time.Sleep(10 * time.Minute)
					assert.Len(t, b.server.Requests(), sent, "nothing is sent")
					rec, err := book.Get(t.Context(), id)
					require.NoError(t, err)
					assert.Equal(t, refunds.Pending, rec.State)
					store.apart.Store(0)
					time.Sleep(2 * time.Minute)
					rec, err = book.Get(t.Context(), id)
					require.NoError(t, err)
					assert.Equal(t, refunds.Done, rec.State)
					assert.Equal(t, "10.00", b.server.Moved(o.Billnumber).Amount())
					stop()
					running.Wait()
				})
			})
		}
	}
}

// A clock jumps an hour ahead while a cancel has no outcome, and back again:
// nothing is lost, nothing moves twice.
func TestClockJumpsAnHour(t *testing.T) {
	t.Parallel()
	w := storetest.NewWorld(t, refunds.Memory())
	var ids []refunds.ID
	w.Server.Next(assisttest.DieAfter(), assisttest.InProcess(3*time.Hour, "AS000"), assisttest.Refuse(17, 3))
	c := w.Carrier()
	for range 5 {
		o := w.Pay()
		ids = append(ids, w.Enqueue(w.Of(o, "10.00")))
	}
	for _, jump := range []time.Duration{0, time.Hour, -time.Hour, time.Hour, -time.Hour} {
		w.Pass(jump)
		w.Step(c)
		w.Pass(time.Minute)
		w.Step(w.Carrier())
	}
	for _, id := range ids {
		rec := w.Until(c, id, 20*time.Hour, storetest.Final)
		assert.Equal(t, refunds.Done, rec.State, rec.Detail)
		assert.Equal(t, "10.00", w.Server.Moved(rec.Request.Billnumber).Amount())
	}
}

// Stats names merchants that no carrier is there for.
func TestUnserved(t *testing.T) {
	t.Parallel()
	w := storetest.NewWorld(t, refunds.Memory())
	w.Enqueue(w.Of(w.Pay(), "10.00"))
	other := w.Of(w.Pay(), "10.00")
	other.MerchantID = "999"
	w.Enqueue(other)
	unserved := func() []string {
		s, err := w.Book.Stats(t.Context())
		require.NoError(t, err)
		return s.Unserved
	}
	assert.Equal(t, []string{w.Merchant(), "999"}, unserved())
	w.Step(w.Carrier())
	assert.Equal(t, []string{"999"}, unserved())
	w.Pass(16 * time.Minute)
	assert.Len(t, unserved(), 2, "who was there a quarter of an hour ago isn't")
}
