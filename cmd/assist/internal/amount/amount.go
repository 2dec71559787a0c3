// Package amount reads what people type for an amount of money, and refuses what
// can be read in two ways.
package amount

import (
	"fmt"
	"strings"

	"github.com/assist-go/assist"
)

// Parse takes the SDK's own form ("490", "490.00") and the forms that mean one
// amount whoever reads them: a decimal comma with all of the currency's digits
// ("490,00"), and spaces between thousands ("1 490,00", "1 490"). A comma or a
// point before three digits may part thousands or fractions, so it is refused
// with both readings.
func Parse(text, currency string) (assist.Money, error) {
	cleaned, err := ungroup(strings.TrimSpace(text))
	if err != nil {
		return assist.Money{}, err
	}
	digits := places(currency)
	at := strings.LastIndexAny(cleaned, ".,")
	if at < 0 {
		return assist.ParseMoney(cleaned, currency)
	}
	whole, fraction := cleaned[:at], cleaned[at+1:]
	switch {
	case strings.ContainsAny(whole, ".,"):
		return assist.Money{}, fmt.Errorf("%q has several points or commas; write it as 1234.50", text)
	case len(fraction) == 3 && (digits < 3 || cleaned[at] == ','):
		return assist.Money{}, fmt.Errorf("%q can be read as %s%s or as %s.%s; write it with a point and %d digits behind it, or none", text, whole, fraction, whole, fraction, digits)
	case cleaned[at] == ',' && len(fraction) != digits:
		return assist.Money{}, fmt.Errorf("%q: behind a comma write all %d digits, as in 490,00", text, digits)
	}
	return assist.ParseMoney(whole+"."+fraction, currency)
}

// ungroup takes out spaces where they part thousands, and nowhere else.
func ungroup(text string) (string, error) {
	for _, space := range []string{"\u00a0", "\u202f", "\u2009"} {
		text = strings.ReplaceAll(text, space, " ")
	}
	if !strings.Contains(text, " ") {
		return text, nil
	}
	whole, fraction := text, ""
	if at := strings.IndexAny(text, ".,"); at >= 0 {
		whole, fraction = text[:at], text[at:]
	}
	groups := strings.Split(whole, " ")
	for i, g := range groups {
		if i == 0 && (len(g) < 1 || len(g) > 3) || i > 0 && len(g) != 3 || strings.Trim(g, "0123456789") != "" {
			return "", fmt.Errorf("%q: spaces go between thousands only, as in 1 490.00", text)
		}
	}
	if strings.Contains(fraction, " ") {
		return "", fmt.Errorf("%q: a space behind the point", text)
	}
	return strings.Join(groups, "") + fraction, nil
}

// places is how many digits a currency has behind the point.
func places(currency string) int {
	one, err := assist.NewMoney(1, currency)
	if err != nil {
		return 2
	}
	if _, fraction, ok := strings.Cut(one.Amount(), "."); ok {
		return len(fraction)
	}
	return 0
}
