package assist

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostileServer is a real server on loopback whose every byte a test decides.
// It counts what arrives, from the first byte on: a request that is never read
// whole has arrived too.
type hostileServer struct {
	t        testing.TB
	url      string
	listener net.Listener
	secure   *tls.Config // nil for plain connections
	script   func(*hostileConn)
	stopping chan struct{}
	handlers sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	arrivals []string // where each request went, as far as it was read
}

// hostileConn is one connection to a hostileServer.
type hostileConn struct {
	net.Conn
	server *hostileServer
	raw    *net.TCPConn
	reader *bufio.Reader
	number int // of the connection, from 0
}

// newHostileServer runs the script once per connection, and then closes it.
func newHostileServer(t testing.TB, secure *tls.Config, script func(*hostileConn)) *hostileServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &hostileServer{t: t, listener: listener, secure: secure, script: script, stopping: make(chan struct{})}
	s.url = "http://" + listener.Addr().String()
	if secure != nil {
		s.url = "https://" + listener.Addr().String()
	}
	s.handlers.Go(s.accept)
	t.Cleanup(s.stop)
	return s
}

func (s *hostileServer) accept() {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		conn := &hostileConn{Conn: raw, server: s, raw: raw.(*net.TCPConn)}
		if s.secure != nil {
			conn.Conn = tls.Server(raw, s.secure)
		}
		conn.reader = bufio.NewReader(conn.Conn)
		s.mu.Lock()
		conn.number = len(s.conns)
		s.conns = append(s.conns, raw)
		s.mu.Unlock()
		s.handlers.Go(func() {
			defer conn.Close()
			s.script(conn)
		})
	}
}

// stop ends every script and waits until all that came has been counted.
func (s *hostileServer) stop() {
	s.mu.Lock()
	select {
	case <-s.stopping:
	default:
		close(s.stopping)
	}
	s.listener.Close()
	for _, conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.handlers.Wait()
}

// counts gives how many requests arrived, and on how many connections, once the
// server has stopped.
func (s *hostileServer) counts() (arrivals, connections int) {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrivals), len(s.conns)
}

func (s *hostileServer) arrived(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrivals = append(s.arrivals, what)
}

// arrival waits for the first byte of a request, and counts it.
func (c *hostileConn) arrival() bool {
	if _, err := c.reader.Peek(1); err != nil {
		return false
	}
	c.server.arrived("the first byte")
	return true
}

// request reads one whole request, counts it and gives its body.
func (c *hostileConn) request() (body string, ok bool) {
	if !c.arrival() {
		return "", false
	}
	return c.restOfRequest()
}

func (c *hostileConn) restOfRequest() (body string, ok bool) {
	req, err := http.ReadRequest(c.reader)
	if err != nil {
		return "", false
	}
	text, err := io.ReadAll(req.Body)
	return string(text), err == nil
}

func (c *hostileConn) write(text string) { _, _ = io.WriteString(c.Conn, text) }

// reset closes the connection with an RST, so that the client's side fails at
// once and loses what it hasn't read.
func (c *hostileConn) reset() {
	_ = c.raw.SetLinger(0)
	_ = c.raw.Close()
}

// wait holds the connection open until the test is over.
func (c *hostileConn) wait() { <-c.server.stopping }

// serve answers every request as Assist would when all is well. A script that
// ends in it makes a second send look like a success, which no test expects.
func (c *hostileConn) serve() {
	for {
		body, ok := c.request()
		if !ok {
			return
		}
		c.write(http200(answerTo(body)))
	}
}

// newTrappedServer serves well until it is armed. The next request then meets
// the fault, from its first byte on, and all others are served well again: a
// second send looks like a success, which no test expects.
func newTrappedServer(t testing.TB, fault func(*hostileConn)) (server *hostileServer, arm func()) {
	t.Helper()
	var armed atomic.Bool
	server = newHostileServer(t, nil, func(c *hostileConn) {
		for c.arrival() {
			if armed.CompareAndSwap(true, false) {
				fault(c)
				return
			}
			body, ok := c.restOfRequest()
			if !ok {
				return
			}
			c.write(http200(answerTo(body)))
		}
	})
	return server, func() { armed.Store(true) }
}

// cancelAnother cancels another payment, which must succeed.
func cancelAnother(ctx context.Context, t testing.TB, c *Client) {
	t.Helper()
	req := webMoneyRequest(t)
	req.Billnumber = "5700027202722001"
	_, err := c.Cancel(ctx, req)
	require.NoError(t, err)
}

// warmUp cancels another payment until the HTTP/1 connection of a caller's
// transport is kept, so that the next cancel meets a used one. It tells how many
// cancels that took: a slow machine makes net/http give up a connection now and
// then.
func warmUp(t testing.TB, c *Client) (cancels int) {
	t.Helper()
	kept := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{PutIdleConn: func(err error) { kept = err == nil }})
	for !kept {
		cancelAnother(ctx, t, c)
		cancels++
	}
	return cancels
}

