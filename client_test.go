package assist

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/leaks"
	"github.com/assist-go/assist/internal/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(leaks.Main(m)) }

func TestNewClientBaseURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url string
		opts      []Option
		cancel    string // the endpoint; empty when the URL is refused
	}{
		{"https", "https://payments.example", nil, "https://payments.example/cancel/wscancel.cfm"},
		{"trailing slash", "https://payments.example/", nil, "https://payments.example/cancel/wscancel.cfm"},
		{"port", "https://payments.example:8443", nil, "https://payments.example:8443/cancel/wscancel.cfm"},
		{"path prefix is kept", "https://proxy.example/assist/", nil, "https://proxy.example/assist/cancel/wscancel.cfm"},
		{"loopback name", "http://localhost:8080", nil, "http://localhost:8080/cancel/wscancel.cfm"},
		{"loopback IPv4", "http://127.0.0.1:8080", nil, "http://127.0.0.1:8080/cancel/wscancel.cfm"},
		{"loopback IPv6", "http://[::1]:8080", nil, "http://[::1]:8080/cancel/wscancel.cfm"},
		{"plain http allowed", "http://payments.example", []Option{AllowPlainHTTP()}, "http://payments.example/cancel/wscancel.cfm"},
		{"older cancel service", "https://payments.example", []Option{WithProtocol(Form(FormatXML))}, "https://payments.example/cancel/cancel.cfm"},
		{"a cancel path", "https://payments.example", []Option{WithProtocol(Form(FormatXML)), WithCancelPath("/x/y.cfm")}, "https://payments.example/x/y.cfm"},
		{"plain http", "http://payments.example", nil, ""},
		{"a host that only looks like loopback", "http://localhost.example", nil, ""},
		{"no scheme", "payments.example", nil, ""},
		{"other scheme", "ftp://payments.example", nil, ""},
		{"no host", "https://", nil, ""},
		{"opaque", "https:payments.example", nil, ""},
		{"user", "https://user@payments.example", nil, ""},
		{"password", "https://user:" + planted + "@payments.example", nil, ""},
		{"unreadable, with a password", "https://user:" + planted + "@payments.example:port", nil, ""},
		{"query", "https://payments.example?a=1", nil, ""},
		{"empty query", "https://payments.example?", nil, ""},
		{"fragment", "https://payments.example#a", nil, ""},
		{"empty fragment", "https://payments.example#", nil, ""},
		{"escaped path", "https://payments.example/a%2Fb", nil, ""},
		{"empty", "", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := NewClient(test.url, testCredentials(), test.opts...)
			if test.cancel != "" {
				require.NoError(t, err)
				assert.Equal(t, test.cancel, c.requests[wire.Cancel].URL.String())
				return
			}
			var wrong *ValidationError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, "baseURL", wrong.Field)
			assert.NotContains(t, err.Error(), planted)
			assert.Nil(t, c)
		})
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	ok := testCredentials()
	with := func(change func(*Credentials)) Credentials { c := ok; change(&c); return c }
	tests := []struct {
		name, field string
		cred        Credentials
		opt         Option
	}{
		{"no merchant", "Credentials.MerchantID", with(func(c *Credentials) { c.MerchantID = "" }), nil},
		{"merchant not digits", "Credentials.MerchantID", with(func(c *Credentials) { c.MerchantID = "51x" }), nil},
		{"no login", "Credentials.Login", with(func(c *Credentials) { c.Login = "" }), nil},
		{"login with a line break", "Credentials.Login", with(func(c *Credentials) { c.Login = "a\nb" }), nil},
		{"no password", "Credentials.Password", with(func(c *Credentials) { c.Password = Secret{} }), nil},
		{"password with a control character", "Credentials.Password", with(func(c *Credentials) { c.Password = NewSecret(planted + "\x00") }), nil},
		{"no protocol", "Protocol", ok, WithProtocol(Protocol{})},
		{"form of no format", "Protocol", ok, WithProtocol(Form(2))},
		{"no http client", "HTTPClient", ok, WithHTTPClient(nil)},
		{"no root CAs", "RootCAs", ok, WithRootCAs(nil)},
		{"no logger", "Logger", ok, WithLogger(nil)},
		{"no clock", "Clock", ok, WithClock(nil)},
		{"small limit", "MaxResponseSize", ok, WithMaxResponseSize(10)},
		{"unknown language", "Language", ok, WithLanguage(7)},
		{"relative cancel path", "CancelPath", ok, WithCancelPath("cancel.cfm")},
		{"cancel path with a query", "CancelPath", ok, WithCancelPath("/cancel.cfm?x=1")},
		{"cancel path upwards", "CancelPath", ok, WithCancelPath("/../cancel.cfm")},
		{"nil option", "Option", ok, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var opts []Option
			if test.opt != nil || test.field == "Option" {
				opts = append(opts, test.opt)
			}
			_, err := NewClient("https://payments.example", test.cred, opts...)
			var wrong *ValidationError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, test.field, wrong.Field)
			assert.Equal(t, NotSent, OutcomeOf(err))
			assert.NotContains(t, err.Error(), planted)
		})
	}
}

