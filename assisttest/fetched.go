package assisttest

import (
	"time"

	"github.com/assist-go/assist"
)

// Order gives an order as the order result service would tell it now, by its
// plain or an extended billnumber, whatever its date.
func (s *Server) Order(b assist.Billnumber) (assist.Order, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	o := s.orderOf(string(b.Payment()))
	if o == nil {
		return assist.Order{}, false
	}
	return s.fetched(o, s.now()), true
}

// Orders gives all orders of all merchants, failed attempts included.
func (s *Server) Orders() []assist.Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	var orders []assist.Order
	for _, m := range s.merchants {
		for _, o := range m.orders {
			orders = append(orders, s.fetched(o, s.now()))
		}
	}
	return orders
}

func (s *Server) orderOf(billnumber string) *order {
	for _, m := range s.merchants {
		if o := m.byBillnumber[billnumber]; o != nil {
			return o
		}
	}
	return nil
}

// fetched is an order in the client's types.
func (s *Server) fetched(o *order, now time.Time) assist.Order {
	v := viewOf(Fault{}, now)
	a := s.orderAnswer(o, "EN", v, true)
	fetched := assist.Order{
		Billnumber: assist.Billnumber(o.billnumber), Number: o.number, Comment: o.comment, TestMode: o.test,
		Amount: moneyOf(o.amount), Date: o.date.Truncate(time.Second), State: assist.OrderState(a.order["orderstate"]),
		Customer:   assist.Customer{FirstName: o.first, LastName: o.last, MiddleName: o.middle, Email: o.email},
		PacketDate: now.UTC().Truncate(time.Minute), Signature: a.order["signature"], CheckValue: a.order["checkvalue"],
	}
	for i, shown := range v.rows(o.operations) {
		op, texts := shown.op, a.operations[i]
		fetched.Operations = append(fetched.Operations, assist.Operation{
			Billnumber: billnumberOf(op), Type: assist.OperationType(op.kind), State: assist.OperationState(shown.state),
			Amount: moneyOf(op.amount), Date: op.date.Truncate(time.Second), ResponseCode: assist.ResponseCode(shown.code),
			MeanTypeID: op.mean, MeanTypeName: texts["meantypename"], MeanNumber: op.pan,
			CardHolder: op.holder, CardExpiration: op.expires, IssueBank: op.bank, BankCountry: op.country, IPAddress: op.ip,
			CustomerMessage: texts["customermessage"], ApprovalCode: op.approval,
			ProcessingName: texts["processingname"],
		})
	}
	return fetched
}
