package refunds

import "context"

// pass claims up to a number of refunds, the merchants in turn: the next pass
// begins behind the last one that had something.
func (c *Carrier) pass(ctx context.Context, free int, spawn func(func())) (claimed int, err error) {
	c.mu.Lock()
	first := c.turn
	c.mu.Unlock()
	for i := range c.merchants {
		at := (first + i) % len(c.merchants)
		merchant := c.merchants[at]
		if claimed == free || ctx.Err() != nil {
			break
		}
		room := min(free-claimed, c.room(merchant))
		if room < 1 {
			continue
		}
		views, failed := c.claim(ctx, merchant, room)
		if otherServer(failed) { // which holds up no other merchant
			err = failed
			continue
		}
		if failed != nil {
			return claimed, failed
		}
		if len(views) == 0 {
			continue
		}
		claimed += len(views)
		c.mu.Lock()
		c.turn, c.under[merchant] = at+1, c.under[merchant]+len(views)
		c.mu.Unlock()
		for _, v := range views {
			spawn(func() {
				defer c.leave(merchant)
				c.carry(ctx, v)
			})
		}
	}
	return claimed, err
}

// share is how many of a merchant may be under way.
func (c *Carrier) share(merchant string) int {
	switch {
	case c.misses[merchant] >= 5: // Assist seems to be away: one tries for all
		return 1
	case c.perMerchant > 0:
		return c.perMerchant
	case len(c.merchants) > 1:
		return max(1, c.workers-max(1, c.workers/4))
	}
	return c.workers
}

func (c *Carrier) room(merchant string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.share(merchant) - c.under[merchant]
}

// leave makes room again, and tells so where there was none.
func (c *Carrier) leave(merchant string) {
	c.mu.Lock()
	full := c.under[merchant] >= c.share(merchant)
	c.under[merchant]--
	c.mu.Unlock()
	if full {
		c.book.wake()
	}
}
