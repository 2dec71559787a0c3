package assist

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Billnumber is Assist's number of a payment, 15 or 16 digits
// ("5700027202722028"), or of one operation on it, with the operation's number
// behind a point ("5700027202722028.3", the extended billnumber of protocol
// §3). The zero value is no billnumber.
type Billnumber string

// ErrBillnumber is the root of the errors of [ParseBillnumber].
var ErrBillnumber = errors.New("assist: not a billnumber")

// ParseBillnumber checks a billnumber, plain or extended. Spaces around it are
// refused.
func ParseBillnumber(text string) (Billnumber, error) {
	payment, operation, extended := strings.Cut(text, ".")
	if n := len(payment); n < 15 || n > 16 || !allDigits(payment) {
		return "", fmt.Errorf("%w: want 15 or 16 digits", ErrBillnumber)
	}
	if extended && (operation == "" || len(operation) > 6 || operation[0] == '0' || !allDigits(operation)) {
		return "", fmt.Errorf("%w: want the operation's number after the point", ErrBillnumber)
	}
	return Billnumber(text), nil
}

// Payment gives the plain billnumber of the payment.
func (b Billnumber) Payment() Billnumber {
	payment, _, _ := strings.Cut(string(b), ".")
	return Billnumber(payment)
}

// Operation gives the number of the operation, counted from 1 within its
// payment, or 0 where the billnumber is not extended.
func (b Billnumber) Operation() int {
	_, operation, extended := strings.Cut(string(b), ".")
	if !extended || !allDigits(operation) {
		return 0
	}
	n, err := strconv.Atoi(operation)
	if err != nil {
		return 0
	}
	return n
}

// MarshalText gives the billnumber as it is.
func (b Billnumber) MarshalText() ([]byte, error) { return []byte(b), nil }

// UnmarshalText reads a billnumber as [ParseBillnumber] does. An empty text is
// none. Errors are [ErrBillnumber].
func (b *Billnumber) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*b = ""
		return nil
	}
	parsed, err := ParseBillnumber(string(text))
	if err != nil {
		return err
	}
	*b = parsed
	return nil
}

// Value gives the billnumber to a database, for a text column. None is NULL.
func (b Billnumber) Value() (driver.Value, error) {
	if b == "" {
		return nil, nil
	}
	return string(b), nil
}

// Scan reads a billnumber as [ParseBillnumber] does. NULL is none. A number is
// refused with [ErrBillnumber]: "….10" and "….1" would be the same operation.
func (b *Billnumber) Scan(stored any) error {
	text, err := storedText(stored)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBillnumber, err)
	}
	return b.UnmarshalText(text)
}

// sorted puts billnumbers of one payment in the order of their operations.
func sorted(billnumbers map[Billnumber]bool) []Billnumber {
	all := make([]Billnumber, 0, len(billnumbers))
	for b := range billnumbers {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b Billnumber) int { return a.Operation() - b.Operation() })
	return all
}
