package sendonce

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"sync"
)

// Progress watches how far the request of one exchange gets. Its hooks may run
// on other goroutines, and after the call.
type Progress struct {
	once bool            // a cancel
	call context.Context // ends with the exchange
	stop context.CancelCauseFunc

	mu      sync.Mutex
	sought  bool    // a connection
	had     int     // connections over which something may have left
	dumped  int     // those of httputil.DumpRequestOut, over which nothing leaves
	wrote   int     // heads of requests, over either kind
	failed  []error // dials and handshakes, since a connection was last sought
	refusal error   // proves that the server has read nothing
	interim int     // answers (1xx)
	sending bool    // by the SDK's own transport
}

type progressKey struct{}

// progressOf is nil for a request that isn't the SDK's.
func progressOf(ctx context.Context) *Progress {
	p, _ := ctx.Value(progressKey{}).(*Progress)
	return p
}

// maxInterim bounds the answers before the answer. Each may have headers of
// MaxHeaderBytes.
const maxInterim = 8

// ErrInterim ends an exchange with too many answers before the answer.
var ErrInterim = fmt.Errorf("assist: more than %d interim answers (1xx)", maxInterim)

// Watch begins to watch the request of one exchange, by the context that it is sent
// with. With once it is a cancel.
func Watch(ctx context.Context, once bool) (context.Context, *Progress) {
	p := &Progress{once: once}
	ctx, p.stop = context.WithCancelCause(ctx)
	ctx = context.WithValue(ctx, progressKey{}, p)
	p.call = ctx
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: p.seek,
		GotConn: p.got,
		DNSDone: func(d httptrace.DNSDoneInfo) { p.fail(d.Err) },
		ConnectDone: func(_, _ string, err error) {
			p.fail(err)
		},
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { p.fail(err) },
		WroteHeaders: func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.wrote++
		},
		// net/http bounds the interim answers by itself, unless the caller's trace
		// looks at them.
		Got1xxResponse: func(int, textproto.MIMEHeader) error { return p.gotInterim() },
	}), p
}

// Over ends the exchange, and with it a connection that is still being made.
func (p *Progress) Over() { p.stop(nil) }

func (p *Progress) seek(string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sought, p.failed = true, nil
}

func (p *Progress) got(info httptrace.GotConnInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A transport that logs whole requests writes them to a connection in memory
	// first, under the same trace.
	if fmt.Sprintf("%T", info.Conn) == "*httputil.dumpConn" {
		p.dumped++
		return
	}
	p.had++
}

func (p *Progress) fail(err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = append(p.failed, err)
}

func (p *Progress) gotInterim() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.interim++; p.interim <= maxInterim {
		return nil
	}
	// A trace of the caller's may swallow the error.
	p.stop(ErrInterim)
	return ErrInterim
}

// start lets the SDK's own transport send. A request that comes again is sent
// again only as long as no connection was had.
func (p *Progress) start() bool {
	if p == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sending || p.had > 0 {
		return false
	}
	// From here on every connection is reported, as this transport is known: where
	// none is, none was had.
	p.sending, p.sought, p.failed = true, true, nil
	return true
}

// end takes what the SDK's own transport has found out: refusal is nil, or proves
// that the server has read nothing.
func (p *Progress) end(refusal error) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending, p.refusal = false, refusal
}

// NeverSent tells whether a failure proves that the server has nothing of the
// request and won't get it. Missing events prove nothing: a transport of the
// caller's may report none.
func (p *Progress) NeverSent(err error, untouched bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.refusal != nil:
		return p.had == 1 && errors.Is(err, p.refusal)
	case !p.sought || p.had > 0:
		return false
	case untouched:
		return true
	}
	// Who read the body may have sent it by a way that reports nothing, unless the
	// call ended because of the last connection that was tried.
	return slices.ContainsFunc(p.failed, func(failed error) bool { return errors.Is(err, failed) })
}

// SentTwice tells whether the head of the request was written more than once.
func (p *Progress) SentTwice() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrote-p.dumped > 1
}
