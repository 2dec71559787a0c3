package main

import (
	"context"
	"time"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

func waitCommand(a *app) *cobra.Command {
	var most time.Duration
	c := &cobra.Command{
		Use:   "wait ID",
		Short: "follow a refund until it is known, and end with its code",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.wait(cmd.Context(), args[0], most)
		},
	}
	c.Flags().DurationVar(&most, "for", 10*time.Minute, "how long at most")
	return c
}

func (a *app) wait(ctx context.Context, text string, most time.Duration) error {
	b, id, err := a.openAt(ctx, text)
	if err != nil {
		return err
	}
	defer b.Close()
	r, err := b.Get(ctx, id)
	if err != nil {
		return err
	}
	if !r.State.Final() && r.State != refunds.Proposed {
		c, _, err := a.carrier(ctx, b)
		if err != nil {
			return a.beside(err, r)
		}
		if r, err = a.carryOn(ctx, b, c, id, most, nil); err != nil {
			return a.notKnown(id, err)
		}
	}
	return a.answer(r)
}

// openAt opens the store for a command about one refund.
func (a *app) openAt(ctx context.Context, text string) (*books, refunds.ID, error) {
	id, err := verdict.ParseID(text)
	if err != nil {
		return nil, 0, exitcode.New(exitcode.Usage, "%v", err)
	}
	b, err := a.open(ctx)
	return b, id, err
}
