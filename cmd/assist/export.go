package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/exitcode"
	"github.com/assist-go/assist/cmd/assist/internal/sheet"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/assist-go/assist/refunds"
	"github.com/spf13/cobra"
)

func exportCommand(a *app) *cobra.Command {
	var f filterFlags
	var format, to string
	c := &cobra.Command{
		Use:   "export --format csv|xlsx -o FILE",
		Short: "write refunds into a table that Excel opens and sums",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.export(cmd.Context(), f, format, to) },
	}
	f.add(c)
	c.Flags().StringVar(&format, "format", "", "csv or xlsx; by the file's name when empty")
	c.Flags().StringVarP(&to, "output", "o", "", "file to write; \"-\" is stdout. Required")
	return c
}

func (a *app) export(ctx context.Context, f filterFlags, format, to string) error {
	if format == "" {
		format = strings.TrimPrefix(filepath.Ext(to), ".")
	}
	make := map[string]func(io.Writer, ...string) (sheet.Writer, error){"csv": sheet.NewCSV, "xlsx": sheet.NewXLSX}[format]
	if make == nil || to == "" {
		return exitcode.New(exitcode.Usage, "%s", a.text("нужны --format csv или xlsx и -o ФАЙЛ", "--format csv or xlsx and -o FILE are needed"))
	}
	if to == "-" && format == "xlsx" && a.OutIs {
		return exitcode.New(exitcode.Usage, "%s", a.text("книгу Excel на терминал не вывести", "a workbook doesn't go to a terminal"))
	}
	filter, err := f.filter(a)
	if err != nil {
		return err
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	if to == "-" {
		return a.exportTo(ctx, b, f, filter, make, a.Out)
	}
	file, err := os.CreateTemp(filepath.Dir(to), ".export-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // after the rename there is nothing of that name
	err = errors.Join(a.exportTo(ctx, b, f, filter, make, file), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), to)
}

func (a *app) exportTo(ctx context.Context, b *books, f filterFlags, filter refunds.Filter, make func(io.Writer, ...string) (sheet.Writer, error), to io.Writer) error {
	w, err := make(to, a.headings()...)
	if err != nil {
		return err
	}
	n := 0
	sums := map[string]assist.Money{}
	for r, err := range a.chosen(ctx, b, f, filter) {
		if err == nil && ctx.Err() != nil {
			err = errInterrupted
		}
		if err != nil {
			return errors.Join(err, w.Close())
		}
		v := verdict.Of(r)
		moved := a.text("неизвестно", "unknown")
		if v.Moved != nil {
			moved = map[bool]string{true: a.text("да", "yes"), false: a.text("нет", "no")}[*v.Moved]
		}
		sum := r.Request.Amount
		if err := w.Row(verdict.ID(r.ID), r.Request.OrderNumber, string(r.Request.Billnumber), sum, sum.Currency(), a.outcomeWord(v.Outcome), moved,
			r.Created, r.Ended, r.Codes, r.AskedBy.Name, r.ApprovedBy.Name, r.Note, r.Key); err != nil {
			return errors.Join(err, w.Close())
		}
		n++
		if total, err := sums[sum.Currency()].Add(sum); err == nil {
			sums[sum.Currency()] = total
		} else if sums[sum.Currency()] == (assist.Money{}) {
			sums[sum.Currency()] = sum
		}
	}
	text := ""
	for _, total := range sums {
		text += " · " + total.String()
	}
	a.note("строк: %d%s", "%d rows%s", n, text)
	return w.Close()
}

func (a *app) headings() []string {
	return strings.Split(a.text("Возврат|Заказ|Billnumber|Сумма|Валюта|Состояние|Деньги ушли|Создан (МСК)|Завершён (МСК)|Коды|Попросил|Одобрил|Причина|Ключ",
		"Refund|Order|Billnumber|Amount|Currency|Status|Money moved|Created (Moscow)|Ended (Moscow)|Codes|Asked by|Approved by|Note|Key"), "|")
}
