package main

import (
	"context"
	"strings"
	"time"

	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

func serverCommand(a *app) *cobra.Command {
	var why string
	c := &cobra.Command{
		Use:   "server HOST",
		Short: "say that the merchant has moved to another host of Assist's",
		Long: `Say that the merchant has moved to another host of Assist's, such as
payments.example or payments.example:8443. The first refund that is sent notes the
host, and a program with another one in its settings sends nothing for the merchant.

What is unknown or in process is asked about at the new host: where that doesn't know
the payments of the old one, end these refunds first.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.manage(cmd.Context(), why, func(b *books, who refunds.Person) error {
				if err := b.SetServer(cmd.Context(), b.profile.Merchant, args[0], who); err != nil {
					return err
				}
				a.note("возвраты %s уходят на %s", "refunds of %s go to %s", b.profile.Merchant, args[0])
				return nil
			})
		},
	}
	c.Flags().StringVar(&why, "why", "", "why, kept in the history")
	return c
}

// elsewhere finds whether a carrier has seen since a moment that the settings name
// another host than the merchant's; nil where it hasn't.
func (a *app) elsewhere(ctx context.Context, b *books, since time.Time) error {
	// Not by kind or merchant: all that is read is what is newer than the moment, and
	// not the whole history for an event that isn't there.
	for e, err := range b.Events(ctx, refunds.EventFilter{}) {
		if err != nil || e.At.Before(since.Truncate(time.Microsecond)) {
			break // what became of the refund is known without it
		}
		if e.Kind == refunds.OtherServer && e.Merchant == b.profile.Merchant {
			server, client, _ := strings.Cut(e.Data, " ")
			return &refunds.ServerError{MerchantID: e.Merchant, Server: server, Client: client}
		}
	}
	return nil
}