func http200(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

var billnumberAsked = regexp.MustCompile(`<billnumber>(\d+)`)

// operationsMade numbers the operations of all test servers, so that no two
// cancels are ever answered with the same one.
var operationsMade atomic.Int32

// answerTo is the success that a SOAP cancel of 0.10 RUB asks for.
func answerTo(body string) string {
	answer := soapAnswer(numbered(fmt.Sprintf(".%d", 2+operationsMade.Add(1))))
	if asked := billnumberAsked.FindStringSubmatch(body); asked != nil {
		answer = strings.ReplaceAll(answer, "5700027202722028", asked[1])
	}
	return answer
}

// loopbackCertificate is good for 127.0.0.1.
var loopbackCertificate = sync.OnceValue(func() tls.Certificate {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return server.TLS.Certificates[0]
})

// secured speaks TLS with the given protocols, the first one preferred.
func secured(protocols ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{loopbackCertificate()}, NextProtos: protocols}
}

func loopbackRoots(t testing.TB) *x509.CertPool {
	t.Helper()
	certificate, err := x509.ParseCertificate(loopbackCertificate().Certificate[0])
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return roots
}

// reach is a client of a server of the test. Its log is searched for the
// credentials when the test is over.
func reach(t testing.TB, url string, opts ...Option) *Client {
	t.Helper()
	var log lockedBuffer
	opts = append([]Option{WithLogger(slog.New(slog.NewJSONHandler(&log, nil)))}, opts...)
	c, err := NewClient(url, testCredentials(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.CloseIdleConnections()
		assert.NotContains(t, log.String(), planted, "the password in the log")
		assert.NotContains(t, log.String(), testLogin, "the login in the log")
	})
	return c
}

// lockedBuffer is a log that several calls may write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// attempt is one cancel with all that is to be known about it.
type attempt struct {
	client *Client
	x      *Cancellation
	err    error
	saved  []Intent // what SaveIntent was given
}

func try(ctx context.Context, t testing.TB, c *Client, opts ...CancelOption) attempt {
	t.Helper()
	a := attempt{client: c}
	save := SaveIntent(func(_ context.Context, in Intent) error {
		a.saved = append(a.saved, in)
		return nil
	})
	a.x, a.err = c.Cancel(ctx, webMoneyRequest(t), append([]CancelOption{save}, opts...)...)
	assertDiscreet(t, a.err)
	return a
}

// isUnknown checks all that must hold after an Unknown: its Intent is the one
// that was saved, and the payment stays closed.
func (a attempt) isUnknown(t testing.TB) {
	t.Helper()
	assert.Nil(t, a.x)
	require.Equal(t, Unknown, OutcomeOf(a.err), "%v", a.err)
	var unknown *UnknownOutcomeError
	require.ErrorAs(t, a.err, &unknown)
	require.Len(t, a.saved, 1)
	assert.Equal(t, a.saved[0], unknown.Intent)
	assert.NotEmpty(t, unknown.Intent.ID)

	_, err := a.client.Cancel(context.Background(), webMoneyRequest(t))
	var unresolved *UnresolvedError
	require.ErrorAs(t, err, &unresolved)
	assert.Equal(t, a.saved[0], unresolved.Intent)
	assert.Equal(t, NotSent, OutcomeOf(err))
	assertDiscreet(t, err)
}

// isNotSent checks that the payment is open again, too.
func (a attempt) isNotSent(t testing.TB) {
	t.Helper()
	assert.Nil(t, a.x)
	require.Equal(t, NotSent, OutcomeOf(a.err), "%v", a.err)
	assert.Zero(t, a.client.payments.size(), "nothing is remembered of the payment")
}

func (a attempt) isAccepted(t testing.TB) {
	t.Helper()
	require.NoError(t, a.err)
	assert.Equal(t, Billnumber("5700027202722028"), a.x.Operation.Billnumber.Payment())
	assert.Equal(t, a.saved[0], a.x.Intent)
	assert.True(t, a.client.payments.open("5700027202722028"))
}

func (p *payments) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.known)
}

// open tells that nobody stands at the payment's desk and nothing is
// unresolved.
func (p *payments) open(payment Billnumber) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	desk := p.known[payment]
	return desk == nil || desk.standing == 0 && len(desk.unresolved) == 0
}

// assertDiscreet searches the whole tree of an error for the credentials.
func assertDiscreet(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		shown := fmt.Sprintf(verb, err)
		assert.NotContains(t, shown, planted, "%T %s", err, verb)
		assert.NotContains(t, shown, testLogin, "%T %s", err, verb)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		assertDiscreet(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			assertDiscreet(t, inner)
		}
	}
}

// untilAnswered closes the channel when the headers of an answer have come.
func untilAnswered(answered chan<- struct{}) Option {
	return WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil {
				close(answered)
			}
			return resp, err
		})
	})
}

// keeping sends over a transport of the caller's, which keeps its connections and
// speaks HTTP/2 where the server does.
func keeping(t testing.TB) *http.Transport {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: loopbackRoots(t)}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func through(transport http.RoundTripper) Option {
	return WithHTTPClient(&http.Client{Transport: transport})
}

// promptly fails the test when the call takes longer than any machine needs to
// notice that a context is over.
func promptly(t testing.TB, since func() time.Time, call func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
		assert.Less(t, time.Since(since()), time.Second, "the context was over long before")
	case <-time.After(10 * time.Second):
		require.Fail(t, "the call doesn't honour its context")
	}
}

var errPlanned = errors.New("planned by the test")
