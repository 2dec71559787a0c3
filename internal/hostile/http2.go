package hostile

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"strconv"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// HTTP2 is the server's end of an HTTP/2 connection, frame by frame.
type HTTP2 struct {
	*Conn
	Framer *http2.Framer
}

// NewHTTP2Server runs the script once per connection, after the handshake.
func NewHTTP2(t testing.TB, script func(*HTTP2)) *Server {
	t.Helper()
	return New(t, Secured(http2.NextProtoTLS), func(c *Conn) {
		if c.Conn.(*tls.Conn).HandshakeContext(context.Background()) != nil {
			return
		}
		if _, err := io.ReadFull(c.Reader, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		h := &HTTP2{Conn: c, Framer: http2.NewFramer(c.Conn, c.Reader)}
		if h.Framer.WriteSettings() == nil {
			script(h)
		}
	})
}

// Headers waits for the headers of the next request, and counts it.
func (h *HTTP2) Headers() (stream uint32, ok bool) {
	for {
		frame, err := h.Framer.ReadFrame()
		if err != nil {
			return 0, false
		}
		switch f := frame.(type) {
		case *http2.HeadersFrame:
			h.Server.Arrived("headers of a stream")
			return f.StreamID, true
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = h.Framer.WriteSettingsAck()
			}
		}
	}
}

// Body reads to the end of the request's stream.
func (h *HTTP2) Body(stream uint32) (text string, ok bool) {
	var b bytes.Buffer
	for {
		frame, err := h.Framer.ReadFrame()
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

func (h *HTTP2) Exchange() (stream uint32, text string, ok bool) {
	if stream, ok = h.Headers(); ok {
		text, ok = h.Body(stream)
	}
	return stream, text, ok
}

func (h *HTTP2) AnswerHeaders(stream uint32, fields ...string) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = h.Framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
}

func (h *HTTP2) Answer(stream uint32, body string) {
	h.AnswerHeaders(stream, ":status", "200", "content-length", strconv.Itoa(len(body)))
	_ = h.Framer.WriteData(stream, true, []byte(body))
}

// Serve answers every further request as Assist would when all is well, and
// keeps the connection open: the frames before are what the client has to
// judge, not its end.
func (h *HTTP2) Serve() {
	for {
		stream, body, ok := h.Exchange()
		if !ok {
			return
		}
		h.Answer(stream, AnswerTo(body))
	}
}
