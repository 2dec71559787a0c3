package assist

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Money is an exact amount in one currency: a count of minor units (kopecks,
// cents) and an ISO 4217 code. No float ever touches it.
//
// The zero value is "no amount", which is not the same as "0.00 RUB". Two
// values are equal with == when amount and currency are equal. An amount is
// never negative and has at most 15 digits (protocol §3).
type Money struct {
	minor    int64
	currency string
}

// maxMinor keeps an amount within the 15 digits of protocol §3.
const maxMinor = 999_999_999_999_999

// defaultExponent is the number of digits after the point of a currency that
// isn't in the table.
const defaultExponent = 2

// exponents are the currencies of ISO 4217 whose minor unit is not a hundredth
// (list of 2026). A wrong one moves the point: an amount would be a hundred
// times what was meant. The codes that ISO gives no minor unit (gold, bonds,
// the testing code) are no currencies of a payment and keep the default.
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
	// The Belarusian rouble until July 2016, in orders of that time: it had no
	// kopecks. BYN, which took its place, has.
	"BYR": 0,
}

func exponentOf(currency string) int {
	if e, ok := exponents[currency]; ok {
		return e
	}
	return defaultExponent
}

// Errors of Money. They come wrapped, with the rule that was broken.
var (
	// ErrMoney is the root of every error of [ParseMoney], [NewMoney] and the
	// arithmetic of [Money].
	ErrMoney = errors.New("assist: not an amount of money")
	// ErrCurrencyMismatch says that two amounts of different currencies met.
	ErrCurrencyMismatch = fmt.Errorf("%w: different currencies", ErrMoney)
)

// ParseMoney reads an amount as it stands in a price: digits, and after a
// point at most as many digits as the currency has ("0.10", "RUB"). It refuses
// signs, commas, exponents, spaces and extra digits: an amount that has to be
// guessed at is no amount. The currency is three capital Latin letters.
func ParseMoney(amount, currency string) (Money, error) {
	if err := checkCurrency(currency); err != nil {
		return Money{}, err
	}
	whole, fraction, pointed := strings.Cut(amount, ".")
	exponent := exponentOf(currency)
	switch {
	case whole == "" || !allDigits(whole) || len(whole) > 1 && whole[0] == '0':
		return Money{}, fmt.Errorf("%w: the amount must be digits, without sign, comma or leading zero", ErrMoney)
	case pointed && (fraction == "" || !allDigits(fraction)):
		return Money{}, fmt.Errorf("%w: after the point there must be digits", ErrMoney)
	case len(fraction) > exponent:
		return Money{}, fmt.Errorf("%w: %s has %d digits after the point", ErrMoney, currency, exponent)
	case len(whole)+exponent > 15:
		return Money{}, fmt.Errorf("%w: more than 15 digits", ErrMoney)
	}
	minor, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return Money{}, fmt.Errorf("%w: more than 15 digits", ErrMoney)
	}
	for i := range exponent {
		minor *= 10
		if i < len(fraction) {
			minor += int64(fraction[i] - '0')
		}
	}
	return NewMoney(minor, currency)
}

// NewMoney makes an amount from a count of minor units: 10 and "RUB" are
// 0.10 RUB. A negative count, or one of more than 15 digits, is refused.
func NewMoney(minor int64, currency string) (Money, error) {
	if err := checkCurrency(currency); err != nil {
		return Money{}, err
	}
	if minor < 0 {
		return Money{}, fmt.Errorf("%w: negative", ErrMoney)
	}
	if minor > maxMinor {
		return Money{}, fmt.Errorf("%w: more than 15 digits", ErrMoney)
	}
	return Money{minor: minor, currency: keptCurrency(currency)}, nil
}

// keptCurrency gives the code in memory of its own: cut out of an answer, it
// would keep the whole answer alive for as long as the amount.
func keptCurrency(currency string) string {
	switch currency {
	case "RUB", "RUR":
		// RUR is what the rouble was called before 1998, and still is in places.
		return "RUB"
	case "BYN":
		return "BYN"
	case "USD":
		return "USD"
	case "EUR":
		return "EUR"
	}
	return strings.Clone(currency)
}

func checkCurrency(currency string) error {
	if len(currency) == 3 && isCapital(currency[0]) && isCapital(currency[1]) && isCapital(currency[2]) {
		return nil
	}
	return fmt.Errorf("%w: the currency must be three capital letters of ISO 4217", ErrMoney)
}

