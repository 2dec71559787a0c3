package desk

import (
	"slices"
	"sync"
	"time"
)

// limits counts what each person sends.
type limits struct {
	mu      sync.Mutex
	perHour int
	sent    map[string][]time.Time
}

// take counts one more, and tells whether it is within the limit.
func (l *limits) take(person string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent == nil {
		l.sent = map[string][]time.Time{}
	}
	old := func(t time.Time) bool { return now.Sub(t) >= time.Hour }
	mine := slices.DeleteFunc(l.sent[person], old)
	if len(mine) >= l.perHour {
		l.sent[person] = mine
		return false
	}
	l.sent[person] = append(mine, now)
	return true
}

// oneAtATime lets one request at a time check and store refunds of a payment, so
// that two tabs see each other without being asked again. Between processes the
// store decides: see propose.
type oneAtATime struct {
	mu      sync.Mutex
	waiting map[string]*turn
}

type turn struct {
	mu sync.Mutex
	n  int
}

func (o *oneAtATime) lock(key string) (unlock func()) {
	o.mu.Lock()
	if o.waiting == nil {
		o.waiting = map[string]*turn{}
	}
	t := o.waiting[key]
	if t == nil {
		t = &turn{}
		o.waiting[key] = t
	}
	t.n++
	o.mu.Unlock()
	t.mu.Lock()
	return func() {
		t.mu.Unlock()
		o.mu.Lock()
		defer o.mu.Unlock()
		if t.n--; t.n == 0 {
			delete(o.waiting, key)
		}
	}
}
