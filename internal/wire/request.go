package wire

// Service is one of the web services of protocol §2.
type Service uint8

// The services that the client speaks. The zero value is none of them.
const (
	Cancel Service = iota + 1
	OrderResult
	OrderState
	ResultByDate
)

// String gives the service's own name, as it stands in its path.
func (s Service) String() string {
	switch s {
	case Cancel:
		return "wscancel"
	case OrderResult:
		return "orderresult"
	case OrderState:
		return "orderstate"
	case ResultByDate:
		return "resultbydate"
	}
	return "unknown service"
}

// Param is one parameter of a request: its name as the documentation spells
// it for a form ("CancelReason") and its text. SOAP and JSON write the name in
// lower case.
type Param struct {
	Name, Value string
}

// Request is one request, ready to be written by a codec. Every text is
// already checked: a codec escapes, and decides nothing.
type Request struct {
	Service Service
	// Subject is what is asked about: Billnumber or Ordernumber. It is empty
	// for ResultByDate. SOAP wants it ahead of the credentials.
	Subject Param
	// The merchant's credentials.
	MerchantID, Login, Password string
	// Params follow in this order.
	Params []Param
	// ChequeItems are the items of a cheque, each a list of parameters with
	// lower-case names.
	ChequeItems [][]Param
	// Format is the number of the answer's format. Only a url-encoded form
	// carries it; empty means that it isn't sent.
	Format string
}
