// Package wording holds what the program says, in Russian and in English side by
// side.
package wording

import "strings"

// Language is the one that the program speaks.
type Language int

// The languages.
const (
	English Language = iota
	Russian
)

// Words is one text in both languages.
type Words struct{ RU, EN string }

// In gives the text in a language.
func (w Words) In(l Language) string {
	if l == Russian {
		return w.RU
	}
	return w.EN
}

// Parse reads "ru" or "en".
func Parse(text string) (Language, bool) {
	switch text {
	case "ru":
		return Russian, true
	case "en":
		return English, true
	}
	return English, false
}

// OfLocale goes by LC_ALL, LC_MESSAGES and LANG, in this order, as other programs
// do.
func OfLocale(getenv func(string) string) Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(strings.ToLower(value), "ru") {
				return Russian
			}
			return English
		}
	}
	return English
}
