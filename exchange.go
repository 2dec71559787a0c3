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
	protocol := c.protocol.forService(s)
	codec := protocol.codec()
	req, err := http.NewRequestWithContext(conn.watch(ctx), http.MethodPost, c.endpoints[s].String(), bytes.NewReader(body))
	if err != nil {
		return nil, &neverSent{err}
	}
	req.Header.Set("Content-Type", codec.contentType())
	if protocol == SOAP {
		req.Header.Set("SOAPAction", `"`+c.endpoints[s].String()+`"`)
	}
	single := &singleBody{left: body}
	if once {
		// net/http replays a request when it can get the body again (HTTP/2
		// after REFUSED_STREAM, PROTOCOL_ERROR or GOAWAY, a redirect 307 or 308)
		// or when a header calls it idempotent. So there is one body, and no
		// such header.
		req.GetBody = nil
		req.Body = single
	}
	resp, err := c.http.Do(req)
	if err != nil {
		err = causeOf(ctx, err)
		// The body is sealed first: a transport that still runs somewhere could
		// otherwise send it after we said that it won't.
		if untouched := single.seal(); untouched && conn.neverHad() {
			return nil, &neverSent{err}
		}
		return nil, err
	}
	defer resp.Body.Close()
	r := &reply{status: resp.StatusCode, header: resp.Header}
	text, err := readWhole(resp.Body, resp.ContentLength, c.maxSize)
	if err != nil {
		return nil, causeOf(ctx, err)
	}
	r.received, r.size = c.now(), len(text)
	c.logBody(ctx, s, r.status, text)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		r.date = date
	}
	if err := codec.decode(text, s, &r.answer); err != nil {
		return r, fmt.Errorf("%w (HTTP %d, %d bytes): %w", ErrUnreadable, r.status, r.size, err)
	}
	if err := r.answer.Complete(s); err != nil {
		return r, fmt.Errorf("%w (HTTP %d, %d bytes): %w", ErrUnreadable, r.status, r.size, err)
	}
	return r, nil
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
	// One byte more than expected, so that the end is met without growing.
	text := make([]byte, 0, max(length, 2047)+1)
	for {
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
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
	}
}

// causeOf drops the URL that net/http puts around its errors, and names the
// cause of a context that is over.
func causeOf(ctx context.Context, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if ctx.Err() != nil {
		return errors.Join(contextError(ctx), err)
	}
	return err
}

// contextError gives the cause of a finished context, in a way that errors.Is
// finds both the cause and context.Canceled or DeadlineExceeded.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return errors.Join(cause, err)
}
