package profile_test

import (
	"testing"

	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAStoreIsAPathOrPostgreSQL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://app@db/refunds":        "postgres://app@db/refunds",
		"postgresql://app:x@db/refunds":    "postgresql://app:x@db/refunds",
		"host=db user=app dbname=refunds":  "host=db user=app dbname=refunds",
		"/var/lib/assist/refunds.db":       "/var/lib/assist/refunds.db",
		"sqlite:/var/lib/assist/r.db":      "/var/lib/assist/r.db",
		"sqlite:///var/lib/assist/r.db":    "/var/lib/assist/r.db",
		"refunds.db":                       "/settings/refunds.db",
		"./refunds.db":                     "/settings/refunds.db",
		"../data/refunds.db":               "/data/refunds.db",
		"./a=b.db":                         "/settings/a=b.db",
		"/srv/user=app password=x/data.db": "/srv/user=app password=x/data.db",
		"~/refunds.db":                     "/home/anna/refunds.db",
		"возвраты.db":                      "/settings/возвраты.db",
	} {
		got, err := profile.Store(text, "/settings", "/home/anna")
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "sqlite:", "/", "data/", "user=app password=secret77 host=db", "dbname=refunds host=db", " host=db", "host = db password = secret77", "password=secret77",
		"Postgres://app:secret77@db/refunds", "POSTGRESQL://app:secret77@db/r", "postgre://app:secret77@db/r", "mysql://app:secret77@db/r", "sqlite3://r.db", "sqlite://r.db", "sqlite:mysql://x:secret77@db",
		"jdbc:postgresql://db/r", "postgres:app", "file:r.db", "file:r.db?mode=memory", ":memory:", "http://db/r", "app:secret77@db/refunds", "postgres ://app:secret77@db", "r.db\n", "~other/r.db",
	} {
		_, err := profile.Store(text, "/settings", "/home/anna")
		require.ErrorIs(t, err, profile.ErrStore, text)
		assert.NotContains(t, err.Error(), "secret77")
	}
}

func TestAPasswordIsSeenInEverySpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"postgres://app:secret@db/r": true, "postgres://app@db/r?password=secret": true, "postgres://app@db/r?sslPassword=s": true, "host=db password=secret": true, "host=db PASSWORD = 'se cret'": true,
		"postgres://app:se%zzcret@db/r": true, "Postgres://app:secret@db/r": true, "mysql://app:secret@db/r": true,
		"postgres://app@db/r": false, "postgres://db/r": false, "host=db user=app": false, "r.db": false, "/srv/passwords/r.db": false, "./password.db": false, "sqlite:/srv/password": false,
	} {
		assert.Equal(t, want, profile.HasPassword(text), text)
	}
}
