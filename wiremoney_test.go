package assist

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWireMoney(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ amount, currency, want string }{
		{"0.10", "RUB", "0.10 RUB"},
		{"100", "RUB", "100.00 RUB"},
		{"0.1", "RUB", "0.10 RUB"},
		{"0.1000", "RUB", "0.10 RUB"},
		{"10.000", "RUB", "10.00 RUB"},
		{"0", "RUB", "0.00 RUB"},
		{"100.00", "JPY", "100 JPY"},
		{"1.500", "KWD", "1.500 KWD"},
		{"1.5", "KWD", "1.500 KWD"},

		{"1,000.00", "RUB", "1000.00 RUB"},
		{"12,345,678.9", "RUB", "12345678.90 RUB"},
		{"1,000.00", "JPY", "1000 JPY"},

		{"1E+2", "RUB", "100.00 RUB"},
		{"1e2", "RUB", "100.00 RUB"},
		{"1.5E1", "RUB", "15.00 RUB"},
		{"12.34E+01", "RUB", "123.40 RUB"},
		{"1E-1", "RUB", "0.10 RUB"},
		{"0.1E+1", "RUB", "1.00 RUB"},
		{"100E-2", "RUB", "1.00 RUB"},
		{"0E+0", "RUB", "0.00 RUB"},
		{"9.99999E+5", "RUB", "999999.00 RUB"},

		{"1.00", "rub", "1.00 RUB"},
		{"1.00", "Usd", "1.00 USD"},
		{"1.00", "RUR", "1.00 RUB"},
		{"1.00", "rur", "1.00 RUB"},
		{"1.00", "643", "1.00 RUB"},
		{"1.00", "810", "1.00 RUB"},
		{"1.00", "933", "1.00 BYN"},
		{"1.00", "BYN", "1.00 BYN"},
		{"1.00", "XYZ", "1.00 XYZ"},
		{"100.00", "392", "100 JPY"},
	} {
		m, err := wireMoney(test.amount, test.currency)
		require.NoError(t, err, "%s %s", test.amount, test.currency)
		assert.Equal(t, test.want, m.String(), "%s %s", test.amount, test.currency)
	}
	byn, err := wireMoney("1.00", "BYN")
	require.NoError(t, err)
	for _, old := range []string{"BYR", "974"} {
		byr, err := wireMoney("1.00", old)
		require.NoError(t, err)
		require.NotEqual(t, byn, byr, "ten thousand times less")
		require.Equal(t, "BYR", byr.Currency())
	}
}

// What could be two amounts is none.
func TestWireMoneyRefusesDoubt(t *testing.T) {
	t.Parallel()
	for _, amount := range []string{
		"", " ", "-1.00", "+1.00", "1 000.00", "1'000.00", "1_000", "0x10", "NaN", "Infinity", "١٠٠", "1.00 RUB", "RUB 1.00", "$1.00", "1/2",
		"01.00", "00.10", "000000000010", ".50", "100.", "1.005", "0.123", "1..00", "1.0.0",
		"0,10", "1,5", "100,00", "1.000,00", "12.345.678,9", "1,000,000", "1.000.000", "1,000", "0,100", "12,345", "1,0000", "1,", ",50", "1,00.00", "1,0000.00", "1234,567.00", ",000.00", "0,000.00", "01,000.00", "1,,000.00",
		"1.000,", "1.000,000", "1.00,00", "1000.000,00", "1.000,00,00", "1,000.000,00", "1,00,000", "1.00.000", "0.000.000", "1,000,0000", "1,000.",
		"e2", "1e", "1e+", "1e2.5", "1E+2E+2", "1,5E2", "1.E2", ".5E2", "-1E2", "+1E2", "1e99", "1e-99", "1E+6", "1.0E7", "1.23457e+06", "1E-3", "1 E2", "0b1e2", "1.2345E+1",
		"9999999999999999", "99999999999999.99",
	} {
		m, err := wireMoney(amount, "RUB")
		require.ErrorIs(t, err, ErrMoney, "%q was read as %s", amount, m)
	}
	for _, currency := range []string{"", "RU", "RUBL", "R B", "руб", "руб.", "РУБ", "₽", "$", "€", "64", "0643", "999", "R0B", "uſd"} {
		m, err := wireMoney("1.00", currency)
		require.ErrorIs(t, err, ErrMoney, "%q was read as %s", currency, m)
	}
}
