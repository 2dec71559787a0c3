package poll

import "context"

// Gate lets so many through, in the order in which they came.
type Gate chan struct{}

// Enter waits for a place. It reports false when the context was over first.
func (g Gate) Enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case g <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Leave gives the place back.
func (g Gate) Leave() { <-g }

// Gates are passed one after the other.
type Gates []Gate

// Enter waits for a place in each.
func (all Gates) Enter(ctx context.Context) bool {
	for i, g := range all {
		if !g.Enter(ctx) {
			all[:i].Leave()
			return false
		}
	}
	return true
}

// Leave gives all places back.
func (all Gates) Leave() {
	for _, g := range all {
		g.Leave()
	}
}
