// Package hostile_test lets clients meet servers that break the rules of HTTP and
// TLS, and holds what is left when they do: each cancel arrives at most once, and what
// isn't proved is Unknown.
package hostile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/hostile"
	"github.com/assist-go/assist/internal/leaks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(leaks.Main(m)) }

// smallest is the least limit on an answer that a client takes.
const smallest = 1024

// padded is a whole answer of so many bytes: white space may follow a document.
func padded(size int) string {
	answer := soapAnswer(cancelled())
	return answer + strings.Repeat(" ", size-len(answer))
}

func chunked(head, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(body), body)
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func TestHTTP1FaultsAreUnknownAndArriveOnce(t *testing.T) {
	t.Parallel()
	answer := soapAnswer(cancelled())
	after := func(reply string) func(*hostile.Conn) {
		return func(c *hostile.Conn) {
			c.RestOfRequest()
			c.WriteText(reply)
		}
	}
	afterThenReset := func(reply string) func(*hostile.Conn) {
		return func(c *hostile.Conn) {
			c.RestOfRequest()
			c.WriteText(reply)
			c.Reset()
		}
	}
	tests := []struct {
		name string
		do   func(*hostile.Conn)
		is   error
	}{
		{"closed after reading", after(""), nil},
		{"reset after reading", afterThenReset(""), nil},
		{"closed in the middle of the request", func(c *hostile.Conn) { _, _ = io.CopyN(io.Discard, c.Reader, 40) }, nil},
		{"reset in the middle of the request", func(c *hostile.Conn) {
			_, _ = io.CopyN(io.Discard, c.Reader, 40)
			c.Reset()
		}, nil},
		{"reset at the first byte", func(c *hostile.Conn) { c.Reset() }, nil},
		{"status line cut", after("HTTP/1.1 200"), nil},
		{"headers cut", after("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Le"), nil},
		{"body cut", after(hostile.HTTP200(answer)[:700]), io.ErrUnexpectedEOF},
		{"body cut by a reset", afterThenReset(hostile.HTTP200(answer)[:700]), nil},
		{"one byte missing", after(strings.TrimSuffix(hostile.HTTP200(answer), ">")), io.ErrUnexpectedEOF},
		{"no body", after("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), assist.ErrUnreadable},
		{"no content", after("HTTP/1.1 204 No Content\r\n\r\n"), assist.ErrUnreadable},
		{"cut without a length", after("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer[:400]), assist.ErrUnreadable},
		{"chunk cut", after(chunked("", answer)[:600]), io.ErrUnexpectedEOF},
		{"last chunk missing behind a whole document", after(chunked("", answer)), io.ErrUnexpectedEOF},
		{"chunk of no size", after(strings.Replace(chunked("", answer), "\r\n\r\n", "\r\n\r\nxyz", 1)), nil},
		{"two lengths", after("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + answer), nil},
		{"a negative length", after("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + answer), nil},
		{"not HTTP", after("SSH-2.0-OpenSSH_9.6\r\n"), nil},
		{"HTML with 502", after("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 13\r\n\r\n<html></html>"), assist.ErrUnreadable},
		{"too large, declared", after(hostile.HTTP200(padded(smallest + 1))), assist.ErrUnreadable},
		{"huge, declared", after("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n" + answer), assist.ErrUnreadable},
		{"too large, chunked", after(chunked("", padded(smallest+1)) + "0\r\n\r\n"), assist.ErrUnreadable},
		{"too large, up to the close", after("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + padded(smallest+1)), assist.ErrUnreadable},
		{"too large behind gzip", after("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzipped(padded(smallest+1))), assist.ErrUnreadable},
		{"gzip cut", after("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzipped(answer)[:200]), assist.ErrUnreadable},
		{"gzip that is none", after("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + answer), assist.ErrUnreadable},
		{"gzip", after("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzipped(answer)), assist.ErrUnreadable},
		{"x-gzip", after("HTTP/1.1 200 OK\r\nContent-Encoding: X-GZip\r\nConnection: close\r\n\r\n" + gzipped(answer)), assist.ErrUnreadable},
		{"an encoding behind one that is none", after("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Encoding: br\r\nConnection: close\r\n\r\n" + answer), assist.ErrUnreadable},
		{"early hints and then nothing", after("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"), nil},
		{"early hints without end", after(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", 50)), nil},
	}
	for _, test := range tests {
		for _, reuse := range []string{"fresh", "reused"} {
			t.Run(test.name+", "+reuse, func(t *testing.T) {
				t.Parallel()
				server, arm := hostile.NewTrapped(t, test.do)
				opts := []assist.Option{assist.WithMaxResponseSize(smallest)}
				if reuse == "reused" {
					opts = append(opts, through(keeping(t)))
				}
				client := reach(t, server.URL, opts...)
				good := 0
				if reuse == "reused" {
					good = warmUp(t, client)
				}
				arm()
				a := try(t.Context(), t, client)
				a.isUnknown(t)
				if test.is != nil {
					assert.ErrorIs(t, a.err, test.is)
				}
				arrivals, _ := server.Counts()
				assert.Equal(t, good+1, arrivals, "the cancel arrives once")
			})
		}
	}
}

func TestHTTP1NoiseAroundAGoodAnswer(t *testing.T) {
	t.Parallel()
	answer := soapAnswer(cancelled())
	tests := []struct{ name, reply string }{
		{"100 continue", "HTTP/1.1 100 Continue\r\n\r\n" + hostile.HTTP200(answer)},
		{"early hints", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", 3) + hostile.HTTP200(answer)},
		{"100 and 103", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + hostile.HTTP200(answer)},
		{"chunked", chunked("", answer) + "0\r\n\r\n"},
		{"chunked with a trailer", chunked("Trailer: X-Sum\r\n", answer) + "0\r\nX-Sum: 1\r\n\r\n"},
		{"up to the close", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n" + answer},
		{"identity", "HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\nConnection: close\r\n\r\n" + answer},
		{"exactly as large as the limit", hostile.HTTP200(padded(smallest))},
		{"exactly as large as the limit, chunked", chunked("", padded(smallest)) + "0\r\n\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := hostile.New(t, nil, func(c *hostile.Conn) {
				c.Request()
				c.WriteText(test.reply)
			})
			try(t.Context(), t, reach(t, server.URL, assist.WithMaxResponseSize(smallest))).isAccepted(t)
			arrivals, _ := server.Counts()
			assert.Equal(t, 1, arrivals)
		})
	}
}

// A few kilobytes on the wire become more than the default limit of 1 MiB.
func TestGzipBomb(t *testing.T) {
	t.Parallel()
	bomb := gzipped(padded(2 << 20))
	server := hostile.New(t, nil, func(c *hostile.Conn) {
		c.Request()
		c.WriteText("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + bomb)
	})
	a := try(t.Context(), t, reach(t, server.URL))
	a.isUnknown(t)
	assert.ErrorIs(t, a.err, assist.ErrUnreadable)
	arrivals, _ := server.Counts()
	assert.Equal(t, 1, arrivals)
}

func TestEndlessAnswerIsCutAtTheLimit(t *testing.T) {
	t.Parallel()
	hungUp := make(chan struct{})
	server := hostile.New(t, nil, func(c *hostile.Conn) {
		c.Request()
		c.WriteText("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + soapAnswer(cancelled()))
		blanks := bytes.Repeat([]byte(" "), 4096)
		for {
			if _, err := c.Write(blanks); err != nil {
				close(hungUp)
				return
			}
		}
	})
	a := try(t.Context(), t, reach(t, server.URL))
	a.isUnknown(t)
	assert.ErrorIs(t, a.err, assist.ErrUnreadable)
	<-hungUp
	arrivals, _ := server.Counts()
	assert.Equal(t, 1, arrivals)
}

// The server falls silent at different points, and the context ends.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	answer := soapAnswer(cancelled())
	tests := []struct {
		name, reply string
		answered    bool // the client gets as far as the body
	}{
		{"no answer", "", false},
		{"half a status line", "HTTP/1.1 2", false},
		{"half the headers", "HTTP/1.1 200 OK\r\nContent-Type: te", false},
		{"early hints alone", "HTTP/1.1 103 Early Hints\r\n\r\n", false},
		{"headers alone", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", true},
		{"half the body", hostile.HTTP200(answer)[:600], true},
		{"a whole document in an endless body", chunked("", answer), true},
	}
	for _, test := range tests {
		for _, how := range []string{"cancelled", "deadline"} {
			t.Run(test.name+", "+how, func(t *testing.T) {
				t.Parallel()
				written, answered := make(chan struct{}), make(chan struct{})
				server := hostile.New(t, nil, func(c *hostile.Conn) {
					if c.Number > 0 {
						c.Serve()
						return
					}
					c.Request()
					c.WriteText(test.reply)
					close(written)
					c.Wait()
				})
				client := reach(t, server.URL, untilAnswered(answered))
				cancelled, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				expired := &deadlineAt{Context: t.Context(), moment: make(chan struct{})}
				var over time.Time
				go func() {
					<-written
					if test.answered {
						<-answered
					}
					over = time.Now()
					cancel(errPlanned)
					close(expired.moment)
				}()
				var ctx context.Context = expired
				is := []error{context.DeadlineExceeded}
				if how == "cancelled" {
					ctx, is = cancelled, []error{context.Canceled, errPlanned}
				}
				var a attempt
				promptly(t, func() time.Time { return over }, func() { a = try(ctx, t, client) })
				a.isUnknown(t)
				for _, target := range is {
					assert.ErrorIs(t, a.err, target)
				}
				arrivals, connections := server.Counts()
				assert.Equal(t, 1, arrivals)
				assert.Equal(t, 1, connections)
			})
		}
	}
}

// deadlineAt is a context whose deadline passes at a moment of the test's
// choice, so that no machine is too slow for it.
type deadlineAt struct {
	context.Context
	moment chan struct{}
}

func (d *deadlineAt) Done() <-chan struct{} { return d.moment }

func (d *deadlineAt) Err() error {
	select {
	case <-d.moment:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// A real deadline and the timeout of the caller's own http.Client. The
// connection is there already, so the time runs out behind the send.
func TestTimeoutsAreUnknown(t *testing.T) {
	t.Parallel()
	const limit = 300 * time.Millisecond
	for name, timeout := range map[string]time.Duration{"of the context": 0, "of the given client": limit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, arm := hostile.NewTrapped(t, (*hostile.Conn).Wait)
			client := reach(t, server.URL, assist.WithHTTPClient(&http.Client{Timeout: timeout, Transport: keeping(t)}))
			good := warmUp(t, client)
			arm()
			ctx := t.Context()
			if timeout == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			over := time.Now().Add(limit)
			var a attempt
			promptly(t, func() time.Time { return over }, func() { a = try(ctx, t, client) })
			a.isUnknown(t)
			assert.ErrorIs(t, a.err, context.DeadlineExceeded)
			arrivals, _ := server.Counts()
			assert.Equal(t, good+1, arrivals)
		})
	}
}

// A connection that is lost before anything was read from it proves nothing:
// the server's system took the bytes, and a proxy may have read them.
func TestConnectionClosedAtOnceIsUnknown(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, func(c *hostile.Conn) {
		if c.Number > 0 {
			c.Serve()
		}
	})
	try(t.Context(), t, reach(t, server.URL)).isUnknown(t)
	arrivals, connections := server.Counts()
	assert.Zero(t, arrivals)
	assert.Equal(t, 1, connections)
}

// lateClose is a connection whose end the client sees only when it writes
// again. So an idle connection dies under the client's hands every time, which
// otherwise takes luck.
type lateClose struct {
	net.Conn
	armed   atomic.Bool   // the next write is the one
	refuse  bool          // it fails before its first byte
	ended   chan struct{} // closed when the server has closed
	written chan struct{} // closed by that write
	once    sync.Once
}

func (c *lateClose) Write(p []byte) (int, error) {
	if !c.armed.Load() {
		return c.Conn.Write(p)
	}
	<-c.ended
	defer c.release()
	if c.refuse {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// Read is called by one goroutine of the transport, and no more after an error.
func (c *lateClose) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		close(c.ended)
		<-c.written
	}
	return n, err
}

func (c *lateClose) Close() error {
	c.release()
	return c.Conn.Close()
}

func (c *lateClose) release() { c.once.Do(func() { close(c.written) }) }

func TestIdleConnectionClosedAsTheCancelComes(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]bool{"written into the void": false, "not a byte written": true} {
		for _, header := range []string{"", "Idempotency-Key"} {
			t.Run(strings.TrimSpace(name+" "+header), func(t *testing.T) {
				t.Parallel()
				server := hostile.New(t, nil, func(c *hostile.Conn) {
					body, _ := c.Request()
					c.WriteText(hostile.HTTP200(hostile.AnswerTo(body)))
				})
				var latest *lateClose
				transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					if err != nil {
						return nil, err
					}
					latest = &lateClose{Conn: conn, refuse: refuse, ended: make(chan struct{}), written: make(chan struct{})}
					return latest, nil
				}}
				t.Cleanup(transport.CloseIdleConnections)
				client := reach(t, server.URL, assist.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
					if header != "" {
						req.Header.Set(header, "1")
					}
					return transport.RoundTrip(req)
				})}))
				good := warmUp(t, client)
				latest.armed.Store(true)
				try(t.Context(), t, client).isUnknown(t)
				arrivals, connections := server.Counts()
				assert.Equal(t, good, arrivals, "the cancels before alone")
				assert.Equal(t, good, connections)
			})
		}
	}
}

func TestWithoutAConnectionNothingIsSent(t *testing.T) {
	t.Parallel()
	dialing := func(dial func(context.Context, string, string) (net.Conn, error)) assist.Option {
		return assist.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}})
	}
	handshake := func(c *hostile.Conn) {
		if conn, ok := c.Conn.(*tls.Conn); ok && conn.HandshakeContext(context.Background()) != nil {
			return
		}
		c.Serve()
	}
	old := hostile.Secured("http/1.1")
	old.MaxVersion = tls.VersionTLS11
	tests := []struct {
		name   string
		secure *tls.Config
		script func(*hostile.Conn)
		at     func(*hostile.Server) string
		opts   func(*testing.T) []assist.Option
		check  func(*testing.T, error)
	}{
		{"nobody listens", nil, nil, func(*hostile.Server) string { return "http://" + hostile.ClosedPort(t) }, nil, nil},
		{"nobody listens for TLS", nil, nil, func(*hostile.Server) string { return "https://" + hostile.ClosedPort(t) }, nil, nil},
		{"no such host", nil, nil, func(*hostile.Server) string { return "https://assist.invalid" }, func(*testing.T) []assist.Option {
			return []assist.Option{dialing(func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "assist.invalid", IsNotFound: true}}
			})}
		}, func(t *testing.T, err error) {
			var dns *net.DNSError
			assert.ErrorAs(t, err, &dns)
		}},
		{"the dialer fails", nil, nil, nil, func(*testing.T) []assist.Option {
			return []assist.Option{dialing(func(context.Context, string, string) (net.Conn, error) { return nil, errPlanned })}
		}, func(t *testing.T, err error) { assert.ErrorIs(t, err, errPlanned) }},
		{"an unknown authority", hostile.Secured("http/1.1"), handshake, nil, nil, func(t *testing.T, err error) {
			var untrusted *tls.CertificateVerificationError
			assert.ErrorAs(t, err, &untrusted)
		}},
		{"another host's certificate", hostile.Secured("http/1.1"), handshake, func(s *hostile.Server) string {
			return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
		}, func(t *testing.T) []assist.Option {
			return []assist.Option{assist.WithRootCAs(hostile.LoopbackRoots(t))}
		}, func(t *testing.T, err error) {
			var untrusted *tls.CertificateVerificationError
			assert.ErrorAs(t, err, &untrusted)
		}},
		{"an old version of TLS", old, handshake, nil, func(t *testing.T) []assist.Option {
			return []assist.Option{assist.WithRootCAs(hostile.LoopbackRoots(t))}
		}, nil},
		{"plain text where TLS is spoken", nil, func(c *hostile.Conn) { c.WriteText("HTTP/1.1 400 Bad Request\r\n\r\n") }, func(s *hostile.Server) string {
			return strings.Replace(s.URL, "http:", "https:", 1)
		}, nil, nil},
		{"closed in the handshake", nil, func(*hostile.Conn) {}, func(s *hostile.Server) string {
			return strings.Replace(s.URL, "http:", "https:", 1)
		}, nil, nil},
		{"reset in the handshake", nil, func(c *hostile.Conn) { c.Reset() }, func(s *hostile.Server) string {
			return strings.Replace(s.URL, "http:", "https:", 1)
		}, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			script := test.script
			if script == nil {
				script = (*hostile.Conn).Serve
			}
			server := hostile.New(t, test.secure, script)
			address := server.URL
			if test.at != nil {
				address = test.at(server)
			}
			var opts []assist.Option
			if test.opts != nil {
				opts = test.opts(t)
			}
			client := reach(t, address, opts...)
			for range 2 {
				a := try(t.Context(), t, client)
				a.isNotSent(t)
				var transport *assist.TransportError
				require.ErrorAs(t, a.err, &transport, "the second time too: the payment stayed open")
				assert.Equal(t, assist.Billnumber("5700027202722028"), transport.Billnumber)
				if test.check != nil {
					test.check(t, a.err)
				}
			}
			arrivals, _ := server.Counts()
			assert.Zero(t, arrivals)
		})
	}
}

func TestProxyThatRefusesTheTunnelIsNotSent(t *testing.T) {
	t.Parallel()
	proxy := hostile.New(t, nil, func(c *hostile.Conn) {
		body, _ := c.Request()
		assert.Empty(t, body)
		c.WriteText("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
	})
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(address)}
	try(t.Context(), t, reach(t, "https://assist.invalid", assist.WithHTTPClient(&http.Client{Transport: transport}))).isNotSent(t)
}

func TestContextOverBeforeTheCall(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, (*hostile.Conn).Serve)
	client := reach(t, server.URL)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errPlanned)
	expired, done := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer done()
	// More than once: a select over a free turn and a context that is over goes
	// either way.
	for range 20 {
		a := try(ctx, t, client)
		a.isNotSent(t)
		assert.ErrorIs(t, a.err, context.Canceled)
		assert.ErrorIs(t, a.err, errPlanned)
		assert.Empty(t, a.saved, "no intent is made")

		a = try(expired, t, client)
		a.isNotSent(t)
		assert.ErrorIs(t, a.err, context.DeadlineExceeded)
		assert.Empty(t, a.saved)
	}
	_, connections := server.Counts()
	assert.Zero(t, connections)
}

// SaveIntent may take its time: a context that ends in it ends the cancel.
func TestContextOverBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, (*hostile.Conn).Serve)
	ctx, cancel := context.WithCancel(t.Context())
	a := try(ctx, t, reach(t, server.URL), assist.SaveIntent(func(context.Context, assist.Intent) error {
		cancel()
		return nil
	}))
	a.isNotSent(t)
	assert.ErrorIs(t, a.err, context.Canceled)
	_, connections := server.Counts()
	assert.Zero(t, connections)
}

func TestContextOverWhileDialing(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			dialing := make(chan struct{})
			transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				close(dialing)
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}}
			client := reach(t, scheme+"://127.0.0.1:1", assist.WithHTTPClient(&http.Client{Transport: transport}))
			ctx, cancel := context.WithCancel(t.Context())
			var over time.Time
			go func() {
				<-dialing
				over = time.Now()
				cancel()
			}()
			var a attempt
			promptly(t, func() time.Time { return over }, func() { a = try(ctx, t, client) })
			a.isNotSent(t)
			assert.ErrorIs(t, a.err, context.Canceled)
			var transportError *assist.TransportError
			assert.ErrorAs(t, a.err, &transportError)
		})
	}
}

