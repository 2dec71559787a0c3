package assist

import (
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"github.com/assist-go/assist/internal/sendonce"
)

// callTimeout bounds the whole call with the reading of the answer. What takes
// longer is Unknown once a connection was had.
const callTimeout = 90 * time.Second

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
type Transport struct{ carrier *sendonce.Transport }

// NewTransport makes a transport to be shared. Of the settings, which may be nil
// and are copied, the root authorities, certificates and checks are used as they
// are. TLS is of version 1.2 or later whatever they say, and the protocols are
// the SDK's to choose. Without a session cache the transport gets one of its own;
// a session stands for the client certificate that it was begun with, so
// transports with different certificates must not share one.
//
// The times are those of [NewClient]. Proxies are taken from the environment, as
// by [http.ProxyFromEnvironment].
func NewTransport(settings *tls.Config) *Transport { return &Transport{sendonce.New(settings)} }

// RoundTrip sends one request, for the round trippers that [WithRoundTripper]
// puts in front. A request that isn't a question of this package's is taken for a
// cancel. A cancel goes out once: when it comes again after a connection was had,
// it is refused.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.carrier == nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, errNoTransport
	}
	return t.carrier.RoundTrip(req)
}

var errNoTransport = errors.New("assist: a Transport must come from NewTransport")

// CloseIdleConnections closes the connections that no question uses.
func (t *Transport) CloseIdleConnections() {
	if t.carrier != nil {
		t.carrier.CloseIdleConnections()
	}
}
