// Package documents runs what the documents of this module say.
package documents

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/assist-go/assist/refunds/internal/pgtest"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)\n```")

// blocks are the pieces of SQL of a document.
func blocks(t *testing.T, document string) (all []string) {
	text, err := os.ReadFile(filepath.Join("../../../docs", document))
	require.NoError(t, err)
	for _, found := range sqlBlock.FindAllStringSubmatch(string(text), -1) {
		all = append(all, found[1])
	}
	return all
}

var (
	comment  = regexp.MustCompile(`(?m)--.*$`)
	argument = regexp.MustCompile(`\$[a-z_]+`)
)

// statements are those of a block, without what begins and ends a transaction.
func statements(block string) (all []string) {
	for _, s := range strings.Split(comment.ReplaceAllString(block, ""), ";") {
		if s = strings.TrimSpace(s); s != "" && s != "BEGIN" && s != "COMMIT" {
			all = append(all, s)
		}
	}
	return all
}

type values map[string]any

// database runs statements with arguments by name.
type database struct {
	*sql.DB
	named bool
}

// run is one transaction. It tells how many rows each statement has changed, and
// is undone where the first has changed none, or all must change one and one
// doesn't.
func (d database) run(t *testing.T, text []string, args values, all bool) (changed []int64) {
	tx, err := d.Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	for i, s := range text {
		var given []any
		var names []string
		s = argument.ReplaceAllStringFunc(s, func(name string) string {
			value, ok := args[name[1:]]
			require.True(t, ok, name)
			if d.named {
				given = append(given, sql.Named(name[1:], value))
				return name
			}
			at := slices.Index(names, name)
			if at < 0 {
				names, given = append(names, name), append(given, value)
				at = len(names) - 1
			}
			return "$" + strconv.Itoa(at+1)
		})
		r, err := tx.Exec(s, given...)
		require.NoError(t, err, s)
		n, err := r.RowsAffected()
		require.NoError(t, err)
		changed = append(changed, n)
		if n == 0 && (all || i == 0) {
			return changed
		}
	}
	require.NoError(t, tx.Commit())
	return changed
}

func (d database) text(t *testing.T, query string) string {
	var s sql.NullString
	require.NoError(t, d.QueryRow(query).Scan(&s))
	return s.String
}

func open(t *testing.T, driver, dsn string) database {
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return database{db, driver == "sqlite"}
}

func TestSeveralProcesses(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		severalProcesses(t, open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "shop.db")+"?_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		severalProcesses(t, open(t, "pgx", pgtest.DSN(t)))
	})
}

func severalProcesses(t *testing.T, d database) {
	b := blocks(t, "several-processes.md")
	require.Len(t, b, 4)
	tables, send, end := statements(b[0]), statements(b[1]), statements(b[2])
	notSent := append(statements(b[3]), end[1:]...)
	require.Len(t, send, 3)
	require.Len(t, end, 3)
	for _, s := range tables {
		_, err := d.Exec(s)
		require.NoError(t, err, s)
	}
	for _, s := range []string{`INSERT INTO payments (billnumber) VALUES ('57')`,
		`INSERT INTO refunds (id, billnumber, amount, state) VALUES ('one', '57', '10.00 RUB', 'pending'), ('two', '57', '5.00 RUB', 'pending')`} {
		_, err := d.Exec(s)
		require.NoError(t, err)
	}
	sending := func(intent, refund string, payment, version int) values {
		return values{"intent": intent, "billnumber": "57", "payment_version": payment, "refund": refund, "refund_version": version, "token": "token of " + intent}
	}
	ending := func(intent, refund string, sent int, state string, outcome any) values {
		return values{"intent": intent, "billnumber": "57", "refund": refund, "sent_version": sent, "new": state, "outcome": outcome,
			"operations": "57.2", "token": "cancellation of " + intent}
	}
	state := func(refund string) string { return d.text(t, `SELECT state FROM refunds WHERE id = '`+refund+`'`) }

	// Of eight that read the same versions, one sends.
	var group sync.WaitGroup
	var mu sync.Mutex
	var won []string
	for i := range 8 {
		group.Go(func() {
			intent := "intent " + strconv.Itoa(i)
			if changed := d.run(t, send, sending(intent, "one", 0, 0), true); slices.Equal(changed, []int64{1, 1, 1}) {
				mu.Lock()
				defer mu.Unlock()
				won = append(won, intent)
			}
		})
	}
	group.Wait()
	require.Len(t, won, 1)
	assert.Equal(t, won[0], d.text(t, `SELECT open_intent FROM payments`))
	assert.Equal(t, "1", d.text(t, `SELECT count(*) FROM attempts`))

	// A loser was NotSent, by the version that it would have made; nothing of the
	// winner's changes.
	assert.Equal(t, []int64{0}, d.run(t, notSent, ending("intent of a loser", "one", 1, "pending", "not sent"), false))
	assert.Equal(t, "sent", state("one"))

	// While it is open, nothing else of the payment is sent, with whatever version.
	assert.Equal(t, []int64{0}, d.run(t, send, sending("other", "two", 1, 0), true))

	// In process: the outcome stays open, the payment is free for another.
	assert.Equal(t, []int64{1, 1, 1}, d.run(t, end, ending(won[0], "one", 1, "in process", nil), false))
	assert.Equal(t, []int64{1, 1, 1}, d.run(t, send, sending("second", "two", 1, 0), true))
	assert.Equal(t, []int64{1, 1, 0}, d.run(t, end, ending(won[0], "one", 1, "done", "accepted"), false))
	assert.Equal(t, "done", state("one"))
	assert.Equal(t, "second", d.text(t, `SELECT open_intent FROM payments`), "the other's cancel is still open")

	// Who knows later changes nothing.
	assert.Equal(t, []int64{0}, d.run(t, end, ending(won[0], "one", 1, "refused", "rejected"), false))
	assert.Equal(t, "done", state("one"))

	// NotSent leaves no attempt, and the next send is another version.
	assert.Equal(t, []int64{1, 1, 1}, d.run(t, notSent, ending("second", "two", 1, "pending", "not sent"), false))
	assert.Equal(t, "pending", state("two"))
	assert.NotEmpty(t, d.text(t, `SELECT free_since FROM payments`))
	assert.Equal(t, []int64{0}, d.run(t, send, sending("stale", "two", 1, 0), true), "the payment was sent for since it was read")
	assert.Equal(t, []int64{1, 0}, d.run(t, send, sending("stale", "two", 2, 0), true), "and so was the refund")
	assert.Empty(t, d.text(t, `SELECT open_intent FROM payments`))
	assert.Equal(t, []int64{1, 1, 1}, d.run(t, send, sending("third", "two", 2, 1), true))
	assert.Equal(t, []int64{1, 1, 1}, d.run(t, end, ending("third", "two", 2, "done", "accepted"), false))
	assert.Equal(t, "2", d.text(t, `SELECT count(*) FROM attempts WHERE outcome = 'accepted'`))
}
