package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rub(t testing.TB, amount string) assist.Money {
	t.Helper()
	m, err := assist.ParseMoney(amount, "RUB")
	require.NoError(t, err)
	return m
}

var allStates = []refunds.State{refunds.Pending, refunds.Sent, refunds.InProcess, refunds.Done, refunds.Refused, refunds.Withdrawn, refunds.GivenUp, refunds.Denied, refunds.Proposed}

// records are a refund in every state, with everything that can be said of it
// beside.
func records(t testing.TB) (all []*refunds.Record) {
	now := time.Date(2026, 11, 25, 12, 58, 0, 0, time.UTC)
	for _, state := range allStates {
		for waits := refunds.ForTurn; waits <= refunds.ForApproval; waits++ {
			for bits := range 16 {
				r := &refunds.Record{ID: 7, State: state, Waits: waits, NextAt: now, Created: now, PassedOver: bits&1 > 0, MovedLate: bits&2 > 0}
				r.Request.Amount = rub(t, "490.00")
				if bits&4 > 0 {
					r.NeedsPerson, r.PersonWhy = now, "because"
				}
				if bits&8 > 0 {
					r.Detail, r.Codes = "EOF", "5/108"
				}
				all = append(all, r)
			}
		}
	}
	return all
}

func TestEveryStateIsSaidInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, r := range records(t) {
		for _, l := range []assist.Language{assist.LanguageRU, assist.LanguageEN} {
			for name, text := range map[string]string{"customer": customerText(r, l), "explain": explain(r, l), "status": status(r).in(l), "waits": waitsText(r, l),
				"heading": movedOf(r).heading().in(l), "cell": movedOf(r).cell().in(l), "person": personText(r, l), "mark": mark(r), "tone": tone(r)} {
				assert.NotEmpty(t, text, "%s of %s, %s", name, r.State, r.Waits)
				if l == assist.LanguageEN {
					assert.NotRegexp(t, `\p{Cyrillic}`, text, name)
				}
			}
		}
	}
}

// What the customer hears must be true of the money: of a lost answer never that
// the refund is under way, and never "no" where a cancel may still move money.
func TestTheCustomerHearsTheTruth(t *testing.T) {
	t.Parallel()
	for _, r := range records(t) {
		text := customerText(r, assist.LanguageRU)
		answer := movedOf(r)
		mayHave := r.State.MayHaveMoved() || r.PassedOver || r.MovedLate
		if mayHave {
			assert.NotEqual(t, movedNo, answer, "%s must not be said not to have moved", r.State)
			assert.NotContains(t, text, "не отправлены")
		} else {
			assert.Equal(t, movedNo, answer, r.State)
			assert.Contains(t, text, "не отправлены", "%s", r.State)
		}
		if answer == movedUnknown {
			assert.True(t, strings.HasPrefix(text, "Проверяем, ушли ли деньги"), text)
			assert.NotContains(t, text, "выполн")
		}
		assert.Equal(t, answer == movedYes, strings.Contains(text, "выполнен ") || strings.Contains(text, "выполнен:"), text)
		assert.NotContains(t, text, "5/108", "codes are no customer's business")
		assert.NotContains(t, text, "because")
	}
}

func TestWhatTheBankAsksFor(t *testing.T) {
	t.Parallel()
	r := &refunds.Record{ID: 1, State: refunds.Done, Ended: time.Date(2026, 11, 25, 12, 58, 0, 0, time.UTC)}
	r.Request.Amount = rub(t, "1490.00")
	assert.Equal(t, "Возврат 1\u00a0490,00\u00a0₽ выполнен 25.11.2026 15:58 МСК. Срок зачисления зависит от банка, обычно несколько дней.", customerText(r, assist.LanguageRU))
	r.Operations = []refunds.Operation{{At: r.Ended, SlipNumber: "004512873311", ApprovalCode: "A1B2C3"}}
	assert.Contains(t, customerText(r, assist.LanguageRU), "назовите банку RRN 004512873311 и код авторизации A1B2C3.")
	assert.Contains(t, customerText(r, assist.LanguageEN), "RRN 004512873311 and approval code A1B2C3.")
	r.Operations[0].SlipNumber = ""
	assert.Contains(t, customerText(r, assist.LanguageRU), "назовите банку код авторизации A1B2C3.")
	r.Operations[0].SlipNumber, r.Operations[0].ApprovalCode = "12", ""
	assert.Contains(t, customerText(r, assist.LanguageRU), "назовите банку RRN 12.")
}

func TestNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "Visa\u00a0••\u00a01111", meanName(1, "1111", assist.LanguageRU))
	assert.Equal(t, "Мир\u00a0••\u00a00008", meanName(6, "0008", assist.LanguageRU))
	assert.Equal(t, "ЮMoney", meanName(32, "", assist.LanguageRU))
	assert.Equal(t, "—", meanName(0, "", assist.LanguageRU))
	assert.Equal(t, "mean 77", meanName(77, "", assist.LanguageEN))
	rule := &assist.WalletRuleError{Rule: assist.ErrPartialSameDay, Wallet: assist.YandexMoney, NotBefore: time.Date(2026, 11, 25, 21, 0, 0, 0, time.UTC)}
	assert.Equal(t, "Часть платежа ЮMoney нельзя вернуть в день оплаты; возврат возможен с 26.11.2026 00:00 по московскому времени", ruleText(rule, assist.LanguageRU))
	assert.Equal(t, "1\u00a0234\u00a0567,80\u00a0₽", sum(rub(t, "1234567.80"), assist.LanguageRU))
	assert.Equal(t, "1,490.00\u00a0RUB", sum(rub(t, "1490.00"), assist.LanguageEN))
	assert.Equal(t, "Пётр С. pe•••@example.ru", masked(assist.Customer{FirstName: "Пётр", LastName: "Семёнов", Email: "peter@example.ru"}))
	assert.Equal(t, "", masked(assist.Customer{}))
}
