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

// Codes finds Assist's first and second code in the fault, in the order of
// protocol §4: in the detail; as "N-M" or "N/M" in code, text and message;
// by a known text. Where these are, is inferred, so the reading is careful:
// two different pairs are no pair.
func (f *Fault) Codes() (first, second int, ok bool) {
	if f.Detail.First != "" || f.Detail.Second != "" {
		return f.Detail.Numbers()
	}
	for _, text := range []string{f.Code, f.Text, f.Message} {
		n, m, pairs := findPair(text)
		if pairs > 1 || (ok && pairs == 1 && (n != first || m != second)) {
			return 0, 0, false
		}
		if pairs == 1 {
			first, second, ok = n, m, true
		}
	}
	if ok {
		return first, second, true
	}
	if IsTurnover(f.Text) || IsTurnover(f.Message) {
		return 5, 108, true
	}
	return 0, 0, false
}

// Numbers reads both codes. A code that is no small number is no code.
func (c Codes) Numbers() (first, second int, ok bool) {
	first, ok1 := code(strings.TrimSpace(c.First))
	second, ok2 := code(strings.TrimSpace(c.Second))
	return first, second, ok1 && ok2
}

func code(text string) (int, bool) {
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

// findPair finds "N-M" and "N/M" with optional spaces around the sign. Digits
// that hang together with letters, points or further signs are dates,
// versions, addresses or names, so they are no codes. pairs counts different
// pairs.
func findPair(text string) (first, second, pairs int) {
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		j := skipSpaces(text, i)
		if j == len(text) || (text[j] != '-' && text[j] != '/') {
			continue
		}
		k := skipSpaces(text, j+1)
		end := k
		for end < len(text) && isDigit(text[end]) {
			end++
		}
		n, ok1 := code(text[start:i])
		m, ok2 := code(text[k:end])
		if !ok1 || !ok2 || len(text[start:i]) > 2 || !freeBefore(text, start) || !freeAfter(text, end) {
			i = end
			continue
		}
		if pairs == 0 || n != first || m != second {
			pairs++
		}
		first, second = n, m
		i = end
	}
	return first, second, pairs
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func skipSpaces(text string, i int) int {
	for i < len(text) && text[i] == ' ' {
		i++
	}
	return i
}

// hangs tells a byte that makes digits beside it part of something longer.
func hangs(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80 || c == '_' || c == '-' || c == '/' || c == '.' || c == ':'
}

func freeBefore(text string, i int) bool { return i == 0 || !hangs(text[i-1]) || text[i-1] == ':' }

// freeAfter lets a full stop or colon end a sentence, but not go on a number.
func freeAfter(text string, i int) bool {
	if i < len(text) && (text[i] == '.' || text[i] == ':') {
		return i+1 == len(text) || text[i+1] == ' '
	}
	if j := skipSpaces(text, i); j < len(text) && (text[j] == '-' || text[j] == '/') {
		j = skipSpaces(text, j+1)
		return j == len(text) || !isDigit(text[j])
	}
	return i == len(text) || !hangs(text[i])
}
