package refunds

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assist-go/assist/refunds/internal/storage"
)

// ErrClock: this machine's clock is too far from the database's. Nothing is sent
// from here until it is right; what was sent is followed on.
var ErrClock = errors.New("refunds: the clock is more than 20 seconds from the database's")

const (
	clockWarns = 2 * time.Second
	clockStops = 20 * time.Second
	clockEvery = time.Minute
)

// checkClock compares the machine's clock with the database's, once a minute, so
// that one that is set while the process runs is noticed. A clock that was given
// by [Clock] isn't compared.
func (c *Carrier) checkClock(ctx context.Context) error {
	if !c.book.real {
		return nil
	}
	c.mu.Lock()
	at, known := c.clockAt, c.clockErr
	c.mu.Unlock()
	// Without the monotonic reading, which goes on evenly where a clock is set.
	before := c.book.now().Round(0)
	if !at.IsZero() && before.Sub(at).Abs() < clockEvery {
		return known
	}
	us, err := c.book.store.Clock(ctx)
	if err != nil || us == 0 {
		return err
	}
	after := c.book.now().Round(0)
	// Between the two the database has looked: so much the figure is unsure by.
	apart := max(instant(us).Sub(after), before.Sub(instant(us)), 0)
	known = nil
	switch {
	case apart > clockStops:
		known = fmt.Errorf("%w: %s", ErrClock, apart.Round(time.Second))
		c.book.log.ErrorContext(ctx, "refunds: the clock is too far from the database's, so nothing is sent", "by", apart)
	case apart > clockWarns:
		c.book.log.WarnContext(ctx, "refunds: the clock is apart from the database's", "by", apart)
	}
	c.mu.Lock()
	c.clockAt, c.clockErr = before, known
	c.mu.Unlock()
	return known
}

// states are those that this carrier may claim of a merchant.
func (c *Carrier) states(m storage.Merchant) []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clockErr != nil {
		m.Held = 1
	}
	return statesOf(m)
}
