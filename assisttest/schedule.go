package assisttest

import (
	"container/heap"
	"time"
)

// schedule holds what is to happen at a later time of the server's clock: a
// cancel that settles, a request that was under way. Nothing waits for it; it
// is caught up with whenever somebody looks, so it needs no goroutine.
type schedule struct {
	events []event
	made   int
}

type event struct {
	at    time.Time
	order int // of making, for events of one instant
	do    func(at time.Time)
}

func (q *schedule) add(at time.Time, do func(at time.Time)) {
	q.made++
	heap.Push(q, event{at, q.made, do})
}

// catchUp does all that is due, in the order of time.
func (s *Server) catchUp() {
	now := s.now()
	for len(s.schedule.events) > 0 && !s.schedule.events[0].at.After(now) {
		due := heap.Pop(&s.schedule).(event)
		due.do(due.at)
	}
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (q *schedule) Len() int { return len(q.events) }

func (q *schedule) Less(i, j int) bool {
	a, b := q.events[i], q.events[j]
	if a.at.Equal(b.at) {
		return a.order < b.order
	}
	return a.at.Before(b.at)
}

func (q *schedule) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *schedule) Push(x any) { q.events = append(q.events, x.(event)) }

func (q *schedule) Pop() any {
	last := q.events[len(q.events)-1]
	q.events[len(q.events)-1] = event{}
	q.events = q.events[:len(q.events)-1]
	return last
}
