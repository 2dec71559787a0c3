package assist_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
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

// The known answer of Assist's documentation.
func ExampleNewCheckValueVerifier() {
	verifier, err := assist.NewCheckValueVerifier(assist.NewSecret("secret"), "111111")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := assist.SignedAnswer{
		Service: "orderstate", OrderNumber: "ok", OrderAmount: "4.00", OrderCurrency: "RUB", OrderState: "Canceled",
		CheckValue: "74DEB154081757F1E8097DDFAC35FC5C",
	}
	fmt.Println(verifier.Verify(answer))
	answer.OrderAmount = "400.00"
	fmt.Println(verifier.Verify(answer))
	// Output:
	// <nil>
	// assist: the answer is not proved to be Assist's: a wrong check value
}

// trusting stands in for the verifier of a merchant who has none yet. Don't: with
// it anybody's notification makes a question.
type trusting struct{}

func (trusting) Verify(assist.SignedAnswer) error { return nil }

// A notification is a reason to ask: the order that is handled is that of order
// results. What passes gets no answer, so that Assist comes again.
func ExampleClient_NotificationHandler() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{OrderNumber: "A-1"})
	client := server.Client(assist.WithVerifier(trusting{}))

	var down atomic.Bool
	down.Store(true)
	handler, err := client.NotificationHandler(func(_ context.Context, order assist.Order) error {
		if down.Load() {
			return errors.New("the database is down")
		}
		fmt.Println("paid:", order.Number, order.Amount)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	shop := httptest.NewServer(handler)
	defer shop.Close()
	notification := url.Values{
		"merchant_id": {server.Credentials().MerchantID}, "ordernumber": {"A-1"}, "billnumber": {string(order.Billnumber) + ".1"},
		"orderamount": {order.Amount.Amount()}, "ordercurrency": {"RUB"}, "orderstate": {"Approved"}, "operationtype": {"100"},
		"amount": {order.Amount.Amount()}, "currency": {"RUB"}, "responsecode": {"AS000"}, "packetdate": {"24.10.2013 14:00"},
	}
	if _, err := http.PostForm(shop.URL, notification); err != nil {
		fmt.Println("no answer: it comes again")
	}
	down.Store(false)
	resp, err := http.PostForm(shop.URL, notification)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output:
	// no answer: it comes again
	// paid: A-1 100.00 RUB
	// 200 OK
}

// Where the merchant's date is wrong, the error tells what was asked about.
func ExampleOrderNotFoundError() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	client := server.Client()

	_, err := client.OrderResult(context.Background(), assist.OrderQuery{
		OrderNumber: "A-2",
		From:        time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 5, 2, 0, 0, 0, 0, time.UTC),
	})
	var none *assist.OrderNotFoundError
	if errors.As(err, &none) {
		fmt.Println(none.Asked)
	}
	// Output: [2024-05-01 00:00 to 2024-05-02 00:00]
}

// A wait that ends before the cancel does gives what is known: Assist has taken
// it, so there is nothing to resolve.
func ExampleWaitTimeoutError() {
	t := &program{} // in a test: t *testing.T
	defer t.end()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{MeanTypeID: 30}) // WebMoney
	server.Next(assisttest.InProcess(3*time.Minute, "AS000"))
	client := server.Client()
	ctx := context.Background()
	x, err := client.CancelFull(ctx, order.CancelRequest(assist.Money{}))
	if err != nil {
		log.Fatal(err)
	}

	x, err = client.Wait(ctx, x, 0) // asks once
	var early *assist.WaitTimeoutError
	fmt.Println(errors.As(err, &early), assist.OutcomeOf(err), x.Status)

	// Later, perhaps in another process.
	server.Advance(3 * time.Minute)
	x, err = client.Resume(early.Last.Token())
	if err != nil {
		log.Fatal(err)
	}
	x, err = client.Wait(ctx, x, time.Minute, assist.PollEvery(10*time.Second, time.Minute),
		assist.Observe(func(o assist.Observation) { fmt.Println("question", o.Attempt) }))
	fmt.Println(err, x.Status)
	// Output:
	// true accepted in process
	// question 1
	// <nil> succeeded
}
