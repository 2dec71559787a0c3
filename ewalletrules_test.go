package assist

import (
	"testing"
	"time"

	"github.com/assist-go/assist/internal/draws"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var wallets = []Wallet{WebMoney, YandexMoney, QIWI}

// facts are those of a payment of 1.00 RUB, all of which goes back two days
// later.
func facts(t testing.TB, w Wallet, change func(*WalletFacts)) WalletFacts {
	t.Helper()
	f := WalletFacts{
		Wallet: w, PaidAt: utc(t, "2026-03-01 09:00:00"), Now: utc(t, "2026-03-03 09:00:00"),
		Paid: rub(t, "1.00"), Cancel: rub(t, "1.00"),
	}
	if change != nil {
		change(&f)
	}
	return f
}

func broken(t testing.TB, err error) *WalletRuleError {
	t.Helper()
	var rule *WalletRuleError
	require.ErrorAs(t, err, &rule)
	assert.Equal(t, NotSent, OutcomeOf(err))
	return rule
}

// Both documents: "Partial cancellations on e-wallets are prohibited during the
// calendar day (according to the time zone of Moscow)" and "All cancellations
// (partial and full) on QIWI are prohibited during the calendar day (according
// to the time zone of Moscow)" (protocol §6). To the second on both sides of
// midnight, in the years of either offset.
func TestBansEndAtMoscowMidnight(t *testing.T) {
	t.Parallel()
	days := []struct{ name, paid, last, midnight string }{
		{"2013, four hours ahead", "2013-10-23 12:59:44", "2013-10-23 19:59:59", "2013-10-23 20:00:00"},
		{"2013, paid in the day's first second", "2013-10-22 20:00:00", "2013-10-23 19:59:59", "2013-10-23 20:00:00"},
		{"2013, paid in the day's last second", "2013-10-23 19:59:59", "2013-10-23 19:59:59", "2013-10-23 20:00:00"},
		{"2014, before the change of 26 October", "2014-10-24 20:00:00", "2014-10-25 19:59:59", "2014-10-25 20:00:00"},
		{"2014, the day of the change has 25 hours", "2014-10-25 20:00:00", "2014-10-26 20:59:59", "2014-10-26 21:00:00"},
		{"2014, after the change", "2014-10-26 21:00:00", "2014-10-27 20:59:59", "2014-10-27 21:00:00"},
		{"2026, three hours ahead", "2026-06-30 21:00:00", "2026-07-01 20:59:59", "2026-07-01 21:00:00"},
	}
	for _, day := range days {
		t.Run(day.name, func(t *testing.T) {
			t.Parallel()
			check := func(w Wallet, cancel, now string) error {
				return CheckWallet(facts(t, w, func(f *WalletFacts) {
					f.PaidAt, f.Now, f.Cancel = utc(t, day.paid), utc(t, now), rub(t, cancel)
				}))
			}
			for _, w := range wallets {
				rule := ErrPartialSameDay
				if w == QIWI {
					rule = ErrQIWISameDay
				}
				for _, now := range []string{day.paid, day.last} {
					err := check(w, "0.99", now)
					require.ErrorIs(t, err, rule, "part of %s", w)
					assert.Equal(t, utc(t, day.midnight), broken(t, err).NotBefore)
					before, known := NotBefore(err)
					assert.True(t, known)
					assert.Equal(t, utc(t, day.midnight), before)

					err = check(w, "1.00", now)
					if w == QIWI {
						require.ErrorIs(t, err, ErrQIWISameDay, "all of %s", w)
						assert.Equal(t, utc(t, day.midnight), broken(t, err).NotBefore)
					} else {
						require.NoError(t, err, "all of %s", w)
					}
				}
				require.NoError(t, check(w, "0.99", day.midnight), "part of %s", w)
				require.NoError(t, check(w, "1.00", day.midnight), "all of %s", w)
			}
			require.NoError(t, check(NotWallet, "0.99", day.paid), "cards have no such rule")
		})
	}
}

func TestBansOfDoubtfulDates(t *testing.T) {
	t.Parallel()
	now := utc(t, "2026-03-03 09:00:00")
	err := CheckWallet(facts(t, QIWI, func(f *WalletFacts) { f.PaidAt = time.Time{} }))
	require.ErrorIs(t, err, ErrQIWISameDay, "no date: it may be today")
	assert.Equal(t, moscow.NextMidnight(now), broken(t, err).NotBefore)

	err = CheckWallet(facts(t, QIWI, func(f *WalletFacts) { f.PaidAt = now.Add(36 * time.Hour) }))
	require.ErrorIs(t, err, ErrQIWISameDay, "paid tomorrow, by another clock")
	assert.Equal(t, moscow.NextMidnight(now.Add(36*time.Hour)), broken(t, err).NotBefore)
}

// "A full cancel when part went back earlier": it is less than the payment, and
// the server sees a cancel of less than the payment.
func TestTheRestIsPartial(t *testing.T) {
	t.Parallel()
	rest := func(w Wallet) error {
		return CheckWallet(facts(t, w, func(f *WalletFacts) {
			f.PaidAt, f.Refunded, f.Cancel = f.Now, rub(t, "0.40"), rub(t, "0.60")
		}))
	}
	require.ErrorIs(t, rest(WebMoney), ErrPartialSameDay)
	require.ErrorIs(t, rest(YandexMoney), ErrPartialSameDay)
	require.NoError(t, rest(NotWallet))
}

// "When you return the money on the e-wallet, the refund amount shouldn't exceed
// the current day balance of the merchant on the corresponding e-wallet"
// (protocol §6).
func TestDayBalanceRule(t *testing.T) {
	t.Parallel()
	check := func(w Wallet, balance string) error {
		b := rub(t, balance)
		return CheckWallet(facts(t, w, func(f *WalletFacts) { f.Balance = &b }))
	}
	for _, w := range wallets {
		require.NoError(t, check(w, "1.00"))
		err := check(w, "0.99")
		require.ErrorIs(t, err, ErrDayBalance)
		rule := broken(t, err)
		assert.Equal(t, rub(t, "0.99"), rule.Available)
		assert.Equal(t, utc(t, "2026-03-03 20:00:00"), rule.NotBefore, "in the day's final hour, never at midnight")
		assert.Contains(t, err.Error(), "0.99 RUB")
		require.ErrorIs(t, check(w, "0.00"), ErrDayBalance)
	}
	require.NoError(t, check(NotWallet, "0.99"), "a card has no day balance")
}

func TestMoreThanIsLeft(t *testing.T) {
	t.Parallel()
	for _, w := range append(wallets, NotWallet) {
		check := func(refunded, cancel Money) error {
			return CheckWallet(facts(t, w, func(f *WalletFacts) { f.Refunded, f.Cancel = refunded, cancel }))
		}
		require.NoError(t, check(rub(t, "0.40"), rub(t, "0.60")), w)
		require.NoError(t, check(Money{}, rub(t, "1.00")), w)
		err := check(rub(t, "0.40"), rub(t, "0.61"))
		require.ErrorIs(t, err, ErrExceedsPayment, w)
		assert.Equal(t, rub(t, "0.60"), broken(t, err).Available)
		_, heals := NotBefore(err)
		assert.False(t, heals, "time doesn't heal it")
		require.ErrorIs(t, check(rub(t, "1.00"), rub(t, "0.00")), ErrExceedsPayment, "nothing is left")
		require.ErrorIs(t, check(rub(t, "1.00"), Money{}), ErrExceedsPayment)
		require.ErrorIs(t, check(rub(t, "5.00"), rub(t, "0.01")), ErrExceedsPayment, "more went back than was paid")
	}
}

func TestFactsThatCanNotBeCompared(t *testing.T) {
	t.Parallel()
	dollar, err := ParseMoney("1.00", "USD")
	require.NoError(t, err)
	for name, change := range map[string]func(*WalletFacts){
		"cancel":    func(f *WalletFacts) { f.Cancel = dollar },
		"refunded":  func(f *WalletFacts) { f.Refunded = dollar },
		"paid":      func(f *WalletFacts) { f.Paid = dollar },
		"balance":   func(f *WalletFacts) { f.Balance = &dollar },
		"no amount": func(f *WalletFacts) { f.Cancel = Money{} },
	} {
		var wrong *ValidationError
		require.ErrorAs(t, CheckWallet(facts(t, QIWI, change)), &wrong, name)
	}
	require.ErrorIs(t, CheckWallet(WalletFacts{}), ErrExceedsPayment, "no facts at all")
}

func TestRuleTexts(t *testing.T) {
	t.Parallel()
	midnight := utc(t, "2014-01-28 20:00:00")
	asOf := midnight.Add(-time.Hour)
	tests := []struct {
		name     string
		err      *WalletRuleError
		ru, en   string
		merchant string // what Error says beside the text; empty: the text alone
	}{
		{
			"part", &WalletRuleError{Rule: ErrPartialSameDay, Wallet: WebMoney, NotBefore: midnight},
			"часть платежа WebMoney нельзя вернуть в день оплаты; возврат возможен с 29.01.2014 00:00 по московскому времени",
			"part of a WebMoney payment can't be refunded on the day of the payment; it can be refunded from 29 January 2014, 00:00 Moscow time", "",
		},
		{
			"QIWI", &WalletRuleError{Rule: ErrQIWISameDay, Wallet: QIWI, NotBefore: midnight},
			"платёж QIWI нельзя вернуть в день оплаты; возврат возможен с 29.01.2014 00:00 по московскому времени",
			"a QIWI payment can't be refunded on the day of the payment; it can be refunded from 29 January 2014, 00:00 Moscow time", "",
		},
		{
			"day balance", &WalletRuleError{Rule: ErrDayBalance, Wallet: QIWI, Cancel: rub(t, "5.00"), Available: rub(t, "1.00"), NotBefore: midnight},
			"вернуть 5,00 ₽ через QIWI сейчас нельзя; возврат возможен сегодня позже, до конца дня по московскому времени, или на следующий день",
			"5.00 RUB can't be refunded through QIWI at the moment; it can be refunded later today, by the end of the day in Moscow, or on the next day",
			"5.00 RUB is more than the day balance of QIWI, which is 1.00 RUB; ",
		},
		{
			"day balance, of stale figures", &WalletRuleError{Rule: ErrDayBalance, Wallet: QIWI, Cancel: rub(t, "12345.60"), Available: rub(t, "1.00"), Stale: true, AsOf: asOf},
			"вернуть 12\u00a0345,60 ₽ через QIWI сейчас нельзя; возврат возможен сегодня позже, до конца дня по московскому времени, или на следующий день",
			"12345.60 RUB can't be refunded through QIWI at the moment; it can be refunded later today, by the end of the day in Moscow, or on the next day",
			"which is 1.00 RUB (as of 28 January 2014, 23:00, which is out of date); ",
		},
		{
			"day balance, of no figures", &WalletRuleError{Rule: ErrDayBalance, Wallet: QIWI, Cancel: Money{minor: 1234567, currency: "JPY"}, Available: rub(t, "0.00"), Stale: true},
			"вернуть 1\u00a0234\u00a0567 JPY через QIWI сейчас нельзя; возврат возможен сегодня позже, до конца дня по московскому времени, или на следующий день",
			"1234567 JPY can't be refunded through QIWI at the moment; it can be refunded later today, by the end of the day in Moscow, or on the next day",
			"which is 0.00 RUB (the payments of the day are not known yet); ",
		},
		{
			"no rate", &WalletRuleError{Rule: ErrNoRate, Wallet: WebMoney, Cancel: rub(t, "5.00")},
			"возврат через WebMoney сейчас невозможен", "refunds through WebMoney aren't available at the moment",
			"no rate is set for the bank's commission on WebMoney, so its day balance isn't known",
		},
		{
			"in doubt", &WalletRuleError{Rule: ErrCancelInDoubt, Doubtful: rub(t, "5.00"), DoubtfulAt: midnight},
			"результат предыдущего возврата (5,00 ₽ от 29.01.2014) по этому платежу ещё неизвестен",
			"the result of an earlier refund of this payment (5.00 RUB, made on 29 January 2014) isn't known yet", "",
		},
		{
			"in doubt, undated", &WalletRuleError{Rule: ErrCancelInDoubt, Doubtful: rub(t, "1000.00")},
			"результат предыдущего возврата (1000,00 ₽) по этому платежу ещё неизвестен",
			"the result of an earlier refund of this payment (1000.00 RUB) isn't known yet", "",
		},
		{
			"too much", &WalletRuleError{Rule: ErrExceedsPayment, Cancel: rub(t, "5.00"), Available: rub(t, "1.00"), Stale: true},
			"сумма возврата 5,00 ₽ больше остатка платежа (1,00 ₽)", "5.00 RUB is more than what is left of the payment (1.00 RUB)", "",
		},
		{
			"nothing left", &WalletRuleError{Rule: ErrExceedsPayment, Available: rub(t, "0.00")},
			"возвращать нечего: платёж уже возвращён или возвращается",
			"there is nothing left to refund: the payment has been refunded, or its refund is under way", "",
		},
		{"another rule", &WalletRuleError{}, "правило кошелька нарушено", "a wallet rule is broken", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.ru, test.err.Text(LanguageRU))
			assert.Equal(t, test.en, test.err.Text(LanguageEN))
			test.err.Billnumber = "5700027202722028"
			assert.Contains(t, test.err.Error(), "assist: cancel 5700027202722028: not sent: ")
			if test.merchant == "" {
				assert.Contains(t, test.err.Error(), test.en)
				return
			}
			assert.Contains(t, test.err.Error(), test.merchant)
			// What is available is the merchant's turnover here.
			for _, l := range []Language{LanguageRU, LanguageEN} {
				for _, own := range []string{"1.00 RUB", "1,00 ₽", "rate", "ставк", "balance", "баланс", "оборот", "figures"} {
					assert.NotContains(t, test.err.Text(l), own, "the merchant's own affair")
				}
			}
		})
	}
}

