// Command checkout is a shop that gives money back: an HTTP server with orders
// of its own, in SQLite, or in PostgreSQL by DATABASE_URL.
//
//	go run .
//
// It says how to ask for a refund, of orders that the simulated Assist makes up.
// Kill it with kill -9 whenever you like, start it again, and repeat what got no
// answer, with the same key. Who may ask is for your own login to say.
package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/postgres"
	"github.com/assist-go/assist/refunds/sqlite"
)

//go:embed schema.sql
var schema string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

type shop struct {
	db       *sql.DB
	book     *refunds.Book
	merchant string
}

// open gives the shop's database and the refunds in it. They are in one database,
// so that one transaction can write to both.
func open(dsn string) (*sql.DB, refunds.Store, error) {
	if dsn != "" {
		db, err := sql.Open("pgx", dsn)
		if err != nil {
			return nil, nil, err
		}
		store, err := postgres.New(db, "public")
		return db, store, err
	}
	store, err := sqlite.Open("checkout.db")
	if err != nil {
		return nil, nil, err
	}
	db, err := sql.Open("sqlite", "file:checkout.db?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	return db, store, err
}

// newShop makes the tables and what carries the refunds. The options are for tests.
func newShop(ctx context.Context, dsn string, client *assist.Client, opts ...refunds.Option) (*shop, *refunds.Carrier, error) {
	db, store, err := open(dsn)
	if err != nil {
		return nil, nil, err
	}
	if err := refunds.Migrate(ctx, store); err != nil {
		return nil, nil, err
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, nil, err
	}
	book, err := refunds.NewBook(ctx, store, opts...)
	if err != nil {
		return nil, nil, err
	}
	s := &shop{db, book, client.MerchantID()}
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{s.merchant: client}, refunds.Handle("shop", s.heard),
		refunds.Alert(func(_ context.Context, r *refunds.Record) {
			log.Printf("refund %d needs a person: %s", r.ID, r.PersonWhy)
		}))
	return s, carrier, err
}

var errTooMuch = errors.New("that is more than is left of the order")

// giveBack stores that an amount is to go back: in the shop's tables and for the
// carrier, both or neither. The same key again is the same refund, and has the
// same answer.
func (s *shop) giveBack(ctx context.Context, key, number, amount string) (*refund, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() // after a commit it does nothing
	o, err := readOrder(ctx, tx, number)
	if err != nil {
		return nil, err
	}
	money, err := assist.ParseMoney(amount, o.Paid.Currency())
	if err != nil {
		return nil, err
	}
	request := assist.CancelRequest{Billnumber: o.Billnumber, OrderNumber: number, OrderDate: o.PaidAt, Amount: money}
	id, err := s.book.EnqueueTx(ctx, tx, refunds.Refund{Key: key, MerchantID: s.merchant, Request: request})
	if err != nil {
		return nil, err // refunds.ErrKeyTaken, if the key was another refund's
	}
	added, err := changes(tx.ExecContext(ctx, `INSERT INTO returns (key, number, minor, refund, state) VALUES ($1, $2, $3, $4, 'pending') ON CONFLICT DO NOTHING`,
		key, number, money.Minor(), int64(id)))
	if err == nil && added { // else it was asked for before, and counted then
		var fits bool
		fits, err = changes(tx.ExecContext(ctx, `UPDATE orders SET asked = asked + $1 WHERE number = $2 AND asked + $1 <= paid`, money.Minor(), number))
		if err == nil && !fits {
			err = errTooMuch
		}
	}
	if err != nil {
		return nil, err
	}
	return &refund{Key: key, Order: number, Amount: money, ID: id}, tx.Commit()
}

// heard keeps the shop's tables up with the refunds. It runs in the transaction
// that marks the event as delivered, so each sum is added once, whatever is killed.
func (s *shop) heard(ctx context.Context, tx *sql.Tx, e refunds.Event) error {
	if e.From == e.To { // a change of nothing that the shop keeps
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE returns SET state = $1 WHERE refund = $2`, e.To.String(), int64(e.Refund))
	switch {
	case err != nil:
	case e.To == refunds.Done:
		_, err = tx.ExecContext(ctx, `UPDATE orders SET returned = returned + r.minor FROM returns r WHERE r.number = orders.number AND r.refund = $1`, int64(e.Refund))
	case e.To.Final() && !e.To.MayHaveMoved():
		_, err = tx.ExecContext(ctx, `UPDATE orders SET asked = asked - r.minor FROM returns r WHERE r.number = orders.number AND r.refund = $1`, int64(e.Refund))
	}
	return err
}
