package assisttest

import "fmt"

// refusal is a pair of codes (protocol §9) that says why nothing was done.
type refusal struct {
	first, second    int
	russian, english string
	hint             string // for whoever writes the test
	shape            refusalShape
}

// refusalShape is where the codes stand in a SOAP or JSON fault (protocol §4).
type refusalShape int

const (
	codesAsSet    refusalShape = iota // as the server is set
	codesInDetail                     // firstcode and secondcode in the detail
	codesInText                       // faultstring is nothing but the pair
	codesAsFault                      // faultcode and faultstring, alone
)

// First codes.
const (
	codeMissing    = 3
	codeFormat     = 4
	codeValue      = 5
	codeAccess     = 7
	codeNone       = 10
	codeDuplicate  = 11
	codeProhibited = 15
	codeLimits     = 17
)

// Second codes.
const (
	aboutFrequency = 3
	aboutInterval  = 4
	aboutMerchant  = 100
	aboutLogin     = 101
	aboutPassword  = 102
	aboutFormat    = 103
	aboutCurrency  = 105
	aboutNumber    = 107
	aboutAmount    = 108
	aboutClientIP  = 116
	aboutLanguage  = 127
	aboutBill      = 143
	aboutCheque    = 179
	aboutOrder     = 201
	aboutPacket    = 215
	aboutOperation = 216
	aboutCancel    = 308
)

func refuse(first, second int) *refusal {
	return &refusal{first: first, second: second}
}

// text is the refusal in words. Where the protocol knows none, the codes stand
// in, in a form that can't be mistaken for codes on their own.
func (r *refusal) text(language string) string {
	switch {
	case r.russian == "" && language == "EN":
		return fmt.Sprintf("The operation is refused (first code %d, second code %d)", r.first, r.second)
	case r.russian == "":
		return fmt.Sprintf("В операции отказано (первый код %d, второй код %d)", r.first, r.second)
	case language == "EN":
		return r.english
	}
	return r.russian
}

// shapeOf is that of one refusal.
func (s *Server) shapeOf(r *refusal) refusalShape {
	if r.shape != codesAsSet {
		return r.shape
	}
	return s.shape
}

// tellHint writes what to do into the log of a test, where it is read when the
// test fails.
func (s *Server) tellHint(r *refusal) {
	if log, ok := s.tb.(interface{ Logf(string, ...any) }); ok && r.hint != "" && !s.closed {
		log.Logf("%s", r.hint)
	}
}
