package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
)

// answer shows a refund as it stands, and ends the command with its code.
func (a *app) answer(r *refunds.Record) error {
	if err := a.print(r); err != nil {
		// What isn't shown still has its code.
		a.note("ответ не показан: %v", "the answer couldn't be shown: %v", err)
	}
	if code := verdict.Of(r).Code; code != exitcode.Done {
		return exitcode.New(code, "")
	}
	return nil
}

// print writes one refund: an object, a line of values, or a sentence.
func (a *app) print(r *refunds.Record) error {
	v := verdict.Of(r)
	switch {
	case a.flags.json:
		return a.object(verdict.JSONOf(r))
	case a.flags.plain:
		moved := "unknown"
		if v.Moved != nil {
			moved = fmt.Sprint(*v.Moved)
		}
		return a.values(verdict.ID(r.ID), v.Outcome, moved, r.Request.Amount.Amount(), r.Request.Amount.Currency(), r.Request.OrderNumber, string(r.Request.Billnumber), r.Key)
	}
	line := verdict.ID(r.ID) + "  " + v.Text.In(a.lang)
	if v.Next != "" {
		line += a.text("; дальше: %s", "; next: %s", v.Next)
	}
	_, err := io.WriteString(a.Out, line+"\n")
	return err
}

// object writes one JSON value on a line of its own.
func (a *app) object(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// values writes one line with tabs between.
func (a *app) values(all ...string) error {
	for i, v := range all {
		all[i] = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(v)
	}
	_, err := io.WriteString(a.Out, strings.Join(all, "\t")+"\n")
	return err
}
