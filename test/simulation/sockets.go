package simulation

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/assist-go/assist/internal/pipenet"
)

// sockets is the network of a scenario that goes through net/http on both sides,
// over net.Pipe: real connections, which end at any byte of a request or an
// answer. Each exchange has a connection of its own, so that it is always the
// same one that breaks.
type sockets struct {
	network *pipenet.Network
	server  *http.Server
	served  chan struct{}

	mu        sync.Mutex
	exchanges map[string]*exchange
	made      int
}

const exchangeHeader = "X-Exchange"

func newSockets() *sockets {
	s := &sockets{network: pipenet.New(), served: make(chan struct{}), exchanges: make(map[string]*exchange)}
	s.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(s.network) // ends with an error always, which close asked for
	}()
	return s
}

func (s *sockets) close() {
	_ = s.server.Close()
	<-s.served
}

// roundTrip is one exchange over a connection of its own.
func (s *sockets) roundTrip(x *exchange, req *http.Request) (resp *http.Response, err error) {
	s.mu.Lock()
	s.made++
	number := strconv.Itoa(s.made)
	s.exchanges[number] = x
	s.mu.Unlock()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return s.dial(ctx, x)
	}}
	ctx := req.Context()
	// The SDK's body goes down as it is: what is sent again must come from there.
	sent := req.Clone(ctx)
	sent.URL.Scheme = "http"
	sent.Header.Set(exchangeHeader, number)
	resp, err = transport.RoundTrip(sent)
	// Whoever is killed reads no answer, and its connection ends.
	defer func() {
		if reason := recover(); reason != nil {
			if resp != nil {
				_ = resp.Body.Close()
			}
			panic(reason)
		}
	}()
	if x.worker.process.isDead() {
		panic(killedHere{})
	}
	x.worker.untie()
	x.worker.step()
	return resp, err
}

func (s *sockets) dial(ctx context.Context, x *exchange) (net.Conn, error) {
	if err := rest(ctx, x.fault.delays[0]); err != nil {
		return nil, err
	}
	if x.fault.kind == noConnection {
		return nil, errNoRoute
	}
	near, err := s.network.DialContext(ctx, "", "")
	if err != nil {
		return nil, err
	}
	conn := &breaking{Conn: near, writes: -1, reads: -1}
	switch x.fault.kind {
	case lostBefore:
		conn.writes = 0
	case lostDuring:
		// Requests are above 600 bytes, with their heads.
		conn.writes = 600 * x.fault.at / 1000
	case answerCut:
		conn.reads = 900 * x.fault.at / 1000
	}
	return conn, nil
}

// breaking is a connection that ends after so many bytes; -1 is never.
type breaking struct {
	net.Conn
	writes, reads int
}

func (c *breaking) Write(p []byte) (int, error) { return c.pass(&c.writes, p, c.Conn.Write) }
func (c *breaking) Read(p []byte) (int, error)  { return c.pass(&c.reads, p, c.Conn.Read) }

func (c *breaking) pass(left *int, p []byte, through func([]byte) (int, error)) (int, error) {
	switch {
	case *left < 0:
		return through(p)
	case *left == 0 && len(p) > 0:
		_ = c.Close()
		return 0, errReset
	case len(p) > *left:
		p = p[:*left]
	}
	n, err := through(p)
	*left -= n
	if err == nil && *left == 0 {
		err = errReset
		_ = c.Close()
	}
	return n, err
}

// ServeHTTP is the far end of a connection.
func (s *sockets) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	number := req.Header.Get(exchangeHeader)
	s.mu.Lock()
	x := s.exchanges[number]
	s.mu.Unlock()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a := x.arrive(body)
	if a.lost || rest(req.Context(), a.late+x.fault.delays[1]) != nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that is gone takes none
}

// rest waits, unless the context ends first.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.Join(errReset, context.Cause(ctx))
	}
}
