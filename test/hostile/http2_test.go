package hostile_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/hostile"
	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"
)

// reachHTTP2 uses a transport of the caller's, which sends cancels over HTTP/2: the
// SDK's own doesn't.
func reachHTTP2(t testing.TB, s *hostile.Server, opts ...assist.Option) *assist.Client {
	t.Helper()
	return reach(t, s.URL, append([]assist.Option{through(keeping(t))}, opts...)...)
}

// http2Fault is what a server does after the headers of a request, and after
// its body where it read that.
type http2Fault struct {
	name string
	do   func(h *hostile.HTTP2, stream uint32)
}

func http2Faults() []http2Fault {
	answer := soapAnswer(cancelled())
	reset := func(code http2.ErrCode) func(*hostile.HTTP2, uint32) {
		return func(h *hostile.HTTP2, stream uint32) {
			_ = h.Framer.WriteRSTStream(stream, code)
			h.Serve()
		}
	}
	goAway := func(ours bool, code http2.ErrCode, then func(*hostile.HTTP2, uint32)) func(*hostile.HTTP2, uint32) {
		return func(h *hostile.HTTP2, stream uint32) {
			last := stream
			if !ours {
				last = max(stream, 2) - 2 // the stream before, or none
			}
			_ = h.Framer.WriteGoAway(last, code, nil)
			then(h, stream)
		}
	}
	closed := func(*hostile.HTTP2, uint32) {}
	served := func(h *hostile.HTTP2, _ uint32) { h.Serve() }
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
		{"reset", func(h *hostile.HTTP2, _ uint32) { h.Reset() }},
		{"answer headers, then REFUSED_STREAM", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200")
			reset(http2.ErrCodeRefusedStream)(h, stream)
		}},
		{"half an answer, then NO_ERROR", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200")
			_ = h.Framer.WriteData(stream, false, []byte(answer[:300]))
			reset(http2.ErrCodeNo)(h, stream)
		}},
		{"a whole document without its end, then CANCEL", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200")
			_ = h.Framer.WriteData(stream, false, []byte(answer))
			reset(http2.ErrCodeCancel)(h, stream)
		}},
		{"a whole document without its end, then closed", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200")
			_ = h.Framer.WriteData(stream, false, []byte(answer))
		}},
		{"shorter than declared", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200", "content-length", strconv.Itoa(len(answer)+1))
			_ = h.Framer.WriteData(stream, true, []byte(answer))
			h.Serve()
		}},
		{"longer than declared", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200", "content-length", "100")
			_ = h.Framer.WriteData(stream, true, []byte(answer))
			h.Serve()
		}},
		{"too large, declared", func(h *hostile.HTTP2, stream uint32) {
			h.Answer(stream, padded(smallest+1))
			h.Serve()
		}},
		{"too large, undeclared", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200")
			_ = h.Framer.WriteData(stream, true, []byte(padded(smallest+1)))
			h.Serve()
		}},
		{"answer without a status", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, "content-type", "text/xml")
			_ = h.Framer.WriteData(stream, true, []byte(answer))
			h.Serve()
		}},
		{"frames that are none", func(h *hostile.HTTP2, _ uint32) { h.WriteText("HTTP/1.1 400 Bad Request\r\n\r\n") }},
		{"307", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "307", "location", "/elsewhere")
			_ = h.Framer.WriteData(stream, true, nil)
			h.Serve()
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
					server := hostile.NewHTTP2(t, func(h *hostile.HTTP2) {
						if h.Number > 0 {
							h.Serve()
							return
						}
						for range good {
							stream, body, _ := h.Exchange()
							h.Answer(stream, hostile.AnswerTo(body))
						}
						stream, ok := h.Headers()
						if ok && moment == "after the request" {
							_, ok = h.Body(stream)
						}
						if ok {
							fault.do(h, stream)
						}
					})
					client := reachHTTP2(t, server, assist.WithMaxResponseSize(smallest))
					for range good {
						cancelAnother(t.Context(), t, client)
					}
					try(t.Context(), t, client).isUnknown(t)
					arrivals, connections := server.Counts()
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
	server := hostile.NewHTTP2(t, func(h *hostile.HTTP2) {
		stream, body, _ := h.Exchange()
		_ = h.Framer.WriteGoAway(stream, http2.ErrCodeNo, nil)
		h.Answer(stream, hostile.AnswerTo(body))
	})
	try(t.Context(), t, reachHTTP2(t, server)).isAccepted(t)
	arrivals, connections := server.Counts()
	assert.Equal(t, 1, arrivals)
	assert.Equal(t, 1, connections)
}

