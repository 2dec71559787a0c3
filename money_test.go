package assist

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rub makes an amount in tests.
func rub(t testing.TB, amount string) Money {
	t.Helper()
	m, err := ParseMoney(amount, "RUB")
	require.NoError(t, err)
	return m
}

func TestParseMoney(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, amount, currency string
		minor                  int64
		text                   string // of Amount
	}{
		{"two digits", "0.10", "RUB", 10, "0.10"},
		{"one digit", "0.1", "RUB", 10, "0.10"},
		{"no point", "100", "RUB", 10000, "100.00"},
		{"zero", "0.00", "RUB", 0, "0.00"},
		{"a kopeck", "0.01", "RUB", 1, "0.01"},
		{"yen have no cents", "100", "JPY", 100, "100"},
		{"dinars have thousandths", "1.005", "KWD", 1005, "1.005"},
		{"dinars below one", "0.050", "KWD", 50, "0.050"},
		{"an unlisted currency has hundredths", "1.5", "XTS", 150, "1.50"},
		{"fifteen digits", "9999999999999.99", "RUB", maxMinor, "9999999999999.99"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseMoney(test.amount, test.currency)
			require.NoError(t, err)
			assert.Equal(t, test.minor, m.Minor())
			assert.Equal(t, test.text, m.Amount())
			assert.Equal(t, test.text+" "+test.currency, m.String())
			same, err := NewMoney(test.minor, test.currency)
			require.NoError(t, err)
			assert.True(t, m == same, "equal amounts must be ==")
		})
	}
}

func TestParseMoneyRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string][2]string{
		"nothing":               {"", "RUB"},
		"plus":                  {"+1", "RUB"},
		"minus":                 {"-1", "RUB"},
		"minus below one":       {"-0.05", "RUB"},
		"comma":                 {"0,10", "RUB"},
		"exponent":              {"1e3", "RUB"},
		"no digit before":       {".5", "RUB"},
		"no digit after":        {"5.", "RUB"},
		"two points":            {"1.2.3", "RUB"},
		"space":                 {" 1", "RUB"},
		"thousands":             {"1 000", "RUB"},
		"leading zero":          {"007", "RUB"},
		"third digit":           {"0.100", "RUB"},
		"digit after yen":       {"1.0", "JPY"},
		"sixteen digits":        {"10000000000000.00", "RUB"},
		"no 64 bits":            {"99999999999999999999", "RUB"},
		"other digits":          {"١٠", "RUB"},
		"no currency":           {"1", ""},
		"small currency":        {"1", "rub"},
		"long currency":         {"1", "RUBL"},
		"currency in Cyrillic":  {"1", "РУБ"},
		"currency number":       {"1", "643"},
		"hexadecimal":           {"0x10", "RUB"},
		"underscore":            {"1_0", "RUB"},
		"currency with a space": {"1", "RU "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseMoney(in[0], in[1])
			require.ErrorIs(t, err, ErrMoney)
			assert.Equal(t, Money{}, m)
		})
	}
}

func TestNewMoneyRefuses(t *testing.T) {
	t.Parallel()
	_, err := NewMoney(-1, "RUB")
	assert.ErrorIs(t, err, ErrMoney)
	_, err = NewMoney(maxMinor+1, "RUB")
	assert.ErrorIs(t, err, ErrMoney)
	_, err = NewMoney(1, "rub")
	assert.ErrorIs(t, err, ErrMoney)
}

func TestMoneyArithmetic(t *testing.T) {
	t.Parallel()
	ten, one := rub(t, "0.10"), rub(t, "1.00")
	sum, err := ten.Add(one)
	require.NoError(t, err)
	assert.Equal(t, rub(t, "1.10"), sum)
	left, err := one.Sub(ten)
	require.NoError(t, err)
	assert.Equal(t, rub(t, "0.90"), left)
	_, err = ten.Sub(one)
	require.ErrorIs(t, err, ErrMoney, "an amount is never negative")
	most, err := NewMoney(maxMinor, "RUB")
	require.NoError(t, err)
	_, err = most.Add(ten)
	require.ErrorIs(t, err, ErrMoney)

	dollar, err := NewMoney(100, "USD")
	require.NoError(t, err)
	_, err = one.Add(dollar)
	require.ErrorIs(t, err, ErrCurrencyMismatch)
	_, err = one.Sub(dollar)
	require.ErrorIs(t, err, ErrCurrencyMismatch)
	_, err = one.Cmp(dollar)
	require.ErrorIs(t, err, ErrCurrencyMismatch)
	for _, test := range []struct {
		a, b Money
		want int
	}{{ten, one, -1}, {one, ten, 1}, {one, one, 0}} {
		got, err := test.a.Cmp(test.b)
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
	assert.True(t, Money{}.IsZero())
	assert.True(t, rub(t, "0").IsZero())
	assert.NotEqual(t, Money{}, rub(t, "0"), "no amount is not a zero amount")
	zero, err := Money{}.Add(Money{})
	require.NoError(t, err)
	assert.Equal(t, Money{}, zero)
}

func FuzzParseMoney(f *testing.F) {
	for _, seed := range []string{"0.10", "1e3", "-0.05", "9999999999999.99", ".", "00"} {
		f.Add(seed, "RUB")
	}
	f.Add("100", "JPY")
	f.Fuzz(func(t *testing.T, amount, currency string) {
		m, err := ParseMoney(amount, currency)
		if err != nil {
			return
		}
		again, err := ParseMoney(m.Amount(), m.Currency())
		if err != nil || again != m {
			t.Fatalf("%q %q became %v, then %v, %v", amount, currency, m, again, err)
		}
	})
}
