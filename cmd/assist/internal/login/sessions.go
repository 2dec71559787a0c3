package login

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// The prefix binds the cookie to this host, to https (or the machine itself),
	// and to the whole of it.
	cookie  = "__Host-assist-desk"
	longest = 12 * time.Hour
	idle    = 30 * time.Minute
)

// session is who has signed in. Of the token only its hash is kept.
type session struct {
	name       string
	made, seen time.Time
	// As the file of users had them at the login: another id is another person of that
	// name, and another hash is a new password, which ends what the old one began.
	id, hash string
	user     *claimed // who isn't in the file of users, but came by a provider
}

// sessionOf is a session of a user who has just signed in.
func sessionOf(u User, now time.Time) session {
	return session{name: u.Name, id: u.ID, hash: u.Hash, made: now, seen: now}
}

// isOf tells whether a user is still who has signed in.
func (s *session) isOf(u User) bool { return s.id == u.ID && s.hash == u.Hash }

type sessions struct {
	mu  sync.Mutex
	all map[[32]byte]*session
}

// start makes a new token: what was there before the login is of no use after it.
func (s *sessions) start(w http.ResponseWriter, one session) {
	var b [32]byte
	_, _ = rand.Read(b[:])
	token := base64.RawURLEncoding.EncodeToString(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[[32]byte]*session{}
	}
	for key, old := range s.all {
		if old.over(one.made) {
			delete(s.all, key)
		}
	}
	s.all[sha256.Sum256([]byte(token))] = &one
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(longest.Seconds())})
}

func (s *session) over(now time.Time) bool {
	return now.Sub(s.made) > longest || now.Sub(s.seen) > idle
}

// of finds the session of a request.
func (s *sessions) of(r *http.Request, now time.Time) (session, bool) {
	c, err := r.Cookie(cookie)
	if err != nil {
		return session{}, false
	}
	key := sha256.Sum256([]byte(c.Value))
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.all[key]
	if !ok || one.over(now) {
		delete(s.all, key)
		return session{}, false
	}
	one.seen = now
	return *one, true
}

// end ends the session of a request, or all of its person.
func (s *sessions) end(w http.ResponseWriter, r *http.Request, everywhere bool) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	c, err := r.Cookie(cookie)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := sha256.Sum256([]byte(c.Value))
	one, ok := s.all[key]
	delete(s.all, key)
	if !ok || !everywhere {
		return
	}
	for key, other := range s.all {
		if other.name == one.name {
			delete(s.all, key)
		}
	}
}

// tries bounds logins: five a minute for each name and each address. A try that is
// refused by that costs no hash, and isn't counted, so that nobody makes the bounds be
// forgotten by trying many names.
type tries struct {
	mu    sync.Mutex
	all   map[string][]time.Time
	swept time.Time // of what is older than a minute
}

const (
	triesAMinute = 5
	// mostTried is how many names and addresses are known at once. When there are as
	// many within a minute, others wait.
	mostTried = 10_000
)

func (t *tries) allowed(now time.Time, keys ...string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string][]time.Time{}
	}
	if len(t.all)+len(keys) > mostTried && now.Sub(t.swept) >= time.Second {
		t.swept = now
		for key := range t.all {
			t.recent(key, now)
		}
	}
	for _, key := range keys {
		if n := len(t.recent(key, now)); n >= triesAMinute || n == 0 && len(t.all)+len(keys) > mostTried {
			return false
		}
	}
	for _, key := range keys {
		t.all[key] = append(t.all[key], now)
	}
	return true
}

// recent are the tries of a key within the last minute; it forgets the others.
func (t *tries) recent(key string, now time.Time) []time.Time {
	left := slices.DeleteFunc(t.all[key], func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	if len(left) == 0 {
		delete(t.all, key)
		return nil
	}
	t.all[key] = left
	return left
}
