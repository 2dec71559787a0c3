package sendonce

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Timeouts of the SDK's own transport. What each means for a cancel:
const (
	// No connection: NotSent.
	dialTimeout = 10 * time.Second
	// No connection yet: NotSent.
	tlsHandshakeTimeout = 10 * time.Second
	// The request is out: Unknown. A bank may take its time, so it is long.
	responseHeaderTimeout = 60 * time.Second
	// A question's connection that the server has closed meanwhile fails the
	// question, so idle ones go early.
	idleConnTimeout = 10 * time.Second
	// A question's HTTP/2 connection that is silent for so long is asked whether
	// it is alive, and closed when it doesn't answer.
	pingAfter, pingTimeout = 5 * time.Second, 5 * time.Second
)

const (
	// MaxHeaderBytes bounds the headers of an answer, and those of each interim
	// answer (1xx) before it. Real ones have some hundred bytes; net/http's own
	// bound of 10 MiB costs twenty times as much memory.
	MaxHeaderBytes = 64 << 10
	// DialsAtOnce bounds the connections to one address that are being made at the
	// same time: thousands of cancels must not come upon the server, or this
	// machine, with thousands of handshakes.
	DialsAtOnce = 16
	// sessionsKept is how many TLS sessions are kept for resumption. There is one
	// for each host.
	sessionsKept = 64
)

// Transport carries the requests of one client or of many: each cancel over a
// connection of its own, and questions over connections that are kept. It is safe
// for concurrent use.
type Transport struct {
	// Questions and Cancels are what carries either kind.
	Questions, Cancels *http.Transport
	// Dial makes a connection, before TLS. It may be replaced before the first
	// request.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	tls   *tls.Config
	dials dialGates
}

// New makes a transport by a copy of the settings, which may be nil.
func New(settings *tls.Config) *Transport {
	config := settings.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = nil
	if config.ClientSessionCache == nil {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(sessionsKept)
	}
	t := &Transport{tls: config, Dial: (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext}
	t.Questions = t.httpTransport(true)
	t.Questions.DialContext = t.dialQuestion
	t.Questions.MaxIdleConnsPerHost = 16
	t.Questions.IdleConnTimeout = idleConnTimeout
	t.Questions.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout, WriteByteTimeout: pingTimeout}
	t.Cancels = t.httpTransport(false)
	t.Cancels.DialContext = t.dialCancel
	t.Cancels.DialTLSContext = t.dialCancelTLS
	t.Cancels.DisableKeepAlives = true
	return t
}

// httpTransport is what both kinds of request have in common.
func (t *Transport) httpTransport(http2 bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(http2)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		Protocols:              protocols,
		TLSClientConfig:        t.tls.Clone(),
		TLSHandshakeTimeout:    tlsHandshakeTimeout,
		ResponseHeaderTimeout:  responseHeaderTimeout,
		MaxResponseHeaderBytes: MaxHeaderBytes,
		// What is packed has no size that could be bounded before it is unpacked.
		DisableCompression: true,
	}
}

// ErrSentAlready refuses a cancel that comes a second time.
var ErrSentAlready = errors.New("assist: a transport in front of the SDK's own sends the cancel a second time, which it doesn't do")

// RoundTrip sends one request. A request that isn't a question of this package's is taken for a
// cancel. A cancel goes out once: when it comes again after a connection was had,
// it is refused.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	progress := progressOf(req.Context())
	if progress != nil && !progress.once {
		return t.Questions.RoundTrip(req)
	}
	if !progress.start() {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, ErrSentAlready
	}
	dialed := &cancelDial{call: req.Context()}
	var refusal error
	defer func() { progress.end(refusal) }()
	resp, err := t.Cancels.RoundTrip(req.WithContext(context.WithValue(req.Context(), cancelDialKey{}, dialed)))
	if err != nil {
		if refusal = dialed.refusal(); refusal != nil {
			err = fmt.Errorf("%w: %w", refusal, err)
		}
		return nil, err
	}
	resp.Request = req
	if resp.TLS == nil {
		resp.TLS = dialed.tlsState()
	}
	return resp, nil
}

// CloseIdleConnections closes the connections that no question uses.
func (t *Transport) CloseIdleConnections() { t.Questions.CloseIdleConnections() }
