package assist

import (
	"strconv"
	"strings"
)

// wireMoney reads an amount as a server writes it. Assist writes digits, a point
// and two digits, whatever the currency; what else is read here has one meaning
// only. An amount that could be two is no amount, for a wrong one would be taken for
// another cancel's:
//
//   - Zeros that the currency doesn't have, or that a JSON number has lost: "100",
//     "0.1", "0.1000".
//   - Commas between groups of three ahead of a point: "1,000.00". A comma without a
//     point behind it may be either sign: "1,00" and "1,000" are refused.
//   - An exponent of an amount below a million: "1E+2", "1.5e1". Above that some
//     languages write an exponent when they have rounded.
//
// Signs, leading zeros and spaces inside are refused. The currency is three
// letters of any case, or another name of it that [currencyNames] knows.
func wireMoney(amount, currency string) (Money, error) {
	currency = wireCurrency(currency)
	amount = plainAmount(amount)
	if whole, fraction, _ := strings.Cut(amount, "."); fraction != "" {
		exponent := exponentOf(currency)
		for len(fraction) > exponent && fraction[len(fraction)-1] == '0' {
			fraction = fraction[:len(fraction)-1]
		}
		amount = whole
		if fraction != "" {
			amount = whole + "." + fraction
		}
	}
	return ParseMoney(amount, currency)
}

// currencyNames are other names that mean one currency: codes that are still
// written for it, and the numbers of ISO 4217. BYR is not BYN: it was worth a
// ten-thousandth. What people call a currency ("руб.", "$") may be several.
var currencyNames = map[string]string{
	"RUR": "RUB", "643": "RUB", "810": "RUB", "840": "USD", "978": "EUR", "933": "BYN", "974": "BYR", "398": "KZT", "980": "UAH",
	"826": "GBP", "156": "CNY", "392": "JPY", "756": "CHF", "949": "TRY", "944": "AZN", "417": "KGS", "972": "TJS", "860": "UZS",
	"498": "MDL", "981": "GEL", "934": "TMT", "985": "PLN",
}

func wireCurrency(text string) string {
	if len(text) == len("RUB") {
		text = strings.ToUpper(text)
	}
	if name, ok := currencyNames[text]; ok {
		return name
	}
	return text
}

// plainAmount writes an amount without commas and exponent, or gives it back as it
// is for [ParseMoney] to refuse.
func plainAmount(text string) string {
	if n := strings.IndexAny(text, "eE"); n >= 0 {
		return withoutExponent(text, n)
	}
	whole, fraction, pointed := strings.Cut(text, ".")
	if !pointed || !strings.Contains(whole, ",") {
		return text
	}
	groups := strings.Split(whole, ",")
	if first := groups[0]; first == "" || len(first) > 3 || first[0] == '0' {
		return text
	}
	for _, group := range groups[1:] {
		if len(group) != 3 {
			return text
		}
	}
	return strings.Join(groups, "") + "." + fraction
}

// mostWithExponent is the length of the largest whole number that is read from an
// exponent: "%g" of C writes one from seven digits on, and rounds to six.
const mostWithExponent = 6

// withoutExponent moves the point of an amount whose "e" stands at n.
func withoutExponent(text string, n int) string {
	whole, fraction, pointed := strings.Cut(text[:n], ".")
	exponent, err := strconv.Atoi(text[n+1:])
	digits := whole + fraction
	if err != nil || whole == "" || pointed && fraction == "" || !allDigits(digits) || len(digits) > 15 || exponent < -15 || exponent > 15 {
		return text
	}
	point := len(whole) + exponent
	if point < 1 {
		digits, point = strings.Repeat("0", 1-point)+digits, 1
	}
	digits += strings.Repeat("0", max(point-len(digits), 0))
	whole = strings.TrimLeft(digits[:point], "0")
	switch {
	case len(whole) > mostWithExponent:
		return text
	case whole == "":
		whole = "0"
	}
	if point == len(digits) {
		return whole
	}
	return whole + "." + digits[point:]
}
