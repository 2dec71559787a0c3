package assist

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/hostile"
	"github.com/assist-go/assist/internal/sendonce"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
			a := try(ctx, t, reach(t, "http://"+hostile.ClosedPort(t), WithHTTPClient(given)))
			if own {
				a.isNotSent(t)
			} else {
				a.isUnknown(t)
			}
			assert.ErrorIs(t, a.err, context.Canceled)
		})
	}
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
			try(t.Context(), t, reach(t, "http://"+hostile.ClosedPort(t), opt(t))).isNotSent(t)

			server := hostile.New(t, nil, (*hostile.Conn).Serve)
			try(t.Context(), t, reach(t, server.URL, opt(t))).isAccepted(t)

			server = hostile.New(t, nil, func(c *hostile.Conn) { c.Request() })
			try(t.Context(), t, reach(t, server.URL, opt(t))).isUnknown(t)
			arrivals, _ := server.Counts()
			assert.Equal(t, 1, arrivals)
		})
	}
}

func TestTransportThatSendsTwice(t *testing.T) {
	t.Parallel()
	own := func(next http.RoundTripper) http.RoundTripper { return retrying{next, 3} }
	second := map[string]func(*hostile.Conn, string){
		"done":     func(c *hostile.Conn, body string) { c.WriteText(hostile.HTTP200(hostile.AnswerTo(body))) },
		"refused":  func(c *hostile.Conn, _ string) { c.WriteText(hostile.HTTP200(codesFault(5, 108))) },
		"declined": func(c *hostile.Conn, _ string) { c.WriteText(hostile.HTTP200(soapAnswer(coded("Declined", "AS100")))) },
		"lost":     func(*hostile.Conn, string) {},
	}
	for name, answer := range second {
		dyingOnce := func(t *testing.T) *hostile.Server {
			return hostile.New(t, nil, func(c *hostile.Conn) {
				if body, ok := c.Request(); ok && c.Number > 0 {
					answer(c, body)
				}
			})
		}
		t.Run("caller's transport, "+name, func(t *testing.T) {
			t.Parallel()
			server := dyingOnce(t)
			// Whatever the second answer says, the first may have been performed too.
			a := try(t.Context(), t, reach(t, server.URL, through(retrying{keeping(t), 2})))
			a.isUnknown(t)
			if name != "lost" {
				assert.ErrorIs(t, a.err, errSentTwice)
			}
			arrivals, _ := server.Counts()
			assert.Equal(t, 2, arrivals)
		})
		t.Run("own transport, "+name, func(t *testing.T) {
			t.Parallel()
			server := dyingOnce(t)
			a := try(t.Context(), t, reach(t, server.URL, WithRoundTripper(own)))
			a.isUnknown(t)
			assert.ErrorIs(t, a.err, sendonce.ErrSentAlready)
			arrivals, _ := server.Counts()
			assert.Equal(t, 1, arrivals, "the SDK's own transport doesn't send it again")
		})
	}
	t.Run("own transport, no connection the first time", func(t *testing.T) {
		t.Parallel()
		server := hostile.New(t, nil, (*hostile.Conn).Serve)
		var dials atomic.Int32
		transport := NewTransport(nil)
		dialer := transport.carrier.Dial
		transport.carrier.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) < 3 {
				return nil, errPlanned
			}
			return dialer(ctx, network, address)
		}
		try(t.Context(), t, reach(t, server.URL, WithTransport(transport), WithRoundTripper(own))).isAccepted(t)
		arrivals, _ := server.Counts()
		assert.Equal(t, 1, arrivals)
	})
	t.Run("own transport, never a connection", func(t *testing.T) {
		t.Parallel()
		try(t.Context(), t, reach(t, "http://"+hostile.ClosedPort(t), WithRoundTripper(own))).isNotSent(t)
	})
	t.Run("own transport, both at once", func(t *testing.T) {
		t.Parallel()
		server := hostile.New(t, nil, (*hostile.Conn).Serve)
		transport := NewTransport(nil)
		dialer, dialing, goOn := transport.carrier.Dial, make(chan struct{}), make(chan struct{})
		transport.carrier.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			close(dialing) // twice panics
			<-goOn
			return dialer(ctx, network, address)
		}
		client := reach(t, server.URL, WithTransport(transport), WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
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
		arrivals, _ := server.Counts()
		assert.Equal(t, 1, arrivals)
	})
	t.Run("a transport of its own behind a refused certificate", func(t *testing.T) {
		t.Parallel()
		refusing := hostile.NewTLS13(t, true, hostile.Alerting(116))
		other := hostile.New(t, nil, func(c *hostile.Conn) { c.Request() })
		target, err := url.Parse(other.URL)
		require.NoError(t, err)
		client := reach(t, refusing.URL, WithRootCAs(hostile.LoopbackRoots(t)), WithRoundTripper(func(next http.RoundTripper) http.RoundTripper {
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

// A transport that repeats what fails can't give the server a second cancel:
// what it repeats has no body.
func TestRetryingTransport(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	whole := 0
	server := hostile.New(t, nil, func(c *hostile.Conn) {
		if body, ok := c.Request(); ok && strings.Contains(body, "<billnumber>") {
			mu.Lock()
			whole++
			mu.Unlock()
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := reach(t, server.URL, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (resp *http.Response, err error) {
		for range 5 {
			if resp, err = transport.RoundTrip(req); err == nil {
				return resp, nil
			}
		}
		return nil, err
	})}))
	try(t.Context(), t, client).isUnknown(t)
	server.Stop()
	assert.Equal(t, 1, whole)
}

func TestIdempotencyKeyOfACallersTransport(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			server, arm := hostile.NewTrapped(t, func(c *hostile.Conn) { c.RestOfRequest() })
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			client := reach(t, server.URL, WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				req.Header.Set(header, "5700027202722028")
				return transport.RoundTrip(req)
			})}))
			good := warmUp(t, client)
			arm()
			try(t.Context(), t, client).isUnknown(t)
			arrivals, _ := server.Counts()
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

// What docs/testing.md says of replaying the documents' samples.
func TestSampleOfTheDocumentsIsReplayedWithoutADate(t *testing.T) {
	t.Parallel()
	text := sample(t, "webmoney_cancel.xml")
	_, err := mocked(t, answering(http.StatusOK, text)).Cancel(t.Context(), webMoneyRequest(t))
	require.NoError(t, err)

	dated := httpmock.NewMockTransport()
	dated.RegisterResponder(http.MethodPost, testBase+"/cancel/wscancel.cfm", httpmock.NewStringResponder(http.StatusOK, text).
		HeaderSet(http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}))
	_, err = mocked(t, dated).Cancel(t.Context(), webMoneyRequest(t))
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.ErrorIs(t, err, ErrOtherAnswer)
}
