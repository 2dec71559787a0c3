package assist

// Language is the language of Assist's messages. The zero value is Russian,
// which is also what Assist's cancel service takes by default (protocol §3).
type Language int

// The languages that Assist speaks.
const (
	LanguageRU Language = iota
	LanguageEN
)

// String gives the wire value: "RU" or "EN".
func (l Language) String() string {
	if l == LanguageEN {
		return "EN"
	}
	return "RU"
}
