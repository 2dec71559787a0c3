package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/assist-go/assist/desk"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Provider is an OpenID Connect provider: code flow with PKCE, state and nonce.
type Provider struct {
	issuer   string
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
	claim    string               // the claim with the person's groups
	groups   map[string]desk.Role // what each group may
}

// ProviderSettings are a provider's. Groups map its groups to roles.
type ProviderSettings struct {
	Issuer, ClientID, ClientSecret string
	PublicURL                      string // where the desk is reached
	Claim                          string // "groups" when empty
	Groups                         map[string]desk.Role
}

// NewProvider asks the provider for its addresses and keys.
func NewProvider(ctx context.Context, s ProviderSettings) (*Provider, error) {
	public, err := url.Parse(s.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("login: the desk's public address is needed")
	}
	if len(s.Groups) == 0 {
		return nil, errors.New("login: no group has a role")
	}
	p, err := oidc.NewProvider(ctx, s.Issuer)
	if err != nil {
		return nil, err
	}
	claim := s.Claim
	if claim == "" {
		claim = "groups"
	}
	return &Provider{issuer: s.Issuer, claim: claim, groups: s.Groups, verifier: p.Verifier(&oidc.Config{ClientID: s.ClientID}),
		config: oauth2.Config{ClientID: s.ClientID, ClientSecret: s.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: strings.TrimSuffix(s.PublicURL, "/") + "/login/back",
			Scopes: []string{oidc.ScopeOpenID, "profile", "groups"}}}, nil
}

// Host names the provider on the login page.
func (p *Provider) Host() string {
	if u, err := url.Parse(p.issuer); err == nil && u.Host != "" {
		return u.Host
	}
	return p.issuer
}

// What a login that is under way keeps in the browser, for ten minutes.
const (
	stateCookie    = "__Host-assist-state"
	nonceCookie    = "__Host-assist-nonce"
	verifierCookie = "__Host-assist-pkce"
)

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func keep(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: age})
}

func (p *Provider) begin(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := random(), random(), oauth2.GenerateVerifier()
	keep(w, stateCookie, state, 600)
	keep(w, nonceCookie, nonce, 600)
	keep(w, verifierCookie, verifier, 600)
	http.Redirect(w, r, p.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
}

var errProvider = errors.New("login: the provider's answer doesn't fit")

// finish checks what the provider sent back with the browser.
func (p *Provider) finish(ctx context.Context, r *http.Request) (*claimed, error) {
	value := func(name string) string {
		c, err := r.Cookie(name)
		if err != nil {
			return ""
		}
		return c.Value
	}
	state := value(stateCookie)
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(r.URL.Query().Get("state"))) != 1 {
		return nil, errProvider
	}
	ctx, end := context.WithTimeout(ctx, 15*time.Second)
	defer end()
	token, err := p.config.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(value(verifierCookie)))
	if err != nil {
		return nil, errors.Join(errProvider, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errProvider
	}
	id, err := p.verifier.Verify(ctx, raw) // signature, issuer, audience, expiry
	if err != nil {
		return nil, errors.Join(errProvider, err)
	}
	nonce := value(nonceCookie)
	if nonce == "" || subtle.ConstantTimeCompare([]byte(nonce), []byte(id.Nonce)) != 1 {
		return nil, errProvider
	}
	return p.person(id)
}

func (p *Provider) person(id *oidc.IDToken) (*claimed, error) {
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return nil, err
	}
	c := &claimed{id: id.Issuer + "|" + id.Subject}
	for _, name := range []string{"name", "preferred_username"} {
		if text, ok := claims[name].(string); ok && text != "" && c.full == "" {
			c.full = text
		}
	}
	if c.full == "" {
		c.full = id.Subject
	}
	groups, _ := claims[p.claim].([]any)
	for _, g := range groups {
		if text, ok := g.(string); ok {
			c.role = max(c.role, p.groups[text])
		}
	}
	return c, nil
}

// back is where the provider sends the browser.
func (g *Gate) back(w http.ResponseWriter, r *http.Request) {
	who, err := g.Provider.finish(r.Context(), r)
	for _, name := range []string{stateCookie, nonceCookie, verifierCookie} {
		keep(w, name, "", -1)
	}
	switch {
	case err != nil:
		g.Log.Warn("login: the provider's answer was refused", "err", err)
		g.show(w, http.StatusUnauthorized, "Вход не удался, попробуйте ещё раз · signing in failed, try again")
	case who.role == desk.Nobody:
		g.show(w, http.StatusForbidden, "У вас нет роли для возвратов · you have no role here")
	default:
		g.sessions.start(w, session{name: who.id, made: g.Now(), seen: g.Now(), user: who})
		g.Log.Info("login: signed in", "user", who.id)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}
