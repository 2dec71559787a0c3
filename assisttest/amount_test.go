package assisttest

import (
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/stretchr/testify/assert"
)

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text, currency string
		minor          int64
		ok             bool
	}{
		"two digits":           {"0.10", "RUB", 10, true},
		"one digit":            {"0.1", "RUB", 10, true},
		"no point":             {"12", "RUB", 1200, true},
		"largest":              {"9999999999999.99", "RUB", 999_999_999_999_999, true},
		"yen":                  {"12", "JPY", 12, true},
		"dinar":                {"0.125", "KWD", 125, true},
		"sixteen digits":       {"99999999999999.99", "RUB", 0, false},
		"digits in disguise":   {"99999999999999", "RUB", 0, false},
		"empty":                {"", "RUB", 0, false},
		"point alone":          {".", "RUB", 0, false},
		"point first":          {".50", "RUB", 0, false},
		"point last":           {"1.", "RUB", 0, false},
		"two points":           {"1.0.0", "RUB", 0, false},
		"comma":                {"1,00", "RUB", 0, false},
		"exponent":             {"1e2", "RUB", 0, false},
		"sign":                 {"-1.00", "RUB", 0, false},
		"space":                {" 1.00", "RUB", 0, false},
		"three digits":         {"1.000", "RUB", 0, false},
		"a point in yen":       {"1.0", "JPY", 0, false},
		"digits of other kind": {"١.00", "RUB", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, ok := parseAmount(test.text, test.currency)
			assert.Equal(t, test.ok, ok)
			if ok {
				assert.Equal(t, amount{test.minor, test.currency}, a)
			}
		})
	}
}

// Two hands at the same money.
func TestAmountAgreesWithMoney(t *testing.T) {
	t.Parallel()
	for _, currency := range []string{"RUB", "JPY", "KWD", "USD", "VND", "TND"} {
		for _, minor := range []int64{0, 1, 9, 10, 99, 100, 101, 999, 1000, 1001, 123456789, 999_999_999_999_999} {
			m, err := assist.NewMoney(minor, currency)
			assert.NoError(t, err)
			assert.Equal(t, amount{minor, currency}, amountOf(m))
			assert.Equal(t, m.Amount(), amount{minor, currency}.text())
			assert.Equal(t, m, moneyOf(amount{minor, currency}))
		}
	}
}

func TestMoscowDay(t *testing.T) {
	t.Parallel()
	for _, midnight := range []time.Time{
		time.Date(1969, time.July, 20, 21, 0, 0, 0, time.UTC),
		time.Date(2011, time.March, 26, 21, 0, 0, 0, time.UTC),
		time.Date(2011, time.March, 27, 20, 0, 0, 0, time.UTC),
		time.Date(2013, time.October, 23, 20, 0, 0, 0, time.UTC),
		time.Date(2014, time.October, 25, 20, 0, 0, 0, time.UTC),
		time.Date(2014, time.October, 26, 21, 0, 0, 0, time.UTC),
		time.Date(2026, time.January, 1, 21, 0, 0, 0, time.UTC),
	} {
		assert.Equal(t, moscowDayOf(midnight.Add(-time.Second))+1, moscowDayOf(midnight), midnight.String())
		assert.Equal(t, moscowDayOf(midnight), moscowDayOf(midnight.Add(23*time.Hour-time.Second)), midnight.String())
	}
}

func TestMoscowDayAgreesWithTheZone(t *testing.T) {
	t.Parallel()
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Skip("no time zone database here")
	}
	for hour := range 24 * 365 * 16 {
		instant := time.Date(2011, time.April, 1, 0, 30, 0, 0, time.UTC).Add(time.Duration(hour) * time.Hour)
		year, month, day := instant.In(moscow).Date()
		want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
		if int64(moscowDayOf(instant)) != want {
			t.Fatalf("%s: day %d, want %d", instant, moscowDayOf(instant), want)
		}
	}
}

func TestCommissionRoundsUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ rate, minor, want int64 }{
		"none":        {0, 100_00, 0},
		"whole":       {10_000, 100_00, 1_00},
		"a bit":       {1, 1, 1},
		"just whole":  {25_000, 400, 10},
		"up":          {25_000, 401, 11},
		"all of it":   {1_000_000, 999_999_999_999_999, 999_999_999_999_999},
		"a large one": {33_300, 999_999_999_999_999, 33_300_000_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New()
			s.commission[qiwi] = test.rate
			assert.Equal(t, test.want, s.commissionOn(qiwi, amount{test.minor, "RUB"}))
		})
	}
}

func TestCheckValueOfTheProtocol(t *testing.T) {
	t.Parallel()
	order := record{"ordernumber": "ok", "orderamount": "4.00", "ordercurrency": "RUB", "orderstate": "Canceled"}
	assert.Equal(t, "74DEB154081757F1E8097DDFAC35FC5C", checkValue("secret", "111111", order))
}

func TestMeanNames(t *testing.T) {
	t.Parallel()
	names := map[string]int{}
	for id := range 50 {
		if name := meanName(id); name != "" {
			names[name]++
		}
	}
	assert.Len(t, names, 13)
}
