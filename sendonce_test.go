package assist

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
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

// The guards of a send, seen from a transport of the caller's own.

func traceOf(req *http.Request) *httptrace.ClientTrace {
	return httptrace.ContextClientTrace(req.Context())
}

func respond(req *http.Request, body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}

func TestCancelAsATransportSeesIt(t *testing.T) {
	t.Parallel()
	for _, protocol := range []Protocol{SOAP, JSON, Form(FormatCSV), Form(FormatXML), Form(FormatSOAP), Form(FormatJSON)} {
		t.Run(protocol.String(), func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := reach(t, testBase, WithProtocol(protocol), WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				calls++
				assert.Equal(t, http.MethodPost, req.Method)
				assert.Nil(t, req.GetBody, "a body that can be had again can be sent again")
				for name := range req.Header {
					assert.NotContains(t, strings.ToLower(name), "idempotency")
				}
				assert.Empty(t, req.URL.RawQuery, "credentials go into the body alone")
				assert.NotContains(t, fmt.Sprint(req.URL, req.Header), planted)
				body := bodyOf(t, req)
				assert.EqualValues(t, len(body), req.ContentLength)
				assert.Contains(t, body, planted)
				again, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				assert.Empty(t, again, "the body is given once")
				return nil, errPlanned
			})}))
			a := try(t.Context(), t, client)
			a.isUnknown(t)
			assert.ErrorIs(t, a.err, errPlanned)
			assert.NotContains(t, a.err.Error(), testBase, "net/http puts the URL around its errors, which tells nothing")
			assert.Equal(t, 1, calls)
		})
	}
}

// What a transport that fails has to report before NotSent is proved.
func TestNotSentHasToBeProved(t *testing.T) {
	t.Parallel()
	sought := func(req *http.Request) { traceOf(req).GetConn("assist.test:443") }
	had := func(req *http.Request) { traceOf(req).GotConn(httptrace.GotConnInfo{}) }
	read := func(req *http.Request) { _, _ = req.Body.Read(make([]byte, 1)) }
	tests := []struct {
		name  string
		steps []func(*http.Request)
		want  Outcome
	}{
		{"nothing reported", nil, Unknown},
		{"sought, never had", []func(*http.Request){sought}, NotSent},
		{"sought twice, never had", []func(*http.Request){sought, sought}, NotSent},
		{"sought and had", []func(*http.Request){sought, had}, Unknown},
		{"had, never sought", []func(*http.Request){had}, Unknown},
		{"had, and sought once more", []func(*http.Request){sought, had, sought}, Unknown},
		{"sought, never had, yet the body was read", []func(*http.Request){sought, read}, Unknown},
		{"the body read, then sought", []func(*http.Request){read, sought}, Unknown},
		{"all", []func(*http.Request){sought, had, read}, Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := reach(t, testBase, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				calls++
				for _, step := range test.steps {
					step(req)
				}
				return nil, errPlanned
			})}))
			a := try(t.Context(), t, client)
			if test.want == Unknown {
				a.isUnknown(t)
			} else {
				a.isNotSent(t)
				var transport *TransportError
				assert.ErrorAs(t, a.err, &transport)
			}
			assert.ErrorIs(t, a.err, errPlanned)
			assert.Equal(t, 1, calls)
		})
	}
}

