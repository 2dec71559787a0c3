package main

import (
	"context"
	"io"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/amount"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/grid"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/spf13/cobra"
)

func orderCommand(a *app) *cobra.Command {
	var f targetFlags
	c := &cobra.Command{
		Use:   "order ORDER|BILL",
		Short: "show an order at Assist, its operations, and what is left of it",
		Args:  cobra.MaximumNArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.order(cmd.Context(), args, f) },
	}
	c.Flags().StringVar(&f.order, "order", "", "order number, beside a billnumber")
	c.Flags().StringVar(&f.date, "date", "", "day of the order, where that is over a year ago")
	return c
}

// lookAt finds a payment, for commands that only ask.
func (a *app) lookAt(ctx context.Context, args []string, f targetFlags) (*found, error) {
	b, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	t, err := a.target(ctx, b, args, f)
	if err != nil {
		return nil, err
	}
	client, err := a.client(ctx, b)
	if err != nil {
		return nil, err
	}
	return a.find(ctx, client, b, t)
}

// orderJSON is an order for programs. It names no customer.
type orderJSON struct {
	Order      string          `json:"order"`
	Billnumber string          `json:"billnumber"`
	State      string          `json:"state"`
	Means      string          `json:"means,omitempty"`
	Wallet     string          `json:"wallet,omitempty"`
	Currency   string          `json:"currency"`
	Paid       string          `json:"paid"`
	Back       string          `json:"back"`
	InFlight   string          `json:"in_flight"`
	Left       string          `json:"left"`
	Operations []operationJSON `json:"operations"`
	Open       []string        `json:"open_refunds,omitempty"`
}

type operationJSON struct {
	Billnumber string `json:"billnumber"`
	Type       string `json:"type"`
	State      string `json:"state"`
	Code       string `json:"code"`
	Amount     string `json:"amount"`
	Currency   string `json:"currency"`
	At         string `json:"at,omitempty"`
}

func (a *app) order(ctx context.Context, args []string, f targetFlags) error {
	found, err := a.lookAt(ctx, args, f)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.object(found.json())
	}
	if a.flags.plain {
		return a.values(found.order.Number, string(found.bill), found.paid.Currency(), found.paid.Amount(), found.back.Amount(), found.flight.Amount(), found.left.Amount())
	}
	if _, err := io.WriteString(a.Out, a.describe(found)); err != nil {
		return err
	}
	g := grid.New(a.text("ОПЕРАЦИЯ", "OPERATION"), a.text("ВИД", "KIND"), a.text(">СУММА", ">AMOUNT"), a.text("СОСТОЯНИЕ", "STATE"), a.text("КОД", "CODE"), a.text("КОГДА (МСК)", "WHEN (MSK)"))
	for _, op := range found.order.Operations {
		g.Row(string(op.Billnumber), a.kind(op.Type), op.Amount.String(), string(op.State), string(op.ResponseCode), verdict.Clock(op.Date))
	}
	if _, err := g.WriteTo(a.Out); err != nil {
		return err
	}
	for _, r := range found.open {
		if err := a.print(r); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) kind(t assist.OperationType) string {
	switch t {
	case assist.OperationPayment:
		return a.text("оплата", "payment")
	case assist.OperationConfirmation:
		return a.text("подтверждение", "confirmation")
	case assist.OperationCancel:
		return a.text("отмена", "cancel")
	}
	return string(t)
}

func (f *found) json() orderJSON {
	out := orderJSON{Order: f.order.Number, Billnumber: string(f.bill), State: string(f.order.State), Means: f.means, Currency: f.paid.Currency(),
		Paid: f.paid.Amount(), Back: f.back.Amount(), InFlight: f.flight.Amount(), Left: f.left.Amount(), Operations: []operationJSON{}}
	if f.facts.Wallet != assist.NotWallet {
		out.Wallet = f.facts.Wallet.String()
	}
	for _, op := range f.order.Operations {
		j := operationJSON{string(op.Billnumber), string(op.Type), string(op.State), string(op.ResponseCode), op.Amount.Amount(), op.Amount.Currency(), ""}
		if !op.Date.IsZero() {
			j.At = op.Date.UTC().Format("2006-01-02T15:04:05Z")
		}
		out.Operations = append(out.Operations, j)
	}
	for _, r := range f.open {
		out.Open = append(out.Open, verdict.ID(r.ID))
	}
	return out
}

func checkCommand(a *app) *cobra.Command {
	var f targetFlags
	var sum string
	c := &cobra.Command{
		Use:   "check ORDER|BILL",
		Short: "say whether an amount could go back now, by what is left and the wallets' rules",
		Args:  cobra.MaximumNArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.check(cmd.Context(), args, f, sum) },
	}
	c.Flags().StringVar(&sum, "amount", "", "how much; all that is left when it isn't given")
	c.Flags().StringVar(&f.order, "order", "", "order number, beside a billnumber")
	c.Flags().StringVar(&f.date, "date", "", "day of the order, where that is over a year ago")
	return c
}

func (a *app) check(ctx context.Context, args []string, f targetFlags, text string) error {
	found, err := a.lookAt(ctx, args, f)
	if err != nil {
		return err
	}
	sum := found.left
	if text != "" {
		if sum, err = amount.Parse(text, found.paid.Currency()); err != nil {
			return exitcode.New(exitcode.Usage, "--amount: %v", err)
		}
	}
	if sum.IsZero() {
		return exitcode.New(exitcode.Refused, "%s", a.text("возвращать нечего", "there is nothing to give back"))
	}
	broken := found.rule(sum, a.now())
	if a.flags.json {
		return a.checkJSON(found, sum, broken)
	}
	if broken != nil {
		e := a.explain(broken)
		return e
	}
	_, err = io.WriteString(a.Out, a.text("можно вернуть %s, остаток %s\n", "%s could go back; %s is left\n", sum, found.left))
	return err
}

func (a *app) checkJSON(f *found, sum assist.Money, broken error) error {
	out := struct {
		orderJSON
		Amount    string `json:"amount"`
		Allowed   bool   `json:"allowed"`
		Why       string `json:"why,omitempty"`
		NotBefore string `json:"not_before,omitempty"`
	}{orderJSON: f.json(), Amount: sum.Amount(), Allowed: broken == nil}
	if broken != nil {
		out.Why = a.explain(broken).Text
		if at, ok := assist.NotBefore(broken); ok {
			out.NotBefore = at.UTC().Format("2006-01-02T15:04:05Z")
		}
	}
	if err := a.object(out); err != nil || broken == nil {
		return err
	}
	return exitcode.New(exitcode.Refused, "")
}
