package wire

import (
	"strconv"
	"strings"
)

// Fault is a SOAP Fault or a JSON fault, as texts (protocol §4).
type Fault struct {
	Code, Text              string // faultcode, faultstring
	Message, Recommendation string // of the detail
	Detail                  Codes  // firstcode and secondcode of the detail, or of a JSON fault itself

	seen uint8 // which texts Put has stored
}

// turnover are the texts of protocol §6 for error 5-108, in lower case.
var turnover = []string{
	"сумма отмены больше оборота мерчанта",
	"amount of cancellation is more than merchant turnover",
}

// IsTurnover tells the day-balance message of protocol §6.
func IsTurnover(text string) bool {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, t := range turnover {
		if strings.Contains(text, t) {
			return true
		}
	}
	return false
}

// Place tells where a fault holds two codes, and so what they prove.
type Place uint8

const (
	// Nowhere: the fault holds no codes.
	Nowhere Place = iota
	// Own: in Assist's own fields firstcode and secondcode, as in a result.
	Own
	// Alone: the whole faultcode beside the whole faultstring, or a text that is
	// nothing but the pair.
	Alone
	// Words: Assist's text for a day balance that is too small, which is 5/108.
	Words
)

// Codes finds Assist's first and second code in the fault, in the order of
// protocol §4. Own fields count ahead of texts; if they hold no numbers, nothing
// is found. Of the texts only those that are codes and nothing else count, and two
// that disagree are no codes: a pair inside prose is a gateway's "attempt 3/5".
func (f *Fault) Codes() (first, second int, place Place) {
	if f.Detail.First != "" || f.Detail.Second != "" {
		first, second, ok := f.Detail.Numbers()
		if !ok {
			return 0, 0, Nowhere
		}
		return first, second, Own
	}
	found := func(n, m int, where Place) (agrees bool) {
		agrees = place == Nowhere || n == first && m == second
		first, second, place = n, m, where
		return agrees
	}
	if n, m, ok := alone(f.Code, f.Text); ok && !found(n, m, Alone) {
		return 0, 0, Nowhere
	}
	for _, text := range []string{f.Code, f.Text, f.Message} {
		if n, m, ok := pair(text); ok && !found(n, m, Alone) {
			return 0, 0, Nowhere
		}
	}
	if _, ok := f.Turnover(); ok && !found(5, 108, Words) {
		return 0, 0, Nowhere
	}
	return first, second, place
}

// Turnover gives the text of the fault that has the words of protocol §6.
func (f *Fault) Turnover() (text string, ok bool) {
	for _, text := range []string{f.Message, f.Text, f.Recommendation, f.Code} {
		if IsTurnover(text) {
			return text, true
		}
	}
	return "", false
}

// Numbers reads both codes. A code that is no small number is no code.
func (c Codes) Numbers() (first, second int, ok bool) {
	first, ok1 := code(c.First)
	second, ok2 := code(c.Second)
	return first, second, ok1 && ok2
}

func code(text string) (int, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 4 {
		return 0, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// pair reads a text that is nothing but "N - M", "N-M" or "N/M". One of Assist's
// documents sets the sign as a dash.
func pair(text string) (first, second int, ok bool) {
	for _, sign := range []string{"-", "/", "\u2013"} {
		if n, m, cut := strings.Cut(text, sign); cut {
			return alone(n, m)
		}
	}
	return 0, 0, false
}

// alone reads two codes that stand as texts, without leading zeros: 05/108 is
// something else's number.
func alone(n, m string) (first, second int, ok bool) {
	for _, text := range []string{n, m} {
		if text = strings.TrimSpace(text); len(text) > 1 && text[0] == '0' {
			return 0, 0, false
		}
	}
	return Codes{First: n, Second: m}.Numbers()
}
