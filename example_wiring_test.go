package assist_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

var shopCredentials = assist.Credentials{MerchantID: "515089", Login: "shop_515089", Password: assist.NewSecret("invented1")}

// timing measures every request, whoever it is for.
type timing struct{ next http.RoundTripper }

func (t timing) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(req)
	fmt.Println(req.URL.Path, "took", time.Since(start) < time.Minute)
	return resp, err
}

// A round tripper of one's own in front of the SDK's connections, times and TLS.
func ExampleWithRoundTripper() {
	assistServer := assisttest.New()
	defer assistServer.Close()
	listening := httptest.NewServer(assistServer)
	defer listening.Close()
	client, err := assist.NewClient(listening.URL, assistServer.Credentials(),
		assist.WithRoundTripper(func(next http.RoundTripper) http.RoundTripper { return timing{next} }))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.OrderResult(context.Background(), assist.OrderQuery{OrderNumber: "A-1"})
	fmt.Println(errors.Is(err, assist.ErrOrderNotFound))
	// Output:
	// /orderresult/orderresult.cfm took true
	// true
}

// Several hundred merchants in one program, over the same connections.
func ExampleWithTransport() {
	shared := assist.NewTransport(&tls.Config{})
	defer shared.CloseIdleConnections()
	clients := make(map[string]*assist.Client)
	for _, merchant := range []assist.Credentials{shopCredentials} {
		client, err := assist.NewClient("https://payments.example", merchant, assist.WithTransport(shared))
		if err != nil {
			fmt.Println(err)
			return
		}
		clients[merchant.MerchantID] = client
	}
	fmt.Println(len(clients))
	// Output: 1
}

// A password that is rotated in a vault. The client stays, and with it what it
// knows of its payments.
func ExampleWithCredentials() {
	vault := func(context.Context) (assist.Credentials, error) { return shopCredentials, nil }
	client, err := assist.NewClient("https://payments.example", assist.Credentials{MerchantID: "515089"},
		assist.WithCredentials(vault), assist.WithUserAgent("shop/1.0"))
	fmt.Println(client, err)
	// Output: assist.Client(515089) <nil>
}

// A server that wants to see a client certificate.
func ExampleWithClientCertificate() {
	certificate, err := tls.LoadX509KeyPair("testdata/no_such.crt", "testdata/no_such.key")
	if err != nil {
		fmt.Println("no certificate")
		return
	}
	client, err := assist.NewClient("https://payments.example", shopCredentials, assist.WithClientCertificate(certificate))
	fmt.Println(client, err)
	// Output: no certificate
}

// The status under which a server didn't answer, and when it may be asked again.
func ExampleHTTPError() {
	var err error = &assist.FollowError{Service: "orderresult",
		Err: &assist.HTTPError{Status: http.StatusServiceUnavailable, RetryAfter: time.Minute, Err: assist.ErrUnreadable}}
	var answered *assist.HTTPError
	if errors.As(err, &answered) {
		fmt.Println(answered.Status, answered.RetryAfter)
	}
	// Output: 503 1m0s
}
