package assisttest

import "time"

// SetClock makes the server live by another clock. Every date it writes, the
// Date header, the Moscow day, the windows of the order services and the time
// at which a cancel in process settles follow from it. What [Server.Advance]
// added is forgotten. Without a clock the server lives by time.Now.
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
