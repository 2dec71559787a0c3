package assist

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/assist-go/assist/internal/poll"
	"github.com/assist-go/assist/internal/wire"
)

// Client sends cancels to one Assist server for one merchant. It is safe for
// concurrent use, starts no goroutine that outlives a call, and lets the
// cancels of one payment through one at a time.
//
// A Client remembers the payments whose cancel ended Unknown, and refuses to
// cancel them again ([ErrUnresolved]). It remembers which operations its cancels
// made, of some ten thousand payments. Keep one Client per merchant for the life of the
// program; where there are several, one after the other or side by side, see
// docs/several-processes.md.
type Client struct {
	keys     keyring
	protocol Protocol
	language Language
	// requests are those of each service without a body. They are copied and
	// never changed.
	requests [wire.ResultByDate + 1]*http.Request
	// callTimeout bounds a whole call; 0 leaves it to the Timeout of the caller's
	// http.Client.
	callTimeout time.Duration
	http        http.Client
	// ownTransport: http has the SDK's own transport, and nothing of the caller's
	// stands in front of it.
	ownTransport bool
	idle         interface{ CloseIdleConnections() }
	logger       *slog.Logger
	observers    []func(context.Context, Exchange)
	logBodies    bool
	maxSize      int64
	now          func() time.Time
	verifiers    verifiers
	payments     payments
	clock        serverClock
	watches      poll.Watches[subject, *sighting]
	questions    poll.Gate

	walletRules bool
	dayBalance  DayBalance // nil: no cap is watched
}

// NewClient checks everything and sends nothing. The base URL is the host that
// Assist gave to the merchant (protocol §1), with https; a path in front of
// Assist's own is kept. Plain http is refused unless the host is loopback or
// [AllowPlainHTTP] is given. Errors are [*ValidationError].
//
// Without [WithHTTPClient] the client makes its own [Transport]: TLS 1.2 or later,
// a connection of its own for each cancel, and a time for each step. What a step
// that takes longer means for a cancel:
//
//   - dial, 10 s, and TLS handshake, 10 s: no byte left, so [NotSent].
//   - the answer's headers, 60 s from the end of the request: [Unknown].
//   - the whole call, 90 s: [Unknown] once a connection was had, else NotSent.
//
// A context that ends earlier means the same. A question to an order service
// only fails, as a [*FollowError]. Its connection is kept for 10 s, and one over
// HTTP/2 that has been silent for 5 s is asked for a sign of life.
func NewClient(baseURL string, cred Credentials, opts ...Option) (*Client, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	base, err := parseBaseURL(baseURL, cfg.allowPlainHTTP)
	if err != nil {
		return nil, err
	}
	if cfg.credentials == nil {
		err = cred.check()
	} else {
		err = cred.checkMerchant()
	}
	if err != nil {
		return nil, err
	}
	httpClient, own, err := cfg.hardened()
	if err != nil {
		return nil, err
	}
	if cfg.logBodies && cfg.logger == nil {
		return nil, invalid("DangerouslyLogBodies", "needs a logger to write to: see WithLogger")
	}
	if cfg.cancelPath == "" {
		cfg.cancelPath = cfg.protocol.cancelPath()
	}
	c := &Client{
		keys:      keyring{merchantID: cred.MerchantID, given: cred, source: cfg.credentials},
		protocol:  cfg.protocol,
		language:  cfg.language,
		http:      httpClient,
		logger:    cfg.logger,
		observers: cfg.observers,
		logBodies: cfg.logBodies,
		maxSize:   cfg.maxResponseSize,
		now:       cfg.now,
		questions: make(poll.Gate, questionsAtOnce),

		walletRules: cfg.walletRules,
		dayBalance:  cfg.dayBalance,

		verifiers: cfg.verifiers,
	}
	if cred.Login != "" || cred.Password.Reveal() != "" {
		c.keys.remember(cred)
	}
	if c.http.Timeout == 0 {
		c.callTimeout = callTimeout
	}
	c.ownTransport = own != nil && cfg.roundTripper == nil
	c.idle = &c.http
	if own != nil {
		c.idle = own
	}
	c.requests = requestsTo(base, cfg)
	return c, nil
}

