package assist

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/sendonce"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assistServer answers cancels and questions well, and counts connections.
type assistServer struct {
	*httptest.Server
	connections, resumed, closing, packing atomic.Int32
	protocols                              sync.Map // of the requests, by path
}

// newAssistServer speaks TLS, and HTTP/2 beside HTTP/1.1 where http2 is set.
func newAssistServer(t testing.TB, http2 bool) *assistServer {
	t.Helper()
	s := &assistServer{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.protocols.Store(r.URL.Path, r.Proto)
		if r.Header.Get("Accept-Encoding") == "gzip" {
			s.packing.Add(1)
		}
		if r.TLS != nil && r.TLS.DidResume && strings.HasPrefix(r.URL.Path, "/cancel") {
			s.resumed.Add(1)
		}
		if r.Close {
			s.closing.Add(1)
		}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Header()["Date"] = nil // the clock of the samples stands elsewhere
		if strings.HasPrefix(r.URL.Path, "/cancel") {
			_, _ = io.WriteString(w, answerTo(string(body)))
			return
		}
		_, _ = io.WriteString(w, orderXML("5700027202722028", ""))
	}))
	s.EnableHTTP2 = http2
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *assistServer) client(t testing.TB, opts ...Option) *Client {
	return reach(t, s.URL, append([]Option{WithRootCAs(loopbackRoots(t)), WithProtocol(Form(FormatSOAP))}, opts...)...)
}

func askOrder(t testing.TB, c *Client) error {
	t.Helper()
	_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
	return err
}

func cancelNumber(t testing.TB, c *Client, n int) error {
	t.Helper()
	req := webMoneyRequest(t)
	req.Billnumber = Billnumber(fmt.Sprintf("57%014d", n))
	_, err := c.Cancel(t.Context(), req)
	return err
}

func TestEachCancelHasAConnectionOfItsOwn(t *testing.T) {
	t.Parallel()
	const cancels = 5
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAssistServer(t, http2)
			client := reach(t, server.URL, WithRootCAs(loopbackRoots(t)))
			for i := range cancels {
				require.NoError(t, cancelNumber(t, client, i))
			}
			assert.EqualValues(t, cancels, server.connections.Load())
			assert.EqualValues(t, cancels, server.closing.Load(), "the server is told that it may close")
			assert.EqualValues(t, cancels-1, server.resumed.Load(), "all but the first resume the TLS session")
			protocol, _ := server.protocols.Load("/cancel/wscancel.cfm")
			assert.Equal(t, "HTTP/1.1", protocol)
		})
	}
}

// An answer too many on a connection is never the next cancel's.
func TestStrayAnswersMeetNoCancel(t *testing.T) {
	t.Parallel()
	for name, stray := range map[string]string{"refusal": http200(codesFault(7, 102)), "decline": http200(soapAnswer(coded("Declined", "AS100"))), "half": "HTTP/1.1 200 OK\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newHostileServer(t, nil, func(c *hostileConn) {
				for {
					body, ok := c.request()
					if !ok {
						return
					}
					c.write(http200(answerTo(body)) + stray)
				}
			})
			client := reach(t, server.url)
			for i := range 50 {
				require.NoError(t, cancelNumber(t, client, i))
			}
			arrivals, connections := server.counts()
			assert.Equal(t, 50, arrivals)
			assert.Equal(t, 50, connections)
		})
	}
}

// A path that swallows what is sent over connections that are open costs the
// next cancel nothing.
func TestDeadConnectionsMeetNoCancel(t *testing.T) {
	t.Parallel()
	var first atomic.Bool
	first.Store(true)
	server := newHostileServer(t, secured("http/1.1"), func(c *hostileConn) {
		if !first.Load() {
			c.wait() // dead from the start of this test's second half
			return
		}
		body, ok := c.request()
		if ok {
			c.write(http200(answerTo(body)))
		}
		c.request() // whatever comes again over this connection is swallowed
		c.wait()
	})
	client := reach(t, server.url, WithRootCAs(loopbackRoots(t)))
	for i := range 6 {
		require.NoError(t, cancelNumber(t, client, i))
	}
	arrivals, connections := server.counts()
	assert.Equal(t, 6, arrivals)
	assert.Equal(t, 6, connections)
}

