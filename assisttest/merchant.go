package assisttest

import (
	"time"

	"github.com/assist-go/assist"
)

// merchant is one enterprise with its credentials and orders.
type merchant struct {
	id, login, password string
	byBillnumber        map[string]*order
	byNumber            map[string][]*order // in the order of time
	orders              []*order
	ledger              map[ledgerKey]int64
	askedAt             map[string]time.Time // of the last question, by service and order number
}

func newMerchant(id, login, password string) *merchant {
	return &merchant{
		id: id, login: login, password: password,
		byBillnumber: make(map[string]*order),
		byNumber:     make(map[string][]*order),
		ledger:       make(map[ledgerKey]int64),
		askedAt:      make(map[string]time.Time),
	}
}

// SetCredentials changes the login and the password of the merchant with this
// number, as the personal account does: from now on a request with the former ones
// is refused (7/101, 7/102), however long it has been on its way. It panics where
// the server has no such merchant.
func (s *Server) SetCredentials(c assist.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchantOf(c.MerchantID)
	if m == nil {
		panic("assisttest: no merchant " + c.MerchantID)
	}
	m.login, m.password = c.Login, c.Password.Reveal()
}

// authenticate finds the merchant of a request (protocol §1).
func (s *Server) authenticate(p parameters) (*merchant, *refusal) {
	for _, required := range []struct {
		name string
		code int
	}{{"merchant_id", aboutMerchant}, {"login", aboutLogin}, {"password", aboutPassword}} {
		if p[required.name] == "" {
			return nil, refuse(codeMissing, required.code)
		}
	}
	m := s.merchantOf(p["merchant_id"])
	switch {
	case m == nil:
		return nil, refuse(codeNone, aboutMerchant)
	case m.login != p["login"]:
		return nil, refuse(codeAccess, aboutLogin)
	case m.password != p["password"]:
		return nil, refuse(codeAccess, aboutPassword)
	}
	return m, nil
}

func (s *Server) merchantOf(id string) *merchant {
	for _, m := range s.merchants {
		if m.id == id {
			return m
		}
	}
	return nil
}
