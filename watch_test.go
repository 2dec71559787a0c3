package assist

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wait that asks for another spelling of the order number, or around another
// date, finds nothing. The waits that ask rightly go on at their own pace.
func TestHopelessWaitsStarveNobody(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Intent){
		"another order number":         func(in *Intent) { in.Request.OrderNumber = "n-8" },
		"a space behind the number":    func(in *Intent) { in.Request.OrderNumber = "n-7 " },
		"a date that hides it":         func(in *Intent) { in.Request.OrderDate = time.Now().AddDate(-3, 0, 0) },
		"without a date":               func(in *Intent) { in.Request.OrderDate = time.Time{} },
		"an extended number of a part": func(in *Intent) { in.Request.Billnumber += ".1"; in.Request.OrderNumber = "n-8" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				after(l, cancelled(), time.Minute)
				good, bad := inProcess(t), lostIntent(t)
				spoil(&bad)
				rightStart := time.Now().Add(-2 * 24 * time.Hour)
				c := mocked(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					form, err := url.ParseQuery(bodyOf(t, req))
					require.NoError(t, err)
					if form.Get("Ordernumber") != "n-7" || formTime(form, "Start", time.Time{}).Before(rightStart) {
						return answerOf(req, codesXML(10, 201)), nil
					}
					return answerOf(req, l.xml()), nil
				}), WithProtocol(Form(FormatXML)))
				var all sync.WaitGroup
				ctx, cancel := context.WithCancel(t.Context())
				for range 50 {
					all.Go(func() { _, _ = c.ResolveWait(ctx, bad, time.Hour, PollEvery(time.Second, time.Second)) })
				}
				synctest.Wait()
				x, err := c.Wait(t.Context(), good, 15*time.Minute)
				require.NoError(t, err)
				assert.Equal(t, Succeeded, x.Status)
				cancel()
				all.Wait()
				assert.Empty(t, c.watches.known)
			})
		})
	}
}

// Each of the waits that share an answer owns what it is given. With -race, a
// shared order shows as a race; without it, as an edit that another one sees.
func TestWaitsShareNoOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 300 * time.Millisecond}
		in := lostIntent(t, lookedFirst())
		after(l, cancelled(), 0)
		c := l.client(t)
		edit := func(o *Order) {
			o.Customer, o.Number = Customer{}, "edited"
			for i := range o.Operations {
				assert.NotEqual(t, Billnumber("edited"), o.Operations[i].Billnumber)
				o.Operations[i].Billnumber = "edited"
			}
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				r, err := c.ResolveWait(t.Context(), in, time.Minute)
				require.NoError(t, err)
				require.Equal(t, Accepted, r.Outcome)
				edit(r.Order)
				x, err := c.Wait(t.Context(), inProcess(t), time.Minute, Observe(func(o Observation) { edit(&o.Cancellation.Order) }))
				require.NoError(t, err)
				edit(&x.Order)
			})
		}
		all.Wait()
		assert.Less(t, l.questions(), 10)
	})
}

// An observer that edits what it is shown, or a caller that edits what it has
// given, changes nothing of what is waited for.
func TestObserversEditACopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{fail: func(n int) (int, string, http.Header, error) {
			if n == 1 {
				return 502, "", nil, nil
			}
			return 0, "", nil, nil
		}}
		after(l, cancelled(), time.Hour)
		x := inProcess(t)
		done, err := l.client(t).Wait(t.Context(), x, 2*time.Hour, Observe(func(o Observation) {
			o.Cancellation.Operations[0].Billnumber = "5700027202722028.9"
			x.Operations[0].Billnumber = "5700027202722028.9"
		}))
		require.NoError(t, err)
		assert.Equal(t, Succeeded, done.Status)
		assert.Equal(t, Billnumber("5700027202722028.3"), done.Operations[0].Billnumber)
	})
}

