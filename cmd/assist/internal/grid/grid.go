// Package grid writes tables for people: columns that line up in every script, and
// nothing but text where the output is no terminal.
package grid

import (
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Grid is a table that is written when it is complete.
type Grid struct {
	w       table.Writer
	columns []table.ColumnConfig
}

// New makes a table with its headings. One that begins with ">" heads a column that
// is set to the right: amounts and counts.
func New(headings ...string) *Grid {
	text.DisableColors() // it would colour a pipe
	g := &Grid{w: table.NewWriter()}
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	g.w.SetStyle(style)
	row := make(table.Row, len(headings))
	for i, h := range headings {
		c := table.ColumnConfig{Number: i + 1}
		if right, ok := strings.CutPrefix(h, ">"); ok {
			h, c.Align, c.AlignHeader = right, text.AlignRight, text.AlignRight
		}
		row[i] = h
		g.columns = append(g.columns, c)
	}
	g.w.SetColumnConfigs(g.columns)
	g.w.AppendHeader(row)
	return g
}

// Row adds a row.
func (g *Grid) Row(cells ...string) {
	row := make(table.Row, len(cells))
	for i, c := range cells {
		row[i] = c
	}
	g.w.AppendRow(row)
}

// WriteTo writes the table.
func (g *Grid) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	for line := range strings.Lines(g.w.Render()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
