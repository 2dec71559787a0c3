package simulation

import (
	"context"
	"log/slog"
	"strings"
)

// logReader is where the SDK logs to: it reads every line for secrets.
type logReader struct{ run *run }

func (l logReader) Enabled(context.Context, slog.Level) bool { return true }

func (l logReader) Handle(_ context.Context, record slog.Record) error {
	var line strings.Builder
	line.WriteString(record.Message)
	record.Attrs(func(a slog.Attr) bool {
		line.WriteByte(' ')
		line.WriteString(a.Key)
		line.WriteByte('=')
		line.WriteString(a.Value.String())
		return true
	})
	l.run.checkText("a log line", line.String())
	l.run.mu.Lock()
	l.run.result.LogLines++
	l.run.mu.Unlock()
	return nil
}

func (l logReader) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l logReader) WithGroup(string) slog.Handler      { return l }
