package wire

import (
	"slices"
	"strconv"
	"strings"
)

// PutCode stores one of the texts firstcode, secondcode and count of a result,
// and tells whether name is one of them. One given twice is refused with
// [ErrDuplicate].
func (a *Answer) PutCode(name, text string) (known bool, err error) {
	switch name {
	case "firstcode", "secondcode":
		if a.Codes == nil {
			a.Codes = new(Codes)
		}
		if name == "firstcode" {
			return true, once(&a.seen, 1, name, &a.Codes.First, text)
		}
		return true, once(&a.seen, 2, name, &a.Codes.Second, text)
	case "count":
		return true, once(&a.seen, 4, name, &a.Count, text)
	}
	return false, nil
}

// Put stores a text of a fault or of its detail by its wire name, which
// [IsFaultText] knows. One given twice is refused with [ErrDuplicate].
func (f *Fault) Put(name, text string) error {
	switch name {
	case "faultcode":
		return once(&f.seen, 1, name, &f.Code, text)
	case "faultstring":
		return once(&f.seen, 2, name, &f.Text, text)
	case "message":
		return once(&f.seen, 4, name, &f.Message, text)
	case "recomendation", "recommendation":
		// Both spellings are one text, and the first stays: it decides nothing.
		first, bit := f.Recommendation, uint8(8)
		if name == "recommendation" {
			bit = 64
		}
		err := once(&f.seen, bit, name, &f.Recommendation, text)
		if first != "" {
			f.Recommendation = first
		}
		return err
	case "firstcode":
		return once(&f.seen, 16, name, &f.Detail.First, text)
	case "secondcode":
		return once(&f.seen, 32, name, &f.Detail.Second, text)
	}
	return nil
}

// IsFaultText knows the wire names of a fault's texts. Assist spells
// recommendation with one m at times (protocol §4).
func IsFaultText(name string) bool {
	switch name {
	case "faultcode", "faultstring", "message", "recomendation", "recommendation", "firstcode", "secondcode":
		return true
	}
	return false
}

// once stores a text unless its bit says that there is one.
func once(seen *uint8, bit uint8, name string, to *string, text string) error {
	if *seen&bit != 0 {
		return &NameError{Name: name, Err: ErrDuplicate}
	}
	*seen |= bit
	*to = text
	return nil
}

// Packet tells the fields that say something about the whole answer:
// PacketDate, Signature and CheckValue. They stand in the order or beside it.
func (f Field) Packet() bool { return f >= PacketDate && f <= CheckValue }

// besideBit is where the bits of PutBeside begin in seen.
const besideBit = 8

// A row that says what it must takes well over smallestRow bytes in any format.
// A record takes many times that in memory, so a document of almost empty rows
// would cost far more than its size.
const (
	smallestRow = 96
	alwaysRoom  = 16
)

// Begin empties the answer for a document, in which every row names its billnumber
// behind mark.
func (a *Answer) Begin(doc, mark string) {
	*a = Answer{room: alwaysRoom + len(doc)/smallestRow, expected: strings.Count(doc, mark)}
}

// take counts a row ahead of its reading, and refuses with [ErrCrowded] when the
// document can't hold it.
func (a *Answer) take() error {
	if a.room == 0 {
		return ErrCrowded
	}
	a.room--
	a.expected--
	return nil
}

// grown gives a list of n rows room for more. A row is large, and copying a long
// list costs more than looking how many there will be: the list that may hold all
// of them is made once, when it shows to be long. Of many long lists each grows by
// what it has.
func grown[T any](list []T, n int, all bool, a *Answer) []T {
	more := min(max(3*n, 1), max(a.expected, 0)+1)
	if all && n >= alwaysRoom {
		more = min(max(a.expected, 0), a.room) + 1
	}
	return slices.Grow(list, max(more, n/4))
}

// Row adds an order, to be filled, or refuses it with [ErrCrowded] when the
// document can't hold it.
func (a *Answer) Row() (*Order, error) {
	if err := a.take(); err != nil {
		return nil, err
	}
	n := len(a.Orders)
	if n == cap(a.Orders) {
		a.Orders = grown(a.Orders, n, true, a)
	}
	a.Orders = append(a.Orders, Order{})
	return &a.Orders[n], nil
}

// Operation adds an operation to an order, to be filled, or refuses it as
// [Answer.Row] does.
func (a *Answer) Operation(o *Order) (*Record, error) {
	if err := a.take(); err != nil {
		return nil, err
	}
	n := len(o.Operations)
	if n == cap(o.Operations) {
		o.Operations = grown(o.Operations, n, len(a.Orders) <= 1, a)
	}
	o.Operations = append(o.Operations, Record{})
	return &o.Operations[n], nil
}

// PutBeside keeps a text of the packet that stands beside the orders until
// [Answer.Finish] gives it to its order. One given twice is refused with
// [ErrDuplicate].
func (a *Answer) PutBeside(f Field, text string) error {
	n := f - PacketDate
	return once(&a.seen, besideBit<<n, f.String(), &a.beside[n], text)
}

// Finish ends the decoding of an answer. The packet's texts beside the orders
// belong to the one order there is. It marks a flat order of a cancel, and
// refuses an answer whose own count contradicts its orders.
func (a *Answer) Finish(s Service) error {
	for f := PacketDate; f <= CheckValue; f++ {
		n := f - PacketDate
		if a.seen&(besideBit<<n) == 0 || len(a.Orders) == 0 {
			continue
		}
		if len(a.Orders) > 1 {
			return &FieldError{Field: f, Err: ErrMisplaced}
		}
		if err := a.Orders[0].Put(f, a.beside[n]); err != nil {
			return err
		}
	}
	for i := range a.Orders {
		o := &a.Orders[i]
		o.Flat = o.Flat || s == ResultByDate || s == Cancel && len(o.Operations) == 0 && o.Has(ResponseCode)
	}
	return a.checkCount(len(a.Orders))
}

// FinishRows ends the decoding of an answer whose rows were read elsewhere, and
// refuses what [Answer.Finish] refuses. Texts of the packet belong to none of them.
func (a *Answer) FinishRows(rows int) error {
	for f := PacketDate; f <= CheckValue; f++ {
		if a.seen&(besideBit<<(f-PacketDate)) != 0 && rows > 0 {
			return &FieldError{Field: f, Err: ErrMisplaced}
		}
	}
	return a.checkCount(rows)
}

// checkCount refuses only a plain contradiction of the answer's own count and its
// number of orders: what the count counts isn't documented. A count beside a
// refusal says nothing.
func (a *Answer) checkCount(orders int) error {
	count := strings.TrimSpace(a.Count)
	if count == "" {
		return nil
	}
	n, err := strconv.ParseUint(count, 10, 32)
	if err != nil {
		return nil
	}
	refused := a.Codes != nil && strings.Trim(a.Codes.First, " 0") != ""
	if n == 0 && orders > 0 || n > 0 && orders == 0 && !refused {
		return &NameError{Name: "count", Err: ErrCount}
	}
	return nil
}
