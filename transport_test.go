package assist

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
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

	"github.com/assist-go/assist/internal/hostile"
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
			_, _ = io.WriteString(w, hostile.AnswerTo(string(body)))
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
	return reach(t, s.URL, append([]Option{WithRootCAs(hostile.LoopbackRoots(t)), WithProtocol(Form(FormatSOAP))}, opts...)...)
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
			client := reach(t, server.URL, WithRootCAs(hostile.LoopbackRoots(t)))
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
	for name, stray := range map[string]string{"refusal": hostile.HTTP200(codesFault(7, 102)), "decline": hostile.HTTP200(soapAnswer(coded("Declined", "AS100"))), "half": "HTTP/1.1 200 OK\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := hostile.New(t, nil, func(c *hostile.Conn) {
				for {
					body, ok := c.Request()
					if !ok {
						return
					}
					c.WriteText(hostile.HTTP200(hostile.AnswerTo(body)) + stray)
				}
			})
			client := reach(t, server.URL)
			for i := range 50 {
				require.NoError(t, cancelNumber(t, client, i))
			}
			arrivals, connections := server.Counts()
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
	server := hostile.New(t, hostile.Secured("http/1.1"), func(c *hostile.Conn) {
		if !first.Load() {
			c.Wait() // dead from the start of this test's second half
			return
		}
		body, ok := c.Request()
		if ok {
			c.WriteText(hostile.HTTP200(hostile.AnswerTo(body)))
		}
		c.Request() // whatever comes again over this connection is swallowed
		c.Wait()
	})
	client := reach(t, server.URL, WithRootCAs(hostile.LoopbackRoots(t)))
	for i := range 6 {
		require.NoError(t, cancelNumber(t, client, i))
	}
	arrivals, connections := server.Counts()
	assert.Equal(t, 6, arrivals)
	assert.Equal(t, 6, connections)
}

func TestQuestionsKeepTheirConnection(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAssistServer(t, http2)
			client := reach(t, server.URL, WithRootCAs(hostile.LoopbackRoots(t)), WithProtocol(Form(FormatXML)))
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
	shared := NewTransport(&tls.Config{RootCAs: hostile.LoopbackRoots(t)})
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
	transport := NewTransport(&tls.Config{RootCAs: hostile.LoopbackRoots(t)})
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
	saying := func(text string) func(*testing.T) *hostile.Server {
		return func(t *testing.T) *hostile.Server {
			return hostile.New(t, nil, func(c *hostile.Conn) {
				_, _ = http.ReadRequest(c.Reader)
				c.WriteText(text)
			})
		}
	}
	tests := []struct {
		name   string
		server func(*testing.T) *hostile.Server
		want   Outcome
	}{
		{"it takes no HTTP/1.1", func(t *testing.T) *hostile.Server {
			return hostile.New(t, hostile.Secured("spdy/3.1"), func(c *hostile.Conn) { c.Request() })
		}, NotSent},
		{"it doesn't negotiate", func(t *testing.T) *hostile.Server { return hostile.NewHTTP2(t, (*hostile.HTTP2).Serve) }, NotSent},
		{"without TLS", saying(settings), NotSent},
		{"without TLS, nothing set", saying("\x00\x00\x00\x04\x00\x00\x00\x00\x00"), NotSent},
		{"a frame that it may send later", saying("\x00\x00\x0c\x07\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 12)), Unknown},
		{"half a frame", saying(settings[:8]), Unknown},
		{"settings of another length", saying("\x00\x00\x07" + settings[3:] + "\x00"), Unknown},
		{"settings that acknowledge ours", saying("\x00\x00\x00\x04\x01\x00\x00\x00\x00"), Unknown},
		{"settings of a stream", saying("\x00\x00\x00\x04\x00\x00\x00\x00\x01"), Unknown},
		{"an answer first", saying(hostile.HTTP200(soapAnswer(cancelled()))[:100] + settings), Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := test.server(t)
			a := try(t.Context(), t, reach(t, server.URL, WithRootCAs(hostile.LoopbackRoots(t))))
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
	transport = NewTransport(&tls.Config{RootCAs: hostile.LoopbackRoots(t)})
	transport.carrier.Questions.HTTP2.SendPingTimeout, transport.carrier.Questions.HTTP2.PingTimeout = 20*time.Millisecond, 20*time.Millisecond
	server := hostile.NewHTTP2(t, func(h *hostile.HTTP2) {
		if h.Number == 0 {
			h.Exchange()
			h.Wait() // swallows pings, too
			return
		}
		for {
			stream, _, ok := h.Exchange()
			if !ok {
				return
			}
			h.Answer(stream, orderXML("5700027202722028", ""))
		}
	})
	client := reach(t, server.URL, WithTransport(transport), WithProtocol(Form(FormatXML)))
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
				server := hostile.New(t, nil, func(c *hostile.Conn) {
					c.Request()
					c.WriteText(test.reply)
				})
				ctx := t.Context()
				if traced {
					ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return nil }})
				}
				a := try(ctx, t, reach(t, server.URL))
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
			server := hostile.New(t, nil, func(c *hostile.Conn) {
				c.Request()
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
			a := try(ctx, t, reach(t, server.URL))
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
			server := hostile.New(t, hostile.Secured("h2", "http/1.1"), (*hostile.Conn).Serve)
			proxy := hostile.New(t, nil, func(c *hostile.Conn) {
				req, err := http.ReadRequest(c.Reader)
				if err != nil {
					return
				}
				assert.Equal(t, http.MethodConnect, req.Method)
				c.WriteText(fmt.Sprintf("HTTP/1.1 %d X\r\n\r\n", status))
				if status != 200 {
					return
				}
				far, err := net.Dial("tcp", server.Address())
				if err != nil {
					return
				}
				defer far.Close()
				go func() { _, _ = io.Copy(far, c.Reader) }()
				_, _ = io.Copy(c, far)
			})
			address, err := url.Parse(proxy.URL)
			require.NoError(t, err)
			transport := NewTransport(&tls.Config{RootCAs: hostile.LoopbackRoots(t)})
			transport.carrier.Cancels.Proxy = http.ProxyURL(address)
			a := try(t.Context(), t, reach(t, server.URL, WithTransport(transport)))
			if status == 200 {
				a.isAccepted(t)
			} else {
				a.isNotSent(t)
			}
			_, connections := server.Counts()
			assert.Equal(t, status == 200, connections == 1)
			_, connections = proxy.Counts()
			assert.Equal(t, 1, connections)
		})
	}
}

