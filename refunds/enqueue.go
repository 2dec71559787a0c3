package refunds

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/sqlstore"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// Enqueue stores a refund durably and gives its number. From then on a carrier
// brings it to a known end, whatever crashes.
//
// The same key with the same content (all of Request, and Whole) gives the
// refund that is there, also after its end and after Purge; with another
// content it is [ErrKeyTaken]. So a caller that doesn't know whether an Enqueue
// has happened calls it again with the same key. What can't be sent is an
// [*InvalidError].
func (b *Book) Enqueue(ctx context.Context, r Refund) (ID, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	var id ID
	err := b.store.Update(ctx, func(tx storage.Tx) (err error) {
		id, err = b.enqueue(ctx, tx, r)
		return err
	})
	if err != nil {
		return 0, err
	}
	b.wake()
	return id, nil
}

// EnqueueTx is Enqueue within the merchant's own transaction: both are stored,
// or neither. A transaction of another database is [ErrForeignTx]; one whose
// commit could be lost in a crash is [ErrNotDurable]. Of PostgreSQL it is one of
// database/sql; postgres.EnqueueTx takes one of pgx.
func (b *Book) EnqueueTx(ctx context.Context, tx *sql.Tx, r Refund) (ID, error) {
	return b.EnqueueWithin(ctx, sqlstore.SQLTx(tx), tx, r)
}

// EnqueueWithin serves this module's own packages: see EnqueueTx.
func (b *Book) EnqueueWithin(ctx context.Context, conn sqlstore.Conn, raw *sql.Tx, r Refund) (ID, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	joins, ok := b.store.(interface {
		Join(context.Context, sqlstore.Conn, *sql.Tx, string) (storage.Tx, error)
	})
	if !ok {
		return 0, fmt.Errorf("refunds: %w", ErrForeignTx)
	}
	tx, err := joins.Join(ctx, conn, raw, b.id)
	if err != nil {
		return 0, fmt.Errorf("refunds: %w", err)
	}
	return b.enqueue(ctx, tx, r)
}

func (b *Book) enqueue(ctx context.Context, tx storage.Tx, r Refund) (ID, error) {
	row := b.rowOf(r)
	row.State = int64(Pending)
	return b.insert(ctx, tx, row, storage.Event{Kind: string(Enqueued), Actor: "program"})
}

// insert stores a new refund, or finds the one that has its key.
func (b *Book) insert(ctx context.Context, tx storage.Tx, row *storage.Refund, e storage.Event) (ID, error) {
	if err := b.newMerchant(ctx, tx, row.Merchant); err != nil {
		return 0, err
	}
	made, err := insertPayment(ctx, tx, row.Merchant, row.Payment)
	if err != nil {
		return 0, err
	}
	inserted, err := tx.Insert(ctx, row)
	if err != nil {
		return 0, err
	}
	if !inserted {
		old, err := byKey(ctx, tx, row.Merchant, row.Key)
		if !errors.Is(err, ErrNotFound) { // else it was purged between the two statements
			return same(ID(old.ID), old.Content, row.Content, err)
		}
	}
	if id, purged, err := b.purgedKey(ctx, tx, row, inserted); err != nil || purged {
		if err == nil && made { // nobody else has seen it: it went with its last refund
			err = tx.Delete(ctx, &storage.Payment{Merchant: row.Merchant, Payment: row.Payment})
		}
		return id, err
	}
	e.Refund, e.Merchant, e.ToState, e.At = row.ID, row.Merchant, row.State, row.Created
	return ID(row.ID), b.note(ctx, tx, e)
}

// insertPayment makes a payment's row, where there is none. One that is there is
// locked, since Purge takes it away with its last refund. Made is whether it was
// made here.
func insertPayment(ctx context.Context, tx storage.Tx, merchant, payment string) (made bool, err error) {
	p := &storage.Payment{Merchant: merchant, Payment: payment}
	made, err = tx.Insert(ctx, p)
	if err != nil || made {
		return made, err
	}
	there, err := tx.Get(ctx, p, storage.ForShare)
	if err == nil && !there {
		made, err = tx.Insert(ctx, &storage.Payment{Merchant: merchant, Payment: payment})
	}
	return made, err
}

// purgedKey tells whether the key of a refund that was just inserted is one of a
// purged refund, whose number stands for it: then the new row goes again.
//
// Only after the insert can that be told. The key is one of the unique rule's: an
// insert beside a row of the same key that is being deleted waits until the
// delete has been committed, and Purge commits the tombstone with it. So once the
// insert has succeeded there is no refund of the key, no Purge of one is open,
// and none can begin before this transaction ends: a tombstone that isn't there
// now will not come. Looked for before the insert, it could come between the two.
// SQLite and memory have one writer at a time, so for them both orders are the
// same. What a merchant's own transaction can't see, because it looks at the
// database as of an earlier moment, is Tx.There's to find.
func (b *Book) purgedKey(ctx context.Context, tx storage.Tx, row *storage.Refund, inserted bool) (ID, bool, error) {
	grave := &storage.Tombstone{Merchant: row.Merchant, Key: row.Key}
	found, err := tx.There(ctx, grave)
	switch {
	case err != nil:
		return 0, false, err
	case !found && !inserted:
		return 0, false, fmt.Errorf("refunds: the refund of the key was deleted past Purge: %w", ErrNotFound)
	case !found:
		return 0, false, nil
	case inserted:
		if err := tx.Delete(ctx, row); err != nil {
			return 0, false, err
		}
	}
	id, err := same(ID(grave.Refund), grave.Content, row.Content, nil)
	return id, true, err
}

