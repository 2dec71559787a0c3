package form

import (
	"errors"
	"fmt"
	"io"

	"github.com/assist-go/assist/internal/charset"
	"github.com/assist-go/assist/internal/orderxml"
	"github.com/assist-go/assist/internal/wire"
	"github.com/assist-go/assist/internal/xmlscan"
)

// ErrTooLarge says that an answer goes beyond the bound that the caller gave, or
// one row, or all that stands beside the rows, beyond [MaxRow].
var ErrTooLarge = errors.New("larger than the limit")

// MaxRow bounds one row, and all that stands beside the rows, in bytes. A row
// takes some two thousand.
const MaxRow = 64 << 10

// DecodeRows reads the XML answer of results by date (protocol §5) row by row, as
// it comes in, and gives each complete row to row, in the order of the document.
// What it holds of the answer at a time is one row. The record that row gets, and
// texts cut out of it, are its own to keep: they keep the text of that row alone
// in memory. An answer of more than limit bytes is refused with [ErrTooLarge].
//
// Only when DecodeRows has given no error was there a whole answer: until then
// the rows prove nothing, because it may still be cut, contradict its own count or
// be a refusal. The answer that it gives has the codes and the count, and no
// orders; rows beside a refusal are the caller's to judge. An error of row ends
// the reading and comes back wrapped.
//
// It refuses what [DecodeXML] refuses, and asks of each row for the texts that a
// caller must have ([wire.Order.Complete]). It takes what that takes, but for a row
// in a namespace or with a prefix declared outside it, and for a date, signature or
// check value of the packet beside the rows.
func DecodeRows(r io.Reader, contentType string, limit int64, row func(*wire.Order) error) (*wire.Answer, error) {
	a := new(wire.Answer)
	d := rowDecoder{row: row}
	rest, err := splitRows(r, limit, func(head string) { d.charset = charset.Of(head, contentType) }, d.decode)
	if err == nil {
		rest, _ = d.charset.Text(rest)
		err = readResult(rest, func(scan *xmlscan.Scanner) error {
			beside := orderxml.Reader{Scan: scan, Service: wire.ResultByDate, Answer: a}
			return beside.Unfinished("orders")
		})
	}
	if err == nil {
		err = a.FinishRows(d.rows)
	}
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	return a, nil
}

type rowDecoder struct {
	charset charset.Charset
	row     func(*wire.Order) error
	rows    int
}

func (d *rowDecoder) decode(raw []byte) error {
	text, sent := d.charset.Text(string(raw))
	scan := xmlscan.New(text)
	if _, err := scan.Next(); err != nil {
		return err
	}
	if scan.Name() != (xmlscan.Name{Local: "payment"}) {
		return wire.ErrForeign
	}
	var room wire.Answer
	room.Begin(text, orderxml.Mark)
	o := new(wire.Order)
	reader := orderxml.Reader{Scan: scan, Answer: &room}
	if err := reader.Row(o); err != nil {
		return err
	}
	if _, err := scan.Next(); err != nil {
		return err
	}
	o.Charset = sent
	if err := o.Complete(wire.ResultByDate); err != nil {
		return err
	}
	d.rows++
	return d.row(o)
}
