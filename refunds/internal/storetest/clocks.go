package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apart is a store whose clock differs from the machine's.
type apart struct {
	refunds.Store
	by atomic.Int64
}

func (a *apart) Clock(ctx) (int64, error) {
	return time.Now().Add(time.Duration(a.by.Load())).UnixMicro(), nil
}

// clocks: a process whose clock is more than 20 seconds from the database's sends
// nothing, in whichever direction, also where it went wrong in the midst of a run;
// what it has sent is followed on.
func clocks(t *testing.T, open Open) {
	store := &apart{Store: open(t)}
	server := assisttest.NewServer(t, assisttest.InMemory())
	require.NoError(t, refunds.Migrate(t.Context(), store))
	book, err := refunds.NewBook(t.Context(), store)
	require.NoError(t, err)
	merchant := server.Credentials().MerchantID
	client := server.Client()
	step := func() error { // of a new carrier each time, which compares at once
		c, err := refunds.NewCarrier(book, map[string]*assist.Client{merchant: client})
		require.NoError(t, err)
		_, err = c.Step(t.Context())
		return err
	}
	enqueue := func(key string) (assist.Order, refunds.ID) {
		o := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
		id, err := book.Enqueue(t.Context(), refunds.Refund{Key: key, MerchantID: merchant, Request: o.CancelRequest(rub(1000))})
		require.NoError(t, err)
		return o, id
	}
	state := func(id refunds.ID) refunds.State {
		rec, err := book.Get(t.Context(), id)
		require.NoError(t, err)
		return rec.State
	}
	server.Next(assisttest.DieAfter())
	_, lost := enqueue("lost")
	require.NoError(t, step())
	require.Equal(t, refunds.Sent, state(lost))
	for name, by := range map[string]time.Duration{"21 s ahead": 21 * time.Second, "21 s behind": -21 * time.Second, "an hour ahead": time.Hour, "an hour behind": -time.Hour} {
		store.by.Store(int64(by))
		sent := len(server.Requests())
		o, id := enqueue(name)
		require.ErrorIs(t, step(), refunds.ErrClock, name)
		assert.Len(t, server.Requests(), sent, "%s: before anything is sent", name)
		assert.Equal(t, refunds.Pending, state(id), name)
		store.by.Store(int64(19 * time.Second))
		require.NoError(t, step(), name)
		assert.Equal(t, refunds.Done, state(id), name)
		assert.Equal(t, "10.00", server.Moved(o.Billnumber).Amount(), name)
	}
	store.by.Store(int64(-time.Hour))
	require.NoError(t, store.Update(t.Context(), func(tx storage.Tx) error { // its next question is due
		r := &storage.Refund{ID: int64(lost)}
		_, err := tx.Get(t.Context(), r, storage.ForUpdate)
		require.NoError(t, err)
		r.NextAt = 1
		return tx.Save(t.Context(), r)
	}))
	require.ErrorIs(t, step(), refunds.ErrClock)
	assert.Equal(t, refunds.Done, state(lost), "what was sent is followed on")
}
