package sendonce

import (
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBodyIsGivenOnce(t *testing.T) {
	t.Parallel()
	t.Run("gives its bytes once", func(t *testing.T) {
		t.Parallel()
		body := NewBody([]byte("abc"))
		text, err := io.ReadAll(body)
		require.NoError(t, err)
		assert.Equal(t, "abc", string(text))
		require.NoError(t, body.Close())
		text, err = io.ReadAll(body)
		require.NoError(t, err)
		assert.Empty(t, text)
		assert.False(t, body.Seal(), "it was touched")
	})
	t.Run("sealed before it is read", func(t *testing.T) {
		t.Parallel()
		body := NewBody([]byte("abc"))
		assert.True(t, body.Seal(), "it was not touched")
		n, err := body.Read(make([]byte, 3))
		assert.Zero(t, n)
		assert.ErrorIs(t, err, ErrSealed)
		assert.True(t, body.Seal(), "a refused read touches nothing")
	})
	t.Run("sealed in the middle", func(t *testing.T) {
		t.Parallel()
		body := NewBody([]byte("abc"))
		n, err := body.Read(make([]byte, 2))
		require.NoError(t, err)
		assert.Equal(t, 2, n)
		assert.False(t, body.Seal())
		rest, err := io.ReadAll(body)
		assert.Empty(t, rest)
		assert.ErrorIs(t, err, ErrSealed)
	})
	t.Run("read by many at once", func(t *testing.T) {
		t.Parallel()
		const size = 10_000
		body := NewBody(make([]byte, size))
		var readers sync.WaitGroup
		var mu sync.Mutex
		total := 0
		for range 8 {
			readers.Go(func() {
				text, _ := io.ReadAll(body)
				mu.Lock()
				total += len(text)
				mu.Unlock()
			})
		}
		readers.Wait()
		assert.Equal(t, size, total)
	})
}
