package refunds

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Book stores refunds, shows them and takes them back; it never talks to
// Assist. A [Carrier] does, in this process or in another. A Book is safe for
// concurrent use; make one with [NewBook].
type Book struct {
	store storage.Store
	id    string // of the store
	config
	nudge chan struct{}
	place atomic.Pointer[string] // that the merchants were last held for, or were found at
}

type config struct {
	now            func() time.Time
	real           bool // now is the machine's
	indexKey       []byte
	proposalExpiry time.Duration
	alone          assist.Money // up to this a person needs no second one
	log            *slog.Logger
}

// Option changes a Book. An option that can't be met makes [NewBook] fail with
// an [*InvalidError].
type Option func(*config) error

// Clock replaces [time.Now], for tests. It is the carrier's clock too, and the
// clients that it is given must have the same (assist.WithClock).
func Clock(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return &InvalidError{Field: "Clock", Reason: "must not be nil"}
		}
		c.now, c.real = now, false
		return nil
	}
}

// IndexKey is a secret of at least 16 bytes by which the store's hashes are
// keyed: those of e-mail addresses, and of what a key stands for. All processes
// give the same. Without it the store makes one and keeps it itself, which
// hides nothing from who can read the database.
func IndexKey(secret assist.Secret) Option {
	return func(c *config) error {
		c.indexKey = []byte(secret.Reveal())
		if len(c.indexKey) < 16 {
			return &InvalidError{Field: "IndexKey", Reason: "must have 16 bytes or more"}
		}
		return nil
	}
}

// ProposalExpiry is how long a proposal can be approved. The default is 72
// hours.
func ProposalExpiry(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return &InvalidError{Field: "ProposalExpiry", Reason: "must be more than nothing"}
		}
		c.proposalExpiry = d
		return nil
	}
}

// AloneUpTo lets a person's proposal go without a second person, for as long as
// the same person's proposals of one payment within 24 hours are together no
// more than the amount, and of its currency. The default is that each proposal
// needs a second person.
func AloneUpTo(limit assist.Money) Option {
	return func(c *config) error {
		c.alone = limit
		return nil
	}
}

// Logger gets one record for each change of state, with refund, payment and
// outcome; nothing secret or personal. The default is no log.
func Logger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return &InvalidError{Field: "Logger", Reason: "must not be nil"}
		}
		c.log = l
		return nil
	}
}

