package assist

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// hostileHTTP2 is the server's end of an HTTP/2 connection, frame by frame.
type hostileHTTP2 struct {
	*hostileConn
	framer *http2.Framer
}

// newHTTP2Server runs the script once per connection, after the handshake.
func newHTTP2Server(t testing.TB, script func(*hostileHTTP2)) *hostileServer {
	t.Helper()
	return newHostileServer(t, secured(http2.NextProtoTLS), func(c *hostileConn) {
		if c.Conn.(*tls.Conn).HandshakeContext(context.Background()) != nil {
			return
		}
		if _, err := io.ReadFull(c.reader, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		h := &hostileHTTP2{hostileConn: c, framer: http2.NewFramer(c.Conn, c.reader)}
		if h.framer.WriteSettings() == nil {
			script(h)
		}
	})
}

// headers waits for the headers of the next request, and counts it.
func (h *hostileHTTP2) headers() (stream uint32, ok bool) {
	for {
		frame, err := h.framer.ReadFrame()
		if err != nil {
			return 0, false
		}
		switch f := frame.(type) {
		case *http2.HeadersFrame:
			h.server.arrived("headers of a stream")
			return f.StreamID, true
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = h.framer.WriteSettingsAck()
			}
		}
	}
}

// body reads to the end of the request's stream.
func (h *hostileHTTP2) body(stream uint32) (text string, ok bool) {
	var b bytes.Buffer
	for {
		frame, err := h.framer.ReadFrame()
		if err != nil {
			return "", false
		}
		if data, is := frame.(*http2.DataFrame); is && data.StreamID == stream {
			b.Write(data.Data())
			if data.StreamEnded() {
				return b.String(), true
			}
		}
	}
}

func (h *hostileHTTP2) exchange() (stream uint32, text string, ok bool) {
	if stream, ok = h.headers(); ok {
		text, ok = h.body(stream)
	}
	return stream, text, ok
}

func (h *hostileHTTP2) answerHeaders(stream uint32, fields ...string) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = h.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
}

func (h *hostileHTTP2) answer(stream uint32, body string) {
	h.answerHeaders(stream, ":status", "200", "content-length", strconv.Itoa(len(body)))
	_ = h.framer.WriteData(stream, true, []byte(body))
}

// serve answers every further request as Assist would when all is well, and
// keeps the connection open: the frames before are what the client has to
// judge, not its end.
func (h *hostileHTTP2) serve() {
	for {
		stream, body, ok := h.exchange()
		if !ok {
			return
		}
		h.answer(stream, answerTo(body))
	}
}

// reachHTTP2 uses a transport of the caller's, which sends cancels over HTTP/2: the
// SDK's own doesn't.
func reachHTTP2(t testing.TB, s *hostileServer, opts ...Option) *Client {
	t.Helper()
	return reach(t, s.url, append([]Option{through(keeping(t))}, opts...)...)
}

// http2Fault is what a server does after the headers of a request, and after
// its body where it read that.
type http2Fault struct {
	name string
	do   func(h *hostileHTTP2, stream uint32)
}

