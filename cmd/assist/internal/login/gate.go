package login

import (
	"bytes"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/assist-go/assist/desk"
)

// Gate is the desk's Auth with the pages for signing in and out.
type Gate struct {
	People   *People
	Provider *Provider // OpenID Connect; nil is none
	Header   *Header   // a proxy's; nil is none
	Now      func() time.Time
	Log      *slog.Logger

	sessions sessions
	tries    tries
}

// Header is how a proxy says who it is. It is believed from the listed addresses
// alone.
type Header struct {
	Name string
	From []netip.Prefix
}

// claimed is a person whom a provider vouches for.
type claimed struct {
	id, full string
	role     desk.Role
}

// errHeader: the header came from an address that isn't listed.
var errHeader = errors.New("login: the proxy's header came from elsewhere")

// User implements desk.Auth.
func (g *Gate) User(r *http.Request) (desk.User, error) {
	if g.Header != nil {
		return g.byHeader(r)
	}
	one, ok := g.sessions.of(r, g.Now())
	if !ok {
		return desk.User{}, desk.ErrNotSignedIn
	}
	if one.user != nil {
		return desk.User{ID: one.user.id, Name: one.user.full, Role: one.user.role}, nil
	}
	u, err := g.known(one.name)
	if err == nil && !one.isOf(u) {
		err = desk.ErrNotSignedIn
	}
	if err != nil {
		return desk.User{}, err
	}
	return u.atDesk(), nil
}

func (g *Gate) known(name string) (User, error) {
	u, err := g.People.Find(name)
	if errors.Is(err, ErrNotHere) {
		err = desk.ErrNotSignedIn
	}
	return u, err
}

func (g *Gate) byHeader(r *http.Request) (desk.User, error) {
	names := r.Header.Values(g.Header.Name)
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	listed := false
	for _, p := range g.Header.From {
		listed = listed || err == nil && p.Contains(from.Addr().Unmap())
	}
	switch {
	case !listed && len(names) > 0:
		g.Log.Error("login: the proxy's header came from an address that isn't listed", "from", from.Addr())
		return desk.User{}, errHeader
	case !listed, len(names) == 0:
		return desk.User{}, desk.ErrNotSignedIn
	case len(names) > 1 || strings.Contains(names[0], ","):
		return desk.User{}, errHeader // two proxies, or a client that sends its own
	}
	u, err := g.known(strings.TrimSpace(names[0]))
	if err != nil {
		return desk.User{}, err
	}
	return u.atDesk(), nil
}

// Routes are the pages for signing in and out, beside the desk.
func (g *Gate) Routes(desk http.Handler, cross *http.CrossOriginProtection) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", desk)
	if g.Header != nil {
		return mux
	}
	mux.HandleFunc("GET /login", g.page)
	mux.Handle("POST /login", cross.Handler(http.HandlerFunc(g.signIn)))
	mux.Handle("POST /logout", cross.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.sessions.end(w, r, r.PostFormValue("everywhere") == "yes")
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	})))
	if g.Provider != nil {
		mux.HandleFunc("GET /login/provider", g.Provider.begin)
		mux.HandleFunc("GET /login/back", g.back)
	}
	return mux
}

var loginPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Вход · Sign in</title><link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/style.css"></head>
<body><main id="main" class="narrow"><section class="card"><h1>Возвраты: вход · <span lang="en">sign&nbsp;in</span></h1>
{{with .Problem}}<p class="say bad" role="alert">{{.}}</p>{{end}}
{{if .Passwords}}<form method="post" action="/login"><div class="field"><label for="name">Имя · <span lang="en">name</span></label><input id="name" name="name" autocomplete="username" required autofocus></div>
<div class="field"><label for="password">Пароль · <span lang="en">password</span></label><input id="password" name="password" type="password" autocomplete="current-password" required></div>
<button class="go"><span>Войти · <span lang="en">sign in</span></span></button></form>{{end}}
{{if .Provider}}<p><a class="button go" href="/login/provider"><span>Войти через {{.Provider}} · <span lang="en">sign in there</span></span></a></p>{{end}}</section></main></body></html>`))

func (g *Gate) show(w http.ResponseWriter, status int, problem string) {
	page := struct {
		Problem, Provider string
		Passwords         bool
	}{Problem: problem}
	all, err := g.People.list()
	if err != nil {
		g.Log.Error("login: the users can't be read", "err", err)
		status, page.Problem = http.StatusServiceUnavailable, "Вход сейчас недоступен · signing in isn't possible now"
	}
	for _, u := range all {
		page.Passwords = page.Passwords || u.Hash != ""
	}
	if g.Provider != nil {
		page.Provider = g.Provider.Host()
	}
	var b bytes.Buffer
	if err := loginPage.Execute(&b, page); err != nil {
		http.Error(w, "login", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func (g *Gate) page(w http.ResponseWriter, _ *http.Request) { g.show(w, http.StatusOK, "") }

func (g *Gate) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	name := r.PostFormValue("name")
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if !g.tries.allowed(g.Now(), "name "+name[:min(len(name), longestName)], "from "+host) {
		g.show(w, http.StatusTooManyRequests, "Слишком много попыток: подождите минуту · too many tries: wait for a minute")
		return
	}
	u, err := g.People.Find(name)
	if err != nil && !errors.Is(err, ErrNotHere) {
		g.show(w, http.StatusServiceUnavailable, "Вход сейчас недоступен · signing in isn't possible now")
		return
	}
	if !matches(u.Hash, r.PostFormValue("password")) {
		g.Log.Warn("login: refused", "from", host)
		g.show(w, http.StatusUnauthorized, "Имя или пароль не подходят · name or password are wrong")
		return
	}
	g.sessions.start(w, sessionOf(u, g.Now()))
	g.Log.Info("login: signed in", "user", u.ID)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
