package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/assist-go/assist/refunds/internal/sqlstore"
)

// prepared bounds the statements that a connection keeps. The program has some
// sixty texts; only those with lists of texts differ from call to call.
const prepared = 200

// connector opens connections that keep their prepared statements: preparing
// costs as much as a statement itself.
type connector struct {
	driver driver.Driver
	name   string
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	raw, err := c.driver.Open(c.name)
	if err != nil {
		return nil, err
	}
	dc, ok := raw.(driverConn)
	if !ok {
		return nil, errors.Join(errors.New("sqlite: the driver's connection lacks something"), raw.Close())
	}
	return &connection{dc, map[string]driver.Stmt{}}, nil
}

// driverConn is what database/sql asks of a connection of the driver.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// connection speaks to the driver past database/sql, beside what database/sql
// does by it.
type connection struct {
	driverConn
	kept map[string]driver.Stmt
}

// Close ends the statements too: SQLite keeps a file open until they are.
func (c *connection) Close() error {
	for _, s := range c.kept {
		_ = s.Close()
	}
	return c.driverConn.Close()
}

func session(ctx context.Context, db *sql.DB, f func(sqlstore.Conn) error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Raw(func(raw any) error { return f(raw.(*connection)) })
}

// statement prepares a text, or takes the one that is kept.
func (c *connection) statement(text string) (s driver.Stmt, end func(), err error) {
	if s, ok := c.kept[text]; ok {
		return s, func() {}, nil
	}
	if s, err = c.PrepareContext(context.Background(), text); err != nil {
		return nil, nil, err
	}
	if len(c.kept) < prepared {
		c.kept[text] = s
		return s, func() {}, nil
	}
	return s, func() { _ = s.Close() }, nil
}

// waits tells a statement that waits for another process's lock, which a caller
// may not want to. The others end at once, and the driver's way to break one off
// costs a goroutine for each.
func waits(text string) bool { return strings.HasPrefix(text, "BEGIN ") }

// Exec implements sqlstore.Conn.
func (c *connection) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if !waits(text) {
		ctx = context.Background()
	}
	s, end, err := c.statement(text)
	if err != nil {
		return 0, err
	}
	defer end()
	r, err := s.(driver.StmtExecContext).ExecContext(ctx, named(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query implements sqlstore.Conn.
func (c *connection) Query(ctx context.Context, text string, args ...any) (sqlstore.Rows, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s, end, err := c.statement(text)
	if err != nil {
		return nil, err
	}
	r, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		end()
		return nil, err
	}
	return &rows{r: r, end: end, values: make([]driver.Value, len(r.Columns()))}, nil
}

func named(args []any) []driver.NamedValue {
	all := make([]driver.NamedValue, len(args))
	for i, a := range args {
		all[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return all
}

type rows struct {
	r      driver.Rows
	end    func()
	values []driver.Value
	err    error
}

func (r *rows) Next() bool {
	r.err = r.r.Next(r.values)
	return r.err == nil
}

func (r *rows) Err() error {
	if r.err == io.EOF {
		return nil
	}
	return r.err
}

func (r *rows) Close() error {
	err := r.r.Close()
	r.end()
	return err
}

func (r *rows) Scan(targets ...any) error {
	for i, target := range targets {
		ok := false
		switch p := target.(type) {
		case *int64:
			*p, ok = r.values[i].(int64)
		case *string:
			*p, ok = r.values[i].(string)
		}
		if !ok {
			return fmt.Errorf("sqlite: a %T where a %T is wanted", r.values[i], target)
		}
	}
	return nil
}
