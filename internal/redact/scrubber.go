// Package redact takes secrets out of texts that others wrote.
package redact

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Redacted is what is shown instead of a secret.
const Redacted = "[redacted]"

// Scrubber finds the secrets that a server repeats in its refusal, or that an
// error of net/http quotes from a broken header, however they are spelled: as
// they are, escaped for JSON, XML, a form or a Go string, in whole or in part,
// also twice over.
//
// It is safe for concurrent use. The zero value knows no secret.
type Scrubber struct {
	mu sync.RWMutex
	// A printer that follows pointers by reflection stops at a function.
	secrets func() []string // the newest is the last
	needles func() []needle
}

// needle is one text that is looked for.
type needle struct {
	text  string
	whole bool // only where it stands alone
}

// keptSecrets is how many secrets are looked for: more than are in use at the
// same time, with those that may still show in a late answer.
const keptSecrets = 64

// shortSecret is the length, in characters, below which a secret is taken out
// only where it stands as a whole word. A password of one letter would otherwise
// leave nothing of any text, and there is nothing to hide in a letter that is
// part of another word.
const shortSecret = 4

// Learn adds secrets to those that are looked for. An empty one is none. One that
// is learnt again is the newest.
func (s *Scrubber) Learn(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var before []string
	if s.secrets != nil {
		before = s.secrets()
	}
	known := slices.Clone(before)
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		known = append(slices.DeleteFunc(known, func(old string) bool { return old == secret }), secret)
	}
	if slices.Equal(known, before) {
		return
	}
	known = known[max(len(known)-keptSecrets, 0):]
	var needles []needle
	for _, secret := range known {
		needles = appendNeedles(needles, secret)
	}
	s.secrets = func() []string { return known }
	s.needles = func() []needle { return needles }
}

// appendNeedles adds a secret, in the forms that decoding may leave it in.
func appendNeedles(needles []needle, secret string) []needle {
	all := plainly(secret)
	forms := []string{secret, strings.ReplaceAll(secret, "+", " "), all[len(all)-1].text}
	// Percent signs may stand for the bytes of the old Russian encoding.
	if old, err := charmap.Windows1251.NewEncoder().String(secret); err == nil {
		forms = append(forms, strings.ReplaceAll(old, "+", " "))
	}
	for _, form := range forms {
		n := needle{text: form, whole: utf8.RuneCountInString(form) < shortSecret}
		if strings.TrimSpace(form) != "" && !slices.Contains(needles, n) {
			needles = append(needles, n)
		}
	}
	return needles
}

// Clean replaces every secret in a text by [Redacted].
func (s *Scrubber) Clean(text string) string {
	found := s.find(text)
	if len(found) == 0 {
		return text
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	shown := 0
	for _, f := range found {
		if f.from >= shown {
			b.WriteString(text[shown:f.from])
			b.WriteString(Redacted)
		}
		shown = max(shown, f.to)
	}
	b.WriteString(text[shown:])
	return b.String()
}

// Finds tells whether a text shows a secret.
func (s *Scrubber) Finds(text string) bool { return len(s.find(text)) > 0 }

// span is a part of a text, in bytes.
type span struct{ from, to int }

// find gives the parts of a text that show a secret.
func (s *Scrubber) find(text string) (found []span) {
	s.mu.RLock()
	needles := s.needles
	s.mu.RUnlock()
	if needles == nil {
		return nil
	}
	for _, reading := range plainly(text) {
		for _, n := range needles() {
			found = reading.appendFound(found, n)
		}
	}
	return found
}

func (r reading) appendFound(found []span, n needle) []span {
	for start := 0; ; {
		i := strings.Index(r.text[start:], n.text)
		if i < 0 {
			return found
		}
		from := start + i
		to := from + len(n.text)
		start = from + 1
		if !n.whole || standsAlone(r.text, from, to) {
			found = append(found, r.sourceOf(from, to))
			start = to
		}
	}
}

// standsAlone tells whether no letter or digit touches a part of a text.
func standsAlone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	touches := func(r rune) bool {
		return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
	}
	return !touches(before) && !touches(after)
}