// NewBook refuses a store whose tables are missing or of another version
// ([ErrSchema]), that doesn't commit durably ([ErrNotDurable]), or that was
// made with another key ([ErrIndexKey]). Where the database is another copy
// than before (restored from a backup, another server), it holds all merchants:
// see [Book.Release].
func NewBook(ctx context.Context, s Store, opts ...Option) (*Book, error) {
	b := &Book{store: s, nudge: make(chan struct{}, 1),
		config: config{now: time.Now, real: true, proposalExpiry: 72 * time.Hour, log: slog.New(slog.DiscardHandler)}}
	if s == nil {
		return nil, &InvalidError{Field: "Store", Reason: "must not be nil"}
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, &InvalidError{Field: "Option", Reason: "must not be nil"}
		}
		if err := opt(&b.config); err != nil {
			return nil, err
		}
	}
	if err := s.Check(ctx); err != nil {
		return nil, fmt.Errorf("refunds: %w", err)
	}
	place, err := s.Place(ctx)
	if err != nil {
		return nil, fmt.Errorf("refunds: which copy of the database is open can't be told: %w", err)
	}
	b.place.Store(&place)
	err = s.Update(ctx, func(tx storage.Tx) error {
		if _, err := fixed(ctx, tx, "chain", "who links events locks this row"); err != nil {
			return err
		}
		if b.id, err = fixed(ctx, tx, "store", rand.Text()); err != nil {
			return err
		}
		if err := b.takeKey(ctx, tx); err != nil {
			return err
		}
		return b.holdElsewhere(ctx, tx, place)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// fixed gives the store's value of a name, which is set once.
func fixed(ctx context.Context, tx storage.Tx, name, value string) (string, error) {
	m := storage.Meta{Name: name, Value: value}
	inserted, err := tx.Insert(ctx, &m)
	if err != nil || inserted {
		return m.Value, err
	}
	_, err = tx.Get(ctx, &m, storage.NoLock)
	return m.Value, err
}

func (b *Book) takeKey(ctx context.Context, tx storage.Tx) error {
	given := b.indexKey != nil
	if !given {
		made, err := fixed(ctx, tx, "index key", rand.Text())
		if err != nil {
			return err
		}
		b.indexKey = []byte(made)
	}
	check, err := fixed(ctx, tx, "index key check", b.hash("check"))
	if err != nil {
		return err
	}
	if check != b.hash("check") {
		return ErrIndexKey
	}
	return nil
}

func (b *Book) openedAt() string { return *b.place.Load() }

// moved holds all merchants, since another server has taken over.
func (b *Book) moved(ctx context.Context) error {
	place, err := b.store.Place(ctx)
	if err != nil {
		return err
	}
	if err := b.store.Update(ctx, func(tx storage.Tx) error { return b.holdElsewhere(ctx, tx, place) }); err != nil {
		return err
	}
	b.place.Store(&place)
	return nil
}

// holdElsewhere holds every merchant when the database isn't the copy that it
// was: what was sent since that copy was made is known to Assist alone.
func (b *Book) holdElsewhere(ctx context.Context, tx storage.Tx, place string) error {
	was := storage.Meta{Name: storage.Place, Value: place}
	inserted, err := tx.Insert(ctx, &was)
	if err != nil || inserted {
		return err
	}
	if _, err := tx.Get(ctx, &was, storage.ForUpdate); err != nil || was.Value == place {
		return err
	}
	last, err := storage.Find[storage.Event](ctx, tx, storage.Query{Order: "-id", Limit: 1})
	if err != nil {
		return err
	}
	since := int64(1)
	if len(last) > 0 {
		since = last[0].At
	}
	all, err := storage.Find[storage.Merchant](ctx, tx, storage.Query{Lock: storage.ForUpdate})
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.LostSince == 0 || m.LostSince > since {
			m.LostSince = since
		}
		if err := b.hold(ctx, tx, m, Person{ID: storeActor, Name: storeActor, Reason: "the database is another copy: " + was.Value + " became " + place}); err != nil {
			return err
		}
	}
	// Merchants of which the copy knows nothing are held when they come.
	lost := storage.Meta{Name: lostSince, Value: strconv.FormatInt(since, 10)}
	if inserted, err := tx.Insert(ctx, &lost); err != nil {
		return err
	} else if !inserted {
		if _, err := tx.Get(ctx, &lost, storage.ForUpdate); err != nil {
			return err
		}
		if earlier, err := strconv.ParseInt(lost.Value, 10, 64); err != nil || since < earlier {
			lost.Value = strconv.FormatInt(since, 10)
			if err := tx.Save(ctx, &lost); err != nil {
				return err
			}
		}
	}
	was.Value = place
	return tx.Save(ctx, &was)
}

const (
	storeActor = "store"
	lostSince  = "lost since" // in refund_meta
)

// newMerchant makes a merchant's row, where there is none. In a restored copy it
// is held: what the merchant had before may be lost with its row.
func (b *Book) newMerchant(ctx context.Context, tx storage.Tx, id string) error {
	m := &storage.Merchant{Merchant: id}
	lost := storage.Meta{Name: lostSince}
	var there, restored bool
	if err := tx.Read(ctx, storage.One(&storage.Merchant{Merchant: id}, storage.NoLock, &there), storage.One(&lost, storage.NoLock, &restored)); err != nil || there {
		return err
	}
	inserted, err := tx.Insert(ctx, m)
	if err != nil || !inserted || !restored {
		return err
	}
	if m.LostSince, err = strconv.ParseInt(lost.Value, 10, 64); err != nil {
		return fmt.Errorf("refunds: refund_meta %q: %w", lostSince, err)
	}
	return b.hold(ctx, tx, m, Person{ID: storeActor, Name: storeActor, Reason: "the database is a restored copy that knows nothing of this merchant"})
}

// hash gives a keyed hash of some texts, so that they can be compared and not
// read.
func (b *Book) hash(texts ...string) string {
	h := hmac.New(sha256.New, b.indexKey)
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// wake tells a carrier of the same Book that something may be due.
func (b *Book) wake() {
	select {
	case b.nudge <- struct{}{}:
	default:
	}
}

// lockRefund reads a refund to change it.
func lockRefund(ctx context.Context, tx storage.Tx, id ID) (*storage.Refund, error) {
	r := &storage.Refund{ID: int64(id)}
	found, err := tx.Get(ctx, r, storage.ForUpdate)
	if err == nil && !found {
		err = ErrNotFound
	}
	return r, err
}

var errNothing = errors.New("nothing to do")

// update is Store.Update where errNothing undoes the transaction without being
// an error.
func (b *Book) update(ctx context.Context, f func(storage.Tx) error) error {
	return orNothing(b.store.Update(ctx, f))
}

// deliver is update for a transaction that a merchant's handler writes by too.
func (b *Book) deliver(ctx context.Context, f func(storage.Tx) error) error {
	return orNothing(b.store.Deliver(ctx, f))
}

func orNothing(err error) error {
	if err == errNothing { // itself: beside another error it hides nothing
		return nil
	}
	return err
}