func TestQuestionsKeepTheirConnection(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAssistServer(t, http2)
			client := reach(t, server.URL, WithRootCAs(loopbackRoots(t)), WithProtocol(Form(FormatXML)))
			for range 5 {
				require.NoError(t, askOrder(t, client))
			}
			assert.EqualValues(t, 1, server.connections.Load())
			protocol, _ := server.protocols.Load("/orderresult/orderresult.cfm")
			assert.Equal(t, name, protocol)
		})
	}
}

// Clients of many merchants share connections and sessions, and keep their own
// credentials.
func TestManyClientsShareATransport(t *testing.T) {
	t.Parallel()
	const merchants = 300
	server := newAssistServer(t, true)
	shared := NewTransport(&tls.Config{RootCAs: loopbackRoots(t)})
	for i := range merchants {
		cred := testCredentials()
		cred.MerchantID = fmt.Sprint(500000 + i)
		client, err := NewClient(server.URL, cred, WithTransport(shared), WithProtocol(Form(FormatXML)))
		require.NoError(t, err)
		require.NoError(t, askOrder(t, client))
	}
	assert.EqualValues(t, 1, server.connections.Load(), "one connection for the questions of all")
	for i := range 3 {
		client, err := NewClient(server.URL, testCredentials(), WithTransport(shared))
		require.NoError(t, err)
		require.NoError(t, cancelNumber(t, client, i))
		client.CloseIdleConnections()
	}
	assert.EqualValues(t, 4, server.connections.Load())
	assert.EqualValues(t, 3, server.resumed.Load(), "of the session that the questions began")
}

// However many cancels there are at a time, handshakes are bounded, and the ones
// that wait are not sent when their time is over.
func TestDialsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	for name, handshaking := range map[string]bool{"dialing": false, "shaking hands": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const cancels = 3 * sendonce.DialsAtOnce
			var open, most, total atomic.Int32
			full := make(chan struct{})
			client := reach(t, "https://assist.test", WithTransport(dialingBy(t, func(ctx context.Context) (net.Conn, error) {
				if total.Add(1) == sendonce.DialsAtOnce {
					close(full)
				}
				for n := open.Add(1); ; {
					if seen := most.Load(); n <= seen || most.CompareAndSwap(seen, n) {
						break
					}
				}
				if !handshaking {
					<-ctx.Done()
					open.Add(-1)
					return nil, context.Cause(ctx)
				}
				near, far := net.Pipe()
				t.Cleanup(func() { far.Close() })
				return &countedConn{Conn: near, open: &open}, nil
			})))
			ctx, cancel := context.WithCancel(t.Context())
			var sent sync.WaitGroup
			for i := range cancels {
				sent.Go(func() {
					req := webMoneyRequest(t)
					req.Billnumber = Billnumber(fmt.Sprintf("57%014d", i))
					_, err := client.Cancel(ctx, req)
					assert.Equal(t, NotSent, OutcomeOf(err), "%v", err)
				})
			}
			<-full
			time.Sleep(10 * time.Millisecond) // for a gate that lets everybody through
			cancel()
			sent.Wait()
			assert.EqualValues(t, sendonce.DialsAtOnce, most.Load())
			assert.Eventually(t, func() bool { return open.Load() == 0 }, time.Second, time.Millisecond, "what is being made ends with its call")
		})
	}
}

type countedConn struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// dialingBy is the SDK's own transport over a network of the test's.
func dialingBy(t testing.TB, dial func(context.Context) (net.Conn, error)) *Transport {
	t.Helper()
	transport := NewTransport(&tls.Config{RootCAs: loopbackRoots(t)})
	transport.carrier.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	return transport
}

// A dial ends with its call; net/http would go on for somebody else.
func TestDialEndsWithItsCall(t *testing.T) {
	t.Parallel()
	dialing, ended := make(chan struct{}, 2), make(chan error, 2)
	client := reach(t, "https://assist.test", WithTransport(dialingBy(t, func(ctx context.Context) (net.Conn, error) {
		dialing <- struct{}{}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, ctx.Err()
	})))
	calls := map[string]func(context.Context) error{
		"cancel": func(ctx context.Context) error { return try(ctx, t, client).err },
		"question": func(ctx context.Context) error {
			_, err := client.OrderResult(ctx, OrderQuery{OrderNumber: "n-7"})
			return err
		},
	}
	for name, call := range calls {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-dialing
			cancel(errPlanned)
		}()
		assert.ErrorIs(t, call(ctx), errPlanned, name)
		assert.ErrorIs(t, <-ended, errPlanned, name)
	}
}

