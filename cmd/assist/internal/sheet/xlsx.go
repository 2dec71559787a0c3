package sheet

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/verdict"
)

// A workbook of one sheet is six small documents in a zip. They are written here
// because the modules that can write all of Excel would be a quarter of the program;
// the tests read what is written with one of them.

// Styles of cells, in the order of styles.xml.
const (
	plain, heading, amount, moment = 0, 1, 2, 3
)

const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// parts are those of a workbook but for the sheet.
var parts = [][2]string{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Refunds" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0.00"/><numFmt numFmtId="165" formatCode="dd.mm.yyyy hh:mm:ss"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>` +
		`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`},
}

type xlsxWriter struct {
	zip   *zip.Writer
	sheet *bufio.Writer
	row   int
}

// NewXLSX writes a workbook of one sheet, row by row: none is kept. It is complete
// with Close.
func NewXLSX(w io.Writer, headings ...string) (Writer, error) {
	x := &xlsxWriter{zip: zip.NewWriter(w)}
	for _, p := range parts {
		part, err := x.zip.Create(p[0])
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(part, declaration+p[1]); err != nil {
			return nil, err
		}
	}
	sheet, err := x.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return nil, err
	}
	x.sheet = bufio.NewWriterSize(sheet, 64<<10)
	fmt.Fprintf(x.sheet, `%s<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">`+
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`+
		`<cols><col min="1" max="%d" width="18" customWidth="1"/></cols><sheetData>`, declaration, max(len(headings), 1))
	cells := make([]any, len(headings))
	for i, h := range headings {
		cells[i] = h
	}
	return x, x.write(heading, cells)
}

// Row writes a row. A text is typed as one, so nothing in it is a formula.
func (x *xlsxWriter) Row(cells ...any) error { return x.write(plain, cells) }

func (x *xlsxWriter) write(style int, cells []any) error {
	x.row++
	fmt.Fprintf(x.sheet, `<row r="%d">`, x.row)
	for i, cell := range cells {
		at := column(i) + strconv.Itoa(x.row)
		switch v := cell.(type) {
		case string:
			if v == "" {
				continue
			}
			fmt.Fprintf(x.sheet, `<c r="%s" s="%d" t="inlineStr"><is><t xml:space="preserve">`, at, style)
			if err := xml.EscapeText(x.sheet, []byte(v)); err != nil {
				return err
			}
			x.sheet.WriteString(`</t></is></c>`)
		case assist.Money:
			if v != (assist.Money{}) { // its digits as they are: no float touches them here
				fmt.Fprintf(x.sheet, `<c r="%s" s="%d"><v>%s</v></c>`, at, amount, v.Amount())
			}
		case time.Time:
			if !v.IsZero() {
				fmt.Fprintf(x.sheet, `<c r="%s" s="%d"><v>%s</v></c>`, at, moment, serial(v))
			}
		case int:
			fmt.Fprintf(x.sheet, `<c r="%s" s="%d"><v>%d</v></c>`, at, style, v)
		}
	}
	_, err := x.sheet.WriteString("</row>") // an error of any write comes back here
	return err
}

func (x *xlsxWriter) Close() error {
	x.sheet.WriteString("</sheetData></worksheet>")
	return errors.Join(x.sheet.Flush(), x.zip.Close())
}

// column names a column: A, B, …, Z, AA.
func column(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

// serial is a moment in Moscow as Excel counts: days since the end of 1899, with ten
// digits of the day.
func serial(t time.Time) string {
	local := t.In(verdict.Moscow)
	_, offset := local.Zone()
	seconds := t.Unix() + int64(offset) + 25569*86400
	return strings.TrimRight(fmt.Sprintf("%d.%010d", seconds/86400, (seconds%86400*1e10+43200)/86400), "0") + "0"
}
