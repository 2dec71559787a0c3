package assist

import (
	"crypto/tls"
	"crypto/x509"
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
	// A connection that the server has closed meanwhile makes an Unknown, so idle
	// ones go early.
	idleConnTimeout = 10 * time.Second
)

// hardened makes the client's own http.Client: a copy, so that the caller's is
// not changed and can't be changed under us.
func hardened(given *http.Client, rootCAs *x509.CertPool) (http.Client, error) {
	var client http.Client
	if given != nil {
		client = *given
	}
	switch {
	case client.Transport == nil:
		client.Transport = ownTransport(rootCAs)
	case rootCAs != nil:
		return http.Client{}, &ValidationError{Field: "RootCAs", Reason: "can't be set on the Transport of the given client: set them there"}
	}
	// A redirect of a cancel would be a second cancel. 307 and 308 would carry
	// the body along.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, nil
}

func ownTransport(rootCAs *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       idleConnTimeout,
		TLSHandshakeTimeout:   tlsHandshakeTimeout,
		ResponseHeaderTimeout: responseHeaderTimeout,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: rootCAs},
	}
}
