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
