package simulation

import "github.com/assist-go/assist/assisttest"

// planTexts puts odd texts into all answers of a scenario, under names that decide
// nothing: an order is known by its billnumber, an operation by its number.
func planTexts(d *dice) []assisttest.Fault {
	var odd []assisttest.Fault
	for _, name := range []string{"ordercomment", "firstname", "customermessage", "issuebank", "ordernumber"} {
		if d.percent(50) {
			odd = append(odd, assisttest.TextInstead(name, pick(d,
				"Заказ № 5 «Ёлка»", "A & B <c> ]]> \"d\"", "line\u0001\u0008 & more", "??? ?? ?", "5/108", "AS100 Declined 300", "  two  spaces  ", "e\u0301 и\u0306 ﬁ")))
		}
	}
	if d.percent(40) {
		odd = append(odd, assisttest.InCharset(pick(d, "windows-1251", "cp1251", "CP-1251")))
	}
	return odd
}
