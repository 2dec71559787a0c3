package assisttest

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxRequest is more than any request needs.
const maxRequest = 1 << 20

// ServeHTTP makes the server an http.Handler, for a listener or a network of
// your own. To close a connection without an answer it panics with
// http.ErrAbortHandler, which net/http expects.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f, out := s.handle(r, body)
	if f.late > 0 {
		timer := time.NewTimer(f.late)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-s.closing:
			panic(http.ErrAbortHandler)
		}
	}
	s.deliver(w, f, out)
}

// handle does what a request asks for, as far as its fault allows.
func (s *Server) handle(r *http.Request, body []byte) (Fault, *reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	service, legacy, ok := serviceAt(r.URL.Path)
	entry := s.remember(r, service, s.now())
	main := s.offsetsAt(r.URL.Path)
	if !ok {
		return Fault{offsets: &main}, pageReply(http.StatusNotFound)
	}
	if r.Method != http.MethodPost {
		return Fault{offsets: &main}, pageReply(http.StatusMethodNotAllowed)
	}
	f := s.takeFault(service, r.URL.Path)
	c, refused := readCall(service, legacy, r.Header.Get("Content-Type"), body)
	if c == nil {
		return f, pageReply(http.StatusUnsupportedMediaType)
	}
	entry.read(c)
	var out *reply
	s.refundsByHand(f.handBefore, c, f)
	// Once: of a cancel when it has been made and its answer, which may list the
	// refund too, is not yet written; else at the end.
	f.afterwards = sync.OnceFunc(func() { s.refundsByHand(f.handAfter, c, f) })
	switch {
	case f.undone && f.later > 0:
		s.schedule.add(s.now().Add(f.later), func(at time.Time) { s.answer(c, refused, f, entry, at) })
	case f.undone:
	default:
		out = s.answer(c, refused, f, entry, s.now())
	}
	f.afterwards()
	return f, s.damaged(c, f, out)
}

// answer works a request, or refuses what could not be read.
func (s *Server) answer(c *call, refused *refusal, f Fault, entry *Request, now time.Time) *reply {
	if refused != nil {
		entry.Worked = true
		return s.refusalReply(c, refused, entry)
	}
	out := s.work(c, f, entry, now)
	if f.twice {
		out = s.work(c, f, entry, now)
	}
	return out
}

// damaged is the answer that a fault leaves.
func (s *Server) damaged(c *call, f Fault, out *reply) *reply {
	switch f.wire {
	case wireAnswers:
		return &reply{status: f.status, media: f.media, body: []byte(f.body), location: f.location, headers: f.headers}
	case wireGateway, wireProse:
		worded := wordedReply(c, f).recoded(f.charset)
		worded.headers = f.headers
		return worded
	case wireReplays:
		return s.answered[c.service].replayed(f)
	}
	if out == nil {
		// Not worked, and no answer is scripted either.
		return pageReply(http.StatusBadGateway)
	}
	out = out.recoded(f.charset)
	out.headers = f.headers
	s.answered[c.service] = s.answered[c.service].keep(out)
	return out
}

// deliver writes an answer, or as much of it as the fault lets through.
func (s *Server) deliver(w http.ResponseWriter, f Fault, out *reply) {
	if f.wire == wireDies {
		panic(http.ErrAbortHandler)
	}
	body := out.body
	if f.wire == wireIncomplete {
		body = body[:len(body)/2]
	}
	header := w.Header()
	header.Set("Date", s.dated(f, out))
	header.Set("Content-Type", out.media)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if out.location != "" {
		header.Set("Location", out.location)
	}
	for _, h := range out.headers {
		header.Set(h[0], h[1])
	}
	w.WriteHeader(out.status)
	if f.wire == wireBreaks {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	// A client that is gone takes no answer; that is its affair.
	_, _ = w.Write(body)
}

// dated is the Date of an answer: of the moment at which it sets out, unless it
// repeats one that had set out before.
func (s *Server) dated(f Fault, out *reply) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if out.date == "" {
		out.date = s.now().Add(f.offsets.Date).Format(http.TimeFormat)
	}
	return out.date
}
