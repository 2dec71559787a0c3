package desk

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds"
)

// sum writes an amount as it is written where the language is spoken: "1 490,00 ₽",
// "1,490.00 RUB", with spaces that don't break.
func sum(m assist.Money, l assist.Language) string {
	if m.Currency() == "" {
		return "—"
	}
	whole, fraction, broken := strings.Cut(m.Amount(), ".")
	group, point, sign := "\u00a0", ",", m.Currency()
	if l == assist.LanguageEN {
		group, point = ",", "."
	} else if sign == "RUB" {
		sign = "₽"
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + group + whole[i:]
	}
	if broken {
		whole += point + fraction
	}
	return whole + "\u00a0" + sign
}

// at writes an instant with its zone.
func at(t time.Time, l assist.Language) string {
	if t.IsZero() {
		return "—"
	}
	if t = t.In(moscow.Location()); l == assist.LanguageEN {
		return t.Format("2 Jan 2006, 15:04 MSK")
	}
	return t.Format("02.01.2006 15:04 МСК")
}

// short writes an instant in a column whose head names the zone.
func short(t time.Time, now time.Time, l assist.Language) string {
	if t.IsZero() {
		return "—"
	}
	t = t.In(moscow.Location())
	layout := words{"02.01 15:04", "2 Jan, 15:04"}
	if t.Year() != now.In(moscow.Location()).Year() {
		layout = words{"02.01.2006 15:04", "2 Jan 2006, 15:04"}
	}
	return t.Format(layout.in(l))
}

// exact writes an instant to the second, where things follow each other quickly.
func exact(t time.Time, l assist.Language) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(moscow.Location()).Format(words{"02.01 15:04:05", "2 Jan, 15:04:05"}.in(l))
}

// age writes how long ago something was.
func age(d time.Duration, l assist.Language) string {
	minutes := int(d.Minutes())
	switch {
	case minutes < 1:
		return words{"меньше минуты", "less than a minute"}.in(l)
	case minutes < 60:
		return fmt.Sprintf(words{"%d мин", "%d min"}.in(l), minutes)
	case minutes < 48*60:
		return fmt.Sprintf(words{"%d ч %d мин", "%d h %d min"}.in(l), minutes/60, minutes%60)
	}
	return fmt.Sprintf(words{"%d дн.", "%d days"}.in(l), minutes/60/24)
}

// number is a refund's number as persons say it.
func number(id refunds.ID) string { return "R-" + strconv.FormatInt(int64(id), 10) }

// refundNumber reads what number gives.
func refundNumber(text string) (refunds.ID, bool) {
	rest, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(text)), "R-")
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	return refunds.ID(id), err == nil && id > 0
}

// walletName is what staff call a wallet.
func walletName(w assist.Wallet) string {
	if w == assist.YandexMoney {
		return "ЮMoney"
	}
	return w.String()
}

// meanName is what a customer paid by: "Visa •• 1111".
func meanName(typeID int, last4 string, l assist.Language) string {
	names := map[int]string{1: "Visa", 2: "Mastercard", 3: "Diners", 4: "JCB", 5: "Amex", 6: words{"Мир", "Mir"}.in(l)}
	name := names[typeID]
	if w := assist.WalletOf(typeID); w != assist.NotWallet {
		name = walletName(w)
	}
	switch {
	case name == "" && typeID == 0:
		return "—"
	case name == "":
		name = fmt.Sprintf(words{"средство %d", "mean %d"}.in(l), typeID)
	}
	if last4 != "" {
		name += "\u00a0••\u00a0" + last4
	}
	return name
}

// ruleText puts a wallet rule into the words that staff use.
func ruleText(e *assist.WalletRuleError, l assist.Language) string {
	text := strings.ReplaceAll(e.Text(l), assist.YandexMoney.String(), walletName(assist.YandexMoney))
	return strings.ToUpper(firstLetter(text)) + strings.TrimPrefix(text, firstLetter(text))
}

func firstLetter(text string) string {
	for _, r := range text {
		return string(r)
	}
	return ""
}

// masked is a customer as a person at the desk needs to know them: to see that
// it is the right order.
func masked(c assist.Customer) string {
	name := strings.TrimSpace(c.FirstName)
	if last := firstLetter(strings.TrimSpace(c.LastName)); last != "" {
		name = strings.TrimSpace(name + " " + last + ".")
	}
	user, host, ok := strings.Cut(strings.TrimSpace(c.Email), "@")
	if ok && user != "" {
		shown := []rune(user)
		if len(shown) > 2 {
			shown = shown[:2]
		}
		name = strings.TrimSpace(name + " " + string(shown) + "•••@" + host)
	}
	return name
}
