package refunds

import (
	"context"
	"errors"

	"github.com/assist-go/assist/refunds/internal/memstore"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Store keeps refunds. The packages sqlite and postgres open one, and [Memory]
// makes one; nothing outside this module implements it.
type Store interface{ storage.Store }

// Memory makes a store that is empty and ends with the process: for tests. It
// holds the same rules as the databases. In it a handler's transaction is nil.
func Memory() Store { return memstore.New() }

// Migrate makes the store's tables, or brings them to this version of the
// module. It may run in several processes at once, beside processes of the
// version before, and changes nothing where nothing is to be done.
func Migrate(ctx context.Context, s Store) error { return s.Migrate(ctx) }

// Errors of a store. They come wrapped, with what was seen.
var (
	// ErrSchema: the tables are missing, older than this version of the module,
	// or of a version that this one can't work with.
	ErrSchema = storage.ErrSchema
	// ErrNotDurable: a commit could be lost in a crash, and with it the knowledge
	// that a cancel was sent.
	ErrNotDurable = storage.ErrNotDurable
	// ErrForeignTx: the transaction that EnqueueTx was given is one of another
	// database.
	ErrForeignTx = storage.ErrForeignTx
)

// Errors of a [Book]. They come wrapped, with what was seen.
var (
	// ErrKeyTaken: the key belongs to a refund of another content. Nothing was
	// stored.
	ErrKeyTaken = errors.New("refunds: the key is taken by another refund")
	// ErrNotFound: no such refund, or it was purged.
	ErrNotFound = errors.New("refunds: no such refund")
	// ErrUnderWay: something of it may have been sent, so it can't be withdrawn.
	ErrUnderWay = errors.New("refunds: something of it may have been sent")
	// ErrState: the refund is in a state in which this can't be done.
	ErrState = errors.New("refunds: its state doesn't allow that")
	// ErrSamePerson: who asked for it, or decided, can't also confirm it.
	ErrSamePerson = errors.New("refunds: another person is needed")
	// ErrExpired: the proposal is too old to be approved.
	ErrExpired = errors.New("refunds: the proposal has expired")
	// ErrTooEarly: a cancel may still be on its way; the decision is possible two
	// hours after it was sent.
	ErrTooEarly = errors.New("refunds: the cancel may still be on its way")
	// ErrIndexKey: the store was made with another [IndexKey].
	ErrIndexKey = errors.New("refunds: another index key than the store's")
)

// InvalidError says that a value given by the caller can't be stored. Nothing
// was.
type InvalidError struct {
	Field  string // as in the Go API: "Key", "Request.Amount"
	Reason string // the rule; never the value
	Err    error  // the cause, where there is one
}

func (e *InvalidError) Error() string { return "refunds: " + e.Field + ": " + e.Reason }

func (e *InvalidError) Unwrap() error { return e.Err }
