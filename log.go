package assist

import (
	"context"
	"log/slog"
	"time"

	"github.com/assist-go/assist/internal/wire"
)

// exchangeRecord is what may be logged of one exchange.
type exchangeRecord struct {
	service      wire.Service
	attempt      int        // counted from 1; 0 where there is only one
	billnumber   Billnumber // of a cancel
	outcome      Outcome    // of a cancel
	cancellation *Cancellation
	reply        *reply
	err          error
	took         time.Duration
}

// logExchange writes by allow-list: only what is named here is ever logged, and
// none of it is a server's or a customer's text.
func (c *Client) logExchange(ctx context.Context, x exchangeRecord) {
	if c.logger == nil {
		return
	}
	c.guarded(ctx, "log handler", func() { c.writeExchange(ctx, x) })
}

func (c *Client) writeExchange(ctx context.Context, x exchangeRecord) {
	if x.reply != nil {
		c.logBody(ctx, x.service, x.reply)
	}
	level := slog.LevelInfo
	if x.err != nil {
		level = slog.LevelWarn
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.String("service", x.service.String()), slog.String("protocol", c.protocol.forService(x.service).String()),
		slog.Int("attempt", max(x.attempt, 1)))
	if x.service == wire.Cancel {
		attrs = append(attrs, slog.String("billnumber", string(x.billnumber)), slog.String("outcome", x.outcome.String()))
	}
	if x.cancellation != nil {
		attrs = append(attrs,
			slog.String("operation", string(x.cancellation.Operation.Billnumber)),
			// Accepted means that the code is one of the table's, so no foreign text.
			slog.String("response_code", string(x.cancellation.Operation.ResponseCode)),
			slog.String("status", x.cancellation.Status.String()))
	}
	if api, ok := codesOf(x.err); ok {
		attrs = append(attrs, slog.Int("first_code", api.First), slog.Int("second_code", api.Second))
	}
	if x.reply != nil {
		attrs = append(attrs, slog.Int("http_status", x.reply.status), slog.Int("bytes", x.reply.size))
	}
	attrs = append(attrs, slog.Duration("duration", x.took))
	c.logger.LogAttrs(ctx, level, "assist exchange", attrs...)
}