func same(id ID, stored, asked string, err error) (ID, error) {
	if err == nil && stored != asked {
		err = ErrKeyTaken
	}
	if err != nil {
		return 0, err
	}
	return id, nil
}

// byKey gives the refund of a key, or an empty one with an error.
func byKey(ctx context.Context, tx storage.Tx, merchant, key string) (*storage.Refund, error) {
	found, err := storage.Find[storage.Refund](ctx, tx, storage.Query{Limit: 1, Where: []storage.Cond{storage.Eq("merchant", merchant), storage.Eq("key", key)}})
	if err != nil {
		return &storage.Refund{}, err
	}
	if len(found) == 0 {
		return &storage.Refund{}, ErrNotFound
	}
	return found[0], nil
}

func (b *Book) rowOf(r Refund) *storage.Refund {
	now := b.now()
	next := now
	if r.NotBefore.After(now) {
		next = r.NotBefore
	}
	row := &storage.Refund{
		Merchant: r.MerchantID, Key: r.Key, Payment: string(r.Request.Billnumber.Payment()), Billnumber: string(r.Request.Billnumber),
		OrderNumber: r.Request.OrderNumber, OrderDate: micros(r.Request.OrderDate), Minor: r.Request.Amount.Minor(), Currency: r.Request.Amount.Currency(),
		Request: encodeRequest(r.Request), RefundNumber: 1, NextAt: micros(next), NotBefore: micros(r.NotBefore), Note: r.Note, Created: micros(now),
	}
	if r.Whole {
		row.Whole = 1
	}
	if next != now {
		row.Waits = int64(ForTime)
	}
	row.Content = b.hash(row.Billnumber, row.OrderNumber, strconv.FormatInt(row.OrderDate, 10), strconv.FormatInt(row.Minor, 10), row.Currency,
		strconv.FormatInt(row.Whole, 10), row.Request)
	return row
}

// stored is what of a request has no column of its own.
type stored struct {
	Reason   assist.CancelReason `json:"r,omitempty"`
	ClientIP netip.Addr          `json:"ip,omitzero"`
	Items    []assist.ChequeItem `json:"items,omitempty"`
}

func encodeRequest(req assist.CancelRequest) string {
	text, err := json.Marshal(stored{Reason: req.Reason, ClientIP: req.ClientIP, Items: req.ChequeItems})
	if err != nil {
		return "" // can't be: numbers, texts and an address
	}
	return string(text)
}

// requestOf is what a stored refund asks Assist for.
func requestOf(r *storage.Refund) (assist.CancelRequest, error) {
	amount, err := assist.NewMoney(r.Minor, r.Currency)
	if err != nil {
		return assist.CancelRequest{}, err
	}
	req := assist.CancelRequest{Billnumber: assist.Billnumber(r.Billnumber), OrderNumber: r.OrderNumber, OrderDate: instant(r.OrderDate), Amount: amount}
	if r.Request != "" {
		var s stored
		if err := json.Unmarshal([]byte(r.Request), &s); err != nil {
			return req, fmt.Errorf("refunds: the stored request of refund %d can't be read: %w", r.ID, err)
		}
		req.Reason, req.ClientIP, req.ChequeItems = s.Reason, s.ClientIP, s.Items
	}
	return req, nil
}

// externalRefundID is the same for every cancel of a refund until Assist has
// refused one: then it knows the id, and a new number is needed. After an
// unknown outcome it stays, so that a cancel that arrives late and the one that
// was sent in its place can't both be performed.
func externalRefundID(r *storage.Refund) string {
	sum := sha256.Sum256([]byte(r.Merchant + "\x00" + r.Key))
	return hex.EncodeToString(sum[:16]) + "-" + strconv.FormatInt(r.RefundNumber, 10)
}

// check refuses what can't be sent, before it is promised to anybody.
func (r Refund) check() error {
	switch n := utf8.RuneCountInString(r.Key); {
	case n < 1 || n > 200 || !utf8.ValidString(r.Key):
		return &InvalidError{Field: "Key", Reason: "must be 1 to 200 characters"}
	case r.MerchantID == "" || !digits(r.MerchantID):
		return &InvalidError{Field: "MerchantID", Reason: "must be digits"}
	case r.Request.ExternalRefundID != "":
		return &InvalidError{Field: "Request.ExternalRefundID", Reason: "must be empty: the carrier makes it"}
	case len(r.Note) > 2000:
		return &InvalidError{Field: "Note", Reason: "must have at most 2000 bytes"}
	case !r.NotBefore.IsZero() && r.NotBefore.UnixMicro() <= 0:
		return &InvalidError{Field: "NotBefore", Reason: "must be after 1970"}
	case r.Whole && len(r.Request.ChequeItems) > 0:
		return &InvalidError{Field: "Request.ChequeItems", Reason: "go with a partial refund"}
	}
	req := r.Request
	req.ExternalRefundID = "0123456789-1"
	if _, err := assist.ParseBillnumber(string(req.Billnumber)); err != nil {
		return &InvalidError{Field: "Request.Billnumber", Reason: "must be a billnumber", Err: err}
	}
	// A client whose context is over checks a request and sends nothing.
	over, end := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer end()
	client, err := checker()
	if err != nil {
		return err
	}
	_, err = client.Cancel(over, req)
	var invalid *assist.ValidationError
	if errors.As(err, &invalid) {
		return &InvalidError{Field: "Request." + invalid.Field, Reason: invalid.Reason, Err: invalid}
	}
	return nil
}

var checker = sync.OnceValues(func() (*assist.Client, error) {
	return assist.NewClient("https://127.0.0.1", assist.Credentials{MerchantID: "1", Login: "none", Password: assist.NewSecret("none")})
})

func digits(text string) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
