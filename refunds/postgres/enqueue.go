package postgres

import (
	"context"

	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/internal/sqlstore"
	"github.com/jackc/pgx/v5"
)

// EnqueueTx is refunds.Book.EnqueueTx for a transaction of pgx: the merchant's
// own rows and the refund are stored together, or neither.
func EnqueueTx(ctx context.Context, b *refunds.Book, tx pgx.Tx, r refunds.Refund) (refunds.ID, error) {
	return b.EnqueueWithin(ctx, joined{tx}, nil, r)
}

// joined is a transaction that somebody else has begun.
type joined struct{ tx pgx.Tx }

func (c joined) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	tag, err := c.tx.Exec(ctx, text, args...)
	return tag.RowsAffected(), err
}

func (c joined) Query(ctx context.Context, text string, args ...any) (sqlstore.Rows, error) {
	r, err := c.tx.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return rows{r}, nil
}

type rows struct{ pgx.Rows }

func (r rows) Close() error {
	r.Rows.Close()
	return r.Rows.Err()
}
