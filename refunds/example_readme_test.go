package refunds_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
)

// The code of README.md and README.ru.md. readme_test.go holds them equal to what
// stands here, and runs it.

func Example_firstProgram() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	ctx := context.Background()
	client, err := assist.NewClient(os.Getenv("ASSIST_URL"), assist.Credentials{
		MerchantID: os.Getenv("ASSIST_MERCHANT_ID"), Login: os.Getenv("ASSIST_LOGIN"), Password: assist.NewSecret(os.Getenv("ASSIST_PASSWORD"))})
	check(err)
	store, err := sqlite.Open("refunds.db") // or postgres.Open(dsn, "")
	check(err)
	check(refunds.Migrate(ctx, store))
	book, err := refunds.NewBook(ctx, store)
	check(err)
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{client.MerchantID(): client})
	check(err)
	go carrier.Run(ctx)

	amount, err := assist.ParseMoney("10.00", "RUB")
	check(err)
	id, err := book.Enqueue(ctx, refunds.Refund{
		Key: "card-refund-1", MerchantID: client.MerchantID(), // the same key is the same refund, for ever
		Request: assist.CancelRequest{Billnumber: "5100000000000001", OrderNumber: "card", Amount: amount}})
	check(err)
	record, err := book.Await(ctx, id) // run it again after a kill: it goes on
	check(err)
	fmt.Println(record.State) // done
}

// giveBack stores a row of the shop's and the refund: both, or neither.
func giveBack(ctx context.Context, db *sql.DB, book *refunds.Book, order string, r refunds.Refund) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	id, err := book.EnqueueTx(ctx, tx, r)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO returns (refund, number) VALUES ($1, $2)`, int64(id), order); err != nil {
		return err
	}
	return tx.Commit()
}

// returned counts what went back. Its transaction also marks the event as
// delivered, so it counts once, whatever is killed.
func returned(ctx context.Context, tx *sql.Tx, e refunds.Event) error {
	if e.From == e.To || e.To != refunds.Done {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE returns SET done = done + 1 WHERE refund = $1`, int64(e.Refund))
	return err
}