// A wrapper that reads the body, to log it say, hides by what way it goes. What
// then proves NotSent is that the call ended by the failure of the last connection
// that was tried.
func TestNotSentWhereTheBodyWasRead(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	unknownHost := &net.DNSError{Err: "no such host", Name: "assist.test", IsNotFound: true}
	expired := &tls.CertificateVerificationError{Err: errors.New("expired")}
	seek := func(trace *httptrace.ClientTrace) { trace.GetConn("assist.test:443") }
	dial := func(trace *httptrace.ClientTrace) { trace.ConnectDone("tcp", "192.0.2.1:443", refused) }
	dialed := func(trace *httptrace.ClientTrace) { trace.ConnectDone("tcp", "192.0.2.1:443", nil) }
	resolve := func(trace *httptrace.ClientTrace) { trace.DNSDone(httptrace.DNSDoneInfo{Err: unknownHost}) }
	shake := func(trace *httptrace.ClientTrace) { trace.TLSHandshakeDone(tls.ConnectionState{}, expired) }
	had := func(trace *httptrace.ClientTrace) { trace.GotConn(httptrace.GotConnInfo{}) }
	type steps []func(*httptrace.ClientTrace)
	tests := []struct {
		name  string
		steps steps
		err   error
		want  Outcome
	}{
		{"the dial's own error", steps{seek, dial}, refused, NotSent},
		{"wrapped", steps{seek, dial}, fmt.Errorf("giving up after 3 attempts: %w", refused), NotSent},
		{"the resolver's", steps{seek, resolve}, &net.OpError{Op: "dial", Err: unknownHost}, NotSent},
		{"the handshake's", steps{seek, dialed, shake}, expired, NotSent},
		{"two addresses, the first one's error", steps{seek, resolve, dial}, unknownHost, NotSent},
		{"the last of three attempts", steps{seek, dial, seek, dial, seek, shake}, expired, NotSent},
		{"an attempt before the last", steps{seek, shake, seek, dial}, expired, Unknown},
		{"an attempt whose failure isn't told", steps{seek, dial, seek}, refused, Unknown},
		{"another error", steps{seek, dial}, errPlanned, Unknown},
		{"its words alone", steps{seek, dial}, errors.New(refused.Error()), Unknown},
		{"another of the same words", steps{seek, dial}, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, Unknown},
		{"nothing failed", steps{seek, dialed}, refused, Unknown},
		{"nothing was sought", steps{dial}, refused, Unknown},
		{"a connection was had", steps{seek, had, seek, dial}, refused, Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := reach(t, testBase, through(roundTripper(func(req *http.Request) (*http.Response, error) {
				bodyOf(t, req)
				for _, step := range test.steps {
					step(traceOf(req))
				}
				return nil, test.err
			})))
			a := try(t.Context(), t, client)
			if test.want == Unknown {
				a.isUnknown(t)
			} else {
				a.isNotSent(t)
			}
		})
	}
}

// jar ends the call when it is asked for cookies, which is before anything is sent.
type jar struct{ over func() }

func (j jar) SetCookies(*url.URL, []*http.Cookie) {}
func (j jar) Cookies(*url.URL) []*http.Cookie     { j.over(); return nil }

// Of the SDK's own transport it is known that it has sent nothing, even where the
// call ended before it looked for a connection.
func TestContextOverBeforeTheTransportBegins(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprint("own transport: ", own), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			given := &http.Client{Jar: jar{cancel}}
			if !own {
				given.Transport = keeping(t)
			}
			a := try(ctx, t, reach(t, "http://"+closedPort(t), WithHTTPClient(given)))
			if own {
				a.isNotSent(t)
			} else {
				a.isUnknown(t)
			}
			assert.ErrorIs(t, a.err, context.Canceled)
		})
	}
}

// dumping logs whole requests, as many programs do.
type dumping struct{ next http.RoundTripper }

func (d dumping) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := httputil.DumpRequestOut(req, true); err != nil {
		return nil, err
	}
	return d.next.RoundTrip(req)
}

// The wrapper writes the request to a connection in memory first, under the same
// trace. That is neither a connection nor a send.
func TestTransportThatDumpsRequests(t *testing.T) {
	t.Parallel()
	wrap := func(next http.RoundTripper) http.RoundTripper { return dumping{next} }
	for name, opt := range map[string]func(*testing.T) Option{
		"caller's transport": func(t *testing.T) Option { return through(dumping{keeping(t)}) },
		"own transport":      func(*testing.T) Option { return WithRoundTripper(wrap) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try(t.Context(), t, reach(t, "http://"+closedPort(t), opt(t))).isNotSent(t)

			server := newHostileServer(t, nil, (*hostileConn).serve)
			try(t.Context(), t, reach(t, server.url, opt(t))).isAccepted(t)

			server = newHostileServer(t, nil, func(c *hostileConn) { c.request() })
			try(t.Context(), t, reach(t, server.url, opt(t))).isUnknown(t)
			arrivals, _ := server.counts()
			assert.Equal(t, 1, arrivals)
		})
	}
}

