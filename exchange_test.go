package assist

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assist-go/assist/internal/hostile"
	"github.com/assist-go/assist/internal/sendonce"
	"github.com/assist-go/assist/internal/stopwatch"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
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

// jar ends the call when it is asked for cookies, which is before anything is sent.
type jar struct{ over func() }

func (j jar) SetCookies(*url.URL, []*http.Cookie) {}
func (j jar) Cookies(*url.URL) []*http.Cookie     { j.over(); return nil }

// dumping logs whole requests, as many programs do.
type dumping struct{ next http.RoundTripper }

func (d dumping) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := httputil.DumpRequestOut(req, true); err != nil {
		return nil, err
	}
	return d.next.RoundTrip(req)
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
	server := hostile.New(t, nil, (*hostile.Conn).Serve)
	var got int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { got++ }})
	try(ctx, t, reach(t, server.URL)).isAccepted(t)
	assert.Equal(t, 1, got)
}

// cancelAnother cancels another payment, which must succeed.
func cancelAnother(ctx context.Context, t testing.TB, c *Client) {
	t.Helper()
	req := webMoneyRequest(t)
	req.Billnumber = "5700027202722001"
	_, err := c.Cancel(ctx, req)
	require.NoError(t, err)
}

// warmUp cancels another payment until the HTTP/1 connection of a caller's
// transport is kept, so that the next cancel meets a used one. It tells how many
// cancels that took: a slow machine makes net/http give up a connection now and
// then.
func warmUp(t testing.TB, c *Client) (cancels int) {
	t.Helper()
	kept := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{PutIdleConn: func(err error) { kept = err == nil }})
	for !kept {
		cancelAnother(ctx, t, c)
		cancels++
	}
	return cancels
}

// reach is a client of a server of the test. Its log is searched for the
// credentials when the test is over.
func reach(t testing.TB, url string, opts ...Option) *Client {
	t.Helper()
	var log lockedBuffer
	opts = append([]Option{WithLogger(slog.New(slog.NewJSONHandler(&log, nil)))}, opts...)
	c, err := NewClient(url, testCredentials(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.CloseIdleConnections()
		assert.NotContains(t, log.String(), planted, "the password in the log")
		assert.NotContains(t, log.String(), testLogin, "the login in the log")
	})
	return c
}

// lockedBuffer is a log that several calls may write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// attempt is one cancel with all that is to be known about it.
type attempt struct {
	client *Client
	x      *Cancellation
	err    error
	saved  []Intent // what SaveIntent was given
}

func try(ctx context.Context, t testing.TB, c *Client, opts ...CancelOption) attempt {
	t.Helper()
	a := attempt{client: c}
	save := SaveIntent(func(_ context.Context, in Intent) error {
		a.saved = append(a.saved, in)
		return nil
	})
	a.x, a.err = c.Cancel(ctx, webMoneyRequest(t), append([]CancelOption{save}, opts...)...)
	assertDiscreet(t, a.err)
	return a
}

// isUnknown checks all that must hold after an Unknown: its Intent is the one
// that was saved, and the payment stays closed.
func (a attempt) isUnknown(t testing.TB) {
	t.Helper()
	assert.Nil(t, a.x)
	require.Equal(t, Unknown, OutcomeOf(a.err), "%v", a.err)
	var unknown *UnknownOutcomeError
	require.ErrorAs(t, a.err, &unknown)
	require.Len(t, a.saved, 1)
	assert.Equal(t, a.saved[0], unknown.Intent)
	assert.NotEmpty(t, unknown.Intent.ID)

	_, err := a.client.Cancel(context.Background(), webMoneyRequest(t))
	var unresolved *UnresolvedError
	require.ErrorAs(t, err, &unresolved)
	assert.Equal(t, a.saved[0], unresolved.Intent)
	assert.Equal(t, NotSent, OutcomeOf(err))
	assertDiscreet(t, err)
}

// isNotSent checks that the payment is open again, too.
func (a attempt) isNotSent(t testing.TB) {
	t.Helper()
	assert.Nil(t, a.x)
	require.Equal(t, NotSent, OutcomeOf(a.err), "%v", a.err)
	assert.Zero(t, a.client.payments.size(), "nothing is remembered of the payment")
}

func (a attempt) isAccepted(t testing.TB) {
	t.Helper()
	require.NoError(t, a.err)
	assert.Equal(t, Billnumber("5700027202722028"), a.x.Operation.Billnumber.Payment())
	assert.Equal(t, a.saved[0], a.x.Intent)
	assert.True(t, a.client.payments.open("5700027202722028"))
}

