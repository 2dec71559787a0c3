package assisttest

import "strings"

// amount is the server's own exact money: a count of minor units. It is not
// assist.Money, so that an error in one is seen by the other.
type amount struct {
	minor    int64
	currency string
}

const maxDigits = 15

func decimalsOf(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

func isCurrency(text string) bool {
	if len(text) != 3 {
		return false
	}
	for _, letter := range text {
		if letter < 'A' || letter > 'Z' {
			return false
		}
	}
	return true
}

// parseAmount reads digits with an optional point. One digit after the point is
// taken; more digits than the currency has are not, zeros included.
func parseAmount(text, currency string) (amount, bool) {
	decimals := decimalsOf(currency)
	minor, digits, after := int64(0), 0, -1
	for _, char := range text {
		switch {
		case char == '.' && after < 0 && digits > 0:
			after = 0
		case char >= '0' && char <= '9':
			minor = minor*10 + int64(char-'0')
			digits++
			if after >= 0 {
				after++
			}
		default:
			return amount{}, false
		}
		if digits > maxDigits || after > decimals {
			return amount{}, false
		}
	}
	if digits == 0 || after == 0 {
		return amount{}, false
	}
	for ; max(after, 0) < decimals; decimals-- {
		minor *= 10
		digits++
	}
	return amount{minor, currency}, digits <= maxDigits
}

// text writes the amount with all decimals of its currency.
func (a amount) text() string {
	decimals := decimalsOf(a.currency)
	var reversed []byte
	rest := a.minor
	for place := 0; place <= decimals || rest > 0; place++ {
		if place == decimals && decimals > 0 {
			reversed = append(reversed, '.')
		}
		reversed = append(reversed, byte('0'+rest%10))
		rest /= 10
	}
	var out strings.Builder
	for i := len(reversed) - 1; i >= 0; i-- {
		out.WriteByte(reversed[i])
	}
	return out.String()
}
