package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
)

// order is an order as it is shown.
type order struct {
	Number     string            `json:"order"`
	Billnumber assist.Billnumber `json:"-"`
	PaidAt     time.Time         `json:"-"`
	Paid       assist.Money      `json:"paid"`
	Left       assist.Money      `json:"left"` // to ask for
	Returned   assist.Money      `json:"returned"`
	Refunds    []refund          `json:"refunds"`
}

// refund is one of an order. The answer to who asked for it has no state: the
// same question is to have the same answer.
type refund struct {
	Key    string       `json:"key"`
	Order  string       `json:"order"`
	Amount assist.Money `json:"amount"`
	ID     refunds.ID   `json:"refund"`
	State  string       `json:"state,omitempty"`
}

// NextKey is that of the form on a page: sent twice, it is one refund.
func (o *order) NextKey() string { return o.Number + "-" + rand.Text()[:8] }

// queries are a database or a transaction.
type queries interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

// paid is for the moment when an order was paid: when Assist's notification came.
func paid(ctx context.Context, q queries, o assist.Order) error {
	_, err := q.ExecContext(ctx, `INSERT INTO orders (number, billnumber, paid_at, currency, paid) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		o.Number, string(o.Billnumber), o.Date.Unix(), o.Amount.Currency(), o.Amount.Minor())
	return err
}

func readOrder(ctx context.Context, q queries, number string) (*order, error) {
	found, err := read(ctx, q, ` WHERE number = $1`, number)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, sql.ErrNoRows
	}
	return found[0], nil
}

func readOrders(ctx context.Context, q queries) ([]*order, error) {
	return read(ctx, q, ` ORDER BY number DESC LIMIT 50`)
}

// read reads one answer to its end before the next question: a transaction has
// one at a time.
func read(ctx context.Context, q queries, which string, args ...any) (orders []*order, err error) {
	rows, err := q.QueryContext(ctx, `SELECT number, billnumber, paid_at, currency, paid, asked, returned FROM orders`+which, args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var o order
		var currency string
		var paidAt, paid, asked, returned int64
		err = errors.Join(err, rows.Scan(&o.Number, &o.Billnumber, &paidAt, &currency, &paid, &asked, &returned))
		o.PaidAt = time.Unix(paidAt, 0).UTC()
		for money, minor := range map[*assist.Money]int64{&o.Paid: paid, &o.Left: paid - asked, &o.Returned: returned} {
			var e error
			*money, e = assist.NewMoney(minor, currency)
			err = errors.Join(err, e)
		}
		orders = append(orders, &o)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, o := range orders {
		if o.Refunds, err = readRefunds(ctx, q, o); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

func readRefunds(ctx context.Context, q queries, o *order) (all []refund, err error) {
	rows, err := q.QueryContext(ctx, `SELECT key, minor, refund, state FROM returns WHERE number = $1 ORDER BY refund`, o.Number)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		r := refund{Order: o.Number}
		var minor int64
		err = errors.Join(err, rows.Scan(&r.Key, &minor, &r.ID, &r.State))
		var e error
		r.Amount, e = assist.NewMoney(minor, o.Paid.Currency())
		err = errors.Join(err, e)
		all = append(all, r)
	}
	return all, errors.Join(err, rows.Err(), rows.Close())
}

// changes tells whether a statement has changed a row.
func changes(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}