func (p *payments) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.known)
}

// open tells that nobody waits for the payment and nothing is
// unresolved.
func (p *payments) open(payment Billnumber) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.known[payment]
	return state == nil || state.waiting == 0 && len(state.unresolved) == 0
}

// assertDiscreet searches the whole tree of an error for the credentials.
func assertDiscreet(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		shown := fmt.Sprintf(verb, err)
		assert.NotContains(t, shown, planted, "%T %s", err, verb)
		assert.NotContains(t, shown, testLogin, "%T %s", err, verb)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		assertDiscreet(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			assertDiscreet(t, inner)
		}
	}
}

// keeping sends over a transport of the caller's, which keeps its connections and
// speaks HTTP/2 where the server does.
func keeping(t testing.TB) *http.Transport {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: hostile.LoopbackRoots(t)}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func through(transport http.RoundTripper) Option {
	return WithHTTPClient(&http.Client{Transport: transport})
}

var errPlanned = errors.New("planned by the test")

// What an answer under the size limit may cost. The time is that of a machine
// with nothing else to do, so the test allows for one several times slower.
const (
	mostTime   = 50 * time.Millisecond
	mostMemory = 64 << 20
	slowest    = 4
)

// filled repeats a pattern to just under the size limit. A %d in it is counted
// up.
func filled(before, pattern, after string) string {
	var b strings.Builder
	b.Grow(defaultMaxResponseSize)
	b.WriteString(before)
	for i := 0; ; i++ {
		next := pattern
		if strings.Contains(pattern, "%d") {
			next = strings.ReplaceAll(pattern, "%d", fmt.Sprint(i))
		}
		if b.Len()+len(next)+len(after) >= defaultMaxResponseSize {
			b.WriteString(after)
			return b.String()
		}
		b.WriteString(next)
	}
}

