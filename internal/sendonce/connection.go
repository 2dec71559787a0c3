package sendonce

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"sync"
)

// cancelConn is the connection of one cancel. What came over it may prove that the
// server can't have read the request, although a connection was had.
type cancelConn struct {
	net.Conn // TLS where there is a tlsState

	tlsState         *tls.ConnectionState
	certificateAsked bool
	records          *recordReader
	inHandshake      int // records

	mu     sync.Mutex
	first  [http2FrameHead]byte
	had    int   // bytes of first
	behind int   // records behind the handshake, as far as they are read
	err    error // of the last read
}

// Read is called by one goroutine of net/http's at a time, and not after an error.
func (c *cancelConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.had += copy(c.first[c.had:], p[:n])
	c.err = err
	if err == nil && c.speaksHTTP2() {
		// No answer follows.
		err = ErrHTTP2Alone
	}
	if c.records != nil {
		c.behind = c.records.count - c.inHandshake
	}
	return n, err
}

// refusal gives the proof that the server has read nothing of the request, or nil.
func (c *cancelConn) refusal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.certificateRefused():
		return ErrCertificateRefused
	case c.speaksHTTP2():
		return ErrHTTP2Alone
	}
	return nil
}

func (c *cancelConn) speaksHTTP2() bool { return c.had == len(c.first) && isHTTP2Settings(c.first[:]) }

// certificateRefused tells a TLS 1.3 server that has refused the client's
// certificate. The client's handshake is over by then and the request is out, but
// the server's isn't: it says so with the first record that it sends behind its
// own part of the handshake. Until it has accepted the certificate it opens no
// data. A ticket, or anything else in between, would show that it had.
//
// In TLS 1.2 the client's handshake ends after the server's, so there is nothing
// to tell.
func (c *cancelConn) certificateRefused() bool {
	if c.tlsState == nil || c.tlsState.Version != tls.VersionTLS13 || !c.certificateAsked || c.behind != 1 {
		return false
	}
	alert, remote := remoteAlert(c.err)
	return remote && refusesCertificate(alert)
}

// alertNoApplicationProtocol says that the server speaks none of the protocols
// that were offered.
const alertNoApplicationProtocol tls.AlertError = 120

// refusesCertificate names the alerts of a server that has looked for a client
// certificate and didn't find the right one (RFC 8446, 6.2): bad, unsupported,
// revoked, expired or unknown certificate, unknown authority, access denied,
// certificate required. Others may be sent for many reasons and prove nothing.
func refusesCertificate(alert tls.AlertError) bool {
	switch alert {
	case 42, 43, 44, 45, 46, 48, 49, 116:
		return true
	}
	return false
}

// remoteAlert finds the alert that the server has sent.
func remoteAlert(err error) (alert tls.AlertError, found bool) {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" || remote.Err == nil {
		return 0, false
	}
	// crypto/tls has a type of its own for it, which nobody else can name. Its texts
	// are those of AlertError.
	for code := range 256 {
		if alert = tls.AlertError(code); alert.Error() == remote.Err.Error() {
			return alert, true
		}
	}
	return 0, false
}

// recordReader hands out one TLS record at a time and counts them, so that it is
// known what came before the end of the handshake and what came behind it.
type recordReader struct {
	net.Conn
	head   [5]byte
	inHead int // bytes had of head
	left   int // bytes to come of the record
	count  int // records begun
}

func (r *recordReader) Read(p []byte) (int, error) {
	if r.left > 0 {
		n, err := r.Conn.Read(p[:min(len(p), r.left)])
		r.left -= n
		return n, err
	}
	n, err := r.Conn.Read(p[:min(len(p), len(r.head)-r.inHead)])
	r.inHead += copy(r.head[r.inHead:], p[:n])
	if r.inHead == len(r.head) {
		r.inHead, r.left = 0, int(binary.BigEndian.Uint16(r.head[3:]))
		r.count++
	}
	return n, err
}

const http2FrameHead = 9

// isHTTP2Settings tells the frame with which a server of HTTP/2 begins (RFC 9113,
// 3.4). Such a server takes nothing but HTTP/2 from this connection: it can't have
// read a request of HTTP/1.1.
func isHTTP2Settings(head []byte) bool {
	length := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	const settings, connection = 4, 0
	return length < 1<<14 && length%6 == 0 && head[3] == settings && head[4] == 0 && binary.BigEndian.Uint32(head[5:]) == connection
}
