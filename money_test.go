package assist

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"encoding/xml"
	"strings"
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

func moneyOf(t testing.TB, minor int64, currency string) Money {
	t.Helper()
	m, err := NewMoney(minor, currency)
	require.NoError(t, err)
	return m
}

func TestMoneyText(t *testing.T) {
	t.Parallel()
	type row struct{ Amount, None Money }
	text, err := json.Marshal(row{Amount: rub(t, "0.10")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Amount":"0.10 RUB","None":""}`, string(text))
	var back row
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, row{Amount: rub(t, "0.10")}, back)
	for _, wrong := range []string{`"0.10"`, `"0.10 RUB "`, `"x RUB"`, `"0.101 RUB"`, `"1.00.00 RUB"`, `"1. BYR"`} {
		kept := rub(t, "7.00")
		require.ErrorIs(t, json.Unmarshal([]byte(wrong), &kept), ErrMoney, wrong)
		assert.Equal(t, rub(t, "7.00"), kept, "what can't be read changes nothing")
	}
	require.Error(t, json.Unmarshal([]byte(`0.1`), new(Money)), "a number has no currency")
	var none struct{ A, B Money }
	require.NoError(t, json.Unmarshal([]byte(`{"A":null}`), &none))
	assert.Zero(t, none)
	assert.Empty(t, Money{}.Amount())
	assert.Empty(t, Money{}.Currency())

	text, err = xml.Marshal(row{Amount: rub(t, "0.10")})
	require.NoError(t, err)
	back = row{}
	require.NoError(t, xml.Unmarshal(text, &back))
	assert.Equal(t, row{Amount: rub(t, "0.10")}, back)
}

// An amount that was stored before ISO 4217, or this package, knew the currency
// better is the same amount.
func TestStoredMoneyOfOtherDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Money{
		"1500.00 BYR": moneyOf(t, 1500, "BYR"), "7.00 UYI": moneyOf(t, 7, "UYI"), "7.0 JPY": moneyOf(t, 7, "JPY"),
		"1.23 CLF": moneyOf(t, 12300, "CLF"), "1.2300 UYW": moneyOf(t, 12300, "UYW"), "0.1000 RUB": moneyOf(t, 10, "RUB"),
	} {
		var m Money
		require.NoError(t, m.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, m, text)
	}
	require.ErrorIs(t, new(Money).UnmarshalText([]byte("1500.50 BYR")), ErrMoney, "digits that were there are not dropped")
}

func TestMoneyOfADatabase(t *testing.T) {
	t.Parallel()
	for _, m := range []Money{{}, rub(t, "0.10"), rub(t, "0"), moneyOf(t, maxMinor, "CLF"), moneyOf(t, 5, "BYR")} {
		stored, err := driver.DefaultParameterConverter.ConvertValue(m)
		require.NoError(t, err)
		assert.Equal(t, m == (Money{}), stored == nil, "no amount is NULL, and nothing else is")
		back := sql.Null[Money]{V: rub(t, "9.99")}
		require.NoError(t, back.Scan(stored))
		assert.Equal(t, m, back.V)
		if text, ok := stored.(string); ok {
			require.NoError(t, back.Scan([]byte(text)), "drivers give texts as bytes")
			assert.Equal(t, m, back.V)
		}
	}
	for _, wrong := range []any{int64(10), 0.1, true, "0.10", "RUB", []byte("0.10")} {
		kept := rub(t, "7.00")
		require.ErrorIs(t, kept.Scan(wrong), ErrMoney, "%v", wrong)
		assert.Equal(t, rub(t, "7.00"), kept)
	}
	require.NoError(t, new(Money).Scan(nil))
}

func TestMoneyEqual(t *testing.T) {
	t.Parallel()
	assert.True(t, rub(t, "0.10").Equal(moneyOf(t, 10, "RUB")))
	assert.False(t, rub(t, "0.10").Equal(moneyOf(t, 10, "USD")))
	assert.False(t, rub(t, "0.10").Equal(rub(t, "0.11")))
	assert.False(t, rub(t, "0").Equal(Money{}), "no amount is not a zero amount")
}

// ISO 4217, list of currencies; the others have two digits.
func TestMinorUnits(t *testing.T) {
	t.Parallel()
	for digits, currencies := range map[int]string{
		0: "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: "RUB BYN USD EUR KZT UZS AMD KGS TJS AZN GEL MDL UAH CNY TRY HUF TWD MGA MRU IDR UYU CLN",
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for _, currency := range strings.Fields(currencies) {
			m := moneyOf(t, 123456, currency)
			_, fraction, _ := strings.Cut(m.Amount(), ".")
			assert.Len(t, fraction, digits, currency)
			again, err := ParseMoney(m.Amount(), currency)
			require.NoError(t, err)
			assert.Equal(t, m, again)
			most, err := ParseMoney(moneyOf(t, maxMinor, currency).Amount(), currency)
			require.NoError(t, err, "15 digits, wherever the point is")
			assert.Equal(t, int64(maxMinor), most.Minor())
		}
	}
}
