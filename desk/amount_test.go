package desk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAmountsAreReadOneWayOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"490": "490.00", "490,00": "490.00", "1 490,00": "1490.00", "1490.00": "1490.00", " 7 ": "7.00", "1\u00a0490,50": "1490.50",
		"12 345 678.90": "12345678.90", "0,10": "0.10", "999 999": "999999.00", "1\u202f490": "1490.00",
	} {
		m, err := parseAmount(text, "RUB")
		if assert.NoError(t, err, text) {
			assert.Equal(t, want, m.Amount(), text)
		}
	}
	for _, text := range []string{
		"1.490", "1,490", "1e3", "-5", "79,000", "", "0", "0,00", "1490,0", "1490,", ",50", "1,490.00", "1.490,00", "14 90", "1  490", "1 490 00", "01", "+5", "0x10", "5 руб", "٥", "１",
		"1490.000", "4９0", "1'490", "1_490", strings.Repeat("9", 20), "−5", "NaN", "1 4900", "1234 567",
	} {
		_, err := parseAmount(text, "RUB")
		var words *amountError
		if assert.ErrorAs(t, err, &words, text) {
			assert.NotEmpty(t, words.say[0])
			assert.NotEmpty(t, words.say[1])
		}
	}
	m, err := parseAmount("500", "JPY")
	require.NoError(t, err)
	assert.Equal(t, "500", m.Amount())
	_, err = parseAmount("500.00", "JPY")
	assert.Error(t, err)
}

// FuzzAmount: what is taken is shown again as the same amount, so the confirm page
// never shows another sum than is sent.
func FuzzAmount(f *testing.F) {
	for _, seed := range []string{"490", "1 490,00", "1.490", "1e3", "0,10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseAmount(text, "RUB")
		if err != nil {
			return
		}
		shown := strings.TrimSuffix(sum(m, 0), "\u00a0₽")
		again, err := parseAmount(shown, "RUB")
		require.NoError(t, err, shown)
		require.Equal(t, m, again)
		keep := func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}
		digits := strings.Map(keep, text)
		if !strings.ContainsAny(text, ".,") {
			digits += "00"
		}
		require.Equal(t, strings.TrimLeft(digits, "0"), strings.TrimLeft(strings.Map(keep, m.Amount()), "0"))
	})
}
