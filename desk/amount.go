package desk

import (
	"strings"

	"github.com/assist-go/assist"
)

// amountError says in words what is wrong with an amount that was typed.
type amountError struct{ say words }

func (e *amountError) Error() string { return "desk: " + e.say[1] }

// parseAmount reads an amount as a person types it: "490", "490,00", "1490.00",
// "1 490,00". What could be read two ways is refused, and never guessed: "1.490"
// is one and a half roubles to one reader and a thousand and a half to another.
func parseAmount(text, currency string) (assist.Money, error) {
	text = strings.TrimSpace(text)
	zero, err := assist.NewMoney(0, currency)
	if err != nil {
		return assist.Money{}, err
	}
	_, fraction, _ := strings.Cut(zero.Amount(), ".")
	digits := len(fraction)
	if text == "" {
		return assist.Money{}, &amountError{words{"Укажите сумму.", "Type an amount."}}
	}
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "−") {
		return assist.Money{}, &amountError{words{"Сумма не может быть отрицательной.", "An amount can't be negative."}}
	}
	whole, kopecks, broken := cutPoint(text)
	whole, ok := ungroup(whole)
	if !ok || strings.ContainsAny(kopecks, ".,") || !allDigits(kopecks) {
		return assist.Money{}, &amountError{words{
			"Сумма не читается: нужны цифры, например 490 или 1 490,00.", "The amount can't be read: digits are needed, such as 490 or 1 490.00."}}
	}
	if broken && len(kopecks) != digits {
		return assist.Money{}, &amountError{words{
			"Сумму «" + text + "» можно прочесть по-разному: после запятой нужны ровно две цифры, например 1 490,00.",
			"“" + text + "” can be read two ways: exactly two digits are needed after the point, such as 1 490.00."}}
	}
	if broken {
		whole += "." + kopecks
	}
	m, err := assist.ParseMoney(whole, currency)
	if err != nil {
		return assist.Money{}, &amountError{words{"Сумма не читается: слишком много цифр.", "The amount can't be read: it has too many digits."}}
	}
	if m.IsZero() {
		return assist.Money{}, &amountError{words{"Сумма должна быть больше нуля.", "The amount must be more than zero."}}
	}
	return m, nil
}

// cutPoint cuts at the first comma or point.
func cutPoint(text string) (whole, fraction string, broken bool) {
	i := strings.IndexAny(text, ".,")
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// ungroup takes spaces between thousands away, where they stand right.
func ungroup(whole string) (string, bool) {
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\u2009' })
	if len(groups) == 0 || strings.Count(whole, " ")+strings.Count(whole, "\u00a0")+strings.Count(whole, "\u202f")+strings.Count(whole, "\u2009") != len(groups)-1 {
		return "", false
	}
	for i, g := range groups {
		if !allDigits(g) || i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && len(g) > 3 {
			return "", false
		}
	}
	joined := strings.Join(groups, "")
	return joined, joined == "0" || !strings.HasPrefix(joined, "0")
}

func allDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}