// Amount gives the number alone, with all digits of the currency: "0.10".
// The zero Money gives "".
func (m Money) Amount() string {
	if m.currency == "" {
		return ""
	}
	return string(m.appendAmount(make([]byte, 0, 20)))
}

func (m Money) appendAmount(dst []byte) []byte {
	exponent := exponentOf(m.currency)
	unit := int64(1)
	for range exponent {
		unit *= 10
	}
	dst = strconv.AppendInt(dst, m.minor/unit, 10)
	if exponent == 0 {
		return dst
	}
	dst = append(dst, '.')
	rest := m.minor % unit
	for unit /= 10; unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+rest/unit%10))
	}
	return dst
}

// Currency gives the ISO 4217 code, or "" for the zero Money.
func (m Money) Currency() string { return m.currency }

// Minor gives the count of minor units: 10 for 0.10 RUB.
func (m Money) Minor() int64 { return m.minor }

// String gives "0.10 RUB", or "" for the zero Money.
func (m Money) String() string {
	if m.currency == "" {
		return ""
	}
	return string(append(m.appendAmount(make([]byte, 0, 24)), " "+m.currency...))
}

// IsZero says that no money is meant: the zero Money, or a zero amount of a
// currency.
func (m Money) IsZero() bool { return m.minor == 0 }

// Equal says that amount and currency are equal, as == does. It is there for
// what compares by such a method (go-cmp).
func (m Money) Equal(other Money) bool { return m == other }

// Cmp compares two amounts of one currency: -1, 0 or 1. Different currencies
// have no order, which is [ErrCurrencyMismatch].
func (m Money) Cmp(other Money) (int, error) {
	if m.currency != other.currency {
		return 0, ErrCurrencyMismatch
	}
	switch {
	case m.minor < other.minor:
		return -1, nil
	case m.minor > other.minor:
		return 1, nil
	}
	return 0, nil
}

// Add adds an amount of the same currency. A sum of more than 15 digits is
// refused.
func (m Money) Add(other Money) (Money, error) {
	if m.currency != other.currency {
		return Money{}, ErrCurrencyMismatch
	}
	return m.checked(m.minor + other.minor)
}

// Sub takes away an amount of the same currency. A result below zero is
// refused.
func (m Money) Sub(other Money) (Money, error) {
	if m.currency != other.currency {
		return Money{}, ErrCurrencyMismatch
	}
	return m.checked(m.minor - other.minor)
}

// checked makes an amount of m's currency. The zero Money is its own currency,
// so that sums may start from it with itself.
func (m Money) checked(minor int64) (Money, error) {
	if m.currency == "" {
		return Money{}, nil
	}
	return NewMoney(minor, m.currency)
}

// MarshalText gives the form of [Money.String], "0.10 RUB", so that an amount in
// JSON or XML is one readable text. The zero Money is an empty text; in JSON the
// tag omitzero leaves it out.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what [Money.MarshalText] wrote. An empty text is the zero
// Money. Errors are [ErrMoney]. Of the digits after the point those that the
// currency doesn't have may be zeros: ISO 4217 has taken digits away from
// currencies before.
func (m *Money) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = Money{}
		return nil
	}
	amount, currency, ok := strings.Cut(string(text), " ")
	if !ok {
		return fmt.Errorf(`%w: want "0.10 RUB"`, ErrMoney)
	}
	parsed, err := ParseMoney(withoutExtraZeros(amount, currency), currency)
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}

// withoutExtraZeros cuts zeros behind the last digit that the currency has.
func withoutExtraZeros(amount, currency string) string {
	whole, fraction, _ := strings.Cut(amount, ".")
	exponent := exponentOf(currency)
	if len(fraction) <= exponent || strings.Trim(fraction[exponent:], "0") != "" {
		return amount
	}
	if exponent == 0 {
		return whole
	}
	return whole + "." + fraction[:exponent]
}

// Value gives the form of [Money.String] to a database, for a text column. The
// zero Money is NULL.
func (m Money) Value() (driver.Value, error) {
	if m == (Money{}) {
		return nil, nil
	}
	return m.String(), nil
}

// Scan reads what [Money.Value] wrote. NULL is the zero Money. A number is
// refused with [ErrMoney]: it has no currency, and a float is no amount. Where
// amounts stand in a numeric column, read the column as text beside its currency
// and use [ParseMoney].
func (m *Money) Scan(stored any) error {
	text, err := storedText(stored)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMoney, err)
	}
	return m.UnmarshalText(text)
}
