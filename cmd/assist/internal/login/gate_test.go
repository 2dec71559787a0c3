package login

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/desk"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const password = "correct horse battery"

type world struct {
	t    *testing.T
	gate *Gate
	now  time.Time
	h    http.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	people, err := Open(filepath.Join(t.TempDir(), "users.json"))
	require.NoError(t, err)
	require.NoError(t, people.Add(User{Name: "anna", Full: "Анна Л.", Role: "senior"}, password))
	w := &world{t: t, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	w.gate = &Gate{People: people, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}
	w.route()
	return w
}

// route serves the gate in front of a page that shows who it is.
func (w *world) route() {
	w.h = w.gate.Routes(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		u, err := w.gate.User(r)
		switch {
		case errors.Is(err, desk.ErrNotSignedIn):
			rw.WriteHeader(http.StatusUnauthorized)
		case err != nil:
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = rw.Write([]byte(u.ID + " " + u.Name + " " + u.Role.String()))
	}), http.NewCrossOriginProtection())
}

func (w *world) do(method, path string, form url.Values, cookies []*http.Cookie, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	for _, f := range change {
		f(r)
	}
	answer := httptest.NewRecorder()
	w.h.ServeHTTP(answer, r)
	return answer.Result()
}

func (w *world) signIn(name, secret string, change ...func(*http.Request)) *http.Response {
	return w.do(http.MethodPost, "/login", url.Values{"name": {name}, "password": {secret}}, nil, change...)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Equal(t, 401, w.do(http.MethodGet, "/", nil, nil).StatusCode)
	assert.Equal(t, 200, w.do(http.MethodGet, "/login", nil, nil).StatusCode)
	in := w.signIn("anna", password)
	require.Equal(t, 303, in.StatusCode)
	c := in.Cookies()[0]
	assert.True(t, strings.HasPrefix(c.Name, "__Host-"))
	assert.True(t, c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "" && c.SameSite == http.SameSiteLaxMode)
	for key := range w.gate.sessions.all {
		assert.NotContains(t, string(key[:]), c.Value, "only the token's hash is kept")
	}
	assert.Equal(t, 200, w.do(http.MethodGet, "/", nil, in.Cookies()).StatusCode)
	again := w.signIn("anna", password, func(r *http.Request) { r.AddCookie(c) })
	assert.NotEqual(t, c.Value, again.Cookies()[0].Value, "a new token at each login")
	assert.Equal(t, 401, w.do(http.MethodGet, "/", nil, []*http.Cookie{{Name: c.Name, Value: "forged"}}).StatusCode)

	w.now = w.now.Add(29 * time.Minute)
	assert.Equal(t, 200, w.do(http.MethodGet, "/", nil, in.Cookies()).StatusCode)
	w.now = w.now.Add(31 * time.Minute)
	assert.Equal(t, 401, w.do(http.MethodGet, "/", nil, in.Cookies()).StatusCode, "half an hour without a click")
	in = w.signIn("anna", password)
	for range 30 {
		w.now = w.now.Add(25 * time.Minute)
		w.do(http.MethodGet, "/", nil, in.Cookies())
	}
	assert.Equal(t, 401, w.do(http.MethodGet, "/", nil, in.Cookies()).StatusCode, "twelve hours")

	one, two := w.signIn("anna", password), w.signIn("anna", password)
	assert.Equal(t, 303, w.do(http.MethodPost, "/logout", nil, one.Cookies()).StatusCode)
	assert.Equal(t, 401, w.do(http.MethodGet, "/", nil, one.Cookies()).StatusCode)
	assert.Equal(t, 200, w.do(http.MethodGet, "/", nil, two.Cookies()).StatusCode)
	three := w.signIn("anna", password)
	w.do(http.MethodPost, "/logout", url.Values{"everywhere": {"yes"}}, three.Cookies())
	assert.Equal(t, 401, w.do(http.MethodGet, "/", nil, two.Cookies()).StatusCode, "everywhere")

	// Who is removed is out at the next click.
	last := w.signIn("anna", password)
	require.NoError(t, w.gate.People.Remove("anna"))
	assert.Equal(t, 401, w.do(http.MethodGet, "/", nil, last.Cookies()).StatusCode)
}

func TestTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	for range 5 {
		assert.Equal(t, 401, w.signIn("anna", "wrong", from("192.0.2.1:1")).StatusCode)
	}
	assert.Equal(t, 429, w.signIn("anna", password, from("192.0.2.2:1")).StatusCode, "the name waits, wherever it is tried from")
	assert.Equal(t, 429, w.signIn("other", "wrong", from("192.0.2.1:2")).StatusCode, "so does the address")
	assert.Equal(t, 401, w.signIn("other", "wrong", from("192.0.2.3:1")).StatusCode)
	w.now = w.now.Add(time.Minute)
	assert.Equal(t, 303, w.signIn("anna", password, from("192.0.2.2:1")).StatusCode)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		assert.Equal(t, 403, w.signIn("anna", password, func(r *http.Request) { r.Header.Set(header, value) }).StatusCode)
	}
}

func TestProxyHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.gate.Header = &Header{Name: "X-Remote-User", From: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	w.route()
	for _, c := range []struct {
		from   string
		users  []string
		status int
	}{
		{"127.0.0.1:5", []string{"anna"}, 200}, {"[::ffff:127.0.0.1]:5", []string{"anna"}, 200}, {"127.0.0.1:5", nil, 401}, {"127.0.0.1:5", []string{"nobody"}, 401},
		{"192.0.2.1:5", []string{"anna"}, 503}, {"192.0.2.1:5", nil, 401}, {"127.0.0.1:5", []string{"anna", "boris"}, 503}, {"127.0.0.1:5", []string{"boris, anna"}, 503}, {"@", []string{"anna"}, 503},
	} {
		r := w.do(http.MethodGet, "/", nil, nil, func(r *http.Request) {
			r.RemoteAddr = c.from
			for _, u := range c.users {
				r.Header.Add("X-Remote-User", u)
			}
		})
		assert.Equal(t, c.status, r.StatusCode, c)
	}
	assert.NotEqual(t, 303, w.signIn("anna", password).StatusCode, "there is no other way in beside it")
}

func TestPeople(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "users.json")
	p, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, p.Add(User{Name: "anna", Role: "operator"}, password))
	assert.ErrorIs(t, p.Add(User{Name: "anna", Role: "operator"}, password), ErrThere)
	assert.ErrorIs(t, p.Add(User{Name: "b", Role: "king"}, password), ErrRole)
	assert.ErrorIs(t, p.Add(User{Name: "a b", Role: "viewer"}, password), ErrName)
	assert.ErrorIs(t, p.Add(User{Name: "c", Role: "viewer"}, "short"), ErrWeak)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(text), password)
	first, err := p.Find("anna")
	require.NoError(t, err)
	require.NoError(t, p.Remove("anna"))
	assert.ErrorIs(t, p.Remove("anna"), ErrNotHere)
	require.NoError(t, p.Add(User{Name: "anna", Role: "operator"}, ""))
	second, err := p.Find("anna")
	require.NoError(t, err)
	assert.NotEqual(t, first.ID, second.ID, "an id is never given to somebody else")
	assert.False(t, matches(second.Hash, ""), "without a password no password leads in")
	other, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, other.SetRole("anna", "admin"))
	require.NoError(t, other.SetPassword("anna", password))
	now, err := p.Find("anna")
	require.NoError(t, err)
	assert.Equal(t, "admin", now.Role, "another process's change is seen")
	assert.True(t, matches(now.Hash, password))
	assert.False(t, matches(now.Hash, password+"x"))
	for _, broken := range []string{"", "x", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA", strings.Replace(now.Hash, "argon2id", "argon2i", 1)} {
		assert.False(t, matches(broken, password))
	}
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, os.Chtimes(path, time.Now(), time.Now().Add(time.Second)))
	_, err = p.Find("anna")
	assert.ErrorContains(t, err, "chmod 600")
}
