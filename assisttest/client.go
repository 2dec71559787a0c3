package assisttest

import (
	"net/http"

	"github.com/assist-go/assist"
)

// Client gives an SDK client of the first merchant. Options are those of
// assist.NewClient, such as assist.WithProtocol. The server must be one that
// NewServer started; what NewClient refuses ends the test.
//
// The client lives by the machine's clock. Where the server's stands elsewhere,
// assist.WithClock([Server.Now]) makes the two agree; without it the test is one
// of clocks that differ.
func (s *Server) Client(opts ...assist.Option) *assist.Client {
	s.helper()
	all := append([]assist.Option{assist.WithHTTPClient(s.HTTPClient())}, opts...)
	client, err := assist.NewClient(s.URL, s.Credentials(), all...)
	if err != nil {
		s.fatalf("assisttest: %v", err)
	}
	return client
}

// HTTPClient gives a client for requests of your own to a server that NewServer
// started. It follows no redirect.
func (s *Server) HTTPClient() *http.Client {
	s.helper()
	if s.transport == nil {
		s.fatalf("assisttest: this server listens nowhere")
		return nil
	}
	return &http.Client{
		Transport:     s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
