package assist

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
	// The whole call with the reading of the answer: Unknown once a connection
	// was had.
	callTimeout = 90 * time.Second
	// A question's connection that the server has closed meanwhile fails the
	// question, so idle ones go early.
	idleConnTimeout = 10 * time.Second
	// A question's HTTP/2 connection that is silent for so long is asked whether
	// it is alive, and closed when it doesn't answer.
	pingAfter, pingTimeout = 5 * time.Second, 5 * time.Second
)

const (
	// maxHeaderBytes bounds the headers of an answer, and those of each interim
	// answer (1xx) before it. Real ones have some hundred bytes; net/http's own
	// bound of 10 MiB costs twenty times as much memory.
	maxHeaderBytes = 64 << 10
	// dialsAtOnce bounds the connections to one address that are being made at the
	// same time: thousands of cancels must not come upon the server, or this
	// machine, with thousands of handshakes.
	dialsAtOnce = 16
	// sessionsKept is how many TLS sessions are kept for resumption. There is one
	// for each host.
	sessionsKept = 64
)

// Transport carries the requests of one client or of many (see [WithTransport]).
// [NewClient] makes one of its own where none is given.
//
// A cancel has a connection of its own: HTTP/1.1, made for it and closed behind
// it. So no cancel meets a connection that is dead, or one on which an answer of
// another exchange is left. TLS sessions are resumed, and at most 16 connections
// to one address are being made at the same time; a cancel that still waits for
// its connection when its time is over is [NotSent]. Questions keep their
// connections, over HTTP/2 where the server speaks it.
//
// A Transport is safe for concurrent use.
type Transport struct {
	questions, cancels *http.Transport
	tls                *tls.Config
	dialer             func(ctx context.Context, network, address string) (net.Conn, error)
	dials              dialGates
}

// NewTransport makes a transport to be shared. Of the settings, which may be nil
// and are copied, the root authorities, certificates and checks are used as they
// are. TLS is of version 1.2 or later whatever they say, and the protocols are
// the SDK's to choose. Without a session cache the transport gets one of its own;
// a session stands for the client certificate that it was begun with, so
// transports with different certificates must not share one.
//
// The times are those of [NewClient]. Proxies are taken from the environment, as
// by [http.ProxyFromEnvironment].
func NewTransport(settings *tls.Config) *Transport {
	config := settings.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = nil
	if config.ClientSessionCache == nil {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(sessionsKept)
	}
	t := &Transport{tls: config, dialer: (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext}
	t.questions = t.httpTransport(true)
	t.questions.DialContext = t.dialQuestion
	t.questions.MaxIdleConnsPerHost = 16
	t.questions.IdleConnTimeout = idleConnTimeout
	t.questions.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout, WriteByteTimeout: pingTimeout}
	t.cancels = t.httpTransport(false)
	t.cancels.DialContext = t.dialCancel
	t.cancels.DialTLSContext = t.dialCancelTLS
	t.cancels.DisableKeepAlives = true
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
		MaxResponseHeaderBytes: maxHeaderBytes,
		// What is packed has no size that could be bounded before it is unpacked.
		DisableCompression: true,
	}
}

var errSentAlready = errors.New("assist: a transport in front of the SDK's own sends the cancel a second time, which it doesn't do")

// RoundTrip sends one request, for the round trippers that [WithRoundTripper]
// puts in front. A request that isn't a question of this package's is taken for a
// cancel. A cancel goes out once: when it comes again after a connection was had,
// it is refused.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	progress := progressOf(req.Context())
	if progress != nil && !progress.once {
		return t.questions.RoundTrip(req)
	}
	if !progress.start() {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, errSentAlready
	}
	dialed := &cancelDial{call: req.Context()}
	var refusal error
	defer func() { progress.end(refusal) }()
	resp, err := t.cancels.RoundTrip(req.WithContext(context.WithValue(req.Context(), cancelDialKey{}, dialed)))
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
func (t *Transport) CloseIdleConnections() { t.questions.CloseIdleConnections() }
