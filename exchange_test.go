package assist

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

const (
	testBase  = "https://assist.test"
	testLogin = "shop_login"
)

func testCredentials() Credentials {
	return Credentials{MerchantID: "515089", Login: testLogin, Password: NewSecret(planted)}
}

// mocked is a client whose requests meet a transport of the test's own.
func mocked(t testing.TB, transport http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	c, err := NewClient(testBase, testCredentials(), append([]Option{WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	require.NoError(t, err)
	return c
}

// answering is a transport that answers the cancel service with one body and
// counts the requests.
func answering(status int, body string) *httpmock.MockTransport {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodPost, testBase+"/cancel/wscancel.cfm", httpmock.NewStringResponder(status, body))
	mock.RegisterResponder(http.MethodPost, testBase+"/cancel/cancel.cfm", httpmock.NewStringResponder(status, body))
	return mock
}

func webMoneyRequest(t testing.TB) CancelRequest {
	return CancelRequest{
		Billnumber:  "5700027202722028",
		OrderNumber: "2013.10.23-700027-5",
		OrderDate:   time.Date(2013, 10, 23, 12, 59, 44, 0, time.UTC),
		Amount:      rub(t, "0.10"),
	}
}

// roundTripper is a transport made of one function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func bodyOf(t testing.TB, req *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	return string(body)
}
