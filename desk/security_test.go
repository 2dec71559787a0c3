package desk_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// form is a confirmed one, as the page makes it.
func form(o assist.Order, id, amount, left string) url.Values {
	return url.Values{"form": {strings.Repeat("0", 32-len(id)) + id}, "order": {o.Number}, "bill": {string(o.Billnumber)}, "amount": {amount}, "left": {left}, "reason": {"customer"}, "note": {"по телефону"}}
}

const days = 24 * 3600 * 1e9

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", "/none", "/refund/1", "/style.css", "/desk.js", "/decisions", "/icon.svg"} {
		h := get(t, w, "boris", path).Header()
		policy := h.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'", path)
		assert.NotContains(t, policy, "unsafe", path)
		assert.Contains(t, policy, "frame-ancestors 'none'", path)
		assert.Contains(t, policy, "form-action 'self'", path)
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		assert.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"), path)
		assert.Equal(t, "no-store", h.Get("Cache-Control"), path)
	}
}

// Of another site no form is taken, whatever it asks.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	w := filled(t)
	for _, path := range []string{"/new", "/refund/9/approve", "/refund/9/deny", "/refund/12/withdraw", "/refund/1/take", "/refund/1/decide", "/refund/1/confirm", "/refund/3/late",
		"/hold", "/release", "/export", "/search", "/language"} {
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("why=x&amount=12990.00"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			r.AddCookie(&http.Cookie{Name: "demo-user", Value: "vera"})
			answer := httptest.NewRecorder()
			w.Handler().ServeHTTP(answer, r)
			assert.Equal(t, http.StatusForbidden, answer.Code, path+" "+header)
		}
	}
	rec, err := w.Book.Get(t.Context(), 9)
	require.NoError(t, err)
	assert.Equal(t, refunds.Proposed, rec.State)
	// Nothing changes by a GET.
	for _, path := range []string{"/refund/9/approve", "/refund/9/deny", "/hold", "/export"} {
		assert.NotEqual(t, http.StatusOK, get(t, w, "glafira", path).Code, path)
	}
}

func TestRolesAreTheServersToHold(t *testing.T) {
	t.Parallel()
	w := filled(t)
	o := w.Pay("A-1", "100.00", 1, 3*days)
	f := form(o, "1", "10", "100.00").Encode()
	for _, c := range []struct {
		person, path, body string
		status             int
	}{
		{"dmitry", "/new", f, 403}, {"dmitry", "/refund/9/approve", "amount=12990.00", 403}, {"anna", "/refund/9/approve", "amount=12990.00", 403},
		{"dmitry", "/refund/9/deny", "why=x", 403}, {"dmitry", "/refund/12/withdraw", "", 403}, {"anna", "/refund/2/take", "", 403},
		{"anna", "/refund/2/decide", "decision=wait&attempts=1&why=x", 403}, {"anna", "/refund/2/confirm", "decision=1&why=x", 403}, {"anna", "/refund/3/late", "why=x", 403},
		{"boris", "/hold", "why=x", 403}, {"boris", "/release", "why=x", 403}, {"anna", "/export", "", 403}, {"boris", "/export", "", 403}, {"dmitry", "/export", "", 200},
		{"nobody", "/new", f, 401}, {"anna", "/refund/2/withdraw", "", 403},
	} {
		assert.Equal(t, c.status, post(t, w, c.person, c.path, c.body).Code, "%s %s", c.person, c.path)
	}
	for path, status := range map[string]int{"/audit": 403, "/new": 403, "/new/check": 403, "/": 200} {
		assert.Equal(t, status, get(t, w, "dmitry", path).Code, path)
	}
	page := get(t, w, "dmitry", "/refund/9").Body.String()
	assert.NotContains(t, page, "Подтвердить и отправить", "a viewer sees no button")
	// A removed user is out at the next click.
	assert.Equal(t, 200, get(t, w, "vera", "/").Code)
	w.Remove("vera")
	assert.Equal(t, 401, get(t, w, "vera", "/").Code)
	assert.Equal(t, 401, post(t, w, "vera", "/refund/9/approve", "amount=12990.00").Code)
}

