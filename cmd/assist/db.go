package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/profile"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

func dbCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "db", Short: "make the store's tables, and copy it"}
	c.AddCommand(
		&cobra.Command{
			Use:   "migrate",
			Short: "make the store's tables, or bring them to this version",
			Args:  cobra.NoArgs,
			RunE:  func(cmd *cobra.Command, _ []string) error { return a.migrate(cmd.Context()) },
		},
		&cobra.Command{
			Use:   "backup FILE",
			Short: "copy a SQLite store while it is in use",
			Long: `Copy a SQLite store into a new file while it is in use. What is sent after the copy
was made isn't in it: before a restored copy is carried on, hold the merchant
(assist release --hold), reconcile from before the copy, and release.`,
			Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.backup(cmd.Context(), args[0]) },
		})
	return c
}

func (a *app) migrate(ctx context.Context) error {
	p, err := a.settings()
	if err != nil {
		return err
	}
	store, err := openStore(p)
	if err != nil {
		return err
	}
	err = errors.Join(refunds.Migrate(ctx, store), store.Close())
	if err == nil {
		a.note("таблицы готовы", "the tables are ready")
	}
	return err
}

func (a *app) backup(ctx context.Context, to string) (err error) {
	p, err := a.settings()
	if err != nil {
		return err
	}
	if profile.IsPostgres(p.Store) {
		return exitcode.New(exitcode.Usage, "%s", a.text("для PostgreSQL: pg_dump", "for PostgreSQL use pg_dump"))
	}
	if _, err := os.Stat(to); err == nil {
		return exitcode.New(exitcode.Refused, "%s", a.text("%s уже есть", "%s is there already", to))
	}
	path := p.Store
	if _, err := os.Stat(path); err != nil {
		return exitcode.New(exitcode.NotFound, "%v", err)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return os.Chmod(to, 0o600)
}
