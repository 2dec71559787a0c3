package assisttest

import "fmt"

// refusal is a pair of codes (protocol §9) that says why nothing was done.
type refusal struct {
	first, second    int
	russian, english string
}

// First codes.
const (
	codeMissing    = 3
	codeFormat     = 4
	codeValue      = 5
	codeAccess     = 7
	codeNone       = 10
	codeDuplicate  = 11
	codeProhibited = 15
	codeLimits     = 17
)

// Second codes.
const (
	aboutFrequency = 3
	aboutInterval  = 4
	aboutMerchant  = 100
	aboutLogin     = 101
	aboutPassword  = 102
	aboutFormat    = 103
	aboutCurrency  = 105
	aboutNumber    = 107
	aboutAmount    = 108
	aboutClientIP  = 116
	aboutLanguage  = 127
	aboutBill      = 143
	aboutCheque    = 179
	aboutOrder     = 201
	aboutPacket    = 215
	aboutOperation = 216
	aboutCancel    = 308
)

func refuse(first, second int) *refusal {
	return &refusal{first: first, second: second}
}

// refuseTurnover is the refusal of protocol §6, in its words.
func refuseTurnover() *refusal {
	return &refusal{
		codeValue, aboutAmount,
		"Сумма отмены больше оборота мерчанта за текущий день",
		"The amount of cancellation is more than merchant turnover for the current day",
	}
}

func refuseOfDay() *refusal {
	return &refusal{
		codeProhibited, aboutCancel,
		"Операция отмены запрещена в течение календарных суток",
		"The cancellation is prohibited during the calendar day",
	}
}

// text is the refusal in words. Where the protocol knows none, the codes stand
// in, in a form that can't be mistaken for codes on their own.
func (r *refusal) text(language string) string {
	switch {
	case r.russian == "" && language == "EN":
		return fmt.Sprintf("The operation is refused (first code %d, second code %d)", r.first, r.second)
	case r.russian == "":
		return fmt.Sprintf("В операции отказано (первый код %d, второй код %d)", r.first, r.second)
	case language == "EN":
		return r.english
	}
	return r.russian
}
