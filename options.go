package assist

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Option sets one thing about a [Client]. An option that can't be met makes
// [NewClient] fail with a [*ValidationError].
type Option func(*config) error

// config is what the options gather before the client is made.
type config struct {
	protocol        Protocol
	credentials     func(context.Context) (Credentials, error)
	httpClient      *http.Client
	transport       *Transport
	roundTripper    func(http.RoundTripper) http.RoundTripper
	rootCAs         *x509.CertPool
	certificate     *tls.Certificate
	userAgent       string
	cancelPath      string
	language        Language
	logger          *slog.Logger
	observers       []func(context.Context, Exchange)
	logBodies       bool
	maxResponseSize int64
	allowPlainHTTP  bool
	verifiers       verifiers
	now             func() time.Time
	walletRules     bool
	dayBalance      DayBalance
}

// newConfig starts from the defaults.
func newConfig(opts []Option) (*config, error) {
	c := &config{protocol: SOAP, maxResponseSize: defaultMaxResponseSize, now: time.Now}
	for _, opt := range opts {
		if opt == nil {
			return nil, invalid("Option", "must not be nil")
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// defaultMaxResponseSize is 1 MiB; the documents' own answers are 2 KiB.
const defaultMaxResponseSize = 1 << 20

// WithProtocol chooses how the client speaks. The default is [SOAP].
func WithProtocol(p Protocol) Option {
	return func(c *config) error {
		if !p.valid() {
			return invalid("Protocol", "must be SOAP, JSON or Form with a known format")
		}
		c.protocol = p
		return nil
	}
}

// WithCredentials asks for the credentials of every request, so that a password is
// rotated without a new client, which would know nothing of the payments that
// this one remembers. The function is called before each question and before each
// cancel, with the context of the call, by several goroutines at once; cache what is
// expensive to get. A request keeps what it began with. With it the credentials of
// [NewClient] need a MerchantID only, and those that the function gives must have
// the same one.
//
// Its error, and credentials that can't be sent ([*ValidationError] inside), end a
// cancel as [NotSent] before the intent is made, and a question as a
// [*FollowError].
func WithCredentials(source func(context.Context) (Credentials, error)) Option {
	return func(c *config) error {
		if source == nil {
			return invalid("Credentials", "must not be a nil function")
		}
		c.credentials = source
		return nil
	}
}

// WithHTTPClient sends through a copy of the caller's client. Its redirect rule
// is replaced: a redirect of a cancel is never followed. Its Transport is used
// as it is. One that sends a request twice by itself breaks the promise of this
// package; where its trace ([net/http/httptrace]) shows a second send, the cancel
// is [Unknown] whatever the answer says. A client without a Transport gets the
// SDK's own, with its times and TLS (see [NewClient]).
//
// The caller's Timeout is kept; where there is none, a call ends after 90 s. A
// Timeout that ends before a connection was had makes a cancel [NotSent], one that
// ends later [Unknown]. A Transport brings its own TLS settings, certificates,
// connections and bounds on headers. Its cancels share connections with
// everything else, so that one on a connection that has died is Unknown.
// [WithRoundTripper] puts a transport of yours in front of the SDK's instead.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return invalid("HTTPClient", "must not be nil")
		}
		c.httpClient = client
		return nil
	}
}

// WithRoundTripper puts a round tripper of the caller's own in front of the SDK's
// transport, for traces, metrics or records; the SDK's connections, times and TLS
// stay. It is given the one that sends, and must hand on the request's context. A
// cancel that it sends again is refused by the [Transport], except where no
// connection was had before.
func WithRoundTripper(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		if wrap == nil {
			return invalid("RoundTripper", "must not be nil")
		}
		c.roundTripper = wrap
		return nil
	}
}

// WithTransport lets the client send over a transport that others use too, so that
// the clients of many merchants share connections, TLS sessions and the bound on
// dials. See [NewTransport], which takes the TLS settings. The default is one for
// each client.
func WithTransport(t *Transport) Option {
	return func(c *config) error {
		if t == nil || t.carrier == nil {
			return invalid("Transport", "must come from NewTransport")
		}
		c.transport = t
		return nil
	}
}

// WithRootCAs sets the certificate authorities that the server's certificate is
// checked against (protocol §1), instead of the system's. A certificate of
// another authority ends the handshake, so that a cancel is [NotSent]. It goes
// with the SDK's own transport only: a Transport in [WithHTTPClient] brings its
// own.
func WithRootCAs(pool *x509.CertPool) Option {
	return func(c *config) error {
		if pool == nil {
			return invalid("RootCAs", "must not be nil")
		}
		c.rootCAs = pool
		return nil
	}
}

// WithClientCertificate gives the certificate, with its key, that a server gets
// which asks for one. It goes with the SDK's own transport only. A server that
// refuses it makes a cancel [NotSent], as one that got none where it wants one does.
// For certificates that change, give [NewTransport] settings with a
// GetClientCertificate.
func WithClientCertificate(certificate tls.Certificate) Option {
	return func(c *config) error {
		if len(certificate.Certificate) == 0 || certificate.PrivateKey == nil {
			return invalid("ClientCertificate", "must hold a certificate and its key")
		}
		c.certificate = &certificate
		return nil
	}
}

