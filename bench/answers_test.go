package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// cancelAnswer is the QIWI sample with so many operations, numbered on from the
// sample's own.
func cancelAnswer(tb testing.TB, operations int) string {
	tb.Helper()
	return withOperations(tb, file(tb, "qiwi_cancel.xml"), operations)
}

func withOperations(tb testing.TB, sample string, operations int) string {
	tb.Helper()
	const start, end = "<operation>", "</operation>"
	before, rest, found := strings.Cut(sample, start)
	require.True(tb, found)
	one, after, found := strings.Cut(rest, end)
	require.True(tb, found)
	var b strings.Builder
	b.WriteString(before)
	for i := range operations {
		b.WriteString(start)
		b.WriteString(strings.Replace(one, "5554143265883170.4", fmt.Sprintf("5554143265883170.%d", 4+i), 1))
		b.WriteString(end)
	}
	b.WriteString(after)
	return b.String()
}
