package assisttest

import (
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/pipenet"
)

// Option sets up a [Server].
type Option func(*Server)

// WithMerchant adds a merchant. The first one is that of [Server.Credentials];
// without any, the server makes one up.
func WithMerchant(credentials assist.Credentials) Option {
	return func(s *Server) {
		s.merchants = append(s.merchants, newMerchant(credentials.MerchantID, credentials.Login, credentials.Password.Reveal()))
	}
}

// WithClock is [Server.SetClock] from the start.
func WithClock(clock func() time.Time) Option {
	return func(s *Server) { s.clock = clock }
}

// WithDocumentedOrders preloads the orders of the documents behind protocol §4,
// [DocumentedWebMoney] and [DocumentedQIWI], as they stood before the documented
// cancels. Unless the server is given a clock, its own stands at the WebMoney
// cancel of 24 October 2013. The first cancel of each of the two orders happens
// at its documented instant; from there the clock runs on.
func WithDocumentedOrders() Option {
	return func(s *Server) { s.preload = true }
}

// WithSettleDelay sets after which time of the server's clock a cancel in
// process settles, by itself with success. Without it that is three minutes.
func WithSettleDelay(d time.Duration) Option {
	return func(s *Server) { s.settleDelay = d }
}

// WithListingDelay keeps every cancel out of order results and results by date
// for a time of the server's clock.
func WithListingDelay(d time.Duration) Option {
	return func(s *Server) { s.listingDelay = d }
}

// WithQIWIInProcess lets QIWI answer AS300 to every cancel, as it does at times
// (protocol §6).
func WithQIWIInProcess() Option {
	return func(s *Server) { s.qiwiInProcess = true }
}

// WithAllCancelsListed lets wscancel answer with all cancels of the order, not
// only with those that the request made. The documents can be read both ways
// (protocol §4).
func WithAllCancelsListed() Option {
	return func(s *Server) { s.listAll = true }
}

// WithCodesInText makes faultstring of a SOAP or JSON fault nothing but the codes,
// as "5-108", and leaves them out of the detail, whose message stays. Which form
// Assist has is not known (protocol §4).
func WithCodesInText() Option {
	return func(s *Server) { s.shape = codesInText }
}

// WithDocumentedFaults gives every SOAP and JSON refusal the shape that Assist's
// page prints: faultcode is the first code, faultstring the second, and the detail
// is empty. Then no message tells a day balance from a wrong amount.
func WithDocumentedFaults() Option {
	return func(s *Server) { s.shape = codesAsFault }
}

// WithFaultStatus sets the HTTP status of a SOAP Fault. Without it that is 500.
func WithFaultStatus(status int) Option {
	return func(s *Server) { s.faultStatus = status }
}

// WithMaxInterval refuses questions about a longer period with second code 4.
// Assist publishes no limit (protocol §5).
func WithMaxInterval(service Service, longest time.Duration) Option {
	return func(s *Server) { s.longest[service] = longest }
}

// WithMinInterval refuses with second code 3 a question that comes sooner after
// the last one: about the same order, or any at all of [ResultsByDate].
func WithMinInterval(service Service, pause time.Duration) Option {
	return func(s *Server) { s.pause[service] = pause }
}

// WithEmptyNotFound lets the order services answer without codes and without an
// order when they find nothing, in place of 10/201 (protocol §5).
func WithEmptyNotFound() Option {
	return func(s *Server) { s.emptyNotFound = true }
}

// WithJSONNumbers writes amounts in JSON as numbers, which lose the zeros at
// their end (protocol §4).
func WithJSONNumbers() Option {
	return func(s *Server) { s.jsonNumbers = true }
}

// WithPlainBillnumbers lets cancel.cfm answer with the plain billnumber, which
// one capture shows (protocol §4).
func WithPlainBillnumbers() Option {
	return func(s *Server) { s.plainBillnumbers = true }
}

// WithCommission sets what the bank keeps of a wallet's payments, in parts per
// million, as the rates of package ledger are: 35_000 is 3.5 %. It lowers the day
// balance (protocol §6).
func WithCommission(w assist.Wallet, partsPerMillion int) Option {
	return func(s *Server) { s.commission[ownWallet(w)] = int64(partsPerMillion) }
}

// WithOpeningBalance lets every Moscow day of a wallet begin with some turnover,
// as if other customers had paid. Without it a merchant can give back no more
// than what [Server.Pay] has booked that day: the first cancel of a wallet in a
// test is refused with 5/108, and the test's log says so.
func WithOpeningBalance(w assist.Wallet, turnover assist.Money) Option {
	return func(s *Server) { s.opening[ownWallet(w)] = amountOf(turnover) }
}

// WithSigner signs answers: it gets the texts that a signature can cover and
// gives the text of the element. Without it the element is empty.
func WithSigner(sign func(SignedTexts) string) Option {
	return func(s *Server) { s.signer = sign }
}

// WithCheckValueSecret puts a check value (protocol §8) into the answers of the
// order services.
func WithCheckValueSecret(secret assist.Secret) Option {
	return func(s *Server) { s.checkSecret = secret.Reveal() }
}

// InMemory lets [NewServer] serve over net.Pipe in place of a loopback address.
// In a bubble of testing/synctest it is the only way. Reach such a server with
// [Server.Client] or [Server.HTTPClient]; its URL leads nowhere else.
func InMemory() Option {
	return func(s *Server) { s.pipes = pipenet.New() }
}