// retrying sends the same bytes again when the first try fails.
type retrying struct {
	next  http.RoundTripper
	tries int
}

func (r retrying) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	for range r.tries {
		again := req.Clone(req.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		if resp, err = r.next.RoundTrip(again); err == nil {
			return resp, nil
		}
	}
	return nil, err
}

func TestTransportThatSendsTwice(t *testing.T) {
	t.Parallel()
	own := func(next http.RoundTripper) http.RoundTripper { return retrying{next, 3} }
	second := map[string]func(*hostileConn, string){
		"done":     func(c *hostileConn, body string) { c.write(http200(answerTo(body))) },
		"refused":  func(c *hostileConn, _ string) { c.write(http200(codesFault(5, 108))) },
		"declined": func(c *hostileConn, _ string) { c.write(http200(soapAnswer(coded("Declined", "AS100")))) },
		"lost":     func(*hostileConn, string) {},
	}
	for name, answer := range second {
		dyingOnce := func(t *testing.T) *hostileServer {
			return newHostileServer(t, nil, func(c *hostileConn) {
				if body, ok := c.request(); ok && c.number > 0 {
					answer(c, body)
				}
			})
		}
		t.Run("caller's transport, "+name, func(t *testing.T) {
			t.Parallel()
			server := dyingOnce(t)
			// Whatever the second answer says, the first may have been performed too.
			a := try(t.Context(), t, reach(t, server.url, through(retrying{keeping(t), 2})))
			a.isUnknown(t)
			if name != "lost" {
				assert.ErrorIs(t, a.err, errSentTwice)
			}
			arrivals, _ := server.counts()
			assert.Equal(t, 2, arrivals)
		})
		t.Run("own transport, "+name, func(t *testing.T) {
			t.Parallel()
			server := dyingOnce(t)
			a := try(t.Context(), t, reach(t, server.url, WithRoundTripper(own)))
			a.isUnknown(t)
			assert.ErrorIs(t, a.err, sendonce.ErrSentAlready)
			arrivals, _ := server.counts()
			assert.Equal(t, 1, arrivals, "the SDK's own transport doesn't send it again")
		})
	}
	t.Run("own transport, no connection the first time", func(t *testing.T) {
		t.Parallel()
		server := newHostileServer(t, nil, (*hostileConn).serve)
		var dials atomic.Int32
		transport := NewTransport(nil)
		dialer := transport.carrier.Dial
		transport.carrier.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) < 3 {
				return nil, errPlanned
			}
			return dialer(ctx, network, address)
		}
		try(t.Context(), t, reach(t, server.url, WithTransport(transport), WithRoundTripper(own))).isAccepted(t)
		arrivals, _ := server.counts()
		assert.Equal(t, 1, arrivals)
	})
	t.Run("own transport, never a connection", func(t *testing.T) {
		t.Parallel()
		try(t.Context(), t, reach(t, "http://"+closedPort(t), WithRoundTripper(own))).isNotSent(t)
	})
	t.Run("own transport, both at once", func(t *testing.T) {
		t.Parallel()
		server := newHostileServer(t, nil, (*hostileConn).serve)
		transport := NewTransport(nil)
		dialer, dialing, goOn := transport.carrier.Dial, make(chan struct{}), make(chan struct{})
		transport.carrier.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			close(dialing) // twice panics
			<-goOn
			return dialer(ctx, network, address)
		}
		client := reach(t, server.url, WithTransport(transport), WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				refused := make(chan error, 1)
				go func() {
					<-dialing
					_, err := next.RoundTrip(req.Clone(req.Context()))
					refused <- err
					close(goOn)
				}()
				resp, err := next.RoundTrip(req)
				assert.ErrorIs(t, <-refused, sendonce.ErrSentAlready)
				return resp, err
			})
		}))
		try(t.Context(), t, client).isAccepted(t)
		arrivals, _ := server.counts()
		assert.Equal(t, 1, arrivals)
	})
	t.Run("a transport of its own behind a refused certificate", func(t *testing.T) {
		t.Parallel()
		refusing := newTLS13Server(t, true, alerting(116))
		other := newHostileServer(t, nil, func(c *hostileConn) { c.request() })
		target, err := url.Parse(other.url)
		require.NoError(t, err)
		client := reach(t, refusing.url, WithRootCAs(loopbackRoots(t)), WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				body := bodyOf(t, req)
				req.Body = io.NopCloser(strings.NewReader(body))
				_, err := next.RoundTrip(req)
				elsewhere := (&http.Request{Method: http.MethodPost, URL: target, Body: io.NopCloser(strings.NewReader(body))}).WithContext(context.Background())
				_, failed := new(http.Transport).RoundTrip(elsewhere)
				assert.Error(t, err)
				return nil, failed
			})
		}))
		try(t.Context(), t, client).isUnknown(t)
	})
}