func http2Faults() []http2Fault {
	answer := soapAnswer(cancelled())
	reset := func(code http2.ErrCode) func(*hostileHTTP2, uint32) {
		return func(h *hostileHTTP2, stream uint32) {
			_ = h.framer.WriteRSTStream(stream, code)
			h.serve()
		}
	}
	goAway := func(ours bool, code http2.ErrCode, then func(*hostileHTTP2, uint32)) func(*hostileHTTP2, uint32) {
		return func(h *hostileHTTP2, stream uint32) {
			last := stream
			if !ours {
				last = max(stream, 2) - 2 // the stream before, or none
			}
			_ = h.framer.WriteGoAway(last, code, nil)
			then(h, stream)
		}
	}
	closed := func(*hostileHTTP2, uint32) {}
	served := func(h *hostileHTTP2, _ uint32) { h.serve() }
	return []http2Fault{
		{"REFUSED_STREAM", reset(http2.ErrCodeRefusedStream)},
		{"PROTOCOL_ERROR", reset(http2.ErrCodeProtocol)},
		{"INTERNAL_ERROR", reset(http2.ErrCodeInternal)},
		{"CANCEL", reset(http2.ErrCodeCancel)},
		{"ENHANCE_YOUR_CALM", reset(http2.ErrCodeEnhanceYourCalm)},
		{"STREAM_CLOSED", reset(http2.ErrCodeStreamClosed)},
		{"HTTP_1_1_REQUIRED", reset(http2.ErrCodeHTTP11Required)},
		{"a code of tomorrow", reset(http2.ErrCode(999))},
		{"GOAWAY, ours not taken", goAway(false, http2.ErrCodeNo, served)},
		{"GOAWAY, ours not taken, closed", goAway(false, http2.ErrCodeNo, closed)},
		{"GOAWAY with ENHANCE_YOUR_CALM, ours not taken", goAway(false, http2.ErrCodeEnhanceYourCalm, served)},
		{"GOAWAY with PROTOCOL_ERROR, ours not taken", goAway(false, http2.ErrCodeProtocol, served)},
		{"GOAWAY, ours taken, closed", goAway(true, http2.ErrCodeNo, closed)},
		{"GOAWAY with ENHANCE_YOUR_CALM, ours taken, closed", goAway(true, http2.ErrCodeEnhanceYourCalm, closed)},
		{"GOAWAY with INTERNAL_ERROR, ours taken, closed", goAway(true, http2.ErrCodeInternal, closed)},
		{"GOAWAY, ours taken, then REFUSED_STREAM", goAway(true, http2.ErrCodeNo, reset(http2.ErrCodeRefusedStream))},
		{"closed", closed},
		{"reset", func(h *hostileHTTP2, _ uint32) { h.reset() }},
		{"answer headers, then REFUSED_STREAM", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200")
			reset(http2.ErrCodeRefusedStream)(h, stream)
		}},
		{"half an answer, then NO_ERROR", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200")
			_ = h.framer.WriteData(stream, false, []byte(answer[:300]))
			reset(http2.ErrCodeNo)(h, stream)
		}},
		{"a whole document without its end, then CANCEL", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200")
			_ = h.framer.WriteData(stream, false, []byte(answer))
			reset(http2.ErrCodeCancel)(h, stream)
		}},
		{"a whole document without its end, then closed", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200")
			_ = h.framer.WriteData(stream, false, []byte(answer))
		}},
		{"shorter than declared", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200", "content-length", strconv.Itoa(len(answer)+1))
			_ = h.framer.WriteData(stream, true, []byte(answer))
			h.serve()
		}},
		{"longer than declared", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200", "content-length", "100")
			_ = h.framer.WriteData(stream, true, []byte(answer))
			h.serve()
		}},
		{"too large, declared", func(h *hostileHTTP2, stream uint32) {
			h.answer(stream, padded(smallest+1))
			h.serve()
		}},
		{"too large, undeclared", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200")
			_ = h.framer.WriteData(stream, true, []byte(padded(smallest+1)))
			h.serve()
		}},
		{"answer without a status", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, "content-type", "text/xml")
			_ = h.framer.WriteData(stream, true, []byte(answer))
			h.serve()
		}},
		{"frames that are none", func(h *hostileHTTP2, _ uint32) { h.write("HTTP/1.1 400 Bad Request\r\n\r\n") }},
		{"307", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "307", "location", "/elsewhere")
			_ = h.framer.WriteData(stream, true, nil)
			h.serve()
		}},
	}
}

func TestHTTP2FaultsAreUnknownAndArriveOnce(t *testing.T) {
	t.Parallel()
	for _, fault := range http2Faults() {
		for good, reuse := range []string{"fresh", "reused"} {
			for _, moment := range []string{"after the request", "after its headers"} {
				t.Run(fault.name+", "+reuse+", "+moment, func(t *testing.T) {
					t.Parallel()
					server := newHTTP2Server(t, func(h *hostileHTTP2) {
						if h.number > 0 {
							h.serve()
							return
						}
						for range good {
							stream, body, _ := h.exchange()
							h.answer(stream, answerTo(body))
						}
						stream, ok := h.headers()
						if ok && moment == "after the request" {
							_, ok = h.body(stream)
						}
						if ok {
							fault.do(h, stream)
						}
					})
					client := reachHTTP2(t, server, WithMaxResponseSize(smallest))
					for range good {
						cancelAnother(t.Context(), t, client)
					}
					try(t.Context(), t, client).isUnknown(t)
					arrivals, connections := server.counts()
					assert.Equal(t, good+1, arrivals, "the cancel arrives once")
					assert.Equal(t, 1, connections)
				})
			}
		}
	}
}

