package refunds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// HangingError says that functions given to [Handle] haven't returned, although
// their time was over and [Carrier.Run] has ended. Each still has its goroutine.
// Its transaction was rolled back, so nothing that it writes by it is kept, and
// its event is delivered again by the next process.
type HangingError struct {
	Handlers []string // names, sorted
}

func (e *HangingError) Error() string {
	return "refunds: handlers that haven't returned: " + strings.Join(e.Handlers, ", ")
}

var errNotReturned = errors.New("it hasn't returned in its time, and is left behind")

const (
	// returnAfter is how long a function is waited for when its time is over: one
	// that heeds its context needs no more.
	returnAfter = time.Second
	// hangingCalls is how many calls of one handler may hang in this process before
	// it isn't called any more: one event that it hangs at holds up no other, and a
	// handler that hangs at all of them holds up the housekeeping three times.
	hangingCalls = 3
)

// called runs a function of the merchant's. A panic of it is an error. One that
// doesn't return is left behind when its context has ended: nothing else can be
// done about it in Go.
func called(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errors.New("it has ended its goroutine")
		defer func() { done <- err }()
		err = guarded(f)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	t := time.NewTimer(returnAfter)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return errNotReturned
	}
}

// guarded makes an error of a panic: what one client's transport does, or one
// handler, ends neither the process nor what else is to be done.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("refunds: a panic: %v", p))
		}
	}()
	return f()
}

// complain logs an error where a panic of the merchant's logger would end the
// process.
func (b *Book) complain(ctx context.Context, what string, args ...any) {
	_ = guarded(func() error {
		b.log.ErrorContext(ctx, what, args...)
		return nil
	})
}

// handling is a call of a handler that hasn't returned.
type handling struct {
	handler string
	event   int64
}

// mayHandle tells whether a handler is to be called for an event: not twice at
// once for the same, and not while too many of its calls hang.
func (c *Carrier) mayHandle(one handling) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for other := range c.handlings {
		if other.handler == one.handler {
			n++
		}
	}
	return !c.handlings[one] && n < hangingCalls
}

func (c *Carrier) noteHandling(one handling, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if on {
		c.handlings[one] = true
	} else {
		delete(c.handlings, one)
	}
}

// hanging gives an error with the handlers that haven't returned, or nil.
func (c *Carrier) hanging() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for one := range c.handlings {
		names = append(names, one.handler)
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return &HangingError{slices.Compact(names)}
}