// dearAnswers are those that cost a careless reader most.
func dearAnswers() map[string]string {
	const (
		soapHead = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="http://www.paysecure.ru/ws/"><e:Body><ws:WSCancelResponseParams>`
		soapTail = `</ws:WSCancelResponseParams></e:Body></e:Envelope>`
		order    = `<order><billnumber>5700027202722028</billnumber><ordernumber>2013.10.23-700027-5</ordernumber><orderstate>Approved</orderstate>`
		whole    = `<operation><billnumber>5700027202722028.%d</billnumber><operationtype>300</operationtype><operationstate>Success</operationstate>` +
			`<amount>0.10</amount><currency>RUB</currency><responsecode>AS000</responsecode></operation>`
		result = `<result firstcode="0" secondcode="0">`
		fault  = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>x</faultcode><faultstring>`
	)
	return map[string]string{
		"depth":                         filled("", "<a>", ""),
		"depth inside an answer":        filled(soapHead+order, "<a>", ""),
		"depth with namespaces":         filled(soapHead, `<a xmlns:n%d="u">`, ""),
		"depth of default namespaces":   filled(soapHead, `<a xmlns="u%d">`, ""),
		"attributes":                    filled("<a ", `a%d="" `, "></a>"),
		"the same attribute":            filled("<a ", `a="" `, "></a>"),
		"namespaces of one element":     filled("<a ", `xmlns:n%d="u" `, "></a>"),
		"attributes inside an answer":   filled(soapHead+"<x ", `a%d="" `, "></x>"+soapTail),
		"a long attribute":              filled(`<a b="`, "&amp;", `"></a>`),
		"a long name":                   filled("<", "a", "></a>"),
		"an unfinished name":            filled("<", "a", ""),
		"entities":                      filled(soapHead+order+"<ordercomment>", "&lt;", "</ordercomment></order>"+soapTail),
		"character references":          filled(soapHead+order+"<ordercomment>", "&#1078;", "</ordercomment></order>"+soapTail),
		"an unfinished entity":          filled(soapHead+order+"<ordercomment>&", "a", ""),
		"ampersands":                    filled(soapHead+order+"<ordercomment>", "&", ""),
		"line ends":                     filled(soapHead+order+"<ordercomment>", "\r\n", "</ordercomment></order>"+soapTail),
		"one CDATA section":             filled(soapHead+order+"<ordercomment><![CDATA[", "]]", "]]></ordercomment></order>"+soapTail),
		"CDATA sections":                filled(soapHead+order+"<ordercomment>", "<![CDATA[]]>", "</ordercomment></order>"+soapTail),
		"an unfinished CDATA section":   filled(soapHead+order+"<ordercomment><![CDATA[", "]]", ""),
		"comments":                      filled(soapHead, "<!---->", soapTail),
		"comments inside a text":        filled(soapHead+order+"<ordercomment>", "a<!---->", "</ordercomment></order>"+soapTail),
		"an unfinished comment":         filled(soapHead+"<!--", " -", ""),
		"processing instructions":       filled(soapHead, "<?a?>", soapTail),
		"a document type":               filled("<!DOCTYPE result [", "<!ELEMENT a (b)>", "]>"+result+"</result>"),
		"brackets in a document type":   filled("<!DOCTYPE result [", "[", ""),
		"quotes in a document type":     filled("<!DOCTYPE result [", `"`, ""),
		"entities in a document type":   filled("<!DOCTYPE result [", `<!ENTITY a "&b;&b;">`, "]>"+result+"</result>"),
		"windows-1251":                  filled("<?xml version=\"1.0\" encoding=\"windows-1251\"?>"+result+"<orders><order><ordercomment>", "\xe6", "</ordercomment></order></orders></result>"),
		"broken UTF-8":                  filled(soapHead, "\xff", soapTail),
		"elements that mean nothing":    filled(soapHead, "<x/>", soapTail),
		"elements in an order":          filled(soapHead+order, "<x/>", "</order>"+soapTail),
		"operations":                    filled(soapHead+order, "<operation><billnumber>1</billnumber></operation>", "</order>"+soapTail),
		"empty operations":              filled(soapHead+order, "<operation/>", "</order>"+soapTail),
		"whole operations":              filled(soapHead+order, whole, "</order>"+soapTail),
		"whole operations in XML":       filled(result+order, whole, "</order></result>"),
		"orders":                        filled(soapHead, "<order><billnumber>1</billnumber></order>", soapTail),
		"orders in XML":                 filled(result+"<orders>", "<order><billnumber>1</billnumber></order>", "</orders></result>"),
		"empty orders in XML":           filled(result+"<orders>", "<order/>", "</orders></result>"),
		"spaces":                        filled("", " ", ""),
		"HTML":                          filled("<html><body>", "<p>x<br>", "</body></html>"),
		"codes in a fault":              filled(fault, "1-2 ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"digits in a fault":             filled(fault, "1", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"digits and spaces in a fault":  filled(fault, "1 ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"a number far from its sign":    filled(fault+"1", " ", "-2</faultstring></e:Fault></e:Body></e:Envelope>"),
		"codes far apart in a fault":    filled(fault, "7 - ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"capitals in a fault":           filled(fault, "İ", "</faultstring></e:Fault></e:Body></e:Envelope>"),
		"JSON depth":                    filled("", "[", ""),
		"JSON objects in depth":         filled("", `{"a":`, ""),
		"JSON depth inside":             filled(`{"wscancel":{"x":`, "[", ""),
		"JSON names":                    filled("{", `"a%d":1,`, `"a":1}`),
		"JSON names inside":             filled(`{"wscancel":{"order":{`, `"a%d":1,`, `"a":1}}}`),
		"JSON numbers":                  filled(`{"wscancel":[`, "1,", "1]}"),
		"JSON arrays that mean nothing": filled(`{"wscancel":{"x":[`, "[],", "1]}}"),
		"JSON objects of no meaning":    filled(`{"wscancel":{"x":[`, "{},", "1]}}"),
		"JSON names in many objects":    filled(`{"wscancel":{"x":[`, `{"a":1,"b":1},`, "1]}}"),
		"a long JSON number":            filled(`{"wscancel":{"order":{"amount":`, "1", "}}}"),
		"JSON escapes":                  filled(`{"wscancel":{"order":{"billnumber":"`, `\u0416`, `"}}}`),
		"JSON surrogates":               filled(`{"wscancel":{"order":{"billnumber":"`, `\ud83d\ude00`, `"}}}`),
		"JSON short escapes":            filled(`{"wscancel":{"order":{"billnumber":"`, `\n`, `"}}}`),
		"JSON operations":               filled(`{"wscancel":{"order":{"billnumber":"5700027202722028","orderstate":"x","operations":[`, `{"billnumber":""},`, `{"billnumber":""}]}}}`),
		"empty JSON operations":         filled(`{"wscancel":{"order":{"billnumber":"5700027202722028","orderstate":"x","operations":[`, `{},`, `{}]}}}`),
		"whole JSON operations": filled(`{"wscancel":{"order":{"billnumber":"5700027202722028","orderstate":"x","operations":[`,
			`{"billnumber":"5700027202722028.%d","operationtype":300,"operationstate":"Success","amount":0.1,"currency":"RUB","responsecode":"AS000"},`, `{"billnumber":"5700027202722028.999999"}]}}}`),
		"orders with operations in XML": filled(result+"<orders>",
			"<order><billnumber>1</billnumber>"+strings.Repeat("<operation><billnumber>1</billnumber></operation>", 17)+strings.Repeat(" ", 900)+"</order>", "</orders></result>"),
		"JSON orders": filled(`{"orderresult":{"orders":[`, `{"billnumber":""},`, `{"billnumber":""}]}}`),
		"CSV pairs":   filled("", "a%d:1;", ""),
		"CSV commas":  filled("", ";", ""),
		"CSV colons":  filled("billnumber", ":", ";"),
		"CSV lines":   filled("", "a\n", ""),
		"CSV columns": filled("", "a%d;", "\n1;"),
		"CSV rows":    filled("billnumber;amount;\n", "1;2;\n", ""),
		"CSV error":   filled("error;", "5;", ""),
		"a signature": filled(soapHead+order+"</order><signature>", "kA0DAAIRzfHw5YyCWOE ", "</signature>"+soapTail),
	}
}

// No answer under the size limit may cost much, whoever sends it. The test
// stands alone (it isn't parallel), because it counts what the whole process
// allocates.
func TestCostOfAnAnswer(t *testing.T) {
	if stopwatch.Slowdown > 1 {
		t.Skip("the race detector costs more than what is measured")
	}
	for name, body := range dearAnswers() {
		require.Less(t, len(body), defaultMaxResponseSize, name)
		for _, protocol := range []Protocol{SOAP, Form(FormatCSV)} {
			t.Run(protocol.String()+", "+name, func(t *testing.T) {
				cost(t, func(c *Client) { _, _ = c.Cancel(t.Context(), webMoneyRequest(t), DespiteUnknown(lastIntent(c))) }, answering(http.StatusOK, body), WithProtocol(protocol), WithVerifier(comparing))
			})
		}
	}
}

// A full cancel of thousands of payments is believed, and all of its operations
// are remembered. Neither that nor the next cancel may cost much.
func TestCostOfAFullCancel(t *testing.T) {
	if stopwatch.Slowdown > 1 {
		t.Skip("the race detector costs more than what is measured")
	}
	for protocol, name := range map[Protocol]string{SOAP: "whole operations", JSON: "whole JSON operations"} {
		// Whole means every row.
		answer := answering(http.StatusOK, strings.NewReplacer(
			"2028.0<", "2028.888888<", `2028.0"`, `2028.888888"`, `,{"billnumber":"5700027202722028.999999"}`, "",
		).Replace(dearAnswers()[name]))
		req := webMoneyRequest(t)
		req.Amount = Money{}
		t.Run(protocol.String(), func(t *testing.T) {
			cost(t, func(c *Client) {
				x, err := c.CancelFull(t.Context(), req)
				require.NoError(t, err)
				require.Greater(t, len(x.Operations), 4000)
			}, answer, WithProtocol(protocol))
			var next *Client
			first := func(c *Client) {
				next = c
				_, _ = c.CancelFull(t.Context(), req)
			}
			first(mocked(t, answer, WithProtocol(protocol)))
			cost(t, func(*Client) {
				_, err := next.CancelFull(t.Context(), req, DespiteUnknown(lastIntent(next)))
				require.ErrorIs(t, err, ErrOtherAnswer)
			}, answer)
		})
	}
}

// lastIntent is the one that stands in the way of the next cancel.
func lastIntent(c *Client) Intent {
	in, _ := c.payments.unresolvedBut("5700027202722028", nil)
	if in.ID == "" {
		in.Request.Billnumber = "5700027202722028"
	}
	return in
}

// cost runs a call a few times and holds the cheapest run against the limits:
// what a run costs more than another is the machine's.
func cost(t *testing.T, call func(*Client), transport http.RoundTripper, opts ...Option) {
	t.Helper()
	took, allocated := time.Hour, uint64(1<<62)
	for range 3 {
		c := mocked(t, transport, opts...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		took = min(took, stopwatch.CPUTime(func() { call(c) }))
		runtime.ReadMemStats(&after)
		allocated = min(allocated, after.TotalAlloc-before.TotalAlloc)
		if took < mostTime && allocated < mostMemory {
			break
		}
	}
	assert.Less(t, took, mostTime*slowest)
	assert.Less(t, allocated, uint64(mostMemory), "%d MiB", allocated>>20)
	t.Logf("%s, %.1f MiB", took.Round(time.Microsecond), float64(allocated)/(1<<20))
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