func TestAskerApproverAndDecider(t *testing.T) {
	t.Parallel()
	w := filled(t)
	own, err := w.Ask(t.Context(), "boris", w.Pay("A-1", "9000.00", 1, 3*days), "9000.00", "сам")
	require.NoError(t, err)
	assert.Equal(t, 403, post(t, w, "boris", fmt.Sprint("/refund/", own, "/approve"), "amount=9000.00").Code, "who asked can't approve")
	assert.Equal(t, 400, post(t, w, "vera", fmt.Sprint("/refund/", own, "/approve"), "amount=9.00").Code, "the amount can't be changed")
	assert.Equal(t, 303, post(t, w, "vera", fmt.Sprint("/refund/", own, "/approve"), "amount=9000.00").Code)
	twice := post(t, w, "glafira", fmt.Sprint("/refund/", own, "/approve"), "amount=9000.00")
	assert.Equal(t, 409, twice.Code)
	assert.Contains(t, twice.Body.String(), "Возврат уже подтвердил(а) Вера Т.")

	// "It never came" of Boris' own refund: recorded by Vera, it is neither hers nor
	// his to confirm.
	assert.Equal(t, 422, post(t, w, "vera", "/refund/2/decide", "decision=never+came&attempts=1").Code, "evidence is needed")
	assert.Equal(t, 409, post(t, w, "vera", "/refund/2/decide", "decision=never+came&attempts=2&why=x").Code, "of another attempt than was seen")
	assert.Equal(t, 303, post(t, w, "vera", "/refund/2/decide", "decision=never+came&attempts=1&why=letter").Code)
	rec, err := w.Book.Get(t.Context(), 2)
	require.NoError(t, err)
	body := fmt.Sprint("why=yes&decision=", rec.Decisions[0].ID)
	assert.Equal(t, 403, post(t, w, "vera", "/refund/2/confirm", body).Code)
	assert.Equal(t, 403, post(t, w, "boris", "/refund/2/confirm", body).Code)
	assert.Equal(t, 303, post(t, w, "glafira", "/refund/2/confirm", body).Code)
}

// What a form says are hints: everything is checked again.
func TestEveryPostChecksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.Pay("A-1", "100.00", 1, 3*days)
	count := func() (n int) {
		for range w.Book.List(t.Context(), refunds.Filter{}) {
			n++
		}
		return n
	}
	assert.Equal(t, 409, post(t, w, "anna", "/new", form(o, "1", "100.01", "100.00").Encode()).Code, "more than is left")
	assert.Equal(t, 409, post(t, w, "anna", "/new", form(o, "1", "1.490", "100.00").Encode()).Code, "an amount that can be read two ways")
	changed := post(t, w, "anna", "/new", form(o, "1", "10", "90.00").Encode())
	assert.Equal(t, 409, changed.Code, "left isn't what the person saw")
	assert.Contains(t, changed.Body.String(), "остаток платежа изменился")
	f := form(o, "1", "10", "100.00")
	f.Set("note", " ")
	assert.Equal(t, 409, post(t, w, "anna", "/new", f.Encode()).Code, "a reason is needed")
	for _, field := range []string{"form", "bill", "order", "reason"} {
		f := form(o, "1", "10", "100.00")
		f.Set(field, "")
		assert.Equal(t, 400, post(t, w, "anna", "/new", f.Encode()).Code, field)
	}
	assert.Equal(t, 0, count())
	first := post(t, w, "anna", "/new", form(o, "1", "10", "100.00").Encode())
	require.Equal(t, 303, first.Code)
	again := post(t, w, "anna", "/new", form(o, "1", "10", "100.00").Encode())
	assert.Equal(t, 303, again.Code, "the same form is the same refund")
	assert.Equal(t, first.Header().Get("Location"), again.Header().Get("Location"))
	other := post(t, w, "anna", "/new", form(o, "1", "20", "90.00").Encode())
	assert.Equal(t, 409, other.Code, "the same form with another amount is none")
	assert.Contains(t, other.Body.String(), "R-1")
	assert.Equal(t, 409, post(t, w, "anna", "/new", form(o, "2", "10", "90.00").Encode()).Code, "a like one must be ticked")
	f = form(o, "2", "10", "90.00")
	f.Set("another", "yes")
	assert.Equal(t, 303, post(t, w, "anna", "/new", f.Encode()).Code)
	assert.Equal(t, 2, count())
	assert.Equal(t, 303, post(t, w, "boris", "/new", form(o, "1", "30", "80.00").Encode()).Code, "somebody else's form of the same number is another")
	w.Run()
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limit, err := assist.ParseMoney("25.00", "RUB")
	require.NoError(t, err)
	w := newWorld(t, desk.PostsPerHour(4), desk.DaySum(limit))
	o := w.Pay("A-1", "100.00", 1, 3*days)
	assert.Equal(t, 303, post(t, w, "anna", "/new", form(o, "1", "10", "100.00").Encode()).Code)
	assert.Equal(t, 303, post(t, w, "anna", "/new", form(o, "2", "15", "90.00").Encode()).Code)
	day := post(t, w, "anna", "/new", form(o, "3", "0,01", "75.00").Encode())
	assert.Equal(t, 403, day.Code)
	assert.Contains(t, day.Body.String(), "Дневной предел")
	assert.Equal(t, 303, post(t, w, "boris", "/new", form(o, "4", "0,01", "75.00").Encode()).Code, "another person's day is their own")
	assert.Equal(t, 403, post(t, w, "anna", "/new", form(o, "5", "0,02", "74.99").Encode()).Code)
	assert.Equal(t, 429, post(t, w, "anna", "/new", form(o, "6", "0,01", "74.99").Encode()).Code, "five within an hour")
	w.Pass(3600 * 1e9)
	assert.Equal(t, 403, post(t, w, "anna", "/new", form(o, "7", "0,02", "74.99").Encode()).Code)
}

