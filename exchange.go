package assist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/assist-go/assist/internal/sendonce"
	"github.com/assist-go/assist/internal/wire"
)

var errSentTwice = errors.New("assist: the transport sent the cancel more than once, so this may not be all that was performed")

// exchange posts one body and reads one whole answer.
func (c *Client) exchange(ctx context.Context, s wire.Service, body []byte, once bool) (*reply, error) {
	return c.exchangeBy(ctx, s, body, once, c.readAnswer)
}

// answerReader reads an answer into the reply, or tells why it is none.
type answerReader func(context.Context, wire.Service, *http.Response, *reply) error

// exchangeBy posts one body and reads the answer. It is the only place where the
// SDK sends a request. With once, nothing below it can send the body a second
// time, and a failure is [*neverSent] only where that is proved. A reply beside an
// error is what came of an answer.
func (c *Client) exchangeBy(ctx context.Context, s wire.Service, body []byte, once bool, read answerReader) (*reply, error) {
	if ctx.Err() != nil {
		return nil, &neverSent{contextError(ctx)}
	}
	r := new(reply)
	if c.callTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.callTimeout, errCallTimeout)
		defer cancel()
	}
	ctx, progress := sendonce.Watch(ctx, once)
	defer progress.Over()
	req, single := c.request(ctx, s, body)
	if !once {
		// A question may be asked again on another connection when the one that was
		// idle turns out to be closed.
		req.GetBody = func() (io.ReadCloser, error) { return sendonce.NewBody(body), nil }
	}
	resp, err := c.http.Do(req)
	if err != nil {
		// The body is sealed first: a transport of the caller's that still runs
		// somewhere could otherwise send it after we said that it won't.
		untouched := single == nil || single.Seal()
		never := progress.NeverSent(err, untouched)
		if err = c.causeOf(ctx, err); never {
			err = &neverSent{err}
		}
		return nil, err
	}
	defer resp.Body.Close()
	r.status, r.header = resp.StatusCode, resp.Header
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		r.date = date
	}
	err = noAnswer(resp)
	if err == nil {
		err = read(ctx, s, resp, r)
	}
	if err != nil {
		return r, r.failure(err)
	}
	if once && progress.SentTwice() {
		// Whatever the answer says, it says it of one of them.
		return r, errSentTwice
	}
	return r, nil
}

// noAnswer tells, before any of the body is read, what can't be an answer.
func noAnswer(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		// net/http hands the connection over, and watches neither the context nor
		// any time limit from then on.
		return fmt.Errorf("%w: another protocol", ErrUnreadable)
	case resp.StatusCode/100 == 3:
		// Who sends elsewhere hasn't answered, whatever stands beside it.
		return fmt.Errorf("%w: a redirect", ErrUnreadable)
	case isPacked(resp):
		return fmt.Errorf("%w: compressed, which wasn't asked for", ErrUnreadable)
	}
	return nil
}

// readAnswer reads and decodes a whole answer, or tells why it is none.
func (c *Client) readAnswer(ctx context.Context, s wire.Service, resp *http.Response, r *reply) error {
	text, err := readWhole(resp.Body, resp.ContentLength, c.maxSize)
	if err != nil {
		return c.causeOf(ctx, err)
	}
	r.received, r.size = c.now(), len(text)
	if c.logBodies {
		r.text = text
	}
	err = c.protocol.forService(s).read(text, resp.Header.Get("Content-Type"), s, &r.answer)
	if err == nil {
		err = r.answer.Complete(s)
	}
	if err != nil {
		return fmt.Errorf("%w (%d bytes): %w", ErrUnreadable, r.size, err)
	}
	return nil
}

// isPacked tells an answer whose bytes aren't those of the document. The limit of
// size wouldn't bound what has to be read of it.
func isPacked(resp *http.Response) bool {
	if resp.Uncompressed {
		return true
	}
	for _, encoding := range resp.Header.Values("Content-Encoding") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
			return true
		}
	}
	return false
}

// request gives the request of a service a body. Header and URL are copies: a
// cookie jar adds to the one, and what a transport of the caller's does with both
// isn't known.
func (c *Client) request(ctx context.Context, s wire.Service, body []byte) (*http.Request, *sendonce.Body) {
	req := c.requests[s].Clone(ctx)
	req.ContentLength = int64(len(body))
	if c.ownTransport {
		// net/http sends a body that it knows to be in memory in one packet with
		// its head. Our own transport never reads it after it has failed.
		req.Body = io.NopCloser(bytes.NewReader(body))
		return req, nil
	}
	single := sendonce.NewBody(body)
	req.Body = single
	return req, single
}

var (
	errNothing = fmt.Errorf("%w: a body that gives neither bytes nor an end", ErrUnreadable)
)

// readWhole reads to the end before anything is decoded: a half-read answer
// must never look like a whole one.
func readWhole(body io.Reader, length, limit int64) (string, error) {
	if length > limit {
		return "", ErrTooLarge
	}
	// One byte more, so that the end is met in the same buffer.
	text := make([]byte, 0, max(length, 511)+1)
	for idle := 0; ; {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := body.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		if idle++; n > 0 {
			idle = 0
		}
		switch {
		case int64(len(text)) > limit:
			return "", ErrTooLarge
		case err == io.EOF:
			return string(text), nil
		case err != nil:
			return "", fmt.Errorf("reading the answer: %w", err)
		case idle == 100:
			return "", errNothing
		}
	}
}

// causeOf drops the URL that net/http puts around its errors, and names the
// cause of a context that is over.
func (c *Client) causeOf(ctx context.Context, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if c.keys.tells(err) {
		err = &redactedError{
			text:     c.keys.scrub(err.Error()),
			canceled: errors.Is(err, context.Canceled), expired: errors.Is(err, context.DeadlineExceeded),
		}
	}
	if ctx.Err() != nil {
		return errors.Join(contextError(ctx), err)
	}
	return err
}
