package main

import (
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// bar is a progress bar on a terminal, and a line every ten seconds elsewhere.
type bar struct {
	a        *app
	what     string
	n, total int
	last     time.Time
	group    *mpb.Progress
	line     *mpb.Bar
}

func (a *app) bar(total int, what string) *bar {
	b := &bar{a: a, what: what, total: total, last: time.Now()}
	if !a.ErrIs || total == 0 {
		return b
	}
	b.group = mpb.New(mpb.WithOutput(a.Err), mpb.WithWidth(40))
	b.line = b.group.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name(what+" "), decor.CountersNoUnit("%d/%d ")),
		mpb.AppendDecorators(decor.AverageSpeed(0, "%.1f/s "), decor.AverageETA(decor.ET_STYLE_GO)))
	return b
}

func (b *bar) add(n int) {
	b.n += n
	if b.line != nil {
		b.line.IncrBy(n)
		return
	}
	if time.Since(b.last) > 10*time.Second {
		b.last = time.Now()
		b.a.note("%s: %d из %d", "%s: %d of %d", b.what, b.n, b.total)
	}
}

// end leaves the bar as it stands.
func (b *bar) end() {
	if b.line == nil {
		return
	}
	b.line.Abort(false)
	b.group.Wait()
}
