package sheet_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/sheet"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

func rub(t testing.TB, minor int64) assist.Money {
	t.Helper()
	m, err := assist.NewMoney(minor, "RUB")
	require.NoError(t, err)
	return m
}

var noon = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

func TestCSV(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := sheet.NewCSV(&out, "note", "amount", "when", "n")
	require.NoError(t, err)
	for _, note := range []string{"=1+1", "+7", "-5", "@x", "\tx", "\rx", "plain; with \"quotes\"", ""} {
		require.NoError(t, w.Row(note, rub(t, 123456), noon, 7))
	}
	require.NoError(t, w.Row("zero", assist.Money{}, time.Time{}, 0))
	require.NoError(t, w.Close())
	assert.Equal(t, "\xef\xbb\xbfnote;amount;when;n\r\n"+
		"'=1+1;1234,56;25.11.2026 12:30:00;7\r\n'+7;1234,56;25.11.2026 12:30:00;7\r\n'-5;1234,56;25.11.2026 12:30:00;7\r\n'@x;1234,56;25.11.2026 12:30:00;7\r\n"+
		"'\tx;1234,56;25.11.2026 12:30:00;7\r\n\"'x\";1234,56;25.11.2026 12:30:00;7\r\n\"plain; with \"\"quotes\"\"\";1234,56;25.11.2026 12:30:00;7\r\n;1234,56;25.11.2026 12:30:00;7\r\n"+
		"zero;;;0\r\n", out.String())
}

func TestXLSXIsWhatExcelSums(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := sheet.NewXLSX(&out, "note", "amount", "when")
	require.NoError(t, err)
	amounts := []int64{1, 10, 29, 57, 115, 123456, 999_999_999_999_999, 100_000_000_000_001}
	for _, minor := range amounts {
		require.NoError(t, w.Row("=1+1", rub(t, minor), noon))
	}
	require.NoError(t, w.Close())
	f, err := excelize.OpenReader(&out)
	require.NoError(t, err)
	defer f.Close()
	for i, minor := range amounts {
		cell := fmt.Sprintf("B%d", i+2)
		raw, err := f.GetCellValue("Refunds", cell, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		kind, err := f.GetCellType("Refunds", cell)
		require.NoError(t, err)
		assert.NotContains(t, []excelize.CellType{excelize.CellTypeInlineString, excelize.CellTypeSharedString, excelize.CellTypeFormula}, kind, "a number")
		got, err := assist.ParseMoney(raw, "RUB")
		require.NoError(t, err, raw)
		assert.Equal(t, minor, got.Minor())
	}
	formula, err := f.GetCellFormula("Refunds", "A2")
	require.NoError(t, err)
	assert.Empty(t, formula)
	note, err := f.GetCellValue("Refunds", "A2")
	require.NoError(t, err)
	assert.Equal(t, "=1+1", note)
	when, err := f.GetCellValue("Refunds", "C2")
	require.NoError(t, err)
	assert.Equal(t, "25.11.2026 12:30:00", when)
	shown, err := f.GetCellValue("Refunds", "B7")
	require.NoError(t, err)
	assert.Equal(t, "1,234.56", shown, "with the format of money")
	rows, err := f.GetRows("Refunds")
	require.NoError(t, err)
	assert.Equal(t, []string{"note", "amount", "when"}, rows[0])
}

func TestXLSXKeepsEveryTextAndMoment(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	wide := make([]string, 30)
	for i := range wide {
		wide[i] = fmt.Sprint("column ", i)
	}
	w, err := sheet.NewXLSX(&out, wide...)
	require.NoError(t, err)
	texts := []string{"a <b> & \"c\"", "  spaces  ", "line\nbreak", "Замена размера — ё", "1e5", "00012", "TRUE", "emoji 🧾"}
	moments := []time.Time{noon, time.Date(2026, 1, 1, 20, 59, 59, 0, time.UTC), time.Date(2026, 12, 31, 21, 0, 0, 0, time.UTC), time.Date(2014, 1, 5, 3, 4, 5, 0, time.UTC)}
	for i, text := range texts {
		require.NoError(t, w.Row(text, assist.Money{}, moments[i%len(moments)], i, time.Time{}, ""))
	}
	require.NoError(t, w.Close())
	f, err := excelize.OpenReader(&out)
	require.NoError(t, err)
	defer f.Close()
	last, err := f.GetCellValue("Refunds", "AD1")
	require.NoError(t, err)
	assert.Equal(t, "column 29", last)
	for i, text := range texts {
		got, err := f.GetCellValue("Refunds", fmt.Sprintf("A%d", i+2))
		require.NoError(t, err)
		assert.Equal(t, text, got)
		when, err := f.GetCellValue("Refunds", fmt.Sprintf("C%d", i+2))
		require.NoError(t, err)
		zone, err := time.LoadLocation("Europe/Moscow")
		require.NoError(t, err)
		assert.Equal(t, moments[i%len(moments)].In(zone).Format("02.01.2006 15:04:05"), when)
	}
}

func TestXLSXDoesNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100,000 rows")
	}
	var out countingWriter
	w, err := sheet.NewXLSX(&out, "order", "note", "amount", "when")
	require.NoError(t, err)
	sum := rub(t, 49000)
	var most uint64
	for i := range 100_000 {
		require.NoError(t, w.Row(fmt.Sprint("A-", i), "wrong size", sum, noon))
		if i%20_000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	require.NoError(t, w.Close())
	assert.Less(t, most, uint64(100<<20))
	t.Logf("%d bytes written, at most %d MB in use", out, most>>20)
}

type countingWriter int

func (c *countingWriter) Write(b []byte) (int, error) {
	*c += countingWriter(len(b))
	return len(b), nil
}