// A transport that gives up with a connection still on its way, and sends on it
// later: we said NotSent, so it must not get the body any more.
func TestLateSendGetsNoBody(t *testing.T) {
	t.Parallel()
	for name, reported := range map[string]bool{"NotSent": true, "Unknown": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goOn, sent := make(chan struct{}), make(chan struct{})
			var late []byte
			var lateErr error
			client := reach(t, testBase, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				if reported {
					traceOf(req).GetConn("assist.test:443")
				}
				go func() {
					defer close(sent)
					<-goOn
					traceOf(req).GotConn(httptrace.GotConnInfo{})
					late, lateErr = io.ReadAll(req.Body)
				}()
				return nil, errPlanned
			})}))
			a := try(t.Context(), t, client)
			close(goOn)
			<-sent
			assert.Empty(t, late)
			assert.ErrorIs(t, lateErr, sendonce.ErrSealed, "an error, or the transport could take the body for empty")
			if reported {
				a.isNotSent(t)
			} else {
				a.isUnknown(t)
			}
		})
	}
}

// A transport that repeats what fails can't give the server a second cancel:
// what it repeats has no body.
func TestRetryingTransport(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	whole := 0
	server := newHostileServer(t, nil, func(c *hostileConn) {
		if body, ok := c.request(); ok && strings.Contains(body, "<billnumber>") {
			mu.Lock()
			whole++
			mu.Unlock()
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := reach(t, server.url, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (resp *http.Response, err error) {
		for range 5 {
			if resp, err = transport.RoundTrip(req); err == nil {
				return resp, nil
			}
		}
		return nil, err
	})}))
	try(t.Context(), t, client).isUnknown(t)
	server.stop()
	assert.Equal(t, 1, whole)
}

func TestIdempotencyKeyOfACallersTransport(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			server, arm := newTrappedServer(t, func(c *hostileConn) { c.restOfRequest() })
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			client := reach(t, server.url, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				req.Header.Set(header, "5700027202722028")
				return transport.RoundTrip(req)
			})}))
			good := warmUp(t, client)
			arm()
			try(t.Context(), t, client).isUnknown(t)
			arrivals, _ := server.counts()
			assert.Equal(t, good+1, arrivals, "each cancel arrives once")
		})
	}
}

