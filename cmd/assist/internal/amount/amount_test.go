package amount_test

import (
	"testing"

	"github.com/assist-go/assist/cmd/assist/internal/amount"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseTakesWhatMeansOneAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"490": "490.00 RUB", "490.00": "490.00 RUB", "490,00": "490.00 RUB", "1 490,00": "1490.00 RUB", "1490.00": "1490.00 RUB",
		" 1 490 ": "1490.00 RUB", "1\u00a0490.50": "1490.50 RUB", "12 345 678,90": "12345678.90 RUB", "0.1": "0.10 RUB", "0,10": "0.10 RUB",
	} {
		got, err := amount.Parse(text, "RUB")
		require.NoError(t, err, text)
		assert.Equal(t, want, got.String(), text)
	}
}

func TestParseRefusesWhatReadsTwoWays(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1.490", "1,490", "79,000", "79.000", "1e3", "-5", "+5", "", " ", "1,4", "1,234.50", "1.234,50", "1 49,00", "14 90", "1  490", "490.0 0", ".5", "5.", "5,",
		"0x10", "１２", "490р", "1'490", "1_000", "NaN", "490.005", "1 490,5",
	} {
		got, err := amount.Parse(text, "RUB")
		assert.Error(t, err, "%q became %v", text, got)
	}
	_, err := amount.Parse("1.490", "RUB")
	assert.ErrorContains(t, err, "can be read as 1490 or as 1.490")
}

func TestParseHoldsToTheCurrency(t *testing.T) {
	t.Parallel()
	got, err := amount.Parse("1.234", "BHD")
	require.NoError(t, err)
	assert.Equal(t, "1.234 BHD", got.String())
	_, err = amount.Parse("100.50", "JPY")
	assert.Error(t, err)
}

func FuzzParse(f *testing.F) {
	f.Add("1 490,00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := amount.Parse(text, "RUB")
		if err != nil {
			return
		}
		again, err := amount.Parse(got.Amount(), "RUB")
		require.NoError(t, err)
		assert.Equal(t, got, again)
	})
}
