package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/grid"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

// filterFlags choose refunds, for list and export.
type filterFlags struct {
	status              []string
	since, until, query string
	needsPerson         bool
}

func (f *filterFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.status, "status", nil, "unknown, queued, in-process, done, refused, withdrawn, denied, given-up or awaiting-approval")
	flags.StringVar(&f.since, "since", "", "stored since a day (2026-11-25) or for a time (48h)")
	flags.StringVar(&f.until, "until", "", "stored before the end of a day (2026-11-25)")
	flags.StringVar(&f.query, "q", "", "order number, billnumber, R-12, last four digits, or e-mail")
	_ = c.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(known(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	flags.BoolVar(&f.needsPerson, "needs-person", false, "those alone that a person has to decide about")
}

var states = map[string]refunds.State{
	"unknown": refunds.Sent, "queued": refunds.Pending, "in-process": refunds.InProcess, "done": refunds.Done, "refused": refunds.Refused,
	"withdrawn": refunds.Withdrawn, "denied": refunds.Denied, "given-up": refunds.GivenUp, "awaiting-approval": refunds.Proposed,
}

// filter reads what was typed.
func (f *filterFlags) filter(a *app) (refunds.Filter, error) {
	bad := func(format string, args ...any) error { return exitcode.New(exitcode.Usage, format, args...) }
	out := refunds.Filter{NeedsPerson: f.needsPerson}
	for _, name := range f.status {
		s, ok := states[strings.ReplaceAll(name, " ", "-")]
		if !ok {
			return out, bad("--status: %q is none", name)
		}
		out.States = append(out.States, s)
	}
	if f.since != "" {
		if d, err := time.ParseDuration(f.since); err == nil {
			out.From = a.now().Add(-d)
		} else if out.From, err = time.ParseInLocation(time.DateOnly, f.since, verdict.Moscow); err != nil {
			return out, bad("--since: neither a day such as 2026-11-25 nor a time such as 48h")
		}
	}
	if f.until != "" {
		day, err := time.ParseInLocation(time.DateOnly, f.until, verdict.Moscow)
		if err != nil {
			return out, bad("--until: a day is written 2026-11-25")
		}
		out.To = day.AddDate(0, 0, 1)
	}
	return f.search(out), nil
}

// search tells by its shape what the text of --q is.
func (f *filterFlags) search(out refunds.Filter) refunds.Filter {
	q := strings.TrimSpace(f.query)
	b, err := assist.ParseBillnumber(q)
	switch {
	case q == "":
	case err == nil:
		out.Payment = b
	case strings.HasPrefix(strings.ToUpper(q), "R-"):
		if id, err := verdict.ParseID(q); err == nil {
			out.Before = id + 1 // and the caller stops behind it
		}
	case strings.Contains(q, "@"):
		out.Email = q
	case len(q) == 4 && strings.Trim(q, "0123456789") == "":
		out.Last4 = q
	default:
		out.OrderNumber = q
	}
	return out
}

func listCommand(a *app) *cobra.Command {
	var f filterFlags
	var most int
	c := &cobra.Command{
		Use:   "list",
		Short: "list refunds, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.list(cmd.Context(), f, most)
		},
	}
	f.add(c)
	c.Flags().IntVar(&most, "limit", 100, "how many at most; 0 is all")
	return c
}

func (a *app) list(ctx context.Context, f filterFlags, most int) error {
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	filter, err := f.filter(a)
	if err != nil {
		return err
	}
	g := grid.New(a.text("ВОЗВРАТ", "REFUND"), a.text("ЗАКАЗ", "ORDER"), a.text(">СУММА", ">AMOUNT"), a.text("СОСТОЯНИЕ", "STATUS"), a.text("ДЕНЬГИ", "MONEY"), a.text(">ВОЗРАСТ", ">AGE"), a.text(">ВОПРОСОВ", ">ASKED"))
	n, more := 0, false
	for r, err := range a.chosen(ctx, b, f, filter) {
		if err != nil {
			return err
		}
		if more = most > 0 && n == most; more {
			break
		}
		n++
		if a.flags.json || a.flags.plain {
			if err := a.print(r); err != nil {
				return err
			}
			continue
		}
		g.Row(a.row(r)...)
	}
	if n > 0 && !a.flags.json && !a.flags.plain {
		if _, err := g.WriteTo(a.Out); err != nil {
			return err
		}
	}
	if n == 0 {
		a.note("возвратов нет", "no refunds")
	}
	if more {
		a.note("показано %d; все: --limit 0", "%d are shown; all: --limit 0", n)
	}
	return nil
}

// chosen goes through the refunds of a filter, with the attempts of those that are
// open.
func (a *app) chosen(ctx context.Context, b *books, f filterFlags, filter refunds.Filter) func(func(*refunds.Record, error) bool) {
	one := filter.Before > 0
	return func(yield func(*refunds.Record, error) bool) {
		for r, err := range b.List(ctx, filter) {
			if err == nil && one && r.ID != filter.Before-1 {
				return
			}
			// What is said of these rests on their attempts.
			if err == nil && (!r.State.Final() || r.State == refunds.Refused || r.State == refunds.Withdrawn) {
				r, err = b.Get(ctx, r.ID)
			}
			if !yield(r, err) || err != nil || one {
				return
			}
		}
	}
}

// row is a refund in a table.
func (a *app) row(r *refunds.Record) []string {
	v := verdict.Of(r)
	money := "?"
	if v.Moved != nil {
		money = a.text("нет", "no")
		if *v.Moved {
			money = a.text("ушли", "moved")
		}
	} else if v.Outcome == verdict.InProcess && v.Code == exitcode.NotFinished {
		money = a.text("ещё нет", "not yet")
	}
	asked := ""
	if n := len(r.Attempts); n > 0 {
		asked = fmt.Sprint(r.Attempts[n-1].Asks)
	}
	return []string{verdict.ID(r.ID), r.Request.OrderNumber, r.Request.Amount.String(), a.outcomeWord(v.Outcome), money, age(a.now().Sub(r.Created)), asked}
}

// outcomeWord is an outcome in a word.
func (a *app) outcomeWord(outcome string) string {
	ru := map[string]string{verdict.Done: "исполнен", verdict.Refused: "отказано", verdict.Withdrawn: "отозван", verdict.Denied: "не одобрен", verdict.GivenUp: "закрыт",
		verdict.Approval: "ждёт одобрения", verdict.InProcess: "в обработке", verdict.Unknown: "неизвестен", verdict.Queued: "в очереди",
		verdict.MovedLate: "ушли вопреки решению"}
	return a.text("%[2]s", "%[1]s", outcome, ru[outcome])
}

// age is a duration as a person reads it: 41s, 14m, 2h41m, 3d.
func age(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// known are the names of --status, for completion.
func known() []string {
	var names []string
	for name := range states {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
