package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/batch"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/sheet"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/cmd/assist/internal/wording"
	"github.com/assist-go/assist/refunds"
)

// ahead is how many rows may be stored and not sent yet: what is interrupted leaves
// no more than these in the queue.
const ahead = 32

// all stores and carries row by row, follows what is under way, and writes what
// became of each row.
func (m *importing) all(ctx context.Context, c *refunds.Carrier) error {
	m.refused = map[int]*exitcode.Error{}
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
	fates, unread := m.results(context.WithoutCancel(ctx))
	if unread != nil && m.stored {
		return exitcode.New(exitcode.Unknown, "%s", m.a.text("хранилище не отвечает, исход части строк неизвестен: деньги могли уйти (%v)", "the store gives no answer and the outcome of some rows isn't known: the money may have moved (%v)", unread)).
			Then("%s", m.a.text("повторите эту же команду с тем же файлом", "repeat this very command with the same file")).Because(unread)
	}
	return m.ending(fates, errors.Join(err, unread))
}

// ending is how the command ends: by the rows, and by what has stopped it. No code
// says that nothing moved where a row's money did, or may.
func (m *importing) ending(f fates, stopped error) error {
	e := exitcode.New(f.code(), "")
	if stopped != nil {
		e = exitcode.New(f.beside(m.a.explain(stopped).Code), "%s", m.a.text("остановлено; сохранённое остаётся в очереди, та же команда продолжит", "stopped; what is stored stays queued, and the same command goes on")).Because(stopped)
	}
	switch {
	case e.Code == exitcode.Done:
		return nil
	case e.Code == exitcode.Unknown:
		e.Text = m.a.text("исход части строк неизвестен: деньги могли уйти; не повторяйте их под другим ключом", "the outcome of some rows is unknown: the money may have moved; don't repeat them under another key")
		e.Then("assist list --status unknown")
	case e.Code == exitcode.NotFinished && f.moved > 0 && stopped == nil && f.goes == 0:
		e.Text = m.a.text("возвращена часть строк: %d из %d; остальные — в файле результатов", "a part of the rows was given back: %d of %d; the others are in the file of results", f.moved, m.rows)
	}
	return e
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
		m.refused[row.Line] = m.a.explain(f.why)
	}
	if f.why != nil || f.ended {
		bar.add(1)
		return nil
	}
	id := f.id
	m.stored = true // an answer that is lost may have been a yes
	if id == 0 {
		id, err = m.a.store(ctx, m.b, f.wish, f.guard)
		if errors.Is(err, refunds.ErrMeanwhile) { // perhaps a like one
			return m.one(ctx, row, bar)
		}
		if err != nil {
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

// fates counts what became of a file's rows.
type fates struct {
	moved, unknown, goes int // is back; may be, or must be looked at; is stored and goes on
	others               int // nothing of them was sent
	queued               int // of these, what is stored and goes when it can
	worst                int // the code of the others
}

func (f *fates) add(v verdict.Verdict) {
	switch {
	case v.Code == exitcode.Unknown:
		f.unknown++
	case v.Moved != nil && *v.Moved:
		f.moved++
	case v.Code == exitcode.NotFinished:
		f.goes++
	default:
		f.others++
		if v.Outcome == verdict.Queued {
			f.queued++
		}
		// What may be repeated is what there is to do; then the settings.
		for _, code := range []int{exitcode.NotSent, exitcode.Settings, exitcode.Refused} {
			if v.Code == code || f.worst == code {
				f.worst = code
				break
			}
		}
	}
}

// code is that of the whole file: of a part it is neither "done" nor "no money moved".
func (f fates) code() int {
	switch {
	case f.unknown > 0:
		return exitcode.Unknown
	case f.goes > 0, f.moved > 0 && f.others > 0:
		return exitcode.NotFinished
	}
	return f.worst
}

// beside is the code of a run that was stopped by an error of its own.
func (f fates) beside(code int) int {
	switch {
	case f.unknown > 0, code == exitcode.Unknown:
		return exitcode.Unknown
	case f.goes+f.moved > 0, f.queued > 0 && code != exitcode.NotSent:
		return exitcode.NotFinished
	}
	return code
}

// results writes what became of each row beside the file, and counts it. What can't
// be written is counted all the same; the error is of the store.
func (m *importing) results(ctx context.Context) (f fates, err error) {
	path := m.flags.result
	if path == "" {
		path = strings.TrimSuffix(m.path, filepath.Ext(m.path)) + ".result.csv"
	}
	file, unwritten := os.CreateTemp(filepath.Dir(path), ".result-*")
	if unwritten != nil {
		m.a.note("файл результатов не записан: %v", "the file of results isn't written: %v", unwritten)
		return m.write(ctx, io.Discard)
	}
	defer os.Remove(file.Name()) // after the rename there is nothing of that name
	f, err = m.write(ctx, file)
	if unwritten = errors.Join(m.unwritten, file.Sync(), file.Close()); unwritten == nil && err == nil {
		unwritten = os.Rename(file.Name(), path)
	}
	switch {
	case unwritten != nil:
		m.a.note("файл результатов не записан: %v", "the file of results isn't written: %v", unwritten)
	case err == nil:
		m.a.note("по строкам: %s", "row by row: %s", path)
	}
	return f, err
}

func (m *importing) write(ctx context.Context, to io.Writer) (f fates, err error) {
	w, unwritten := sheet.NewCSV(to, "line", "order", "amount", "currency", "key", "refund", "outcome", "money_moved", "exit", "text")
	counts := map[string]int{}
	err = batch.Each(m.path, m.currency, func(row batch.Row) error {
		v, r, err := m.became(ctx, row)
		if err != nil {
			return err
		}
		moved := "unknown"
		if v.Moved != nil {
			moved = strconv.FormatBool(*v.Moved)
		}
		counts[v.Outcome]++
		f.add(v)
		id, sum := "", row.Amount
		if r != nil {
			if id = verdict.ID(r.ID); !r.Purged {
				sum = r.Request.Amount
			}
		}
		if unwritten == nil {
			unwritten = w.Row(row.Line, row.Order, sum, sum.Currency(), row.Key, id, v.Outcome, moved, v.Code, v.Text.In(m.a.lang))
		}
		return nil
	})
	m.a.note("исполнено %d, в пути %d, неизвестно %d, отказано %d, не сохранено %d", "%d done, %d under way, %d unknown, %d refused, %d not stored", counts[verdict.Done],
		counts[verdict.InProcess]+counts[verdict.Queued]+counts[verdict.Approval], counts[verdict.Unknown]+counts[verdict.GivenUp]+counts[verdict.MovedLate], counts[verdict.Refused], counts[notStored])
	if unwritten == nil {
		unwritten = w.Close()
	}
	m.unwritten = unwritten
	return f, err
}

// notStored is the outcome of a row of which there is no refund.
const notStored = "not stored"

// became is what became of a row.
func (m *importing) became(ctx context.Context, row batch.Row) (verdict.Verdict, *refunds.Record, error) {
	no := false
	v := verdict.Verdict{Code: exitcode.NotSent, Outcome: notStored, Moved: &no}
	if why, refused := m.refused[row.Line]; refused {
		v.Code, v.Text = why.Code, wording.Words{RU: why.Text, EN: why.Text}
		switch v.Code {
		case exitcode.Unknown:
			v.Moved = nil
		case exitcode.Usage, exitcode.NotFound, exitcode.Failed:
			v.Code = exitcode.Refused
		}
		return v, nil, nil
	}
	r, err := m.b.ByKey(ctx, m.client.MerchantID(), row.Key)
	switch {
	case errors.Is(err, refunds.ErrNotFound): // it was stopped before this row
		return v, nil, nil
	case err != nil:
		return v, nil, err
	}
	return verdict.Of(r), r, nil
}
