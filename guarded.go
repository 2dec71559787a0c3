package assist

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// guarded runs code of the caller's that is only told of a result: a log handler,
// a day balance that settles, an observer. By then the result is recorded, and the
// caller must get it, so a panic ends here. It is logged by where it came from; its
// value isn't, for it may hold anything. When it is the log's own there is nowhere
// left to tell of it.
//
// Code whose word is needed (transport, SaveIntent, Reserve, clock) isn't run by
// guarded. Its panic goes through to the caller: before the send nothing has
// happened, and after it the payment stays closed.
func (c *Client) guarded(ctx context.Context, what string, hook func()) {
	defer func() {
		panicked := recover()
		if panicked == nil || c.logger == nil {
			return
		}
		stack := string(debug.Stack())
		defer func() { _ = recover() }()
		c.logger.LogAttrs(ctx, slog.LevelError, "assist: code of the program's own panicked", slog.String("where", what),
			slog.String("type", fmt.Sprintf("%T", panicked)), slog.String("stack", stack))
	}()
	hook()
}