// The handshake has its own time limit, and none of the context's.
func TestHandshakeThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, (*hostile.Conn).Wait)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	a := try(ctx, t, reach(t, strings.Replace(server.URL, "http:", "https:", 1)))
	a.isNotSent(t)
	assert.ErrorIs(t, a.err, context.DeadlineExceeded)
}

// A connection whose handshake fails is closed, whatever made it fail.
func TestFailedHandshakeClosesTheConnection(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]*tls.Config{"refused by the server": hostile.Secured("spdy/3.1"), "refused by the client": hostile.Secured("http/1.1")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := hostile.New(t, secure, (*hostile.Conn).Serve)
			var open atomic.Int32
			transport := NewTransport(nil) // without the server's authority
			dialer := transport.carrier.Dial
			transport.carrier.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dialer(ctx, network, address)
				open.Add(1)
				return &countedConn{Conn: conn, open: &open}, err
			}
			try(t.Context(), t, reach(t, server.URL, WithTransport(transport))).isNotSent(t)
			assert.Zero(t, open.Load())
		})
	}
}

func TestTransportOptionsThatContradictEachOther(t *testing.T) {
	t.Parallel()
	foreign := through(http.NewFileTransport(nil))
	shared := WithTransport(NewTransport(nil))
	certificate := WithClientCertificate(hostile.SelfSigned(t, time.Now(), time.Now().Add(time.Hour)))
	wrap := WithRoundTripper(func(next http.RoundTripper) http.RoundTripper { return next })
	tests := []struct {
		name, field string
		opts        []Option
	}{
		{"two transports", "Transport", []Option{foreign, shared}},
		{"a wrapper of a foreign transport", "RoundTripper", []Option{foreign, wrap}},
		{"a wrapper that gives nothing", "RoundTripper", []Option{WithRoundTripper(func(http.RoundTripper) http.RoundTripper { return nil })}},
		{"authorities of a shared transport", "RootCAs", []Option{shared, WithRootCAs(x509.NewCertPool())}},
		{"authorities of a foreign transport", "RootCAs", []Option{WithRootCAs(x509.NewCertPool()), foreign}},
		{"a certificate of a shared transport", "ClientCertificate", []Option{certificate, shared}},
		{"a certificate of a foreign transport", "ClientCertificate", []Option{foreign, certificate}},
		{"no transport", "Transport", []Option{WithTransport(nil)}},
		{"a transport of nobody", "Transport", []Option{WithTransport(new(Transport))}},
		{"no wrapper", "RoundTripper", []Option{WithRoundTripper(nil)}},
		{"no certificate", "ClientCertificate", []Option{WithClientCertificate(tls.Certificate{})}},
		{"a certificate without its key", "ClientCertificate", []Option{WithClientCertificate(tls.Certificate{Certificate: [][]byte{{1}}})}},
		{"no source of credentials", "Credentials", []Option{WithCredentials(nil)}},
		{"no user agent", "UserAgent", []Option{WithUserAgent("")}},
		{"a user agent of two lines", "UserAgent", []Option{WithUserAgent("shop\r\nX-Other: 1")}},
		{"a user agent in Cyrillic", "UserAgent", []Option{WithUserAgent("магазин")}},
		{"a user agent in spaces", "UserAgent", []Option{WithUserAgent(" shop")}},
		{"a long user agent", "UserAgent", []Option{WithUserAgent(strings.Repeat("x", 201))}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewClient(testBase, testCredentials(), test.opts...)
			var wrong *ValidationError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, test.field, wrong.Field)
		})
	}
	for name, opts := range map[string][]Option{
		"a shared transport with a wrapper and a Timeout": {shared, wrap, WithHTTPClient(&http.Client{Timeout: time.Second})},
		"a certificate with a wrapper":                    {certificate, wrap},
	} {
		_, err := NewClient(testBase, testCredentials(), opts...)
		assert.NoError(t, err, name)
	}
}

