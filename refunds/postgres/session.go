package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/assist-go/assist/refunds/internal/sqlstore"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// session takes a connection of the pool and speaks to pgx, which can send
// several statements in one round trip.
func session(ctx context.Context, db *sql.DB, f func(sqlstore.Conn) error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Raw(func(raw any) error {
		conn, ok := raw.(*stdlib.Conn)
		if !ok {
			return errors.New("postgres: the pool must be of the driver pgx")
		}
		return f(connection{conn.Conn()})
	})
}

// errRolledBack: PostgreSQL answers the COMMIT of a transaction that has failed
// without an error.
var errRolledBack = errors.New("postgres: the transaction was rolled back")

type connection struct{ c *pgx.Conn }

func (c connection) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	tag, err := c.c.Exec(ctx, text, args...)
	return tag.RowsAffected(), err
}

func (c connection) Query(ctx context.Context, text string, args ...any) (sqlstore.Rows, error) {
	r, err := c.c.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return rows{r}, nil
}

// Batch implements sqlstore.Batcher.
func (c connection) Batch(ctx context.Context, all []sqlstore.Statement) (err error) {
	batch := &pgx.Batch{}
	for _, s := range all {
		batch.Queue(s.Text, s.Args...)
	}
	answers := c.c.SendBatch(ctx, batch)
	defer func() {
		if e := answers.Close(); err == nil {
			err = e
		}
	}()
	for _, s := range all {
		n, err := answer(answers, s)
		if err != nil {
			return s.Meaning(err)
		}
		if s.Done == nil {
			continue
		}
		if err := s.Done(n); err != nil {
			return err
		}
	}
	return nil
}

func answer(answers pgx.BatchResults, s sqlstore.Statement) (int64, error) {
	if s.Next == nil {
		tag, err := answers.Exec()
		if err == nil && s.Text == "COMMIT" && tag.String() != "COMMIT" {
			return 0, errRolledBack
		}
		return tag.RowsAffected(), err
	}
	rows, err := answers.Query()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := int64(0)
	for ; rows.Next(); n++ {
		if err := rows.Scan(s.Next()...); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}
