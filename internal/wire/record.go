package wire

// Field names one text of a record. Orders, customers, operations and packets
// share one list, because the flat formats put them all on one level.
type Field uint8

// The fields of protocol §4 and §5 that the client reads.
const (
	Billnumber Field = iota
	OrderNumber
	TestMode
	OrderComment
	OrderAmount
	OrderCurrency
	Rate
	OrderDate
	OrderStateText

	FirstName
	LastName
	MiddleName
	Email

	OperationType
	OperationState
	Amount
	Currency
	IPAddress
	ClientIP
	MeanTypeID
	MeanTypeName
	MeanSubtype
	MeanNumber
	CardHolder
	CardExpirationDate
	IssueBank
	BankCountry
	ResponseCode
	Message
	CustomerMessage
	Recommendation
	Recomendation // the same as it is spelled at times
	ApprovalCode
	ProtocolTypeName
	ProtocolName // the same by another name
	ProcessingName
	OperationDate
	SlipNumber

	PacketDate
	Signature
	CheckValue

	fieldCount
)

// names are the wire names in the order of the constants above.
var names = [fieldCount]string{
	"billnumber", "ordernumber", "testmode", "ordercomment", "orderamount", "ordercurrency", "rate", "orderdate", "orderstate",
	"firstname", "lastname", "middlename", "email",
	"operationtype", "operationstate", "amount", "currency", "ipaddress", "clientip",
	"meantype_id", "meantypename", "meansubtype", "meannumber", "cardholder", "cardexpirationdate",
	"issuebank", "bankcountry", "responsecode", "message", "customermessage", "recommendation", "recomendation",
	"approvalcode", "protocoltypename", "protocolname", "processingname", "operationdate", "slipno",
	"packetdate", "signature", "checkvalue",
}

// String gives the wire name.
func (f Field) String() string {
	if f < fieldCount {
		return names[f]
	}
	return "unknown field"
}

var fields = func() map[string]Field {
	byName := make(map[string]Field, fieldCount)
	for f, name := range names {
		byName[name] = Field(f)
	}
	return byName
}()

// FieldOf finds a field by its lower-case wire name. Unknown names are reported as
// such: new ones may come, and are passed over.
func FieldOf(name string) (f Field, known bool) {
	f, known = fields[name]
	return f, known
}

// Record is a set of texts. The zero value is empty and ready to use.
type Record struct {
	texts   [fieldCount]string
	seen    uint64
	numbers uint64 // fields that came as a number, not as a text
}

// Put stores a text. A second text for the same field is refused with
// [ErrDuplicate]: two answers in one can't both be true.
func (r *Record) Put(f Field, text string) error {
	if r.Has(f) {
		return &FieldError{Field: f, Err: ErrDuplicate}
	}
	r.seen |= 1 << f
	r.texts[f] = text
	return nil
}

// Has tells an empty text from an absent one.
func (r *Record) Has(f Field) bool { return r.seen&(1<<f) != 0 }

// Text gives the text as it was sent, or "" where there is none.
func (r *Record) Text(f Field) string { return r.texts[f] }

// MarkNumber says that a field came as a number. A number loses the zeros at its
// end on its way, and more than its 15 first digits may be made up.
func (r *Record) MarkNumber(f Field) { r.numbers |= 1 << f }

// IsNumber tells what MarkNumber said.
func (r *Record) IsNumber(f Field) bool { return r.numbers&(1<<f) != 0 }
