package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is compared must have been done.
func TestContendersCancel(t *testing.T) {
	var n numbers
	for _, c := range contenders(t) {
		for range 3 {
			require.NoError(t, c.cancel(t.Context(), n.next()), c.name)
		}
	}
}

// The server works in the same process, so its share of time and allocations
// is in every figure, the floor's too.
func BenchmarkCancel(b *testing.B) {
	var n numbers
	for _, c := range contenders(b) {
		b.Run(c.name, func(b *testing.B) {
			// The first cancel makes the connection.
			require.NoError(b, c.cancel(b.Context(), n.next()))
			measured(b, func() error { return c.cancel(b.Context(), n.next()) })
		})
	}
}