func TestServerThatSpeaksHTTP2Alone(t *testing.T) {
	t.Parallel()
	settings := "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
	saying := func(text string) func(*testing.T) *hostileServer {
		return func(t *testing.T) *hostileServer {
			return newHostileServer(t, nil, func(c *hostileConn) {
				_, _ = http.ReadRequest(c.reader)
				c.write(text)
			})
		}
	}
	tests := []struct {
		name   string
		server func(*testing.T) *hostileServer
		want   Outcome
	}{
		{"it takes no HTTP/1.1", func(t *testing.T) *hostileServer {
			return newHostileServer(t, secured("spdy/3.1"), func(c *hostileConn) { c.request() })
		}, NotSent},
		{"it doesn't negotiate", func(t *testing.T) *hostileServer { return newHTTP2Server(t, (*hostileHTTP2).serve) }, NotSent},
		{"without TLS", saying(settings), NotSent},
		{"without TLS, nothing set", saying("\x00\x00\x00\x04\x00\x00\x00\x00\x00"), NotSent},
		{"a frame that it may send later", saying("\x00\x00\x0c\x07\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 12)), Unknown},
		{"half a frame", saying(settings[:8]), Unknown},
		{"settings of another length", saying("\x00\x00\x07" + settings[3:] + "\x00"), Unknown},
		{"settings that acknowledge ours", saying("\x00\x00\x00\x04\x01\x00\x00\x00\x00"), Unknown},
		{"settings of a stream", saying("\x00\x00\x00\x04\x00\x00\x00\x00\x01"), Unknown},
		{"an answer first", saying(http200(soapAnswer(cancelled()))[:100] + settings), Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := test.server(t)
			a := try(t.Context(), t, reach(t, server.url, WithRootCAs(loopbackRoots(t))))
			if test.want == Unknown {
				a.isUnknown(t)
				return
			}
			a.isNotSent(t)
			assert.ErrorContains(t, a.err, "WithHTTPClient", "the remedy is named")
		})
	}
}

// What is asked over HTTP/2 finds out that its connection is dead, and the next
// question takes another.
func TestPingsFindADeadConnection(t *testing.T) {
	t.Parallel()
	transport := NewTransport(nil)
	assert.Equal(t, 5*time.Second, transport.carrier.Questions.HTTP2.SendPingTimeout)
	transport = NewTransport(&tls.Config{RootCAs: loopbackRoots(t)})
	transport.carrier.Questions.HTTP2.SendPingTimeout, transport.carrier.Questions.HTTP2.PingTimeout = 20*time.Millisecond, 20*time.Millisecond
	server := newHTTP2Server(t, func(h *hostileHTTP2) {
		if h.number == 0 {
			h.exchange()
			h.wait() // swallows pings, too
			return
		}
		for {
			stream, _, ok := h.exchange()
			if !ok {
				return
			}
			h.answer(stream, orderXML("5700027202722028", ""))
		}
	})
	client := reach(t, server.url, WithTransport(transport), WithProtocol(Form(FormatXML)))
	assert.Error(t, askOrder(t, client), "long before any time limit")
	assert.NoError(t, askOrder(t, client))
}

// The headers of an answer, and of those before it, have a bound.
func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	flood := func(size int) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, "%x:\r\n", i)
		}
		return b.String()
	}
	answer := soapAnswer(cancelled())
	final := "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer
	hint := "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
	tests := []struct {
		name, reply string
		want        Outcome
	}{
		{"some", "HTTP/1.1 200 OK\r\nConnection: close\r\n" + flood(8<<10) + "\r\n" + answer, Accepted},
		{"many", "HTTP/1.1 200 OK\r\nConnection: close\r\n" + flood(sendonce.MaxHeaderBytes) + "\r\n" + answer, Unknown},
		{"one long", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", sendonce.MaxHeaderBytes) + "\r\n\r\n" + answer, Unknown},
		{"a long status", "HTTP/1.1 200 " + strings.Repeat("x", sendonce.MaxHeaderBytes) + "\r\n\r\n" + answer, Unknown},
		{"many in an interim answer", "HTTP/1.1 103 Early Hints\r\n" + flood(sendonce.MaxHeaderBytes) + "\r\n" + final, Unknown},
		{"as many interim answers as are taken", strings.Repeat(hint, 8) + final, Accepted},
		{"one more", strings.Repeat(hint, 8+1) + final, Unknown},
	}
	for _, test := range tests {
		// A trace of the caller's that looks at interim answers lifts net/http's bound.
		for _, traced := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, traced: %t", test.name, traced), func(t *testing.T) {
				t.Parallel()
				if traced && test.name == "one more" {
					t.Skip("the trace takes the error, and the answer may come before the call ends: see below")
				}
				server := newHostileServer(t, nil, func(c *hostileConn) {
					c.request()
					c.write(test.reply)
				})
				ctx := t.Context()
				if traced {
					ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return nil }})
				}
				a := try(ctx, t, reach(t, server.url))
				if test.want == Accepted {
					a.isAccepted(t)
				} else {
					a.isUnknown(t)
				}
			})
		}
	}
}

func TestInterimAnswersWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, traced := range []bool{false, true} {
		t.Run(fmt.Sprint("traced: ", traced), func(t *testing.T) {
			t.Parallel()
			hungUp := make(chan struct{})
			server := newHostileServer(t, nil, func(c *hostileConn) {
				c.request()
				for {
					if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
						close(hungUp)
						return
					}
				}
			})
			ctx := t.Context()
			if traced {
				ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return nil }})
			}
			a := try(ctx, t, reach(t, server.url))
			a.isUnknown(t)
			assert.ErrorIs(t, a.err, sendonce.ErrInterim)
			<-hungUp
		})
	}
}

func TestNothingCompressedIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]Option{"own transport": WithLanguage(LanguageRU), "caller's": through(keeping(t))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan []string, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- r.Header["Accept-Encoding"]
			}))
			t.Cleanup(server.Close)
			_, _ = reach(t, server.URL, opt).Cancel(t.Context(), webMoneyRequest(t))
			assert.Equal(t, []string{"identity"}, <-asked)
		})
	}
	t.Run("a transport that unpacks by itself", func(t *testing.T) {
		t.Parallel()
		a := try(t.Context(), t, mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			resp := respond(req, soapAnswer(cancelled()))
			resp.Uncompressed = true
			return resp, nil
		})))
		a.isUnknown(t)
		assert.ErrorIs(t, a.err, ErrUnreadable)
	})
}

// A proxy stands between; TLS goes through it.
func TestOwnTransportThroughAProxy(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 407, 502} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			// It would take HTTP/2 if the client let it.
			server := newHostileServer(t, secured("h2", "http/1.1"), (*hostileConn).serve)
			proxy := newHostileServer(t, nil, func(c *hostileConn) {
				req, err := http.ReadRequest(c.reader)
				if err != nil {
					return
				}
				assert.Equal(t, http.MethodConnect, req.Method)
				c.write(fmt.Sprintf("HTTP/1.1 %d X\r\n\r\n", status))
				if status != 200 {
					return
				}
				far, err := net.Dial("tcp", server.listener.Addr().String())
				if err != nil {
					return
				}
				defer far.Close()
				go func() { _, _ = io.Copy(far, c.reader) }()
				_, _ = io.Copy(c, far)
			})
			address, err := url.Parse(proxy.url)
			require.NoError(t, err)
			transport := NewTransport(&tls.Config{RootCAs: loopbackRoots(t)})
			transport.carrier.Cancels.Proxy = http.ProxyURL(address)
			a := try(t.Context(), t, reach(t, server.url, WithTransport(transport)))
			if status == 200 {
				a.isAccepted(t)
			} else {
				a.isNotSent(t)
			}
			_, connections := server.counts()
			assert.Equal(t, status == 200, connections == 1)
			_, connections = proxy.counts()
			assert.Equal(t, 1, connections)
		})
	}
}

// The handshake has its own time limit, and none of the context's.
func TestHandshakeThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	server := newHostileServer(t, nil, (*hostileConn).wait)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	a := try(ctx, t, reach(t, strings.Replace(server.url, "http:", "https:", 1)))
	a.isNotSent(t)
	assert.ErrorIs(t, a.err, context.DeadlineExceeded)
}

// A connection whose handshake fails is closed, whatever made it fail.
func TestFailedHandshakeClosesTheConnection(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]*tls.Config{"refused by the server": secured("spdy/3.1"), "refused by the client": secured("http/1.1")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newHostileServer(t, secure, (*hostileConn).serve)
			var open atomic.Int32
			transport := NewTransport(nil) // without the server's authority
			dialer := transport.carrier.Dial
			transport.carrier.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dialer(ctx, network, address)
				open.Add(1)
				return &countedConn{Conn: conn, open: &open}, err
			}
			try(t.Context(), t, reach(t, server.url, WithTransport(transport))).isNotSent(t)
			assert.Zero(t, open.Load())
		})
	}
}
