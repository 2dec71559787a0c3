package main

import (
	"context"
	"errors"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

// personCommand is a command by which a person changes one refund.
func personCommand(a *app, use, short, defaultNote string, change func(*refunds.Book, context.Context, refunds.ID, refunds.Person) error) *cobra.Command {
	var note string
	c := &cobra.Command{
		Use:   use + " ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			b, id, err := a.openAt(ctx, args[0])
			if err != nil {
				return err
			}
			defer b.Close()
			who, err := a.person(note)
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return errInterrupted
			}
			repeated, err := a.surely(ctx, func(ctx context.Context) error { return change(b.Book, ctx, id, who) })
			switch {
			case err != nil && !refusedByStore(err):
				return a.notKnown(id, err)
			case err != nil && !repeated:
				return a.notChanged(ctx, b, id, err)
			}
			r, again := b.Get(context.WithoutCancel(ctx), id)
			switch {
			case again != nil:
				return a.notKnown(id, errors.Join(err, again))
			case err != nil || ctx.Err() != nil:
				// An earlier try may have been it, or the person was about to call it back:
				// what is true is how the refund stands.
				return a.answer(r)
			}
			return a.print(r)
		},
	}
	c.Flags().StringVar(&note, "note", defaultNote, "why, kept in the history")
	return c
}

// notChanged tells why, by the refund as it stands: that a change was refused says
// nothing of the money.
func (a *app) notChanged(ctx context.Context, b *books, id refunds.ID, err error) error {
	r, again := b.Get(context.WithoutCancel(ctx), id)
	switch {
	case errors.Is(again, refunds.ErrNotFound):
		return a.explain(err)
	case again != nil:
		return a.notKnown(id, errors.Join(err, again))
	}
	return a.beside(err, r)
}

func approveCommand(a *app) *cobra.Command {
	return personCommand(a, "approve", "let a proposed refund go, as another person than who asked", "approved", (*refunds.Book).Approve)
}

func denyCommand(a *app) *cobra.Command {
	return personCommand(a, "deny", "end a proposed refund", "denied", (*refunds.Book).Deny)
}

func cancelCommand(a *app) *cobra.Command {
	return personCommand(a, "cancel", "take back a queued refund, of which nothing was sent", "taken back", (*refunds.Book).Withdraw)
}

// manage opens the store for a change of the merchant, for which a person gives the
// reason.
func (a *app) manage(ctx context.Context, why string, change func(*books, refunds.Person) error) error {
	if why == "" {
		return exitcode.New(exitcode.Usage, "%s", a.text("нужна причина: --why", "a reason is needed: --why"))
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	who, err := a.person(why)
	if err != nil {
		return err
	}
	return change(b, who)
}

func releaseCommand(a *app) *cobra.Command {
	var hold bool
	var why string
	c := &cobra.Command{
		Use:   "release",
		Short: "let the merchant's refunds go again that are held, or hold them (--hold)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.manage(cmd.Context(), why, func(b *books, who refunds.Person) error {
				if hold {
					return b.Hold(cmd.Context(), b.profile.Merchant, who)
				}
				err := b.Release(cmd.Context(), b.profile.Merchant, who)
				if errors.Is(err, refunds.ErrNotReconciled) {
					return exitcode.New(exitcode.Refused, "%s", a.text("сначала сверка с Assist: хранилище — другая копия, и что-то могло быть отправлено после неё",
						"reconcile with Assist first: the store is another copy, and something may have been sent after it was made")).Then("assist reconcile --from DAY")
				}
				return err
			})
		},
	}
	c.Flags().BoolVar(&hold, "hold", false, "keep all refunds of the merchant from being sent")
	c.Flags().StringVar(&why, "why", "", "why, kept in the history")
	return c
}
