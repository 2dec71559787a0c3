package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// policy lets a page load what the desk itself serves, and nothing else: no
// inline script or style, no frame, no form to elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secured sets what every answer has.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// asset is a file that is served under a name that changes with its content.
type asset struct {
	body    []byte
	kind    string
	Version string
}

func assetOf(name, kind string) (asset, error) {
	body, err := assets.ReadFile("assets/" + name)
	if err != nil {
		return asset{}, err
	}
	sum := sha256.Sum256(body)
	return asset{body, kind, hex.EncodeToString(sum[:6])}, nil
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	if strings.Contains(r.URL.RawQuery, a.Version) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(a.body)
}