// Nothing personal stands in an address, in a log or in what is stored.
func TestPersonalData(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := newWorld(t, desk.Logger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	o := w.Pay("A-1", "100.00", 1, 3*days)
	require.Equal(t, 303, post(t, w, "anna", "/new", form(o, "1", "10", "100.00").Encode()).Code)
	_, err := w.Carrier.Step(t.Context())
	require.NoError(t, err)
	email := o.Customer.Email
	require.NotEmpty(t, email)
	found := post(t, w, "anna", "/search", "q="+url.QueryEscape(" "+strings.ToUpper(email)))
	require.Equal(t, 303, found.Code)
	to := found.Header().Get("Location")
	assert.NotContains(t, to, "example")
	assert.NotContains(t, to, "%40")
	page := get(t, w, "anna", to).Body.String()
	assert.Contains(t, page, "R-1")
	assert.NotContains(t, page, email)
	none := post(t, w, "anna", "/search", "q="+url.QueryEscape(email[:5]+"@example.ru")).Header().Get("Location")
	assert.NotContains(t, get(t, w, "anna", none).Body.String(), "/refund/1", "found whole only")
	assert.NotContains(t, get(t, w, "anna", "/?q="+url.QueryEscape(email)).Body.String(), email, "not even if somebody puts it there")
	all := get(t, w, "boris", "/refund/1").Body.String() + get(t, w, "boris", "/audit").Body.String() + get(t, w, "boris", "/").Body.String() + log.String()
	for _, personal := range []string{email, o.Customer.LastName, "по телефону "} {
		assert.NotContains(t, all, personal)
	}
	assert.Contains(t, log.String(), "demo:anna")
	assert.NotContains(t, log.String(), "по телефону")
}

func TestCredentialsAreNowhere(t *testing.T) {
	t.Parallel()
	w := everyState(t)
	secret := w.Server.Credentials()
	for _, path := range pagePaths(t, w) {
		page := get(t, w, "glafira", path).Body.String()
		assert.NotContains(t, page, secret.Login, path)
		assert.NotContains(t, page, secret.Password.Reveal(), path)
	}
}

func TestDeskIsRefusedWithoutItsParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	auth := desk.AuthFunc(func(*http.Request) (desk.User, error) { return desk.User{}, errors.New("away") })
	_, err := desk.New(nil, w.Client, auth)
	require.Error(t, err)
	for _, o := range []desk.Option{nil, desk.Under("admin"), desk.Under("/admin"), desk.Under("//"), desk.TrustedOrigin("not an origin"), desk.PostsPerHour(0), desk.LoginPage(""), desk.Logger(nil)} {
		_, err := desk.New(w.Book, w.Client, auth, o)
		require.Error(t, err)
	}
	d, err := desk.New(w.Book, w.Client, auth)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	d.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code, "who it is can't be told")
	assert.NotContains(t, answer.Body.String(), "away")

	d, err = desk.New(w.Book, w.Client, desk.AuthFunc(func(*http.Request) (desk.User, error) { return desk.User{}, desk.ErrNotSignedIn }), desk.LoginPage("/login"))
	require.NoError(t, err)
	answer = httptest.NewRecorder()
	d.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, "/login", answer.Header().Get("Location"))

	for _, u := range []desk.User{{}, {ID: "x", Name: "X"}, {ID: "x", Role: desk.Admin}, {Name: "x", Role: desk.Admin}} {
		d, err = desk.New(w.Book, w.Client, desk.AuthFunc(func(*http.Request) (desk.User, error) { return u, nil }))
		require.NoError(t, err)
		answer = httptest.NewRecorder()
		d.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Equal(t, http.StatusForbidden, answer.Code, u)
	}
}

// A public address in front of a proxy that changes the Host is told.
func TestTrustedOrigin(t *testing.T) {
	t.Parallel()
	for origin, status := range map[string]int{"https://refunds.shop.example": 303, "https://other.example": 403} {
		w := newWorld(t, desk.TrustedOrigin("https://refunds.shop.example"))
		r := httptest.NewRequest(http.MethodPost, "/search", strings.NewReader("q=1"))
		r.Host = "127.0.0.1:8080"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.AddCookie(&http.Cookie{Name: "demo-user", Value: "anna"})
		answer := httptest.NewRecorder()
		w.Handler().ServeHTTP(answer, r)
		assert.Equal(t, status, answer.Code, origin)
	}
}
