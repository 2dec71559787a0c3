package bench

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/hooklift/gowsdl/soap"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/bench/gowsdlclient"
	"github.com/assist-go/assist/bench/loopback"
	"github.com/assist-go/assist/bench/plainclient"
	"github.com/assist-go/assist/openpgp"
)

// The merchant of the benchmarks, invented.
const (
	merchantID = "515089"
	login      = "bench_515089"
	password   = "invented1"
)

func file(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile("../testdata/" + name)
	require.NoError(tb, err)
	return string(text)
}

// contender makes the same cancel in its own way, and checks the answer as far
// as it can.
type contender struct {
	name   string
	cancel func(ctx context.Context, billnumber string) error
}

// contenders starts the server and makes everybody who talks to it. Each floor
// stands before those that are compared with it.
func contenders(tb testing.TB) []contender {
	tb.Helper()
	formats := loopback.Formats(file(tb, "qiwi_cancel.xml"))
	signed := signedFormat(tb, formats[0])
	handler := loopback.Handler(append(formats, signed))
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	secure := httptest.NewTLSServer(handler)
	tb.Cleanup(secure.Close)
	trusted := &tls.Config{RootCAs: x509.NewCertPool(), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	trusted.RootCAs.AddCert(secure.Certificate())
	at := func(f loopback.Format) string { return server.URL + f.Path }
	sdk := func(name string, p assist.Protocol, f loopback.Format, opts ...assist.Option) contender {
		opts = append(opts, assist.WithProtocol(p), assist.WithCancelPath(f.Path))
		return contender{name, cancelBy(tb, newClient(tb, server.URL, opts...))}
	}

	wsdl, json, xml, csv := formats[0], formats[1], formats[2], formats[3]
	return []contender{
		kept(tb, "kept-soap", assist.SOAP, at(wsdl)),
		floor(tb, "floor-soap", assist.SOAP, at(wsdl)),
		sdk("sdk-soap", assist.SOAP, wsdl),
		sdk("sdk-soap-signed", assist.SOAP, signed, assist.WithVerifier(signatureVerifier(tb))),
		plain("encoding-xml", at(wsdl)),
		gowsdl("gowsdl", at(wsdl)),
		gowsdl("gowsdl-kept", at(wsdl), soap.WithHTTPClient(keeping{new(http.Client)})),
		floor(tb, "floor-json", assist.JSON, at(json)),
		sdk("sdk-json", assist.JSON, json),
		floor(tb, "floor-form-xml", assist.Form(assist.FormatXML), at(xml)),
		sdk("sdk-form-xml", assist.Form(assist.FormatXML), xml),
		floor(tb, "floor-form-csv", assist.Form(assist.FormatCSV), at(csv)),
		sdk("sdk-form-csv", assist.Form(assist.FormatCSV), csv),
		floorWith(tb, "kept-tls", assist.SOAP, secure.URL+wsdl.Path, &http.Transport{TLSClientConfig: trusted}),
		floorWith(tb, "floor-tls-full", assist.SOAP, secure.URL+wsdl.Path,
			&http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted.RootCAs}}),
		floorWith(tb, "floor-tls", assist.SOAP, secure.URL+wsdl.Path, &http.Transport{DisableKeepAlives: true, TLSClientConfig: trusted}),
		{"sdk-tls", cancelBy(tb, newClient(tb, secure.URL, assist.WithRootCAs(trusted.RootCAs), assist.WithCancelPath(wsdl.Path)))},
	}
}

// signedFormat is the SOAP sample with a signature of the test key. Its text
// holds no billnumber, so it is right for every request.
func signedFormat(tb testing.TB, f loopback.Format) loopback.Format {
	tb.Helper()
	f.Name, f.Path = "soap-signed", "/signed/wscancel.cfm"
	signature := "<signature>" + file(tb, "../openpgp/testdata/sha1_short.b64") + "</signature>"
	f.Answer = regexp.MustCompile(`(?s)<signature>.*</signature>`).ReplaceAllLiteralString(f.Answer, signature)
	return f
}

func signatureVerifier(tb testing.TB) assist.Verifier {
	tb.Helper()
	v, err := openpgp.NewVerifier([]byte(file(tb, "../openpgp/testdata/assist.gpg")))
	require.NoError(tb, err)
	return v
}

func newClient(tb testing.TB, url string, opts ...assist.Option) *assist.Client {
	tb.Helper()
	merchant := assist.Credentials{MerchantID: merchantID, Login: login, Password: assist.NewSecret(password)}
	client, err := assist.NewClient(url, merchant, opts...)
	require.NoError(tb, err)
	tb.Cleanup(client.CloseIdleConnections)
	return client
}

