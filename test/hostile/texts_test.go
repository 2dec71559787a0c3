package hostile_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"
)

// After a 101 the connection is the caller's: net/http watches neither the
// context nor the timeout any more, so the answer must not be read at all.
func TestSwitchingProtocolsIsNoAnswer(t *testing.T) {
	t.Parallel()
	server := hostile.New(t, nil, func(c *hostile.Conn) {
		c.Request()
		c.WriteText("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		c.Wait()
	})
	a := try(t.Context(), t, reach(t, server.URL))
	a.isUnknown(t)
	assert.ErrorIs(t, a.err, assist.ErrUnreadable)
	arrivals, _ := server.Counts()
	assert.Equal(t, 1, arrivals)
}

// Texts of the server that net/http puts into its own errors.
func TestServerThatRepeatsTheCredentialsInItsHTTP(t *testing.T) {
	t.Parallel()
	const both = planted + " " + testLogin
	for name, reply := range map[string]string{
		"instead of HTTP":        both + "\r\n\r\n",
		"as its status":          "HTTP/1.1 " + planted + " OK\r\n\r\n",
		"as a header":            "HTTP/1.1 200 OK\r\n" + both + "\r\n\r\n",
		"as a length":            "HTTP/1.1 200 OK\r\nContent-Length: " + planted + "\r\n\r\n",
		"as a transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + planted + "\r\n\r\n",
		"as a location":          "HTTP/1.1 302 Found\r\nLocation: http://[" + planted + "\r\nContent-Length: 0\r\n\r\n",
		"as a chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + planted + "\r\n",
		"as a trailer":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n" + both + "\r\n\r\n",
		"as a reason":            "HTTP/1.1 200 " + both + "\r\nContent-Length: 0\r\n\r\n",
		"as a refused trailer":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length, " + planted + "\r\n\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := hostile.New(t, nil, func(c *hostile.Conn) {
				c.Request()
				c.WriteText(reply)
			})
			try(t.Context(), t, reach(t, server.URL)).isUnknown(t)
		})
	}
	t.Run("in a GOAWAY", func(t *testing.T) {
		t.Parallel()
		server := hostile.NewHTTP2(t, func(h *hostile.HTTP2) {
			stream, _, _ := h.Exchange()
			_ = h.Framer.WriteGoAway(stream, http2.ErrCodeEnhanceYourCalm, []byte(both))
		})
		try(t.Context(), t, reachHTTP2(t, server)).isUnknown(t)
	})
}

// A transport of the caller's that puts the request into its error.
func TestTransportThatTellsTheRequestInItsError(t *testing.T) {
	t.Parallel()
	client := reach(t, testBase, assist.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		return nil, tellTale(bodyOf(t, req))
	})}))
	try(t.Context(), t, client).isUnknown(t)
}

type tellTale string

func (e tellTale) Error() string { return "could not send " + strings.TrimSpace(string(e)) }