// WithUserAgent sets the User-Agent header of every request: printable ASCII, at
// most 200 characters. The default is net/http's.
func WithUserAgent(name string) Option {
	return func(c *config) error {
		if name == "" || len(name) > 200 || strings.TrimSpace(name) != name {
			return invalid("UserAgent", "must have 1 to 200 characters, without spaces around them")
		}
		for i := range len(name) {
			if name[i] < ' ' || name[i] > '~' {
				return invalid("UserAgent", "must be printable ASCII")
			}
		}
		c.userAgent = name
		return nil
	}
}

// WithCancelPath sets the path of the cancel service, for a server that keeps
// it elsewhere (protocol §2). The default is /cancel/cancel.cfm for a form that
// asks for CSV or XML, and /cancel/wscancel.cfm for all others.
func WithCancelPath(path string) Option {
	return func(c *config) error {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#\\ \t\r\n") || strings.Contains(path, "..") {
			return invalid("CancelPath", "must begin with / and hold no query, fragment or dots")
		}
		c.cancelPath = path
		return nil
	}
}

// WithLanguage sets the language of Assist's messages. The default is Russian.
func WithLanguage(l Language) Option {
	return func(c *config) error {
		if l != LanguageRU && l != LanguageEN {
			return invalid("Language", "must be LanguageRU or LanguageEN")
		}
		c.language = l
		return nil
	}
}

// WithLogger writes one record per exchange, which holds what an [Exchange]
// does: service, protocol, attempt, merchant, order, billnumber, intent, outcome,
// cause, operation, codes, duration and size; at [slog.LevelInfo], or
// [slog.LevelWarn] when it failed. What is logged is listed one by one, so no
// body, credential, customer, card or text of the server gets in. Nothing is
// built for a level that is off. A handler that panics changes no result; its panic
// is dropped. The default is no log.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return invalid("Logger", "must not be nil")
		}
		c.logger = logger
		return nil
	}
}

// DangerouslyLogBodies also writes every answer's body to the [WithLogger], at
// [slog.LevelDebug], to see what an unknown server says. Credentials are
// replaced, and all texts but those under names that are known to be harmless;
// customer, card, mean number and addresses are not among these. What is neither
// XML nor JSON isn't shown, nor are results by date, which are read row by row. The danger that is left: a text of the server
// (message, faultstring) may repeat what it was never meant to, and order
// numbers and signatures are shown. Requests are never logged. Not for
// production. Without a [WithLogger] it is a [*ValidationError].
func DangerouslyLogBodies() Option {
	return func(c *config) error {
		c.logBodies = true
		return nil
	}
}

// WithVerifier wants proof that an answer is Assist's own (protocol §8): a
// signature, a check value, or what a merchant's own [Verifier] asks for. Given
// several times, all must be satisfied. An answer that isn't is not believed: a
// cancel is then Unknown and a question a [*FollowError], with a
// [*SignatureError] inside. The default is none: TLS alone.
//
// Refusals without an order (codes or a fault) are never signed by Assist. They
// stay Rejected on the strength of TLS; see docs/fault-model.md.
func WithVerifier(v Verifier) Option {
	return func(c *config) error {
		if v == nil {
			return invalid("Verifier", "must not be nil")
		}
		c.verifiers = append(c.verifiers, v)
		return nil
	}
}

// WithMaxResponseSize limits the answer, in bytes. The default is 1 MiB. A
// larger answer is not read to its end ([ErrTooLarge]), so the outcome of a cancel
// is Unknown. Results by date have a limit of their own.
func WithMaxResponseSize(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1<<10 || bytes > 64<<20 {
			return invalid("MaxResponseSize", "must be from 1 KiB to 64 MiB")
		}
		c.maxResponseSize = bytes
		return nil
	}
}

// AllowPlainHTTP lets the base URL be plain http on any host: the password then
// crosses the network in the clear. A loopback host doesn't need it.
func AllowPlainHTTP() Option {
	return func(c *config) error {
		c.allowPlainHTTP = true
		return nil
	}
}

// WithClock replaces the clock behind [Intent.SentAt] and the search windows,
// for tests against a server whose clock stands elsewhere. The default is
// [time.Now].
func WithClock(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return invalid("Clock", "must not be nil")
		}
		c.now = now
		return nil
	}
}

// WithWalletRules checks every cancel against the rules for e-wallets (protocol
// §6) before anything is sent: no partial cancel of a wallet payment on its
// Moscow day, none at all on QIWI, and, for cards too, no more than what is left
// of the payment. What breaks a rule is a [*WalletRuleError], outcome [NotSent].
//
// With a day balance a wallet's cap is watched too: each cancel of a wallet
// payment reserves before the send and settles when its result is final, in
// Cancel, Refresh, Wait and Resolve. Nil watches no cap.
//
// The rules go by the order with its operations: [CancelRequest.Order], or the
// one that [LookFirst] asks for, which is the fresher and is taken where there
// are both. A cancel with neither is refused with a [*ValidationError]: a check
// that is switched on must not pass by what it doesn't know. By default nothing
// is checked, and Assist is the judge.
func WithWalletRules(balance DayBalance) Option {
	return func(c *config) error {
		c.walletRules, c.dayBalance = true, balance
		return nil
	}
}

// WithObserver calls the function after every exchange, on the goroutine of the
// call, for metrics and traces (see the module otelassist) or a log of one's
// own. Given several times, each is called, in this order. It must not block: a
// cancel has been sent, and its caller waits for what became of it. A panic in
// it ends there and changes nothing of what is known.
func WithObserver(observe func(context.Context, Exchange)) Option {
	return func(c *config) error {
		if observe == nil {
			return invalid("Observer", "must not be nil")
		}
		c.observers = append(c.observers, observe)
		return nil
	}
}