func TestHTTP2NoiseAroundAGoodAnswer(t *testing.T) {
	t.Parallel()
	server := hostile.NewHTTP2(t, func(h *hostile.HTTP2) {
		stream, body, _ := h.Exchange()
		h.AnswerHeaders(stream, ":status", "100")
		h.AnswerHeaders(stream, ":status", "103", "link", "</a.css>")
		_ = h.Framer.WritePing(false, [8]byte{1})
		_ = h.Framer.WriteWindowUpdate(0, 1000)
		_ = h.Framer.WriteRawFrame(0xee, 0, 0, []byte("a frame of tomorrow"))
		h.Answer(stream, hostile.AnswerTo(body))
		h.Serve()
	})
	try(t.Context(), t, reachHTTP2(t, server)).isAccepted(t)
	arrivals, _ := server.Counts()
	assert.Equal(t, 1, arrivals)
}

func TestHTTP2SilentServer(t *testing.T) {
	t.Parallel()
	answer := soapAnswer(cancelled())
	tests := []struct {
		name     string
		do       func(*hostile.HTTP2, uint32)
		answered bool // the client gets as far as the body
	}{
		{"no answer", func(*hostile.HTTP2, uint32) {}, false},
		{"headers alone", func(h *hostile.HTTP2, stream uint32) { h.AnswerHeaders(stream, ":status", "200") }, true},
		{"a whole document without its end", func(h *hostile.HTTP2, stream uint32) {
			h.AnswerHeaders(stream, ":status", "200")
			_ = h.Framer.WriteData(stream, false, []byte(answer))
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			written, answered := make(chan struct{}), make(chan struct{})
			server := hostile.NewHTTP2(t, func(h *hostile.HTTP2) {
				if h.Number > 0 {
					h.Serve()
					return
				}
				stream, _, _ := h.Exchange()
				test.do(h, stream)
				close(written)
				h.Serve()
			})
			transport := keeping(t)
			client := reach(t, server.URL, through(roundTripper(func(req *http.Request) (*http.Response, error) {
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
			arrivals, connections := server.Counts()
			assert.Equal(t, 1, arrivals)
			assert.Equal(t, 1, connections)
		})
	}
}

// A header that calls the request idempotent changes nothing, because the body
// can't be had again.
func TestHTTP2IdempotencyKeyOfACallersTransport(t *testing.T) {
	t.Parallel()
	server := hostile.NewHTTP2(t, func(h *hostile.HTTP2) {
		if stream, _, ok := h.Exchange(); ok && h.Number == 0 {
			_ = h.Framer.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}
		h.Serve()
	})
	transport := keeping(t)
	client := reach(t, server.URL, through(roundTripper(func(req *http.Request) (*http.Response, error) {
		req.Header.Set("Idempotency-Key", "1")
		return transport.RoundTrip(req)
	})))
	try(t.Context(), t, client).isUnknown(t)
	arrivals, connections := server.Counts()
	assert.Equal(t, 1, arrivals)
	assert.Equal(t, 1, connections)
}

// What the test server speaks is HTTP/2, or the tests above prove nothing.
func TestCallersTransportSpeaksHTTP2(t *testing.T) {
	t.Parallel()
	server := hostile.NewHTTP2(t, (*hostile.HTTP2).Serve)
	transport := keeping(t)
	client := reach(t, server.URL, through(roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := transport.RoundTrip(req)
		if err == nil {
			assert.Equal(t, 2, resp.ProtoMajor)
		}
		return resp, err
	})))
	for range 2 {
		cancelAnother(t.Context(), t, client)
	}
	arrivals, connections := server.Counts()
	assert.Equal(t, 2, arrivals)
	assert.Equal(t, 1, connections)
}
