package assisttest

import "github.com/assist-go/assist"

// amountOf and moneyOf go by the text, so that the two exact types check each
// other on every call.
func amountOf(m assist.Money) amount {
	a, _ := parseAmount(m.Amount(), m.Currency())
	return a
}

func moneyOf(a amount) assist.Money {
	// An amount of this server is always one of assist.Money.
	m, _ := assist.ParseMoney(a.text(), a.currency)
	return m
}

// Moved tells how much money went back, by hand too: of all payments of an order
// by its plain billnumber, of one of several payments by its extended one (a hold
// that was released counts, and what was given back after its confirmation), and
// by the extended billnumber of a cancel what that one moved. A cancel in process
// has moved nothing. What the server does not know gives the zero Money.
func (s *Server) Moved(b assist.Billnumber) assist.Money {
	return s.sum(b, func(op *operation) int64 {
		if op.kind != kindCancel {
			return op.refunded
		}
		if op.state == stateSuccess {
			return op.amount.minor
		}
		return 0
	})
}

// Pending tells how much money cancels in process may still move, by the same
// billnumbers as [Server.Moved].
func (s *Server) Pending(b assist.Billnumber) assist.Money {
	return s.sum(b, func(op *operation) int64 {
		if op.kind != kindCancel {
			return op.pending
		}
		if op.state == stateInProcess {
			return op.amount.minor
		}
		return 0
	})
}

// sum adds up one operation, or all payments of an order with what confirmed
// them.
func (s *Server) sum(b assist.Billnumber, of func(*operation) int64) assist.Money {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	billnumber, operation, ok := splitBillnumber(string(b))
	o := s.orderOf(billnumber)
	if !ok || o == nil {
		return assist.Money{}
	}
	total := amount{0, o.operations[0].amount.currency}
	for _, op := range o.operations {
		if operation != 0 && op.number != operation || operation == 0 && op.kind != kindPayment {
			continue
		}
		total.minor += of(op)
		if op.confirmed != nil {
			total.minor += of(op.confirmed)
		}
	}
	if operation != 0 && o.operation(operation) == nil {
		return assist.Money{}
	}
	return moneyOf(total)
}

// DayBalance tells how much the first merchant may still give back on a wallet
// on the Moscow day of the server's clock (protocol §6).
func (s *Server) DayBalance(w assist.Wallet, currency string) assist.Money {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	return moneyOf(amount{max(s.balance(s.merchants[0], ownWallet(w), s.now(), currency), 0), currency})
}

func ownWallet(w assist.Wallet) wallet {
	switch w {
	case assist.WebMoney:
		return webMoney
	case assist.YandexMoney:
		return yandexMoney
	case assist.QIWI:
		return qiwi
	}
	return noWallet
}

func billnumberOf(op *operation) assist.Billnumber {
	return assist.Billnumber(op.billnumber())
}
