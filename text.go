package assist

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// hasControl tells texts that no format can carry whole.
func hasControl(text string) bool {
	if !utf8.ValidString(text) {
		return true
	}
	for _, r := range text {
		if r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff {
			return true
		}
	}
	return false
}

func isDecimal(text string) bool {
	whole, fraction, pointed := strings.Cut(text, ".")
	return whole != "" && len(whole) <= 10 && allDigits(whole) && (len(whole) == 1 || whole[0] != '0') &&
		(!pointed || fraction != "" && len(fraction) <= 6 && allDigits(fraction))
}

func isCapital(c byte) bool { return 'A' <= c && c <= 'Z' }

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// storedText is the text of a column, or none where it is NULL. The error never
// tells what stood there.
func storedText(stored any) ([]byte, error) {
	switch text := stored.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(text), nil
	case []byte:
		return text, nil
	}
	return nil, fmt.Errorf("a column of text is wanted, not %T", stored)
}

// kept copies a text: cut out of an answer, it would keep all of it in memory.
func kept[T ~string](text T) T { return T(strings.Clone(string(text))) }

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}
