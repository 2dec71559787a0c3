package poll

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// page is an answer.
type page struct{ number int }

func (p *page) Clone() *page {
	copied := *p
	return &copied
}

func (*page) Failed() bool { return false }

// A shared answer is kept until all have looked or left, and no longer.
func TestSharedAnswersAreLetGo(t *testing.T) {
	t.Parallel()
	answer := func(context.Context) *page { return &page{number: 7} }
	var w Watches[string, *page]
	subject := "5700027202722028"
	shared, _ := w.Join(subject)
	_, second := w.Join(subject)
	_, third := w.Join(subject)
	_, asked := w.Ask(t.Context(), shared, nil, answer)
	require.True(t, asked)
	_, late := w.Join(subject)
	assert.Equal(t, shared.answered, late, "who comes later isn't counted")

	original := shared.last
	s, _ := w.Take(shared)
	assert.NotSame(t, original, s)
	assert.Equal(t, original, s)
	w.Leave(subject, shared, second)
	s, third = w.Take(shared)
	assert.Same(t, original, s, "the last one needs no copy")
	assert.Nil(t, shared.last)

	// One leaves while the next question is under way.
	_, asked = w.Ask(t.Context(), shared, nil, func(ctx context.Context) *page {
		w.Leave(subject, shared, third)
		_, came := w.Join(subject)
		w.Leave(subject, shared, came)
		return answer(ctx)
	})
	require.True(t, asked)
	assert.Equal(t, 2, shared.unseen)
	_, first := w.Take(shared)
	_, late = w.Take(shared)
	assert.Nil(t, shared.last)
	w.Leave(subject, shared, first)
	w.Leave(subject, shared, late)
	assert.Empty(t, w.known)
}

// The gate lets everybody through in the order in which they came, and whoever
// gives up takes no place.
func TestGateIsFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outer, inner := make(Gate, 1), make(Gate, 1)
		require.True(t, Gates{outer, inner}.Enter(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.False(t, Gates{outer, inner}.Enter(ctx))
		assert.False(t, Gates{inner, outer}.Enter(ctx), "a context that is over doesn't enter")
		var order []int
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				require.True(t, outer.Enter(t.Context()))
				order = append(order, i)
				outer.Leave()
			})
			synctest.Wait()
		}
		Gates{outer, inner}.Leave()
		all.Wait()
		assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, order)
		assert.Empty(t, inner)
		require.True(t, inner.Enter(t.Context()))
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.False(t, Gates{outer, inner}.Enter(ctx))
		assert.Empty(t, outer, "what was passed is given back")
	})
}
