package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/grid"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

func balanceCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "balance",
		Short: "show what the wallets' day balances allow",
		Long: `Show what may go back today on each wallet. Assist takes one question about a
day in ten minutes, whoever asks: within these the stored figures are shown.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.balance(cmd.Context()) },
	}
}

func (a *app) balance(ctx context.Context) error {
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	p := b.profile
	rates, err := p.WalletRates()
	if err != nil {
		return err
	}
	if rates == nil {
		a.note("rates не заданы в профиле: что удерживает банк, неизвестно, и доступным считается ноль", "no rates are set in the profile: what the bank keeps isn't known, and nothing counts as available")
	}
	if err := a.freshen(ctx, b, p.Merchant); err != nil {
		return err
	}
	all, err := b.Balances(ctx, p.Merchant, rates)
	if err != nil {
		return err
	}
	return a.printBalances(all)
}

// freshen asks Assist about the day, where nobody has in the last ten minutes.
func (a *app) freshen(ctx context.Context, b *books, merchant string) error {
	asks := make(chan struct{}, 1)
	client, err := a.client(ctx, b, assist.WithRoundTripper(func(next http.RoundTripper) http.RoundTripper { return &begun{next, asks} }))
	if err != nil {
		return err
	}
	c, err := refunds.NewCarrier(b.Book, map[string]*assist.Client{merchant: client})
	if err != nil {
		return err
	}
	now := a.now().In(verdict.Moscow)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, verdict.Moscow)
	if now.Sub(day) < time.Minute {
		return nil
	}
	// Reconcile waits where somebody has asked within ten minutes; that isn't wanted
	// here. A question that was begun isn't cut short: it counts for Assist.
	asking, end := context.WithCancel(ctx)
	defer end()
	ended := make(chan error, 1)
	go func() {
		_, err := c.Reconcile(asking, merchant, day.UTC(), now.UTC())
		ended <- err
	}()
	select {
	case err = <-ended:
	case <-asks:
		err = <-ended
	case <-time.After(2 * time.Second):
		end()
		<-ended
		return ctx.Err()
	}
	if err != nil && ctx.Err() == nil {
		a.note("Assist не ответил о дне, показано то, что сохранено: %v", "Assist gave no answer about the day, and what is stored is shown: %v", err)
	}
	return ctx.Err()
}

// begun tells when the first request goes out.
type begun struct {
	next http.RoundTripper
	told chan<- struct{}
}

func (b *begun) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case b.told <- struct{}{}:
	default:
	}
	return b.next.RoundTrip(r)
}

func (a *app) printBalances(all []refunds.WalletBalance) error {
	type row struct {
		Wallet    string    `json:"wallet"`
		Currency  string    `json:"currency"`
		Paid      string    `json:"paid"`
		Back      string    `json:"back"`
		InFlight  string    `json:"in_flight"`
		Available string    `json:"available"`
		AsOf      time.Time `json:"as_of,omitzero"`
	}
	g := grid.New(a.text("КОШЕЛЁК", "WALLET"), a.text("ВАЛЮТА", "CURRENCY"), a.text(">ОПЛАЧЕНО", ">PAID"), a.text(">ВОЗВРАЩЕНО", ">BACK"), a.text(">В ПУТИ", ">IN FLIGHT"), a.text(">ДОСТУПНО", ">AVAILABLE"), a.text("НА (МСК)", "AS OF (MSK)"))
	for _, w := range all {
		r := row{w.Wallet.String(), w.Paid.Currency(), w.Paid.Amount(), w.Back.Amount(), w.InFlight.Amount(), w.Available.Amount(), w.AsOf}
		switch {
		case a.flags.json:
			if err := a.object(r); err != nil {
				return err
			}
		case a.flags.plain:
			if err := a.values(r.Wallet, r.Currency, r.Paid, r.Back, r.InFlight, r.Available); err != nil {
				return err
			}
		default:
			asOf := "-"
			if !w.AsOf.IsZero() {
				asOf = w.AsOf.In(verdict.Moscow).Format("15:04")
			}
			g.Row(r.Wallet, r.Currency, r.Paid, r.Back, r.InFlight, r.Available, asOf)
		}
	}
	if len(all) == 0 {
		a.note("сегодня по кошелькам ничего не было", "nothing has happened on wallets today")
	}
	if len(all) == 0 || a.flags.json || a.flags.plain {
		return nil
	}
	_, err := g.WriteTo(a.Out)
	return err
}

func reconcileCommand(a *app) *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use:   "reconcile --from DAY [--to DAY]",
		Short: "compare the store with Assist's results: cancels made by hand, and what differs",
		Long: `Compare the store with what Assist lists. Assist takes one question for a day in
