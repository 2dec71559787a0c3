package assisttest

import (
	"strings"
	"time"
)

// SetClock makes the server live by another clock. Every date it writes, the
// Date header, the Moscow day, the windows of the order services and the time
// at which a cancel in process settles follow from it. What [Server.Advance]
// added is forgotten; what [Server.SetOffsets] set stays. Without a clock the
// server lives by time.Now.
//
// The clock is called under a lock: it must not call the server.
func (s *Server) SetClock(clock func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock, s.ahead, s.documented = clock, 0, nil
}

// StandAt stops the server's clock at an instant.
func (s *Server) StandAt(instant time.Time) {
	s.SetClock(func() time.Time { return instant })
}

// Advance moves the server's clock forward, or backward when d is negative,
// whatever clock it lives by: "a few minutes later" in a test.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
	s.catchUp()
}

// Now gives the time on the server's clock, in UTC.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time {
	if s.documented != nil {
		return s.documented.now().Add(s.ahead).UTC()
	}
	return s.clock().Add(s.ahead).UTC()
}

// Offsets tell how far the clocks of one host of Assist are ahead of the
// server's clock, or behind it when negative. The rules (the Moscow day, windows
// without dates, settling) go by the server's clock always.
type Offsets struct {
	Date      time.Duration // of the HTTP header
	Operation time.Duration // of the dates of operations, given when they are made
	Packet    time.Duration // of the packet dates of answers
}

// SetOffsets sets the clocks of the server's main host apart. An operation that
// was made before keeps its date; the dates that [Server.Pay] is given are taken
// as they are.
func (s *Server) SetOffsets(o Offsets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[""] = o
}

// AddHost adds a host with clocks of its own that works on the same orders and
// money. It answers what is asked below a path, such as "/b": its base URL is the
// server's with the path behind it. A path that was added before gets other
// clocks.
func (s *Server) AddHost(path string, o Offsets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[strings.Trim(path, "/")] = o
}

// offsetsAt are those of the host that a path leads to: the one with the longest
// path of its own.
func (s *Server) offsetsAt(path string) Offsets {
	host := strings.Trim(path, "/")
	for host != "" {
		if o, ok := s.hosts[host]; ok {
			return o
		}
		host = host[:max(strings.LastIndexByte(host, '/'), 0)]
	}
	return s.hosts[""]
}
