// Package sheet writes tables that spreadsheets open rightly: amounts that can be
// summed, dates that are dates, and texts that stay texts.
package sheet

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
	"github.com/xuri/excelize/v2"
)

// Writer takes a table row by row. A cell is a string, an assist.Money, a time.Time
// or an int. Close completes the table.
type Writer interface {
	Row(cells ...any) error
	Close() error
}

// Guard keeps a text from being taken for a formula: what begins like one gets an
// apostrophe in front.
func Guard(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return text
	}
	return "'" + text
}

type csvWriter struct{ w *csv.Writer }

// NewCSV writes CSV as a Russian Excel opens it: with a mark of UTF-8, semicolons,
// and decimal commas.
func NewCSV(w io.Writer, headings ...string) (Writer, error) {
	if _, err := io.WriteString(w, "\xef\xbb\xbf"); err != nil {
		return nil, err
	}
	c := &csvWriter{csv.NewWriter(w)}
	c.w.Comma, c.w.UseCRLF = ';', true
	return c, c.w.Write(headings)
}

func (c *csvWriter) Row(cells ...any) error {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = text(cell)
	}
	return c.w.Write(row)
}

func (c *csvWriter) Close() error {
	c.w.Flush()
	return c.w.Error()
}

func text(cell any) string {
	switch v := cell.(type) {
	case string:
		return Guard(v)
	case assist.Money:
		return strings.Replace(v.Amount(), ".", ",", 1)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.In(verdict.Moscow).Format("02.01.2006 15:04:05")
	case int:
		return strconv.Itoa(v)
	}
	return ""
}

type xlsxWriter struct {
	f            *excelize.File
	s            *excelize.StreamWriter
	to           io.Writer
	row          int
	money, times int
}

const page = "Refunds"

// NewXLSX writes a workbook of one sheet, which is complete with Close. Rows go to a
// temporary file, not into memory.
func NewXLSX(w io.Writer, headings ...string) (Writer, error) {
	x := &xlsxWriter{f: excelize.NewFile(), to: w}
	err := x.begin(headings)
	if err != nil {
		return nil, errors.Join(err, x.f.Close())
	}
	return x, nil
}

func (x *xlsxWriter) begin(headings []string) (err error) {
	if err = x.f.SetSheetName("Sheet1", page); err != nil {
		return err
	}
	amount, moment := "#,##0.00", "dd.mm.yyyy hh:mm:ss"
	if x.money, err = x.f.NewStyle(&excelize.Style{CustomNumFmt: &amount}); err != nil {
		return err
	}
	if x.times, err = x.f.NewStyle(&excelize.Style{CustomNumFmt: &moment}); err != nil {
		return err
	}
	bold, err := x.f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	if x.s, err = x.f.NewStreamWriter(page); err != nil {
		return err
	}
	if err = x.s.SetColWidth(1, len(headings), 18); err != nil {
		return err
	}
	if err = x.s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	row := make([]any, len(headings))
	for i, h := range headings {
		row[i] = excelize.Cell{StyleID: bold, Value: h}
	}
	x.row = 1
	return x.s.SetRow("A1", row)
}

func (x *xlsxWriter) Row(cells ...any) error {
	row := make([]any, len(cells))
	for i, cell := range cells {
		switch v := cell.(type) {
		case string:
			row[i] = v // typed as text: nothing in it is a formula
		case assist.Money:
			row[i] = x.amount(v)
		case time.Time:
			if !v.IsZero() {
				local := v.In(verdict.Moscow)
				_, offset := local.Zone()
				row[i] = excelize.Cell{StyleID: x.times, Value: v.UTC().Add(time.Duration(offset) * time.Second)}
			}
		case int:
			row[i] = v
		}
	}
	x.row++
	at, err := excelize.CoordinatesToCellName(1, x.row)
	if err != nil {
		return err
	}
	return x.s.SetRow(at, row)
}

// amount is a number for Excel, whose numbers are floats: those of up to fifteen
// digits, and no amount has more, are written as the same digits again. Nothing is
// computed with it here.
func (x *xlsxWriter) amount(m assist.Money) any {
	if m == (assist.Money{}) {
		return nil
	}
	n, err := strconv.ParseFloat(m.Amount(), 64)
	if err != nil {
		return m.Amount()
	}
	return excelize.Cell{StyleID: x.money, Value: n}
}

func (x *xlsxWriter) Close() error {
	err := x.s.Flush()
	if err == nil {
		err = x.f.Write(x.to)
	}
	return errors.Join(err, x.f.Close())
}
