package desk

import (
	"bufio"
	"context"
	"encoding/csv"
	"net/http"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/moscow"
	"github.com/assist-go/assist/refunds"
)

// exportTime bounds an export; a hundred thousand rows take a few seconds.
const exportTime = 5 * time.Minute

// export gives what the view shows as CSV for a spreadsheet: with a byte order
// mark and semicolons, which Excel reads in Russian settings without being asked.
// It is a POST because it leaves a line in the history.
func (d *desk) export(w http.ResponseWriter, r *http.Request, p *page) error {
	if !p.User.MayExport() {
		return errRole
	}
	r.PostForm.Del("before") // all of it, whatever page it was asked for from
	v := d.viewOf(r.PostForm)
	ctx, end := context.WithTimeout(context.WithoutCancel(r.Context()), exportTime)
	defer end()
	stop := context.AfterFunc(r.Context(), func() {
		if r.Context().Err() == context.Canceled { // who asked has gone
			end()
		}
	})
	defer stop()
	person := refunds.Person{ID: p.User.ID, Name: p.User.Name, Reason: p.T("выгрузка списка", "export of a list")}
	if err := d.book.NoteExport(ctx, d.merchant(), person, strings.TrimSpace("csv "+v.address(0))); err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTime))
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="refunds-`+d.now().In(moscow.Location()).Format("2006-01-02")+`.csv"`)
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString("\ufeff")
	table := csv.NewWriter(out)
	table.Comma, table.UseCRLF = ';', true
	_ = table.Write(exportHead(p.Lang))
	for rec, err := range d.rows(ctx, v) {
		if err != nil {
			// The status is sent already: a file that ends in the middle must not look
			// whole.
			d.log.ErrorContext(ctx, "desk: an export broke off", "err", err)
			panic(http.ErrAbortHandler)
		}
		if err := table.Write(exportRow(rec, p.Lang)); err != nil {
			return nil
		}
	}
	table.Flush()
	_ = out.Flush()
	return nil
}

func exportHead(l assist.Language) []string {
	return strings.Split(words{
		"Возврат;Создан (МСК);Окончен (МСК);Заказ;Платёж;Средство;Сумма;Валюта;Состояние;Деньги ушли?;Коды;Причина;Примечание;Попросил;Подтвердил",
		"Refund;Created (MSK);Ended (MSK);Order;Payment;Mean;Amount;Currency;Status;Money moved?;Codes;Reason;Note;Asked by;Approved by",
	}.in(l), ";")
}

// amountCell is a number, and a billnumber is none: its sign keeps a spreadsheet
// from rounding it.
const amountCell = 6

func exportRow(r *refunds.Record, l assist.Language) []string {
	amount := r.Request.Amount.Amount()
	if l != assist.LanguageEN {
		amount = strings.Replace(amount, ".", ",", 1)
	}
	cells := []string{number(r.ID), exportTimeText(r.Created), exportTimeText(r.Ended), r.Request.OrderNumber, "№" + string(r.Request.Billnumber), meanName(r.Mean.TypeID, r.Mean.Last4, l),
		amount, r.Request.Amount.Currency(), status(r).in(l), movedOf(r).cell().in(l), r.Codes, r.Request.Reason.String(), r.Note, r.AskedBy.Name, r.ApprovedBy.Name}
	for i := range cells {
		if i != amountCell {
			cells[i] = guarded(cells[i])
		}
	}
	return cells
}

// exportTimeText is what spreadsheets take for a date.
func exportTimeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(moscow.Location()).Format("2006-01-02 15:04:05")
}

// guarded keeps a cell from being a formula: what somebody typed must not run in
// the accountant's spreadsheet.
func guarded(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(cell[0])) || strings.HasPrefix(cell, "＝") || strings.HasPrefix(cell, "＋") || strings.HasPrefix(cell, "－") || strings.HasPrefix(cell, "＠") {
		return "'" + cell
	}
	return cell
}
