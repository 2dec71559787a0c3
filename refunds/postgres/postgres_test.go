package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/pgtest"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
)

type store struct {
	*Store
	db     *sql.DB
	schema string
}

func (s store) DB() *sql.DB    { return s.db }
func (s store) Prefix() string { return s.schema + "." }

var schemas atomic.Int64

// One server serves all tests of the package.
var shared struct {
	sync.Mutex
	dsn   string
	stops []func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, stop := range shared.stops {
		stop()
	}
	os.Exit(code)
}

// untilTheEnd lets what a test has started live for all others.
type untilTheEnd struct{ testing.TB }

func (untilTheEnd) Cleanup(f func()) { shared.stops = append(shared.stops, f) }

func opener(tb testing.TB) storetest.Open {
	shared.Lock()
	if shared.dsn == "" {
		shared.dsn = pgtest.DSN(untilTheEnd{tb})
	}
	dsn := shared.dsn
	shared.Unlock()
	admin, err := sql.Open("pgx", dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, admin.Close()) })
	return func(tb testing.TB) refunds.Store {
		schema := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
		_, err := admin.Exec("CREATE SCHEMA " + schema)
		require.NoError(tb, err)
		db, err := sql.Open("pgx", dsn)
		require.NoError(tb, err)
		db.SetMaxOpenConns(4)
		s, err := New(db, schema)
		require.NoError(tb, err)
		tb.Cleanup(func() { require.NoError(tb, s.Close()) })
		return store{s, db, schema}
	}
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, opener(t))
}

func TestEnqueueTxOfPgx(t *testing.T) {
	s := opener(t)(t).(store)
	require.NoError(t, refunds.Migrate(t.Context(), s))
	book, err := refunds.NewBook(t.Context(), s)
	require.NoError(t, err)
	conn, err := s.db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	amount, err := assist.NewMoney(1000, "RUB")
	require.NoError(t, err)
	r := refunds.Refund{Key: "k", MerchantID: "700027", Request: assist.CancelRequest{Billnumber: "5700027202722028", OrderNumber: "1", Amount: amount}}
	require.NoError(t, conn.Raw(func(raw any) error {
		pg := raw.(*stdlib.Conn).Conn()
		for _, end := range []func(pgx.Tx) error{func(tx pgx.Tx) error { return tx.Rollback(t.Context()) }, func(tx pgx.Tx) error { return tx.Commit(t.Context()) }} {
			tx, err := pg.Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), "SET LOCAL synchronous_commit TO off")
			require.NoError(t, err)
			id, err := EnqueueTx(t.Context(), book, tx, r)
			require.NoError(t, err)
			var durable string
			require.NoError(t, tx.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&durable))
			require.Equal(t, "on", durable, "whatever the merchant has set")
			require.NoError(t, end(tx))
			require.NotZero(t, id)
		}
		return nil
	}))
	rec, err := book.ByKey(t.Context(), "700027", "k")
	require.NoError(t, err)
	require.Equal(t, refunds.Pending, rec.State)
}

func TestMigrationSQL(t *testing.T) {
	s := opener(t)(t).(store)
	text, err := MigrationSQL(s.schema)
	require.NoError(t, err)
	_, err = s.db.Exec(text)
	require.NoError(t, err)
	require.NoError(t, refunds.Migrate(t.Context(), s))
	_, err = refunds.NewBook(t.Context(), s)
	require.NoError(t, err)
	_, err = MigrationSQL(`public"; DROP TABLE x`)
	require.Error(t, err)
	_, err = New(s.db, "Upper Case")
	require.Error(t, err)
	// An event can't be changed, deleted or cut off, by SQL either.
	for _, change := range []string{"UPDATE", "DELETE", "TRUNCATE"} {
		text := map[string]string{"UPDATE": "UPDATE %s.refund_events SET reason = ''", "DELETE": "DELETE FROM %s.refund_events", "TRUNCATE": "TRUNCATE %s.refund_events"}[change]
		_, err := s.db.Exec(fmt.Sprintf(text, s.schema))
		require.ErrorContains(t, err, "only added to", change)
	}
}

// Migrations of several processes at once.
func TestMigrateAtOnce(t *testing.T) {
	s := opener(t)(t)
	errs := make(chan error)
	for range 4 {
		go func() { errs <- refunds.Migrate(t.Context(), s) }()
	}
	for range 4 {
		require.NoError(t, <-errs)
	}
}

func BenchmarkCarry(b *testing.B) { storetest.Carry(b, opener(b)) }
func BenchmarkTicks(b *testing.B) { storetest.Ticks(b, opener(b)) }

