package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/amount"
	"github.com/assist-go/assist/cmd/assist/internal/batch"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

// importFlags are what assist import is told.
type importFlags struct {
	dryRun, yes, another bool
	limit, result        string
	wait                 time.Duration
	workers              int
}

func importCommand(a *app) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "give money back by a file, one refund a row",
		Long: `Give money back by a CSV file in UTF-8 (commas, semicolons or tabs). The first line
names the columns: order, amount (or "full"), note, key, and where you have them
billnumber and reason. A key is one refund, for ever: the same file again, or what
was killed in the middle, goes on where it was, and pays nothing twice.

The whole file is read first, and one wrong line stops all. What a rule of the day
forbids is queued for midnight. What became of each row is written to
FILE.result.csv. --dry-run asks and checks, and stores and sends nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importFile(cmd.Context(), args[0], f) },
	}
	flags := c.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "ask and check, store and send nothing")
	flags.StringVar(&f.limit, "limit-sum", "", "stop all where the file comes to more than this")
	flags.BoolVar(&f.yes, "yes", false, "don't ask for the sum. Required without a terminal")
	flags.BoolVar(&f.another, "another", false, "several like refunds of one order are meant")
	flags.StringVar(&f.result, "result", "", "file of what became of each row; FILE.result.csv when empty")
	flags.DurationVar(&f.wait, "wait", 10*time.Minute, "how long to follow what is in process or unknown, once all is stored")
	flags.IntVar(&f.workers, "workers", 8, "how many cancels and questions at once")
	return c
}

func (a *app) importFile(ctx context.Context, path string, f importFlags) error {
	p, err := a.settings()
	if err != nil {
		return err
	}
	sums, err := a.scan(path, p.Currency, f)
	if err != nil {
		return err
	}
	if !f.dryRun && !f.yes && !a.Asks() {
		return exitcode.New(exitcode.Usage, "%s", a.text("без терминала нужен --yes; ничего не сохранено и не отправлено", "without a terminal --yes is needed; nothing was stored or sent"))
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	c, client, err := a.carrier(ctx, b, refunds.Workers(f.workers))
	if err != nil {
		return err
	}
	run := &importing{a: a, b: b, client: client, path: path, currency: p.Currency, flags: f, rows: sums.Rows}
	if f.dryRun {
		return run.rehearse(ctx)
	}
	if !f.yes {
		typed, err := a.Ask(ctx, a.text("Вернуть по %d строкам %s? Отозвать потом нельзя. Наберите сумму: ", "Give back %[2]s by %[1]d rows? This can't be called back. Type the sum: ", sums.Rows, sums.Sum))
		if err != nil {
			return a.stopped(err)
		}
		if got, err := amount.Parse(typed, p.Currency); err != nil || got != sums.Sum {
			return exitcode.New(exitcode.Interrupted, "%s", a.text("это не %s; ничего не сохранено и не отправлено", "that isn't %s; nothing was stored or sent", sums.Sum.Amount()))
		}
	}
	return run.all(ctx, c)
}

// scan reads the whole file, and refuses what can't be meant.
func (a *app) scan(path, currency string, f importFlags) (batch.Sums, error) {
	sums, err := batch.Scan(path, currency)
	var line *batch.LineError
	switch {
	case errors.As(err, &line):
		return sums, exitcode.New(exitcode.Usage, "%s", a.text("%s: %v; ничего не сохранено и не отправлено", "%s: %v; nothing was stored or sent", path, err))
	case errors.Is(err, fs.ErrNotExist):
		return sums, exitcode.New(exitcode.NotFound, "%v", err)
	case err != nil:
		return sums, err
	}
	if len(sums.Alike) > 0 && !f.another && !f.dryRun {
		return sums, exitcode.New(exitcode.Refused, "%s", a.text("строки %v просят то же, что более ранние, под другим ключом; ничего не сохранено. Если так и надо: --another",
			"lines %v ask for what earlier lines ask for, under another key; nothing was stored. If that is meant: --another", sums.Alike[:min(len(sums.Alike), 20)]))
	}
	if f.limit == "" {
		return sums, nil
	}
	limit, err := amount.Parse(f.limit, currency)
	if err != nil {
		return sums, exitcode.New(exitcode.Usage, "--limit-sum: %v", err)
	}
	if sums.Full > 0 {
		return sums, exitcode.New(exitcode.Refused, "%s", a.text("с --limit-sum сумма нужна в каждой строке, а в %d стоит full", "with --limit-sum each row needs its amount, and %d say full", sums.Full))
	}
	if over, err := sums.Sum.Cmp(limit); err != nil || over > 0 {
		return sums, exitcode.New(exitcode.Refused, "%s", a.text("в файле %s, это больше предела %s; ничего не сохранено", "the file comes to %s, more than the limit of %s; nothing was stored", sums.Sum, limit))
	}
	return sums, nil
}

// importing is one run over a file.
type importing struct {
	a        *app
	b        *books
	client   *assist.Client
	path     string
	currency string
	flags    importFlags
	rows     int

	open      []refunds.ID // stored, and not settled yet
	stored    bool         // a row is stored, or may be
	planned   map[assist.Billnumber]assist.Money
	refused   map[int]*exitcode.Error // lines that were not stored, and why
	unwritten error                   // what kept the file of results from being written
}

// fate is what is to become of a row.
type fate struct {
	id    refunds.ID // of one that is stored already
	ended bool       // and purged: it is done with, and nothing is left to follow
	wish  refunds.Refund
	guard refunds.Guard // what the wish rests on
	why   error         // it can't be made
}

// judge asks about a row's order, and tells what is to become of it.
func (m *importing) judge(ctx context.Context, row batch.Row) (fate, error) {
	f := refundFlags{key: row.Key, note: row.Note, reason: row.Reason, full: row.Full}
	if !row.Full {
		f.amount = row.Amount.Amount()
	}
	t := target{number: row.Order, billnumber: row.Billnumber}
	r, err := m.b.ByKey(ctx, m.client.MerchantID(), row.Key)
	switch {
	case err == nil && r.Purged:
		return m.purged(ctx, r, t, f)
	case err == nil:
		why := m.a.sameRequest(r, t, f)
		if why == nil {
			why = m.inItsCurrency(row, r.Request.Amount)
		}
		return fate{id: r.ID, why: why}, nil
	case !errors.Is(err, refunds.ErrNotFound):
		return fate{}, err
	}
	found, err := m.a.find(ctx, m.client, m.b, t)
	if err != nil {
		e := m.a.explain(err)
		if e.Code == exitcode.NotFound || e.Code == exitcode.Refused || e.Code == exitcode.Usage {
			return fate{why: e}, nil
		}
		return fate{}, e // Assist is away, or the settings are wrong: all rows would fare the same
	}
	if err := m.inItsCurrency(row, found.paid); err != nil {
		return fate{why: err}, nil
	}
	wish, err := m.a.wish(found, m.client.MerchantID(), f)
	if err != nil {
		return fate{why: err}, nil
	}
	return m.rules(ctx, found, wish)
}

// inItsCurrency refuses a row of an order in another currency: the limit was held
// against the file's, and the person has agreed to the sum in it.
func (m *importing) inItsCurrency(row batch.Row, of assist.Money) error {
	if of.Currency() == m.currency {
		return nil
	}
	return exitcode.New(exitcode.Refused, "%s", m.a.text("не отправлено: файл в %s, а заказ %s оплачен в %s; для него нужен свой файл с ASSIST_CURRENCY=%[3]s", "not sent: the file is in %s and order %s was paid in %s; that needs a file of its own, with ASSIST_CURRENCY=%[3]s",
		m.currency, row.Order, of.Currency()))
}

// purged tells of a row whose refund has ended and was purged. What can't be told
// doesn't hold up the rows behind it, unless Assist is away.
func (m *importing) purged(ctx context.Context, r *refunds.Record, t target, f refundFlags) (fate, error) {
	err := m.a.samePurged(ctx, m.b, m.client, r, t, f, m.currency)
	if err == nil {
		return fate{id: r.ID, ended: true}, nil
	}
	e := m.a.explain(err)
	if e.Code == exitcode.NotSent || e.Code == exitcode.Settings || e.Code == exitcode.Failed || e.Code == exitcode.Interrupted {
		return fate{}, e
	}
	return fate{id: r.ID, ended: true, why: e}, nil
}

// rules queues for midnight what a rule of the day forbids.
func (m *importing) rules(ctx context.Context, found *found, wish refunds.Refund) (fate, error) {
	sum := wish.Request.Amount
	if earlier, ok := m.planned[found.bill]; ok { // rows before it, of a rehearsal
		if left, err := found.left.Sub(earlier); err == nil {
			found.left = left
		} else {
			found.left, _ = assist.NewMoney(0, sum.Currency()) // a zero of a known currency is one
		}
	}
	broken := found.rule(sum, m.a.now())
	if at, ok := assist.NotBefore(broken); ok && assist.RemedyOf(broken) == assist.RemedyTime {
		wish.NotBefore = m.a.midnight(found, sum)
		broken = found.rule(sum, maxTime(wish.NotBefore, at))
	}
	like, guard, err := m.a.like(ctx, m.b, wish)
	if err != nil {
		return fate{}, err
	}
	if broken == nil && like != nil && !m.flags.another {
		broken = exitcode.New(exitcode.Refused, "%s", m.a.text("такой же возврат уже есть (ключ %s); если так и надо: --another", "there is a like refund (key %s); if it is meant: --another", like.Key))
	}
	return fate{wish: wish, guard: guard, why: broken}, nil
}

func maxTime(x, y time.Time) time.Time {
	if x.After(y) {
		return x
	}
	return y
}

// rehearse is a dry run.
func (m *importing) rehearse(ctx context.Context) error {
	m.planned = map[assist.Billnumber]assist.Money{}
	var ok, there, midnight int
	sum, err := assist.NewMoney(0, m.currency)
	if err != nil {
		return err
	}
	var refused []string
	bar := m.a.bar(m.rows, m.a.text("проверено", "checked"))
	err = batch.Each(m.path, m.currency, func(row batch.Row) error {
		if ctx.Err() != nil {
			return errInterrupted
		}
		f, err := m.judge(ctx, row)
		if err != nil {
			return err
		}
		bar.add(1)
		switch {
		case f.why != nil:
			refused = append(refused, m.a.text("строка %d %s", "line %d %s", row.Line, short(m.a.explain(f.why).Text)))
			return nil
		case f.id != 0:
			there++
			return nil
		case !f.wish.NotBefore.IsZero():
			midnight++
		default:
			ok++
		}
		if sum, err = sum.Add(f.wish.Request.Amount); err != nil {
			return err
		}
		return m.plan(f.wish.Request)
	})
	bar.end()
	if err != nil {
		return err
	}
	text := m.a.text(" %d строк · %s · %d в порядке", " %d rows · %s · %d ok", m.rows, sum, ok)
	if midnight > 0 {
		text += m.a.text(" · %d ждут полуночи", " · %d wait for midnight", midnight)
	}
	if there > 0 {
		text += m.a.text(" · %d уже есть", " · %d are there already", there)
	}
	if len(refused) > 0 {
		text += m.a.text(" · %d нельзя: ", " · %d refused: ", len(refused)) + strings.Join(refused[:min(len(refused), 20)], ", ")
	}
	if _, err := io.WriteString(m.a.Out, text+"\n"); err != nil {
		return err
	}
	m.a.note("ничего не сохранено и не отправлено", "nothing was stored or sent")
	if len(refused) > 0 {
		return exitcode.New(exitcode.Refused, "")
	}
	return nil
}

// plan notes what a row of a rehearsal would take of its payment.
func (m *importing) plan(req assist.CancelRequest) error {
	sum := req.Amount
	if earlier, ok := m.planned[req.Billnumber]; ok {
		var err error
		if sum, err = sum.Add(earlier); err != nil {
			return err
		}
	}
	m.planned[req.Billnumber] = sum
	return nil
}

// short cuts what stands before a reason.
func short(text string) string {
	for _, lead := range []string{"not sent: ", "не отправлено: "} {
		text = strings.TrimPrefix(text, lead)
	}
	return fmt.Sprintf("(%s)", text)
}
