package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

// decideFlags are what assist decide is told.
type decideFlags struct {
	moved, notOurs         string
	notMoved, wait, giveUp bool
	sawLate                bool
	confirm                int64
	why                    string
	most                   time.Duration
}

func decideCommand(a *app) *cobra.Command {
	var f decideFlags
	c := &cobra.Command{
		Use:   "decide ID",
		Short: "say what became of a refund that only a person can tell about",
		Long: `Say what became of a refund that only a person can tell about, after a look into
the personal account. Assist is asked before the decision is carried out, and what
its answer contradicts is refused.

--not-moved and --not-ours send the refund anew, so money could move twice: a
second person has to confirm them, by assist decide ID --confirm N.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.decide(cmd.Context(), args[0], f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.moved, "moved", "", "this operation is the refund: BILL.N")
	flags.StringVar(&f.notOurs, "not-ours", "", "this operation was made by hand and the refund is still owed: BILL.N (two persons)")
	flags.BoolVar(&f.notMoved, "not-moved", false, "it never came, and is sent anew (two persons, two hours after it was sent)")
	flags.BoolVar(&f.wait, "wait", false, "nothing is decided; ask a person again in eight hours")
	flags.BoolVar(&f.giveUp, "give-up", false, "close it, send nothing more; it is watched for 30 days")
	flags.Int64Var(&f.confirm, "confirm", 0, "confirm another person's decision, by its number")
	flags.BoolVar(&f.sawLate, "saw-late", false, "money moved despite a decision, and somebody has dealt with it: doctor speaks of it no more")
	flags.StringVar(&f.why, "why", "", "why, kept in the history. Required")
	flags.DurationVar(&f.most, "for", time.Minute, "how long to wait until it is carried out")
	c.MarkFlagsMutuallyExclusive("moved", "not-ours", "not-moved", "wait", "give-up", "confirm", "saw-late")
	return c
}

func (f decideFlags) decision() (refunds.Decision, bool) {
	switch {
	case f.moved != "":
		return refunds.Decision{Kind: refunds.ItWas, Operation: assist.Billnumber(f.moved)}, true
	case f.notOurs != "":
		return refunds.Decision{Kind: refunds.NotIts, Operation: assist.Billnumber(f.notOurs)}, true
	case f.notMoved:
		return refunds.Decision{Kind: refunds.NeverCame}, true
	case f.wait:
		return refunds.Decision{Kind: refunds.Wait}, true
	case f.giveUp:
		return refunds.Decision{Kind: refunds.GiveUp}, true
	}
	return refunds.Decision{}, false
}

func (a *app) decide(ctx context.Context, text string, f decideFlags) error {
	d, decides := f.decision()
	if !decides && f.confirm == 0 && !f.sawLate {
		return exitcode.New(exitcode.Usage, "%s", a.text("что решено: --moved, --not-moved, --not-ours, --wait, --give-up или --confirm", "say what is decided: --moved, --not-moved, --not-ours, --wait, --give-up or --confirm"))
	}
	if f.why == "" {
		return exitcode.New(exitcode.Usage, "%s", a.text("нужна причина: --why", "a reason is needed: --why"))
	}
	b, id, err := a.openAt(ctx, text)
	if err != nil {
		return err
	}
	defer b.Close()
	who, err := a.person(f.why)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	if f.sawLate {
		_, err := a.surely(ctx, func(ctx context.Context) error { return b.SawLate(ctx, id, who) })
		switch {
		case err != nil && !refusedByStore(err):
			return a.notKnown(id, err)
		case err != nil:
			return a.notChanged(ctx, b, id, err)
		}
		return nil
	}
	number, err := a.storeDecision(ctx, b, id, d, f.confirm, who)
	if err != nil {
		return err
	}
	r, err := b.Get(context.WithoutCancel(ctx), id)
	if err != nil {
		return a.notKnown(id, err)
	}
	if decisionOf(r, number).State == refunds.AwaitsConfirmation {
		_, err := io.WriteString(a.Out, a.text("записано: %s; нужен второй человек: assist decide %s --confirm %d --why …\n", "recorded by %s; a second person is needed: assist decide %s --confirm %d --why …\n", who.Name, verdict.ID(id), number))
		if err != nil {
			return err
		}
		return exitcode.New(exitcode.NotFinished, "")
	}
	return a.carryOut(ctx, b, id, number, f.most)
}

// storeDecision stores the decision, or confirms the one of a number, and gives its number.
func (a *app) storeDecision(ctx context.Context, b *books, id refunds.ID, d refunds.Decision, confirm int64, who refunds.Person) (number int64, err error) {
	if confirm != 0 {
		if err := a.isAbout(ctx, b, id, confirm); err != nil {
			return 0, err
		}
	}
	repeated, err := a.surely(ctx, func(ctx context.Context) (err error) {
		if number = confirm; confirm != 0 {
			return b.ConfirmDecision(ctx, confirm, who)
		}
		number, err = b.ProposeDecision(ctx, id, d, who)
		return err
	})
	switch {
	case err == nil:
		return number, nil
	case !refusedByStore(err):
		return 0, a.notKnown(id, err)
	case repeated:
		// An earlier try may have been it.
		r, again := b.Get(context.WithoutCancel(ctx), id)
		if again != nil {
			return 0, a.notKnown(id, errors.Join(err, again))
		}
		for _, one := range r.Decisions {
			if confirm == 0 && one.Decision == d && one.By == who && one.Ended.IsZero() || confirm == one.ID && one.Confirmer == who {
				return one.ID, nil
			}
		}
	}
	return 0, a.notChanged(ctx, b, id, err)
}

// isAbout refuses to confirm a decision about another refund than was named.
func (a *app) isAbout(ctx context.Context, b *books, id refunds.ID, number int64) error {
	r, err := b.Get(ctx, id)
	if err != nil {
		return err
	}
	if decisionOf(r, number).ID == 0 {
		return exitcode.New(exitcode.NotFound, "%s", a.text("у %s нет решения %d", "%s has no decision %d", verdict.ID(id), number))
	}
	return nil
}

func decisionOf(r *refunds.Record, number int64) refunds.DecisionRecord {
	for _, d := range r.Decisions {
		if d.ID == number {
			return d
		}
	}
	return refunds.DecisionRecord{}
}

// carryOut carries until the decision is carried out or refused, and then goes on
// with the refund.
func (a *app) carryOut(ctx context.Context, b *books, id refunds.ID, number int64, most time.Duration) error {
	c, _, err := a.carrier(ctx, b)
	if err != nil {
		a.note("решение записано и ждёт ответа Assist", "the decision is recorded and waits for Assist's answer")
		if r, again := b.Get(context.WithoutCancel(ctx), id); again == nil {
			return a.beside(err, r)
		}
		return a.notKnown(id, err)
	}
	r, err := a.carryOn(ctx, b, c, id, most, nil)
	if err != nil {
		return a.notKnown(id, err)
	}
	d := decisionOf(r, number)
	switch d.State {
	case refunds.DecisionDeclined:
		return a.beside(exitcode.New(exitcode.Refused, "%s", a.text("решение отклонено, ничего не изменилось: %s", "the decision is refused, and nothing has changed: %s", d.Result)).Then("assist show %s", verdict.ID(id)), r)
	case refunds.DecisionDone:
		if !a.flags.json && !a.flags.plain {
			if _, err := io.WriteString(a.Out, a.text("решение записано: %s\n", "recorded by %s\n", d.By.Name)); err != nil {
				return err
			}
		}
		return a.answer(r)
	}
	a.note("решение записано и ждёт ответа Assist; исполнит assist worker или assist wait %s", "the decision is recorded and waits for Assist's answer; assist worker or assist wait %s carries it out", verdict.ID(id))
	return exitcode.New(exitcode.NotFinished, "")
}

func resolveCommand(a *app) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "resolve [ID]",
		Short: "ask now what became of a refund that is unknown or in process",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return exitcode.New(exitcode.Usage, "%s", a.text("назовите возврат или скажите --all", "name a refund, or say --all"))
			}
			return a.resolve(cmd.Context(), args)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "all that are unknown or in process")
	return c
}

func (a *app) resolve(ctx context.Context, args []string) error {
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	p := b.profile
	open := map[refunds.ID]*refunds.Record{}
	var order []refunds.ID
	if len(args) == 1 {
		id, err := verdict.ParseID(args[0])
		if err != nil {
			return exitcode.New(exitcode.Usage, "%v", err)
		}
		order = append(order, id)
	} else {
		for r, err := range b.List(ctx, refunds.Filter{MerchantID: p.Merchant, States: []refunds.State{refunds.Sent, refunds.InProcess}}) {
			if err != nil {
				return err
			}
			order = append(order, r.ID)
		}
	}
	for _, id := range order {
		if open[id], err = b.Get(ctx, id); err != nil {
			return err
		}
	}
	if err := a.askAll(ctx, b, open); err != nil {
		all := make([]*refunds.Record, 0, len(open))
		for _, id := range order {
			all = append(all, open[id])
		}
		return a.beside(err, all...)
	}
	return a.answers(ctx, b, order)
}

// answersWithin is how long a question may take. Who gives no answer until then is
// shown as it was.
const answersWithin = 45 * time.Second

// askAll lets a carrier ask about refunds, until each was asked about once.
func (a *app) askAll(ctx context.Context, b *books, open map[refunds.ID]*refunds.Record) error {
	waiting := map[refunds.ID]*refunds.Record{}
	var patience time.Duration
	for id, r := range open {
		if r.State != refunds.Sent && r.State != refunds.InProcess {
			continue
		}
		if err := b.LookNow(ctx, id); errors.Is(err, refunds.ErrState) {
			continue // somebody has found out meanwhile
		} else if err != nil {
			return err
		}
		waiting[id] = r
		after, err := b.Get(ctx, id)
		if err != nil {
			return err
		}
		patience = max(patience, answersWithin, after.NextAt.Sub(a.now())+answersWithin)
	}
	if len(waiting) == 0 {
		return nil
	}
	c, _, err := a.carrier(ctx, b)
	if err != nil {
		return err
	}
	return a.carrying(ctx, c, func() error {
		for end := time.Now().Add(patience); len(waiting) > 0 && ctx.Err() == nil && time.Now().Before(end); time.Sleep(lookEvery) {
			for id, before := range waiting {
				now, err := b.Get(context.WithoutCancel(ctx), id)
				if err != nil {
					return err
				}
				if now.State != before.State || asks(now) != asks(before) || now.Detail != before.Detail {
					delete(waiting, id)
				}
			}
		}
		return nil
	})
}

func asks(r *refunds.Record) int {
	if n := len(r.Attempts); n > 0 {
		return r.Attempts[n-1].Asks
	}
	return 0
}

// answers shows refunds, and ends with the worst of their codes.
func (a *app) answers(ctx context.Context, b *books, ids []refunds.ID) error {
	worst := exitcode.Done
	for _, id := range ids {
		r, err := b.Get(context.WithoutCancel(ctx), id)
		if err != nil {
			return a.notKnown(id, err)
		}
		if code := verdict.Of(r).Code; worse(code, worst) {
			worst = code
		}
		if a.flags.json || a.flags.plain || r.State != refunds.Sent {
			if err := a.print(r); err != nil {
				return err
			}
			continue
		}
		if _, err := io.WriteString(a.Out, verdict.ID(id)+"  "+a.seen(r)+"\n"); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		a.note("неизвестных нет", "nothing is unknown")
	}
	if worst != exitcode.Done {
		return exitcode.New(worst, "")
	}
	return nil
}

// worse: unknown is the worst, then what isn't finished, then the rest.
func worse(x, than int) bool {
	rank := func(code int) int {
		switch code {
		case exitcode.Unknown:
			return 3
		case exitcode.NotFinished:
			return 2
		case exitcode.Done:
			return 0
		}
		return 1
	}
	return rank(x) > rank(than)
}

// seen is what the latest question showed of an unknown refund.
func (a *app) seen(r *refunds.Record) string {
	text := a.text("неизвестен: деньги могли уйти, не повторяйте; ", "unknown: the money may have moved, don't repeat it; ")
	var may []assist.Billnumber
	if n := len(r.Attempts); n > 0 {
		may = r.Attempts[n-1].Seen
	}
	if len(may) == 0 {
		text += a.text("ничего нового не видно", "nothing new is seen")
	} else {
		text += a.text("им могут быть операции (%d):", "operations that may be it (%d):", len(may))
		for _, b := range may {
			text += " " + string(b)
		}
	}
	if !r.NeedsPerson.IsZero() {
		text += a.text("; дальше: %s", "; next: %s", fmt.Sprintf("assist decide %s", verdict.ID(r.ID)))
	}
	return text
}
