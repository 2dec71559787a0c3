package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/refunds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// guards are held by the store, also between books that know nothing of each other.
func guards(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	o := w.Pay()
	first := w.Of(o, "10.00")
	id, err := w.Book.ProposeGuarded(ctxOf(w), first, Person("anna"), refunds.Guard{Shown: true})
	require.NoError(t, err)
	again, err := w.Book.ProposeGuarded(ctxOf(w), first, Person("anna"), refunds.Guard{Shown: true})
	require.NoError(t, err)
	assert.Equal(t, id, again, "its own key doesn't stand in its way")
	_, err = w.Book.ProposeGuarded(ctxOf(w), w.Of(o, "10.00"), Person("boris"), refunds.Guard{Shown: true})
	require.ErrorIs(t, err, refunds.ErrMeanwhile)
	_, err = w.Book.ProposeGuarded(ctxOf(w), w.Of(o, "10.00"), Person("boris"), refunds.Guard{Shown: true, Seen: id})
	require.NoError(t, err)
	_, err = w.Book.ProposeGuarded(ctxOf(w), w.Of(w.Pay(), "10.00"), Person("boris"), refunds.Guard{Shown: true})
	require.NoError(t, err, "of another payment")

	sum := func(minor int64) refunds.Guard {
		return refunds.Guard{Sum: must(assist.NewMoney(minor, "RUB")), Since: w.Now().Add(-time.Hour)}
	}
	_, err = w.Book.ProposeGuarded(ctxOf(w), w.Of(w.Pay(), "10.00"), Person("anna"), sum(1999))
	require.ErrorIs(t, err, refunds.ErrAboveSum)
	_, err = w.Book.ProposeGuarded(ctxOf(w), w.Of(w.Pay(), "10.00"), Person("anna"), sum(2000))
	require.NoError(t, err)
	old := sum(1000)
	old.Since = w.Now().Add(time.Second)
	_, err = w.Book.ProposeGuarded(ctxOf(w), w.Of(w.Pay(), "10.00"), Person("anna"), old)
	require.NoError(t, err, "what was before doesn't count")
}

// Of several that are proposed at once one is stored.
func guardsAtOnce(t *testing.T, open Open) {
	w := NewWorld(t, open(t))
	for try := range 5 {
		o := w.Pay()
		who := Person(fmt.Sprint("anna", try))
		var meanwhile, above atomic.Int64
		var all sync.WaitGroup
		for range 4 {
			same, other := w.Of(o, "10.00"), w.Of(w.Pay(), "10.00")
			book := w.NewBook()
			all.Go(func() {
				_, err := book.ProposeGuarded(ctxOf(w), same, Person("carl"), refunds.Guard{Shown: true})
				if err != nil && assert.ErrorIs(t, err, refunds.ErrMeanwhile) {
					meanwhile.Add(1)
				}
			})
			all.Go(func() {
				_, err := book.ProposeGuarded(ctxOf(w), other, who, refunds.Guard{Sum: must(assist.NewMoney(1000, "RUB")), Since: w.Now().Add(-time.Hour)})
				if err != nil && assert.ErrorIs(t, err, refunds.ErrAboveSum) {
					above.Add(1)
				}
			})
		}
		all.Wait()
		assert.EqualValues(t, 3, meanwhile.Load())
		assert.EqualValues(t, 3, above.Load())
	}
}
