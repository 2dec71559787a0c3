package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

func showCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "show a refund: whether the money moved, its operations, and its timeline",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.show(cmd.Context(), args[0])
		},
	}
}

func (a *app) show(ctx context.Context, text string) error {
	b, id, err := a.openAt(ctx, text)
	if err != nil {
		return err
	}
	defer b.Close()
	r, err := b.Get(ctx, id)
	if err != nil {
		return err
	}
	history, err := b.History(ctx, id)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.object(struct {
			verdict.JSON
			History []eventJSON `json:"history"`
		}{verdict.JSONOf(r), eventsJSON(history)})
	}
	if err := a.print(r); err != nil || a.flags.plain {
		return err
	}
	_, err = io.WriteString(a.Out, a.details(r)+a.timeline(history))
	return err
}

// details are the refund's figures.
func (a *app) details(r *refunds.Record) string {
	var t strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&t, " %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line(a.text("Сумма", "Amount"), "%s", r.Request.Amount)
	paid := ""
	if !r.Mean.Paid.IsZero() {
		paid = a.text(" · оплачено %s, %s МСК", " · paid %s, %s Moscow time", r.Mean.Paid, verdict.Clock(r.Mean.PaidAt))
	}
	if r.Mean.Last4 != "" {
		paid += " · •• " + r.Mean.Last4
	}
	line(a.text("Заказ", "Order"), "%s · %s%s", r.Request.OrderNumber, r.Request.Billnumber, paid)
	line(a.text("Ключ", "Key"), "%s", r.Key)
	if r.Note != "" {
		line(a.text("Причина", "Note"), "%s", r.Note)
	}
	if r.AskedBy.ID != "" {
		line(a.text("Попросил", "Asked by"), "%s", r.AskedBy.Name)
	}
	if r.ApprovedBy.ID != "" {
		line(a.text("Одобрил", "Approved by"), "%s", r.ApprovedBy.Name)
	}
	for _, op := range r.Operations {
		line(a.text("Операция", "Operation"), "%s · %s · %s", op.Billnumber, op.Amount, verdict.Clock(op.At))
	}
	for _, at := range r.Attempts {
		line(a.text("Отправка", "Attempt"), "%d · %s · %s%s", at.Number, verdict.Clock(at.Begun), a.outcomeText(at.Outcome), a.evidence(at))
	}
	for _, d := range r.Decisions {
		line(a.text("Решение", "Decision"), "%d · %s %s · %s · %s%s", d.ID, d.Kind, d.Operation, d.By.Name, d.State, map[bool]string{true: ": " + d.Result}[d.Result != ""])
	}
	if !r.State.Final() {
		line(a.text("Ждёт", "Waits for"), "%s · %s", a.waitsFor(r.Waits), verdict.Clock(r.NextAt))
	}
	return t.String()
}

// evidence is what an attempt's outcome rests on.
func (a *app) evidence(at refunds.Attempt) string {
	var t strings.Builder
	if at.Asks > 0 {
		t.WriteString(a.text(" · вопросов %d, последний %s", " · asked %d times, last %s", at.Asks, verdict.Clock(at.Asked)))
	}
	if at.Codes != "" {
		t.WriteString(" · " + at.Codes)
	}
	if len(at.Seen) > 0 {
		t.WriteString(a.text(" · может быть:", " · may be:"))
		for _, s := range at.Seen {
			t.WriteString(" " + string(s))
		}
	}
	return t.String()
}

// timeline is what ever happened, in Moscow time.
func (a *app) timeline(history []refunds.Event) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s\n", a.text("История (время московское)", "Timeline (Moscow time)"))
	for _, e := range history {
		fmt.Fprintf(&t, " %s  %-20s", e.At.In(verdict.Moscow).Format("02.01.2006 15:04:05"), a.happened(e))
		reason := e.Reason
		if e.Kind == refunds.Known {
			reason = "" // the outcome, which the state tells
		}
		for _, more := range []string{who(e), reason, e.Data} {
			if strings.TrimSpace(more) != "" {
				t.WriteString(" · " + strings.TrimSpace(more))
			}
		}
		t.WriteString("\n")
	}
	return t.String()
}

func who(e refunds.Event) string {
	if e.ActorName != "" {
		return e.ActorName
	}
	return e.Actor
}

// eventJSON is one line of the history for programs.
type eventJSON struct {
	At     string `json:"at"`
	Kind   string `json:"kind"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Actor  string `json:"actor,omitempty"`
	Name   string `json:"actor_name,omitempty"`
	Reason string `json:"reason,omitempty"`
	Data   string `json:"data,omitempty"`
}

func eventsJSON(history []refunds.Event) []eventJSON {
	out := make([]eventJSON, 0, len(history))
	for _, e := range history {
		j := eventJSON{At: e.At.UTC().Format("2006-01-02T15:04:05.000Z07:00"), Kind: string(e.Kind), Actor: e.Actor, Name: e.ActorName, Reason: e.Reason, Data: e.Data}
		if e.From != 0 {
			j.From = e.From.String()
		}
		if e.To != 0 {
			j.To = e.To.String()
		}
		out = append(out, j)
	}
	return out
}
