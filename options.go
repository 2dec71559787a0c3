package assist

import (
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
	httpClient      *http.Client
	rootCAs         *x509.CertPool
	cancelPath      string
	language        Language
	logger          *slog.Logger
	maxResponseSize int64
	allowPlainHTTP  bool
	now             func() time.Time
}

// defaultMaxResponseSize is 1 MiB; the documents' own answers are 2 KiB.
const defaultMaxResponseSize = 1 << 20

// WithProtocol chooses how the client speaks. The default is [SOAP].
func WithProtocol(p Protocol) Option {
	return func(c *config) error {
		if !p.valid() {
			return &ValidationError{Field: "Protocol", Reason: "must be SOAP, JSON or Form with a known format"}
		}
		c.protocol = p
		return nil
	}
}

// WithHTTPClient sends through a copy of the caller's client. Its redirect rule
// is replaced: a redirect of a cancel is never followed. Its Transport is used
// as it is, so it must not send a request twice by itself; a transport that
// retries breaks the promise of this package. A client without a Transport gets
// the SDK's own.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return &ValidationError{Field: "HTTPClient", Reason: "must not be nil"}
		}
		c.httpClient = client
		return nil
	}
}

// WithRootCAs sets the certificate authorities that the server's certificate is
// checked against (protocol §1). It goes with the SDK's own transport only: a
// Transport in [WithHTTPClient] brings its own.
func WithRootCAs(pool *x509.CertPool) Option {
	return func(c *config) error {
		if pool == nil {
			return &ValidationError{Field: "RootCAs", Reason: "must not be nil"}
		}
		c.rootCAs = pool
		return nil
	}
}

// WithCancelPath sets the path of the cancel service, for a server that keeps
// it elsewhere (protocol §2). The default is /cancel/cancel.cfm for a form that
// asks for CSV or XML, and /cancel/wscancel.cfm for all others.
func WithCancelPath(path string) Option {
	return func(c *config) error {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#\\ \t\r\n") || strings.Contains(path, "..") {
			return &ValidationError{Field: "CancelPath", Reason: "must begin with / and hold no query, fragment or dots"}
		}
		c.cancelPath = path
		return nil
	}
}

// WithLanguage sets the language of Assist's messages. The default is Russian.
func WithLanguage(l Language) Option {
	return func(c *config) error {
		if l != LanguageRU && l != LanguageEN {
			return &ValidationError{Field: "Language", Reason: "must be LanguageRU or LanguageEN"}
		}
		c.language = l
		return nil
	}
}

// WithLogger writes one record per exchange: service, billnumber, outcome,
// codes, duration and sizes. No body, credential or personal text is ever
// logged. The default is no log.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return &ValidationError{Field: "Logger", Reason: "must not be nil"}
		}
		c.logger = logger
		return nil
	}
}

// WithMaxResponseSize limits the answer, in bytes. The default is 1 MiB. A
// larger answer is not read to its end, so the outcome of a cancel is Unknown.
func WithMaxResponseSize(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1024 || bytes > 1<<30 {
			return &ValidationError{Field: "MaxResponseSize", Reason: "must be from 1 KiB to 1 GiB"}
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
			return &ValidationError{Field: "Clock", Reason: "must not be nil"}
		}
		c.now = now
		return nil
	}
}
