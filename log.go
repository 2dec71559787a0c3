package assist

import (
	"context"
	"log/slog"
)

// logExchange writes an exchange down. Only what an [Exchange] holds is ever
// logged, and bodies where [DangerouslyLogBodies] asks for them. Nothing is built
// for a level that is off.
func (c *Client) logExchange(ctx context.Context, x *exchanged) {
	if x.reply != nil {
		c.logBody(ctx, x.service, x.reply)
	}
	level := slog.LevelInfo
	if x.err != nil {
		level = slog.LevelWarn
	}
	if c.logger.Enabled(ctx, level) {
		c.logger.LogAttrs(ctx, level, "assist exchange", attrsOf(c.told(ctx, x))...)
	}
}

func attrsOf(e Exchange) []slog.Attr {
	attrs := make([]slog.Attr, 0, 20)
	add := func(a slog.Attr) { attrs = append(attrs, a) }
	addText := func(name, text string) {
		if text != "" {
			add(slog.String(name, text))
		}
	}
	addText("service", e.Service)
	addText("protocol", e.Protocol)
	add(slog.Int("attempt", e.Attempt))
	addText("merchant", e.MerchantID)
	addText("order", e.OrderNumber)
	addText("billnumber", string(e.Billnumber))
	addText("intent", e.IntentID)
	if e.IsCancel() {
		addText("outcome", e.Outcome.String())
	}
	addText("cause", string(e.Cause))
	if e.Operation != "" {
		addText("operation", string(e.Operation))
		addText("response_code", string(e.ResponseCode))
		addText("status", e.Status.String())
	}
	if e.First != 0 || e.Second != 0 {
		add(slog.Int("first_code", e.First))
		add(slog.Int("second_code", e.Second))
	}
	if e.HTTPStatus != 0 {
		add(slog.Int("http_status", e.HTTPStatus))
		add(slog.Int("bytes", e.Bytes))
	}
	add(slog.Duration("duration", e.Duration))
	return attrs
}
