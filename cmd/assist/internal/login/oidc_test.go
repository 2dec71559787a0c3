package login

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/assist-go/assist/desk"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// provider is one of identities, whose answers a test can spoil.
type provider struct {
	*httptest.Server
	key    *rsa.PrivateKey
	claims map[string]any
	asked  url.Values // of the code
	told   url.Values // of the token
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &provider{key: key}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/auth", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		p.told = r.PostForm
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.sign(t)})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) sign(t *testing.T) string {
	head, err := json.Marshal(map[string]any{"alg": "RS256", "kid": "1"})
	require.NoError(t, err)
	body, err := json.Marshal(p.claims)
	require.NoError(t, err)
	text := b64(head) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	require.NoError(t, err)
	return text + "." + b64(signature)
}

func TestProvider(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	w := newWorld(t)
	var err error
	w.gate.Provider, err = NewProvider(t.Context(), ProviderSettings{Issuer: p.URL, ClientID: "desk", ClientSecret: "s", PublicURL: "https://refunds.example/", Groups: map[string]desk.Role{"refunds": desk.Operator, "refunds-senior": desk.Senior}})
	require.NoError(t, err)
	w.route()
	// come signs in as the provider's claims say; spoil changes what comes back.
	come := func(spoil func(claims map[string]any, back url.Values, cookies map[string]*http.Cookie)) *http.Response {
		begin := w.do(http.MethodGet, "/login/provider", nil, nil)
		to, err := begin.Location()
		require.NoError(t, err)
		p.asked = to.Query()
		p.claims = map[string]any{"iss": p.URL, "sub": "42", "aud": "desk", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "nonce": p.asked.Get("nonce"), "name": "Ольга К.", "groups": []any{"staff", "refunds", "refunds-senior"}}
		back := url.Values{"code": {"c"}, "state": {p.asked.Get("state")}}
		cookies := map[string]*http.Cookie{}
		for _, c := range begin.Cookies() {
			cookies[c.Name] = c
		}
		if spoil != nil {
			spoil(p.claims, back, cookies)
		}
		var all []*http.Cookie
		for _, c := range cookies {
			all = append(all, c)
		}
		return w.do(http.MethodGet, "/login/back?"+back.Encode(), nil, all)
	}
	in := come(nil)
	require.Equal(t, 303, in.StatusCode)
	var session []*http.Cookie
	for _, c := range in.Cookies() {
		if c.Name == cookie {
			session = append(session, c)
		}
	}
	require.Len(t, session, 1)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(session[0])
	u, err := w.gate.User(r)
	require.NoError(t, err)
	assert.Equal(t, desk.User{ID: p.URL + "|42", Name: "Ольга К.", Role: desk.Senior}, u)
	assert.Equal(t, "S256", p.asked.Get("code_challenge_method"))
	sum := sha256.Sum256([]byte(p.told.Get("code_verifier")))
	assert.Equal(t, p.asked.Get("code_challenge"), b64(sum[:]), "PKCE")
	assert.Equal(t, "https://refunds.example/login/back", p.asked.Get("redirect_uri"))

	for name, spoil := range map[string]func(map[string]any, url.Values, map[string]*http.Cookie){
		"another state": func(_ map[string]any, back url.Values, _ map[string]*http.Cookie) { back.Set("state", "x") },
		"no state kept": func(_ map[string]any, back url.Values, c map[string]*http.Cookie) {
			delete(c, stateCookie)
			back.Set("state", "")
		},
		"another nonce": func(c map[string]any, _ url.Values, _ map[string]*http.Cookie) { c["nonce"] = "x" },
		"no nonce": func(c map[string]any, _ url.Values, k map[string]*http.Cookie) {
			delete(c, "nonce")
			delete(k, nonceCookie)
		},
		"another audience": func(c map[string]any, _ url.Values, _ map[string]*http.Cookie) { c["aud"] = "other" },
		"another issuer":   func(c map[string]any, _ url.Values, _ map[string]*http.Cookie) { c["iss"] = "https://evil.example" },
		"an expired answer": func(c map[string]any, _ url.Values, _ map[string]*http.Cookie) {
			c["exp"] = time.Now().Add(-time.Hour).Unix()
		},
	} {
		assert.Equal(t, 401, come(spoil).StatusCode, name)
	}
	assert.Equal(t, 403, come(func(c map[string]any, _ url.Values, _ map[string]*http.Cookie) { c["groups"] = []any{"staff"} }).StatusCode, "no role")
	assert.Equal(t, 403, come(func(c map[string]any, _ url.Values, _ map[string]*http.Cookie) { delete(c, "groups") }).StatusCode)
	_, err = NewProvider(t.Context(), ProviderSettings{Issuer: p.URL, ClientID: "desk", PublicURL: "https://x"})
	assert.Error(t, err, "without groups nobody has a role")
}
