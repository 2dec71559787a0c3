package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/desk/demo"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
)

// demo is a desk on a simulated Assist. Everything of it is gone afterwards.
func (a *app) demo(ctx context.Context, f deskFlags) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "assist-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := sqlite.Open(filepath.Join(dir, "refunds.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := refunds.Migrate(ctx, store); err != nil {
		return err
	}
	world, err := demo.New(ctx, store, desk.Notice("Демо: Assist ненастоящий, деньги не двигаются. Роли и ошибки", "Demo: Assist is simulated, no money moves. Roles and faults", "/demo"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	a.note("демо: наполняется…", "demo: filling it …")
	if err := world.Fill(ctx); err != nil {
		return err
	}
	world.Run()
	a.note("роли и ошибки: http://%s/demo", "roles and faults: http://%s/demo", f.listen)
	return a.serveDesk(ctx, f, world.Handler())
}
