package refunds

import (
	"strings"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds/internal/storage"
)

// facts are what is kept of the payment.
func (c *Carrier) facts(v *view, order *assist.Order) (*Mean, string) {
	if v.payment.PaidAt != 0 {
		return nil, ""
	}
	return c.book.facts(order)
}

// facts reads what was paid out of the payments; where they leave it open, out of
// the order.
func (b *Book) facts(order *assist.Order) (*Mean, string) {
	m := &Mean{PaidAt: order.Date, Paid: order.Amount}
	if known, _, err := paidAndLeft(order, order.Billnumber.Payment(), b.now()); err == nil {
		m.Paid = known.Paid
		if !known.PaidAt.IsZero() {
			m.PaidAt = known.PaidAt
		}
	}
	for _, op := range order.Operations {
		if op.Type == assist.OperationPayment {
			m.TypeID, m.Last4 = op.MeanTypeID, lastFour(op.MeanNumber)
		}
	}
	email := ""
	if address := strings.TrimSpace(order.Customer.Email); address != "" {
		email = b.EmailKey(address)
	}
	return m, email
}

// keep stores the facts with the payment.
func keep(p *storage.Payment, m *Mean, email string) {
	p.MeanType, p.MeanLast4, p.PaidAt, p.PaidMinor, p.PaidCurrency = int64(m.TypeID), m.Last4, micros(m.PaidAt), m.Paid.Minor(), m.Paid.Currency()
	p.Email = email
}

// lastFour are the last digits of a card's or wallet's number, where they are
// shown.
func lastFour(number string) string {
	if len(number) < 8 {
		return ""
	}
	last := number[len(number)-4:]
	if !digits(last) {
		return ""
	}
	return last
}