// A panic on the way must not open the payment again: the cancel may be out.
func TestPanickingTransportLeavesThePaymentClosed(t *testing.T) {
	t.Parallel()
	calls := 0
	client := reach(t, testBase, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		calls++
		_, _ = io.ReadAll(req.Body)
		panic(errPlanned)
	})}))
	var saved Intent
	assert.PanicsWithValue(t, errPlanned, func() {
		_, _ = client.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(_ context.Context, in Intent) error {
			saved = in
			return nil
		}))
	})
	_, err := client.Cancel(t.Context(), webMoneyRequest(t))
	var unresolved *UnresolvedError
	require.ErrorAs(t, err, &unresolved)
	assert.Equal(t, saved, unresolved.Intent)
	assert.Equal(t, 1, calls)
}

// Answers that no server can give, but a transport can.
func TestTransportsThatBreakTheirContract(t *testing.T) {
	t.Parallel()
	answer := soapAnswer(cancelled())
	tests := []struct {
		name string
		give func(*http.Request) (*http.Response, error)
		want Outcome
	}{
		{"neither answer nor error", func(*http.Request) (*http.Response, error) { return nil, nil }, Unknown},
		{"answer and error", func(req *http.Request) (*http.Response, error) { return respond(req, answer), errPlanned }, Unknown},
		{"no body", func(req *http.Request) (*http.Response, error) {
			resp := respond(req, answer)
			resp.Body = nil
			return resp, nil
		}, Unknown},
		{"a body that fails", func(req *http.Request) (*http.Response, error) {
			resp := respond(req, "")
			resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(answer), failing{})), -1
			return resp, nil
		}, Unknown},
		{"a body that gives nothing", func(req *http.Request) (*http.Response, error) {
			resp := respond(req, answer)
			resp.Body = io.NopCloser(nothing{})
			return resp, nil
		}, Unknown},
		{"a body in single bytes", func(req *http.Request) (*http.Response, error) {
			resp := respond(req, answer)
			resp.Body, resp.ContentLength = io.NopCloser(singly{strings.NewReader(answer)}), -1
			return resp, nil
		}, Accepted},
		{"a body longer than it says", func(req *http.Request) (*http.Response, error) {
			resp := respond(req, answer)
			resp.ContentLength = 10
			return resp, nil
		}, Accepted},
		{"a length of no sense", func(req *http.Request) (*http.Response, error) {
			resp := respond(req, answer)
			resp.ContentLength = -1 << 63
			return resp, nil
		}, Accepted},
		{"no headers", func(req *http.Request) (*http.Response, error) {
			resp := respond(req, answer)
			resp.Header = nil
			return resp, nil
		}, Accepted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := reach(t, testBase, WithHTTPClient(&http.Client{Transport: roundTripper(test.give)}))
			a := try(t.Context(), t, client)
			if test.want == Unknown {
				a.isUnknown(t)
			} else {
				a.isAccepted(t)
			}
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errPlanned }

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

type singly struct{ io.Reader }

func (r singly) Read(p []byte) (int, error) { return r.Reader.Read(p[:1]) }

// The caller's own trace and ours both see the events.
func TestTraceOfTheCallerIsKept(t *testing.T) {
	t.Parallel()
	server := newHostileServer(t, nil, (*hostileConn).serve)
	var got int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { got++ }})
	try(ctx, t, reach(t, server.url)).isAccepted(t)
	assert.Equal(t, 1, got)
}

func TestContextErrorNamesItsCause(t *testing.T) {
	t.Parallel()
	plain, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, context.Canceled, contextError(plain), "one error where the cause adds nothing")

	caused, cancelCause := context.WithCancelCause(t.Context())
	cancelCause(errPlanned)
	err := contextError(caused)
	assert.ErrorIs(t, err, errPlanned)
	assert.ErrorIs(t, err, context.Canceled)

	wrapped, cancelWrapped := context.WithCancelCause(t.Context())
	cause := fmt.Errorf("shutting down: %w", context.Canceled)
	cancelWrapped(cause)
	assert.Equal(t, cause, contextError(wrapped))

	late, done := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), errPlanned)
	defer done()
	err = contextError(late)
	assert.ErrorIs(t, err, errPlanned)
	assert.True(t, errors.Is(err, context.DeadlineExceeded))
}