// cancelBy is a cancel through the SDK. None of its checks can be switched off.
func cancelBy(tb testing.TB, client *assist.Client) func(context.Context, string) error {
	tb.Helper()
	amount, err := assist.ParseMoney(loopback.Amount, loopback.Currency)
	require.NoError(tb, err)
	return func(ctx context.Context, billnumber string) error {
		x, err := client.Cancel(ctx, assist.CancelRequest{
			Billnumber: assist.Billnumber(billnumber), OrderNumber: loopback.OrderNumber, Amount: amount,
		})
		switch {
		case err != nil:
			return err
		case x.Status != assist.Succeeded:
			return errors.New(x.Status.String())
		}
		return nil
	}
}

func plain(name, url string) contender {
	client := plainclient.New(url, merchantID, login, password)
	return contender{name, func(ctx context.Context, billnumber string) error {
		_, err := client.Cancel(ctx, plainclient.Request{
			Billnumber: billnumber, OrderNumber: loopback.OrderNumber, Amount: loopback.Amount, Currency: loopback.Currency,
		})
		return err
	}}
}

func gowsdl(name, url string, opts ...soap.Option) contender {
	port := gowsdlclient.NewWSCancelPort(soap.NewClient(url, opts...))
	amount, currency, reason, language := loopback.Amount, loopback.Currency, "2", "RU"
	return contender{name, func(ctx context.Context, billnumber string) error {
		answer, err := port.WSCancelContext(ctx, &gowsdlclient.WSCancelRequestParams{
			Billnumber: billnumber, Merchant_id: merchantID, Login: login, Password: password,
			Amount: &amount, Currency: &currency, Cancelreason: &reason, Language: &language,
		})
		switch {
		case err != nil:
			return err
		case answer.Order == nil || answer.Order.Billnumber != billnumber || len(answer.Order.Operation) != 1:
			return errors.New("an answer about something else")
		case answer.Order.Operation[0].Responsecode != "AS000":
			return errors.New("response code " + answer.Order.Operation[0].Responsecode)
		}
		return nil
	}}
}

// keeping undoes what gowsdl's runtime asks of every request: to close the
// connection behind it. It shows what the rest of that runtime costs.
type keeping struct{ http *http.Client }

func (k keeping) Do(req *http.Request) (*http.Response, error) {
	req.Close = false
	return k.http.Do(req)
}

// floor posts the bytes and headers of the SDK and reads the answer undecoded,
// over a connection of its own, as the SDK does.
func floor(tb testing.TB, name string, p assist.Protocol, url string) contender {
	tb.Helper()
	return floorWith(tb, name, p, url, &http.Transport{DisableKeepAlives: true})
}

// kept does the same over one connection for all.
func kept(tb testing.TB, name string, p assist.Protocol, url string) contender {
	tb.Helper()
	return floorWith(tb, name, p, url, &http.Transport{IdleConnTimeout: 10 * time.Second})
}

func floorWith(tb testing.TB, name string, p assist.Protocol, url string, transport *http.Transport) contender {
	tb.Helper()
	sample := sentBy(tb, p)
	at := bytes.Index(sample.body, []byte(loopback.Billnumber))
	require.Positive(tb, at)
	client := &http.Client{Transport: transport}
	tb.Cleanup(client.CloseIdleConnections)
	return contender{name, func(ctx context.Context, billnumber string) error {
		// The answer is read, so nobody reads the body any more.
		copy(sample.body[at:], billnumber)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(sample.body))
		if err != nil {
			return err
		}
		for name, values := range sample.header {
			req.Header[name] = values
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		_, err = io.ReadAll(resp.Body)
		return err
	}}
}

// request is what the SDK sends.
type request struct {
	header http.Header
	body   []byte
}

// sentBy catches one cancel of the SDK on its way.
func sentBy(tb testing.TB, p assist.Protocol) (r request) {
	tb.Helper()
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		r = request{header: req.Header.Clone(), body: body}
		return nil, errors.Join(errors.New("caught"), err)
	})
	client := newClient(tb, "https://assist.example.test", assist.WithProtocol(p), assist.WithHTTPClient(&http.Client{Transport: transport}))
	require.Error(tb, cancelBy(tb, client)(tb.Context(), loopback.Billnumber))
	require.NotEmpty(tb, r.body)
	return r
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// numbers gives a new billnumber for each cancel: the SDK knows the operations
// of its last minute, and takes none of them for that of a new cancel.
type numbers struct{ last uint64 }

func (n *numbers) next() string {
	n.last++
	return strconv.FormatUint(5554143265883170+n.last, 10)
}
