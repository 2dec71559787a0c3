package assisttest_test

import "strings"

// pairsOf reads "name: value;" pairs.
func pairsOf(text string) map[string]string {
	pairs := make(map[string]string)
	for pair := range strings.SplitSeq(strings.TrimSpace(text), ";") {
		name, value, _ := strings.Cut(pair, ":")
		pairs[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return pairs
}
