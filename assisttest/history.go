package assisttest

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/assist-go/assist"
)

// Request is what the server remembers of one request.
type Request struct {
	Time     time.Time   // of its arrival, on the server's clock, in UTC
	Service  Service     // empty where the path belongs to none
	Path     string      // as requested
	Header   http.Header // as it arrived
	Protocol string      // "SOAP", "JSON" or "form"; empty where it was none of them
	Format   string      // of the answer: "1" CSV, "3" XML, "4" SOAP, "5" JSON

	MerchantID  string
	Billnumber  assist.Billnumber
	OrderNumber string
	// Parameters are those of the request under their names in lower case,
	// without login and password.
	Parameters map[string]string

	// Worked says that the server acted on the request: it answered a question,
	// made a cancel or refused it with codes. A scripted fault can keep it from
	// that. A request that arrived twice is one entry.
	Worked bool
	// FirstCode and SecondCode are those of a refusal, else 0.
	FirstCode, SecondCode int
	// Operations are the cancels that it made, Amounts what each is for. Whether
	// the money went back, [Server.Moved] tells.
	Operations []assist.Billnumber
	Amounts    []assist.Money
}

// Requests gives all requests so far, in the order of their arrival. The copies
// are the caller's own.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	requests := make([]Request, 0, len(s.history))
	for _, r := range s.history {
		copied := *r
		copied.Header = r.Header.Clone()
		copied.Parameters = maps.Clone(r.Parameters)
		copied.Operations = slices.Clone(r.Operations)
		copied.Amounts = slices.Clone(r.Amounts)
		requests = append(requests, copied)
	}
	return requests
}

// remember begins the entry of a request.
func (s *Server) remember(r *http.Request, service Service, now time.Time) *Request {
	entry := &Request{Time: now, Service: service, Path: r.URL.Path, Header: r.Header.Clone()}
	s.history = append(s.history, entry)
	return entry
}

func (r *Request) read(c *call) {
	r.Protocol, r.Format = c.protocol, c.format
	r.MerchantID = c.parameters["merchant_id"]
	r.Billnumber = assist.Billnumber(c.parameters["billnumber"])
	r.OrderNumber = c.parameters["ordernumber"]
	r.Parameters = maps.Clone(c.parameters)
	delete(r.Parameters, "login")
	delete(r.Parameters, "password")
}
