package assist

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

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
