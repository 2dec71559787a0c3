package refunds

import (
	"context"
	"errors"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Errors of a [Guard].
var (
	// ErrMeanwhile: a refund of the payment was stored that the person wasn't shown.
	// Nothing was stored; look again.
	ErrMeanwhile = errors.New("refunds: another refund of the payment was stored meanwhile")
	// ErrAboveSum: the person has asked for more than Guard.Sum with it. Nothing was
	// stored.
	ErrAboveSum = errors.New("refunds: above what the person may ask for")
)

// Guard is what must still be so when a proposal is stored, whatever other processes
// store at the same moment: a page that checks before it stores can't hold it alone.
// The refund that has the proposal's key already counts for neither. The zero value
// guards nothing.
type Guard struct {
	// Seen is the newest refund of the payment that the person was shown; with Shown
	// a newer one is [ErrMeanwhile]. Zero with Shown: they were shown none.
	Seen  ID
	Shown bool
	// Sum is how much the person may ask for since an instant, together with this
	// refund; more is [ErrAboveSum]. Zero is no limit, and so is another currency.
	// Refunds that were refused, denied or taken back don't count.
	Sum   assist.Money
	Since time.Time
}

// guarded holds a proposal against its guard. The locks are those rows' that every
// other guarded proposal locks, too: what it reads after is what is committed.
func (b *Book) guarded(ctx context.Context, tx storage.Tx, row *storage.Refund, g Guard) error {
	if g.Shown {
		if _, err := b.lockPayment(ctx, tx, row.Merchant, row.Payment); err != nil {
			return err
		}
		newer, err := tx.Count(ctx, row.Table(), storage.Eq("merchant", row.Merchant), storage.Eq("payment", row.Payment), storage.More("id", int64(g.Seen)), storage.Not("key", row.Key))
		if err != nil {
			return err
		}
		if newer > 0 {
			return ErrMeanwhile
		}
	}
	if g.Sum.IsZero() || g.Sum.Currency() != row.Currency {
		return nil
	}
	lease := &storage.Lease{Name: "asks " + row.Merchant + " " + row.Asker}
	if _, err := tx.Insert(ctx, lease); err != nil {
		return err
	}
	if _, err := tx.Get(ctx, lease, storage.ForUpdate); err != nil {
		return err
	}
	asked, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Where: []storage.Cond{
		storage.Eq("asker", row.Asker), storage.NotEmpty("asker"), storage.AtLeast("created", micros(g.Since)), storage.Eq("merchant", row.Merchant)}})
	if err != nil {
		return err
	}
	sum := row.Minor
	for _, r := range asked {
		if r.Currency == row.Currency && countsBeside(r, row) {
			sum += r.Minor
		}
	}
	if sum > g.Sum.Minor() {
		return ErrAboveSum
	}
	return nil
}
