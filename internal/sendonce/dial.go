package sendonce

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"sync"
)

// dialGates let so many dials at once through to each address.
type dialGates struct {
	mu    sync.Mutex
	gates map[string]chan struct{}
}

// enter waits for its turn. One address that doesn't answer holds up no other.
func (g *dialGates) enter(ctx context.Context, address string) (leave func(), err error) {
	g.mu.Lock()
	gate := g.gates[address]
	if gate == nil {
		if g.gates == nil {
			g.gates = make(map[string]chan struct{})
		}
		gate = make(chan struct{}, DialsAtOnce)
		g.gates[address] = gate
	}
	g.mu.Unlock()
	select {
	case gate <- struct{}{}:
		if ctx.Err() == nil {
			return func() { <-gate }, nil
		}
		<-gate
	case <-ctx.Done():
	}
	return nil, context.Cause(ctx)
}

// withCall lets a dial end with the call that it is made for. net/http would let
// it go on, for a later request to use.
func withCall(ctx, call context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(call, func() { cancel(context.Cause(call)) })
	return ctx, func() { stop(); cancel(nil) }
}

// dial makes a connection for a call, when its turn has come, and what is built on
// it while it has its turn.
func (t *Transport) dial(ctx, call context.Context, network, address string,
	build func(context.Context, net.Conn) (net.Conn, error)) (net.Conn, error) {
	leave, err := t.dials.enter(call, address)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, done := withCall(ctx, call)
	defer done()
	conn, err := t.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return build(ctx, conn)
}

func (t *Transport) dialQuestion(ctx context.Context, network, address string) (net.Conn, error) {
	return t.dial(ctx, progressOf(ctx).call, network, address,
		func(_ context.Context, conn net.Conn) (net.Conn, error) { return conn, nil })
}

// cancelDial is the connection of one cancel while it is made, and then that
// connection.
type cancelDial struct {
	call context.Context

	mu   sync.Mutex
	conn *cancelConn
}

type cancelDialKey struct{}

func (d *cancelDial) made(conn *cancelConn) *cancelConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conn = conn
	return conn
}

func (d *cancelDial) get() *cancelConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conn
}

// refusal is the proof that the server can't have read the request, or nil.
func (d *cancelDial) refusal() error {
	if conn := d.get(); conn != nil {
		return conn.refusal()
	}
	return nil
}

func (d *cancelDial) tlsState() *tls.ConnectionState {
	if conn := d.get(); conn != nil {
		return conn.tlsState
	}
	return nil
}

// dialCancel makes a connection without TLS: to a loopback host, or to a proxy.
func (t *Transport) dialCancel(ctx context.Context, network, address string) (net.Conn, error) {
	dialed := ctx.Value(cancelDialKey{}).(*cancelDial)
	return t.dial(ctx, dialed.call, network, address, func(_ context.Context, conn net.Conn) (net.Conn, error) {
		return dialed.made(&cancelConn{Conn: conn}), nil
	})
}

// dialCancelTLS makes a connection and shakes hands on it. net/http would do the
// same, but wouldn't tell what came over the connection.
func (t *Transport) dialCancelTLS(ctx context.Context, network, address string) (net.Conn, error) {
	dialed := ctx.Value(cancelDialKey{}).(*cancelDial)
	return t.dial(ctx, dialed.call, network, address, func(ctx context.Context, raw net.Conn) (net.Conn, error) {
		conn, err := t.handshake(ctx, raw, address)
		if err != nil {
			raw.Close()
			return nil, err
		}
		return dialed.made(conn), nil
	})
}

var errHandshakeTimeout = fmt.Errorf("assist: the TLS handshake took longer than %s", tlsHandshakeTimeout)

func (t *Transport) handshake(ctx context.Context, raw net.Conn, address string) (*cancelConn, error) {
	conn := &cancelConn{records: &recordReader{Conn: raw}}
	config := t.tls.Clone()
	// A cancel speaks HTTP/1.1: a connection of HTTP/2 is made to be shared.
	config.NextProtos = []string{"http/1.1"}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		config.ServerName = host
	}
	config.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		conn.certificateAsked = true
		return t.clientCertificate(asked)
	}
	secure := tls.Client(conn.records, config)
	conn.Conn = secure

	limited, cancel := context.WithTimeoutCause(ctx, tlsHandshakeTimeout, errHandshakeTimeout)
	defer cancel()
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	err := secure.HandshakeContext(limited)
	if err != nil {
		if context.Cause(limited) == errHandshakeTimeout {
			err = errHandshakeTimeout
		}
		if alert, remote := remoteAlert(err); remote && alert == alertNoApplicationProtocol {
			err = fmt.Errorf("%w: %w", ErrHTTP2Alone, err)
		}
	}
	state := secure.ConnectionState()
	conn.tlsState, conn.inHandshake = &state, conn.records.count
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(state, err)
	}
	return conn, err
}

// clientCertificate chooses as crypto/tls does by itself.
func (t *Transport) clientCertificate(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if t.tls.GetClientCertificate != nil {
		return t.tls.GetClientCertificate(asked)
	}
	for i := range t.tls.Certificates {
		if asked.SupportsCertificate(&t.tls.Certificates[i]) == nil {
			return &t.tls.Certificates[i], nil
		}
	}
	return new(tls.Certificate), nil
}

// Each proves that the server has read nothing of the request.
var (
	ErrHTTP2Alone = errors.New("assist: the server speaks HTTP/2 alone, and a cancel goes over HTTP/1.1: " +
		"let the server take that too, or give WithHTTPClient a Transport of your own")
	ErrCertificateRefused = errors.New("assist: the server asked for a client certificate and refused what it got: " +
		"set the right one by WithClientCertificate")
)
