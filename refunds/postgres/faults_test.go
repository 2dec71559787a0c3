package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/pgtest"
	"github.com/assist-go/assist/refunds/internal/storetest"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// full lets the server say that its disk is full, to each such statement on a
// table: by the code that it has for that.
func full(t *testing.T, s store, when, table string) (room func()) {
	t.Helper()
	_, err := s.db.Exec(fmt.Sprintf(`CREATE FUNCTION %[1]s.is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
		CREATE TRIGGER is_full BEFORE %[2]s ON %[1]s.%[3]s FOR EACH ROW EXECUTE FUNCTION %[1]s.is_full()`, s.schema, when, table))
	require.NoError(t, err)
	return func() {
		_, err := s.db.Exec(fmt.Sprintf(`DROP TRIGGER is_full ON %[1]s.%[2]s; DROP FUNCTION %[1]s.is_full()`, s.schema, table))
		assert.NoError(t, err)
	}
}

// lines waits in a log for a text.
type lines struct {
	text  string
	found chan struct{}
	once  sync.Once
}

func (l *lines) Write(p []byte) (int, error) {
	if strings.Contains(string(p), l.text) {
		l.once.Do(func() { close(l.found) })
	}
	return len(p), nil
}

// A disk that is full at each step of a refund: a clear error, nothing is lost,
// nothing moves twice, and with room it goes on by itself.
func TestFullDisk(t *testing.T) {
	s := opener(t)(t).(store)
	w := storetest.NewWorld(t, s)
	o := w.Pay()
	r := w.Of(o, "10.00")
	room := full(t, s, "INSERT", "refunds")
	_, err := w.Book.Enqueue(t.Context(), r)
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "53100", refused.Code)
	_, err = w.Book.ByKey(t.Context(), r.MerchantID, r.Key)
	require.ErrorIs(t, err, refunds.ErrNotFound, "nothing was stored")
	room()
	id := w.Enqueue(r)

	c := w.Carrier()
	room = full(t, s, "INSERT", "refund_attempts")
	w.Step(c)
	rec := w.Get(id)
	assert.Equal(t, refunds.Pending, rec.State)
	assert.Contains(t, rec.Detail, "53100")
	assert.Equal(t, "0.00", w.Moved(o), "what has no room to be stored isn't sent")
	room()

	log := &lines{text: "storing an outcome", found: make(chan struct{})}
	w.Book = w.NewBook(refunds.Logger(slog.New(slog.NewTextHandler(log, nil))))
	c = w.Carrier()
	w.Pass(10 * time.Minute)
	room = full(t, s, "UPDATE", "refund_attempts")
	stepped := make(chan error)
	go func() {
		_, err := c.Step(t.Context())
		stepped <- err
	}()
	select {
	case <-log.found:
	case err := <-stepped:
		require.Fail(t, "it has stored an outcome without room", "%v", err)
	}
	assert.Equal(t, "10.00", w.Moved(o), "it was sent")
	assert.Equal(t, refunds.Sent, w.Get(id).State, "and what became of it is kept")
	room()
	require.NoError(t, <-stepped)
	assert.Equal(t, refunds.Done, w.Get(id).State)
	assert.Len(t, w.Get(id).Attempts, 1)
	assert.Equal(t, "10.00", w.Moved(o))
}