// A server that shuts down in good order still answers what it took.
func TestHTTP2GoAwayAndThenTheAnswer(t *testing.T) {
	t.Parallel()
	server := newHTTP2Server(t, func(h *hostileHTTP2) {
		stream, body, _ := h.exchange()
		_ = h.framer.WriteGoAway(stream, http2.ErrCodeNo, nil)
		h.answer(stream, answerTo(body))
	})
	try(t.Context(), t, reachHTTP2(t, server)).isAccepted(t)
	arrivals, connections := server.counts()
	assert.Equal(t, 1, arrivals)
	assert.Equal(t, 1, connections)
}

func TestHTTP2NoiseAroundAGoodAnswer(t *testing.T) {
	t.Parallel()
	server := newHTTP2Server(t, func(h *hostileHTTP2) {
		stream, body, _ := h.exchange()
		h.answerHeaders(stream, ":status", "100")
		h.answerHeaders(stream, ":status", "103", "link", "</a.css>")
		_ = h.framer.WritePing(false, [8]byte{1})
		_ = h.framer.WriteWindowUpdate(0, 1000)
		_ = h.framer.WriteRawFrame(0xee, 0, 0, []byte("a frame of tomorrow"))
		h.answer(stream, answerTo(body))
		h.serve()
	})
	try(t.Context(), t, reachHTTP2(t, server)).isAccepted(t)
	arrivals, _ := server.counts()
	assert.Equal(t, 1, arrivals)
}

func TestHTTP2SilentServer(t *testing.T) {
	t.Parallel()
	answer := soapAnswer(cancelled())
	tests := []struct {
		name     string
		do       func(*hostileHTTP2, uint32)
		answered bool // the client gets as far as the body
	}{
		{"no answer", func(*hostileHTTP2, uint32) {}, false},
		{"headers alone", func(h *hostileHTTP2, stream uint32) { h.answerHeaders(stream, ":status", "200") }, true},
		{"a whole document without its end", func(h *hostileHTTP2, stream uint32) {
			h.answerHeaders(stream, ":status", "200")
			_ = h.framer.WriteData(stream, false, []byte(answer))
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			written, answered := make(chan struct{}), make(chan struct{})
			server := newHTTP2Server(t, func(h *hostileHTTP2) {
				if h.number > 0 {
					h.serve()
					return
				}
				stream, _, _ := h.exchange()
				test.do(h, stream)
				close(written)
				h.serve()
			})
			transport := keeping(t)
			client := reach(t, server.url, through(roundTripper(func(req *http.Request) (*http.Response, error) {
				resp, err := transport.RoundTrip(req)
				if err == nil {
					close(answered)
				}
				return resp, err
			})))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var over time.Time
			go func() {
				<-written
				if test.answered {
					<-answered
				}
				over = time.Now()
				cancel()
			}()
			var a attempt
			promptly(t, func() time.Time { return over }, func() { a = try(ctx, t, client) })
			a.isUnknown(t)
			assert.ErrorIs(t, a.err, context.Canceled)
			arrivals, connections := server.counts()
			assert.Equal(t, 1, arrivals)
			assert.Equal(t, 1, connections)
		})
	}
}

// A header that calls the request idempotent changes nothing, because the body
// can't be had again.
func TestHTTP2IdempotencyKeyOfACallersTransport(t *testing.T) {
	t.Parallel()
	server := newHTTP2Server(t, func(h *hostileHTTP2) {
		if stream, _, ok := h.exchange(); ok && h.number == 0 {
			_ = h.framer.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}
		h.serve()
	})
	transport := keeping(t)
	client := reach(t, server.url, through(roundTripper(func(req *http.Request) (*http.Response, error) {
		req.Header.Set("Idempotency-Key", "1")
		return transport.RoundTrip(req)
	})))
	try(t.Context(), t, client).isUnknown(t)
	arrivals, connections := server.counts()
	assert.Equal(t, 1, arrivals)
	assert.Equal(t, 1, connections)
}

// What the test server speaks is HTTP/2, or the tests above prove nothing.
func TestCallersTransportSpeaksHTTP2(t *testing.T) {
	t.Parallel()
	server := newHTTP2Server(t, (*hostileHTTP2).serve)
	transport := keeping(t)
	client := reach(t, server.url, through(roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := transport.RoundTrip(req)
		if err == nil {
			assert.Equal(t, 2, resp.ProtoMajor)
		}
		return resp, err
	})))
	for range 2 {
		cancelAnother(t.Context(), t, client)
	}
	arrivals, connections := server.counts()
	assert.Equal(t, 2, arrivals)
	assert.Equal(t, 1, connections)
}
