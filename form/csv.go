package form

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/assist-go/assist/internal/wire"
)

var (
	errCSVPiece   = errors.New("CSV: a piece that is no pair, so a value can't be told from the next")
	errCSVRefusal = errors.New("CSV: an error line that is cut short or goes on")
)

// DecodeCSV reads the CSV answer of service s (protocol §4) into a, which it
// empties first and also when it fails: pairs of name and value for a cancel,
// or the error line of any service. The other services answer no CSV that this
// package reads. A document without one known name gives an error that wraps
// [wire.ErrForeign].
//
// CSV has no mark of its end. So a pair counts only when something ends it, a
// ";" or a line break: a last value that was cut looks like one that wasn't,
// and is left out. A document cut earlier lacks what the caller requires.
//
// A value that itself holds a ";" or a line break can't be told from the next
// pair. Such a document is refused when it shows. Only a signature may go on
// over lines: its base64 can't be mistaken.
func DecodeCSV(doc string, s wire.Service, a *wire.Answer) error {
	a.Begin(doc, "billnumber")
	if err := decodeCSV(doc, s, a); err != nil {
		*a = wire.Answer{}
		return fmt.Errorf("form: %w", err)
	}
	return nil
}

func decodeCSV(doc string, s wire.Service, a *wire.Answer) error {
	doc = strings.TrimLeft(strings.TrimPrefix(doc, byteOrderMark), " \t\r\n")
	if doc == "" || strings.IndexByte("<{[", doc[0]) >= 0 {
		return wire.ErrForeign
	}
	if !utf8.ValidString(doc) {
		return errNotUTF8
	}
	if line, ok := strings.CutPrefix(doc, "error;"); ok {
		return csvRefusal(line, a)
	}
	if s != wire.Cancel {
		return wire.ErrForeign
	}
	if err := csvOrder(doc, a); err != nil {
		return err
	}
	return a.Finish(s)
}

// csvRefusal reads the rest of the line "error;<first>;<second>;". Without its
// last ";" or a line break the second code may be cut: 10 isn't 108.
func csvRefusal(line string, a *wire.Answer) error {
	first, line, _ := strings.Cut(line, ";")
	end := strings.IndexAny(line, ";\r\n")
	if end < 0 || strings.Trim(line[end:], "; \t\r\n") != "" {
		return errCSVRefusal
	}
	a.Codes = &wire.Codes{First: first, Second: line[:end]}
	return nil
}

// csvOrder reads the pairs of a flat order, and codes if there are any.
func csvOrder(doc string, a *wire.Answer) error {
	order := wire.Order{Flat: true}
	known := false
	broken := csvPairs(doc, func(p wire.Param) error {
		f, ok := wire.FieldOf(p.Name)
		var err error
		if ok {
			err = order.Put(f, p.Value)
		} else {
			ok, err = a.PutCode(p.Name, p.Value)
		}
		known = known || ok
		return err
	})
	if broken != nil && broken != errCSVPiece {
		return broken
	}
	if !known {
		return wire.ErrForeign
	}
	if a.Codes == nil || order.Has(wire.Billnumber) || order.Has(wire.ResponseCode) {
		a.Orders = []wire.Order{order}
	}
	return broken
}

// csvPairs gives the pairs that something ends, in their order. A piece that is no
// pair shows in the error, after all pairs were given.
func csvPairs(doc string, give func(wire.Param) error) (err error) {
	var last wire.Param
	waiting := false // last is still to be given: a signature may go on
	signature := -1  // where the value of a signature begins that may go on
	for start := 0; start < len(doc); {
		end := len(doc)
		if n := strings.IndexAny(doc[start:], ";\r\n"); n >= 0 {
			end = start + n
		}
		piece := doc[start:end]
		name, value, isPair := strings.Cut(piece, ":")
		blank := strings.Trim(piece, " \t") == ""
		if end == len(doc) {
			if signature >= 0 && !isPair && !blank { // its last line is cut
				waiting = false
			}
			break
		}
		switch {
		case isPair:
			if waiting {
				if err := give(last); err != nil {
					return err
				}
			}
			// One space belongs to the colon, the rest is as sent.
			last, waiting = wire.Param{Name: strings.Trim(name, " \t"), Value: strings.TrimPrefix(value, " ")}, true
			signature = -1
			if last.Name == wire.Signature.String() {
				signature = end - len(last.Value)
			}
		case blank:
		case signature >= 0 && isBase64(piece):
			last.Value = doc[signature:end]
		default:
			err = errCSVPiece
		}
		if doc[end] == ';' {
			signature = -1
		}
		start = end + 1
	}
	if waiting {
		if err := give(last); err != nil {
			return err
		}
	}
	return err
}

func isBase64(text string) bool {
	for _, c := range []byte(text) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '=' || c == ' ') {
			return false
		}
	}
	return true
}
