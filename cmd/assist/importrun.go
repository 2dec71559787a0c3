package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/batch"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/sheet"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
)

// ahead is how many rows may be stored and not sent yet: what is interrupted leaves
// no more than these in the queue.
const ahead = 32

// all stores and carries row by row, follows what is under way, and writes what
// became of each row.
func (m *importing) all(ctx context.Context, c *refunds.Carrier) error {
	m.refused = map[int]string{}
	bar := m.a.bar(m.rows, m.a.text("возвращено", "given back"))
	err := m.a.carrying(ctx, c, func() error {
		err := batch.Each(m.path, m.currency, func(row batch.Row) error { return m.one(ctx, row, bar) })
		if err != nil {
			return err
		}
		return m.settle(ctx, 0, m.flags.wait, bar)
	})
	bar.end()
	if err != nil && !errors.Is(err, errInterrupted) {
		m.a.note("остановлено: %v", "stopped: %v", err)
	}
	worst, written := m.results(context.WithoutCancel(ctx))
	if written != nil {
		return errors.Join(err, written)
	}
	switch {
	case worst == exitcode.Unknown:
		return exitcode.New(worst, "%s", m.a.text("исход части строк неизвестен: деньги могли уйти; не повторяйте их под другим ключом", "the outcome of some rows is unknown: the money may have moved; don't repeat them under another key")).
			Then("assist list --status unknown")
	case err != nil:
		e := m.a.explain(err)
		e.Text = m.a.text("остановлено; сохранённое остаётся в очереди, та же команда продолжит", "stopped; what is stored stays queued, and the same command goes on")
		if errors.Is(err, errInterrupted) {
			e.Code = exitcode.NotFinished
		}
		return e
	case worst != exitcode.Done:
		return exitcode.New(worst, "")
	}
	return nil
}

// one takes one row up.
func (m *importing) one(ctx context.Context, row batch.Row, bar *bar) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	f, err := m.judge(ctx, row)
	if err != nil {
		return err
	}
	if f.why != nil {
		m.refused[row.Line] = m.a.explain(f.why).Text
		bar.add(1)
		return nil
	}
	id := f.id
	if id == 0 {
		if id, err = m.a.store(ctx, m.b, f.wish); err != nil {
			return err
		}
	}
	m.open = append(m.open, id)
	return m.settle(ctx, ahead, time.Hour, bar)
}

// settle waits until no more than a number of refunds is yet to be sent, or with 0
// until all is settled, or the wait is over.
func (m *importing) settle(ctx context.Context, most int, wait time.Duration, bar *bar) error {
	began := time.Now()
	for {
		waiting := 0
		still := m.open[:0]
		for _, id := range m.open {
			r, err := m.b.Get(context.WithoutCancel(ctx), id)
			if err != nil {
				return err
			}
			if m.a.settled(r, began, wait) {
				bar.add(1)
				continue
			}
			still = append(still, id)
			if most == 0 || r.State == refunds.Pending {
				waiting++
			}
		}
		m.open = still
		if waiting <= most {
			return nil
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return errInterrupted
		}
	}
}

// results writes what became of each row beside the file, and gives the worst code.
func (m *importing) results(ctx context.Context) (worst int, err error) {
	path := m.flags.result
	if path == "" {
		path = strings.TrimSuffix(m.path, filepath.Ext(m.path)) + ".result.csv"
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".result-*")
	if err != nil {
		return exitcode.Done, err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing of that name
	if worst, err = m.write(ctx, f); err != nil {
		return worst, errors.Join(err, f.Close())
	}
	if err = errors.Join(f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		m.a.note("по строкам: %s", "row by row: %s", path)
	}
	return worst, err
}

func (m *importing) write(ctx context.Context, f *os.File) (worst int, err error) {
	w, err := sheet.NewCSV(f, "line", "order", "amount", "currency", "key", "refund", "outcome", "money_moved", "exit", "text")
	if err != nil {
		return 0, err
	}
	counts := map[string]int{}
	err = batch.Each(m.path, m.currency, func(row batch.Row) error {
		cells := []any{row.Line, row.Order, row.Amount, row.Amount.Currency(), row.Key, "", "not stored", "false", exitcode.Refused, m.refused[row.Line]}
		if _, no := m.refused[row.Line]; !no {
			r, err := m.b.ByKey(ctx, m.client.MerchantID(), row.Key)
			switch {
			case errors.Is(err, refunds.ErrNotFound): // it was stopped before this row
				cells[8] = exitcode.NotSent
			case err != nil:
				return err
			default:
				v := verdict.Of(r)
				moved := "unknown"
				if v.Moved != nil {
					moved = map[bool]string{true: "true", false: "false"}[*v.Moved]
				}
				cells = []any{row.Line, row.Order, r.Request.Amount, r.Request.Amount.Currency(), row.Key, verdict.ID(r.ID), v.Outcome, moved, v.Code, v.Text.In(m.a.lang)}
			}
		}
		counts[cells[6].(string)]++
		if code := cells[8].(int); worse(code, worst) {
			worst = code
		}
		return w.Row(cells...)
	})
	m.a.note("исполнено %d, в пути %d, неизвестно %d, отказано %d, не сохранено %d", "%d done, %d under way, %d unknown, %d refused, %d not stored", counts[verdict.Done],
		counts[verdict.InProcess]+counts[verdict.Queued]+counts[verdict.Approval], counts[verdict.Unknown], counts[verdict.Refused], counts["not stored"])
	return worst, errors.Join(err, w.Close())
}