// A wrapper sees every request and answer, over the SDK's own connections.
func TestRoundTripperInFront(t *testing.T) {
	t.Parallel()
	server := newAssistServer(t, true)
	var seen []string
	client := server.client(t, WithProtocol(SOAP), WithUserAgent("shop/1.0 (refunds)"), WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			assert.Equal(t, "shop/1.0 (refunds)", req.Header.Get("User-Agent"))
			resp, err := next.RoundTrip(req)
			if assert.NoError(t, err) && assert.NotNil(t, resp.TLS, "as net/http gives it") {
				assert.True(t, resp.TLS.HandshakeComplete)
				assert.NotEmpty(t, resp.TLS.VerifiedChains)
				seen = append(seen, req.URL.Path+" "+resp.Proto)
			}
			return resp, err
		})
	}))
	require.NoError(t, cancelNumber(t, client, 1))
	_ = askOrder(t, client)
	assert.Equal(t, []string{"/cancel/wscancel.cfm HTTP/1.1", "/orderresult/orderresult.cfm HTTP/2.0"}, seen)
}

// A Transport without a client takes what it is given for a cancel.
func TestTransportByItself(t *testing.T) {
	t.Parallel()
	server := newAssistServer(t, true)
	transport := NewTransport(&tls.Config{RootCAs: hostile.LoopbackRoots(t), MinVersion: tls.VersionTLS10, NextProtos: []string{"h2"}})
	assert.Equal(t, uint16(tls.VersionTLS12), transport.carrier.Questions.TLSClientConfig.MinVersion)
	for range 2 {
		req, err := http.NewRequest(http.MethodPost, server.URL+"/cancel/x", strings.NewReader("<billnumber>5700027202722028"))
		require.NoError(t, err)
		resp, err := transport.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Same(t, req, resp.Request)
	}
	assert.EqualValues(t, 2, server.connections.Load())
	assert.Zero(t, server.packing.Load(), "nothing packed is asked for")
}

func TestHTTPErrorTellsTheStatus(t *testing.T) {
	t.Parallel()
	date := "Tue, 03 Mar 2026 10:00:00 GMT"
	tests := []struct {
		name, wish string
		status     int
		body       string
		want       time.Duration
	}{
		{"a gateway's page", "", 502, "<html>", 0},
		{"busy, in seconds", "120", 503, "", 2 * time.Minute},
		{"busy, until a moment of the server's clock", "Tue, 03 Mar 2026 10:01:30 GMT", 429, "", 90 * time.Second},
		{"busy, until a moment that is over", "Tue, 03 Mar 2026 09:00:00 GMT", 503, "", 0},
		{"a fault without codes", "", 500, strings.ReplaceAll(codesFault(1, 1), "<faultstring>", "<faultstring>x"), 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			give := roundTripper(func(req *http.Request) (*http.Response, error) {
				resp := respond(req, test.body)
				resp.StatusCode = test.status
				resp.Header.Set("Date", date)
				if test.wish != "" {
					resp.Header.Set("Retry-After", test.wish)
				}
				return resp, nil
			})
			client := mocked(t, give)
			_, cancelled := client.Cancel(t.Context(), webMoneyRequest(t))
			assert.Equal(t, Unknown, OutcomeOf(cancelled))
			_, asked := client.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
			for _, err := range []error{cancelled, asked} {
				var answered *HTTPError
				require.ErrorAs(t, err, &answered)
				assert.Equal(t, test.status, answered.Status)
				assert.Equal(t, test.want, answered.RetryAfter)
				assert.Contains(t, err.Error(), fmt.Sprintf("HTTP %d", test.status))
			}
		})
	}
	assert.Equal(t, "assist: HTTP 503", (&HTTPError{Status: 503}).Error(), "built by hand")
	assert.Equal(t, "HTTP 503: no", (&HTTPError{Status: 503, Err: errors.New("no")}).Error())
}

// A refusal of a question tells the status too, and is still found by its codes.
func TestHTTPErrorOfARefusedQuestion(t *testing.T) {
	t.Parallel()
	client := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		resp := respond(req, codesXML(10, 201))
		resp.StatusCode = http.StatusServiceUnavailable
		return resp, nil
	}), WithProtocol(Form(FormatXML)))
	err := askOrder(t, client)
	assert.ErrorIs(t, err, ErrOrderNotFound)
	var answered *HTTPError
	require.ErrorAs(t, err, &answered)
	assert.Equal(t, http.StatusServiceUnavailable, answered.Status)
}