// The restore of docs/refunds-operations.md on PostgreSQL: a dump that is loaded
// into the same cluster, which no process can see. Refunds went on in between;
// held, reconciled and decided by persons, each is paid once.
func TestRestore(t *testing.T) {
	pgtest.Need(t)
	server, err := pgtest.Start("")
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	admin, err := sql.Open("pgx", server.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, admin.Close()) })
	do := func(statement string) {
		t.Helper()
		_, err := admin.Exec(statement)
		require.NoError(t, err)
	}
	open := func() *Store {
		dsn, err := url.Parse(server.DSN)
		require.NoError(t, err)
		dsn.Path = "/live"
		s, err := Open(dsn.String(), "")
		require.NoError(t, err)
		return s
	}
	do(`CREATE DATABASE live`)
	s := open()
	w := storetest.NewWorld(t, s)
	before := w.Pay()
	require.Equal(t, refunds.Done, w.Until(w.Carrier(), w.Enqueue(w.Of(before, "10.00")), time.Hour, storetest.Final).State)
	unknown := w.Pay()
	w.Server.Next(assisttest.DieAfter())
	lost := w.Enqueue(w.Of(unknown, "10.00"))
	w.Step(w.Carrier())
	require.Equal(t, refunds.Sent, w.Get(lost).State)
	queued := w.Pay()
	waiting := w.Enqueue(w.Of(queued, "10.00"))
	require.NoError(t, s.Close())
	do(`CREATE DATABASE copy TEMPLATE live`)

	s = open()
	w.Store, w.Book = s, nil
	w.Book = w.NewBook()
	w.Pass(5 * time.Minute)
	for _, id := range []refunds.ID{lost, waiting} {
		require.Equal(t, refunds.Done, w.Until(w.Carrier(), id, time.Hour, storetest.Final).State)
	}
	newer := w.Pay()
	asked := w.Of(newer, "10.00")
	require.Equal(t, refunds.Done, w.Until(w.Carrier(), w.Enqueue(asked), time.Hour, storetest.Final).State)
	require.NoError(t, s.Close())
	w.Pass(2 * time.Hour)
	do(`DROP DATABASE live`)
	do(`ALTER DATABASE copy RENAME TO live`)

	s = open()
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w.Store = s
	w.Book = w.NewBook()
	require.NoError(t, w.Book.Hold(t.Context(), w.Merchant(), storetest.Person("anna")))
	c := w.Carrier()
	w.Step(c)
	assert.Equal(t, refunds.Pending, w.Get(waiting).State, "held: nothing is sent")
	assert.Equal(t, refunds.Done, w.Get(lost).State, "what was sent is followed on")
	report, err := c.Reconcile(t.Context(), w.Merchant(), w.Now().Add(-6*time.Hour), w.Now())
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Len(t, report.Strange, 2, "of what was lost with the database")
	assert.True(t, storetest.NeedsPerson(w.Get(waiting)), "it may be one of them")
	again := w.Enqueue(asked) // the shop asks for what the store has lost
	require.NoError(t, w.Book.Release(t.Context(), w.Merchant(), storetest.Person("anna")))
	w.Step(c)
	assert.True(t, storetest.NeedsPerson(w.Get(again)), "long after its cancel")
	operations := map[assist.Billnumber]assist.Billnumber{}
	for _, p := range report.Strange {
		operations[p.Operation.Billnumber.Payment()] = p.Operation.Billnumber
	}
	for id, o := range map[refunds.ID]assist.Order{waiting: queued, again: newer} {
		_, err := w.Book.ProposeDecision(t.Context(), id, refunds.Decision{Kind: refunds.ItWas, Operation: operations[o.Billnumber]}, storetest.Person("anna"))
		require.NoError(t, err)
		assert.Equal(t, refunds.Done, w.Until(c, id, 24*time.Hour, storetest.Final).State)
	}
	for _, o := range []assist.Order{before, unknown, queued, newer} {
		assert.Equal(t, "10.00", w.Moved(o), "once")
	}
	v, err := w.Book.Verify(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	assert.Empty(t, v.Broken)
}

// A server that is away has no wrong tables.
func TestAServerThatIsAwayIsNoSchema(t *testing.T) {
	t.Parallel()
	s, err := Open("postgres://postgres@127.0.0.1:1/postgres?sslmode=disable&connect_timeout=2", "")
	require.NoError(t, err)
	defer s.Close()
	_, err = refunds.NewBook(t.Context(), s)
	require.Error(t, err)
	require.NotErrorIs(t, err, refunds.ErrSchema)
}
