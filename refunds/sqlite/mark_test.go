package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/stretchr/testify/require"
)

// The file is lost, and a new one is made beside the mark that tells of a
// history: nothing is sent before it was compared with Assist, and what the shop
// asks for again isn't paid again.
func TestLostFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		mark func(path string) error // what becomes of it; nil: it stays
		held bool
	}{
		{"beside its mark", nil, true},
		{"beside a mark of which a part is left", func(path string) error { return os.WriteFile(path, []byte(`{"Pla`), 0o600) }, true},
		{"beside an empty mark", func(path string) error { return os.WriteFile(path, nil, 0o600) }, true},
		{"beside a mark from before the first event", func(path string) error { return mark{Place: "here"}.write(path) }, true},
		{"with its mark, as a store of its own", os.Remove, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "refunds.db")
			s, err := Open(path)
			require.NoError(t, err)
			w := storetest.NewWorld(t, s)
			o := w.Pay()
			r := w.Of(o, "10.00")
			w.Server.Next(assisttest.Refuse(17, 3)) // the external refund id is renewed, so Assist doesn't hold a second payment
			w.Until(w.Carrier(), w.Enqueue(r), time.Hour, storetest.Final)
			require.Equal(t, "10.00", w.Moved(o))
			require.NoError(t, s.Close())
			for _, end := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(path + end)
			}
			if tt.mark != nil {
				require.NoError(t, tt.mark(path+"-mark"))
			}
			w.Pass(24 * time.Hour)

			for range 2 { // and opened once more, as a second process does
				s, err := Open(path)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, s.Close()) })
				require.NoError(t, refunds.Migrate(t.Context(), s))
				w.Store = s
				w.Book = w.NewBook()
			}
			id := w.Enqueue(r)
			stats, err := w.Book.Stats(t.Context())
			require.NoError(t, err)
			if !tt.held {
				require.Empty(t, stats.Held)
				return
			}
			require.Equal(t, []string{w.Merchant()}, stats.Held)
			c := w.Carrier()
			w.Until(c, id, 2*time.Hour, storetest.Final)
			require.ErrorIs(t, w.Book.Release(t.Context(), w.Merchant(), storetest.Person("anna")), refunds.ErrNotReconciled)
			_, err = c.Reconcile(t.Context(), w.Merchant(), w.Now().Add(-20*time.Hour), w.Now())
			require.NoError(t, err)
			w.Pass(time.Minute)
			if w.Book.Release(t.Context(), w.Merchant(), storetest.Person("anna")) == nil {
				w.Until(c, id, 2*time.Hour, storetest.NeedsPerson)
				require.False(t, w.Get(id).NeedsPerson.IsZero(), "the lost cancel may be this refund")
			}
			require.Equal(t, "10.00", w.Moved(o))
		})
	}
}

// A process that dies before the mark is written leaves a store that is used as
// any new one.
func TestDiedBeforeTheFirstMark(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "refunds.db")
	s, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, refunds.Migrate(t.Context(), s))
	_, _, _, err = s.known(t.Context(), "here")
	require.NoError(t, err)
	w := storetest.NewWorld(t, s)
	w.Enqueue(w.Of(w.Pay(), "10.00"))
	stats, err := w.Book.Stats(t.Context())
	require.NoError(t, err)
	require.Empty(t, stats.Held)
}
