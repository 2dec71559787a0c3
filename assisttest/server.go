package assisttest

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/pipenet"
)

// TB is what the server needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Server is a simulated Assist. Make one with [NewServer] or [New]. All methods
// are safe for concurrent use.
type Server struct {
	// URL is the base URL for a client. It is empty when the server was made by
	// New, which listens nowhere.
	URL string

	tb        TB
	http      *http.Server
	transport *http.Transport
	pipes     *pipenet.Network
	served    chan struct{}
	conns     sync.WaitGroup
	closing   chan struct{}
	closeOnce sync.Once

	// Settings, fixed once the server is made.
	settleDelay, listingDelay           time.Duration
	qiwiInProcess, listAll              bool
	emptyNotFound, jsonNumbers, preload bool
	plainBillnumbers                    bool
	shape                               refusalShape
	faultStatus                         int
	longest, pause                      map[Service]time.Duration
	commission                          map[wallet]int64 // hundredths of a percent
	opening                             map[wallet]amount
	signer                              func(SignedTexts) string
	checkSecret                         string

	mu          sync.Mutex
	clock       func() time.Time
	ahead       time.Duration
	documented  *documentedClock
	schedule    schedule
	merchants   []*merchant
	madeUp      int   // order numbers
	billnumbers int64 // the last one made up
	faults      []Fault
	hosts       map[string]Offsets // by path; the main one has none
	answered    map[Service]keptAnswers
	history     []*Request
	closed      bool
}

// New makes a server that listens nowhere: an http.Handler, for a listener of
// your own.
func New(opts ...Option) *Server {
	s := &Server{
		closing: make(chan struct{}), settleDelay: 3 * time.Minute, faultStatus: http.StatusInternalServerError,
		longest: make(map[Service]time.Duration), pause: make(map[Service]time.Duration),
		commission: make(map[wallet]int64), opening: make(map[wallet]amount),
		billnumbers: 5_100_000_000_000_000, answered: make(map[Service]keptAnswers), hosts: make(map[string]Offsets),
		shape: codesInDetail,
	}
	for _, opt := range opts {
		opt(s)
	}
	if len(s.merchants) == 0 {
		s.merchants = []*merchant{newMerchant("700027", "test_refunds", "TestPassword1")}
	}
	if s.clock == nil {
		s.clock = time.Now
		if s.preload {
			s.documented = newDocumentedClock()
		}
	}
	if s.preload {
		s.payDocumented()
	}
	return s
}

// NewServer starts a server on a loopback address and closes it when the test
// ends. A server that can't listen ends the test.
func NewServer(tb TB, opts ...Option) *Server {
	tb.Helper()
	s := New(opts...)
	s.tb = tb
	var listener net.Listener
	s.transport = &http.Transport{}
	if s.pipes != nil {
		listener, s.URL = s.pipes, "http://127.0.0.1"
		s.transport.DialContext = s.pipes.DialContext
	} else {
		loopback, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatalf("assisttest: %v", err)
			return s
		}
		listener, s.URL = loopback, "http://"+loopback.Addr().String()
	}
	s.serve(listener)
	tb.Cleanup(s.Close)
	return s
}

func (s *Server) serve(listener net.Listener) {
	s.served = make(chan struct{})
	s.http = &http.Server{
		Handler: s,
		// A scripted fault is no news, and a test's output is the test's own.
		ErrorLog: log.New(io.Discard, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.conns.Done()
			}
		},
	}
	go func() {
		defer close(s.served)
		// Serve ends with an error always, which Close asked for.
		_ = s.http.Serve(listener)
	}()
}

// Close ends the server and every connection, and waits for them. Answers that
// are held back are never given. Further calls do nothing.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.closing)
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.closed = true
		}()
		if s.http == nil {
			return
		}
		// What is closed twice was closed well enough.
		_ = s.http.Close()
		s.transport.CloseIdleConnections()
		<-s.served
		s.conns.Wait()
	})
}

// Credentials are those of the first merchant.
func (s *Server) Credentials() assist.Credentials {
	m := s.merchants[0]
	return assist.Credentials{MerchantID: m.id, Login: m.login, Password: assist.NewSecret(m.password)}
}

func (s *Server) helper() {
	if s.tb != nil {
		s.tb.Helper()
	}
}

// fatalf ends the test. A server made by New belongs to none, so it can only
// panic.
func (s *Server) fatalf(format string, args ...any) {
	if s.tb == nil {
		panic(fmt.Sprintf(format, args...))
	}
	s.tb.Helper()
	s.tb.Fatalf(format, args...)
}
