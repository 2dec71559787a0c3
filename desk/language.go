package desk

import (
	"net/http"
	"strings"

	"github.com/assist-go/assist"
)

// words is one meaning in both languages.
type words [2]string

func (w words) in(l assist.Language) string {
	if l == assist.LanguageEN {
		return w[1]
	}
	return w[0]
}

const languageCookie = "assist-desk-language"

// languageOf is what the person has chosen, or else what the browser asks for.
func languageOf(r *http.Request) assist.Language {
	if c, err := r.Cookie(languageCookie); err == nil {
		if c.Value == "en" {
			return assist.LanguageEN
		}
		return assist.LanguageRU
	}
	for want := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		switch strings.ToLower(strings.TrimSpace(want + "  ")[:min(2, len(strings.TrimSpace(want)))]) {
		case "ru", "be", "kk", "uk":
			return assist.LanguageRU
		case "en":
			return assist.LanguageEN
		}
	}
	return assist.LanguageRU
}

// language keeps the choice, and goes back to where it was made.
func (d *desk) language(w http.ResponseWriter, r *http.Request, p *page) error {
	value := "ru"
	if r.PostForm.Get("to") == "en" {
		value = "en"
	}
	http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: value, Path: d.base, MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil})
	return d.to(w, r, local(r.PostForm.Get("back")))
}

// local keeps an address that came back from a form within the desk.
func local(path string) string {
	if strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\\:\r\n") || strings.Contains(path, "..") {
		return ""
	}
	return path
}
