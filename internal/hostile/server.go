// Package hostile is a real server on loopback whose every byte a test decides,
// over HTTP/1.1, HTTP/2 and TLS.
package hostile

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Server is a real server on loopback whose every byte a test decides.
// It counts what arrives, from the first byte on: a request that is never read
// whole has arrived too.
type Server struct {
	t        testing.TB
	URL      string
	listener net.Listener
	secure   *tls.Config // nil for plain connections
	script   func(*Conn)
	stopping chan struct{}
	handlers sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	arrivals []string // where each request went, as far as it was read
}

// Conn is one connection to a Server.
type Conn struct {
	net.Conn
	Server *Server
	Raw    *net.TCPConn
	Reader *bufio.Reader
	Number int // of the connection, from 0
}

// New runs the script once per connection, and then closes it.
func New(t testing.TB, secure *tls.Config, script func(*Conn)) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &Server{t: t, listener: listener, secure: secure, script: script, stopping: make(chan struct{})}
	s.URL = "http://" + listener.Addr().String()
	if secure != nil {
		s.URL = "https://" + listener.Addr().String()
	}
	s.handlers.Go(s.accept)
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) accept() {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		conn := &Conn{Conn: raw, Server: s, Raw: raw.(*net.TCPConn)}
		if s.secure != nil {
			conn.Conn = tls.Server(raw, s.secure)
		}
		conn.Reader = bufio.NewReader(conn.Conn)
		s.mu.Lock()
		conn.Number = len(s.conns)
		s.conns = append(s.conns, raw)
		s.mu.Unlock()
		s.handlers.Go(func() {
			defer conn.Close()
			s.script(conn)
		})
	}
}

// stop ends every script and waits until all that came has been counted.
func (s *Server) Stop() {
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

// Connections gives how many connections there were so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Counts gives how many requests arrived, and on how many connections, once the
// server has stopped.
func (s *Server) Counts() (arrivals, connections int) {
	s.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrivals), len(s.conns)
}

func (s *Server) Arrived(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrivals = append(s.arrivals, what)
}

// Arrival waits for the first byte of a request, and counts it.
func (c *Conn) Arrival() bool {
	if _, err := c.Reader.Peek(1); err != nil {
		return false
	}
	c.Server.Arrived("the first byte")
	return true
}

// Request reads one whole request, counts it and gives its body.
func (c *Conn) Request() (body string, ok bool) {
	if !c.Arrival() {
		return "", false
	}
	return c.RestOfRequest()
}

func (c *Conn) RestOfRequest() (body string, ok bool) {
	req, err := http.ReadRequest(c.Reader)
	if err != nil {
		return "", false
	}
	text, err := io.ReadAll(req.Body)
	return string(text), err == nil
}

func (c *Conn) WriteText(text string) { _, _ = io.WriteString(c.Conn, text) }

// Reset closes the connection with an RST, so that the client's side fails at
// once and loses what it hasn't read.
func (c *Conn) Reset() {
	_ = c.Raw.SetLinger(0)
	_ = c.Raw.Close()
}

// Wait holds the connection open until the test is over.
func (c *Conn) Wait() { <-c.Server.stopping }

// Serve answers every request as Assist would when all is well. A script that
// ends in it makes a second send look like a success, which no test expects.
func (c *Conn) Serve() {
	for {
		body, ok := c.Request()
		if !ok {
			return
		}
		c.WriteText(HTTP200(AnswerTo(body)))
	}
}

// NewTrapped serves well until it is armed. The next request then meets
// the fault, from its first byte on, and all others are served well again: a
// second send looks like a success, which no test expects.
func NewTrapped(t testing.TB, fault func(*Conn)) (server *Server, arm func()) {
	t.Helper()
	var armed atomic.Bool
	server = New(t, nil, func(c *Conn) {
		for c.Arrival() {
			if armed.CompareAndSwap(true, false) {
				fault(c)
				return
			}
			body, ok := c.RestOfRequest()
			if !ok {
				return
			}
			c.WriteText(HTTP200(AnswerTo(body)))
		}
	})
	return server, func() { armed.Store(true) }
}

// ClosedPort is an address where nobody listens. Its port is held by the near
// end of a connection, so no other test can be given it meanwhile.
func ClosedPort(t testing.TB) string {
	t.Helper()
	server := New(t, nil, (*Conn).Wait)
	conn, err := net.Dial("tcp", server.listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}