func TestHTTPClientIsCopiedAndHardened(t *testing.T) {
	t.Parallel()
	given := &http.Client{Timeout: time.Minute, Transport: http.NewFileTransport(nil)}
	c, err := NewClient("https://payments.example", testCredentials(), WithHTTPClient(given))
	require.NoError(t, err)
	assert.Nil(t, given.CheckRedirect, "the caller's client is left as it is")
	assert.Equal(t, time.Minute, c.http.Timeout)
	assert.ErrorIs(t, c.http.CheckRedirect(nil, nil), http.ErrUseLastResponse)

	_, err = NewClient("https://payments.example", testCredentials(), WithHTTPClient(given), WithRootCAs(x509.NewCertPool()))
	var wrong *ValidationError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "RootCAs", wrong.Field)
}

func TestOwnTransport(t *testing.T) {
	t.Parallel()
	roots := x509.NewCertPool()
	for name, opts := range map[string][]Option{
		"no client given":                  {WithRootCAs(roots)},
		"a client given without transport": {WithRootCAs(roots), WithHTTPClient(&http.Client{})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := NewClient("https://payments.example", testCredentials(), opts...)
			require.NoError(t, err)
			transport, ok := c.http.Transport.(*Transport)
			require.True(t, ok)
			for _, kind := range []*http.Transport{transport.carrier.Questions, transport.carrier.Cancels} {
				assert.Equal(t, uint16(tls.VersionTLS12), kind.TLSClientConfig.MinVersion)
				assert.Same(t, roots, kind.TLSClientConfig.RootCAs)
				assert.NotZero(t, kind.TLSHandshakeTimeout)
				assert.NotZero(t, kind.ResponseHeaderTimeout)
			}
			assert.Equal(t, 10*time.Second, transport.carrier.Questions.IdleConnTimeout)
			c.CloseIdleConnections()
		})
	}
}

func TestProtocols(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"soap", "json", "form-csv", "form-xml", "form-soap", "form-json"} {
		p, err := ParseProtocol(name)
		require.NoError(t, err)
		assert.Equal(t, name, p.String())
		_, err = NewClient("https://payments.example", testCredentials(), WithProtocol(p), WithLogger(slog.New(slog.DiscardHandler)))
		require.NoError(t, err)
	}
	_, err := ParseProtocol("rest")
	assert.Equal(t, NotSent, OutcomeOf(err))
	assert.Equal(t, Form(FormatXML), Form(FormatCSV).forService(wire.OrderResult), "order services don't speak CSV")
	assert.Equal(t, Form(FormatXML), SOAP.forService(wire.ResultByDate))
	assert.Equal(t, JSON, JSON.forService(wire.OrderState))
	assert.Equal(t, Form(FormatCSV), Form(FormatCSV).forService(wire.Cancel))
}
