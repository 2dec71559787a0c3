package assist

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"

	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The head of a request, per protocol (protocol §2 and §3).
func TestRequestHead(t *testing.T) {
	t.Parallel()
	for protocol, want := range map[Protocol]struct{ path, contentType, action string }{
		SOAP:             {"/cancel/wscancel.cfm", "text/xml; charset=utf-8", `"` + testBase + `/cancel/wscancel.cfm"`},
		JSON:             {"/cancel/wscancel.cfm", "application/json", ""},
		Form(FormatSOAP): {"/cancel/wscancel.cfm", "application/x-www-form-urlencoded; charset=utf-8", ""},
		Form(FormatCSV):  {"/cancel/cancel.cfm", "application/x-www-form-urlencoded; charset=utf-8", ""},
	} {
		t.Run(protocol.String(), func(t *testing.T) {
			t.Parallel()
			sent := 0
			client := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
				sent++
				assert.Equal(t, http.MethodPost, req.Method)
				assert.Equal(t, testBase+want.path, req.URL.String())
				assert.Equal(t, want.contentType, req.Header.Get("Content-Type"))
				assert.Equal(t, want.action, req.Header.Get("SOAPAction"))
				return nil, errPlanned
			}), WithProtocol(protocol))
			try(t.Context(), t, client)
			assert.Equal(t, 1, sent)
		})
	}
}

// A transport of the caller's may write into the request. The next one is made
// from the same copy, and must not show it.
func TestTransportThatChangesTheRequest(t *testing.T) {
	t.Parallel()
	sent := 0
	client := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
		sent++
		assert.Empty(t, req.Header.Get("X-Planted"))
		assert.Equal(t, testBase+"/cancel/wscancel.cfm", req.URL.String())
		body := bodyOf(t, req)
		req.Header.Set("X-Planted", "1")
		req.Header["Content-Type"][0] = "text/planted"
		req.URL.Path = "/planted"
		return respond(req, hostile.AnswerTo(body)), nil
	}))
	for range 3 {
		_, err := client.Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
	}
	assert.Equal(t, 3, sent)
}

// A cookie jar of the caller's adds to the header of one request, not of all that
// follow.
func TestCookiesDoNotPileUp(t *testing.T) {
	t.Parallel()
	var cookies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		cookies = append(cookies, req.Header.Get("Cookie"))
		body, _ := io.ReadAll(req.Body)
		w.Header()["Date"] = nil // the sample is older
		http.SetCookie(w, &http.Cookie{Name: "n", Value: fmt.Sprint(len(cookies))})
		_, _ = io.WriteString(w, hostile.AnswerTo(string(body)))
	}))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client, err := NewClient(server.URL, testCredentials(), WithHTTPClient(&http.Client{Jar: jar}))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	for range 3 {
		_, err := client.Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"", "n=1", "n=2"}, cookies)
}

// CSV has no mark of its own: only who asked for it takes it, and then not
// behind something that looks like another format.
func TestCSVIsTakenByWhoAskedForIt(t *testing.T) {
	t.Parallel()
	const csv = "billnumber: 5700027202722028.3;\nordernumber: 2013.10.23-700027-5;\norderstate: PartialCanceled;\noperationtype: 300;\n" +
		"amount: 0.10;\ncurrency: RUB;\nresponsecode: AS000;\n"
	for name, test := range map[string]struct {
		protocol Protocol
		body     string
		outcome  Outcome
	}{
		"asked for":        {Form(FormatCSV), csv, Accepted},
		"asked for XML":    {Form(FormatXML), csv, Unknown},
		"asked for SOAP":   {SOAP, csv, Unknown},
		"asked for JSON":   {JSON, csv, Unknown},
		"behind a mark-up": {Form(FormatCSV), "<!-- a: b;\n" + csv, Unknown},
		"behind a brace":   {Form(FormatCSV), "{a: b;\n" + csv, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := try(t.Context(), t, mocked(t, answering(http.StatusOK, test.body), WithProtocol(test.protocol)))
			assert.Equal(t, test.outcome, OutcomeOf(a.err), "%v", a.err)
		})
	}
}
