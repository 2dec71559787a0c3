package assist

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/assist-go/assist/internal/moscow"
)

// "Over it: refused with 5 - 108 … it can succeed later that day, once enough new
// payments have come in." (protocol §6)
func TestNotBefore(t *testing.T) {
	t.Parallel()
	at := utc(t, "2013-10-23 13:58:37")
	turnover := &APIError{First: 5, Second: 108, Message: "Сумма отмены больше оборота мерчанта за текущий день", At: at}
	midnight, late := utc(t, "2013-10-23 20:00:00"), utc(t, "2013-10-23 19:00:00")
	tests := []struct {
		name  string
		err   error
		want  time.Time
		known bool
	}{
		{"the server's refusal by its words", turnover, late, true},
		{"the server's refusal of a wallet", &APIError{First: 5, Second: 108, Wallet: QIWI, At: at}, late, true},
		{"wrapped", fmt.Errorf("refund: %w", turnover), late, true},
		{"a rule", &WalletRuleError{Rule: ErrQIWISameDay, NotBefore: midnight}, midnight, true},
		{"a rule, wrapped", &NotSentError{Err: &WalletRuleError{Rule: ErrDayBalance, NotBefore: late}}, late, true},
		{"no rate is a setting", &WalletRuleError{Rule: ErrNoRate}, time.Time{}, false},
		{"a doubt is a person's", &WalletRuleError{Rule: ErrCancelInDoubt, DoubtfulAt: at}, time.Time{}, false},
		{"the server's refusal of a wallet, by the codes once more", &APIError{First: 5, Second: 108, Wallet: QIWI, At: at, Message: "5 - 108"}, late, true},
		{"another message, of a wallet", &APIError{First: 5, Second: 108, Wallet: QIWI, At: at, Message: "Неверное значение параметра AMOUNT"}, time.Time{}, false},
		{"in the final hour", &APIError{First: 5, Second: 108, Wallet: QIWI, At: late.Add(20 * time.Minute)}, late.Add(30 * time.Minute), true},
		{"after the day's last moment", &APIError{First: 5, Second: 108, Wallet: QIWI, At: late.Add(58 * time.Minute)}, late.Add(24 * time.Hour), true},
		{"5/108 of a card is a wrong amount", &APIError{First: 5, Second: 108, At: at}, time.Time{}, false},
		{"another refusal", &APIError{First: 15, Second: 308, Wallet: QIWI, At: at}, time.Time{}, false},
		{"no time of the answer", &APIError{First: 5, Second: 108, Wallet: QIWI}, time.Time{}, false},
		{"time doesn't heal it", &WalletRuleError{Rule: ErrExceedsPayment}, time.Time{}, false},
		{"it may have been performed", &UnknownOutcomeError{Err: turnover}, time.Time{}, false},
		{"a question", &FollowError{Err: turnover}, time.Time{}, false},
		{"anything", errors.New("anything"), time.Time{}, false},
		{"no error", nil, time.Time{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, known := NotBefore(test.err)
			assert.Equal(t, test.known, known)
			assert.Equal(t, test.want, got)
		})
	}
}

// Money heals a day balance: at midnight there is none. Whatever the instant of
// the refusal, on days of 23, 24 and 25 hours.
func TestNotBeforeOfADayBalanceIsNeverAMidnight(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"2011-03-26 20:00:00", "2013-10-23 13:58:37", "2014-10-25 19:00:00", "2026-07-01 00:00:01"} {
		for n := range 300 {
			at := utc(t, start).Add(time.Duration(n) * 7 * time.Minute)
			balance := rub(t, "0.99")
			for _, err := range []error{
				&APIError{First: 5, Second: 108, Message: "The amount of cancellation is more than merchant turnover for the current day", At: at},
				CheckWallet(facts(t, QIWI, func(f *WalletFacts) { f.PaidAt, f.Now, f.Balance = at.Add(-72*time.Hour), at, &balance })),
			} {
				before, heals := NotBefore(err)
				assert.True(t, heals)
				assert.True(t, before.After(at), "never in the past")
				assert.LessOrEqual(t, moscow.DayOf(before).End().Sub(before), time.Hour, "%s: %s", at, before)
				if left := moscow.DayOf(at).End().Sub(at); left > 5*time.Minute {
					assert.Equal(t, moscow.DayOf(at), moscow.DayOf(before), "%s: %s", at, before)
				}
			}
		}
	}
}

func TestNextBalanceTry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ first, last, want string }{
		"just refused":                  {"2026-07-01 06:00:00", "2026-07-01 06:00:00", "2026-07-01 06:10:00"},
		"twice":                         {"2026-07-01 06:00:00", "2026-07-01 06:10:00", "2026-07-01 06:20:00"},
		"the pauses grow":               {"2026-07-01 06:00:00", "2026-07-01 06:40:00", "2026-07-01 07:20:00"},
		"to two hours":                  {"2026-07-01 06:00:00", "2026-07-01 10:00:00", "2026-07-01 12:00:00"},
		"not past the final hour":       {"2026-07-01 06:00:00", "2026-07-01 19:00:00", "2026-07-01 20:00:00"},
		"near it":                       {"2026-07-01 06:00:00", "2026-07-01 19:55:00", "2026-07-01 20:00:00"},
		"in it":                         {"2026-07-01 06:00:00", "2026-07-01 20:00:00", "2026-07-01 20:10:00"},
		"the day's last":                {"2026-07-01 06:00:00", "2026-07-01 20:50:00", "2026-07-01 20:55:00"},
		"after that":                    {"2026-07-01 06:00:00", "2026-07-01 20:55:00", "2026-07-01 22:00:00"},
		"the second day":                {"2026-07-01 06:00:00", "2026-07-01 22:00:00", "2026-07-01 23:00:00"},
		"later on it":                   {"2026-07-01 06:00:00", "2026-07-01 23:00:00", "2026-07-02 01:00:00"},
		"refused in the day's first":    {"2026-06-30 21:00:30", "2026-06-30 21:00:30", "2026-06-30 22:00:00"},
		"a first that lies behind last": {"2026-07-01 08:00:00", "2026-07-01 06:00:00", "2026-07-01 06:10:00"},
	} {
		assert.Equal(t, utc(t, test.want), NextBalanceTry(utc(t, test.first), utc(t, test.last)), name)
	}
}

// A wait of a month tries every day some times, in its final hour too, and never
// in its first.
func TestNextBalanceTryThroughDays(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"2011-03-20 09:13:00", "2014-10-20 09:13:00", "2026-07-01 20:59:59", "2026-07-01 21:00:00"} {
		first := utc(t, start)
		tries, final := map[moscow.Day]int{}, map[moscow.Day]int{}
		last := first
		for last.Before(first.Add(30 * 24 * time.Hour)) {
			next := NextBalanceTry(first, last)
			assert.GreaterOrEqual(t, next.Sub(last), 5*time.Minute)
			assert.LessOrEqual(t, next.Sub(last), 2*time.Hour+5*time.Minute)
			day := moscow.DayOf(next)
			assert.GreaterOrEqual(t, next.Sub(day.Start()), time.Hour)
			tries[day]++
			if day.End().Sub(next) <= time.Hour {
				final[day]++
			}
			last = next
		}
		for day := moscow.DayOf(first) + 1; day < moscow.DayOf(last); day++ {
			assert.InDelta(t, 19, tries[day], 2)
			assert.Equal(t, 7, final[day])
		}
	}
}