// The server dies as in a crash, over and over, under a carrier: nothing is lost,
// nothing is paid twice.
func TestServerDiesUnderACarrier(t *testing.T) {
	if testing.Short() || os.Getenv("ASSIST_POSTGRES") != "" {
		t.Skip("restarts a server of its own")
	}
	opener(t) // skips where there is none
	server, err := pgtest.Start("")
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	s, err := Open(server.DSN, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w := storetest.NewWorld(t, s)
	c := w.Carrier(refunds.Workers(4))
	var orders []assist.Order
	var ids []refunds.ID
	for range 60 {
		orders = append(orders, w.Pay())
		ids = append(ids, w.Enqueue(w.Of(orders[len(orders)-1], "10.00")))
	}
	var restarts sync.WaitGroup
	restarts.Go(func() {
		for range 3 {
			require.NoError(t, server.Restart())
		}
	})
	failed := 0
	for range 200 {
		if _, err := c.Step(t.Context()); err != nil {
			failed++
		}
		w.Pass(time.Minute)
	}
	restarts.Wait()
	for i, id := range ids {
		rec := w.Until(c, id, 40*time.Hour, func(r *refunds.Record) bool { return r.State.Final() || !r.NeedsPerson.IsZero() })
		if rec.State == refunds.Done {
			require.Equal(t, "10.00", w.Moved(orders[i]))
			continue
		}
		// Stored as begun by a commit that reported an error, and nobody there to
		// say that nothing was sent.
		require.Equal(t, refunds.Sent, rec.State, rec.Detail)
		require.Equal(t, "0.00", w.Moved(orders[i]))
	}
	t.Logf("%d steps failed", failed)
}

// Events are committed in another order than they are numbered. A handler that
// reads by the highest number it had would lose the late one.
func TestEventsCommittedOutOfOrder(t *testing.T) {
	s := opener(t)(t).(store)
	w := storetest.NewWorld(t, s)
	var told []refunds.ID
	c := w.Carrier(refunds.Handle("shop", func(_ context.Context, _ *sql.Tx, e refunds.Event) error {
		if e.Kind == refunds.Enqueued {
			told = append(told, e.Refund)
		}
		return nil
	}))
	w.Enqueue(w.Of(w.Pay(), "10.00")) // the merchant's row is there
	w.Step(c)
	told = nil
	late, err := s.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	first, err := w.Book.EnqueueTx(t.Context(), late, w.Of(w.Pay(), "10.00"))
	require.NoError(t, err)
	second := w.Enqueue(w.Of(w.Pay(), "10.00"))
	w.Step(c)
	require.Equal(t, []refunds.ID{second}, told)
	require.NoError(t, late.Commit())
	w.Step(c)
	require.Equal(t, []refunds.ID{second, first}, told)
	v, err := w.Book.Verify(t.Context())
	require.NoError(t, err)
	require.Empty(t, v.Broken)
}

// Another server takes over under a running process: nothing more is sent until
// the store was compared.
func TestAnotherServerUnderARunningProcess(t *testing.T) {
	s := opener(t)(t).(store)
	w := storetest.NewWorld(t, s)
	w.Until(w.Carrier(), w.Enqueue(w.Of(w.Pay(), "10.00")), time.Hour, storetest.Final)
	id := w.Enqueue(w.Of(w.Pay(), "10.00"))
	moved, err := New(s.db, s.schema)
	require.NoError(t, err)
	w.Book = elsewhere(t, moved, w)
	c := w.Carrier()
	before := len(w.Server.Requests())
	w.Step(c)
	rec := w.Get(id)
	require.Equal(t, refunds.Pending, rec.State)
	for _, q := range w.Server.Requests()[before:] {
		require.NotEqual(t, assisttest.Cancels, q.Service)
	}
	st, err := w.Book.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{w.Merchant()}, st.Held)
}

// elsewhere opens a Book whose database then is another copy.
func elsewhere(t *testing.T, s *Store, w *storetest.World) *refunds.Book {
	b, err := refunds.NewBook(t.Context(), &opensElsewhere{Store: s}, refunds.Clock(w.Now))
	require.NoError(t, err)
	_, err = w.Store.(store).db.Exec("UPDATE " + w.Store.(store).schema + ".refund_merchants SET held = 0, held_why = '', reconciled_complete = 0")
	require.NoError(t, err)
	return b
}

// opensElsewhere is at another place when it is first asked.
type opensElsewhere struct {
	*Store
	asked bool
}

func (o *opensElsewhere) Place(ctx context.Context) (string, error) {
	if !o.asked {
		o.asked = true
		return "1/00000001", nil
	}
	return o.Store.Place(ctx)
}
