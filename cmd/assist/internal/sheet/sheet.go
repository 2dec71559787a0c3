// Package sheet writes tables that spreadsheets open rightly: amounts that can be
// summed, dates that are dates, and texts that stay texts.
package sheet

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
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