// The connection comes after the call has given up. Nothing may leave on it.
func TestConnectionThatComesTooLateCarriesNothing(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, (*hostile.Conn).Serve)
	dialing, goOn, dialed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	transport := &http.Transport{DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
		close(dialing)
		<-goOn
		defer close(dialed)
		return net.Dial(network, address)
	}}
	client := reach(t, server.URL, assist.WithHTTPClient(&http.Client{Transport: transport}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-dialing
		cancel()
	}()
	try(ctx, t, client).isNotSent(t)
	close(goOn)
	<-dialed
	transport.CloseIdleConnections()
	arrivals, _ := server.Counts()
	assert.Zero(t, arrivals)
}

// The server answers without reading the request, and closes.
func TestAnswerBeforeTheRequestIsRead(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, func(c *hostile.Conn) {
		if c.Number > 0 {
			c.Serve()
			return
		}
		c.Arrival()
		c.WriteText("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	})
	a := try(t.Context(), t, reach(t, server.URL))
	a.isUnknown(t)
	arrivals, connections := server.Counts()
	assert.Equal(t, 1, arrivals)
	assert.Equal(t, 1, connections)
}

// Every step of a question fails without a trace of the credentials, and no
// question says anything about the money.
func TestQuestionsOverABrokenConnection(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]string{
		"closed":     "",
		"cut":        hostile.HTTP200(soapAnswer(cancelled()))[:300],
		"too large":  hostile.HTTP200(padded(smallest + 1)),
		"redirected": "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := hostile.New(t, nil, func(c *hostile.Conn) {
				c.Request()
				c.WriteText(reply)
			})
			client := reach(t, server.URL, assist.WithMaxResponseSize(smallest))
			_, err := client.OrderResult(t.Context(), assist.OrderQuery{OrderNumber: "2013.10.23-700027-5"})
			var follow *assist.FollowError
			require.True(t, errors.As(err, &follow), "%v", err)
			assert.Equal(t, assist.Unknown, assist.OutcomeOf(err))
			assertDiscreet(t, err)
			arrivals, _ := server.Counts()
			assert.Equal(t, 1, arrivals)
		})
	}
}
