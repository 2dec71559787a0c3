// Package batch reads files of refunds, one a row.
package batch

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/cmd/assist/internal/amount"
)

// Row is one refund that is asked for.
type Row struct {
	Line       int // of the file, from 1
	Key        string
	Order      string
	Billnumber assist.Billnumber // empty where the order number is enough
	Amount     assist.Money      // zero with Full
	Full       bool
	Note       string
	Reason     string // "customer" where the file has none
}

// Sums are what a file comes to.
type Sums struct {
	Rows int
	Full int          // rows whose amount isn't known before Assist is asked
	Sum  assist.Money // of the others
	// Alike are lines that ask for the same amount of the same order as an earlier
	// one does, under another key.
	Alike []int
}

// columns are those of the first line. The order and the key are required, and
// amount and note too.
var columns = []string{"order", "billnumber", "amount", "note", "key", "reason"}

// LineError says which line can't be read.
type LineError struct {
	Line   int
	Reason string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Each gives each row of a file to the function, in order, and keeps none of them.
func Each(path, currency string, each func(Row) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text := bufio.NewReaderSize(f, 64<<10)
	if mark, err := text.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = text.Discard(3) // as much was peeked
	}
	lines := csv.NewReader(text)
	lines.Comma, lines.ReuseRecord, lines.FieldsPerRecord = separator(text), true, 0
	at, err := heading(lines)
	if err != nil {
		return err
	}
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if parse, ok := errors.AsType[*csv.ParseError](err); ok {
				return &LineError{parse.Line, parse.Err.Error()}
			}
			return err
		}
		line, _ := lines.FieldPos(0)
		row, err := read(fields, at, currency)
		if err != nil {
			return &LineError{line, err.Error()}
		}
		row.Line = line
		if err := each(row); err != nil {
			return err
		}
	}
}

// separator goes by the first line: Excel writes semicolons where commas are
// decimal.
func separator(text *bufio.Reader) rune {
	first, _ := text.Peek(4096) // a short file is peeked as far as it goes
	first, _, _ = bytes.Cut(first, []byte("\n"))
	for _, s := range []byte{';', '\t'} {
		if bytes.IndexByte(first, s) >= 0 {
			return rune(s)
		}
	}
	return ','
}

func heading(lines *csv.Reader) (map[string]int, error) {
	names, err := lines.Read()
	if err != nil {
		return nil, &LineError{1, "there is no line with the columns' names"}
	}
	at := map[string]int{}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(columns, name) {
			return nil, &LineError{1, fmt.Sprintf("no column is called %q; there are %s", name, strings.Join(columns, ", "))}
		}
		if _, twice := at[name]; twice {
			return nil, &LineError{1, fmt.Sprintf("two columns are called %q", name)}
		}
		at[name] = i
	}
	for _, name := range []string{"order", "amount", "note", "key"} {
		if _, ok := at[name]; !ok {
			return nil, &LineError{1, fmt.Sprintf("the column %q is missing", name)}
		}
	}
	return at, nil
}

func read(fields []string, at map[string]int, currency string) (Row, error) {
	field := func(name string) string {
		i, ok := at[name]
		if !ok {
			return ""
		}
		return strings.Clone(strings.TrimSpace(fields[i]))
	}
	row := Row{Key: field("key"), Order: field("order"), Note: field("note"), Reason: field("reason")}
	if row.Reason == "" {
		row.Reason = "customer"
	}
	for name, value := range map[string]string{"key": row.Key, "order": row.Order, "note": row.Note} {
		if value == "" {
			return row, fmt.Errorf("%s is empty", name)
		}
		if !utf8.ValidString(value) {
			return row, fmt.Errorf("%s isn't in UTF-8; save the file as \"CSV UTF-8\"", name)
		}
	}
	if row.Reason != "customer" && row.Reason != "shop" && row.Reason != "fraud" {
		return row, fmt.Errorf("reason %q is none of customer, shop, fraud", row.Reason)
	}
	if text := field("billnumber"); text != "" {
		var err error
		if row.Billnumber, err = assist.ParseBillnumber(text); err != nil {
			return row, errors.New("billnumber: not 15 or 16 digits (did a spreadsheet round it?)")
		}
	}
	text := field("amount")
	if row.Full = text == "full"; row.Full {
		return row, nil
	}
	var err error
	if row.Amount, err = amount.Parse(text, currency); err != nil {
		return row, fmt.Errorf("amount: %w", err)
	}
	if row.Amount.IsZero() {
		return row, errors.New("amount is zero")
	}
	return row, nil
}

// Scan reads a whole file and tells what it comes to. A file with a line that can't
// be read, or with a key twice, comes to nothing: a key is one refund.
func Scan(path, currency string) (Sums, error) {
	zero, err := assist.NewMoney(0, currency)
	if err != nil {
		return Sums{}, err
	}
	s := Sums{Sum: zero}
	seed := maphash.MakeSeed()
	keys, wishes := map[uint64]int{}, map[uint64]bool{}
	err = Each(path, currency, func(r Row) error {
		key := maphash.String(seed, r.Key)
		if earlier, twice := keys[key]; twice {
			return &LineError{r.Line, fmt.Sprintf("its key stands in line %d already; a key is one refund", earlier)}
		}
		keys[key] = r.Line
		wish := maphash.String(seed, r.Order+"\x00"+string(r.Billnumber)+"\x00"+r.Amount.String())
		if wishes[wish] {
			s.Alike = append(s.Alike, r.Line)
		}
		wishes[wish] = true
		s.Rows++
		if r.Full {
			s.Full++
			return nil
		}
		var err error
		s.Sum, err = s.Sum.Add(r.Amount)
		return err
	})
	return s, err
}
