package wire

import "github.com/assist-go/assist/internal/charset"

// Answer is a decoded document. It is one of three things: codes, a fault, or
// orders; where a server sends several at once, all of them are kept, because
// a refusal beside an order is no refusal.
type Answer struct {
	// Codes are the first and second code of a result, as texts.
	// Nil where the document has none.
	Codes *Codes
	// Count is the result's own count of its rows; "" where it has none.
	Count string
	// Fault is a SOAP Fault or a JSON fault. Nil where there is none.
	Fault *Fault
	// Orders are the orders in the order of the document. A row of a flat
	// format is an order without operations of its own, with Flat set.
	Orders []Order

	seen     uint8     // which texts PutCode and PutBeside have stored
	room     int       // rows that the document can still hold
	expected int       // rows that it seems to hold still
	beside   [3]string // PacketDate, Signature and CheckValue, waiting for their order
}

// Codes are a result's two codes as they were written.
type Codes struct {
	First, Second string
}

// Order is one order of an answer.
type Order struct {
	Record
	// Operations are the nested operations.
	Operations []Record
	// Flat says that the record holds the order and its one operation on one
	// level (cancel.cfm, resultbydate, CSV): Billnumber is the operation's.
	Flat bool
	// Charset is the encoding that the answer was sent in. Its texts are UTF-8.
	Charset charset.Charset
}
