package assist

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTransportOptionsThatContradictEachOther(t *testing.T) {
	t.Parallel()
	foreign := through(http.NewFileTransport(nil))
	shared := WithTransport(NewTransport(nil))
	certificate := WithClientCertificate(selfSigned(t, time.Now(), time.Now().Add(time.Hour)))
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
	transport := NewTransport(&tls.Config{RootCAs: loopbackRoots(t), MinVersion: tls.VersionTLS10, NextProtos: []string{"h2"}})
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