// An observer that panics costs nobody the result.
func TestObserversThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{}
		after(l, cancelled(), time.Minute)
		broken := Observe(func(Observation) { panic("a broken display") })
		x, err := l.client(t).Wait(t.Context(), inProcess(t), time.Hour, broken)
		require.NoError(t, err)
		assert.Equal(t, Succeeded, x.Status)
		r, err := l.client(t).ResolveWait(t.Context(), lostIntent(t), 0, broken)
		require.NoError(t, err)
		assert.NotNil(t, r)
	})
}

// What was asked before a wait came may not show yet what it waits for.
func TestAnswersAreForThoseWhoWereThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 10 * time.Second}
		c := l.client(t)
		var all sync.WaitGroup
		all.Go(func() { _, _ = c.ResolveWait(t.Context(), lostIntent(t), 0) })
		time.Sleep(time.Second)
		seen := 0
		r, err := c.ResolveWait(t.Context(), lostIntent(t), time.Minute, PollEvery(time.Hour, time.Hour), Observe(func(Observation) {
			if seen++; seen == 1 {
				assert.Equal(t, 2, l.questions(), "the first answer it sees is that of a question that began after it came")
			}
		}))
		require.NoError(t, err)
		assert.Equal(t, Unknown, r.Outcome)
		assert.Positive(t, seen)
		all.Wait()
	})
}

// An asker whose own time is over tells the others nothing.
func TestAnAskersOwnEndIsNotShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listing{delay: 2 * time.Second}
		after(l, cancelled(), 0)
		c := l.client(t)
		var all sync.WaitGroup
		x := inProcess(t)
		x.seenAt = time.Now()
		all.Go(func() {
			_, err := c.Wait(t.Context(), x, time.Hour, Observe(func(o Observation) { assert.NoError(t, o.Err) }))
			assert.NoError(t, err)
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Wait(ctx, inProcess(t), time.Hour)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		all.Wait()
		assert.Equal(t, 2, l.questions())
	})
}

// A shared answer is kept until all have looked or left, and no longer.
func TestSharedAnswersAreLetGo(t *testing.T) {
	t.Parallel()
	answer := func(context.Context) *sighting { return &sighting{order: &Order{Operations: make([]Operation, 3)}} }
	var w watches
	subject := subjectOf("5700027202722028.3", "n-7", time.Time{})
	shared, _ := w.join(subject)
	_, second := w.join(subject)
	_, third := w.join(subject)
	_, asked := w.ask(t.Context(), shared, nil, answer)
	require.True(t, asked)
	_, late := w.join(subject)
	assert.Equal(t, shared.answered, late, "who comes later isn't counted")

	original := shared.last
	s, _ := w.take(shared)
	assert.NotSame(t, original, s)
	assert.NotSame(t, original.order, s.order)
	w.leave(subject, shared, second)
	s, third = w.take(shared)
	assert.Same(t, original, s, "the last one needs no copy")
	assert.Nil(t, shared.last)

	// One leaves while the next question is under way.
	_, asked = w.ask(t.Context(), shared, nil, func(ctx context.Context) *sighting {
		w.leave(subject, shared, third)
		_, came := w.join(subject)
		w.leave(subject, shared, came)
		return answer(ctx)
	})
	require.True(t, asked)
	assert.Equal(t, 2, shared.unseen)
	_, first := w.take(shared)
	_, late = w.take(shared)
	assert.Nil(t, shared.last)
	w.leave(subject, shared, first)
	w.leave(subject, shared, late)
	assert.Empty(t, w.known)
}

// The gate lets everybody through in the order in which they came, and whoever
// gives up takes no place.
func TestGateIsFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outer, inner := make(gate, 1), make(gate, 1)
		require.True(t, gates{outer, inner}.enter(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.False(t, gates{outer, inner}.enter(ctx))
		assert.False(t, gates{inner, outer}.enter(ctx), "a context that is over doesn't enter")
		var order []int
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				require.True(t, outer.enter(t.Context()))
				order = append(order, i)
				outer.leave()
			})
			synctest.Wait()
		}
		gates{outer, inner}.leave()
		all.Wait()
		assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, order)
		assert.Empty(t, inner)
		require.True(t, inner.enter(t.Context()))
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.False(t, gates{outer, inner}.enter(ctx))
		assert.Empty(t, outer, "what was passed is given back")
	})
}