// Whatever the facts, CheckWallet answers, always alike, and what it allows is
// within every limit.
func FuzzCheckWallet(f *testing.F) {
	amount := func(d *draws.Draws) Money {
		if d.Below(10) == 0 {
			return Money{}
		}
		return Money{minor: d.Below(501), currency: draws.Pick(d, "RUB", "RUB", "RUB", "USD")}
	}
	instant := func(d *draws.Draws) time.Time {
		if d.Below(10) == 0 {
			return time.Time{}
		}
		return time.Unix(d.Between(-1<<40, 1<<40), 0)
	}
	check := func(t *testing.T, d *draws.Draws) {
		f := WalletFacts{
			Wallet: Wallet(d.Between(-1, 5)), PaidAt: instant(d), Now: instant(d),
			Paid: amount(d), Refunded: amount(d), Cancel: amount(d),
		}
		if d.Yes() {
			balance := amount(d)
			f.Balance = &balance
		}
		err := CheckWallet(f)
		assert.Equal(t, err, CheckWallet(f))
		if err != nil {
			assert.Equal(t, NotSent, OutcomeOf(err))
			assert.NotEmpty(t, err.Error())
			if before, known := NotBefore(err); known {
				assert.True(t, before.After(f.Now))
			}
			return
		}
		assert.LessOrEqual(t, f.Cancel.Minor()+f.Refunded.Minor(), f.Paid.Minor())
		assert.Positive(t, f.Cancel.Minor())
		if f.Wallet != NotWallet && f.Balance != nil {
			assert.LessOrEqual(t, f.Cancel.Minor(), f.Balance.Minor())
		}
	}
	draws.Play(f, func(t *testing.T, d *draws.Draws) {
		for d.More() {
			check(t, d)
		}
	})
}