ten minutes, so a month takes five hours. Ends with 20 where something differs: then
money isn't where the store says, and a person has to look before anything is paid.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.reconcile(cmd.Context(), from, to) },
	}
	c.Flags().StringVar(&from, "from", "", "first day, such as 2026-11-24. Required")
	c.Flags().StringVar(&to, "to", "", "last day; until now when it isn't given")
	return c
}

func (a *app) reconcile(ctx context.Context, from, to string) error {
	first, err := time.ParseInLocation(time.DateOnly, from, verdict.Moscow)
	last := a.now()
	if err == nil && to != "" {
		if last, err = time.ParseInLocation(time.DateOnly, to, verdict.Moscow); err == nil {
			last = last.AddDate(0, 0, 1)
		}
	}
	if err != nil {
		return exitcode.New(exitcode.Usage, "%s", a.text("дни пишутся так: --from 2026-11-24", "days are written --from 2026-11-24"))
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	c, client, err := a.carrier(ctx, b)
	if err != nil {
		return err
	}
	r, err := c.Reconcile(ctx, client.MerchantID(), first.UTC(), last.UTC())
	if r == nil {
		return err
	}
	found, shown := a.printReport(r)
	switch {
	case found == 0 && err != nil:
		return err
	case err != nil:
		return exitcode.New(exitcode.Unknown, "%s", a.text("сверка прервана, и уже есть расхождения: %v", "the comparison was cut short, and something differs already: %v", err)).Because(err)
	case found > 0:
		return exitcode.New(exitcode.Unknown, "").Because(shown)
	}
	return shown
}

// printReport shows what a comparison has found, and tells how much that is.
func (a *app) printReport(r *refunds.Report) (found int, err error) {
	for _, p := range r.Strange {
		err = errors.Join(err, a.values(a.text("чужая", "strange"), string(p.Operation.Billnumber), p.Order.Number, p.Operation.Amount.String(), verdict.Clock(p.Operation.Date)))
	}
	for _, kind := range []struct {
		name string
		ids  []refunds.ID
	}{{a.text("нет у Assist", "missing at Assist"), r.Missing}, {a.text("отличается", "differs"), r.Differing}, {a.text("ушли вопреки решению", "moved late"), r.Late}} {
		for _, id := range kind.ids {
			err = errors.Join(err, a.values(kind.name, verdict.ID(id)))
		}
		found += len(kind.ids)
	}
	a.note("чужих отмен %d, нет у Assist %d, отличается %d, ушли вопреки решению %d", "%d strange cancels, %d missing at Assist, %d differing, %d moved despite a decision", len(r.Strange), len(r.Missing), len(r.Differing), len(r.Late))
	return found + len(r.Strange), err
}

func codesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "codes CODE",
		Short:   "say what a code of Assist's means",
		Example: "  assist codes AS300\n  assist codes 5/108",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var first, second int
			var meaning string
			if code := assist.ResponseCode(args[0]); code.Known() {
				meaning = code.Meaning(a.sdkLanguage())
			} else if n, err := fmt.Sscanf(args[0], "%d/%d", &first, &second); err == nil && n == 2 {
				e := &assist.APIError{First: first, Second: second}
				meaning = e.Meaning(a.sdkLanguage()) + a.text("; для отмены: %s", "; of a cancel: %s", e.Outcome())
			} else {
				return exitcode.New(exitcode.NotFound, "%s", a.text("код %q неизвестен", "the code %q isn't known", args[0]))
			}
			return a.values(args[0], meaning)
		},
	}
}
