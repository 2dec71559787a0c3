package assist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// reply is one whole answer.
type reply struct {
	answer   wire.Answer
	status   int
	size     int
	date     time.Time // of the HTTP Date header; zero where there is none
	received time.Time // by the client's clock
	header   http.Header
	// began and ended bound the exchange by the machine's monotonic clock, which
	// nobody sets. They are set by the caller of exchange.
	began, ended time.Time
}

// neverSent wraps the failure of an exchange that proves that no byte left.
type neverSent struct{ err error }

func (e *neverSent) Error() string { return e.err.Error() }
func (e *neverSent) Unwrap() error { return e.err }

// exchange posts one body and reads one whole answer. It is the only place
// where the SDK sends a request. With once, nothing below it can send the body
// a second time, and a failure is [*neverSent] only where that is proved.
func (c *Client) exchange(ctx context.Context, s wire.Service, body []byte, once bool) (*reply, error) {
	if ctx.Err() != nil {
		return nil, &neverSent{contextError(ctx)}
	}
	var conn connectionTrace
	if c.callTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.callTimeout, errCallTimeout)
		defer cancel()
	}
	req, single := c.request(conn.watch(ctx), s, body)
	if !once {
		// A question may be asked again on another connection when the one that was
		// idle turns out to be closed.
		req.GetBody = func() (io.ReadCloser, error) { return &singleBody{left: body}, nil }
	}
	resp, err := c.roundTrip(req)
	if err != nil {
		err = c.causeOf(ctx, err)
		// The body is sealed first: a transport of the caller's that still runs
		// somewhere could otherwise send it after we said that it won't.
		if untouched := single == nil || single.seal(); untouched && conn.neverHad() {
			return nil, &neverSent{err}
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// net/http hands the connection over, and watches neither the context nor
		// any time limit from then on.
		return nil, fmt.Errorf("%w (HTTP 101)", ErrUnreadable)
	}
	r := &reply{status: resp.StatusCode, header: resp.Header}
	text, err := readWhole(resp.Body, resp.ContentLength, c.maxSize)
	if err != nil {
		return nil, c.causeOf(ctx, err)
	}
	r.received, r.size = c.now(), len(text)
	c.logBody(ctx, s, r.status, text)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		r.date = date
	}
	if err := c.protocol.forService(s).read(text, resp.Header.Get("Content-Type"), s, &r.answer); err != nil {
		return r, fmt.Errorf("%w (HTTP %d, %d bytes): %w", ErrUnreadable, r.status, r.size, err)
	}
	if err := r.answer.Complete(s); err != nil {
		return r, fmt.Errorf("%w (HTTP %d, %d bytes): %w", ErrUnreadable, r.status, r.size, err)
	}
	return r, nil
}

// bodyless makes the request of a service, for [Client.request] to copy. It has
// no GetBody, and no header that calls it idempotent. With either, net/http would
// replay it (HTTP/2 after REFUSED_STREAM, PROTOCOL_ERROR or GOAWAY, a redirect 307
// or 308, a connection that dies).
func bodyless(endpoint *url.URL, p Protocol) *http.Request {
	header := http.Header{"Content-Type": {p.contentType()}}
	if p == SOAP {
		header.Set("SOAPAction", `"`+endpoint.String()+`"`)
	}
	return &http.Request{
		Method: http.MethodPost, URL: endpoint, Host: endpoint.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
	}
}

// request gives the request of a service a body.
func (c *Client) request(ctx context.Context, s wire.Service, body []byte) (*http.Request, *singleBody) {
	req := c.requests[s].WithContext(ctx)
	req.ContentLength = int64(len(body))
	if c.ownTransport {
		// net/http sends a body that it knows to be in memory in one packet with
		// its head. Our own transport never reads it after it has failed.
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	if c.bare {
		return req, nil
	}
	// A cookie jar adds to the header, and what a transport of the caller's does
	// with header and URL isn't known.
	endpoint := *req.URL
	req.Header, req.URL = req.Header.Clone(), &endpoint
	if c.ownTransport {
		return req, nil
	}
	single := &singleBody{left: body}
	req.Body = single
	return req, single
}

// roundTrip sends the request. The SDK's own transport needs no http.Client
// around it: that is there for redirects, cookies and a time limit.
func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	if c.bare {
		return c.http.Transport.RoundTrip(req)
	}
	return c.http.Do(req)
}

// singleBody gives its bytes once, and none after it is sealed.
type singleBody struct {
	mu     sync.Mutex
	left   []byte
	read   bool
	sealed bool
}

var errSealed = errors.New("assist: the call is over, its body is not given any more")

func (b *singleBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sealed {
		return 0, errSealed
	}
	b.read = true
	if len(b.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

// Close does nothing: a transport closes the body when it is done with it.
func (b *singleBody) Close() error { return nil }

// seal ends all reading and tells whether there was none.
func (b *singleBody) seal() (untouched bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sealed = true
	return !b.read
}

// connectionTrace watches whether a connection was ever had. The hooks may run
// on other goroutines, and after the call.
type connectionTrace struct{ sought, had atomic.Bool }

func (t *connectionTrace) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.sought.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.had.Store(true) },
	})
}

// neverHad is proof only because the search began: a transport of the caller's
// that reports no events has proved nothing.
func (t *connectionTrace) neverHad() bool { return t.sought.Load() && !t.had.Load() }

var errTooLarge = fmt.Errorf("%w: larger than the limit of the client", ErrUnreadable)

// readWhole reads to the end before anything is decoded: a half-read answer
// must never look like a whole one.
func readWhole(body io.Reader, length, limit int64) (string, error) {
	if length > limit {
		return "", errTooLarge
	}
	kept := answerBuffers.Get().(*[]byte)
	defer answerBuffers.Put(kept)
	text := (*kept)[:0]
	// What an answer needed beyond the usual is not kept.
	defer func() {
		if cap(text) <= maxKeptBuffer {
			*kept = text[:0]
		}
	}()
	for {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := body.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case int64(len(text)) > limit:
			return "", errTooLarge
		case err == io.EOF:
			return string(text), nil
		case err != nil:
			return "", fmt.Errorf("reading the answer: %w", err)
		}
	}
}

// answerBuffers saves reading every answer into memory of its own before it
// becomes a text.
var answerBuffers = sync.Pool{New: func() any {
	buffer := make([]byte, 0, 4096)
	return &buffer
}}

const maxKeptBuffer = 64 << 10