// requestsTo makes the request of each service, without a body.
func requestsTo(base *url.URL, cfg *config) (requests [wire.ResultByDate + 1]*http.Request) {
	for service, path := range map[wire.Service]string{
		wire.Cancel:       cfg.cancelPath,
		wire.OrderResult:  "/orderresult/orderresult.cfm",
		wire.OrderState:   "/orderstate/orderstate.cfm",
		wire.ResultByDate: "/resultbydate/resultbydate.cfm",
	} {
		endpoint := *base
		endpoint.Path = strings.TrimRight(base.Path, "/") + path
		requests[service] = bodyless(&endpoint, cfg.protocol.forService(service), cfg.userAgent)
	}
	return requests
}

// String gives the merchant's number alone. Templates look for it where they
// don't look for Format.
func (c *Client) String() string { return "assist.Client(" + c.keys.merchantID + ")" }

// Format writes what [Client.String] gives, under every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// CloseIdleConnections closes the connections that no call uses, those of a
// shared [Transport] too. The SDK's own transport closes them by itself after 10
// seconds.
func (c *Client) CloseIdleConnections() { c.idle.CloseIdleConnections() }

func parseBaseURL(text string, allowPlainHTTP bool) (*url.URL, error) {
	// The parser's own error repeats the URL, which may hold a password.
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, invalid("baseURL", "can't be parsed")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, invalid("baseURL", "must begin with https://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, invalid("baseURL", "must name a host")
	case u.User != nil:
		return nil, invalid("baseURL", "must hold no user or password")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, invalid("baseURL", "must hold no query")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, invalid("baseURL", "must hold no fragment")
	case u.RawPath != "":
		return nil, invalid("baseURL", "must hold no escaped path")
	case u.Scheme == "http" && !allowPlainHTTP && !isLoopback(u.Hostname()):
		return nil, invalid("baseURL", "plain http sends the password in the clear: use https, or AllowPlainHTTP")
	}
	return u, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Now is the time by the client's clock: [time.Now], or that of [WithClock].
func (c *Client) Now() time.Time { return c.now() }

// MerchantID is the merchant for whom the client cancels.
func (c *Client) MerchantID() string { return c.keys.merchantID }

// hardened makes the client's own http.Client: a copy, so that the caller's is
// not changed and can't be changed under us. own is the SDK's transport in it, or
// nil.
func (c *config) hardened() (client http.Client, own *Transport, err error) {
	if c.httpClient != nil {
		client = *c.httpClient
	}
	switch foreign := client.Transport != nil; {
	case foreign && c.transport != nil:
		return http.Client{}, nil, invalid("Transport", "can't be set beside the Transport of the given http.Client")
	case foreign && c.roundTripper != nil:
		return http.Client{}, nil, invalid("RoundTripper", "wraps the SDK's own transport: wrap that of the given http.Client yourself")
	case (foreign || c.transport != nil) && c.rootCAs != nil:
		return http.Client{}, nil, invalid("RootCAs", "can't be set on a given transport: set them there")
	case (foreign || c.transport != nil) && c.certificate != nil:
		return http.Client{}, nil, invalid("ClientCertificate", "can't be set on a given transport: set it there")
	case !foreign:
		own = c.transport
		if own == nil {
			own = NewTransport(c.tlsConfig())
		}
		client.Transport = own
	}
	if c.roundTripper != nil {
		if client.Transport = c.roundTripper(own); client.Transport == nil {
			return http.Client{}, nil, invalid("RoundTripper", "must not return nil")
		}
	}
	// A redirect of a cancel would be a second cancel. 307 and 308 would carry
	// the body along.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, own, nil
}

func (c *config) tlsConfig() *tls.Config {
	settings := &tls.Config{RootCAs: c.rootCAs}
	if c.certificate != nil {
		// Given by a function it is sent to every server that asks, whatever
		// authorities the server names.
		settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.certificate, nil }
	}
	return settings
}
